/*
 * What tests of readers share where the model has tools: streams with the calls that they come to,
 * fed at any split, and what a broken gateway may make of them.
 */
#ifndef TESTS_UNIT_UNIT_CALLS_H
#define TESTS_UNIT_UNIT_CALLS_H

#include "unit_stream.h"

struct calls_row {
    const char *name;
    const char *stream;
    const char *text;
    const char *error; /* what the sentence contains; NULL: success */
    const char *calls; /* "ID NAME ARGUMENTS" of each, a line each; "": none */
    const char *echo;  /* or NULL */
};

static inline void unit_calls_begin(struct stream_run *r, const struct stream_reader *reader)
{
    unit_stream_begin(r, reader);
    reader->expect_calls(r->stream);
}

static inline void unit_calls_print(const struct told *told, struct buf *out)
{
    buf_init(out, 64 * BUF_SMALL);
    for (size_t i = 0; i < told->call_count; i++)
        buf_printf(
            out, "%s %s %s\n", told->calls[i].id, told->calls[i].name, told->calls[i].arguments);
}

static inline void unit_calls_check(
    const struct stream_reader *reader, const struct calls_row *row, size_t first, size_t others)
{
    struct stream_run r;
    struct buf calls;
    unit_calls_begin(&r, reader);
    unit_stream_feed(&r, row->stream, strlen(row->stream), first, others);
    struct told told = unit_stream_end(&r);
    ck_assert_msg(!strcmp(buf_str(&r.text), row->text), "%s: \"%s\"", row->name, buf_str(&r.text));
    ck_assert_msg(
        r.status == (row->error ? STATUS_BACKEND : STATUS_OK), "%s: \"%s\"", row->name, r.err.text);
    ck_assert_msg(
        !row->error || strstr(r.err.text, row->error), "%s: \"%s\"", row->name, r.err.text);
    if (!row->error) {
        unit_calls_print(&told, &calls);
        ck_assert_msg(
            !strcmp(buf_str(&calls), row->calls), "%s: \"%s\"", row->name, buf_str(&calls));
        ck_assert_msg(!told.echo == !row->echo && (!row->echo || !strcmp(told.echo, row->echo)),
            "%s: %s", row->name, told.echo ? told.echo : "no echo");
        buf_release(&calls);
    }
    unit_stream_release(&r);
}

/* Cut in two at every byte, and into small pieces. */
static inline void unit_calls_splits(
    const struct stream_reader *reader, const struct calls_row *row)
{
    size_t len = strlen(row->stream);
    for (size_t split = 0; split <= len; split++)
        unit_calls_check(reader, row, split, len ? len : 1);
    for (size_t n = 1; n <= 16; n++)
        unit_calls_check(reader, row, n, n);
}

static inline void unit_calls_sound(const struct stream_run *r, const struct told *told)
{
    struct json *j = NULL;
    ck_assert(r->status == STATUS_OK || r->status == STATUS_BACKEND);
    ck_assert(told->call_count <= TOOL_CALLS_AT_ONCE_MAX);
    for (size_t i = 0; i < told->call_count; i++)
        ck_assert(*told->calls[i].id && told->calls[i].name && told->calls[i].arguments);
    ck_assert(!r->status || r->err.text[0] || (told->error && !*told->error));
    if (r->status)
        return;
    ck_assert((r->text.len || told->call_count) && !told->error && told->finish_reason);
    for (size_t i = 0; i < told->call_count; i++)
        ck_assert(*told->calls[i].name);
    if (told->echo)
        ck_assert_int_eq(json_parse(told->echo, strlen(told->echo), &j, NULL), STATUS_OK);
    json_free(j);
}

/* Streams of the rows, with some changes. */
static inline void unit_calls_mutations(
    const struct stream_reader *reader, const struct calls_row *rows, size_t count, uint32_t seed)
{
    for (int i = 0; i < 1000; i++) {
        struct stream_run r;
        struct buf stream;
        buf_init(&stream, 16 * BUF_SMALL);
        buf_adds(&stream, rows[unit_random(&seed) % count].stream);
        for (uint32_t n = unit_random(&seed) % 4 + 1; n; n--)
            unit_mutate(&stream, &seed);
        size_t first = unit_random(&seed) % 64 + 1;
        unit_calls_begin(&r, reader);
        unit_stream_feed(&r, buf_str(&stream), stream.len, first, unit_random(&seed) % 64 + 1);
        struct told told = unit_stream_end(&r);
        unit_calls_sound(&r, &told);
        unit_stream_release(&r);
        buf_release(&stream);
    }
}

#endif
