/*
 * Random changes to bytes, the same ones with every run.
 */
#ifndef TESTS_UNIT_UNIT_MUTATE_H
#define TESTS_UNIT_UNIT_MUTATE_H

#include <check.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"

static inline uint32_t unit_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* One change: a byte replaced, dropped, added, a stretch doubled, or the end cut off. */
static inline void unit_mutate(struct buf *b, uint32_t *state)
{
    static const char bytes[] = "\n\r:{}[]\",\\ \0\xFF\xED"
                                "de0";
    uint32_t kind = unit_random(state) % 5;
    size_t at = b->len ? unit_random(state) % b->len : 0;
    char c = bytes[unit_random(state) % (sizeof bytes - 1)];
    if (!b->len)
        return;
    if (kind == 0) {
        b->data[at] = c;
    } else if (kind == 1) {
        memmove(b->data + at, b->data + at + 1, b->len - at);
        b->len--;
    } else if (kind == 2) {
        ck_assert_int_eq(buf_addc(b, 0), STATUS_OK);
        memmove(b->data + at + 1, b->data + at, b->len - at - 1);
        b->data[at] = c;
    } else if (kind == 3) {
        size_t n = unit_random(state) % (b->len - at) + 1;
        ck_assert_int_eq(buf_reserve(b, n), STATUS_OK);
        buf_add(b, b->data + at, n);
    } else {
        b->len = at;
        b->data[at] = 0;
    }
}

#endif
