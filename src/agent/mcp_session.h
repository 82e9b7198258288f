/*
 * One MCP server and what is asked of it. The connection is made with the first request, and made
 * again with the next one after it was lost; while it is made, requests wait.
 *
 * mcp_session.c has the requests and what comes of them, mcp_connect.c the connection: how it
 * begins, which revision is spoken, how it is lost; mcp_list.c the list of tools.
 */
#ifndef MAGEC_AGENT_MCP_SESSION_H
#define MAGEC_AGENT_MCP_SESSION_H

#include "agent/mcp_request.h"
#include "agent/mcp_wire.h"
#include "net/child.h"

enum {
    MCP_PROBE_MS = 3000,    /* for an answer of a child to server/discover: an older one may give
                             * none */
    MCP_NONSENSE_MAX = 100, /* messages in a row that are none */
    MCP_PAUSE_MS = 1000,    /* before the second restart in a row; doubled with each */
    MCP_PAUSE_MAX_MS = 30000,
    MCP_TTL_MAX_MS = 24 * 60 * 60 * 1000
};

/* What sessions need to run. */
struct mcp_place {
    struct loop *loop;
    struct transport *transport;
    struct children children;
};

enum mcp_state { MCP_DOWN, MCP_PROBING, MCP_INITIALIZING, MCP_READY };
enum mcp_era { MCP_ERA_UNKNOWN, MCP_ERA_LEGACY, MCP_ERA_MODERN };

/* The list of tools while it is read. */
struct mcp_listing {
    int64_t id;       /* of the page that is waited for; 0: none is */
    int64_t asked_ms; /* since when */
    struct mcp_tools *tools;
    struct mcp_page page;
    int pages;
    int64_t ttl_ms; /* the shortest of the pages'; -1: none */
    bool changed;   /* the server said so in the middle of it */
    bool repeated;
};

struct mcp_session {
    struct mcp_place *place;
    struct mcp_session *next; /* the pool's */
    struct mcp_server server; /* a copy */
    bool stdio;               /* else http */
    int64_t used_ms;
    bool replaced; /* it was configured anew: to be closed when it is idle */
    size_t requests;
    struct mcp_requests waiting, flying, listers;
    int64_t last_id;
    /* The connection. */
    struct mcp_wire *wire;
    enum mcp_state state;
    enum mcp_era era;
    bool remembered; /* the era is of an earlier connection */
    bool spared;     /* it ended when it was asked server/discover: it is not asked once more */
    char revision[32];
    bool tells_changes;
    int64_t hello_id, probe_id, listen_id;
    int64_t began_id;     /* requests up to this one are of an earlier negotiation */
    unsigned connections; /* so many were lost */
    struct timer *timer;
    int nonsense;
    int failures; /* in a row */
    int64_t not_before_ms;
    struct buf last_failure;
    /* The list of tools. */
    struct mcp_listing listing;
    struct mcp_tools *tools;
    int64_t fresh_until_ms;
};

/* ---- mcp_session.c ---- */

enum status mcp_session_new(struct mcp_session **out, struct mcp_place *place,
    const struct mcp_server *server, struct error *err);
/* Its requests must have ended or been freed. */
void mcp_session_free(struct mcp_session *s);
bool mcp_session_idle(const struct mcp_session *s);
/* The request's end comes by itself. */
void mcp_session_ask(struct mcp_session *s, struct mcp_request *r);
/* Its time is over. */
void mcp_session_late(struct mcp_request *r);
/* Nobody wants its answer. */
void mcp_session_forget(struct mcp_request *r);
void mcp_session_left(struct mcp_session *s); /* a request has ended */
/* Sends what waits, if it can be sent. */
void mcp_session_pump(struct mcp_session *s);
/* All requests end with this. */
void mcp_session_fail_all(struct mcp_session *s, const struct error *why);
int64_t mcp_session_timeout(const struct mcp_session *s);
extern const struct mcp_wire_listener mcp_session_listener;

/* Fills m->json and what the connection says of it, and sends it. */
enum status mcp_session_send(
    struct mcp_session *s, struct mcp_message *m, const struct buf *json, struct error *err);
/* What the server is told of a request that is not waited for any more. */
void mcp_session_cancel(struct mcp_session *s, int64_t id, const char *reason);
/* Puts "mcp server "x"" before the text. */
void mcp_session_prefix(const struct mcp_session *s, struct error *err);

/* ---- mcp_connect.c ---- */

/* Makes the connection, unless it is there or being made, or it is too early again. */
void mcp_connect(struct mcp_session *s);
/* Begins once more on the same one: the server does not know us any more, or is another. */
void mcp_connect_again(struct mcp_session *s, bool other_era);
/* Closes it; with why, all requests fail. */
void mcp_connect_lost(struct mcp_session *s, const struct error *why);
void mcp_connect_drop(struct mcp_session *s);
/* A child says nothing to server/discover. */
void mcp_connect_silent(struct mcp_session *s);
/* Whether it is given another try, because it ended when it was asked server/discover. */
bool mcp_connect_spare(struct mcp_session *s);
/* The answer to what began it. True: it was that. */
bool mcp_connect_answer(struct mcp_session *s, const struct mcp_reading *r);
bool mcp_connect_failed(
    struct mcp_session *s, int64_t id, int http_status, const char *body, const struct error *why);
/* It worked. */
void mcp_connect_works(struct mcp_session *s);

/* ---- mcp_list.c ---- */

void mcp_list_pump(struct mcp_session *s);
/* True: it was an answer to a page. */
bool mcp_list_answer(struct mcp_session *s, const struct mcp_reading *r);
/* The page that is waited for, or the whole connection, failed. */
void mcp_list_failed(struct mcp_session *s, const struct error *why);
/* It is asked for once more, in a new session. */
void mcp_list_repeat(struct mcp_session *s);
/* Nobody waits for the page any more. */
void mcp_list_abandon(struct mcp_session *s, const char *reason);
/* Whether the page that is waited for should be there: it is not waited for any more. */
bool mcp_list_is_late(const struct mcp_session *s);
bool mcp_list_is_fresh(const struct mcp_session *s);
void mcp_list_changed(struct mcp_session *s);

#endif
