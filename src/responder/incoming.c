#include "responder/incoming.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "responder/record.h"
#include "webhook/reply.h"

#define MEMBER_OF(type, member, pointer)                                                           \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

enum {
    COMING = WATCH_READ | WATCH_HANGUP, /* what a connection waits for while it replies, too */
    PLAN_HERE_MAX = 64 * 1024 /* a larger body is looked at by the reader: it may take a while */
};

enum phase {
    WAITING, /* for a request */
    PARAMS,
    ASKING, /* the store */
    BODY,
    REFUSED, /* as BODY, but it is for nothing */
    PLANNING
};

struct incoming {
    struct incoming_env *env;
    int fd;
    struct watch *watch;
    struct timer *timer; /* while a request is incomplete */
    struct record_reader records;
    enum phase phase;
    bool complete; /* all of the request was read */
    bool keep;
    struct buf params;
    bool too_many; /* parameters */
    struct request request;
    struct admission admission;
    struct known *known;
    struct buf body;
    struct plan plan;
    struct error err; /* of REFUSED */
    struct buf held;  /* read, but not looked at: while the store is asked */
    struct read_job ask;
    struct job back;
    struct incoming *next, **self; /* in env->coming */
};

/* ---- life ---- */

static void clear_request(struct incoming *c)
{
    known_release(c->known);
    c->known = NULL;
    buf_release(&c->params);
    buf_release(&c->body);
    plan_release(&c->plan);
}

/* Everything but the descriptor and its watch. */
static void dissolve(struct incoming *c)
{
    clear_request(c);
    buf_release(&c->held);
    timer_free(c->timer);
    *c->self = c->next;
    if (c->next)
        c->next->self = c->self;
    free(c);
}

static void incoming_free(struct incoming *c)
{
    c->env->open--;
    if (c->watch)
        watch_close(c->watch);
    else
        close(c->fd);
    dissolve(c);
}

static void on_ready(void *ctx, int events);

static struct incoming *make(struct incoming_env *env, int fd, struct watch *watch)
{
    struct incoming *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->env = env;
    c->fd = fd;
    c->watch = watch;
    c->next = env->coming.first;
    c->self = &env->coming.first;
    if (c->next)
        c->next->self = &c->next;
    env->coming.first = c;
    record_reader_init(&c->records);
    buf_init(&c->params, env->max_params);
    buf_init(&c->body, env->service->limits.max_body);
    buf_init(&c->held, INCOMING_READ_SIZE);
    plan_init(&c->plan);
    return c;
}

static void on_closed(void *ctx, bool whole)
{
    (void)whole;
    struct incoming_env *env = ctx;
    env->open--;
}

/* A reply has ended, and its connection is for the next request. */
static void on_again(void *ctx, int fd, struct watch *watch)
{
    struct incoming_env *env = ctx;
    struct incoming *c = env->closing ? NULL : make(env, fd, watch);
    if (!c) {
        watch_close(watch);
        env->open--;
        return;
    }
    watch_aim(watch, on_ready, c);
    watch_set(watch, COMING);
}

static void stop_reading(struct incoming *c)
{
    if (c->watch)
        watch_set(c->watch, 0);
    if (c->timer)
        timer_stop(c->timer);
}

/* ---- the answer ---- */

static struct sink *take_over(const struct incoming *c)
{
    struct service *s = c->env->service;
    struct conn_options o = {.fd = c->fd,
        .framing = CONN_FASTCGI,
        .watch = c->watch,
        .request_id = c->records.id,
        .linger = !c->complete,
        .keep = c->keep && c->complete,
        .write_timeout_ms = s->limits.write_timeout_ms,
        .cap = s->scratch.cap,
        .list = &c->env->replying,
        .closed = on_closed,
        .again = on_again,
        .ctx = c->env};
    return conn_new(s->env.loop, &o);
}

static void answer(struct incoming *c)
{
    struct service *s = c->env->service;
    struct admission *a = &c->admission;
    a->body_read = c->complete;
    struct sink *sink = take_over(c);
    struct reply *reply = sink ? reply_new(s, sink, a) : NULL;
    struct run *run;
    if (!reply) { /* nothing can be said */
        if (a->counted)
            atomic_fetch_sub(&s->calls, 1);
        if (!sink) {
            incoming_free(c);
            return;
        }
        sink->ops->end(sink, false);
        dissolve(c);
        return;
    }
    enum status st = c->err.status;
    if (!st && a->kind == REQUEST_CALL)
        st = run_new(s, &c->plan, reply_observer(reply), &run, &c->err);
    if (!st && a->kind == REQUEST_CALL)
        run_submit(run);
    else
        reply_refuse(reply, st ? &c->err : NULL);
    dissolve(c);
}

