#include "webhook/reply.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "webhook/format.h"
#include "webhook/problem.h"

#define MEMBER_OF(type, member, pointer)                                                           \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

void reply_public_error(const struct error *err, const char *run_id, struct error *out)
{
    *out = *err;
    switch (err->status) {
    case STATUS_CONFIG:
        if (!run_id) /* a client without agents, say: whoever set it up is calling it */
            break;
        /* fallthrough */
    case STATUS_STORE:
    case STATUS_INTERNAL:
    case STATUS_NO_MEMORY:
        if (run_id)
            error_set(out, err->status,
                "run \"%s\" failed on our side: the operator's log says why", run_id);
        else
            error_set(
                out, err->status, "this call could not be taken: the operator's log says why");
        break;
    default:
        break;
    }
}

void reply_write(struct reply *r, const char *bytes, size_t len)
{
    r->bytes += len;
    r->last_ms = loop_now(r->service->env.loop);
    if (!r->sink)
        return;
    r->sink->ops->write(r->sink, bytes, len);
    if (r->run && !r->paused && r->sink->ops->unsent(r->sink) > r->service->limits.max_unsent) {
        r->paused = true;
        run_pause(r->run, true);
    }
}

/* ---- what the sink says ---- */

static void on_gone(void *ctx)
{
    struct reply *r = ctx;
    struct sink *sink = r->sink;
    r->sink = NULL;
    sink->ops->end(sink, false);
    if (r->paused)
        run_pause(r->run, false);
    r->paused = false;
    if (r->run && !run_plan(r->run)->continue_when_gone)
        run_cancel(r->run, CANCEL_GONE);
}

static void on_drained(void *ctx)
{
    struct reply *r = ctx;
    if (!r->paused)
        return;
    r->paused = false;
    run_pause(r->run, false);
}

static void on_heartbeat(void *ctx)
{
    static const char comment[] = ": \n\n";
    struct reply *r = ctx;
    int64_t due = r->last_ms + r->service->limits.heartbeat_ms - loop_now(r->service->env.loop);
    if (due <= 0) {
        reply_write(r, comment, sizeof comment - 1);
        due = r->service->limits.heartbeat_ms;
    }
    timer_start(r->heartbeat, due);
}

/* ---- the end ---- */

static void log_agents(struct log_line *line, const struct plan *plan)
{
    struct buf ids;
    buf_init(&ids, BUF_SMALL);
    for (size_t i = 0; i < plan->agent_count; i++)
        buf_printf(&ids, "%s%s", i ? "," : "", plan->agents[i].agent.id);
    log_str(line, "agents", buf_str(&ids));
    buf_release(&ids);
}

static void log_begin_call(
    struct service *s, const struct admission *a, enum status st, struct log_line *line)
{
    log_begin(s->log, line, status_http(st) >= 500 ? LOG_LEVEL_WARN : LOG_LEVEL_INFO,
        a->kind == REQUEST_HEALTH ? "health" : "call");
}

static void log_refusal(
    struct service *s, const struct admission *a, size_t bytes, const struct error *err)
{
    struct log_line line;
    enum status st = err ? err->status : STATUS_OK;
    log_begin_call(s, a, st, &line);
    log_str(&line, "client", a->client[0] ? a->client : NULL);
    log_int(&line, "status", status_http(st));
    log_int(&line, "bytes", (int64_t)bytes);
    log_str(&line, "error", err ? err->text : NULL);
    log_end(s->log, &line);
}

static void log_call(struct reply *r, const struct error *err)
{
    struct log_line line;
    enum status st = err ? err->status : STATUS_OK;
    const struct plan *plan = run_plan(r->run);
    int64_t first = -1;
    log_begin_call(r->service, &r->admission, st, &line);
    log_str(&line, "run", plan->id);
    log_str(&line, "client", r->admission.client);
    log_agents(&line, plan);
    log_int(&line, "status", status_http(st));
    log_int(&line, "bytes", (int64_t)r->bytes);
    for (size_t i = 0; i < run_agent_count(r->run); i++) {
        int64_t ms = run_agent_at(r->run, i)->first_byte_ms;
        first = ms >= 0 && (first < 0 || ms < first) ? ms : first;
    }
    if (first >= 0)
        log_int(&line, "first_byte_ms", first);
    log_int(&line, "duration_ms", run_outcome(r->run)->duration_ms);
    log_str(&line, "error", err ? err->text : NULL);
    log_end(r->service->log, &line);
}

