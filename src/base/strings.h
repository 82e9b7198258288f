/*
 * A list of strings that owns its items: arguments, environment entries, ids in order. items is
 * NULL-terminated when it is not NULL, so it can be passed as an argv.
 */
#ifndef MAGEC_BASE_STRINGS_H
#define MAGEC_BASE_STRINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct strings {
    char **items;
    size_t count;
};

/* A zeroed struct is an empty list. Failures are STATUS_NO_MEMORY and leave the list as it was. */
void strings_release(struct strings *l);
enum status strings_add(struct strings *l, const char *s);
enum status strings_add_len(struct strings *l, const char *s, size_t len);
enum status strings_copy(struct strings *to, const struct strings *from);
bool strings_has(const struct strings *l, const char *s);
/* Adds the parts of text between the separators, spaces around them trimmed, empty ones left out.
 */
enum status strings_split(struct strings *l, const char *text, char separator);
/* The item that is nearest to word by edit distance, or NULL when none is near enough to be meant
 * (for "did you mean"). */
const char *strings_nearest(const struct strings *l, const char *word);

/* Whether all of text is what the pattern says: "*" is any bytes, also none, and everything else is
 * itself. Costs what the two are long. */
bool strings_glob(const char *pattern, const char *text);

/* Frees *to and gives it a copy of s (NULL for NULL). */
enum status string_set(char **to, const char *s);

#endif
