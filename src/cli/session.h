/*
 * A run from the terminal: the same path as a webhook's call, with a view instead of a reply. The
 * first Ctrl-C cancels it, the second ends the program at once.
 */
#ifndef MAGEC_CLI_SESSION_H
#define MAGEC_CLI_SESSION_H

#include "cli/cli.h"
#include "webhook/run.h"

struct session_view {
    /* As in struct run_observer; either may be NULL. */
    void (*event)(void *ctx, struct run *r, size_t agent, const struct event *e);
    void (*ended)(void *ctx, struct run *r);
    void *ctx;
};

/* Runs the plan to its end and returns how it ended. Takes over what is in it. */
enum status session_run(
    struct cli *cli, struct plan *plan, const struct session_view *view, struct error *err);

#endif
