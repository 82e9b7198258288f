/*
 * A program as a child process: its own process group, three pipes, no shell, nothing inherited but
 * what is given. Who waits for it and reads its pipes: net/process.h, net/child.h.
 */
#ifndef MAGEC_NET_SPAWN_H
#define MAGEC_NET_SPAWN_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/strings.h"

enum { SPAWN_IN, SPAWN_OUT, SPAWN_ERR, SPAWN_PIPES };

struct spawn_request {
    const struct strings *argv; /* argv[0] with a slash, or looked up in PATH */
    const struct strings *env;  /* the whole environment: "NAME=value" */
    const char *folder;         /* where it begins; NULL: where this process is */
};

struct spawned {
    pid_t pid;              /* also its group's; 0: none, or reaped */
    int pidfd;              /* readable when it has ended */
    int pipes[SPAWN_PIPES]; /* our ends, not blocking; -1 when closed */
    int wait_status;
};

/* STATUS_CONFIG when the program cannot be started, and why; then *s has nothing to release. */
enum status spawn_program(struct spawned *s, const struct spawn_request *req, struct error *err);
void spawn_signal(struct spawned *s, int sig); /* to its group, if it was not reaped */
/* Whether it has ended; then it is reaped. */
bool spawn_reap(struct spawned *s);
/* Closes what is open, and kills and reaps what runs. */
void spawn_release(struct spawned *s);

/* The tail of its stderr, for errors. */
void spawn_tail_init(struct buf *tail);
void spawn_tail_add(struct buf *tail, const char *bytes, size_t len);
/* How it ended: OK for exit status 0, else STATUS_BACKEND, with the tail. */
enum status spawn_explain(const struct spawned *s, struct buf *tail, struct error *err);

/* "NAME=value" as it is; a bare NAME with the value it has here, if it has one. HTTP_ and more is
 * not passed on: under such names a CGI has its caller's headers. */
enum status spawn_env(struct strings *env, const struct strings *list);

#endif
