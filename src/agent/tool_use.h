/*
 * One call of a tool, from the model's words to what the model is told. Whatever goes wrong is a
 * result, too: arguments that are no JSON or do not match the tool's schema (then it is not
 * called), a program that fails, a server that does not answer in time.
 */
#ifndef MAGEC_AGENT_TOOL_USE_H
#define MAGEC_AGENT_TOOL_USE_H

#include "agent/tool_set.h"

enum {
    TOOL_TIMEOUT_MS = 60 * 1000,
    TOOL_RESULT_BYTES = 64 * 1024,
    TOOL_OUTPUT_MAX = 64 * 1024 * 1024 /* bytes that a program may write; then it is ended */
};

struct tool_use;

/* All of it outlives the use. */
struct tool_use_request {
    const struct tool_set *set;
    const struct tool_entry *tool; /* NULL: there is none of that name */
    const struct tool_call *call;
    struct tool_state *state;
    const struct agent *agent; /* its limits */
    int64_t left_ms;           /* of the total deadline */
};

struct tool_use_handler {
    /* Called once, never from within start or cancel. The text is valid UTF-8 without NUL, at most
     * the agent's tool_result_bytes and a note of what was cut off. */
    void (*done)(void *ctx, bool failed, const char *text, size_t len);
};

/* STATUS_NO_MEMORY. */
enum status tool_use_start(struct agent_env *env, const struct tool_use_request *r,
    const struct tool_use_handler *handler, void *ctx, struct tool_use **out);
/* done comes within a second. */
void tool_use_cancel(struct tool_use *u);
/* Before its end: what runs is killed, and nothing is called any more. */
void tool_use_free(struct tool_use *u); /* NULL is fine */

/* Pure. What a model is told of the bytes that a tool said, of which there were all in the end:
 * added to out. */
void tool_use_clean(const char *bytes, size_t len, size_t all, size_t max, struct buf *out);

#endif
