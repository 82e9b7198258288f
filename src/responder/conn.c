#include "responder/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "responder/record.h"

enum {
    RECORD_MAX = 0xFFF8, /* content of one record; a multiple of 8 needs no padding */
    LINGER_MS = 2000,
    CUT_AFTER_MS = 100,   /* a server that gets text and cut in one piece may take them for whole */
    KEEP_ALLOCATED = 4096 /* of the buffer, between two writes */
};

struct conn {
    struct sink sink; /* first: the sink is the connection */
    struct conn_options o;
    struct loop *loop;
    struct watch *watch;
    struct timer *timer; /* while the server takes nothing, or for the linger */
    struct buf out;
    size_t sent;
    size_t record; /* where the record begins that can still grow, plus 1; 0: none */
    struct job flush;
    bool early; /* something came before the reply had ended: it is left where it is */
    bool ended, whole, gone, lingering, cutting;
    int64_t ended_ms;          /* when */
    struct conn *next, **self; /* in o.list */
};

/* Everything but the descriptor and its watch. */
static void dissolve(struct conn *c)
{
    loop_undefer(c->loop, &c->flush);
    if (c->self) {
        *c->self = c->next;
        if (c->next)
            c->next->self = c->self;
    }
    timer_free(c->timer);
    buf_release(&c->out);
    free(c);
}

static void conn_free(struct conn *c)
{
    const struct conn_options o = c->o;
    bool whole = c->whole && !c->gone;
    if (c->watch && o.framing == CONN_FASTCGI)
        watch_close(c->watch);
    else if (o.framing == CONN_FASTCGI)
        close(o.fd);
    else
        watch_free(c->watch);
    dissolve(c);
    if (o.closed)
        o.closed(o.ctx, whole);
}

/* The next request may come. */
static void give_back(struct conn *c)
{
    const struct conn_options o = c->o;
    struct watch *watch = c->watch;
    dissolve(c);
    o.again(o.ctx, o.fd, watch);
}

/* ---- framing ---- */

static void begin_record(struct conn *c, int type)
{
    unsigned char head[RECORD_HEADER] = {FCGI_VERSION, (unsigned char)type,
        (unsigned char)(c->o.request_id >> 8), (unsigned char)c->o.request_id};
    c->record = c->out.len + 1;
    buf_add(&c->out, head, sizeof head);
}

static size_t record_length(const struct conn *c)
{
    const unsigned char *head = (const unsigned char *)c->out.data + c->record - 1;
    return (size_t)head[4] << 8 | head[5];
}

static void grow_record(struct conn *c, const char *bytes, size_t len)
{
    size_t now = record_length(c) + len;
    if (buf_add(&c->out, bytes, len))
        return;
    c->out.data[c->record - 1 + 4] = (char)(now >> 8);
    c->out.data[c->record - 1 + 5] = (char)now;
}

static void frame(struct conn *c, const char *bytes, size_t len)
{
    while (len && !c->out.failed) {
        if (!c->record || record_length(c) == RECORD_MAX)
            begin_record(c, FCGI_STDOUT);
        if (c->out.failed)
            return;
        size_t room = RECORD_MAX - record_length(c), n = len < room ? len : room;
        grow_record(c, bytes, n);
        bytes += n;
        len -= n;
    }
}

static void frame_end(struct conn *c)
{
    static const char end_body[8] = {0}; /* application status 0, FCGI_REQUEST_COMPLETE */
    begin_record(c, FCGI_STDOUT);
    begin_record(c, FCGI_END_REQUEST);
    if (!c->out.failed)
        grow_record(c, end_body, sizeof end_body);
}

/* What tells a web server that the response is cut off. Closing the connection is not enough: nginx
 * takes it for the end of a response that declares no length. A record of no known version is an
 * error to all of them. */
static void frame_cut(struct conn *c)
{
    static const char broken[RECORD_HEADER] = {0};
    c->record = 0;
    buf_add(&c->out, broken, sizeof broken);
}

/* ---- sending ---- */

static void on_timer(void *ctx);

static void lose(struct conn *c)
{
    if (c->gone)
        return;
    c->gone = true;
    if (c->ended)
        conn_free(c);
    else if (c->sink.gone)
        c->sink.gone(c->sink.ctx); /* which ends the sink */
}

/* The same as for a request that comes, so that nothing changes when a reply begins and ends. */
static int idle_events(const struct conn *c)
{
    if (c->o.framing == CONN_PLAIN)
        return WATCH_ERROR; /* a CGI's socket may be half-closed from the beginning */
    return c->early ? WATCH_HANGUP : WATCH_READ | WATCH_HANGUP;
}

/* Made when it is needed: most connections never wait. NULL when out of memory. */
static struct timer *timer_of(struct conn *c)
{
    if (!c->timer)
        c->timer = timer_new(c->loop, on_timer, c);
    return c->timer;
}

static void finish(struct conn *c)
{
    if (c->o.framing == CONN_FASTCGI && !c->whole && !c->cutting && timer_of(c)) {
        c->cutting = true;
        timer_start(c->timer, CUT_AFTER_MS);
        return;
    }
    if (c->o.keep && c->whole && c->watch) {
        give_back(c);
        return;
    }
    if (c->o.framing == CONN_PLAIN || !c->o.linger || !c->watch) {
        conn_free(c);
        return;
    }
    c->lingering = true;
    shutdown(c->o.fd, SHUT_WR);
    watch_set(c->watch, WATCH_READ);
    if (timer_of(c))
        timer_start(c->timer, LINGER_MS);
    else
        conn_free(c);
}

