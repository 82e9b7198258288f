#include "net/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <uv.h>

#include "base/units.h"

enum { READY_BATCH = 512, BUSY_WINDOW_US = 50 * 1000 };

struct queue {
    struct job *first;
    struct job *last;
};

struct loop {
    uv_loop_t uv;
    uv_async_t wake;
    pthread_mutex_t lock;
    struct queue posted; /* under lock */
    struct queue deferred;
    atomic_bool stop;
    /* Descriptors have an epoll set of their own: of libuv's handles, each would take seven system
     * calls to come and go; this takes one or two. libuv, which keeps the timers and the wake-ups,
     * is one descriptor in it. */
    int set;
    bool dispatching;
    struct watch *dead; /* freed while what they wait for is looked at */
    /* Of this window: when it began, and how long it waited. Of the last one: how busy it was. */
    int64_t window_us, waited_us;
    int busy;
};

struct timer {
    uv_timer_t uv;
    void (*fire)(void *ctx);
    void *ctx;
};

struct watch {
    struct loop *loop;
    int fd;
    int events; /* what is waited for; 0: it is not in the set */
    void (*ready)(void *ctx, int events);
    void *ctx;
    struct watch *next; /* in loop->dead */
};

static bool queue_add(struct queue *q, struct job *job)
{
    bool was_empty = !q->first;
    job->next = NULL;
    if (was_empty)
        q->first = job;
    else
        q->last->next = job;
    q->last = job;
    return was_empty;
}

static void run_posted(uv_async_t *handle)
{
    struct loop *l = handle->data;
    pthread_mutex_lock(&l->lock);
    struct job *job = l->posted.first;
    l->posted.first = l->posted.last = NULL;
    pthread_mutex_unlock(&l->lock);
    while (job) {
        struct job *next = job->next;
        job->run(job);
        job = next;
    }
}

static void run_deferred(struct loop *l)
{
    while (l->deferred.first) {
        struct job *job = l->deferred.first;
        l->deferred.first = job->next;
        job->queued = false;
        job->run(job);
    }
}

/* ---- descriptors ---- */

static int ready_events(const struct watch *w, uint32_t got)
{
    int ready = (got & EPOLLIN ? WATCH_READ : 0) | (got & EPOLLOUT ? WATCH_WRITE : 0) |
                (got & EPOLLRDHUP ? WATCH_HANGUP : 0);
    if (got & (EPOLLHUP | EPOLLERR))
        ready = WATCH_READ | WATCH_WRITE | WATCH_HANGUP | WATCH_ERROR;
    return ready & w->events;
}

static void free_dead(struct loop *l)
{
    for (struct watch *w; (w = l->dead);) {
        l->dead = w->next;
        free(w);
    }
}

static int wait_for(struct loop *l, struct epoll_event *got, int timeout_ms)
{
    int64_t before = units_mono_us();
    int n = epoll_wait(l->set, got, READY_BATCH, timeout_ms);
    int64_t now = units_mono_us(), window = now - l->window_us;
    l->waited_us += now - before;
    if (window < BUSY_WINDOW_US)
        return n;
    l->busy = (int)(1000 - 1000 * l->waited_us / window);
    l->window_us = now;
    l->waited_us = 0;
    return n;
}

int loop_busy(const struct loop *l)
{
    return l->busy;
}

/* Waits for descriptors, at most so long, and says to each what it is ready for. */
static void dispatch(struct loop *l, int timeout_ms)
{
    struct epoll_event got[READY_BATCH];
    int n = wait_for(l, got, timeout_ms);
    uv_update_time(&l->uv);
    l->dispatching = true;
    for (int i = 0; i < n; i++) {
        struct watch *w = got[i].data.ptr;
        int ready = w ? ready_events(w, got[i].events) : 0; /* NULL is libuv; 0 also for the dead */
        if (ready)
            w->ready(w->ctx, ready);
    }
    l->dispatching = false;
    free_dead(l);
}

struct watch *watch_new(struct loop *l, int fd, void (*ready)(void *ctx, int events), void *ctx)
{
    struct watch *w = calloc(1, sizeof *w);
    if (w)
        *w = (struct watch){.loop = l, .fd = fd, .ready = ready, .ctx = ctx};
    return w;
}

void watch_aim(struct watch *w, void (*ready)(void *ctx, int events), void *ctx)
{
    w->ready = ready;
    w->ctx = ctx;
}

bool watch_set(struct watch *w, int events)
{
    int before = w->events;
    if (before == events)
        return true;
    struct epoll_event e = {.data.ptr = w};
    e.events = (events & WATCH_READ ? EPOLLIN : 0) | (events & WATCH_WRITE ? EPOLLOUT : 0) |
               (events & WATCH_HANGUP ? EPOLLRDHUP : 0);
    w->events = events;
    int op = !before ? EPOLL_CTL_ADD : events ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;
    if (!epoll_ctl(w->loop->set, op, w->fd, &e))
        return true;
    w->events = before;
    return false;
}

