/*
 * What tools the agents of a run called, for its record: JSON objects with commas between them, of
 * an agent, and of each step of a flow.
 */
#ifndef MAGEC_WEBHOOK_RUN_CALLS_H
#define MAGEC_WEBHOOK_RUN_CALLS_H

#include "agent/task.h"
#include "base/json.h"

enum { RUN_CALLS_BYTES_MAX = 1024 * 1024 }; /* of one agent or flow; later calls are counted only */

/* Of one step that runs. */
struct step_calls {
    struct step_calls *next;
    struct buf items;
    char path[];
};

/* Of one agent or flow. A zeroed one is empty. */
struct run_calls {
    struct buf items; /* of one that is no flow */
    struct step_calls *steps;
    size_t bytes;
    int64_t left_out;
};

/* One that has ended, so long after the run began. */
void run_calls_add(struct run_calls *c, const struct event *e, int64_t ended_ms);
/* Adds the member "tools", unless it is empty, to a step that has ended, and forgets it. */
void run_calls_write_step(struct run_calls *c, const char *path, struct json_writer *w);
/* The same of an agent, and "toolsLeftOut". */
void run_calls_write(const struct run_calls *c, struct json_writer *w);
void run_calls_release(struct run_calls *c);

/* The members of a call: name, arguments; of one that has ended result, failed, durationMs. */
void run_write_call(const struct tool_event *t, struct json_writer *w);

#endif
