/*
 * When the store's log (SQLite's WAL) is written back into its file. SQLite would do that within
 * a commit every thousand pages, with two syncs, and everybody whose job is in the writer's queue
 * would wait for the disk. Here the reader's thread does it meanwhile; only when the log has become
 * long does the writer write back the little that came since, so that the log begins anew.
 */
#ifndef MAGEC_STORE_CHECKPOINT_H
#define MAGEC_STORE_CHECKPOINT_H

#include <stdatomic.h>

#include "store/reader.h"
#include "store/store.h"

enum {
    CHECKPOINT_PAGES = 1000,   /* that came since the last time: it is worth another */
    CHECKPOINT_RESTART = 4000, /* so long a log should begin anew */
    CHECKPOINT_MOST = 4 * 4000 /* so long a one is not waited with for the reader */
};

struct checkpoints {
    struct reader *reader;
    struct read_job job;
    atomic_bool running; /* on the reader's thread */
    int begun_at;        /* how long the log was then; the rest is the writer's own */
    bool fresh;          /* the reader has just written back most of it */
};

/* From now on the log of s grows until somebody writes it back. reader must live longer than the
 * last call of checkpoints_turn. */
void checkpoints_begin(struct checkpoints *c, struct store *s, struct reader *reader);
/* After a commit, on the writer's thread. */
void checkpoints_turn(struct checkpoints *c, struct store *s);

#endif
