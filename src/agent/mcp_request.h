/*
 * One question to an MCP server, and how its answer is told: always from the loop itself, when
 * nobody is in the middle of something, so that a handler may do what it likes.
 */
#ifndef MAGEC_AGENT_MCP_REQUEST_H
#define MAGEC_AGENT_MCP_REQUEST_H

#include "agent/mcp.h"
#include "agent/mcp_result.h"
#include "net/loop.h"

struct mcp_session;

struct mcp_requests {
    struct mcp_request *first, *last;
};

struct mcp_request {
    struct mcp_session *session; /* NULL: it has ended */
    struct mcp_requests *list;   /* of the session's, that it is in */
    struct mcp_request *next, *prev;
    const struct mcp_call *call; /* NULL: for the list of tools */
    struct mcp_handler handler;
    void *ctx;
    struct loop *loop;
    struct timer *timer;
    int64_t timeout_ms;
    int64_t id;    /* of a call in flight; 0: it waits */
    bool repeated; /* the server had not done it the first time */
    /* What it came to. */
    struct job told;
    enum status status;
    bool failed;
    struct buf text;
    struct mcp_tools *tools;
};

void mcp_requests_add(struct mcp_requests *list, struct mcp_request *r);
void mcp_requests_remove(struct mcp_request *r); /* in none is fine */

/* In no list, its timer not started. */
enum status mcp_request_new(struct mcp_request **out, struct loop *l,
    const struct mcp_handler *handler, void *ctx, struct error *err);
/* Its end: it leaves its list and the session, and the handler is called soon. Text and tools are
 * taken over. */
void mcp_request_said(struct mcp_request *r, bool failed, struct buf *text);
void mcp_request_listed(struct mcp_request *r, struct mcp_tools *tools);
void mcp_request_failed(struct mcp_request *r, const struct error *why);
/* Frees one that is in no list. */
void mcp_request_release(struct mcp_request *r);

#endif
