#include "agent/attempt.h"

#include <stddef.h>
#include <sys/random.h>

#include "agent/retry.h"
#include "agent/turns.h"
#include "base/units.h"

struct attempts {
    struct task task;      /* the one that is asked for */
    struct listener below; /* of the one that runs */
    struct ask ask;        /* its own */
    struct task *current;  /* NULL while none does */
    struct timer *timer;   /* until the next */
    struct gate_pass pass; /* of the one that runs */
    int64_t began_ms, total_ms;
    size_t at; /* who is asked: 0 is the agent itself, then the others */
    int made;  /* attempts of who is asked */
    int all_made;
    bool said, paused, canceled;
    struct buf flat; /* the conversation as one text, for who needs it so */
};

/* Milliseconds until the total deadline; INT64_MAX for ever. */
static int64_t left(const struct attempts *a)
{
    int64_t spent = loop_now(a->task.env->loop) - a->began_ms;
    return a->total_ms <= 0 ? INT64_MAX : spent < a->total_ms ? a->total_ms - spent : 0;
}

static void go_on(void *ctx);

static void leave(struct attempts *a, enum gate_verdict verdict)
{
    struct agent_env *env = a->task.env;
    gate_leave(&env->gates, &a->pass, verdict, loop_now(env->loop));
}

static void admitted(struct gate_pass *pass)
{
    struct attempts *a =
        (struct attempts *)(void *)((char *)pass - offsetof(struct attempts, pass));
    timer_start(a->timer, 0);
}

