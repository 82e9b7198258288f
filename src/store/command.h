/*
 * Commands: stored prompts with a name.
 */
#ifndef MAGEC_STORE_COMMAND_H
#define MAGEC_STORE_COMMAND_H

#include "base/json.h"
#include "store/store.h"

struct command {
    char *id;
    char *name;
    char *description;
    char *prompt; /* never empty, valid UTF-8; never expanded */
    char *agent;  /* agentId: the one that runs it; NULL: the client's agents */
    char *extra;
};

void command_init(struct command *c);
void command_release(struct command *c);

enum status command_add(struct store *s, struct command *c, struct error *err);
enum status command_update(struct store *s, const struct command *c, struct error *err);
enum status command_get(struct store *s, const char *id, struct command *out, struct error *err);
enum status command_each(struct store *s, enum status (*visit)(void *ctx, const struct command *c),
    void *ctx, struct error *err);
/* STATUS_CONFLICT names the clients that run it, unless force: then these are disabled and have no
 * command any more. */
enum status command_remove(struct store *s, const char *id, bool force, struct error *err);

enum status command_from_json(const struct json *j, struct command *out, struct error *err);
void command_to_json(const struct command *c, struct json_writer *w);

#endif
