#include "agent/flow_task.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "agent/flow_run.h"

/* ---- nodes ---- */

static void node_free(struct node *n)
{
    if (!n)
        return;
    for (size_t i = 0; i < n->kid_count; i++)
        node_free(n->kids[i]);
    free(n->kids);
    leaf_free(n->leaf);
    said_release(&n->said);
    free(n);
}

static size_t most_kids(const struct node *n)
{
    return n->type == FLOW_PARALLEL ? n->step->step_count : n->type == FLOW_AGENT ? 0 : 1;
}

/* Where a child stands to what is behind it and above it. */
static void place(struct node *n, const struct node *parent)
{
    n->held = n->step->optional;
    n->last = n->chain = true;
    if (!parent)
        return;
    n->level = parent->level + 1;
    n->stopped = parent->stopped;
    n->held = n->held || parent->held || parent->type == FLOW_PARALLEL;
    if (parent->type == FLOW_NESTED) {
        n->chain = node_replies(parent);
        return;
    }
    n->chain = parent->chain;
    n->last =
        parent->last && parent->type == FLOW_SEQUENTIAL && n->index + 1 == parent->step->step_count;
}

/* An id may be an agent's or a flow's; of one that is gone a leaf says so. */
static void resolve(struct node *n)
{
    const struct flow_ask *ask = n->run->ask;
    if (n->type == FLOW_AGENT && !ask->agent(ask->ctx, n->step->id))
        n->type = FLOW_NESTED;
    if (n->type != FLOW_NESTED)
        return;
    n->inner = ask->nested(ask->ctx, n->step->id);
    if (!n->inner || n->level >= FLOW_LEVELS_MAX) {
        n->type = FLOW_AGENT;
        n->wrong = n->inner ? "there are too many flows in each other" : "it is gone";
    }
}

static struct node *node_new(struct flow_run *r, const struct flow_step *top,
    const struct flow_step *step, struct node *parent, size_t index)
{
    struct node *n = calloc(1, sizeof *n);
    if (!n)
        return NULL;
    *n = (struct node){
        .run = r, .top = top, .step = step, .parent = parent, .index = index, .type = step->type};
    place(n, parent);
    resolve(n);
    if (most_kids(n) && !(n->kids = calloc(most_kids(n), sizeof *n->kids))) {
        free(n);
        return NULL;
    }
    return n;
}

void node_path(const struct node *n, struct buf *out)
{
    if (!n->parent) {
        buf_adds(out, "root");
        return;
    }
    node_path(n->parent, out);
    if (n->parent->type == FLOW_NESTED)
        buf_printf(out, "/%s/root", n->parent->step->id);
    else
        buf_printf(out, ".steps[%zu]", n->index);
}

int64_t node_round(const struct node *n)
{
    while (n && n->type != FLOW_LOOP)
        n = n->parent;
    return n ? n->round : 0;
}

struct node *node_exit_loop(struct node *n)
{
    while (n && !(n->type == FLOW_LOOP && n->step->exit_loop))
        n = n->parent;
    return n;
}

static void stop(struct node *n)
{
    n->stopped = true;
    if (n->leaf)
        leaf_cancel(n->leaf);
    for (size_t i = 0; i < n->kid_count; i++)
        if (n->kids[i])
            stop(n->kids[i]);
}

/* ---- going on ---- */

static void node_begin(struct node *n);

static void add_kid(
    struct node *n, const struct flow_step *top, const struct flow_step *step, size_t index)
{
    struct node *kid = node_new(n->run, top, step, n, index);
    if (!kid) {
        flow_run_abort(n->run, STATUS_NO_MEMORY);
        return;
    }
    n->kids[n->kid_count++] = kid;
    n->alive++;
    node_begin(kid);
}

/* What goes wrong with a step that is no agent. */
static void fail_here(struct node *n, enum status st, const char *what)
{
    struct step_end end = {.retryable = false};
    struct buf path;
    buf_init(&path, BUF_SMALL);
    node_path(n, &path);
    error_set(&end.why, st, "%s: %s", buf_str(&path), what);
    buf_release(&path);
    node_end(n, &end);
}

