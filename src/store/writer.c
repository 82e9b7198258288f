#include "store/writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/units.h"
#include "store/checkpoint.h"
#include "store/down.h"
#include "store/gather.h"
#include "store/internal.h"
#include "store/owner.h"
#include "store/run.h"

enum {
    PRUNE_EVERY_MS = 60 * 1000,
    PRUNE_MIN = 20,
    PRUNE_MAX = 200,
    PRUNE_PAUSE_MS = 5,
    BATCH_MAX = 1000
};

struct writer {
    struct store *store;
    struct owner *owner;
    struct checkpoints checkpoints; /* the thread's own */
    struct writer_options opts;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct write_job *first, *last; /* under lock, like all below */
    size_t queued;
    int64_t due_us;   /* none of them waits beyond that */
    int64_t until_us; /* the thread is asleep until then; what is due later need not wake it */
    struct gather gather;
    bool stop;
    bool running;
    int64_t transactions, jobs;
    int64_t jobs_pruned;   /* how many there had been; the thread's own, like the next */
    int64_t next_prune_ms; /* of the monotonic clock; the thread's own */
};

static struct timespec timespec_of(int64_t us)
{
    return (struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
}

/* What one job of a transaction came to, until the commit says what all of them did. */
struct verdict {
    enum status status;
    struct error *error; /* of a job that failed alone, or NULL */
};

/* All jobs or none; *apart says that one of several failed. */
static enum status apply_together(
    struct writer *w, struct write_job *job, size_t count, bool *apart, struct error *err)
{
    enum status st = store_begin(w->store, err);
    *apart = false;
    for (size_t i = 0; !st && i < count; job = job->next, i++)
        if ((st = job->apply(job, w->store, err)))
            *apart = count > 1;
    if (!st)
        st = store_commit(w->store, err);
    if (st)
        store_rollback(w->store);
    return st;
}

static void apply_one(struct writer *w, struct write_job *job, struct verdict *v)
{
    struct error err = {.text = ""};
    v->status = sql_begin(w->store, &err); /* a job of several changes fails whole */
    if (!v->status)
        v->status = sql_end(w->store, job->apply(job, w->store, &err), &err);
    if (v->status && (v->error = malloc(sizeof err)))
        *v->error = err;
}

/* Each with a savepoint, which costs as much as some jobs do. */
static enum status apply_apart(
    struct writer *w, struct write_job *job, size_t count, struct verdict *v, struct error *err)
{
    enum status st = store_begin(w->store, err);
    for (size_t i = 0; !st && i < count; job = job->next, i++) {
        apply_one(w, job, &v[i]);
        if (v[i].status && !store_in_transaction(w->store)) { /* a full disk ends it all */
            st = v[i].status;
            if (v[i].error)
                *err = *v[i].error;
        }
    }
    if (!st)
        st = store_commit(w->store, err);
    if (st)
        store_rollback(w->store);
    return st;
}

static enum status apply_all(
    struct writer *w, struct write_job *first, size_t count, struct verdict *v, struct error *err)
{
    bool apart;
    if (w->opts.discard)
        return STATUS_OK;
    enum status st = store_same_file(w->store, err);
    if (st)
        return st;
    st = apply_together(w, first, count, &apart, err);
    return apart ? apply_apart(w, first, count, v, err) : st;
}

static void apply_batch(struct writer *w, struct write_job *first, size_t count)
{
    struct verdict verdicts[BATCH_MAX];
    struct error err = {.text = ""};
    memset(verdicts, 0, count * sizeof *verdicts);
    enum status whole = apply_all(w, first, count, verdicts, &err);
    pthread_mutex_lock(&w->lock);
    w->transactions++;
    w->jobs += (int64_t)count;
    pthread_mutex_unlock(&w->lock);
    struct write_job *next;
    for (size_t i = 0; i < count; i++, first = next) {
        next = first->next; /* done may free it */
        const struct verdict *v = &verdicts[i];
        enum status st = v->status ? v->status : whole;
        first->done(first, st, st ? (v->error ? v->error : &err) : NULL);
        free(v->error);
    }
}

static bool has_retention(const struct writer *w)
{
    return (w->opts.keep_age_ms || w->opts.keep_count) && !w->opts.discard;
}

/* The transaction is for what is there to delete, which mostly is nothing. */
static enum status prune_batch(struct writer *w, int64_t batch, int64_t *deleted, struct error *err)
{
    const struct writer_options *o = &w->opts;
    bool due;
    enum status st = run_prune_due(w->store, o->keep_age_ms, o->keep_count, &due, err);
    if (st || !due)
        return st;
    st = store_begin(w->store, err);
    if (!st)
        st = run_prune(w->store, o->keep_age_ms, o->keep_count, batch, deleted, err);
    if (!st)
        st = store_commit(w->store, err);
    if (st)
        store_rollback(w->store);
    return st;
}

/* A few at a time, and no longer behind than what comes: two jobs are one run. */
static void prune(struct writer *w)
{
    int64_t now = units_mono_ms(), deleted = 0, batch = w->jobs - w->jobs_pruned;
    struct error err;
    if (!has_retention(w) || now < w->next_prune_ms)
        return;
    if (batch < PRUNE_MIN)
        batch = PRUNE_MIN;
    if (batch > PRUNE_MAX)
        batch = PRUNE_MAX;
    enum status st = prune_batch(w, batch, &deleted, &err);
    if (st)
        log_message(w->opts.log, LOG_LEVEL_WARN, "old runs could not be removed", &err);
    int64_t pause = w->opts.prune_ms ? w->opts.prune_ms : PRUNE_EVERY_MS;
    if (!st && deleted == batch && pause > PRUNE_PAUSE_MS)
        pause = PRUNE_PAUSE_MS;
    w->jobs_pruned = w->jobs;
    w->next_prune_ms = now + pause;
}

/* Waits for the first job, or until retention is due. */
static void wait_for_first(struct writer *w)
{
    bool pruning = has_retention(w);
    struct timespec due = timespec_of(w->next_prune_ms * 1000);
    int rc = 0;
    w->until_us = INT64_MAX;
    while (!w->first && !w->stop && rc != ETIMEDOUT) {
        if (pruning)
            rc = pthread_cond_timedwait(&w->more, &w->lock, &due);
        else
            pthread_cond_wait(&w->more, &w->lock);
    }
    w->until_us = 0;
}

/* Waits for more, if that is worth it. */
static void wait_for_company(struct writer *w)
{
    if (!w->first || !gather_pays(&w->gather, units_mono_us(), w->due_us))
        return;
    int rc = 0;
    while (!w->stop && w->queued < BATCH_MAX && rc != ETIMEDOUT) {
        struct timespec until = timespec_of(w->due_us);
        w->until_us = w->due_us;
        rc = pthread_cond_timedwait(&w->more, &w->lock, &until);
    }
    w->until_us = 0;
}

/* Takes at most a batch. */
static struct write_job *take(struct writer *w, size_t *count, bool *stop)
{
    pthread_mutex_lock(&w->lock);
    wait_for_first(w);
    wait_for_company(w);
    struct write_job *first = w->first, *last = first;
    *count = first ? 1 : 0;
    while (last && last->next && *count < BATCH_MAX) {
        last = last->next;
        ++*count;
    }
    w->first = last ? last->next : NULL;
    w->queued -= *count;
    if (!w->first)
        w->last = NULL;
    *stop = w->stop;
    pthread_mutex_unlock(&w->lock);
    return first;
}

static void *work(void *ctx)
{
    struct writer *w = ctx;
    for (;;) {
        size_t count;
        bool stop;
        struct write_job *first = take(w, &count, &stop);
        if (first)
            apply_batch(w, first, count);
        else if (stop)
            return NULL;
        prune(w);
        checkpoints_turn(&w->checkpoints, w->store);
    }
}

static enum status start_thread(struct writer *w, struct error *err)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&w->thread, NULL, work, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc)
        return error_set(err, STATUS_INTERNAL, "cannot start the writer's thread");
    w->running = true;
    return STATUS_OK;
}

