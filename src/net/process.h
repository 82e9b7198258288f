/*
 * A child process on the loop: its own process group, three pipes, no shell, nothing inherited but
 * what is given.
 */
#ifndef MAGEC_NET_PROCESS_H
#define MAGEC_NET_PROCESS_H

#include "base/deadlines.h"
#include "base/strings.h"
#include "net/loop.h"

struct process;

struct process_request {
    const struct strings *argv; /* argv[0] with a slash, or looked up in PATH */
    const struct strings *env;  /* the whole environment: "NAME=value" */
    const char *folder;         /* where it begins; NULL: where this process is */
    const char *input;          /* written to its stdin, which is then closed; outlives it */
    size_t len;
    struct deadlines deadlines; /* connect is not used */
};

struct process_handler {
    /* Some of its stdout. */
    void (*data)(void *ctx, const char *bytes, size_t len);
    /* It is gone and its output was read to the end. OK: exit status 0. STATUS_BACKEND: how it
     * ended, with the tail of its stderr; STATUS_TIMEOUT; STATUS_CANCELED. */
    void (*end)(void *ctx, enum status result, const struct error *err);
};

/* STATUS_CONFIG when the program cannot be started, and why. */
enum status process_start(struct loop *l, const struct process_request *req,
    const struct process_handler *handler, void *ctx, struct process **out, struct error *err);
/* SIGTERM to its group, SIGKILL half a second later; end comes with STATUS_CANCELED. */
void process_cancel(struct process *p);
void process_pause(struct process *p, bool paused);
/* After end; before it, the group is killed and nothing is called any more. */
void process_free(struct process *p);

#endif
