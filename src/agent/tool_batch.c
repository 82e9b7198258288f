#include "agent/tool_batch.h"

#include <stdlib.h>
#include <string.h>

struct one {
    struct tool_batch *of;
    struct tool_use *use;
    int64_t began_ms;
    bool running;
};

struct tool_batch {
    struct agent_env *env;
    struct tool_batch_request req;
    const struct tool_batch_handler *handler;
    void *ctx;
    struct job job; /* more can begin, or all is over */
    int64_t began_ms;
    size_t begun, ended;
    bool canceled, out_of_memory;
    struct tool_result *results;
    struct one ones[];
};

static void on_done(void *ctx, bool failed, const char *text, size_t len);

static const struct tool_use_handler handler = {on_done};

static int64_t now(const struct tool_batch *b)
{
    return loop_now(b->env->loop);
}

static const struct tool_entry *find(const struct tool_batch *b, size_t i)
{
    return tool_set_find(b->req.set, b->req.calls[i].name);
}

static void tell(struct tool_batch *b, size_t i, bool ended)
{
    const struct tool_call *c = &b->req.calls[i];
    const struct tool_entry *tool = find(b, i);
    const struct tool_result *r = &b->results[i];
    struct tool_event e = {
        .name = tool ? tool->title : c->name, .id = c->id, .arguments = c->arguments};
    if (ended) {
        e.ended = true;
        e.result = buf_str(&r->text);
        e.result_len = r->text.len;
        e.failed = r->failed;
        e.duration_ms = now(b) - b->ones[i].began_ms;
    }
    b->handler->tell(b->ctx, &e);
}

static void keep(struct tool_batch *b, size_t i, bool failed, const char *text, size_t len)
{
    struct tool_result *r = &b->results[i];
    r->failed = failed;
    buf_init(&r->text, SIZE_MAX / 2);
    b->out_of_memory |= buf_add(&r->text, text, len) != STATUS_OK;
    b->ended++;
}

static void refuse(struct tool_batch *b, size_t i, const char *why)
{
    b->ones[i].began_ms = now(b);
    tell(b, i, false);
    keep(b, i, true, why, strlen(why));
    tell(b, i, true);
}

static void begin(struct tool_batch *b, size_t i)
{
    struct one *one = &b->ones[i];
    struct tool_use_request r = {.set = b->req.set,
        .tool = find(b, i),
        .call = &b->req.calls[i],
        .state = b->req.state,
        .agent = b->req.agent,
        .left_ms = b->req.left_ms};
    if (r.left_ms != INT64_MAX)
        r.left_ms -= now(b) - b->began_ms;
    if (r.left_ms <= 0)
        r.left_ms = 1;
    one->of = b;
    one->began_ms = now(b);
    tell(b, i, false);
    if (b->canceled) /* from within */
        keep(b, i, true, "canceled", strlen("canceled"));
    else if (tool_use_start(b->env, &r, &handler, one, &one->use))
        keep(b, i, true, "out of memory", strlen("out of memory"));
    else
        one->running = true;
}

static void work(struct job *job)
{
    struct tool_batch *b =
        (struct tool_batch *)(void *)((char *)job - offsetof(struct tool_batch, job));
    while (b->begun < b->req.count && b->begun - b->ended < TOOL_BATCH_AT_ONCE) {
        size_t i = b->begun++;
        if (b->canceled)
            keep(b, i, true, "canceled", strlen("canceled"));
        else if ((int64_t)i >= b->req.allowed)
            refuse(b, i, b->req.refusal);
        else
            begin(b, i);
    }
    if (b->ended == b->req.count)
        b->handler->done(b->ctx);
}

static void on_done(void *ctx, bool failed, const char *text, size_t len)
{
    struct one *one = ctx;
    struct tool_batch *b = one->of;
    size_t i = (size_t)(one - b->ones);
    one->running = false;
    keep(b, i, failed, text, len);
    tell(b, i, true);
    loop_defer(b->env->loop, &b->job);
}

enum status tool_batch_start(struct agent_env *env, const struct tool_batch_request *r,
    const struct tool_batch_handler *h, void *ctx, struct tool_batch **out)
{
    struct tool_batch *b = calloc(1, sizeof *b + r->count * sizeof b->ones[0]);
    struct tool_result *results = calloc(r->count, sizeof *results);
    if (!b || !results) {
        free(b);
        free(results);
        return STATUS_NO_MEMORY;
    }
    b->env = env;
    b->req = *r;
    b->handler = h;
    b->ctx = ctx;
    b->job.run = work;
    b->results = results;
    b->began_ms = now(b);
    loop_defer(env->loop, &b->job);
    *out = b;
    return STATUS_OK;
}

void tool_batch_cancel(struct tool_batch *b)
{
    b->canceled = true;
    for (size_t i = 0; i < b->begun; i++)
        if (b->ones[i].running)
            tool_use_cancel(b->ones[i].use);
    loop_defer(b->env->loop, &b->job);
}

const struct tool_result *tool_batch_results(const struct tool_batch *b)
{
    return b->results;
}

bool tool_batch_failed(const struct tool_batch *b)
{
    return b->out_of_memory;
}

void tool_batch_free(struct tool_batch *b)
{
    if (!b)
        return;
    loop_undefer(b->env->loop, &b->job);
    for (size_t i = 0; i < b->req.count; i++) {
        tool_use_free(b->ones[i].use);
        buf_release(&b->results[i].text);
    }
    free(b->results);
    free(b);
}
