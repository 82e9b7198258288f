/*
 * Programs that are talked to for long: what they say comes as it is said, and what is said to them
 * is queued. They are held together by the struct children of who starts them, which sees to it
 * that none is left over.
 */
#ifndef MAGEC_NET_CHILD_H
#define MAGEC_NET_CHILD_H

#include "net/loop.h"
#include "net/spawn.h"

enum {
    CHILD_QUEUE_MAX = 8 * 1024 * 1024, /* bytes that wait for it to read */
    CHILD_GRACE_MS = 2000,    /* from the end of its stdin to SIGTERM, and from there to SIGKILL */
    CHILD_LAST_EOF_MS = 1000, /* the same, in children_end */
    CHILD_LAST_TERM_MS = 500
};

struct child;

struct children {
    struct loop *loop;
    struct child *first; /* all that are not yet reaped, also closed ones */
};

struct child_handler {
    /* Some of its stdout. */
    void (*data)(void *ctx, const char *bytes, size_t len);
    /* Once: it is gone, or has closed its stdout. Nothing comes any more; it is still to be closed.
     * why is "the program ...", with the tail of its stderr. */
    void (*end)(void *ctx, const struct error *why);
};

void children_init(struct children *all, struct loop *l);
/* Ends those that are left, at most 1.5 s from now, without turning the loop: the end of stdin,
 * SIGTERM, SIGKILL, each to all at once. Those that have not been closed must not be used after. */
void children_end(struct children *all);

/* Handlers are called on the loop, never from within a function of this file; they may close it.
 * STATUS_CONFIG when the program cannot be started, and why. */
enum status child_start(struct children *all, const struct spawn_request *program,
    const struct child_handler *handler, void *ctx, struct child **out, struct error *err);
/* STATUS_UNAVAILABLE: it reads too little, and nothing of this was queued. What is written to one
 * that is gone is lost. */
enum status child_write(struct child *c, const char *bytes, size_t len, struct error *err);
/* Nothing is called any more. It gets the end of its stdin and, as long as it does not end, SIGTERM
 * and SIGKILL, with its group; all that on the loop, after this. */
void child_close(struct child *c);

#endif