static void wait_for_room(struct conn *c)
{
    if (!c->watch) { /* a file: it always takes what it is given */
        struct pollfd p = {.fd = c->o.fd, .events = POLLOUT};
        poll(&p, 1, (int)c->o.write_timeout_ms);
        loop_defer(c->loop, &c->flush);
        return;
    }
    watch_set(c->watch, idle_events(c) | WATCH_WRITE);
    if (timer_of(c))
        timer_start(c->timer, c->o.write_timeout_ms);
}

/* Whether all was sent. */
static bool send_queued(struct conn *c)
{
    while (c->sent < c->out.len) {
        const char *rest = c->out.data + c->sent;
        ssize_t n = c->o.framing == CONN_FASTCGI
                        ? send(c->o.fd, rest, c->out.len - c->sent, MSG_NOSIGNAL)
                        : write(c->o.fd, rest, c->out.len - c->sent);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            wait_for_room(c);
            return false;
        }
        if (n < 0) {
            lose(c);
            return false;
        }
        c->sent += (size_t)n;
    }
    return true;
}

static void flush(struct job *job)
{
    struct conn *c = (struct conn *)(void *)((char *)job - offsetof(struct conn, flush));
    c->record = 0;
    if (c->out.failed) {
        lose(c);
        return;
    }
    if (!send_queued(c))
        return;
    buf_shrink(&c->out, KEEP_ALLOCATED);
    c->sent = 0;
    if (c->watch)
        watch_set(c->watch, idle_events(c));
    if (c->timer)
        timer_stop(c->timer);
    if (c->ended)
        finish(c);
    else if (c->sink.drained)
        c->sink.drained(c->sink.ctx);
}

/* ---- events ---- */

static void read_away(struct conn *c)
{
    char bytes[16 * 1024];
    ssize_t n = read(c->o.fd, bytes, sizeof bytes);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        conn_free(c);
}

static void on_ready(void *ctx, int events)
{
    struct conn *c = ctx;
    if (c->lingering) {
        read_away(c);
    } else if (events & (WATCH_HANGUP | WATCH_ERROR)) {
        lose(c);
    } else if (events & WATCH_WRITE) {
        flush(&c->flush);
    } else if (events & WATCH_READ) {
        c->early = true;
        watch_set(c->watch, idle_events(c));
    }
}

static void on_timer(void *ctx)
{
    struct conn *c = ctx;
    if (c->lingering) {
        conn_free(c);
    } else if (c->cutting && !c->out.len) {
        frame_cut(c);
        flush(&c->flush);
    } else {
        lose(c);
    }
}

/* ---- the sink ---- */

static void enlist(struct conn *c)
{
    if (!c->o.list)
        return;
    c->next = c->o.list->first;
    c->self = &c->o.list->first;
    if (c->next)
        c->next->self = &c->next;
    c->o.list->first = c;
}

void conn_list_drop(struct conn_list *list, int64_t after_ms)
{
    for (struct conn *c = list->first, *next; c; c = next) {
        next = c->next;
        if (c->ended && loop_now(c->loop) - c->ended_ms >= after_ms)
            conn_free(c);
    }
}

static void conn_write(struct sink *s, const char *bytes, size_t len)
{
    struct conn *c = (struct conn *)(void *)s;
    if (c->o.framing == CONN_FASTCGI)
        frame(c, bytes, len);
    else
        buf_add(&c->out, bytes, len);
    loop_defer(c->loop, &c->flush);
}

static size_t conn_unsent(const struct sink *s)
{
    const struct conn *c = (const struct conn *)(const void *)s;
    return c->out.len - c->sent;
}

static void conn_end(struct sink *s, bool whole)
{
    struct conn *c = (struct conn *)(void *)s;
    c->ended = true;
    c->ended_ms = loop_now(c->loop);
    c->whole = whole;
    if (c->gone) {
        conn_free(c);
        return;
    }
    if (whole && c->o.framing == CONN_FASTCGI)
        frame_end(c);
    loop_defer(c->loop, &c->flush);
}

static const struct sink_ops ops = {conn_write, conn_unsent, conn_end};

struct sink *conn_new(struct loop *l, const struct conn_options *o)
{
    struct conn *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->sink.ops = &ops;
    c->o = *o;
    c->loop = l;
    c->flush.run = flush;
    buf_init(&c->out, o->cap);
    enlist(c);
    c->watch = o->watch ? o->watch : watch_new(l, o->fd, on_ready, c);
    if (!c->watch)
        return &c->sink;
    watch_aim(c->watch, on_ready, c);
    if (!watch_set(c->watch, idle_events(c))) { /* a file */
        watch_free(c->watch);
        c->watch = NULL;
    } else if (o->framing == CONN_PLAIN) {
        fcntl(o->fd, F_SETFL, fcntl(o->fd, F_GETFL) | O_NONBLOCK);
    }
    return &c->sink;
}
