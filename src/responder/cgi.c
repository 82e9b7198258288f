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
#include "webhook/webhook.h"

struct cgi {
    struct service service;
    const char *store;
    bool whole;
};

bool cgi_is_one(void)
{
    return getenv("GATEWAY_INTERFACE") || getenv("REQUEST_METHOD");
}

static struct request from_environment(void)
{
    struct request r = {.needs_length = true};
    for (enum request_var v = 0; v < VAR_COUNT_; v++)
        r.vars[v] = getenv(request_var_name(v));
    return r;
}

/* Reads as far as was declared: some servers never close standard input. */
static enum status read_body(
    const struct limits *l, struct admission *a, struct buf *body, struct error *err)
{
    char bytes[16 * 1024];
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    for (int64_t left = a->length > 0 ? a->length : 0; left > 0;) {
        int ready;
        while ((ready = poll(&in, 1, (int)l->read_timeout_ms)) < 0 && errno == EINTR)
            ;
        size_t room = left < (int64_t)sizeof bytes ? (size_t)left : sizeof bytes;
        ssize_t n = ready > 0 ? read(STDIN_FILENO, bytes, room) : -1;
        if (n < 0)
            return error_set(err, STATUS_BAD_REQUEST, "the body did not arrive");
        if (n == 0)
            return STATUS_OK;
        left -= n;
        if (a->wants_body)
            buf_add(body, bytes, (size_t)n);
    }
    a->body_read = true;
    return STATUS_OK;
}

/* From the request to the plan, in the order of the checks. */
static enum status receive(struct cgi *c, const struct request *r, struct admission *a,
    struct plan *plan, struct error *err)
{
    struct service *s = &c->service;
    struct store *store = NULL;
    struct known *known = NULL;
    struct buf body;
    buf_init(&body, s->limits.max_body);
    enum status st = webhook_begin(r, a, err);
    if (!st)
        st = store_open(&store, c->store, STORE_READ, err);
    if (!st)
        st = webhook_ask(store, a, &known, err);
    store_close(store);
    if (!st && known) {
        st = webhook_admit(s, a, known, err);
        if (!st)
            st = webhook_expect(s, r, a, known, err);
        if (!st)
            st = read_body(&s->limits, a, &body, err);
        if (st == STATUS_BAD_REQUEST && !a->wants_body) /* it means nothing */
            st = STATUS_OK;
        if (!st)
            st = webhook_plan(s, r, a, known, &body, plan, err);
    }
    known_release(known);
    buf_release(&body);
    return st;
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
    struct admission a;
    struct error told;
    struct buf out;
    log_message(log, LOG_LEVEL_ERROR, "cannot answer", err);
    if (!webhook_begin(r, &a, &told)) { /* which comes before the store */
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
    struct cgi c = {.store = o->store, .whole = true};
    struct service_options so = {.store = o->store,
        .limits = o->limits,
        .log = log,
        .writer = {.in_line = true, .log = log}};
    struct error err = {.status = STATUS_OK};
    struct signals signals = {.fd = -1};
    struct admission a;
    struct plan plan;
    struct request r = from_environment();
    plan_init(&plan);
    enum status st = service_open(&c.service, &so, &err);
    if (!st)
        st = signals_open(&signals, c.service.env.loop, on_stop, &c, &err);
    if (!st) {
        enum status received = receive(&c, &r, &a, &plan, &err);
        st = answer(&c, &a, &plan, received, &err);
    }
    int rc = st ? say_problem(&r, log, &err) : c.whole ? 0 : 1;
    signals_close(&signals);
    plan_release(&plan);
    service_close(&c.service);
    return rc;
}
