#include "net/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/units.h"

enum {
    LINGER_MS = 500, /* between its end and its output's, whichever comes first */
    READ_SIZE = 64 * 1024,
    LAST_READS = 8,
    TICK_MS = 20
};

enum { IN = SPAWN_IN, OUT = SPAWN_OUT, ERR = SPAWN_ERR, PIPES = SPAWN_PIPES };

struct child {
    struct children *all;
    struct child *next, **at;            /* in all */
    const struct child_handler *handler; /* NULL: closed, or its end was told */
    void *ctx;
    struct spawned program;
    struct watch *watches[PIPES];
    struct watch *exit_watch;
    struct timer *timer;
    struct buf tail;  /* of stderr */
    struct buf queue; /* for its stdin; the first sent bytes were written */
    size_t sent;
    bool closing, terminated;
};

static void close_pipe(struct child *c, int which)
{
    watch_free(c->watches[which]);
    c->watches[which] = NULL;
    if (c->program.pipes[which] >= 0)
        close(c->program.pipes[which]);
    c->program.pipes[which] = -1;
}

static void free_child(struct child *c)
{
    for (int i = 0; i < PIPES; i++)
        close_pipe(c, i);
    watch_free(c->exit_watch);
    timer_free(c->timer);
    spawn_release(&c->program);
    buf_release(&c->tail);
    buf_release(&c->queue);
    if (c->at)
        *c->at = c->next;
    if (c->next)
        c->next->at = c->at;
    free(c);
}

/* Up to size bytes of a pipe; 0: there are none now; -1: it ended. */
static ssize_t take(struct child *c, int which, char *bytes, size_t size)
{
    ssize_t n = c->program.pipes[which] < 0 ? 0 : read(c->program.pipes[which], bytes, size);
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : n > 0 ? n : -1;
}

/* ---- its end ---- */

static void explain(struct child *c, struct error *why)
{
    char bytes[4096];
    ssize_t n;
    for (int i = 0; i < LAST_READS && (n = take(c, ERR, bytes, sizeof bytes)) > 0; i++)
        spawn_tail_add(&c->tail, bytes, (size_t)n);
    if (c->program.pid > 0)
        error_set(why, STATUS_BACKEND, "the program closed its stdout");
    else if (!spawn_explain(&c->program, &c->tail, why))
        error_set(why, STATUS_BACKEND, "the program ended%s%s", c->tail.len ? ": " : "",
            buf_str(&c->tail));
}

static void tell_end(struct child *c)
{
    const struct child_handler *handler = c->handler;
    struct error why;
    c->handler = NULL;
    timer_stop(c->timer);
    close_pipe(c, OUT);
    if (!handler)
        return;
    explain(c, &why);
    handler->end(c->ctx, &why); /* may free it */
}

static void on_exit_ready(void *ctx, int events)
{
    (void)events;
    struct child *c = ctx;
    spawn_signal(&c->program, SIGKILL); /* whoever is left in its group */
    if (!spawn_reap(&c->program))
        return;
    watch_free(c->exit_watch);
    c->exit_watch = NULL;
    close_pipe(c, IN);
    if (c->closing)
        free_child(c);
    else if (c->program.pipes[OUT] < 0)
        tell_end(c);
    else
        timer_start(c->timer, LINGER_MS);
}

static void on_timer(void *ctx)
{
    struct child *c = ctx;
    if (!c->closing) {
        tell_end(c);
    } else if (!c->terminated) {
        c->terminated = true;
        spawn_signal(&c->program, SIGTERM);
        spawn_signal(&c->program, SIGCONT);
        timer_start(c->timer, CHILD_GRACE_MS);
    } else {
        spawn_signal(&c->program, SIGKILL);
    }
}

void child_close(struct child *c)
{
    c->closing = true;
    c->handler = NULL;
    close_pipe(c, IN);
    if (c->program.pid == 0)
        free_child(c);
    else
        timer_start(c->timer, CHILD_GRACE_MS);
}

/* ---- what is said ---- */

static void on_out_ready(void *ctx, int events)
{
    (void)events;
    struct child *c = ctx;
    char bytes[READ_SIZE];
    ssize_t n = take(c, OUT, bytes, sizeof bytes);
    if (n > 0 && c->handler) {
        c->handler->data(c->ctx, bytes, (size_t)n); /* may free it */
        return;
    }
    if (n >= 0)
        return;
    close_pipe(c, OUT);
    if (c->closing || !c->handler)
        return;
    if (c->program.pid == 0)
        tell_end(c);
    else
        timer_start(c->timer, LINGER_MS);
}

static void on_err_ready(void *ctx, int events)
{
    (void)events;
    struct child *c = ctx;
    char bytes[READ_SIZE];
    ssize_t n = take(c, ERR, bytes, sizeof bytes);
    if (n > 0)
        spawn_tail_add(&c->tail, bytes, (size_t)n);
    else if (n < 0)
        close_pipe(c, ERR);
}

