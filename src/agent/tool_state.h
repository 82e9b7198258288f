/*
 * The tools of agents in a flow: set_state and get_state, which its agents share texts with, and
 * exit_loop, which ends a loop when its iteration is over.
 */
#ifndef MAGEC_AGENT_TOOL_STATE_H
#define MAGEC_AGENT_TOOL_STATE_H

#include "agent/tool.h"
#include "base/buf.h"
#include "base/json.h"

/* Ended by one without a name. */
extern const struct tool tool_state_tools[];

bool tool_state_ends_loop(const char *name);
/* Calls one of them: what the model is told is added to out; whether it was good. */
bool tool_state_call(
    struct tool_state *state, const char *name, const struct json *arguments, struct buf *out);

#endif
