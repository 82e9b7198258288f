/*
 * Whether the writer waits for more jobs before it commits those it has.
 *
 * It does when, at the rate at which jobs have come lately, enough of them will come while the ones
 * at hand can wait: a transaction of many costs each of them a third of one of its own. Jobs can
 * wait a part of what calls take. Callers that go on only when the writer has answered are slowed
 * down by at most that part, and when they are few it never waits: n of them, each with two jobs a
 * call and the patience of a quarter of it, bring n / 2 jobs.
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

enum { GATHER_WINDOW_US = 50 * 1000 }; /* over which jobs are counted: they come in bursts */

struct gather {
    int64_t since_us; /* when this window began */
    int64_t count;    /* of jobs in it */
    int64_t lately;   /* how many the last one had */
};

void gather_init(struct gather *g, int64_t now_us);
/* A job was submitted. */
void gather_job(struct gather *g, int64_t now_us);
/* Whether to wait, when the first of the jobs at hand must not wait beyond due_us. */
bool gather_pays(const struct gather *g, int64_t now_us, int64_t due_us);

#endif