static void note_condition(const struct node *n, const struct error *why)
{
    struct flow_run *r = n->run;
    struct buf path;
    buf_init(&path, BUF_SMALL);
    node_path(n, &path);
    struct step_event step = {
        .path = buf_str(&path), .note = why->text, .round = n->round, .ended = true};
    struct event e = {.type = EVENT_STEP, .step = &step};
    r->task.listener->event(r->task.listener, &e);
    buf_release(&path);
}

/* Whether there is no further round. */
static bool loop_is_over(struct node *n)
{
    struct error why;
    bool is_true = false;
    if (n->step->condition && flow_state_test(&n->run->state, n->step->condition, &is_true, &why))
        note_condition(n, &why);
    return is_true || n->exited || n->round >= n->step->max_iterations;
}

static void go_on(struct node *n)
{
    static const struct step_end good = {.why = {.status = STATUS_OK}};
    bool around = n->type == FLOW_LOOP && n->at == n->step->step_count;
    if (n->at == n->step->step_count && (!around || loop_is_over(n))) {
        node_end(n, &good);
        return;
    }
    if (n->stopped || n->run->canceled) {
        fail_here(n, STATUS_CANCELED, "canceled");
        return;
    }
    if (around) {
        n->at = 0;
        n->round++;
    }
    size_t at = n->at++;
    add_kid(n, n->top, &n->step->steps[at], at);
}

/* One that ends at once can end all of it: nothing is looked at after the last one began. */
static void begin_all(struct node *n)
{
    struct flow_run *r = n->run;
    size_t count = n->step->step_count;
    for (size_t i = 0; i < count && !r->fatal; i++)
        add_kid(n, n->top, &n->step->steps[i], i);
}

static void node_begin(struct node *n)
{
    switch (n->type) {
    case FLOW_AGENT:
        if (leaf_begin(n))
            flow_run_abort(n->run, STATUS_NO_MEMORY);
        break;
    case FLOW_NESTED:
        add_kid(n, n->inner, n->inner, 0);
        break;
    case FLOW_SEQUENTIAL:
    case FLOW_LOOP:
        n->round = 1;
        go_on(n);
        break;
    case FLOW_PARALLEL:
        begin_all(n);
        break;
    }
}

/* All steps of a parallel one have ended. */
static void join(struct node *n)
{
    struct step_end failed = n->failed;
    for (size_t i = 0; i < n->kid_count; i++) {
        said_move(&n->said, &n->kids[i]->said);
        node_free(n->kids[i]);
    }
    n->kid_count = 0;
    node_end(n, &failed);
}

static void parallel_kid_ended(struct node *n, const struct step_end *how)
{
    if (how->why.status && !n->failed.why.status) {
        n->failed = *how;
        stop(n);
    }
    if (!--n->alive && n->kid_count == n->step->step_count)
        join(n);
}

static void kid_ended(struct node *n, struct node *kid, const struct step_end *how)
{
    said_move(&n->said, &kid->said);
    node_free(kid);
    n->kid_count = 0;
    n->alive = 0;
    if (!n->held && !how->why.status)
        said_send(n->run, &n->said);
    if (how->why.status || n->type == FLOW_NESTED)
        node_end(n, how);
    else
        go_on(n);
}

static void flow_end(struct flow_run *r, const struct step_end *how)
{
    r->result = *how;
    r->done = true;
    if (how->why.status)
        return;
    said_want_last(r->ask->root, true, &r->root->said);
    said_send(r, &r->root->said);
    if (!r->sent)
        error_set(
            &r->result.why, STATUS_BACKEND, "none of the steps that are the reply said anything");
}

void node_end(struct node *n, const struct step_end *how)
{
    struct step_end end = *how;
    struct flow_run *r = n->run;
    if (end.why.status && n->step->optional && n->parent && !r->canceled && !r->late &&
        !n->parent->stopped)
        end.why.status = STATUS_OK;
    if (how->why.status)
        said_release(&n->said);
    if (n->type == FLOW_NESTED)
        said_want_last(n->inner, node_replies(n), &n->said);
    if (!n->parent)
        flow_end(r, &end);
    else if (n->parent->type == FLOW_PARALLEL)
        parallel_kid_ended(n->parent, &end);
    else
        kid_ended(n->parent, n, &end);
}

