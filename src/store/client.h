/*
 * Clients: webhooks. Their tokens are in store/token.h.
 */
#ifndef MAGEC_STORE_CLIENT_H
#define MAGEC_STORE_CLIENT_H

#include "base/strings.h"
#include "store/entity.h"

struct client {
    char *id; /* the last part of its URL */
    char *name;
    bool enabled;
    bool passthrough;             /* config.webhook.passthrough: the prompt comes from the body */
    char *command;                /* config.webhook.commandId: an id; NULL in passthrough mode */
    struct strings agents;        /* allowedAgents, in order */
    struct strings allowed_tools; /* allowedTools: patterns that narrow its agents' tools */
    bool continue_when_gone;      /* onDisconnect: "continue"; false is "cancel" */
    bool hash_prompt;             /* recordPrompt: "hash": a run keeps the prompt's SHA-256 only */
    char *extra;
};

/* The words of onDisconnect and recordPrompt, ended by NULL; the second is true. */
extern const char *const client_gone_words[], *const client_record_words[];

/* A command or an agent that does not exist is STATUS_BAD_REQUEST and names it, and so is command
 * mode without a command or passthrough with one. Its tokens go with it; its runs stay. from_json
 * wants type "webhook" (or none); a token in it is not part of the client: see import. */
ENTITY_API(client)

#endif
