/*
 * What a request to an MCP server consists of, over HTTP: the URL and the headers that are
 * configured, and those that the protocol wants.
 */
#ifndef MAGEC_AGENT_MCP_HTTP_REQUEST_H
#define MAGEC_AGENT_MCP_HTTP_REQUEST_H

#include "agent/mcp_wire.h"
#include "base/buf.h"
#include "base/strings.h"

enum { MCP_SESSION_MAX = 1024 }; /* bytes of a session's id */

/* What all requests to a server have. */
struct mcp_http_base {
    struct buf url;
    struct strings headers;
    struct strings secrets; /* of what is configured, and, as the first, the session's id or "" */
    char *session;          /* its id; NULL: there is none */
    char *protocol;         /* mcp-protocol-version, as it was sent last; or NULL */
};

/* Release it whatever is returned. STATUS_CONFIG names what is missing or cannot be. */
enum status mcp_http_base_make(
    struct mcp_http_base *b, const struct mcp_server *server, struct error *err);
void mcp_http_base_release(struct mcp_http_base *b); /* works on a zeroed one */
/* NULL: there is no session any more. STATUS_BACKEND: it cannot be sent back. */
enum status mcp_http_base_session(struct mcp_http_base *b, const char *id, struct error *err);

/* The headers of the POST of a message; release them whatever is returned. STATUS_BACKEND: the
 * revision, which was negotiated, cannot be sent back. */
enum status mcp_http_headers(struct mcp_http_base *b, const struct mcp_message *m,
    struct strings *headers, struct error *err);
/* Those of a GET that goes on behind an event, and of the DELETE of the session. STATUS_BACKEND:
 * the event's id cannot be sent back. */
enum status mcp_http_resume_headers(const struct strings *posted, const char *last_event_id,
    struct strings *headers, struct error *err);
enum status mcp_http_delete_headers(
    const struct mcp_http_base *b, struct strings *headers, struct error *err);

#endif
