/*
 * What the store says of one client, all at one moment: enough to admit a call and to plan its run
 * without asking the store again. Never changed once it is made, and shared: by the calls that were
 * planned with it, and by a cache. Any thread may take and leave it.
 *
 * Being old is noticed by the generation (store.h): a call that is admitted with what was known is
 * recorded only if the store, in the very transaction, still has that generation (plan_renew).
 */
#ifndef MAGEC_WEBHOOK_KNOWN_H
#define MAGEC_WEBHOOK_KNOWN_H

#include <stdatomic.h>

#include "agent/flow_task.h"
#include "base/ident.h"
#include "store/agent.h"
#include "store/backend.h"
#include "store/client.h"
#include "store/command.h"
#include "store/exec_tool.h"
#include "store/mcp_server.h"

/* A flow that is named, or that is in one. */
struct known_flow {
    char *id;
    struct flow_step root;
    int64_t total_ms; /* 0: not said */
};

struct known_agent {
    struct agent agent; /* of a flow: its id alone */
    struct backend backend;
    const struct known_flow *flow; /* it is one, in known's flows; else NULL */
    struct flow_agent step;        /* of one that a flow asks */
    struct candidate *others;      /* its fallbacks with their own, in order, in known's spares */
    size_t other_count;
    const struct mcp_server **servers; /* that it links, in order, in known's servers */
    const struct exec_tool **execs;    /* the same */
    struct tool_links links;           /* these, and how they are narrowed: see known_links */
};

struct known_token {
    unsigned char hash[IDENT_HASH_LEN];
    int64_t expires_ms; /* 0: never */
};

/* Entities of one kind. */
struct known_pool {
    void **all;
    size_t count;
};

struct known {
    atomic_int holders;
    int64_t generation;
    struct client client;
    struct command command; /* of a command client; id NULL: it has none */
    struct known_token *tokens;
    size_t token_count;
    struct known_agent *agents; /* the client's in order; behind them the command's own, if any */
    size_t agent_count;
    struct known_agent **spares; /* that others fall back on, or flows ask */
    size_t spare_count;
    struct known_flow **flows;
    size_t flow_count;
    struct known_pool servers, execs; /* that agents link, each once */
    size_t size;                      /* about how much memory it takes */
};

/* With room for so many agents, all initialised; held once. NULL when out of memory. */
struct known *known_new(size_t agents);
/* STATUS_NOT_FOUND for no such client. */
enum status known_load(struct known **out, struct store *s, const char *client, struct error *err);
/* Agent i of it, with its backend and its fallbacks; or a flow, with all that is in it.
 * STATUS_NOT_FOUND for neither. */
enum status known_load_agent(
    struct known *k, size_t i, struct store *s, const char *id, struct error *err);
struct known *known_hold(struct known *k);
void known_release(struct known *k); /* NULL is fine */

/* Whether a call with a token of this hash is admitted now: STATUS_UNAUTHORIZED when it is none of
 * the client's that have not ended (each is compared in constant time), STATUS_FORBIDDEN when the
 * client is disabled. */
enum status known_admits(
    const struct known *k, const unsigned char hash[IDENT_HASH_LEN], struct error *err);
/* What is said of a wrong token, and of a client that is not there. */
enum status known_wrong_token(struct error *err);
/* The tools of an agent, for struct ask; NULL: none. What is not there any more is left out. */
const struct tool_links *known_links(const struct known_agent *a);
/* NULL when it is none of its agents. */
const struct known_agent *known_find(const struct known *k, const char *agent);

/* Who is asked in a step of a flow, and a flow in it: for struct flow_ask; known is a struct known.
 */
const struct flow_agent *known_step_agent(void *known, const char *id);
const struct flow_step *known_step_flow(void *known, const char *id);

/* The clients that called lately. One thread's. A client whose place is taken by another is
 * forgotten, and so are all when they take too much memory. */
enum { KNOWN_PLACES = 4096, KNOWN_BYTES_MAX = 32 * 1024 * 1024 };

struct known_cache {
    struct known **places; /* NULL until something is kept */
    size_t size;
};

/* Not held for the caller; NULL when it is not there. */
struct known *known_cache_get(const struct known_cache *c, const char *client);
/* Holds it. */
void known_cache_put(struct known_cache *c, struct known *k);
void known_cache_clear(struct known_cache *c);

#endif