static enum status need_timer(struct attempts *a, struct error *err)
{
    if (!a->timer)
        a->timer = timer_new(a->task.env->loop, go_on, a);
    return a->timer ? STATUS_OK : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

static enum status wait_in_line(struct attempts *a, struct error *err)
{
    enum status st = need_timer(a, err);
    if (st)
        leave(a, GATE_UNKNOWN);
    else if (a->total_ms > 0)
        timer_start(a->timer, left(a));
    return st;
}

/* Comes in at the backend's gate, if it is not inside. */
static enum status enter(struct attempts *a, struct error *err)
{
    struct agent_env *env = a->task.env;
    if (a->pass.gate)
        return STATUS_OK;
    a->pass.admitted = admitted;
    return gate_enter(&env->gates, a->ask.backend, loop_now(env->loop), &a->pass, err);
}

/* For a protocol that has only a prompt. */
static enum status flatten(struct attempts *a, struct error *err)
{
    const struct protocol *p = protocol_find(a->ask.backend->type);
    if (!a->ask.turn_count || (p && p->turns))
        return STATUS_OK;
    buf_reset(&a->flat);
    a->flat.cap = SIZE_MAX / 2; /* its parts have theirs */
    if (turns_flatten(&a->ask, &a->flat))
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    a->ask.prompt = buf_str(&a->flat);
    a->ask.prompt_len = a->flat.len;
    a->ask.turn_count = 0;
    return STATUS_OK;
}

/* STATUS_UNAVAILABLE: the backend takes no call, and nothing was begun. */
static enum status begin(struct attempts *a, struct error *err)
{
    const struct ask *asked = a->task.ask;
    a->ask = *asked;
    if (a->at) {
        a->ask.agent = asked->others[a->at - 1].agent;
        a->ask.backend = asked->others[a->at - 1].backend;
    }
    if (a->total_ms > 0)
        a->ask.total_ms = left(a) ? left(a) : 1; /* it may be late by now */
    enum status st = enter(a, err);
    if (st)
        return st;
    if (a->pass.waiting)
        return wait_in_line(a, err);
    a->made++;
    a->all_made++;
    st = flatten(a, err);
    if (!st)
        st = task_start_once(a->task.env, &a->ask, &a->below, &a->current, err);
    if (st)
        leave(a, GATE_UNKNOWN);
    if (!st && a->paused)
        task_pause(a->current, true);
    return st;
}

/* ---- the end of an attempt ---- */

static void end(struct attempts *a, const struct outcome *o)
{
    struct outcome all = *o;
    char total[32];
    struct error err;
    all.attempts = a->all_made;
    if (o->status == STATUS_TIMEOUT && a->all_made > 1 && left(a) <= 0) {
        units_print_duration(a->total_ms, total);
        error_set(&err, STATUS_TIMEOUT, "not finished within %s (total deadline)", total);
        all.error = err.text;
    }
    task_end(&a->task, &all);
}

/* What the outcome says of the backend. */
static enum gate_verdict judge(const struct attempts *a, const struct outcome *o)
{
    const struct protocol *p = protocol_find(a->ask.backend->type);
    if (!p || !p->exchange || a->canceled || o->status == STATUS_UNAVAILABLE)
        return GATE_UNKNOWN;
    if (o->status == STATUS_TIMEOUT)
        return a->said || !left(a) ? GATE_UNKNOWN : GATE_FAILED;
    if (o->http_status)
        return o->http_status < 500 ? GATE_WORKED : GATE_FAILED;
    return o->status == STATUS_BACKEND && o->retryable ? GATE_FAILED : GATE_UNKNOWN;
}

static uint32_t chance(void)
{
    uint32_t n = 0;
    return getrandom(&n, sizeof n, GRND_NONBLOCK) == (ssize_t)sizeof n ? n : 0;
}

static int most_attempts(const struct attempts *a)
{
    int64_t most = a->ask.backend->attempts;
    return most > 0 ? (int)most : RETRY_ATTEMPTS;
}

/* Whether it failed in a way that another attempt, or another agent, can make good. */
static bool can_go_on(const struct attempts *a, const struct outcome *o)
{
    bool failed = o->status == STATUS_BACKEND || o->status == STATUS_TIMEOUT ||
                  o->status == STATUS_UNAVAILABLE;
    return failed && !a->said && !a->canceled && left(a) > 0;
}

/* How long until the next attempt, and whose it is; below zero when there is to be none. */
static int64_t next_in(struct attempts *a, const struct outcome *o)
{
    if (!can_go_on(a, o))
        return -1;
    if (o->retryable && a->made < most_attempts(a)) {
        int64_t delay = retry_delay(a->made, o->retry_after_ms, chance());
        if (delay < left(a))
            return delay;
    }
    if (a->at == a->task.ask->other_count)
        return -1;
    a->at++;
    a->made = 0;
    return 0;
}

/* What the listener needs to know of an attempt that was not the last. */
static void tell(struct attempts *a, const struct outcome *o, int64_t delay)
{
    const struct ask *asked = a->task.ask;
    struct event e = {.type = EVENT_AGAIN,
        .outcome = o,
        .agent = a->ask.agent,
        .next = a->at ? asked->others[a->at - 1].agent : asked->agent,
        .wait_ms = delay};
    a->task.listener->event(a->task.listener, &e);
}

static void ended(struct attempts *a, const struct outcome *o)
{
    a->pass.why = o->error;
    leave(a, judge(a, o));
    int64_t delay = next_in(a, o);
    if (delay < 0 || need_timer(a, NULL)) {
        end(a, o);
        return;
    }
    tell(a, o, delay);
    task_free(a->current);
    a->current = NULL;
    timer_start(a->timer, a->canceled ? 0 : delay);
}

static enum status no_place(const struct attempts *a, struct error *err)
{
    char total[32];
    units_print_duration(a->total_ms, total);
    return error_set(err, STATUS_TIMEOUT, "backend \"%s\" had no place within %s (total deadline)",
        a->ask.backend->id, total);
}

static void go_on(void *ctx)
{
    struct attempts *a = ctx;
    struct error err;
    enum status st;
    if (a->canceled)
        st = error_set(&err, STATUS_CANCELED, "canceled");
    else if (a->pass.waiting)
        st = no_place(a, &err);
    else
        st = begin(a, &err);
    if (st)
        leave(a, GATE_UNKNOWN);
    struct outcome o = {.status = st,
        .error = err.text,
        .input_tokens = -1,
        .output_tokens = -1,
        .retry_after_ms = st == STATUS_UNAVAILABLE ? a->pass.closed_ms : 0};
    if (st == STATUS_UNAVAILABLE)
        ended(a, &o);
    else if (st)
        end(a, &o);
}

static void on_event(struct listener *l, const struct event *e)
{
    struct attempts *a = (struct attempts *)(void *)((char *)l - offsetof(struct attempts, below));
    if (e->type == EVENT_END) {
        ended(a, e->outcome);
        return;
    }
    a->said = true;
    a->task.listener->event(a->task.listener, e);
}

/* ---- the task ---- */

static enum status start(struct task *t, struct error *err)
{
    struct attempts *a = (struct attempts *)t;
    a->below.event = on_event;
    a->began_ms = loop_now(t->env->loop);
    a->total_ms = task_deadlines(t->ask).total_ms;
    enum status st = begin(a, err);
    if (st != STATUS_UNAVAILABLE)
        return st;
    st = need_timer(a, err); /* there may be others to ask, and there is more to say of it */
    if (!st)
        timer_start(a->timer, 0);
    return st;
}

static void cancel(struct task *t)
{
    struct attempts *a = (struct attempts *)t;
    a->canceled = true;
    if (a->current)
        task_cancel(a->current);
    else if (a->timer)
        timer_start(a->timer, 0);
}

static void pause_current(struct task *t, bool paused)
{
    struct attempts *a = (struct attempts *)t;
    a->paused = paused;
    if (a->current)
        task_pause(a->current, paused);
}

static void release(struct task *t)
{
    struct attempts *a = (struct attempts *)t;
    leave(a, GATE_UNKNOWN);
    task_free(a->current);
    timer_free(a->timer);
    buf_release(&a->flat);
}

const struct protocol attempts = {
    .name = "attempts",
    .start = start,
    .cancel = cancel,
    .pause = pause_current,
    .release = release,
    .size = sizeof(struct attempts),
};
