/*
 * What people see of a call: the beginnings of its arguments and of its result, without the keys of
 * the backends, of the MCP servers and of the programs that the agent reaches.
 */
#ifndef MAGEC_AGENT_TOOL_TELL_H
#define MAGEC_AGENT_TOOL_TELL_H

#include "agent/task.h"

/* A zeroed one knows no keys yet: they are looked up when something is told. */
struct tool_tell {
    bool known;
    struct strings secrets;
};

/* Tells it the listener. ask: whose backends and links have the keys. */
void tool_tell_event(struct tool_tell *t, const struct ask *ask, struct listener *listener,
    const struct tool_event *e);
/* The same of an error: takes the keys off its text. */
void tool_tell_hide(struct tool_tell *t, const struct ask *ask, struct error *err);
void tool_tell_release(struct tool_tell *t);

#endif
