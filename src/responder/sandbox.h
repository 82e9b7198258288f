/*
 * What the process gives up once it has started, so that a mistake in it costs little: more
 * privileges than it has, core dumps (they would have keys in them), files that others can read;
 * and, where the kernel has Landlock, what of the file system it does not need. It keeps
 *
 *   reading    the system's folders, and what the configuration names;
 *   writing    the folder of the store, and removing the socket;
 *   executing  nothing, unless the configuration names programs: then these, what stands beside
 *              them, and the system's; which may write temporary files, and below the folders that
 *              the configuration names.
 *
 * What is configured later is not in it: whoever runs into that says so (base/confined.h). The
 * network stays as it is.
 */
#ifndef MAGEC_RESPONDER_SANDBOX_H
#define MAGEC_RESPONDER_SANDBOX_H

#include <stdbool.h>

#include "base/log.h"
#include "base/strings.h"

/* Paths, all absolute. */
struct sandbox_needs {
    const char *store;
    const char *socket;         /* to be removed at the end, or NULL */
    const char *writable;       /* further folders, separated by ":", or NULL */
    struct strings programs;    /* to be run */
    struct strings readable;    /* files and folders that are named by the configuration */
    struct strings scripts;     /* of these: files that programs are given */
    struct strings directories; /* of these: which programs may change */
    struct log *log;            /* for what cannot work */
};

void sandbox_needs_release(struct sandbox_needs *n);
/* Adds what the configuration names, and warns of programs that want more than they get. A store
 * that cannot be read adds nothing: whoever needs it says so. */
enum status sandbox_read_configuration(struct sandbox_needs *n, struct error *err);

/* Whatever the kernel: no new privileges, no core dumps, files for this user only. */
void sandbox_begin(void);
/* Before there are threads. Without Landlock it says so in the log. STATUS_INTERNAL: it is there,
 * and does not work. */
enum status sandbox_enter(const struct sandbox_needs *n, struct error *err);
/* Whether it should not run at all, being root's; and the remedy. */
enum status sandbox_refuses_root(bool allowed, struct error *err);

#endif
