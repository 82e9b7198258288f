#include "responder/cgi.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "responder/conn.h"
#include "responder/signals.h"
#include "webhook/problem.h"
#include "webhook/reply.h"
#include "webhook/steps.h"

struct cgi {
    struct service service;
    bool whole;
};

bool cgi_is_one(void)
{
    return getenv("GATEWAY_INTERFACE") || getenv("REQUEST_METHOD");
}

static const char *param(const struct request *r, const char *name)
{
    (void)r;
    return getenv(name);
}

static enum status read_some(
    struct request *r, char *bytes, size_t room, size_t *got, struct error *err)
{
    const int64_t *timeout_ms = r->ctx;
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    int ready;
    while ((ready = poll(&in, 1, (int)*timeout_ms)) < 0 && errno == EINTR)
        ;
    ssize_t n = ready > 0 ? read(STDIN_FILENO, bytes, room) : -1;
    *got = n > 0 ? (size_t)n : 0;
    return n < 0 ? error_set(err, STATUS_BAD_REQUEST, "the body did not arrive") : STATUS_OK;
}

static void on_closed(void *ctx, bool whole)
{
    struct cgi *c = ctx;
    c->whole = whole;
    loop_stop(c->service.env.loop);
}

static void on_stop(void *ctx)
{
    struct cgi *c = ctx;
    run_cancel_all(&c->service, CANCEL_GONE);
}

/* A service that could not be opened leaves only words. */
static int say_problem(const struct request *r, struct log *log, const struct error *err)
{
    struct admission a = {.kind = REQUEST_CALL};
    struct error told;
    struct buf out;
    log_message(log, LOG_LEVEL_ERROR, "cannot answer", err);
    if (!step_path(r, &a, &told) && !step_method(r, &a, &told)) { /* what comes before the store */
        reply_public_error(err, NULL, &told);
        if (a.kind == REQUEST_HEALTH)
            told.status = STATUS_UNAVAILABLE;
    }
    buf_init(&out, BUF_SMALL);
    problem_response(&told, NULL, a.allow, &out);
    ssize_t n = write(STDOUT_FILENO, buf_str(&out), out.len);
    buf_release(&out);
    return n < 0 ? 1 : 0;
}

static enum status answer(
    struct cgi *c, const struct admission *a, struct plan *plan, enum status st, struct error *err)
{
    struct service *s = &c->service;
    struct conn_options o = {.fd = STDOUT_FILENO,
        .framing = CONN_PLAIN,
        .write_timeout_ms = s->limits.write_timeout_ms,
        .cap = s->scratch.cap,
        .closed = on_closed,
        .ctx = c};
    struct sink *sink = conn_new(s->env.loop, &o);
    struct reply *reply = sink ? reply_new(s, sink, a) : NULL;
    struct run *run;
    if (!reply) {
        free(sink);
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    if (!st && a->kind == REQUEST_CALL)
        st = run_new(s, plan, reply_observer(reply), &run, err);
    if (!st && a->kind == REQUEST_CALL)
        run_submit(run);
    else
        reply_refuse(reply, st ? err : NULL);
    loop_run(s->env.loop);
    return STATUS_OK;
}

int cgi_main(const struct options *o, struct log *log)
{
    struct cgi c = {.whole = true};
    struct service_options so = {.store = o->store,
        .limits = o->limits,
        .log = log,
        .writer = {.in_line = true, .log = log}};
    struct error err = {.status = STATUS_OK}, why = {.text = ""};
    struct signals signals = {.fd = -1};
    struct admission a;
    struct plan plan;
    struct intake in = {.service = &c.service, .store_error = &why};
    struct request r = {.param = param, .read = read_some, .needs_length = true};
    int64_t timeout_ms = o->limits.read_timeout_ms;
    r.ctx = &timeout_ms;
    plan_init(&plan);
    enum status st = service_open(&c.service, &so, &err);
    if (!st)
        st = signals_open(&signals, c.service.env.loop, on_stop, &c, &err);
    if (!st && store_open(&in.store, o->store, STORE_READ, &why))
        in.store = NULL;
    if (!st) {
        enum status received = webhook_receive(&in, &r, &a, &plan, &err);
        st = answer(&c, &a, &plan, received, &err);
    }
    int rc = st ? say_problem(&r, log, &err) : c.whole ? 0 : 1;
    signals_close(&signals);
    plan_release(&plan);
    store_close(in.store);
    service_close(&c.service);
    return rc;
}
