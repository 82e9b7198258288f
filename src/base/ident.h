/*
 * Names, tokens and their hashes. The only file that knows libcrypto is ident.c.
 */
#ifndef MAGEC_BASE_IDENT_H
#define MAGEC_BASE_IDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum {
    IDENT_SLUG_MAX = 64,
    IDENT_UUID_LEN = 36,
    IDENT_TOKEN_LEN = 44, /* "mgc_" and 40 hexadecimal digits */
    IDENT_HASH_LEN = 32   /* SHA-256 */
};

/* An operator's id: [A-Za-z0-9][A-Za-z0-9._-]{0,63}. A UUID is one too. */
bool ident_slug_valid(const char *s, size_t len);
/* "mgc_" + 40 lowercase hexadecimal digits. */
bool ident_token_valid(const char *s, size_t len);

/* Random bytes fit for secrets, at most 256; STATUS_INTERNAL when the system has none. */
enum status ident_random(void *out, size_t len, struct error *err);
/* A new token; out is terminated. */
enum status ident_token_new(char out[IDENT_TOKEN_LEN + 1], struct error *err);
/* SHA-256 of any bytes. */
void ident_hash(const void *bytes, size_t len, unsigned char out[IDENT_HASH_LEN]);
/* Lowercase hexadecimal digits of the bytes; out holds 2 * len + 1. */
void ident_hex(const unsigned char *bytes, size_t len, char *out);
/* The bytes of exactly 2 * len hexadecimal digits; false when they are none. */
bool ident_unhex(const char *hex, unsigned char *bytes, size_t len);
/* Whether two hashes are equal, in a time that does not depend on where they differ. */
bool ident_hash_equal(const unsigned char a[IDENT_HASH_LEN], const unsigned char b[IDENT_HASH_LEN]);
/* Overwrites a secret in a way that the compiler keeps. */
void ident_wipe(void *p, size_t len);

/* A random UUID (version 4, RFC 9562) in lower case: the id of an entity that was given none. */
enum status ident_uuid4(char out[IDENT_UUID_LEN + 1], struct error *err);
/* A UUID of version 7: the id of a run; sorts by unix_ms. */
enum status ident_uuid7(int64_t unix_ms, char out[IDENT_UUID_LEN + 1], struct error *err);

#endif
