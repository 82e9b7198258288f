/*
 * Agents as they are configured: a backend, a model, a system prompt, options.
 */
#ifndef MAGEC_STORE_AGENT_H
#define MAGEC_STORE_AGENT_H

#include "base/deadlines.h"
#include "base/json.h"
#include "base/strings.h"
#include "store/store.h"

enum {
    AGENT_FALLBACKS_MAX = 8, /* with the fallbacks' own */
    AGENT_TAGS_MAX = 16,
    AGENT_TAG_LEN = 64,          /* bytes */
    AGENT_SCHEMA_MAX = 64 * 1024 /* bytes of its compact text */
};

struct agent {
    char *id;
    char *name;
    char *description;
    char *backend;       /* llm.backend: an id */
    char *model;         /* llm.model; NULL: the backend decides */
    char *system_prompt; /* systemPrompt; NULL: none. Never expanded */
    int64_t max_tokens;  /* most tokens of an answer; 0: the backend decides */
    char *options; /* llm.options: members for the request, a JSON object as text; NULL: none */
    char *response_schema; /* responseSchema: a JSON Schema that answers match, as text; or NULL */
    struct strings tags;   /* words for people, in the order they were given */
    struct strings fallbacks; /* ids of agents that take its place when it fails, in order */
    struct deadlines deadlines;
    char *extra;
};

void agent_init(struct agent *a);
void agent_release(struct agent *a);

/* Sets the options to a JSON object; NULL and an empty one are none. */
enum status agent_set_options(struct agent *a, const char *json, struct error *err);
/* Sets what answers must look like, a JSON object; NULL and an empty text are none. */
enum status agent_set_response_schema(struct agent *a, const char *json, struct error *err);

/* As for backends. A backend or a fallback that does not exist is STATUS_BAD_REQUEST and names it;
 * so are fallbacks in a circle. */
enum status agent_add(struct store *s, struct agent *a, struct error *err);
enum status agent_update(struct store *s, const struct agent *a, struct error *err);
enum status agent_get(struct store *s, const char *id, struct agent *out, struct error *err);
enum status agent_each(struct store *s, enum status (*visit)(void *ctx, const struct agent *a),
    void *ctx, struct error *err);
/* STATUS_CONFLICT names the clients, commands and agents that use it, unless force: then
 * it is taken off their lists. */
enum status agent_remove(struct store *s, const char *id, bool force, struct error *err);

enum status agent_from_json(const struct json *j, struct agent *out, struct error *err);
void agent_to_json(const struct agent *a, struct json_writer *w);

#endif
