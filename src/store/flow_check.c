/* What a flow names, and how it looks. */
#include <string.h>

#include "store/flow_tree.h"

/* ---- what it names ---- */

struct walk {
    const struct flow_names *names;
    const char *inside[FLOW_NESTED_MAX]; /* ids of the flows that are walked */
    int depth;
    struct error *err;
};

static enum status check_step(struct walk *w, const struct flow_step *s, int64_t *calls);

static enum status wrong_name(
    const struct flow_names *names, const struct flow_step *s, struct error *err)
{
    const char *kind = s->type == FLOW_AGENT ? "agent" : "flow";
    const char *near = strings_nearest(s->type == FLOW_AGENT ? names->agents : names->flows, s->id);
    if (!near && s->type == FLOW_AGENT)
        near = strings_nearest(names->flows, s->id);
    if (near)
        return error_set(err, STATUS_BAD_REQUEST, "%sId: no %s \"%s\"; did you mean \"%s\"?", kind,
            kind, s->id, near);
    return error_set(err, STATUS_BAD_REQUEST, "%sId: no %s \"%s\"", kind, kind, s->id);
}

/* The flow of a step that names one is walked too. */
static enum status check_nested(struct walk *w, const struct flow_step *s, int64_t *calls)
{
    const char *kind = s->type == FLOW_AGENT ? "agent" : "flow";
    for (int i = 0; i < w->depth; i++)
        if (w->inside[i] && !strcmp(w->inside[i], s->id))
            return error_set(
                w->err, STATUS_BAD_REQUEST, "%sId: flow \"%s\" would be in itself", kind, s->id);
    if (w->depth == FLOW_NESTED_MAX)
        return error_set(w->err, STATUS_BAD_REQUEST, "%sId: more than %d flows in each other", kind,
            FLOW_NESTED_MAX);
    const struct flow_step *inner = w->names->flow(w->names->ctx, s->id);
    if (!inner)
        return error_set(
            w->err, STATUS_BAD_REQUEST, "%sId: flow \"%s\" cannot be read", kind, s->id);
    w->inside[w->depth++] = s->id;
    enum status st = check_step(w, inner, calls);
    w->depth--;
    if (st) {
        struct error why = *w->err;
        error_set(w->err, st, "%sId: flow \"%s\": root.%s", kind, s->id, why.text);
    }
    return st;
}

static enum status check_leaf(struct walk *w, const struct flow_step *s, int64_t *calls)
{
    if (s->type == FLOW_AGENT && strings_has(w->names->agents, s->id)) {
        *calls = 1;
        return STATUS_OK;
    }
    return strings_has(w->names->flows, s->id) ? check_nested(w, s, calls)
                                               : wrong_name(w->names, s, w->err);
}

static enum status check_step(struct walk *w, const struct flow_step *s, int64_t *calls)
{
    enum status st = STATUS_OK;
    *calls = 0;
    if (s->type == FLOW_AGENT || s->type == FLOW_NESTED)
        return check_leaf(w, s, calls);
    for (size_t i = 0; i < s->step_count && !st; i++) {
        int64_t more = 0;
        st = check_step(w, &s->steps[i], &more);
        *calls += more;
        if (st) {
            struct error why = *w->err;
            error_set(w->err, st, "steps[%zu].%s", i, why.text);
        }
    }
    if (s->type == FLOW_LOOP)
        *calls *= s->max_iterations;
    if (!st && *calls > FLOW_CALLS_MAX)
        st = error_set(
            w->err, STATUS_BAD_REQUEST, "type: more than %d calls of agents", FLOW_CALLS_MAX);
    return st;
}

enum status flow_tree_check(
    const char *id, const struct flow_step *root, const struct flow_names *names, struct error *err)
{
    struct error own;
    struct walk w = {.names = names, .inside = {id}, .depth = 1, .err = err ? err : &own};
    int64_t calls;
    enum status st = check_step(&w, root, &calls);
    if (st) {
        struct error why = *w.err;
        error_set(w.err, st, "root.%s", why.text);
    }
    return st;
}

/* ---- how it looks ---- */

static void describe(const struct flow_step *s, struct buf *out)
{
    buf_adds(out, flow_type_name(s->type));
    if (s->id)
        buf_printf(out, " %s", s->id);
    if (s->type == FLOW_LOOP)
        buf_printf(out, ", at most %lld times", (long long)s->max_iterations);
    if (s->exit_loop)
        buf_adds(out, ", until an agent ends it");
    if (s->exit_when)
        buf_printf(out, ", until %s", s->exit_when);
    if (s->optional)
        buf_adds(out, " (optional)");
    if (s->response)
        buf_adds(out, " (reply)");
    buf_addc(out, '\n');
}

/* margin is what stands before each line of the steps in it. */
static void draw(const struct flow_step *s, struct buf *margin, struct buf *out)
{
    size_t len = margin->len;
    describe(s, out);
    for (size_t i = 0; i < s->step_count; i++) {
        bool last = i + 1 == s->step_count;
        buf_adds(out, buf_str(margin));
        buf_adds(out, last ? "└── " : "├── ");
        buf_adds(margin, last ? "    " : "│   ");
        draw(&s->steps[i], margin, out);
        if (margin->data) {
            margin->len = len;
            margin->data[len] = 0;
        }
    }
}

enum status flow_tree_draw(const struct flow_step *root, struct buf *out)
{
    struct buf margin;
    buf_init(&margin, BUF_SMALL);
    draw(root, &margin, out);
    enum status st = buf_status(&margin);
    buf_release(&margin);
    return st ? st : buf_status(out);
}
