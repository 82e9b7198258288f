/*
 * Patterns of JSON Schema: what is common to ECMA-262 and POSIX extended regular expressions, over
 * characters rather than bytes, found anywhere in a text. \d \w \s (and \D \W \S outside of
 * brackets), \t \n \r \f \v, \xHH, \uHHHH, \b, (?:...), names of groups and lazy repetition are
 * translated; looking ahead or behind, references to groups, \p{...} and a repetition that would
 * cost too much are refused.
 */
#ifndef MAGEC_BASE_PATTERN_H
#define MAGEC_BASE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum {
    PATTERN_MAX = 2048,      /* bytes of one */
    PATTERN_COST_MAX = 4096, /* characters of one, with its repetitions written out */
    PATTERN_GROUPS_MAX = 32  /* that are open at once */
};

struct pattern;

/* STATUS_BAD_REQUEST says what is wrong and at which byte. */
enum status pattern_compile(struct pattern **out, const char *text, size_t len, struct error *err);
bool pattern_found(const struct pattern *p, const char *text, size_t len);
void pattern_free(struct pattern *p); /* NULL is fine */

/* The first step of pattern_compile: the POSIX expression, added to out. */
enum status pattern_translate(const char *text, size_t len, struct buf *out, struct error *err);

#endif
