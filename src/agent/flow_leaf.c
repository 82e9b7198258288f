/* A step that asks an agent. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "agent/flow_run.h"

struct leaf {
    struct listener listener;
    struct node *node;
    struct leaf *next; /* in run->ended */
    struct task *task;
    struct flow_agent asked;
    struct ask ask;
    struct agent agent;   /* with its system prompt expanded */
    struct agent *agents; /* the others with theirs */
    struct candidate *others;
    struct strings expanded; /* the prompts in them */
    struct tool_state state;
    struct buf prompt;
    const char *answered;
    struct said *said;
    int64_t began_ms;
    bool running, canceled, too_large;
    struct outcome outcome; /* its strings are here: */
    struct error why;
    char *finish_reason, *model, *answer_id, *request_id;
};

struct leaf *leaf_next(struct leaf *leaf)
{
    return leaf->next;
}

void leaf_free(struct leaf *leaf)
{
    if (!leaf)
        return;
    task_free(leaf->task);
    if (leaf->said)
        buf_release(&leaf->said->text);
    free(leaf->said);
    free(leaf->agents);
    free(leaf->others);
    strings_release(&leaf->expanded);
    buf_release(&leaf->prompt);
    free(leaf->finish_reason);
    free(leaf->model);
    free(leaf->answer_id);
    free(leaf->request_id);
    free(leaf);
}

void leaf_cancel(struct leaf *leaf)
{
    if (leaf->running && !leaf->canceled)
        task_cancel(leaf->task);
    leaf->canceled = true;
}

void leaf_pause(struct leaf *leaf, bool paused)
{
    if (leaf->running)
        task_pause(leaf->task, paused);
}

/* ---- what is told ---- */

static struct step_event describe(const struct leaf *leaf, struct buf *path)
{
    const struct node *n = leaf->node;
    buf_init(path, BUF_SMALL);
    node_path(n, path);
    return (struct step_event){.path = buf_str(path),
        .agent = n->step->id,
        .answered = leaf->answered ? leaf->answered : n->step->id,
        .round = node_round(n),
        .response = node_replies(n),
        .optional = n->step->optional,
        .began_ms = leaf->began_ms};
}

static void tell_step(const struct leaf *leaf, bool ended)
{
    struct flow_run *r = leaf->node->run;
    struct buf path;
    struct step_event step = describe(leaf, &path);
    step.ended = ended;
    if (ended) {
        step.text = leaf->said ? buf_str(&leaf->said->text) : "";
        step.len = leaf->said ? leaf->said->text.len : 0;
        step.duration_ms = flow_run_since(r) - leaf->began_ms;
    }
    struct event e = {.type = EVENT_STEP, .step = &step, .outcome = ended ? &leaf->outcome : NULL};
    r->task.listener->event(r->task.listener, &e);
    buf_release(&path);
}

static void tell_tool(const struct leaf *leaf, const struct event *e)
{
    struct listener *up = leaf->node->run->task.listener;
    struct event located = *e;
    struct buf path;
    struct step_event step = describe(leaf, &path);
    located.step = &step;
    up->event(up, &located);
    buf_release(&path);
}

/* ---- while it runs ---- */

static void said_text(struct leaf *leaf, const struct event *e)
{
    struct node *n = leaf->node;
    struct flow_run *r = n->run;
    if (leaf->canceled)
        return;
    leaf->too_large = e->len > FLOW_SAID_MAX - r->said_bytes ||
                      buf_add(&leaf->said->text, e->text, e->len) != STATUS_OK;
    if (leaf->too_large) {
        leaf_cancel(leaf);
        return;
    }
    r->said_bytes += e->len;
    if (node_replies(n) && !n->held)
        flow_run_send(r, leaf, e->text, e->len);
}

static void queue_end(struct leaf *leaf)
{
    struct flow_run *r = leaf->node->run;
    struct leaf **end = &r->ended;
    while (*end)
        end = &(*end)->next;
    *end = leaf;
    loop_defer(r->task.env->loop, &r->job);
}

