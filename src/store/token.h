/*
 * Tokens of clients. Only SHA-256 hashes are kept; a token is seen once, when it is made.
 */
#ifndef MAGEC_STORE_TOKEN_H
#define MAGEC_STORE_TOKEN_H

#include "base/ident.h"
#include "store/store.h"

struct token {
    unsigned char hash[IDENT_HASH_LEN];
    int64_t created_ms;
    int64_t expires_ms;   /* 0: never */
    int64_t last_used_ms; /* 0: never */
};

/* A new token for the client; the ones it has end after grace_ms (0: at once; one that ends earlier
 * already keeps its time). STATUS_NOT_FOUND for an unknown client. */
enum status token_issue(struct store *s, const char *client, int64_t grace_ms,
    char out[IDENT_TOKEN_LEN + 1], struct error *err);
/* Makes a token that somebody has already valid for the client (import). */
enum status token_adopt(struct store *s, const char *client, const char *token, struct error *err);
/* The same when only its hash is known. */
enum status token_adopt_hash(struct store *s, const char *client,
    const unsigned char hash[IDENT_HASH_LEN], struct error *err);
/* Whether the hash is that of one of the client's tokens that have not ended. Every hash of the
 * client is compared in constant time; an unknown client costs the same work. OK with *valid false
 * is a wrong token; another status says that the store could not be asked. */
enum status token_check(struct store *s, const char *client,
    const unsigned char hash[IDENT_HASH_LEN], bool *valid, struct error *err);
/* Newest first. */
enum status token_each(struct store *s, const char *client,
    enum status (*visit)(void *ctx, const struct token *t), void *ctx, struct error *err);
/* Sets the last-used time, at most once a second for one token; part of a run's beginning. */
enum status token_touch(
    struct store *s, const unsigned char hash[IDENT_HASH_LEN], int64_t now_ms, struct error *err);

#endif
