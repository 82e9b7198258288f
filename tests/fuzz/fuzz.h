/*
 * What the fuzz targets share. A target is one file: LLVMFuzzerTestOneInput takes bytes as they
 * could come from outside, and says with FUZZ_CHECK what must be true of them. It is linked with
 * libFuzzer (configure --enable-fuzzing, make fuzz), or else with replay.c, a test.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* In memory of the exact size, so that reading beyond it is noticed. */
static inline char *fuzz_copy(const void *bytes, size_t len)
{
    char *copy = malloc(len ? len : 1);
    FUZZ_CHECK(copy);
    if (len)
        memcpy(copy, bytes, len);
    return copy;
}

/* The first line, which is skipped; without a NUL, terminated. */
static inline char *fuzz_line(const char **at, size_t *left)
{
    const char *end = *left ? memchr(*at, '\n', *left) : NULL;
    size_t len = end ? (size_t)(end - *at) : *left, skip = end ? len + 1 : len;
    char *line = malloc(len + 1);
    FUZZ_CHECK(line);
    memcpy(line, *at, len);
    line[len] = 0;
    *at += skip;
    *left -= skip;
    return line;
}

static inline void fuzz_same(const struct buf *a, const struct buf *b)
{
    FUZZ_CHECK(a->len == b->len && !memcmp(buf_str(a), buf_str(b), a->len));
}

/* Whether one piece stands in the other. */
static inline int fuzz_within(const char *piece, size_t len, const char *whole, size_t whole_len)
{
    return piece >= whole && len <= whole_len && (size_t)(piece - whole) <= whole_len - len;
}

#endif
