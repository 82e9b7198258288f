#include "webhook/down.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/strings.h"
#include "base/units.h"
#include "store/down.h"

struct news {
    struct write_job job; /* the first */
    struct service *service;
    struct down down;
    bool closed;
    char *backend, *error;
};

static void news_free(struct news *n)
{
    free(n->backend);
    free(n->error);
    free(n);
}

static enum status apply(struct write_job *job, struct store *s, struct error *err)
{
    const struct news *n = (const struct news *)job;
    return n->closed ? down_set(s, &n->down, err)
                     : down_clear(s, n->down.backend, n->down.owner, err);
}

static void done(struct write_job *job, enum status result, const struct error *err)
{
    struct news *n = (struct news *)job;
    if (result)
        log_message(
            n->service->log, LOG_LEVEL_WARN, "the state of a backend could not be recorded", err);
    news_free(n);
}

/* The log has it already: without memory that is all. */
static void on_changed(void *ctx, const struct gate_news *told)
{
    struct service *s = ctx;
    struct news *n = calloc(1, sizeof *n);
    if (!n)
        return;
    if (string_set(&n->backend, told->backend) || string_set(&n->error, told->error)) {
        news_free(n);
        return;
    }
    n->job = (struct write_job){.apply = apply, .done = done};
    n->service = s;
    n->closed = told->closed;
    n->down = (struct down){.backend = n->backend,
        .owner = writer_owner(s->writer),
        .since_ms = units_now_ms(),
        .failures = told->failures,
        .error = n->error};
    writer_submit(s->writer, &n->job);
}

void down_watch(struct service *s)
{
    s->env.gates.changed = on_changed;
    s->env.gates.ctx = s;
}
