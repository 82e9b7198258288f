/*
 * What MCP servers answer: the result of a tool's call as text for a model, and pages of the list
 * of tools. Pure, as mcp_message.h.
 */
#ifndef MAGEC_AGENT_MCP_RESULT_H
#define MAGEC_AGENT_MCP_RESULT_H

#include "agent/mcp.h"
#include "agent/mcp_message.h"

/* Adds what the tool says to out, valid UTF-8: its texts, one below the other; of what is not text,
 * a note; when there is no content, the structured one as JSON. Behind max bytes it is cut between
 * characters, and a note says how much that left out. STATUS_BACKEND: it is no result, or one that
 * wants something else first; err says it. */
enum status mcp_read_call(
    const struct json_slice *result, size_t max, bool *failed, struct buf *out, struct error *err);

/* A list that is shared by who reads it. */
struct mcp_tools {
    struct mcp_tool *items;
    size_t count, alloc;
    struct strings texts; /* what the items point to */
    size_t bytes;         /* of all of them */
    int readers;
};

struct mcp_tools *mcp_tools_new(void); /* with one reader */
struct mcp_tools *mcp_tools_share(struct mcp_tools *t);
void mcp_tools_drop(struct mcp_tools *t); /* one reader less; NULL is fine */

struct mcp_page {
    struct buf cursor; /* of the next page; empty: this was the last */
    int64_t ttl_ms;    /* how long the server says it is good; -1: it does not say */
};

/* Adds a page's tools, without those that can only be called as tasks, and fills *page, whose
 * cursor was initialized. STATUS_BACKEND: no such result, or more than a server may have. */
enum status mcp_read_page(const struct json_slice *result, struct mcp_tools *tools,
    struct mcp_page *page, struct error *err);

#endif
