/*
 * MCP servers, asked for their tools and to call one: Model Context Protocol, the revisions
 * 2024-11-05 to 2025-11-25, which begin with "initialize", and 2026-07-28, which has none. A
 * process talks to each server once, for all its runs: the connection (a child process, an HTTP
 * session) is made when it is first needed, kept, and made again when it was lost. Lists of tools
 * are kept until the server says that they changed, or for the server's list_ms.
 *
 * Servers are known by what is configured: two that are alike in every field are one.
 */
#ifndef MAGEC_AGENT_MCP_H
#define MAGEC_AGENT_MCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "store/mcp_server.h"

enum {
    MCP_TIMEOUT_MS = 60 * 1000,
    MCP_LIST_MS = 5 * 60 * 1000,
    MCP_MESSAGE_MAX = 4 * 1024 * 1024, /* bytes of one message of a server's */
    MCP_TOOLS_MAX = 512,               /* of one server */
    MCP_PAGES_MAX = 64,                /* of its list */
    MCP_LIST_MAX = 8 * 1024 * 1024,    /* bytes of its list */
    MCP_NAME_MAX = 256,                /* bytes of a tool's name */
    MCP_SERVERS_MAX = 64,              /* of one process; the longest unused makes room */
    MCP_REQUESTS_MAX = 4096            /* to one server at a time */
};

struct loop;
struct transport;
struct mcp;         /* all servers of a process */
struct mcp_request; /* one question to one */

/* One of a server's tools; the strings live until the answer's visit returns. */
struct mcp_tool {
    const char *name;        /* the server's own */
    const char *description; /* NULL: none */
    const char *schema;      /* its inputSchema, JSON text */
};

/* What a question came to; called once, never from within its start. Exactly one of them. */
struct mcp_handler {
    /* The tools, in the server's order, and err is NULL; or why there are none: "mcp server
     * \"x\": ...". */
    void (*listed)(void *ctx, const struct mcp_tool *tools, size_t count, const struct error *err);
    /* What the tool says, as text (content of other types is a note of it). failed: it is an error
     * for the model, whether the tool says so or the call did not come through; with canceled
     * requests nothing is called. */
    void (*called)(void *ctx, bool failed, const char *text, size_t len);
};

/* STATUS_NO_MEMORY. Costs nothing until a server is asked. */
enum status mcp_open(struct mcp **out, struct loop *l, struct transport *t, struct error *err);
/* Ends the connections. Children get the end of their stdin and, as long as they do not end,
 * SIGTERM and SIGKILL; it waits for them, 1.5 s at most, without turning the loop, which is closed
 * after it. Requests must have ended or been freed. */
void mcp_close(struct mcp *m); /* NULL is fine */

enum status mcp_list(struct mcp *m, const struct mcp_server *server,
    const struct mcp_handler *handler, void *ctx, struct mcp_request **out, struct error *err);

/* arguments is a JSON object as text. timeout_ms 0: the server's, or the default. */
struct mcp_call {
    const struct mcp_server *server;
    const char *tool; /* the server's name of it */
    const char *arguments;
    size_t result_max; /* bytes of the text that are kept; the rest is a note of how much */
    int64_t timeout_ms;
};
/* call and what is in it outlive the request. */
enum status mcp_call(struct mcp *m, const struct mcp_call *call, const struct mcp_handler *handler,
    void *ctx, struct mcp_request **out, struct error *err);

/* Every request is its owner's until this, which may be within its own end. Before its end: the
 * server is told that it is canceled, and nothing is called any more. */
void mcp_request_free(struct mcp_request *r); /* NULL is fine */

#endif
