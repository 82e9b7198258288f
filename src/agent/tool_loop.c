#include "agent/tool_loop.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "agent/line.h"
#include "agent/tool_batch.h"
#include "agent/tool_talk.h"
#include "agent/tool_tell.h"
#include "base/units.h"

enum { TEXT_MAX = 64 * 1024 * 1024 }; /* the reply has its own cap */

struct tool_loop {
    struct task task;      /* the one that is asked for */
    struct listener below; /* of the attempts */
    struct ask ask;        /* theirs */
    struct candidate *others;
    struct task *current; /* the attempts of this round; kept until the next */
    struct tool_set set;
    struct tool_talk talk;
    struct tool_tell teller;
    struct tool_batch *batch; /* NULL while no calls are made */
    struct timer *timer;      /* the total deadline, while nothing below looks at it */
    struct job job;           /* the next round, or the end */
    struct line line;
    struct buf text; /* of this round */
    int64_t began_ms, total_ms;
    int64_t input_tokens, output_tokens;
    int64_t rounds, calls; /* with calls; made */
    bool said;             /* in the rounds before, or in this one */
    bool paused, canceled, late, too_large;
    bool asking;         /* current runs */
    struct error failed; /* before a round could be asked; status OK: it did not */
};

static void go_on(struct job *job);

static struct tool_loop *loop_of(struct task *t)
{
    return (struct tool_loop *)t;
}

bool tool_loop_wanted(const struct ask *ask)
{
    if (ask->links && (ask->links->server_count || ask->links->exec_count))
        return true;
    if (!ask->state)
        return false;
    const struct protocol *p = protocol_find(ask->backend->type);
    return p && p->tools;
}

/* ---- time ---- */

static int64_t left(const struct tool_loop *l)
{
    int64_t spent = loop_now(l->task.env->loop) - l->began_ms;
    return l->total_ms <= 0 ? INT64_MAX : spent < l->total_ms ? l->total_ms - spent : 0;
}

static void watch_time(struct tool_loop *l)
{
    if (l->total_ms > 0)
        timer_start(l->timer, left(l));
}

/* Ends what is not an attempt. */
static void stop(struct tool_loop *l)
{
    if (l->batch) {
        tool_batch_cancel(l->batch);
    } else if (!l->asking) {
        tool_set_release(&l->set);
        loop_defer(l->task.env->loop, &l->job);
    }
}

static void on_timer(void *ctx)
{
    struct tool_loop *l = ctx;
    l->late = true;
    stop(l);
}

/* ---- the end ---- */

static int64_t sum(int64_t a, int64_t b)
{
    return a < 0 ? b : b < 0 ? a : a + b;
}

static void end(struct tool_loop *l, const struct outcome *o)
{
    struct outcome all = *o;
    timer_stop(l->timer);
    loop_undefer(l->task.env->loop, &l->job);
    all.input_tokens = l->input_tokens;
    all.output_tokens = l->output_tokens;
    all.calls = NULL;
    all.call_count = 0;
    all.echo = NULL;
    task_end(&l->task, &all);
}

static void end_as(struct tool_loop *l, const struct outcome *o, enum status st, const char *why)
{
    struct outcome as = *o;
    as.status = st;
    as.error = why;
    end(l, &as);
}

static void end_late(struct tool_loop *l, const struct outcome *o)
{
    struct error err;
    char total[32];
    units_print_duration(l->total_ms, total);
    error_set(&err, STATUS_TIMEOUT, "not finished within %s (total deadline)", total);
    end_as(l, o, STATUS_TIMEOUT, err.text);
}

static void end_too_large(struct tool_loop *l, const struct outcome *o)
{
    struct error err;
    error_set(
        &err, STATUS_BACKEND, "the answer is larger than the limit of %zu bytes", l->text.cap);
    end_as(l, o, STATUS_BACKEND, err.text);
}

/* Between two rounds. */
static void end_here(struct tool_loop *l)
{
    const struct error *err = &l->failed;
    const struct outcome o = {.retryable = err->status == STATUS_BACKEND};
    if (l->canceled)
        end_as(l, &o, STATUS_CANCELED, "canceled");
    else if (l->late)
        end_late(l, &o);
    else
        end_as(l, &o, err->status, err->text);
}

/* ---- asking ---- */

static int64_t most(int64_t configured, int64_t otherwise)
{
    return configured > 0 ? configured : otherwise;
}

static int64_t calls_left(const struct tool_loop *l)
{
    const struct agent *a = l->task.ask->agent;
    return l->talk.bytes > TOOL_TALK_MAX ? 0 : most(a->tool_calls, TOOL_CALLS) - l->calls;
}

/* Whether the model may call no more. */
static bool is_last(const struct tool_loop *l)
{
    const struct agent *a = l->task.ask->agent;
    return calls_left(l) <= 0 || l->rounds >= most(a->tool_rounds, TOOL_ROUNDS);
}

