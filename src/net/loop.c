#include "net/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

struct queue {
    struct job *first;
    struct job *last;
};

struct loop {
    uv_loop_t uv;
    uv_async_t wake;
    uv_prepare_t before_wait;
    pthread_mutex_t lock;
    struct queue posted; /* under lock */
    struct queue deferred;
    atomic_bool stop;
};

struct timer {
    uv_timer_t uv;
    void (*fire)(void *ctx);
    void *ctx;
};

struct watch {
    uv_poll_t uv;
    void (*ready)(void *ctx, int events);
    void *ctx;
    int events;
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
    if (atomic_load(&l->stop))
        uv_stop(&l->uv);
}

static void run_deferred(uv_prepare_t *handle)
{
    struct loop *l = handle->data;
    while (l->deferred.first) {
        struct job *job = l->deferred.first;
        l->deferred.first = job->next;
        job->queued = false;
        job->run(job);
    }
}

enum status loop_open(struct loop **out, struct error *err)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l)
        return error_set(err, STATUS_NO_MEMORY, "out of memory for the event loop");
    int rc = uv_loop_init(&l->uv);
    if (rc) {
        free(l);
        return error_set(err, STATUS_INTERNAL, "cannot make an event loop: %s", uv_strerror(rc));
    }
    pthread_mutex_init(&l->lock, NULL);
    atomic_init(&l->stop, false);
    l->wake.data = l->before_wait.data = l;
    rc = uv_async_init(&l->uv, &l->wake, run_posted);
    if (!rc)
        rc = uv_prepare_init(&l->uv, &l->before_wait);
    if (!rc)
        rc = uv_prepare_start(&l->before_wait, run_deferred);
    if (rc) {
        loop_close(l);
        return error_set(err, STATUS_INTERNAL, "cannot wake an event loop: %s", uv_strerror(rc));
    }
    *out = l;
    return STATUS_OK;
}

static void close_own(uv_handle_t *handle, void *loop)
{
    struct loop *l = loop;
    if ((handle == (uv_handle_t *)&l->wake || handle == (uv_handle_t *)&l->before_wait) &&
        !uv_is_closing(handle))
        uv_close(handle, NULL);
}

void loop_close(struct loop *l)
{
    if (!l)
        return;
    uv_walk(&l->uv, close_own, l);
    uv_run(&l->uv, UV_RUN_NOWAIT); /* lets closed timers and watches be freed */
    uv_loop_close(&l->uv);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

void loop_run(struct loop *l)
{
    uv_run(&l->uv, UV_RUN_DEFAULT);
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

struct watch *watch_new(struct loop *l, int fd, void (*ready)(void *ctx, int events), void *ctx)
{
    struct watch *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    if (uv_poll_init(&l->uv, &w->uv, fd)) {
        free(w);
        return NULL;
    }
    w->uv.data = w;
    w->ready = ready;
    w->ctx = ctx;
    return w;
}

void watch_aim(struct watch *w, void (*ready)(void *ctx, int events), void *ctx)
{
    w->ready = ready;
    w->ctx = ctx;
}

static void watch_ready(uv_poll_t *handle, int status, int events)
{
    struct watch *w = handle->data;
    int ready = (events & UV_READABLE ? WATCH_READ : 0) | (events & UV_WRITABLE ? WATCH_WRITE : 0) |
                (events & UV_DISCONNECT ? WATCH_HANGUP : 0) |
                (events & UV_PRIORITIZED ? WATCH_ERROR : 0);
    if (status < 0) { /* libuv has stopped watching it */
        ready = w->events;
        w->events = 0;
    }
    w->ready(w->ctx, ready);
}

void watch_set(struct watch *w, int events)
{
    if (w->events == events)
        return;
    w->events = events;
    int asked = (events & WATCH_READ ? UV_READABLE : 0) | (events & WATCH_WRITE ? UV_WRITABLE : 0) |
                (events & WATCH_HANGUP ? UV_DISCONNECT : 0) |
                (events & WATCH_ERROR ? UV_PRIORITIZED : 0);
    if (asked)
        uv_poll_start(&w->uv, asked, watch_ready);
    else
        uv_poll_stop(&w->uv);
}

void watch_free(struct watch *w)
{
    if (w)
        uv_close((uv_handle_t *)&w->uv, free_handle);
}
