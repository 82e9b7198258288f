/*
 * What a run is going to do: everything that it needs to know, taken out of the store, so that no
 * call in flight touches the store again. Made on an intake thread, owned by the run afterwards.
 */
#ifndef MAGEC_WEBHOOK_PLAN_H
#define MAGEC_WEBHOOK_PLAN_H

#include "base/ident.h"
#include "store/agent.h"
#include "store/backend.h"
#include "store/client.h"
#include "webhook/prompt.h"

struct plan_agent {
    struct agent agent;
    struct backend backend;
};

struct plan {
    char id[IDENT_UUID_LEN + 1]; /* of the run */
    char *client;                /* NULL: asked from the terminal, with no client */
    const char *mode;            /* "command", "passthrough", "ask" */
    char *caller;                /* the remote address, or NULL */
    struct prompt prompt;
    struct plan_agent *agents;
    size_t agent_count;
    bool hash_prompt;
    bool continue_when_gone;
    bool has_token;
    unsigned char token[IDENT_HASH_LEN];
};

void plan_init(struct plan *p);
void plan_release(struct plan *p);

/* A client's call. For a passthrough client p->prompt is filled already; for a command client it is
 * filled here. Agents: the one the prompt names (STATUS_FORBIDDEN if the client may not reach it),
 * else the command's own, else all that are allowed, in order (none: STATUS_CONFIG). */
enum status plan_client(struct plan *p, struct store *s, const struct client *c, struct error *err);
/* One agent, asked from the terminal; p->prompt is filled already. */
enum status plan_ask(struct plan *p, struct store *s, const char *agent, struct error *err);

#endif
