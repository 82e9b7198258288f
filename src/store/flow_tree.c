#include "store/flow_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/ident.h"

static const char *const type_names[] = {
    [FLOW_AGENT] = "agent",
    [FLOW_SEQUENTIAL] = "sequential",
    [FLOW_PARALLEL] = "parallel",
    [FLOW_LOOP] = "loop",
    [FLOW_NESTED] = "flow",
};

enum { TYPE_COUNT = sizeof type_names / sizeof *type_names };

#define ON(type) (1u << (type))

enum {
    LEAVES = ON(FLOW_AGENT) | ON(FLOW_NESTED),
    BRANCHES = ON(FLOW_SEQUENTIAL) | ON(FLOW_PARALLEL) | ON(FLOW_LOOP)
};

/* The members of a step, and the types that have them. */
static const struct {
    const char *name;
    unsigned on;
} step_members[] = {
    {"type", LEAVES | BRANCHES},
    {"agentId", ON(FLOW_AGENT)},
    {"flowId", ON(FLOW_NESTED)},
    {"responseAgent", LEAVES},
    {"optional", LEAVES | BRANCHES},
    {"steps", BRANCHES},
    {"maxIterations", ON(FLOW_LOOP)},
    {"exitLoop", ON(FLOW_LOOP)},
    {"exitWhen", ON(FLOW_LOOP)},
};

enum { MEMBER_COUNT = sizeof step_members / sizeof *step_members };

void flow_tree_release(struct flow_step *s)
{
    for (size_t i = 0; i < s->step_count; i++)
        flow_tree_release(&s->steps[i]);
    free(s->steps);
    free(s->id);
    free(s->exit_when);
    cel_free(s->condition);
    *s = (struct flow_step){0};
}

const char *flow_type_name(enum flow_type type)
{
    return type_names[type];
}

/* ---- a step ---- */

struct reader {
    size_t count;
    int depth;
    struct error *err;
};

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

static enum status unknown_type(const char *type, struct error *err)
{
    struct strings names = {0};
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (strings_add(&names, type_names[i]))
            break;
    const char *near = strings_nearest(&names, type);
    if (near)
        error_set(
            err, STATUS_BAD_REQUEST, "type: no type \"%s\"; did you mean \"%s\"?", type, near);
    else
        error_set(err, STATUS_BAD_REQUEST,
            "type: no type \"%s\"; there are agent, sequential, parallel, loop and flow", type);
    strings_release(&names);
    return STATUS_BAD_REQUEST;
}

static enum status read_type(const struct json *j, struct flow_step *s, struct error *err)
{
    const char *type = json_get_string(j, "type");
    if (!type)
        return error_set(err, STATUS_BAD_REQUEST,
            "type: missing; it is agent, sequential, parallel, loop or flow");
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (!strcmp(type, type_names[i])) {
            s->type = (enum flow_type)i;
            return STATUS_OK;
        }
    return unknown_type(type, err);
}

/* "", false, 0, [] and null are as good as not there. */
static bool says_nothing(const struct json *j)
{
    switch (json_kind(j)) {
    case JSON_BOOL:
        return !json_truth(j, false);
    case JSON_INT:
        return json_int(j, 1) == 0;
    case JSON_STRING:
        return !*json_string(j, NULL);
    case JSON_ARRAY:
        return json_count(j) == 0;
    case JSON_ABSENT:
    case JSON_NULL:
        return true;
    case JSON_DOUBLE:
    case JSON_OBJECT:
        break;
    }
    return false;
}

static enum status read_text(const struct json *j, const char *key, char **to, struct error *err)
{
    const struct json *value = json_get(j, key);
    size_t len = 0;
    const char *text = json_string(value, &len);
    if (!text && !says_nothing(value))
        return error_set(err, STATUS_BAD_REQUEST, "%s: not a string", key);
    if (text && strlen(text) != len)
        return error_set(err, STATUS_BAD_REQUEST, "%s: contains a NUL", key);
    return string_set(to, text && *text ? text : NULL) ? no_memory(err) : STATUS_OK;
}

static enum status read_flag(const struct json *j, const char *key, bool *to, struct error *err)
{
    const struct json *value = json_get(j, key);
    enum json_kind kind = json_kind(value);
    if (kind != JSON_BOOL && kind != JSON_NULL && kind != JSON_ABSENT)
        return error_set(err, STATUS_BAD_REQUEST, "%s: neither true nor false", key);
    *to = json_truth(value, false);
    return STATUS_OK;
}

struct member_check {
    const struct flow_step *step;
    struct error *err;
};

/* Members with a meaning belong to the type; one that is nearly written like such a one is a
 * mistake; others are only kept. */
static enum status check_member(void *ctx, const char *key, struct json *value)
{
    const struct member_check *c = ctx;
    struct strings names = {0};
    enum status st = STATUS_OK;
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        if (!strcmp(key, step_members[i].name)) {
            if (step_members[i].on & ON(c->step->type) || says_nothing(value))
                return STATUS_OK;
            return error_set(c->err, STATUS_BAD_REQUEST, "%s: a step of type %s has none", key,
                type_names[c->step->type]);
        }
    for (size_t i = 0; i < MEMBER_COUNT && !st; i++)
        st = strings_add(&names, step_members[i].name);
    const char *near = st ? NULL : strings_nearest(&names, key);
    if (near)
        st = error_set(c->err, STATUS_BAD_REQUEST, "%s: did you mean \"%s\"?", key, near);
    strings_release(&names);
    return st == STATUS_NO_MEMORY ? no_memory(c->err) : st;
}

