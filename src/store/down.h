/*
 * Backends that are down, as the processes that ask them see it: each process has a row for each
 * backend that it leaves alone. Rows of processes that are gone mean nothing.
 */
#ifndef MAGEC_STORE_DOWN_H
#define MAGEC_STORE_DOWN_H

#include "base/status.h"
#include "store/store.h"

struct down {
    const char *backend; /* its id */
    int64_t owner;       /* the process (owner.h) */
    int64_t since_ms;    /* Unix time */
    int64_t failures;    /* in a row, so far */
    const char *error;   /* of the last one; may be NULL */
};

/* When the row is there already, since_ms stays as it is. */
enum status down_set(struct store *s, const struct down *d, struct error *err);
enum status down_clear(struct store *s, const char *backend, int64_t owner, struct error *err);
/* Deletes the rows of processes that are gone. */
enum status down_forget_dead(struct store *s, struct error *err);
/* Visits the row of the living process that has been without the backend for the longest time;
 * nothing when there is none. The strings are valid during the call. */
enum status down_find(struct store *s, const char *backend,
    enum status (*visit)(void *ctx, const struct down *d), void *ctx, struct error *err);

#endif