/* ---- parameters ---- */

/* Terminates names and values where they stand: the lengths before them make the room. */
static void read_params(struct incoming *c)
{
    struct record_piece name, value;
    const char *at = c->params.data;
    size_t left = c->params.len;
    while (record_pair(&at, &left, &name, &value)) {
        enum request_var v = request_var_find(name.bytes, name.len);
        if (v == VAR_COUNT_ || c->request.vars[v])
            continue;
        char *to = c->params.data + (value.bytes - c->params.data) - 1;
        memmove(to, value.bytes, value.len);
        to[value.len] = 0;
        c->request.vars[v] = to;
    }
}

static void refuse(struct incoming *c)
{
    c->phase = REFUSED;
    buf_release(&c->body);
}

/* The client is known: is the call admitted? False: the store has the last word on that. */
static bool admit(struct incoming *c, bool final)
{
    struct service *s = c->env->service;
    enum status st = webhook_admit(s, &c->admission, c->known, &c->err);
    if (!final && (st == STATUS_UNAUTHORIZED || st == STATUS_FORBIDDEN)) {
        known_release(c->known);
        c->known = NULL;
        c->err.status = STATUS_OK;
        return false;
    }
    c->phase = BODY;
    if (!st)
        st = webhook_expect(s, &c->request, &c->admission, c->known, &c->err);
    c->err.status = st;
    if (st)
        refuse(c);
    return true;
}

static void resume(struct incoming *c);

static void on_asked(struct job *job)
{
    struct incoming *c = MEMBER_OF(struct incoming, back, job);
    if (c->known) {
        known_cache_put(&c->env->service->known, c->known);
        admit(c, true);
    } else if (c->err.status) {
        refuse(c);
    } else { /* health */
        c->phase = BODY;
    }
    resume(c);
}

/* On the reader's thread. */
static void ask(struct read_job *job, struct store *s, const struct error *why)
{
    struct incoming *c = MEMBER_OF(struct incoming, ask, job);
    c->err.status = STATUS_OK;
    if (!s)
        c->err = *why;
    else
        c->err.status = webhook_ask(s, &c->admission, &c->known, &c->err);
    c->back.run = on_asked;
    loop_post(c->env->service->env.loop, &c->back);
}

static void on_params(struct incoming *c)
{
    struct service *s = c->env->service;
    if (c->too_many)
        error_set(&c->err, STATUS_BAD_REQUEST,
            "the request's header fields are larger than the limit of %zu bytes",
            c->env->max_params);
    read_params(c);
    if (!c->too_many)
        c->err.status = webhook_begin(&c->request, &c->admission, &c->err);
    if (c->err.status) {
        refuse(c);
        return;
    }
    struct known *known = known_cache_get(&s->known, c->admission.client);
    if (known && c->admission.kind == REQUEST_CALL) {
        c->known = known_hold(known);
        if (admit(c, false))
            return;
    }
    c->phase = ASKING;
    c->ask.read = ask;
    reader_submit(s->reader, &c->ask);
}

/* ---- the plan ---- */

static void make_plan(struct incoming *c)
{
    c->err.status = webhook_plan(
        c->env->service, &c->request, &c->admission, c->known, &c->body, &c->plan, &c->err);
}

static void on_planned(struct job *job)
{
    answer(MEMBER_OF(struct incoming, back, job));
}

/* On the reader's thread. */
static void plan_there(struct read_job *job, struct store *s, const struct error *why)
{
    (void)s, (void)why;
    struct incoming *c = MEMBER_OF(struct incoming, ask, job);
    make_plan(c);
    c->back.run = on_planned;
    loop_post(c->env->service->env.loop, &c->back);
}

/* The request is complete, or it is refused. */
static void conclude(struct incoming *c)
{
    if (c->timer)
        timer_stop(c->timer);
    if (c->phase != BODY || c->admission.kind == REQUEST_HEALTH) {
        answer(c);
    } else if (c->body.len <= PLAN_HERE_MAX) {
        make_plan(c);
        answer(c);
    } else {
        c->phase = PLANNING;
        stop_reading(c);
        c->ask.read = plan_there;
        reader_submit(c->env->service->reader, &c->ask);
    }
}

/* ---- reading ---- */

