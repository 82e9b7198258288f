/*
 * The loop: one thread that owns every call in flight. Everything here is called on that thread,
 * except loop_post and loop_stop. The only files that know libuv are in net/.
 */
#ifndef MAGEC_NET_LOOP_H
#define MAGEC_NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct loop;

/* Something to do on the loop; embedded in what it is about. */
struct job {
    void (*run)(struct job *job);
    struct job *next; /* the loop's */
    bool queued;      /* the loop's */
};

enum status loop_open(struct loop **out, struct error *err);
void loop_close(struct loop *l);
/* Waits until something happens, and does what comes of it. */
void loop_turn(struct loop *l);
/* Turns until loop_stop. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);
/* From any thread: runs the job on the loop, in the order of posting. */
void loop_post(struct loop *l, struct job *job);
/* On the loop: runs the job before the loop waits again; again while it is queued does nothing. */
void loop_defer(struct loop *l, struct job *job);
/* Takes a deferred job back. */
void loop_undefer(struct loop *l, struct job *job);
/* Milliseconds of a clock that only goes forward, as of this turn of the loop. */
int64_t loop_now(const struct loop *l);

/* How much of the time lately it had something to do, in thousandths. */
int loop_busy(const struct loop *l);

/* A timer fires once for each start. */
struct timer;
struct timer *timer_new(struct loop *l, void (*fire)(void *ctx), void *ctx);
void timer_start(struct timer *t, int64_t ms);
void timer_stop(struct timer *t);
void timer_free(struct timer *t); /* NULL is fine */

/* Readiness of a descriptor, which stays its owner's: the watch is freed before it is closed. */
enum {
    WATCH_READ = 1,
    WATCH_WRITE = 2,
    WATCH_HANGUP = 4, /* the other side has closed its half, or all of it */
    WATCH_ERROR = 8   /* both halves are closed, or the descriptor has failed */
};
struct watch;
/* Waits for nothing at first. NULL when out of memory. */
struct watch *watch_new(struct loop *l, int fd, void (*ready)(void *ctx, int events), void *ctx);
/* From now on it is somebody else's: ready is called with ctx. */
void watch_aim(struct watch *w, void (*ready)(void *ctx, int events), void *ctx);
/* What to wait for; 0 for nothing. A failed descriptor is ready for everything asked. False when
 * the descriptor cannot be watched (a regular file). */
bool watch_set(struct watch *w, int events);
void watch_free(struct watch *w); /* NULL is fine */
/* Frees it and closes its descriptor. */
void watch_close(struct watch *w);

#endif
