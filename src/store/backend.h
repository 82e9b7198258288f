/*
 * Backends: connections to model providers and agent servers.
 */
#ifndef MAGEC_STORE_BACKEND_H
#define MAGEC_STORE_BACKEND_H

#include "base/deadlines.h"
#include "base/strings.h"
#include "store/entity.h"

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

/* Whether the type exists and its fields are right is agent/protocol.h's to say, before. Without
 * secrets a key that is no reference and a proxy with a password are written as null, and the
 * values of headers and of the environment are left out. When one is removed by force, so are the
 * agents that use it, and what refers to them. */
ENTITY_API(backend)
/* Whether the proxy's password stands in it, and not where it is. Then it is withheld, as a key is.
 */
bool backend_proxy_is_secret(const struct backend *b);

#endif