/* No more of the body will come. */
static void cut_off(struct incoming *c)
{
    if (!c->err.status)
        error_set(&c->err, STATUS_BAD_REQUEST, "the body was cut off on its way");
    refuse(c);
}

/* Nothing came for too long, or the web server has closed its side. */
static void on_silence(void *ctx)
{
    struct incoming *c = ctx;
    if (c->phase == BODY) {
        cut_off(c);
        answer(c);
    } else {
        incoming_free(c);
    }
}

/* A few bytes that are no reply, on a connection that has none in its way. */
static bool say(const struct incoming *c, const struct record_piece *p)
{
    return send(c->fd, p->bytes, p->len, MSG_NOSIGNAL) == (ssize_t)p->len;
}

static void take_body(struct incoming *c, const struct record_piece *p)
{
    if (c->phase != BODY || !c->admission.wants_body || !buf_add(&c->body, p->bytes, p->len))
        return;
    make_plan(c); /* which says what is wrong with it */
    refuse(c);
}

/* One piece. False: the connection is given up. */
static bool take_piece(struct incoming *c, enum record_kind kind, const struct record_piece *p)
{
    switch (kind) {
    case RECORD_BEGIN:
        c->phase = PARAMS;
        c->keep = c->records.keep;
        return true;
    case RECORD_PARAMS:
        if (buf_add(&c->params, p->bytes, p->len))
            c->too_many = true;
        return true;
    case RECORD_PARAMS_END:
        on_params(c);
        return true;
    case RECORD_BODY:
        take_body(c, p);
        return true;
    case RECORD_BODY_END:
        c->complete = true;
        return true;
    case RECORD_ABORT:
        if (c->phase == PARAMS)
            return false;
        cut_off(c);
        return true;
    case RECORD_ANSWER:
        return say(c, p);
    default:
        return false; /* RECORD_BROKEN */
    }
}

/* Looks at what was read. False: c is answered or gone, or waits for something else than bytes. */
static bool look(struct incoming *c, const char *at, size_t left)
{
    struct record_piece piece;
    enum record_kind kind = RECORD_MORE;
    while (!c->complete && c->phase != ASKING &&
           (kind = record_next(&c->records, &at, &left, &piece)) != RECORD_MORE) {
        if (take_piece(c, kind, &piece))
            continue;
        incoming_free(c);
        return false;
    }
    if (c->phase == ASKING) {
        stop_reading(c);
        if (buf_add(&c->held, at, left))
            c->keep = false; /* out of memory: the body will be short */
        return false;
    }
    if (left) /* behind the end of the request */
        c->keep = false;
    if (!c->complete && c->phase != REFUSED)
        return true;
    conclude(c);
    return false;
}

/* Waits for more. */
static void wait(struct incoming *c)
{
    struct service *s = c->env->service;
    if (!c->watch)
        c->watch = watch_new(s->env.loop, c->fd, on_ready, c);
    if (!c->timer)
        c->timer = timer_new(s->env.loop, on_silence, c);
    if (!c->watch || !c->timer || !watch_set(c->watch, COMING)) {
        incoming_free(c);
        return;
    }
    timer_start(c->timer, s->limits.read_timeout_ms);
}

static void read_more(struct incoming *c)
{
    struct incoming_env *env = c->env;
    for (;;) {
        ssize_t n = read(c->fd, env->bytes, sizeof env->bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            wait(c);
            return;
        }
        if (n <= 0) {
            on_silence(c);
            return;
        }
        if (!look(c, env->bytes, (size_t)n))
            return;
        if ((size_t)n < sizeof env->bytes) { /* all there was */
            wait(c);
            return;
        }
    }
}

static void on_ready(void *ctx, int events)
{
    (void)events;
    read_more(ctx);
}

/* Goes on with what was held. */
static void resume(struct incoming *c)
{
    struct buf held = c->held;
    buf_init(&c->held, INCOMING_READ_SIZE);
    if (look(c, buf_str(&held), held.len))
        read_more(c);
    buf_release(&held);
}

void incoming_new(struct incoming_env *env, int fd)
{
    struct incoming *c = make(env, fd, NULL);
    if (!c) {
        close(fd);
        return;
    }
    env->open++;
    read_more(c);
}

void incoming_drop(struct incoming_env *env, bool hurry)
{
    for (struct incoming *c = env->coming.first, *next; c; c = next) {
        next = c->next;
        if (c->phase == WAITING && record_between(&c->records))
            incoming_free(c);
        else if (hurry && c->phase != ASKING && c->phase != PLANNING)
            incoming_free(c);
    }
}