/* Writes what can be written; what is left is watched for. */
static void flush(struct child *c)
{
    while (c->sent < c->queue.len) {
        ssize_t n = write(c->program.pipes[IN], c->queue.data + c->sent, c->queue.len - c->sent);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0) { /* it does not read any more; how it ended comes by itself */
            close_pipe(c, IN);
            return;
        }
        c->sent += (size_t)n;
    }
    if (c->sent == c->queue.len) {
        c->sent = 0;
        buf_shrink(&c->queue, READ_SIZE);
    } else if (c->sent > c->queue.len / 2) {
        buf_consume(&c->queue, c->sent);
        c->sent = 0;
    }
    watch_set(c->watches[IN], c->queue.len ? WATCH_WRITE : 0);
}

static void on_in_ready(void *ctx, int events)
{
    (void)events;
    flush(ctx);
}

enum status child_write(struct child *c, const char *bytes, size_t len, struct error *err)
{
    if (c->program.pipes[IN] < 0)
        return STATUS_OK;
    if (c->queue.len - c->sent + len > CHILD_QUEUE_MAX)
        return error_set(err, STATUS_UNAVAILABLE,
            "the program does not read: over %d bytes wait for it", CHILD_QUEUE_MAX);
    if (buf_add(&c->queue, bytes, len)) {
        c->queue.failed = STATUS_OK;
        return error_set(err, STATUS_NO_MEMORY, "out of memory for what a program is told");
    }
    flush(c);
    return STATUS_OK;
}

/* ---- its beginning ---- */

static bool watch_all(struct child *c)
{
    static void (*const ready[PIPES])(void *, int) = {on_in_ready, on_out_ready, on_err_ready};
    struct loop *l = c->all->loop;
    for (int i = 0; i < PIPES; i++) {
        c->watches[i] = watch_new(l, c->program.pipes[i], ready[i], c);
        if (!c->watches[i])
            return false;
        watch_set(c->watches[i], i == IN ? 0 : WATCH_READ);
    }
    c->exit_watch = watch_new(l, c->program.pidfd, on_exit_ready, c);
    if (c->exit_watch)
        watch_set(c->exit_watch, WATCH_READ);
    c->timer = timer_new(l, on_timer, c);
    return c->exit_watch && c->timer;
}

enum status child_start(struct children *all, const struct spawn_request *program,
    const struct child_handler *handler, void *ctx, struct child **out, struct error *err)
{
    struct child *c = calloc(1, sizeof *c);
    if (!c)
        return error_set(err, STATUS_NO_MEMORY, "out of memory for a program");
    c->all = all;
    c->handler = handler;
    c->ctx = ctx;
    spawn_tail_init(&c->tail);
    buf_init(&c->queue, 2 * (size_t)CHILD_QUEUE_MAX);
    enum status st = spawn_program(&c->program, program, err);
    if (!st && !watch_all(c))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory for a program");
    if (st) {
        free_child(c);
        return st;
    }
    c->next = all->first;
    c->at = &all->first;
    if (c->next)
        c->next->at = &c->next;
    all->first = c;
    *out = c;
    return STATUS_OK;
}

/* ---- all of them ---- */

void children_init(struct children *all, struct loop *l)
{
    *all = (struct children){.loop = l};
}

/* Frees those that have ended, and reads what the others say, so that they can end. */
static void reap_all(struct children *all)
{
    char bytes[READ_SIZE];
    for (struct child *c = all->first, *next; c; c = next) {
        next = c->next;
        for (int i = 0; i < LAST_READS; i++) {
            take(c, OUT, bytes, sizeof bytes);
            take(c, ERR, bytes, sizeof bytes);
        }
        struct pollfd ended = {.fd = c->program.pidfd, .events = POLLIN};
        if (c->program.pid > 0 && poll(&ended, 1, 0) == 1)
            spawn_signal(&c->program, SIGKILL);
        if (spawn_reap(&c->program))
            free_child(c);
    }
}

static void wait_all(struct children *all, int64_t ms)
{
    int64_t until = units_mono_ms() + ms;
    for (reap_all(all); all->first && units_mono_ms() < until; reap_all(all)) {
        struct pollfd ended = {.fd = all->first->program.pidfd, .events = POLLIN};
        poll(&ended, 1, TICK_MS);
    }
}

void children_end(struct children *all)
{
    for (struct child *c = all->first; c; c = c->next) {
        c->handler = NULL;
        close_pipe(c, IN);
    }
    wait_all(all, CHILD_LAST_EOF_MS);
    for (struct child *c = all->first; c; c = c->next) {
        spawn_signal(&c->program, SIGTERM);
        spawn_signal(&c->program, SIGCONT);
    }
    if (all->first)
        wait_all(all, CHILD_LAST_TERM_MS);
    while (all->first)
        free_child(all->first);
}