static void finish(struct reply *r, bool whole)
{
    struct sink *sink = r->sink;
    r->sink = NULL;
    timer_free(r->heartbeat);
    if (r->admission.counted)
        atomic_fetch_sub(&r->service->calls, 1);
    free(r->text);
    free(r);
    if (sink)
        sink->ops->end(sink, whole);
}

/* ---- what the run says ---- */

static void on_began(struct run_observer *o, struct run *run)
{
    struct reply *r = MEMBER_OF(struct reply, observer, o);
    r->run = run;
    if (!r->sink) { /* gone while it was recorded */
        if (!run_plan(run)->continue_when_gone)
            run_cancel(run, CANCEL_GONE);
        return;
    }
    r->text = calloc(run_agent_count(run), sizeof *r->text);
    if (!r->text) { /* nothing can be said: as if nobody listened */
        on_gone(r);
        return;
    }
    r->format->began(r);
    if (r->format->heartbeats && r->service->limits.heartbeat_ms > 0 &&
        (r->heartbeat = timer_new(r->service->env.loop, on_heartbeat, r)))
        timer_start(r->heartbeat, r->service->limits.heartbeat_ms);
}

static void on_event(struct run_observer *o, struct run *run, size_t agent, const struct event *e)
{
    (void)run;
    struct reply *r = MEMBER_OF(struct reply, observer, o);
    if (r->sink)
        r->format->event(r, agent, e);
}

static void on_ended(struct run_observer *o, struct run *run)
{
    struct reply *r = MEMBER_OF(struct reply, observer, o);
    const struct run_result *result = run_outcome(run);
    struct error err, told;
    bool whole = true;
    r->run = run;
    if (result->status) {
        error_set(&err, result->status, "%s", result->error ? result->error : "out of memory");
        reply_public_error(&err, run_plan(run)->id, &told);
        told.status = told.status == STATUS_CANCELED ? STATUS_UNAVAILABLE : told.status;
    }
    if (r->sink)
        whole = r->format->ended(r, result->status ? &told : NULL);
    log_call(r, result->status ? &err : NULL);
    r->run = NULL;
    finish(r, whole);
}

struct reply *reply_new(struct service *s, struct sink *sink, const struct admission *a)
{
    struct reply *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->observer =
        (struct run_observer){on_began, on_event, on_ended, .whole = a->format == REPLY_JSON};
    r->service = s;
    r->sink = sink;
    r->admission = *a;
    r->format = format_of(a->format);
    sink->gone = on_gone;
    sink->drained = on_drained;
    sink->ctx = r;
    return r;
}

struct run_observer *reply_observer(struct reply *r)
{
    return &r->observer;
}

/* ---- without a run ---- */

static void drop_body(struct buf *response)
{
    const char *blank = strstr(buf_str(response), "\r\n\r\n");
    if (blank)
        buf_truncate(response, (size_t)(blank - response->data) + 4);
}

void reply_refusal(
    struct service *s, const struct admission *a, const struct error *err, struct buf *out)
{
    static const char healthy[] = "Status: 200 OK\r\nContent-Type: text/plain\r\n"
                                  "Cache-Control: no-store\r\nContent-Length: 3\r\n\r\nok\n";
    struct error told;
    buf_reset(out);
    if (!err) {
        buf_adds(out, healthy);
    } else {
        reply_public_error(err, NULL, &told);
        if (a->kind == REQUEST_HEALTH && told.status == STATUS_STORE)
            told.status = STATUS_UNAVAILABLE;
        problem_response(&told, NULL, a->allow, out);
    }
    if (a->head_only)
        drop_body(out);
    log_refusal(s, a, out->len, err);
}

void reply_refuse(struct reply *r, const struct error *err)
{
    struct buf *out = &r->service->scratch;
    reply_refusal(r->service, &r->admission, err, out);
    reply_write(r, buf_str(out), out->len);
    finish(r, true);
}
