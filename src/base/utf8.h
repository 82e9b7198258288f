/*
 * UTF-8 (RFC 3629) at the edges of the program: validated where it comes in from a caller, and
 * made valid at the last moment where it goes out.
 *
 * Text from a backend may be cut anywhere, so a character's bytes can come in two pieces; and a
 * gateway may cut an emoji's surrogate pair into two JSON strings. json_parse keeps such a half as
 * the three bytes that generalized UTF-8 gives it (ED A0 80 .. ED BF BF), and struct utf8_stream
 * puts the halves together again. What stays invalid becomes U+FFFD, one per maximal subpart
 * (Unicode, section 3.9, "Substitution of Maximal Subparts").
 */
#ifndef MAGEC_BASE_UTF8_H
#define MAGEC_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Whether the bytes are well-formed UTF-8 (no surrogates, no overlong forms, <= U+10FFFF).
 * If not, *bad (may be NULL) is the offset of the first byte that is not part of a character. */
bool utf8_valid(const char *bytes, size_t len, size_t *bad);
/* The length of the longest prefix of at most max bytes that does not cut a character. */
size_t utf8_cut(const char *bytes, size_t len, size_t max);
/* Writes code point c (0 .. 0x10FFFF, surrogates too) as UTF-8 to out[4]; returns its length. */
size_t utf8_encode(unsigned c, char out[4]);

/* What is held back between two pieces. Zeroed is empty; needs no release. */
struct utf8_stream {
    unsigned char held[6];
    unsigned char len;
};

/* Adds to out the valid text that bytes completes; holds back an unfinished tail (at most 5 bytes).
 */
enum status utf8_feed(struct utf8_stream *u, const char *bytes, size_t len, struct buf *out);
/* The text ends here: what is held back becomes U+FFFD. */
enum status utf8_finish(struct utf8_stream *u, struct buf *out);

#endif