enum status writer_open(
    struct writer **out, const char *path, const struct writer_options *opts, struct error *err)
{
    struct writer *w = calloc(1, sizeof *w);
    if (!w)
        return error_set(err, STATUS_NO_MEMORY, "out of memory for the store");
    w->opts = *opts;
    w->next_prune_ms = units_mono_ms();
    gather_init(&w->gather, units_mono_us());
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->more, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&w->lock, NULL);
    w->store = opts->store;
    enum status st = w->store ? STATUS_OK : store_open(&w->store, path, STORE_WRITE, err);
    if (!st)
        st = owner_open(&w->owner, path, err);
    if (!st)
        st = run_interrupt_dead(w->store, NULL, err);
    if (!st && !opts->in_line)
        st = down_forget_dead(w->store, err);
    if (!st && opts->reader)
        checkpoints_begin(&w->checkpoints, w->store, opts->reader);
    if (!st && !opts->in_line)
        st = start_thread(w, err);
    if (st)
        writer_close(w);
    else
        *out = w;
    return st;
}

void writer_submit(struct writer *w, struct write_job *job)
{
    job->next = NULL;
    if (w->opts.in_line) {
        apply_batch(w, job, 1);
        return;
    }
    pthread_mutex_lock(&w->lock);
    int64_t now = units_mono_us(), due = now + job->patience_us;
    gather_job(&w->gather, now);
    if (w->first)
        w->last->next = job;
    else
        w->first = job;
    w->last = job;
    if (w->queued++ == 0 || due < w->due_us)
        w->due_us = due;
    if (due < w->until_us || w->queued == BATCH_MAX) {
        w->until_us = 0; /* once is enough */
        pthread_cond_signal(&w->more);
    }
    pthread_mutex_unlock(&w->lock);
}

void writer_stop(struct writer *w)
{
    if (!w || !w->running)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    w->running = false;
}

void writer_close(struct writer *w)
{
    if (!w)
        return;
    writer_stop(w);
    if (w->opts.in_line && w->jobs) /* no thread did */
        prune(w);
    if (!w->opts.store)
        store_close(w->store);
    owner_close(w->owner);
    pthread_cond_destroy(&w->more);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

int64_t writer_owner(const struct writer *w)
{
    return owner_id(w->owner);
}

void writer_counts(struct writer *w, int64_t *transactions, int64_t *jobs)
{
    pthread_mutex_lock(&w->lock);
    *transactions = w->transactions;
    *jobs = w->jobs;
    pthread_mutex_unlock(&w->lock);
}
