/*
 * The one place of a process that writes while calls are in flight: a thread with its own
 * connection that takes all jobs that wait, applies them in one transaction, commits, and then says
 * to each how it went (group commit). Inline, for a process that has one call: no thread, each
 * submission is a transaction of its own.
 *
 * A job is embedded in what it is about and owned by who submits it; between submission and done
 * it belongs to the writer. Jobs are applied in the order of their submission.
 *
 * While jobs come so fast that waiting makes the transaction larger (store/gather.h), it waits
 * for as long as every job that it has can; else it commits at once.
 */
#ifndef MAGEC_STORE_WRITER_H
#define MAGEC_STORE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "base/status.h"
#include "store/store.h"

struct reader;

struct write_job {
    /* Inside the transaction; called again when that was rolled back because another job of it
     * failed. A failure is this job's alone, unless the transaction cannot be
     * committed: then all jobs of the batch fail with what the commit said. */
    enum status (*apply)(struct write_job *job, struct store *s, struct error *err);
    /* After the commit, on the writer's thread; must not block. err is valid during the call. */
    void (*done)(struct write_job *job, enum status result, const struct error *err);
    struct write_job *next; /* the writer's */
    int64_t patience_us;    /* how long it may wait for others at most; 0: not at all */
};

struct writer_options {
    bool in_line;          /* no thread: submit applies, commits and calls done before it returns */
    int64_t keep_age_ms;   /* retention of runs; 0: none */
    int64_t keep_count;    /* 0: none */
    int64_t prune_ms;      /* how often retention is applied; 0: every minute. Never when in line */
    struct reader *reader; /* writes the log back (store/checkpoint.h); NULL: each commit may */
    struct store *store;   /* in line: to write with, and the caller's to close; NULL: its own */
    struct log *log;       /* may be NULL */
    bool discard;          /* for measuring: jobs are not applied, and all succeed */
};

struct writer;

/* Opens its own connection, unless it was given one, and marks runs of dead processes as
 * interrupted. */
enum status writer_open(
    struct writer **out, const char *path, const struct writer_options *opts, struct error *err);
/* From any thread; never fails and never blocks on the store (inline: it does). */
void writer_submit(struct writer *w, struct write_job *job);
/* Applies what waits, then ends the thread; nothing is submitted any more. NULL is fine. */
void writer_stop(struct writer *w);
/* Stops it, and closes the connection. With a reader: the writer is stopped, the reader closed, and
 * then the writer, whose log the reader may still write back. */
void writer_close(struct writer *w);
/* Of this process, for run_begin.owner. */
int64_t writer_owner(const struct writer *w);
/* Transactions so far, and jobs in them. */
void writer_counts(struct writer *w, int64_t *transactions, int64_t *jobs);

#endif
