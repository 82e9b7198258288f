/*
 * Documents that differ in one string, as the chunks of a streamed answer do: what was found out
 * of one holds for the next, and only the string is new. Nothing is guessed: all other bytes are
 * compared, and the string is read as base/json_scan.h reads it.
 */
#ifndef MAGEC_BASE_JSON_ALIKE_H
#define MAGEC_BASE_JSON_ALIKE_H

#include "base/json_scan.h"

/* Longer documents are not kept: they are rare, and each stream has one of these. */
enum { JSON_ALIKE_MAX = 1024 };

struct json_alike {
    struct buf rest; /* the document without what its string says; empty: there is none */
    size_t at;       /* where that stood */
};

void json_alike_init(struct json_alike *a);
void json_alike_release(struct json_alike *a);
/* Keeps a well-formed document in which string stands; the one before is forgotten. When it cannot
 * be kept there is none. */
void json_alike_keep(
    struct json_alike *a, const char *text, size_t len, const struct json_slice *string);
/* Whether text is the document that is kept, but for the string, which is then given; so it is
 * well-formed too. */
bool json_alike_match(
    const struct json_alike *a, const char *text, size_t len, struct json_slice *string);

#endif
