/*
 * How JSON-RPC messages reach an MCP server and come back: a child's stdin and stdout
 * (mcp_stdio.c), or HTTP (mcp_http.c). A wire knows nothing of what the messages mean, but what its
 * transport has to say of them in its own way: HTTP's headers.
 */
#ifndef MAGEC_AGENT_MCP_WIRE_H
#define MAGEC_AGENT_MCP_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "store/mcp_server.h"

struct children;
struct loop;
struct transport;
struct mcp_wire;

/* One message to the server. */
struct mcp_message {
    const char *json; /* one line, without its end; copied or sent before send returns */
    size_t len;
    int64_t id;           /* of a request, from 1; 0: what has no answer */
    const char *method;   /* HTTP's mcp-method; "initialize" begins another session, and what is in
                           * flight of one before goes on; "": a reply to the server's request */
    const char *name;     /* HTTP's mcp-name: the tool of a call; else NULL */
    const char *protocol; /* HTTP's mcp-protocol-version; NULL: not negotiated yet */
    bool modern;          /* the revision has no sessions, and wants these headers */
    int64_t timeout_ms;   /* of its answer */
};

/* Called on the loop, never from within a function of the wire; a listener may close it from within
 * one of them. */
struct mcp_wire_listener {
    /* A message came: an answer, a notification or a request of the server's. */
    void (*message)(void *ctx, const char *json, size_t len);
    /* The request with this id gets no answer; http_status 0: there was none. A 404 of a session,
     * or a 400 of a server that wants to be initialized, is this, with the beginning of the body
     * in body (never NULL). */
    void (*failed)(
        void *ctx, int64_t id, int http_status, const char *body, const struct error *why);
    /* Nothing comes any more, and nothing can be sent: the child ended, and how. Not after close,
     * which is still to be called. HTTP never says it. */
    void (*lost)(void *ctx, const struct error *why);
};

/* Each wire's struct begins with this. */
struct mcp_wire {
    const struct mcp_wire_ops *ops;
    const struct mcp_wire_listener *listener;
    void *ctx;
};

struct mcp_wire_ops {
    enum status (*send)(struct mcp_wire *w, const struct mcp_message *m, struct error *err);
    /* Nobody waits for the answer to this id: HTTP ends its exchange. */
    void (*forget)(struct mcp_wire *w, int64_t id);
    /* Ends the connection in the transport's way and frees it, now or when that is done. */
    void (*close)(struct mcp_wire *w);
};

/* Starts the child, as one of these. STATUS_CONFIG when it cannot be started, and why. */
enum status mcp_stdio_open(struct children *children, const struct mcp_server *server,
    const struct mcp_wire_listener *listener, void *ctx, struct mcp_wire **out, struct error *err);
/* Sends nothing yet. server outlives it. STATUS_CONFIG: a ${NAME} that there is not.
 *
 * What the server says by itself is heard only while it answers something: no stream is kept open
 * for it, which would cost a connection for each process and is refused by many; lists grow old
 * instead. A stream that is cut off before the answer is gone on with, of revisions that have that;
 * if it does not go on, the status is 0: whether the request was carried out is not known. Close it
 * outside of the transport's own callbacks; it ends the session without waiting for that. */
enum status mcp_http_open(struct loop *l, struct transport *t, const struct mcp_server *server,
    const struct mcp_wire_listener *listener, void *ctx, struct mcp_wire **out, struct error *err);

#endif
