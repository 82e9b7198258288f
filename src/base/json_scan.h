/*
 * JSON read once from front to back, without a tree and without memory: for small documents that
 * come by the hundred, such as the chunks of a streamed answer. It takes and refuses exactly what
 * json_parse does (base/json.h): strict RFC 8259, at most JSON_DEPTH_MAX levels; strings may
 * hold invalid UTF-8, \u0000 and halves of surrogate pairs.
 *
 *     json_scan_init(&s, text, len);
 *     if (json_scan_object(&s)) {
 *         while (json_scan_member(&s, &key))
 *             json_scan_value(&s, json_slice_is(&key, "id") ? &id : &other);
 *     }
 *     if (!json_scan_end(&s))
 *         ... it is not JSON, and what was taken from it counts for nothing
 *
 * Each member or element that is announced is read with exactly one call of json_scan_value,
 * json_scan_object or json_scan_array, and each loop runs to its end. After a mistake in the text
 * every call answers "no more" or an absent slice, so nothing but json_scan_end needs a check. Of
 * duplicate keys the last wins: who keeps a value keeps the later one, and forgets what an earlier
 * one held.
 */
#ifndef MAGEC_BASE_JSON_SCAN_H
#define MAGEC_BASE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

/* A value, in the text where it stands. A zeroed one is absent. */
struct json_slice {
    enum json_kind kind;
    bool escaped;      /* a string whose bytes are not yet what it says */
    const char *bytes; /* a string without its quotes, else the whole value; not terminated */
    size_t len;
};

struct json_scan {
    const char *at, *end;
    unsigned depth; /* containers that are open */
    bool first;     /* the container was just opened */
    bool failed;
};

void json_scan_init(struct json_scan *s, const char *text, size_t len);
/* Enters the value that comes if it is an object (an array): json_scan_member (json_scan_element)
 * then goes through it and leaves it. A value of another kind is read over, and false. */
bool json_scan_object(struct json_scan *s);
bool json_scan_array(struct json_scan *s);
/* Whether there is another member, whose value is to be read now. */
bool json_scan_member(struct json_scan *s, struct json_slice *key);
bool json_scan_element(struct json_scan *s);
/* Reads one value of any kind. */
void json_scan_value(struct json_scan *s, struct json_slice *value);
/* Whether the text was one value, well-formed, and is used up. */
bool json_scan_end(struct json_scan *s);

/* What a string says, added to out, which needs room for the bytes of the slice. An absent slice
 * and other kinds add nothing. */
enum status json_slice_add(const struct json_slice *v, struct buf *out);
/* json_slice_is for a string with escapes. */
bool json_slice_says(const struct json_slice *v, const char *word);
/* As json_int: an integer beyond 64 bits is the nearest that fits. */
int64_t json_slice_int(const struct json_slice *v, int64_t otherwise);

/* Whether it is a string that says word, as C compares: only up to a NUL that is in it, which is
 * how json_get takes keys. */
static inline bool json_slice_is(const struct json_slice *v, const char *word)
{
    size_t len = strlen(word);
    if (v->escaped)
        return json_slice_says(v, word);
    return v->kind == JSON_STRING && v->len == len && !memcmp(v->bytes, word, len);
}

#endif
