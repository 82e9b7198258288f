/*
 * What an MCP server answers over HTTP to one message, read as it comes: one JSON document, an
 * event stream, or something that is neither. Pure: fed bytes cut anywhere, it gives back messages.
 */
#ifndef MAGEC_AGENT_MCP_ANSWER_H
#define MAGEC_AGENT_MCP_ANSWER_H

#include "agent/mcp.h"
#include "base/sse.h"
#include "base/strings.h"

enum {
    MCP_ANSWER_KEPT = 16 * 1024,          /* bytes of what is no message */
    MCP_ANSWER_MAX = 4 * MCP_MESSAGE_MAX, /* bytes until the answer came: all else is a flood */
    MCP_ANSWER_RETRY_MS = 1000            /* when the stream does not say it */
};

enum mcp_answer_form { MCP_ANSWER_OTHER, MCP_ANSWER_JSON, MCP_ANSWER_EVENTS };

struct mcp_answer {
    int64_t id; /* of the request; 0: a notification, to whose answer nobody listens */
    /* Called for each message, elements of a batch one by one. It calls nothing of the answer. Not
     * OK ends the reading with this. */
    enum status (*message)(void *ctx, const char *json, size_t len);
    void *ctx;
    const struct strings *secrets; /* are in no error */
    int http_status;               /* of the last response; 0: none yet */
    enum mcp_answer_form form;
    char type[64];      /* its Content-Type */
    bool answered;      /* the message with the id came: nothing more is read */
    struct buf body;    /* a JSON document; of what is no message, its beginning */
    struct buf last_id; /* of the last whole event that has come, whatever response it was in */
    int64_t retry_ms;   /* as the stream told last, or MCP_ANSWER_RETRY_MS */
    size_t events;      /* that came, empty ones too */
    size_t taken;       /* bytes */
    struct sse sse;
};

/* a is zeroed but for id, message, ctx and secrets. */
void mcp_answer_init(struct mcp_answer *a);
void mcp_answer_release(struct mcp_answer *a);
/* A response begins: the first one, or one that goes on where a stream was cut off. */
void mcp_answer_begin(struct mcp_answer *a, int http_status, const char *content_type);
/* STATUS_BACKEND: it is no MCP server's, says that it has no answer, or says too much. */
enum status mcp_answer_feed(struct mcp_answer *a, const char *bytes, size_t len, struct error *err);
/* The response was whole; OK only when it was answered, or nobody listens. STATUS_BACKEND says
 * what it is instead, in the server's own words where it has some. location is the header, or NULL.
 */
enum status mcp_answer_end(struct mcp_answer *a, const char *location, struct error *err);

#endif
