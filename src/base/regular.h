/*
 * Regular expressions that are searched for in a time that grows only with the text, whatever the
 * expression: for patterns that meet text from outside. (regexec(3) can take minutes for 64 KB.)
 *
 *   abc  .  [a-z]  [^a-z]  [[:alpha:]]  ( )  (?: )  |  *  +  ?  {2} {2,} {2,5}  ^  $
 *   \d \D \w \W \s \S  \t \n \r  and \ before any sign
 *
 * Characters are UTF-8's; classes and \w are ASCII's; ^ and $ are the whole text's ends. Only
 * whether there is a match is told, so *? is the same as *. What others have besides (\b, \1,
 * (?i), \p{L}) is refused.
 */
#ifndef MAGEC_BASE_REGULAR_H
#define MAGEC_BASE_REGULAR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum { REGULAR_TEXT_MAX = 1024, REGULAR_REPEAT_MAX = 1000, REGULAR_STEPS_MAX = 2000 };

struct regular;

/* STATUS_BAD_REQUEST: "at 5: expected \")\"", counted in bytes from 1. */
enum status regular_compile(const char *text, size_t len, struct regular **out, struct error *err);
/* Whether it is found anywhere in the text. *work is what it may cost, about one for each character
 * and step of the pattern, and then what is left of that; STATUS_TOO_LARGE when that is nothing. */
enum status regular_find(
    const struct regular *p, const char *text, size_t len, size_t *work, bool *found);
void regular_free(struct regular *p); /* NULL is fine */

#endif