static enum status ask_round(struct tool_loop *l, struct error *err)
{
    task_free(l->current);
    l->current = NULL;
    timer_stop(l->timer);
    line_keep(&l->line);
    buf_reset(&l->text);
    l->ask.turns = l->talk.turns;
    l->ask.turn_count = l->talk.count;
    l->ask.tools = l->set.tools;
    l->ask.tool_count = l->set.count;
    l->ask.tools_off = l->set.count && is_last(l);
    if (l->total_ms > 0)
        l->ask.total_ms = left(l) ? left(l) : 1;
    enum status st = task_start_attempts(l->task.env, &l->ask, &l->below, &l->current, err);
    l->asking = !st;
    if (!st && l->paused)
        task_pause(l->current, true);
    return st;
}

/* A request cannot be made from within the answer of another. */
static void go_on(struct job *job)
{
    struct tool_loop *l =
        (struct tool_loop *)(void *)((char *)job - offsetof(struct tool_loop, job));
    struct error err;
    if (!l->failed.status && !l->canceled && !l->late) {
        if (!ask_round(l, &err))
            return;
        l->failed = err;
    }
    end_here(l);
}

static void fail_later(struct tool_loop *l, enum status st, const char *why)
{
    error_set(&l->failed, st, "%s", why);
    loop_defer(l->task.env->loop, &l->job);
}

/* ---- calling ---- */

static void on_tool(void *ctx, const struct tool_event *e)
{
    struct tool_loop *l = ctx;
    tool_tell_event(&l->teller, &l->ask, l->task.listener, e);
}

static enum status keep_results(struct tool_loop *l)
{
    size_t count;
    const struct tool_call *calls = tool_talk_calls(&l->talk, &count);
    const struct tool_result *results = tool_batch_results(l->batch);
    enum status st = tool_batch_failed(l->batch) ? STATUS_NO_MEMORY : STATUS_OK;
    for (size_t i = 0; i < count && !st; i++)
        st = tool_talk_result(&l->talk, &calls[i], results[i].failed, &results[i].text);
    return st;
}

static void on_called(void *ctx)
{
    struct tool_loop *l = ctx;
    enum status st = keep_results(l);
    tool_batch_free(l->batch);
    l->batch = NULL;
    timer_stop(l->timer);
    if (st)
        fail_later(l, st, "out of memory for the results of tools");
    else
        loop_defer(l->task.env->loop, &l->job);
}

static const struct tool_batch_handler batch_handler = {on_tool, on_called};

static enum status call_all(struct tool_loop *l, const struct outcome *o)
{
    enum status st =
        tool_talk_answer(&l->talk, &l->text, o, protocol_find(l->line.who.backend->type));
    struct tool_batch_request r = {.set = &l->set,
        .state = l->task.ask->state,
        .agent = l->task.ask->agent,
        .refusal = "not called: no more tools can be called for this answer",
        .left_ms = left(l)};
    if (st)
        return st;
    r.calls = tool_talk_calls(&l->talk, &r.count);
    r.allowed = calls_left(l);
    l->calls += (int64_t)r.count;
    l->rounds++;
    watch_time(l);
    return tool_batch_start(l->task.env, &r, &batch_handler, l, &l->batch);
}

/* ---- answers ---- */

/* Providers' words for an answer that was cut off, in which a call may be one that is not whole. */
static bool is_cut_off(const char *finish_reason)
{
    static const char *const words[] = {"length", "max_tokens", "MAX_TOKENS", "max_output_tokens",
        "model_context_window_exceeded", NULL};
    for (const char *const *w = words; *w; w++)
        if (finish_reason && !strcmp(finish_reason, *w))
            return true;
    return false;
}

static void say_held(struct tool_loop *l)
{
    if (l->task.ask->schema)
        task_say(&l->task, buf_str(&l->text), l->text.len);
}

static void answered(struct tool_loop *l, const struct outcome *o)
{
    struct error err;
    if (!o->call_count) {
        say_held(l);
        end(l, o);
    } else if (is_cut_off(o->finish_reason)) {
        error_set(&err, STATUS_BACKEND,
            "the answer was cut off (finish reason \"%s\") where it calls tools: give it more "
            "tokens",
            o->finish_reason);
        end_as(l, o, STATUS_BACKEND, err.text);
    } else if (l->ask.tools_off) {
        say_held(l);
        if (l->said || (l->task.ask->schema && l->text.len))
            end(l, o);
        else
            end_as(l, o, STATUS_BACKEND,
                "it goes on calling tools instead of answering, and may call no more");
    } else if (call_all(l, o)) {
        end_as(l, o, STATUS_NO_MEMORY, "out of memory for the calls of tools");
    }
}