/* ---- the whole ---- */

int64_t flow_run_since(const struct flow_run *r)
{
    return loop_now(r->task.env->loop) - r->began_ms;
}

int64_t flow_run_left(struct flow_run *r)
{
    int64_t total = r->ask->total_ms > 0 ? r->ask->total_ms : FLOW_TOTAL_MS;
    int64_t left = total - flow_run_since(r);
    r->late = r->late || left <= 0;
    return left > 0 ? left : 1;
}

void flow_run_abort(struct flow_run *r, enum status why)
{
    if (!r->fatal)
        error_set(&r->result.why, why, "out of memory");
    r->fatal = why;
    if (r->root)
        stop(r->root);
    loop_defer(r->task.env->loop, &r->job);
}

static void finish(struct flow_run *r)
{
    struct outcome o = r->sum;
    struct error err = r->result.why;
    o.retryable = r->result.retryable;
    o.retry_after_ms = r->result.retry_after_ms;
    if (r->canceled)
        error_set(&err, STATUS_CANCELED, "canceled");
    o.status = err.status;
    o.error = err.status ? err.text : NULL;
    o.finish_reason = r->finish_reason;
    o.model = r->model;
    loop_undefer(r->task.env->loop, &r->job);
    task_end(&r->task, &o);
}

static void begin(struct flow_run *r)
{
    r->begun = true;
    r->root = node_new(r, r->ask->root, r->ask->root, NULL, 0);
    if (r->root)
        node_begin(r->root);
    else
        flow_run_abort(r, STATUS_NO_MEMORY);
}

/* Steps go on from here only: never from within an event of an agent, or the start of one. */
static void work(struct job *job)
{
    struct flow_run *r = (struct flow_run *)(void *)((char *)job - offsetof(struct flow_run, job));
    if (!r->begun)
        begin(r);
    while (r->ended) {
        struct leaf *leaf = r->ended;
        r->ended = leaf_next(leaf);
        leaf_finish(leaf);
    }
    if (r->done || (r->fatal && !r->asking))
        finish(r);
}

static enum status start(struct task *t, struct error *err)
{
    struct flow_run *r = (struct flow_run *)t;
    (void)err;
    r->began_ms = loop_now(t->env->loop);
    r->sum = (struct outcome){.input_tokens = -1, .output_tokens = -1};
    r->job.run = work;
    loop_defer(t->env->loop, &r->job);
    return STATUS_OK;
}

static void cancel(struct task *t)
{
    struct flow_run *r = (struct flow_run *)t;
    r->canceled = true;
    if (r->root)
        stop(r->root);
}

static void pause_leaves(struct node *n, bool paused)
{
    if (n->leaf)
        leaf_pause(n->leaf, paused);
    for (size_t i = 0; i < n->kid_count; i++)
        pause_leaves(n->kids[i], paused);
}

static void pause_flow(struct task *t, bool paused)
{
    struct flow_run *r = (struct flow_run *)t;
    if (r->paused != paused && r->root)
        pause_leaves(r->root, paused);
    r->paused = paused;
}

static void release(struct task *t)
{
    struct flow_run *r = (struct flow_run *)t;
    loop_undefer(t->env->loop, &r->job);
    node_free(r->root);
    flow_state_release(&r->state);
    free(r->finish_reason);
    free(r->model);
}

static const struct protocol flow_protocol = {
    .name = "flow",
    .start = start,
    .cancel = cancel,
    .pause = pause_flow,
    .release = release,
    .size = sizeof(struct flow_run),
};

enum status flow_start(struct agent_env *env, const struct flow_ask *ask, struct listener *listener,
    struct task **out, struct error *err)
{
    struct flow_run *r = calloc(1, sizeof *r);
    if (!r)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    r->task = (struct task){.protocol = &flow_protocol, .env = env, .listener = listener};
    r->ask = ask;
    *out = &r->task;
    return start(&r->task, err);
}
