/*
 * The tools of one ask: those of the flow's state, of its programs and of its MCP servers, in this
 * order, narrowed as the agent and the client say, each under a name that a model can call.
 *
 * Names. An exec tool is called by its id, an MCP server's tool SERVER__TOOL; whatever is not in
 * [a-zA-Z0-9_-] becomes "_". What is longer than TOOL_NAME_MAX, or would be the name of another
 * one, ends in "_" and eight digits of a hash of its title, which people know it by: an exec tool's
 * id, "SERVER/TOOL", "set_state".
 *
 * A tool whose schema no model can be told (too large, no object, of another type than "object") is
 * left out, and the log says so. A server whose list cannot be had is a failure: an agent does not
<<<<<<< HEAD
 * silently lose its tools. One of which no tool can be allowed is not asked.
=======
 * silently lose its tools. Who only wants to see them may say otherwise (lost).
>>>>>>> a55ae68 (agent show --request shows the tools of the request, too)
 */
#ifndef MAGEC_AGENT_TOOL_SET_H
#define MAGEC_AGENT_TOOL_SET_H

#include "agent/task.h"

enum tool_kind { TOOL_STATE, TOOL_EXEC, TOOL_MCP };

struct tool_entry {
    enum tool_kind kind;
    const char *title;
    const struct exec_tool *exec;    /* EXEC */
    const struct mcp_server *server; /* MCP */
    const char *remote;              /* MCP: its name there */
    struct strings words;            /* title, name, schema, description */
};

struct tool_gathering;

/* A zeroed one is empty. */
struct tool_set {
    struct tool *tools; /* as a protocol tells them */
    struct tool_entry *entries;
    size_t count;
    /* Told of a server that does not list its tools, as done would be; the set is then without
     * these. NULL: that is a failure. */
    void (*lost)(void *ctx, const struct error *err);
    struct tool_gathering *gathering; /* NULL: not begun, or over */
};

/* Called once, on the loop, never from within its start: all are there, or err says why not.
 * STATUS_BACKEND: a server did not list them; STATUS_CONFIG: it cannot be asked, or there are more
 * than TOOLS_MAX. */
typedef void (*tool_set_done)(void *ctx, const struct error *err);

/* Asks the servers at once. What ask->links and ask->state say outlives the set. */
enum status tool_set_gather(struct tool_set *s, struct agent_env *env, const struct ask *ask,
    tool_set_done done, void *ctx);
/* Also while it is being gathered: done is not called any more. */
void tool_set_release(struct tool_set *s);
/* NULL: none is called so. */
const struct tool_entry *tool_set_find(const struct tool_set *s, const char *name);
const struct tool *tool_set_told(const struct tool_set *s, const struct tool_entry *e);

/* Pure. Whether they are the one that means no tool; whether a tool is one that they allow. */
bool tool_allows_none(const struct strings *patterns);
bool tool_allowed(const struct strings *patterns, const char *title);
/* Whether they may allow a tool of the server. */
bool tool_server_allowed(const struct strings *patterns, const char *server);
/* Adds one; like says of which kind and whose it is. STATUS_BAD_REQUEST: it is left out, and why.
 */
enum status tool_set_add(struct tool_set *s, const struct tool_entry *like, const char *description,
    const char *schema, struct error *err);
/* For a set that is not being gathered. */
void tool_set_clear(struct tool_set *s);

#endif
