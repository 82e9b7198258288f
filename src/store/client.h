/*
 * Clients: webhooks. Their tokens are in store/token.h.
 */
#ifndef MAGEC_STORE_CLIENT_H
#define MAGEC_STORE_CLIENT_H

#include "base/json.h"
#include "base/strings.h"
#include "store/store.h"

struct client {
    char *id; /* the last part of its URL */
    char *name;
    bool enabled;
    bool passthrough;        /* config.webhook.passthrough: the prompt comes from the body */
    char *command;           /* config.webhook.commandId: an id; NULL in passthrough mode */
    struct strings agents;   /* allowedAgents, in order */
    bool continue_when_gone; /* onDisconnect: "continue"; false is "cancel" */
    bool hash_prompt;        /* recordPrompt: "hash": a run keeps the prompt's SHA-256 only */
    char *extra;
};

void client_init(struct client *c); /* enabled, nothing else */
void client_release(struct client *c);

/* A command or an agent that does not exist is STATUS_BAD_REQUEST and names it, and so is command
 * mode without a command or passthrough with one. */
enum status client_add(struct store *s, struct client *c, struct error *err);
enum status client_update(struct store *s, const struct client *c, struct error *err);
enum status client_get(struct store *s, const char *id, struct client *out, struct error *err);
enum status client_each(struct store *s, enum status (*visit)(void *ctx, const struct client *c),
    void *ctx, struct error *err);
/* Its tokens go with it; its runs stay. */
enum status client_remove(struct store *s, const char *id, struct error *err);

/* from_json wants type "webhook" (or none); a token in it is not part of the client: see import. */
enum status client_from_json(const struct json *j, struct client *out, struct error *err);
/* The members alone, into an object that was begun. */
void client_write_members(const struct client *c, struct json_writer *w);
void client_to_json(const struct client *c, struct json_writer *w);

#endif
