/*
 * Whether the writer waits for more jobs before it commits those it has.
 *
 * It does when, at the rate at which jobs have come lately, waiting brings enough of them: a
 * transaction of many costs each of them a third of one of its own. It does not when jobs are few,
 * and it stops when they stop: callers that wait for the writer before they go on send nothing
 * while it waits for them. A wait that was in vain makes the next ones rarer.
 *
 * No clock and no lock: times are microseconds of any clock that only goes forward.
 */
#ifndef MAGEC_STORE_GATHER_H
#define MAGEC_STORE_GATHER_H

#include <stdbool.h>
#include <stdint.h>

enum {
    GATHER_MIN = 16,        /* how many are worth a wait */
    GATHER_MIN_SHORT = 4,   /* how many are worth one that nobody notices */
    GATHER_SHORT_US = 1000, /* how long that is */
};

struct gather {
    int64_t last_us;     /* when a job came last */
    int64_t interval_16; /* between two jobs: a moving average, in sixteenths */
    int64_t quiet_us;    /* of this wait: how long without a job is its end */
    int64_t skip;        /* so many waits are left out */
    int64_t in_vain;     /* how many, the next time that one is in vain */
};

void gather_init(struct gather *g, int64_t now_us);
/* A job was submitted. */
void gather_job(struct gather *g, int64_t now_us);
/* Whether to wait, when the first of the jobs at hand must not wait beyond due_us. */
bool gather_begin(struct gather *g, int64_t now_us, int64_t due_us);
/* In a wait: until when, as things stand. Asked again when that time has come, since more jobs may
 * have: the wait is over when the answer is not later than now. */
int64_t gather_until(const struct gather *g, int64_t due_us);
/* The wait is over. full: as many jobs have come as a transaction takes. */
void gather_end(struct gather *g, int64_t now_us, int64_t due_us, bool full);

#endif
