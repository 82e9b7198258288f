/*
 * The messages of the Model Context Protocol: JSON-RPC 2.0, written and read. Pure: no clock, no
 * connection. What is in the result of a call, and a list of tools, is read by mcp_result.h.
 *
 * The revisions up to 2025-11-25 begin with "initialize". 2026-07-28, here called modern, has none:
 * each request says in its params._meta which revision and which client it is of.
 */
#ifndef MAGEC_AGENT_MCP_MESSAGE_H
#define MAGEC_AGENT_MCP_MESSAGE_H

#include "base/json_scan.h"

#define MCP_REVISION "2025-11-25" /* that initialize asks for */
#define MCP_MODERN "2026-07-28"

enum mcp_code {
    MCP_NO_METHOD = -32601,
    MCP_BAD_SESSION = -32000,   /* what servers say over HTTP that want to be initialized */
    MCP_WRONG_HEADERS = -32020, /* this and the next two are said only by modern servers */
    MCP_NO_CAPABILITY = -32021,
    MCP_WRONG_REVISION = -32022
};

/* ---- writing: each adds one message, which is one line, to out ---- */

void mcp_write_initialize(struct buf *out, int64_t id);
void mcp_write_initialized(struct buf *out);
void mcp_write_discover(struct buf *out, int64_t id);
/* Modern: to be told when the list of tools changes. */
void mcp_write_listen(struct buf *out, int64_t id);
/* cursor: of the page; NULL or "" for the first. */
void mcp_write_list(struct buf *out, int64_t id, bool modern, const char *cursor);
/* arguments is a JSON object, or "", which is {}. STATUS_BAD_REQUEST: it is none. */
enum status mcp_write_call(struct buf *out, int64_t id, bool modern, const char *tool,
    const char *arguments, struct error *err);
void mcp_write_canceled(struct buf *out, int64_t id, const char *reason);

/* ---- reading ---- */

enum mcp_kind {
    MCP_NONSENSE, /* not JSON, or nothing of JSON-RPC */
    MCP_ANSWER,
    MCP_ERROR,
    MCP_NOTIFICATION,
    MCP_REQUEST /* of the server's */
};

/* The slices are of the text that was read. */
struct mcp_reading {
    enum mcp_kind kind;
    int64_t id;               /* ANSWER, ERROR: of the request; -1: none of ours */
    struct json_slice ask_id; /* REQUEST */
    struct json_slice method; /* REQUEST, NOTIFICATION */
    struct json_slice body;   /* ANSWER: the result; ERROR: the error; else the params, or absent */
};

enum mcp_kind mcp_read(struct mcp_reading *r, const char *text, size_t len);

/* To a request of the server's: a ping is answered, everything else is no method of ours. */
void mcp_write_reply(struct buf *out, const struct mcp_reading *request);

/* The values of an object's members with these names; absent ones are zeroed. False: it is no
 * object. */
bool mcp_members(const struct json_slice *object, const char *const *names,
    struct json_slice *values, size_t count);

struct mcp_fault {
    int64_t code;
    char message[1024];              /* may be "" */
    char supported[256];             /* the revisions that the server names, "A, B"; may be "" */
    bool takes_legacy, takes_modern; /* one that is spoken here is among them */
};

/* What an error says. False: it is no error of JSON-RPC. */
bool mcp_read_fault(const struct json_slice *error, struct mcp_fault *f);
/* Whether only a modern server can have said it. */
bool mcp_fault_is_modern(const struct mcp_fault *f);

/* What a server says of itself first. */
struct mcp_hello {
    char revision[32];   /* of initialize: its own. Of server/discover: MCP_MODERN, or "" */
    char supported[256]; /* of server/discover: all its revisions */
    bool known;          /* revision is one that is spoken here */
    bool takes_legacy;   /* of server/discover: one of the others that are */
    bool list_changes;   /* it tells when its list of tools changes */
};

/* The result of initialize and of server/discover. False: it is none. */
bool mcp_read_hello(const struct json_slice *result, struct mcp_hello *h);

#endif
