#include "responder/incoming.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "responder/record.h"
#include "webhook/arrival.h"

#define MEMBER_OF(type, member, pointer)                                                           \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

enum { COMING = WATCH_READ | WATCH_HANGUP }; /* what it waits for; also while it is answered */

struct incoming {
    struct incoming_env *env;
    int fd;
    struct watch *watch;
    struct timer *timer; /* while a request is incomplete */
    int64_t due_ms;      /* when it must be complete; 0: nothing of it came yet */
    struct record_reader records;
    struct buf params;
    bool too_many; /* parameters */
    bool complete; /* all of the request was read */
    bool lost;     /* some of it, for want of memory */
    bool keep;
    struct arrival arrival;
    struct buf held;               /* read, but not looked at: while the arrival waits */
    struct incoming *next, **self; /* in env->coming */
};

/* ---- life ---- */

/* Everything but the descriptor and its watch. */
static void dissolve(struct incoming *c)
{
    arrival_release(&c->arrival);
    buf_release(&c->params);
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
static void go_on(struct arrival *a);

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
    buf_init(&c->held, INCOMING_READ_SIZE);
    arrival_init(&c->arrival, env->service, go_on);
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

static void answer(struct incoming *c)
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
    struct sink *sink = conn_new(s->env.loop, &o);
    if (!sink) { /* nothing can be said */
        incoming_free(c);
        return;
    }
    arrival_answer(&c->arrival, sink, c->complete);
    dissolve(c);
}

/* ---- what comes ---- */

/* Terminates the values where they stand: the names before them make the room. */
static void read_params(struct incoming *c)
{
    struct record_piece name, value;
    const char *at = c->params.data;
    const char **vars = c->arrival.request.vars;
    size_t left = c->params.len;
    while (record_pair(&at, &left, &name, &value)) {
        enum request_var v = request_var_find(name.bytes, name.len);
        if (v == VAR_COUNT_ || vars[v])
            continue;
        char *to = c->params.data + (value.bytes - c->params.data) - 1;
        memmove(to, value.bytes, value.len);
        to[value.len] = 0;
        vars[v] = to;
    }
}

static void on_params(struct incoming *c)
{
    struct error err;
    if (c->too_many) {
        error_set(&err, STATUS_BAD_REQUEST,
            "the request's header fields are larger than the limit of %zu bytes",
            c->env->max_params);
        arrival_refuse(&c->arrival, &err);
        return;
    }
    read_params(c);
    arrival_begin(&c->arrival);
}

/* No more of the body will come. */
static void cut_off(struct incoming *c)
{
    struct error err;
    error_set(&err, STATUS_BAD_REQUEST, "the body was cut off on its way");
    arrival_refuse(&c->arrival, &err);
}

/* A few bytes that are no reply, on a connection that has none in its way. */
static bool say(const struct incoming *c, const struct record_piece *p)
{
    return send(c->fd, p->bytes, p->len, MSG_NOSIGNAL) == (ssize_t)p->len;
}

/* One piece. False: the connection is given up. */
static bool take_piece(struct incoming *c, enum record_kind kind, const struct record_piece *p)
{
    switch (kind) {
    case RECORD_BEGIN:
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
        arrival_body(&c->arrival, p->bytes, p->len);
        return true;
    case RECORD_BODY_END:
        c->complete = true;
        arrival_complete(&c->arrival);
        return true;
    case RECORD_ABORT:
        if (c->arrival.state == ARRIVAL_NEW)
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
    while (!c->complete && c->arrival.state != ARRIVAL_WAITS &&
           (kind = record_next(&c->records, &at, &left, &piece)) != RECORD_MORE) {
        if (take_piece(c, kind, &piece))
            continue;
        incoming_free(c);
        return false;
    }
    if (c->complete && left) /* behind the end of the request */
        c->keep = false;
    if (c->arrival.state == ARRIVAL_WAITS) {
        stop_reading(c);
        c->lost = !c->complete && buf_add(&c->held, at, left);
        return false;
    }
    if (!c->complete && c->arrival.state != ARRIVAL_REFUSED)
        return true;
    answer(c);
    return false;
}

/* ---- reading ---- */

/* Nothing came for too long, or the web server has closed its side. */
static void on_silence(void *ctx)
{
    struct incoming *c = ctx;
    if (c->arrival.state == ARRIVAL_BODY) {
        cut_off(c);
        answer(c);
    } else {
        incoming_free(c);
    }
}

/* How long until more must have come. */
static int64_t patience(struct incoming *c)
{
    const struct limits *l = &c->env->service->limits;
    int64_t now = loop_now(c->env->service->env.loop);
    if (!c->due_ms)
        c->due_ms = now + l->request_timeout_ms;
    int64_t left = c->due_ms > now ? c->due_ms - now : 0;
    return left < l->read_timeout_ms ? left : l->read_timeout_ms;
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
    timer_start(c->timer, patience(c));
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

/* The arrival has waited: goes on with what was held. */
static void go_on(struct arrival *a)
{
    struct incoming *c = MEMBER_OF(struct incoming, arrival, a);
    struct buf held = c->held;
    buf_init(&c->held, INCOMING_READ_SIZE);
    if (c->lost)
        cut_off(c);
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
        bool idle = !c->records.id && record_between(&c->records);
        if (idle || (hurry && c->arrival.state != ARRIVAL_WAITS))
            incoming_free(c);
    }
}