static enum status read_leaf(const struct json *j, struct flow_step *s, struct error *err)
{
    const char *member = s->type == FLOW_AGENT ? "agentId" : "flowId";
    enum status st = read_text(j, member, &s->id, err);
    if (!st && !s->id)
        return error_set(err, STATUS_BAD_REQUEST, "%s: missing", member);
    if (!st && !ident_slug_valid(s->id, strlen(s->id)))
        return error_set(err, STATUS_BAD_REQUEST, "%s: \"%s\" is no id", member, s->id);
    return st ? st : read_flag(j, "responseAgent", &s->response, err);
}

static enum status read_condition(struct flow_step *s, struct error *err)
{
    if (!s->exit_when)
        return STATUS_OK;
    if (s->exit_loop)
        return error_set(err, STATUS_BAD_REQUEST,
            "exitWhen: a loop ends by exitLoop or by exitWhen, not by both");
    enum status st = cel_parse(s->exit_when, &s->condition, err);
    if (st)
        error_prefix(err, "exitWhen");
    return st;
}

static enum status read_loop(const struct json *j, struct flow_step *s, struct error *err)
{
    enum status st = STATUS_OK;
    s->max_iterations = json_int(json_get(j, "maxIterations"), 0);
    if (json_kind(json_get(j, "maxIterations")) != JSON_INT || s->max_iterations < 1 ||
        s->max_iterations > FLOW_ITERATIONS_MAX)
        st = error_set(err, STATUS_BAD_REQUEST, "maxIterations: a loop needs a number from 1 to %d",
            FLOW_ITERATIONS_MAX);
    if (!st)
        st = read_flag(j, "exitLoop", &s->exit_loop, err);
    if (!st)
        st = read_text(j, "exitWhen", &s->exit_when, err);
    return st ? st : read_condition(s, err);
}

static enum status read_step(struct reader *r, const struct json *j, struct flow_step *s);

static enum status read_steps(struct reader *r, const struct json *j, struct flow_step *s)
{
    const struct json *list = json_get(j, "steps");
    size_t count = json_count(list);
    if (json_kind(list) != JSON_ARRAY || !count)
        return error_set(
            r->err, STATUS_BAD_REQUEST, "steps: a step of type %s needs some", type_names[s->type]);
    if (count > FLOW_STEPS_MAX)
        return error_set(r->err, STATUS_BAD_REQUEST, "steps: more than %d", FLOW_STEPS_MAX);
    if (!(s->steps = calloc(count, sizeof *s->steps)))
        return no_memory(r->err);
    s->step_count = count;
    for (size_t i = 0; i < count; i++) {
        enum status st = read_step(r, json_at(list, i), &s->steps[i]);
        if (!st)
            continue;
        /* "steps[1]." and then "steps[0].type" */
        struct error why = *r->err;
        bool member = strncmp(why.text, "not an object", 13) != 0;
        return error_set(r->err, st, "steps[%zu]%s%s", i, member ? "." : ": ", why.text);
    }
    return STATUS_OK;
}

static enum status read_step(struct reader *r, const struct json *j, struct flow_step *s)
{
    struct member_check check = {s, r->err};
    if (json_kind(j) != JSON_OBJECT)
        return error_set(r->err, STATUS_BAD_REQUEST, "not an object");
    if (++r->count > FLOW_STEPS_MAX)
        return error_set(
            r->err, STATUS_BAD_REQUEST, "type: more than %d steps in the flow", FLOW_STEPS_MAX);
    if (++r->depth > FLOW_DEPTH_MAX)
        return error_set(
            r->err, STATUS_BAD_REQUEST, "type: more than %d steps deep", FLOW_DEPTH_MAX);
    enum status st = read_type(j, s, r->err);
    if (!st)
        st = json_each(j, check_member, &check);
    if (!st)
        st = read_flag(j, "optional", &s->optional, r->err);
    if (!st && ON(s->type) & LEAVES)
        st = read_leaf(j, s, r->err);
    if (!st && s->type == FLOW_LOOP)
        st = read_loop(j, s, r->err);
    if (!st && ON(s->type) & BRANCHES)
        st = read_steps(r, j, s);
    r->depth--;
    return st;
}

/* ---- the whole ---- */

enum status flow_tree_parse(const char *text, struct flow_step *out, struct error *err)
{
    struct error own;
    struct json *j = NULL;
    struct reader r = {.err = err ? err : &own};
    flow_tree_release(out);
    enum status st = json_parse(text, strlen(text), &j, r.err);
    if (!st)
        st = read_step(&r, j, out);
    if (st) {
        struct error why = *r.err;
        bool member = j && strncmp(why.text, "not an object", 13) != 0;
        error_set(r.err, st, "root%s%s", member ? "." : ": ", why.text);
    }
    json_free(j);
    return st;
}
