/*
 * Eight bytes of text looked at as one word, for the first byte that meets one of some tests:
 *
 *     hits = swar_ascii(word, swar_below(word, ' ') | swar_is(word, '"')) | swar_high(word);
 *     if (hits)
 *         s += swar_first(hits);
 *
 * What a test gives means something only behind swar_ascii, which leaves out bytes over 127; of
 * hits only the first is right.
 */
#ifndef MAGEC_BASE_SWAR_H
#define MAGEC_BASE_SWAR_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SWAR_BYTES = 8 };

#define SWAR_ONES 0x0101010101010101U
#define SWAR_HIGH 0x8080808080808080U

/* The eight bytes at s, the first one lowest. */
static inline uint64_t swar_load(const char *s)
{
    uint64_t word;
    memcpy(&word, s, sizeof word);
    return le64toh(word);
}

/* Tests: bytes below limit (at most 128), bytes that are c (at most 127). */
static inline uint64_t swar_below(uint64_t word, unsigned char limit)
{
    return word - SWAR_ONES * limit;
}

static inline uint64_t swar_is(uint64_t word, unsigned char c)
{
    return (word ^ (SWAR_ONES * c)) - SWAR_ONES;
}

/* The hits of tests that were joined with "or". */
static inline uint64_t swar_ascii(uint64_t word, uint64_t tests)
{
    return tests & ~word & SWAR_HIGH;
}

/* Hits: bytes that are not ASCII. */
static inline uint64_t swar_high(uint64_t word)
{
    return word & SWAR_HIGH;
}

/* Which byte is the first hit; there is one. */
static inline size_t swar_first(uint64_t hits)
{
    return (size_t)__builtin_ctzll(hits) / 8;
}

#endif
