#include "base/strings.h"

#include <stdlib.h>
#include <string.h>

void strings_release(struct strings *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->items[i]);
    free(l->items);
    *l = (struct strings){0};
}

enum status strings_add_len(struct strings *l, const char *s, size_t len)
{
    char *copy = strndup(s, len);
    char **items = copy ? realloc(l->items, (l->count + 2) * sizeof *items) : NULL;
    if (!items) {
        free(copy);
        return STATUS_NO_MEMORY;
    }
    l->items = items;
    l->items[l->count++] = copy;
    l->items[l->count] = NULL;
    return STATUS_OK;
}

enum status strings_add(struct strings *l, const char *s)
{
    return strings_add_len(l, s, strlen(s));
}

enum status strings_copy(struct strings *to, const struct strings *from)
{
    struct strings copy = {0};
    for (size_t i = 0; i < from->count; i++) {
        if (strings_add(&copy, from->items[i])) {
            strings_release(&copy);
            return STATUS_NO_MEMORY;
        }
    }
    strings_release(to);
    *to = copy;
    return STATUS_OK;
}

bool strings_has(const struct strings *l, const char *s)
{
    for (size_t i = 0; i < l->count; i++)
        if (!strcmp(l->items[i], s))
            return true;
    return false;
}

enum status strings_split(struct strings *l, const char *text, char separator)
{
    for (;;) {
        const char *end = strchrnul(text, separator);
        const char *from = text, *to = end;
        while (from < to && *from == ' ')
            from++;
        while (to > from && to[-1] == ' ')
            to--;
        if (to > from && strings_add_len(l, from, (size_t)(to - from)))
            return STATUS_NO_MEMORY;
        if (!*end)
            return STATUS_OK;
        text = end + 1;
    }
}

enum { WORD_MAX = 64 };

/* Levenshtein's distance with neighbours swapped as one step; words over WORD_MAX are far away. */
static size_t distance(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b);
    size_t d[3][WORD_MAX + 1];
    if (la > WORD_MAX || lb > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= lb; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t *now = d[i % 3], *one = d[(i + 2) % 3], *two = d[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t best = one[j - 1] + (a[i - 1] != b[j - 1]);
            if (one[j] + 1 < best)
                best = one[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                two[j - 2] + 1 < best)
                best = two[j - 2] + 1;
            now[j] = best;
        }
    }
    return d[la % 3][lb];
}

const char *strings_nearest(const struct strings *l, const char *word)
{
    const char *nearest = NULL;
    size_t best = strlen(word) / 3 + 1; /* more is another word */
    for (size_t i = 0; i < l->count; i++) {
        size_t far = distance(l->items[i], word);
        if (far <= best && far < strlen(l->items[i])) {
            nearest = l->items[i];
            best = far ? far - 1 : 0;
        }
    }
    return nearest;
}

bool strings_glob(const char *pattern, const char *text)
{
    const char *star = strchr(pattern, '*');
    size_t left = strlen(text), part = star ? (size_t)(star - pattern) : left;
    if (!star || strncmp(pattern, text, part) != 0)
        return !star && !strcmp(pattern, text);
    for (;;) { /* each part between two stars where it is found first */
        text += part;
        left -= part;
        pattern = star + 1;
        star = strchr(pattern, '*');
        if (!star)
            break;
        part = (size_t)(star - pattern);
        const char *found = memmem(text, left, pattern, part);
        if (!found)
            return false;
        left -= (size_t)(found - text);
        text = found;
    }
    part = strlen(pattern);
    return part <= left && !strcmp(text + left - part, pattern);
}

enum status string_set(char **to, const char *s)
{
    char *copy = s ? strdup(s) : NULL;
    if (s && !copy)
        return STATUS_NO_MEMORY;
    free(*to);
    *to = copy;
    return STATUS_OK;
}
