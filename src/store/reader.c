#include "store/reader.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum { STACK_SIZE = 256 * 1024 };

struct reader {
    const char *path;
    struct store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct read_job *first, *last; /* under lock */
    bool stop;                     /* under lock */
    bool running;
};

/* NULL: nothing more will come. */
static struct read_job *take(struct reader *r)
{
    pthread_mutex_lock(&r->lock);
    while (!r->first && !r->stop)
        pthread_cond_wait(&r->more, &r->lock);
    struct read_job *job = r->first;
    if (job)
        r->first = job->next;
    pthread_mutex_unlock(&r->lock);
    return job;
}

static void *work(void *ctx)
{
    struct reader *r = ctx;
    struct error why = {.text = ""};
    for (struct read_job *job; (job = take(r));) {
        if (!r->store && store_open(&r->store, r->path, STORE_READ, &why))
            r->store = NULL;
        job->read(job, r->store, &why);
    }
    return NULL;
}

static enum status start_thread(struct reader *r, struct error *err)
{
    sigset_t all, old;
    pthread_attr_t attr;
    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&r->thread, &attr, work, r);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    if (rc)
        return error_set(err, STATUS_INTERNAL, "cannot start the thread that reads the store");
    r->running = true;
    return STATUS_OK;
}

enum status reader_open(struct reader **out, const char *path, struct error *err)
{
    struct reader *r = calloc(1, sizeof *r);
    if (!r)
        return error_set(err, STATUS_NO_MEMORY, "out of memory for the store");
    r->path = path;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->more, NULL);
    enum status st = start_thread(r, err);
    if (st)
        reader_close(r);
    else
        *out = r;
    return st;
}

void reader_submit(struct reader *r, struct read_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&r->lock);
    bool wake = !r->first;
    if (wake)
        r->first = job;
    else
        r->last->next = job;
    r->last = job;
    if (wake)
        pthread_cond_signal(&r->more);
    pthread_mutex_unlock(&r->lock);
}

void reader_close(struct reader *r)
{
    if (!r)
        return;
    if (r->running) {
        pthread_mutex_lock(&r->lock);
        r->stop = true;
        pthread_cond_signal(&r->more);
        pthread_mutex_unlock(&r->lock);
        pthread_join(r->thread, NULL);
    }
    store_close(r->store);
    pthread_cond_destroy(&r->more);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
