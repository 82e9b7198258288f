/*
 * A thread with its own connection that reads the store for those who must not wait. Jobs are done
 * in the order of their submission. A job is embedded in what it is about; between submission and
 * the call of read it belongs to the reader.
 */
#ifndef MAGEC_STORE_READER_H
#define MAGEC_STORE_READER_H

#include "store/store.h"

struct reader;

struct read_job {
    /* On the reader's thread. s is NULL when the store cannot be opened; why says it. It is tried
     * again for every job. */
    void (*read)(struct read_job *job, struct store *s, const struct error *why);
    struct read_job *next; /* the reader's */
};

/* The store itself is opened for the first job. path must live as long. */
enum status reader_open(struct reader **out, const char *path, struct error *err);
/* From any thread; never fails and never blocks on the store. */
void reader_submit(struct reader *r, struct read_job *job);
/* Does what waits, then ends the thread. NULL is fine. */
void reader_close(struct reader *r);

#endif
