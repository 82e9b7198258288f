/*
 * The deadlines of one exchange as one timer: which of them runs follows from what was seen last.
 */
#ifndef MAGEC_NET_DEADLINE_H
#define MAGEC_NET_DEADLINE_H

#include "base/deadlines.h"
#include "net/loop.h"

enum deadline_phase { DEADLINE_CONNECT, DEADLINE_FIRST_BYTE, DEADLINE_IDLE };

struct deadline {
    struct loop *loop;
    struct timer *timer;
    struct deadlines limits;
    enum deadline_phase phase;
    bool held;        /* paused by ourselves: silence is not the other side's */
    int64_t began_ms; /* the whole exchange */
    int64_t since_ms; /* the phase, or the last byte */
    void (*expired)(void *ctx);
    void *ctx;
};

/* Starts in DEADLINE_CONNECT. A limit of 0 or less is none. expired is called once. */
enum status deadline_start(struct deadline *d, struct loop *l, const struct deadlines *limits,
    void (*expired)(void *ctx), void *ctx);
/* The connection stands; bytes came. Cheap: the timer is only looked at when it fires. */
void deadline_phase(struct deadline *d, enum deadline_phase phase);
/* While the exchange is paused for a slow reader only the total counts. */
void deadline_hold(struct deadline *d, bool held);
/* The limits were changed. */
void deadline_rearm(struct deadline *d);
void deadline_stop(struct deadline *d);
/* After it expired: STATUS_TIMEOUT and which one: "no answer within 120s (first byte
 * deadline)". */
enum status deadline_error(const struct deadline *d, struct error *err);

#endif
