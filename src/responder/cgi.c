#include "responder/cgi.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "responder/conn.h"
#include "responder/signals.h"
#include "webhook/problem.h"
#include "webhook/reply.h"
#include "webhook/webhook.h"

enum { REST_MS = 60 * 1000, REST_PIECE_MS = 5 * 1000 };

struct cgi {
    struct service service;
    struct store *store; /* open, if the call came so far */
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

/* The next piece of standard input: 0 is its end, -1 that none comes within the time. */
static ssize_t read_piece(int64_t ms, char *bytes, size_t room)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    int time = ms < 0 ? 0 : ms > INT_MAX ? INT_MAX : (int)ms;
    int ready;
    while ((ready = poll(&in, 1, time)) < 0 && errno == EINTR)
        ;
    return ready > 0 ? read(STDIN_FILENO, bytes, room) : -1;
}

/* Reads as far as was declared: some servers never close standard input. */
static enum status read_body(
    const struct limits *l, struct admission *a, struct buf *body, struct error *err)
{
    char bytes[16 * 1024];
    int64_t due = units_mono_ms() + l->request_timeout_ms;
    for (int64_t left = a->length > 0 ? a->length : 0; left > 0;) {
        int64_t time = due - units_mono_ms();
        size_t room = left < (int64_t)sizeof bytes ? (size_t)left : sizeof bytes;
        ssize_t n = read_piece(time > l->read_timeout_ms ? l->read_timeout_ms : time, bytes, room);
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

/*
 * Behind a reply to a request whose body was not read. mod_cgid's standard input is a socket:
 * closed with something unread, it takes the reply with it.
 */
static void read_rest(void)
{
    char bytes[16 * 1024];
    struct stat in;
    const char *declared = getenv(request_var_name(VAR_CONTENT_LENGTH));
    int64_t left = declared && *declared ? strtoll(declared, NULL, 10) : INT64_MAX;
    int64_t due = units_mono_ms() + REST_MS;
    ssize_t n = 1;
    if (fstat(STDIN_FILENO, &in) || !S_ISSOCK(in.st_mode))
        return;
    shutdown(STDOUT_FILENO, SHUT_WR);
    for (; n > 0 && left > 0; left -= n) {
        size_t room = left < (int64_t)sizeof bytes ? (size_t)left : sizeof bytes;
        int64_t time = due - units_mono_ms();
        n = read_piece(time > REST_PIECE_MS ? REST_PIECE_MS : time, bytes, room);
    }
}

/* From the request to the plan, in the order of the checks. */
static enum status receive(struct cgi *c, const struct request *r, const char *path,
    struct admission *a, struct plan *plan, struct error *err)
{
    struct service *s = &c->service;
    struct known *known = NULL;
    struct buf body;
    buf_init(&body, s->limits.max_body);
    enum status st = webhook_begin(r, a, err);
    if (!st)
        st = store_open(&c->store, path, STORE_WRITE, err);
    if (!st) {
        store_brief(c->store);
        st = webhook_ask(c->store, a, &known, err);
    }
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

/* ---- without a run: without a loop, too ---- */

static bool write_all(const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(STDOUT_FILENO, bytes, len);
        struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
        if (n < 0 && errno == EAGAIN)
            poll(&p, 1, -1);
        else if (n < 0 && errno != EINTR)
            return false;
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* Health when there is no error. */
static bool refuse(struct service *s, const struct admission *a, const struct error *err)
{
    struct buf out;
    buf_init(&out, 64 * BUF_SMALL);
    reply_refusal(s, a, err, &out);
    bool whole = write_all(buf_str(&out), out.len);
    buf_release(&out);
    if (whole && !a->body_read)
        read_rest();
    return whole;
}

/* ---- a run ---- */

/* Reports the failure of what it needs to begin. */
static enum status run_call(
    struct cgi *c, const struct admission *a, struct plan *plan, struct error *err)
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
    if (run_new(s, plan, reply_observer(reply), &run, err))
        reply_refuse(reply, err);
    else
        run_submit(run);
    loop_run(s->env.loop);
    while (atomic_load(&s->calls) > 0) /* the caller is gone before the run has ended */
        loop_turn(s->env.loop);
    return STATUS_OK;
}

static enum status answer(struct cgi *c, const struct service_options *so,
    const struct admission *a, struct plan *plan, struct error *err)
{
    struct signals signals = {.fd = -1};
    enum status st = service_start(&c->service, so, err);
    if (!st)
        st = signals_open(&signals, c->service.env.loop, on_stop, c, err);
    if (!st)
        st = run_call(c, a, plan, err);
    signals_close(&signals);
    return st;
}

int cgi_unusable(void)
{
    struct error err;
    struct buf out;
    buf_init(&out, BUF_SMALL);
    error_set(&err, STATUS_INTERNAL,
        "the responder is not set up as it must be: the web server's error log says why");
    problem_response(&err, NULL, NULL, &out);
    bool whole = write_all(buf_str(&out), out.len);
    buf_release(&out);
    if (whole)
        read_rest();
    return whole ? 0 : 1;
}

int cgi_main(const struct options *o, struct log *log)
{
    struct cgi c = {.whole = true};
    struct service_options so = {.store = o->store,
        .limits = o->limits,
        .log = log,
        .writer = {.keep_age_ms = o->keep_runs_ms,
            .keep_count = o->keep_runs,
            .in_line = true,
            .log = log}};
    struct error err = {.status = STATUS_OK};
    struct admission a;
    struct plan plan;
    struct request r = from_environment();
    plan_init(&plan);
    service_init(&c.service, &so);
    enum status st = receive(&c, &r, o->store, &a, &plan, &err);
    so.writer.store = c.store;
    if (!st && a.kind == REQUEST_CALL)
        st = answer(&c, &so, &a, &plan, &err);
    if (st || a.kind == REQUEST_HEALTH)
        c.whole = refuse(&c.service, &a, st ? &err : NULL);
    plan_release(&plan);
    if (c.whole) /* what is left to do, such as the end of a tool's server, is not waited for */
        close(STDOUT_FILENO);
    service_close(&c.service);
    if (!MAGEC_TIDY_EXIT) /* SQLite and OpenSSL would free all they have, piece by piece */
        _exit(c.whole ? 0 : 1);
    store_close(c.store);
    return c.whole ? 0 : 1;
}
