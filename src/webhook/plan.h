/*
 * What a run is going to do: everything that it needs to know, so that no call in flight touches
 * the store again. Owned by the run once that is made.
 */
#ifndef MAGEC_WEBHOOK_PLAN_H
#define MAGEC_WEBHOOK_PLAN_H

#include "base/ident.h"
#include "webhook/known.h"
#include "webhook/prompt.h"

struct plan {
    char id[IDENT_UUID_LEN + 1]; /* of the run */
    const char *client;          /* in known; NULL: asked from the terminal, with no client */
    const char *mode;            /* "command", "passthrough", "ask" */
    char *caller;                /* the remote address, or NULL */
    struct prompt prompt;
    struct known *known;              /* held: what the plan was made with */
    const struct known_agent *agents; /* some of known's, that stand together */
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
 * else the command's own, else all that are allowed, in order (none: STATUS_CONFIG). Holds known.
 */
enum status plan_client(struct plan *p, struct known *known, struct error *err);
/* The agents of known that was made without a client; p->prompt is filled already. */
enum status plan_agents(struct plan *p, struct known *known, struct error *err);
/* One agent or flow, asked from the terminal; p->prompt may be filled later. */
enum status plan_ask(struct plan *p, struct store *s, const char *agent, struct error *err);
/* Inside the transaction that is to record the run: if the configuration has changed since the plan
 * was made, makes it again, or says why the call may not be made any more. *changed may be NULL. */
enum status plan_renew(struct plan *p, struct store *s, bool *changed, struct error *err);

#endif
