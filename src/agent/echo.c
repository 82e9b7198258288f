/*
 * echo: says the prompt back word by word, with a delay between two words. For trying things out,
 * and for tests: it has a stream, deadlines and a cancel like any other agent.
 */
#include <ctype.h>

#include "agent/protocols.h"
#include "net/deadline.h"

struct echo {
    struct task task;
    size_t at; /* how much was said */
    struct timer *timer;
    struct deadline deadline;
    bool paused;
    enum status stopped;
};

static void end(struct echo *e)
{
    struct outcome o = {.status = e->stopped, .input_tokens = -1, .output_tokens = -1};
    struct error err;
    if (e->stopped == STATUS_TIMEOUT)
        deadline_error(&e->deadline, &err);
    else if (e->stopped)
        error_set(&err, e->stopped, "canceled");
    else
        o.finish_reason = "stop";
    o.error = e->stopped ? err.text : NULL;
    deadline_stop(&e->deadline);
    task_end(&e->task, &o);
}

/* The end of the next word: the word and the white space behind it. */
static size_t next_word(const struct echo *e)
{
    const char *text = e->task.ask->prompt;
    size_t i = e->at, len = e->task.ask->prompt_len;
    while (i < len && isspace((unsigned char)text[i]))
        i++;
    while (i < len && !isspace((unsigned char)text[i]))
        i++;
    while (i < len && isspace((unsigned char)text[i]))
        i++;
    return i;
}

static void say(void *ctx)
{
    struct echo *e = ctx;
    const struct ask *ask = e->task.ask;
    while (!e->stopped && !e->paused && e->at < ask->prompt_len) {
        size_t from = e->at;
        e->at = next_word(e);
        deadline_phase(&e->deadline, DEADLINE_IDLE);
        task_say(&e->task, ask->prompt + from, e->at - from);
        if (ask->backend->delay_ms > 0 && e->at < ask->prompt_len) {
            if (!e->stopped)
                timer_start(e->timer, ask->backend->delay_ms);
            return;
        }
    }
    if (e->stopped || e->at == ask->prompt_len)
        end(e);
}

static void stop(struct echo *e, enum status why)
{
    if (e->stopped)
        return;
    e->stopped = why;
    timer_start(e->timer, 0);
}

static void expired(void *ctx)
{
    stop(ctx, STATUS_TIMEOUT);
}

static enum status start(struct task *t, struct error *err)
{
    struct echo *e = (struct echo *)t;
    struct deadlines limits = task_deadlines(t->ask);
    e->timer = timer_new(t->env->loop, say, e);
    if (!e->timer || deadline_start(&e->deadline, t->env->loop, &limits, expired, e))
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    deadline_phase(&e->deadline, DEADLINE_FIRST_BYTE);
    timer_start(e->timer, t->ask->backend->delay_ms);
    return STATUS_OK;
}

static void cancel(struct task *t)
{
    stop((struct echo *)t, STATUS_CANCELED);
}

static void pause_echo(struct task *t, bool paused)
{
    struct echo *e = (struct echo *)t;
    if (e->paused == paused)
        return;
    e->paused = paused;
    deadline_hold(&e->deadline, paused);
    if (!paused)
        timer_start(e->timer, 0);
}

static void release(struct task *t)
{
    struct echo *e = (struct echo *)t;
    timer_free(e->timer);
    deadline_stop(&e->deadline);
}

static enum status check(const struct backend *b, struct error *err)
{
    if (protocol_has_http_fields(b) || b->argv.count)
        return error_set(err, STATUS_BAD_REQUEST,
            "an echo backend has a delay, and nothing of HTTP nor a program");
    return STATUS_OK;
}

const struct protocol protocol_echo = {
    .name = "echo",
    .summary = "built in: says the prompt back word by word",
    .check = check,
    .start = start,
    .cancel = cancel,
    .pause = pause_echo,
    .release = release,
    .size = sizeof(struct echo),
};