static void ended(struct leaf *leaf, const struct outcome *o)
{
    leaf->outcome = *o;
    leaf->running = false;
    leaf->node->run->asking--;
    string_set(&leaf->finish_reason, o->finish_reason);
    string_set(&leaf->model, o->model);
    string_set(&leaf->answer_id, o->answer_id);
    string_set(&leaf->request_id, o->request_id);
    if (leaf->too_large) {
        leaf->outcome.status = STATUS_BACKEND;
        error_set(&leaf->why, STATUS_BACKEND, "the answer is larger than the limit of %zu bytes",
            leaf->node->run->task.env->max_reply);
    } else if (o->status) {
        error_set(&leaf->why, o->status, "%s", o->error ? o->error : status_title(o->status));
    }
    queue_end(leaf);
}

static void on_event(struct listener *l, const struct event *e)
{
    struct leaf *leaf = (struct leaf *)(void *)((char *)l - offsetof(struct leaf, listener));
    struct listener *up = leaf->node->run->task.listener;
    if (e->type == EVENT_AGAIN)
        leaf->answered = e->next->id;
    if (e->type == EVENT_END)
        ended(leaf, e->outcome);
    else if (e->type == EVENT_TEXT)
        said_text(leaf, e);
    else if (e->type == EVENT_TOOL)
        tell_tool(leaf, e);
    else
        up->event(up, e);
}

/* ---- the beginning ---- */

static enum status expand(struct leaf *leaf, const struct agent *from, struct agent *to)
{
    struct buf text;
    *to = *from;
    if (!flow_state_wanted(from->system_prompt))
        return STATUS_OK;
    buf_init(&text, FLOW_EXPANDED_MAX);
    enum status st = flow_state_expand(&leaf->node->run->state, from->system_prompt, &text);
    if (!st)
        st = strings_add(&leaf->expanded, buf_str(&text));
    if (!st)
        to->system_prompt = leaf->expanded.items[leaf->expanded.count - 1];
    buf_release(&text);
    return st;
}

/* Those that may take its place, with their own system prompts. */
static enum status expand_others(struct leaf *leaf)
{
    size_t count = leaf->asked.other_count;
    enum status st = STATUS_OK;
    if (!count)
        return st;
    leaf->agents = calloc(count, sizeof *leaf->agents);
    leaf->others = calloc(count, sizeof *leaf->others);
    if (!leaf->agents || !leaf->others)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count && !st; i++) {
        st = expand(leaf, leaf->asked.others[i].agent, &leaf->agents[i]);
        leaf->others[i] = (struct candidate){&leaf->agents[i], leaf->asked.others[i].backend};
    }
    return st;
}

static enum status compose(struct leaf *leaf)
{
    const struct flow_ask *ask = leaf->node->run->ask;
    buf_init(&leaf->prompt, ask->prompt_len + (size_t)2 * FLOW_SAID_MAX);
    buf_add(&leaf->prompt, ask->prompt, ask->prompt_len);
    node_before(leaf->node, &leaf->prompt);
    enum status st = buf_status(&leaf->prompt);
    if (!st)
        st = expand(leaf, leaf->asked.agent, &leaf->agent);
    return st ? st : expand_others(leaf);
}

static enum status make_ask(struct leaf *leaf, struct error *err)
{
    struct flow_run *r = leaf->node->run;
    const char *id = leaf->node->step->id;
    const struct flow_agent *a = leaf->node->wrong ? NULL : r->ask->agent(r->ask->ctx, id);
    if (!a)
        return error_set(err, STATUS_CONFIG, "%s", leaf->node->wrong);
    leaf->asked = *a;
    enum status st = compose(leaf);
    if (st)
        return error_set(err, st, "what it is asked is too large");
    leaf->state =
        (struct tool_state){.values = &r->state, .may_exit = node_exit_loop(leaf->node) != NULL};
    leaf->ask = (struct ask){.agent = &leaf->agent,
        .backend = a->backend,
        .state = &leaf->state,
        .prompt = buf_str(&leaf->prompt),
        .prompt_len = leaf->prompt.len,
        .others = leaf->others,
        .other_count = a->other_count,
        .links = a->links,
        .total_ms = flow_run_left(r)};
    if (r->canceled || leaf->node->stopped)
        return error_set(err, STATUS_CANCELED, "canceled");
    if (r->late)
        return error_set(err, STATUS_TIMEOUT, "the flow's time is over");
    return STATUS_OK;
}