static void let_go(struct watch *w)
{
    w->events = 0;
    if (!w->loop->dispatching) {
        free(w);
        return;
    }
    w->next = w->loop->dead;
    w->loop->dead = w;
}

void watch_free(struct watch *w)
{
    if (!w)
        return;
    watch_set(w, 0);
    let_go(w);
}

void watch_close(struct watch *w)
{
    close(w->fd); /* which takes it out of the set */
    let_go(w);
}

/* ---- the loop ---- */

static int start(struct loop *l)
{
    struct epoll_event e = {.events = EPOLLIN};
    l->wake.data = l;
    l->window_us = units_mono_us();
    int rc = uv_async_init(&l->uv, &l->wake, run_posted);
    if (!rc && (l->set = epoll_create1(EPOLL_CLOEXEC)) < 0)
        rc = -errno;
    if (!rc && epoll_ctl(l->set, EPOLL_CTL_ADD, uv_backend_fd(&l->uv), &e))
        rc = -errno;
    return rc;
}

enum status loop_open(struct loop **out, struct error *err)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l)
        return error_set(err, STATUS_NO_MEMORY, "out of memory for the event loop");
    l->set = -1;
    int rc = uv_loop_init(&l->uv);
    if (rc) {
        free(l);
        return error_set(err, STATUS_INTERNAL, "cannot make an event loop: %s", uv_strerror(rc));
    }
    pthread_mutex_init(&l->lock, NULL);
    atomic_init(&l->stop, false);
    rc = start(l);
    if (rc) {
        loop_close(l);
        return error_set(err, STATUS_INTERNAL, "cannot make an event loop: %s", uv_strerror(rc));
    }
    *out = l;
    return STATUS_OK;
}

static void close_own(uv_handle_t *handle, void *loop)
{
    struct loop *l = loop;
    if (handle == (uv_handle_t *)&l->wake && !uv_is_closing(handle))
        uv_close(handle, NULL);
}

void loop_close(struct loop *l)
{
    if (!l)
        return;
    uv_walk(&l->uv, close_own, l);
    uv_run(&l->uv, UV_RUN_NOWAIT); /* lets closed timers be freed */
    uv_loop_close(&l->uv);
    if (l->set >= 0)
        close(l->set);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

void loop_turn(struct loop *l)
{
    run_deferred(l);
    dispatch(l, uv_backend_timeout(&l->uv));
    uv_run(&l->uv, UV_RUN_NOWAIT); /* what was posted, and timers */
}

void loop_run(struct loop *l)
{
    while (!atomic_load(&l->stop))
        loop_turn(l);
    atomic_store(&l->stop, false);
}

void loop_stop(struct loop *l)
{
    atomic_store(&l->stop, true);
    uv_async_send(&l->wake);
}

void loop_post(struct loop *l, struct job *job)
{
    pthread_mutex_lock(&l->lock);
    bool wake = queue_add(&l->posted, job);
    pthread_mutex_unlock(&l->lock);
    if (wake)
        uv_async_send(&l->wake);
}

void loop_defer(struct loop *l, struct job *job)
{
    if (job->queued)
        return;
    job->queued = true;
    queue_add(&l->deferred, job);
}

void loop_undefer(struct loop *l, struct job *job)
{
    if (!job->queued)
        return;
    job->queued = false;
    struct job *before = NULL;
    for (struct job **at = &l->deferred.first; *at; before = *at, at = &(*at)->next) {
        if (*at != job)
            continue;
        *at = job->next;
        if (l->deferred.last == job)
            l->deferred.last = before;
        return;
    }
}

int64_t loop_now(const struct loop *l)
{
    return (int64_t)uv_now(&l->uv);
}

static void timer_fired(uv_timer_t *handle)
{
    struct timer *t = handle->data;
    t->fire(t->ctx);
}

struct timer *timer_new(struct loop *l, void (*fire)(void *ctx), void *ctx)
{
    struct timer *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    uv_timer_init(&l->uv, &t->uv);
    t->uv.data = t;
    t->fire = fire;
    t->ctx = ctx;
    return t;
}

void timer_start(struct timer *t, int64_t ms)
{
    uv_timer_start(&t->uv, timer_fired, ms > 0 ? (uint64_t)ms : 0, 0);
}

void timer_stop(struct timer *t)
{
    uv_timer_stop(&t->uv);
}

static void free_handle(uv_handle_t *handle)
{
    free(handle->data);
}

void timer_free(struct timer *t)
{
    if (t)
        uv_close((uv_handle_t *)&t->uv, free_handle);
}
