/*
 * JSON (RFC 8259): reading into a tree, and writing without one. The only file that knows json-c
 * is json.c; json_write.c has the writing half.
 *
 * Reading. A tree is owned by whoever called json_parse; everything the accessors return belongs
 * to the tree and lives as long. Every accessor takes NULL and a value of another type, and then
 * answers "absent": json_get(json_get(j, "a"), "b") needs no check in between. Text is strict
 * JSON: no comments, no trailing commas, no NaN, no raw control characters in strings, nothing
 * behind the value; at most JSON_DEPTH_MAX levels. The last of duplicate keys wins. A lone
 * surrogate escape is kept as its three generalized UTF-8 bytes (base/utf8.h); \u0000 is kept.
 *
 * Writing. struct json_writer appends to a buf; commas and colons are its work, nesting is the
 * caller's. Failures are the buf's: ask buf_status() once at the end.
 */
#ifndef MAGEC_BASE_JSON_H
#define MAGEC_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/status.h"
#include "base/utf8.h"

enum { JSON_DEPTH_MAX = 256 };

enum json_kind {
    JSON_ABSENT, /* no such member, or no value at all */
    JSON_NULL,
    JSON_BOOL,
    JSON_INT,
    JSON_DOUBLE,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json; /* one value of a tree */

/* Parses exactly one value. On STATUS_BAD_REQUEST err says what is wrong and at which byte offset
 * ("not JSON at byte 17: unexpected character"). The bytes must be valid UTF-8 or come from a
 * backend: invalid sequences pass through untouched. */
enum status json_parse(const char *text, size_t len, struct json **out, struct error *err);
void json_free(struct json *root);

enum json_kind json_kind(const struct json *j);
/* Member of an object, or NULL. */
struct json *json_get(const struct json *j, const char *key);
/* The value at a path of len bytes, such as "llm.model"; its names are below 128 bytes. */
const struct json *json_at_path(const struct json *j, const char *path, size_t len);
/* Element of an array, or NULL. */
struct json *json_at(const struct json *j, size_t i);
/* Elements of an array, members of an object, else 0. */
size_t json_count(const struct json *j);
/* The bytes of a string (may contain NUL; terminated), or NULL if it is none. len may be NULL. */
const char *json_string(const struct json *j, size_t *len);
/* json_string of a member. */
const char *json_get_string(const struct json *j, const char *key);
bool json_truth(const struct json *j, bool otherwise);
int64_t json_int(const struct json *j, int64_t otherwise);
/* The text of a number, as it was written; NULL if it is none. */
const char *json_number(const struct json *j);
double json_double(const struct json *j, double otherwise);
/* Calls each member in the order of the text; stops and returns what visit returned if not OK. */
enum status json_each(const struct json *j,
    enum status (*visit)(void *ctx, const char *key, struct json *value), void *ctx);
/* Adds the value's text to out, compact ("pretty" for people: two spaces a level). Valid UTF-8. */
enum status json_print(const struct json *j, bool pretty, struct buf *out);
/* The same for text that is compact JSON already. */
enum status json_indent(const char *json, size_t len, struct buf *out);

/* Adds bytes as the inside of a JSON string: quote, backslash and control characters, DEL, U+2028
 * and U+2029 escaped; every invalid sequence becomes U+FFFD. No quotes around it. */
enum status json_escape(struct buf *out, const char *bytes, size_t len);
/* The same of text that comes in pieces: what they complete (utf8_feed), and the end of it
 * (utf8_finish). */
enum status json_escape_feed(struct buf *out, struct utf8_stream *u, const char *bytes, size_t len);
enum status json_escape_finish(struct buf *out, struct utf8_stream *u);

struct json_writer {
    struct buf *out;
    bool comma; /* the next value or key needs one before it */
};

void json_writer_init(struct json_writer *w, struct buf *out);
void json_begin_object(struct json_writer *w);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w);
void json_end_array(struct json_writer *w);
void json_key(struct json_writer *w, const char *key);
void json_put_string(struct json_writer *w, const char *bytes, size_t len);
void json_put_cstring(struct json_writer *w, const char *s); /* NULL is null */
void json_put_int(struct json_writer *w, int64_t v);
void json_put_double(struct json_writer *w, double v);
void json_put_bool(struct json_writer *w, bool v);
void json_put_null(struct json_writer *w);
void json_put_raw(
    struct json_writer *w, const char *json, size_t len); /* a value's text, as it is */
void json_put_value(struct json_writer *w, const struct json *j);
/* Key and value at once. */
void json_member_string(struct json_writer *w, const char *key, const char *s); /* NULL is null */
void json_member_int(struct json_writer *w, const char *key, int64_t v);
void json_member_bool(struct json_writer *w, const char *key, bool v);

#endif
