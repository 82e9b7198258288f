/*
 * What tests of the readers of streams share: streams with what they come to, fed at any split, and
 * what a broken gateway may make of them.
 */
#ifndef TESTS_UNIT_UNIT_STREAM_H
#define TESTS_UNIT_UNIT_STREAM_H

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/stream.h"

struct stream_row {
    const char *name;
    const char *stream;
    const char *text;
    const char *error;  /* what the sentence contains; NULL: success */
    const char *reason; /* or NULL */
    int64_t input, output;
};

struct stream_run {
    const struct stream_reader *reader;
    void *stream;
    struct buf text;
    struct error err;
    enum status status;
};

static inline void unit_stream_text(void *ctx, const char *bytes, size_t len)
{
    ck_assert_uint_gt(len, 0);
    buf_add(ctx, bytes, len);
}

static inline void unit_stream_begin(struct stream_run *r, const struct stream_reader *reader)
{
    *r = (struct stream_run){.reader = reader, .stream = calloc(1, reader->size)};
    ck_assert_ptr_nonnull(r->stream);
    buf_init(&r->text, 1024 * BUF_SMALL);
    reader->init(r->stream, unit_stream_text, &r->text);
}

static inline void unit_stream_release(struct stream_run *r)
{
    r->reader->release(r->stream);
    free(r->stream);
    buf_release(&r->text);
}

/* In pieces of a first length and then of the others, each in memory of its exact size. */
static inline void unit_stream_feed(
    struct stream_run *r, const char *bytes, size_t len, size_t first, size_t others)
{
    for (size_t at = 0, n = first; at < len && !r->status; at += n, n = others) {
        if (n > len - at)
            n = len - at;
        char *copy = malloc(n ? n : 1);
        ck_assert_ptr_nonnull(copy);
        memcpy(copy, bytes + at, n);
        r->status = r->reader->feed(r->stream, copy, n, &r->err);
        free(copy);
    }
}

static inline struct told unit_stream_end(struct stream_run *r)
{
    struct told told;
    if (!r->status)
        r->status = r->reader->end(r->stream, &r->err);
    r->reader->told(r->stream, &told);
    return told;
}

static inline void unit_stream_check(
    const struct stream_reader *reader, const struct stream_row *row, size_t first, size_t others)
{
    struct stream_run r;
    unit_stream_begin(&r, reader);
    unit_stream_feed(&r, row->stream, strlen(row->stream), first, others);
    struct told told = unit_stream_end(&r);
    ck_assert_msg(!strcmp(buf_str(&r.text), row->text), "%s: \"%s\"", row->name, buf_str(&r.text));
    ck_assert_msg(!r.status == !row->error, "%s: \"%s\"", row->name, r.err.text);
    ck_assert_msg(
        !row->error || strstr(r.err.text, row->error), "%s: \"%s\"", row->name, r.err.text);
    ck_assert_pstr_eq(told.finish_reason, row->reason);
    ck_assert_int_eq(told.input_tokens, row->input);
    ck_assert_int_eq(told.output_tokens, row->output);
    unit_stream_release(&r);
}

/* Cut in two at every byte, and into small pieces. */
static inline void unit_stream_splits(
    const struct stream_reader *reader, const struct stream_row *row)
{
    size_t len = strlen(row->stream);
    for (size_t split = 0; split <= len; split++)
        unit_stream_check(reader, row, split, len ? len : 1);
    for (size_t n = 1; n <= 16; n++)
        unit_stream_check(reader, row, n, n);
}

/* ---- what a broken gateway may send ---- */

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

/* A stream of the rows with some changes: no success without a finish and some text. */
static inline void unit_stream_mutation(const struct stream_reader *reader,
    const struct stream_row *rows, size_t count, uint32_t *state)
{
    struct stream_run r;
    struct buf stream;
    buf_init(&stream, 16 * BUF_SMALL);
    buf_adds(&stream, rows[unit_random(state) % count].stream);
    for (uint32_t n = unit_random(state) % 4 + 1; n; n--)
        unit_mutate(&stream, state);
    unit_stream_begin(&r, reader);
    size_t first = unit_random(state) % 64 + 1;
    unit_stream_feed(&r, buf_str(&stream), stream.len, first, unit_random(state) % 64 + 1);
    struct told told = unit_stream_end(&r);
    ck_assert(r.status == STATUS_OK || r.status == STATUS_BACKEND);
    if (r.status)
        ck_assert(r.err.text[0] || (told.error && !*told.error));
    else
        ck_assert(told.finish_reason && *told.finish_reason && r.text.len && !told.error);
    unit_stream_release(&r);
    buf_release(&stream);
}

#endif
