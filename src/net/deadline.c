#include "net/deadline.h"

#include "base/units.h"

static int64_t phase_limit(const struct deadline *d)
{
    if (d->held)
        return 0;
    switch (d->phase) {
    case DEADLINE_CONNECT:
        return d->limits.connect_ms;
    case DEADLINE_FIRST_BYTE:
        return d->limits.first_byte_ms;
    default:
        return d->limits.idle_ms;
    }
}

/* When the next deadline passes; INT64_MAX for never. */
static int64_t due(const struct deadline *d)
{
    int64_t limit = phase_limit(d);
    int64_t at = limit > 0 ? d->since_ms + limit : INT64_MAX;
    int64_t total = d->limits.total_ms > 0 ? d->began_ms + d->limits.total_ms : INT64_MAX;
    return at < total ? at : total;
}

static void arm(struct deadline *d)
{
    int64_t at = due(d);
    if (at == INT64_MAX)
        timer_stop(d->timer);
    else
        timer_start(d->timer, at - loop_now(d->loop));
}

static void fired(void *ctx)
{
    struct deadline *d = ctx;
    if (loop_now(d->loop) >= due(d))
        d->expired(d->ctx);
    else
        arm(d);
}

enum status deadline_start(struct deadline *d, struct loop *l, const struct deadlines *limits,
    void (*expired)(void *ctx), void *ctx)
{
    *d = (struct deadline){.loop = l, .limits = *limits, .expired = expired, .ctx = ctx};
    d->timer = timer_new(l, fired, d);
    if (!d->timer)
        return STATUS_NO_MEMORY;
    d->began_ms = d->since_ms = loop_now(l);
    arm(d);
    return STATUS_OK;
}

void deadline_phase(struct deadline *d, enum deadline_phase phase)
{
    d->since_ms = loop_now(d->loop);
    if (d->phase == phase)
        return; /* later than the timer knows: it will look again when it fires */
    d->phase = phase;
    if (d->timer)
        arm(d);
}

void deadline_hold(struct deadline *d, bool held)
{
    if (d->held == held)
        return;
    d->held = held;
    d->since_ms = loop_now(d->loop);
    if (d->timer)
        arm(d);
}

void deadline_rearm(struct deadline *d)
{
    if (d->timer)
        arm(d);
}

void deadline_stop(struct deadline *d)
{
    timer_free(d->timer);
    d->timer = NULL;
}

enum status deadline_error(const struct deadline *d, struct error *err)
{
    char limit[32];
    int64_t total = d->limits.total_ms;
    if (total > 0 && loop_now(d->loop) >= d->began_ms + total) {
        units_print_duration(total, limit);
        return error_set(err, STATUS_TIMEOUT, "not finished within %s (total deadline)", limit);
    }
    units_print_duration(phase_limit(d), limit);
    switch (d->phase) {
    case DEADLINE_CONNECT:
        return error_set(err, STATUS_TIMEOUT, "no connection within %s (connect deadline)", limit);
    case DEADLINE_FIRST_BYTE:
        return error_set(err, STATUS_TIMEOUT, "no answer within %s (first byte deadline)", limit);
    default:
        return error_set(err, STATUS_TIMEOUT, "nothing came for %s (idle deadline)", limit);
    }
}
