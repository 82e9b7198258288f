/*
 * Tools: what a model may call while it answers. This page has the words that the others share:
 * what a protocol tells the model and hears from it, what runs a call, and what is told of it.
 *
 * An agent's tools are those of the MCP servers and programs that it links (store/agent.h),
 * narrowed by the agent and once more by the client. In a flow there are those of its state, too.
 * agent/tool_loop.h lets the model and them talk.
 */
#ifndef MAGEC_AGENT_TOOL_H
#define MAGEC_AGENT_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strings.h"

enum {
    TOOL_NAME_MAX = 64,               /* bytes, of [a-zA-Z0-9_-] */
    TOOL_SCHEMA_MAX = 256 * 1024,     /* bytes of one's schema */
    TOOLS_MAX = 512,                  /* of one agent */
    TOOL_ARGUMENTS_MAX = 1024 * 1024, /* bytes of one call's */
    TOOL_CALLS_AT_ONCE_MAX = 64       /* in one answer */
};

struct mcp_server;
struct exec_tool;
struct flow_state;

/* What an agent is configured to reach. Patterns (base/strings.h: strings_glob) are matched with
 * "SERVER/TOOL" and with an exec tool's id; none: everything; the only one "none": nothing. */
struct tool_links {
    const struct mcp_server *const *servers;
    size_t server_count;
    const struct exec_tool *const *execs;
    size_t exec_count;
    const struct strings *agent_allows;
    const struct strings *client_allows; /* NULL: the client says nothing */
};

/* Of an agent in a flow: tools set_state and get_state, and exit_loop in a loop that may end so.
 */
struct tool_state {
    struct flow_state *values;
    bool may_exit;
    bool exited; /* exit_loop was called */
};

/* What a protocol tells the model of one. Strings outlive the ask. */
struct tool {
    const char *name;        /* unique among the ask's */
    const char *description; /* NULL: none */
    const char *schema;      /* of its arguments: JSON text, an object of type "object" */
};

/* A call, as the model asked for it. */
struct tool_call {
    char *id;        /* the provider's; one that has none gets "call_1", "call_2" */
    char *name;      /* not necessarily one that there is */
    char *arguments; /* JSON text, as it came: not necessarily valid. "" is "{}" */
};

void tool_call_release(struct tool_call *c);
/* Its arguments for who takes nothing but an object: "{}" when they are none, or not JSON. */
const char *tool_call_object(const struct tool_call *c);

enum { TOOL_SHOWN_MAX = 2048 }; /* bytes of arguments and of a result that people see */

/* What is told of a call, twice: when it begins, and when it has ended. To people (EVENT_TOOL) only
 * the first TOOL_SHOWN_MAX bytes of arguments and result are told, keys redacted (tool_tell.h). */
struct tool_event {
    const char *name; /* as people know it: "SERVER/TOOL", an exec tool's id, "set_state" */
    const char *id;   /* the call's */
    const char *arguments;
    const char *result; /* ended: what the model is told, cut to the agent's size */
    size_t result_len;
    bool ended;
    bool failed;         /* it is an error that the model is told */
    int64_t duration_ms; /* ended */
};

#endif
