/*
 * All calls of one answer, made at the same time: TOOL_BATCH_AT_ONCE of them, the others as these
 * end. Each has exactly one result, in the order of the calls.
 */
#ifndef MAGEC_AGENT_TOOL_BATCH_H
#define MAGEC_AGENT_TOOL_BATCH_H

#include "agent/tool_use.h"

enum { TOOL_BATCH_AT_ONCE = 16 };

struct tool_batch;

struct tool_result {
    bool failed;
    struct buf text;
};

/* Called on the loop, never from within a function of the batch. */
struct tool_batch_handler {
    /* One begins or has ended; the batch may be canceled from within. */
    void (*tell)(void *ctx, const struct tool_event *e);
    /* All have ended; the batch may be freed from within. */
    void (*done)(void *ctx);
};

/* All of it outlives the batch. */
struct tool_batch_request {
    const struct tool_set *set;
    struct tool_state *state;
    const struct agent *agent;
    const struct tool_call *calls;
    size_t count;        /* at least one */
    int64_t allowed;     /* so many are made, the first ones; the others fail */
    const char *refusal; /* why, for the model */
    int64_t left_ms;
};

/* STATUS_NO_MEMORY. */
enum status tool_batch_start(struct agent_env *env, const struct tool_batch_request *r,
    const struct tool_batch_handler *handler, void *ctx, struct tool_batch **out);
/* Ends what runs; done comes within a second. */
void tool_batch_cancel(struct tool_batch *b);
/* In done and after it. */
const struct tool_result *tool_batch_results(const struct tool_batch *b);
/* Whether one could not be kept. */
bool tool_batch_failed(const struct tool_batch *b);
void tool_batch_free(struct tool_batch *b); /* NULL is fine */

#endif
