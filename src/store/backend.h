/*
 * Backends: connections to model providers and agent servers.
 */
#ifndef MAGEC_STORE_BACKEND_H
#define MAGEC_STORE_BACKEND_H

#include "base/deadlines.h"
#include "base/json.h"
#include "base/strings.h"
#include "store/store.h"

enum { BACKEND_ATTEMPTS_MAX = 10, BACKEND_CALLS_MAX = 1000 * 1000 };

struct backend {
    char *id;
    char *name;          /* for people; NULL: the id */
    char *type;          /* a protocol of agent/: "openai", "exec", ... */
    char *url;           /* base URL, without a slash at its end */
    char *key;           /* apiKey: "env:NAME", "file:PATH" or the key itself; NULL: none */
    char *key_header;    /* apiKeyHeader: the key travels in it; NULL: as the type has it */
    char *max_tokens_as; /* maxTokensAs: what the most tokens are called; NULL: as the type has */
    struct strings headers; /* further ones, "Name: value" */
    struct strings argv;    /* exec: the program and its arguments */
    struct strings env; /* exec: its whole environment, "NAME=value"; a bare NAME is passed on */
    int64_t delay_ms;   /* echo: between two words; 0: none */
    int64_t attempts;   /* most of a call that fails before anything is said; 0: the default */
    int64_t max_calls;  /* most in flight; 0: any number */
    char *ca_file;      /* caFile: PEM, instead of the system's authorities; NULL: these */
    char *client_cert;  /* clientCert: PEM file, shown to the server; NULL: none */
    char *client_key;   /* clientKey: PEM file of its key; NULL: it is in that file too */
    char *proxy;        /* URL of the HTTP proxy to go through; NULL: none */
    bool insecure;      /* the server's certificate is not verified */
    struct deadlines deadlines;
    char *
        extra; /* members of an imported object that have no meaning here: a JSON object, or NULL */
};

void backend_init(struct backend *b);
void backend_release(struct backend *b);

/* STATUS_BAD_REQUEST for a wrong id or an empty type; whether the type exists and its fields are
 * right is agent/protocol.h's to say, before. An empty id becomes a UUID. */
enum status backend_add(struct store *s, struct backend *b, struct error *err);
/* Replaces all fields of the one with the same id; STATUS_NOT_FOUND. */
enum status backend_update(struct store *s, struct backend *b, struct error *err);
/* *out must be initialised; it is released and filled. */
enum status backend_get(struct store *s, const char *id, struct backend *out, struct error *err);
/* In order of id. What visit gets is valid during the call; what it returns ends the walk. */
enum status backend_each(struct store *s, enum status (*visit)(void *ctx, const struct backend *b),
    void *ctx, struct error *err);
/* STATUS_CONFLICT names the agents that use it, unless force: then these are removed with it, and
 * so is what refers to them (agent_remove). */
enum status backend_remove(struct store *s, const char *id, bool force, struct error *err);

/* Magec's field names. Without secrets a key that is no reference and a proxy with a password are
 * written as null, and the values of headers and of the environment are left out. from_json takes
 * what to_json writes; unknown members go to extra. */
enum status backend_from_json(const struct json *j, struct backend *out, struct error *err);
void backend_to_json(const struct backend *b, bool secrets, struct json_writer *w);
/* Whether the proxy's password stands in it, and not where it is. Then it is withheld, as a key is.
 */
bool backend_proxy_is_secret(const struct backend *b);

#endif