enum status leaf_begin(struct node *n)
{
    struct flow_run *r = n->run;
    size_t size = strlen(n->step->id) + 1;
    struct leaf *leaf = calloc(1, sizeof *leaf);
    if (!leaf)
        return STATUS_NO_MEMORY;
    n->leaf = leaf;
    leaf->node = n;
    leaf->listener.event = on_event;
    leaf->began_ms = flow_run_since(r);
    leaf->outcome = (struct outcome){.input_tokens = -1, .output_tokens = -1};
    leaf->said = calloc(1, sizeof *leaf->said + size);
    if (!leaf->said)
        return STATUS_NO_MEMORY;
    memcpy(leaf->said->who, n->step->id, size);
    buf_init(&leaf->said->text, r->task.env->max_reply);
    tell_step(leaf, false);
    enum status st = make_ask(leaf, &leaf->why);
    if (!st)
        st = task_start(r->task.env, &leaf->ask, &leaf->listener, &leaf->task, &leaf->why);
    if (st) {
        leaf->outcome.status = st;
        queue_end(leaf);
        return STATUS_OK;
    }
    leaf->running = true;
    r->asking++;
    if (r->paused)
        task_pause(leaf->task, true);
    return STATUS_OK;
}

/* ---- the end ---- */

static void count(struct flow_run *r, const struct leaf *leaf)
{
    const struct outcome *o = &leaf->outcome;
    if (o->input_tokens >= 0)
        r->sum.input_tokens = o->input_tokens + (r->sum.input_tokens > 0 ? r->sum.input_tokens : 0);
    if (o->output_tokens >= 0)
        r->sum.output_tokens =
            o->output_tokens + (r->sum.output_tokens > 0 ? r->sum.output_tokens : 0);
    if (o->status)
        return;
    string_set(&r->finish_reason, leaf->finish_reason);
    string_set(&r->model, leaf->model);
}

/* Into the state, and to what those behind it are told. */
static enum status keep(struct leaf *leaf)
{
    struct node *n = leaf->node;
    struct said *s = leaf->said;
    if (leaf->asked.output_key && flow_state_set(&n->run->state, leaf->asked.output_key,
                                      buf_str(&s->text), s->text.len, &leaf->why))
        return leaf->why.status;
    s->wanted = node_replies(n);
    s->sent = s->wanted && !n->held;
    leaf->said = NULL;
    said_add(&n->said, s);
    return STATUS_OK;
}

/* "root.steps[1]: agent "writer" failed: the cause" */
static void name_failure(const struct leaf *leaf, struct error *err)
{
    const char *who = leaf->answered ? leaf->answered : leaf->node->step->id;
    struct buf path;
    buf_init(&path, BUF_SMALL);
    node_path(leaf->node, &path);
    if (leaf->outcome.attempts > 1 && leaf->outcome.status == STATUS_BACKEND)
        error_set(err, leaf->outcome.status, "%s: agent \"%s\" failed %d times: %s", buf_str(&path),
            who, leaf->outcome.attempts, leaf->why.text);
    else
        error_set(err, leaf->outcome.status, "%s: agent \"%s\" failed: %s", buf_str(&path), who,
            leaf->why.text);
    buf_release(&path);
}

void leaf_finish(struct leaf *leaf)
{
    struct node *n = leaf->node;
    struct step_end end = {
        .retryable = leaf->outcome.retryable, .retry_after_ms = leaf->outcome.retry_after_ms};
    leaf->outcome.finish_reason = leaf->finish_reason;
    leaf->outcome.model = leaf->model;
    leaf->outcome.answer_id = leaf->answer_id;
    leaf->outcome.request_id = leaf->request_id;
    leaf->outcome.error = leaf->outcome.status ? leaf->why.text : NULL;
    count(n->run, leaf);
    tell_step(leaf, true);
    if (leaf->state.exited)
        node_exit_loop(n)->exited = true;
    if (n->run->speaking == leaf)
        n->run->speaking = NULL; /* another one may come to stand at its address */
    if (!leaf->outcome.status)
        leaf->outcome.status = keep(leaf);
    if (leaf->outcome.status)
        name_failure(leaf, &end.why);
    if (!n->run->fatal)
        node_end(n, &end);
}