static void ended(struct tool_loop *l, const struct outcome *o)
{
    l->asking = false;
    l->input_tokens = sum(l->input_tokens, o->input_tokens);
    l->output_tokens = sum(l->output_tokens, o->output_tokens);
    if (l->too_large)
        end_too_large(l, o);
    else if (l->canceled)
        end_as(l, o, STATUS_CANCELED, "canceled");
    else if (o->status == STATUS_TIMEOUT && !left(l))
        end_late(l, o);
    else if (o->status)
        end(l, o);
    else
        answered(l, o);
}

static void hear(struct tool_loop *l, const struct event *e)
{
    static const char between[] = "\n\n";
    bool first = !l->text.len;
    if (l->too_large)
        return;
    if (buf_add(&l->text, e->text, e->len)) {
        l->too_large = true;
        task_cancel(l->current);
        return;
    }
    if (l->task.ask->schema)
        return;
    if (first && l->said)
        task_say(&l->task, between, sizeof between - 1);
    l->said = true;
    task_say(&l->task, e->text, e->len);
}

static void on_event(struct listener *listener, const struct event *e)
{
    struct tool_loop *l =
        (struct tool_loop *)(void *)((char *)listener - offsetof(struct tool_loop, below));
    if (e->type == EVENT_END) {
        ended(l, e->outcome);
    } else if (e->type == EVENT_TEXT) {
        hear(l, e);
    } else {
        if (e->type == EVENT_AGAIN)
            line_note(&l->line, e->next);
        l->task.listener->event(l->task.listener, e);
    }
}

/* ---- the task ---- */

static void on_gathered(void *ctx, const struct error *err)
{
    struct tool_loop *l = ctx;
    if (err)
        l->failed = *err;
    go_on(&l->job);
}

enum status tool_loop_able(const struct ask *ask, struct error *err)
{
    const struct protocol *p = protocol_find(ask->backend->type);
    if (!p || p->tools)
        return STATUS_OK;
    return error_set(err, STATUS_CONFIG,
        "agent \"%s\" has tools, but its backend \"%s\" is of the type \"%s\", which cannot "
        "call them",
        ask->agent->id, ask->backend->id, ask->backend->type);
}

/* Those of the line that can call tools; who has none linked can do without. */
static enum status choose_line(struct tool_loop *l, struct error *err)
{
    const struct ask *asked = l->task.ask;
    enum status st = tool_loop_able(asked, err);
    if (st)
        return st;
    if (!asked->other_count || !asked->links)
        return STATUS_OK;
    l->others = calloc(asked->other_count, sizeof *l->others);
    if (!l->others)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    l->ask.other_count = 0;
    l->ask.others = l->others;
    for (size_t i = 0; i < asked->other_count; i++) {
        const struct protocol *p = protocol_find(asked->others[i].backend->type);
        if (p && p->tools)
            l->others[l->ask.other_count++] = asked->others[i];
    }
    return STATUS_OK;
}

static enum status start(struct task *t, struct error *err)
{
    struct tool_loop *l = loop_of(t);
    l->below.event = on_event;
    l->job.run = go_on;
    l->ask = *t->ask;
    l->began_ms = loop_now(t->env->loop);
    l->total_ms = task_deadlines(t->ask).total_ms;
    l->input_tokens = l->output_tokens = -1;
    buf_init(&l->text, t->env->max_reply < TEXT_MAX ? t->env->max_reply : TEXT_MAX);
    l->timer = timer_new(t->env->loop, on_timer, l);
    enum status st = choose_line(l, err);
    if (st)
        return st;
    line_init(&l->line, &l->ask);
    if (!l->timer || tool_talk_begin(&l->talk, t->ask) ||
        tool_set_gather(&l->set, t->env, t->ask, on_gathered, l))
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    watch_time(l);
    return STATUS_OK;
}

static void cancel(struct task *t)
{
    struct tool_loop *l = loop_of(t);
    l->canceled = true;
    if (l->asking)
        task_cancel(l->current);
    else
        stop(l);
}

static void pause_current(struct task *t, bool paused)
{
    struct tool_loop *l = loop_of(t);
    l->paused = paused;
    if (l->asking)
        task_pause(l->current, paused);
}

static void release(struct task *t)
{
    struct tool_loop *l = loop_of(t);
    loop_undefer(t->env->loop, &l->job);
    task_free(l->current);
    tool_batch_free(l->batch);
    timer_free(l->timer);
    tool_set_release(&l->set);
    tool_talk_release(&l->talk);
    tool_tell_release(&l->teller);
    buf_release(&l->text);
    free(l->others);
}

const struct protocol tool_loop = {
    .name = "tools",
    .start = start,
    .cancel = cancel,
    .pause = pause_current,
    .release = release,
    .size = sizeof(struct tool_loop),
};
