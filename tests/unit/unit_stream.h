/*
 * What tests of the readers of streams share: streams with what they come to, fed at any split, and
 * what a broken gateway may make of them.
 */
#ifndef TESTS_UNIT_UNIT_STREAM_H
#define TESTS_UNIT_UNIT_STREAM_H

#include "agent/stream.h"
#include "unit.h"
#include "unit_mutate.h"

struct stream_row {
    const char *name;
    const char *stream;
    const char *text;
    const char *error;  /* what the sentence contains; NULL: success */
    const char *reason; /* or NULL */
    int64_t input, output;
};

struct stream_run;

/* A reader and what is known of it. */
struct stream_kind {
    const struct stream_reader *reader;
    const struct stream_row *rows;
    size_t count;
    size_t event_max;
    bool reasonless; /* a success may lack the reason */
    /* Unless NULL: events' data as no one should send them, ... */
    const char *const *odd;
    size_t odds;
    /* ... and a comparison of what was made of the stream, before its end, with the simple way. */
    void (*model)(const struct buf *stream, const struct stream_run *r);
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

/* All of it, in pieces, compared with the model. */
static inline void unit_stream_model(const struct stream_kind *kind, struct stream_run *r,
    const char *bytes, size_t len, size_t first, size_t others)
{
    struct buf stream;
    unit_stream_begin(r, kind->reader);
    unit_stream_feed(r, bytes, len, first, others);
    if (!kind->model)
        return;
    buf_init(&stream, 16 * BUF_SMALL);
    buf_add(&stream, bytes, len);
    kind->model(&stream, r);
    buf_release(&stream);
}

static inline void unit_stream_check(
    const struct stream_kind *kind, const struct stream_row *row, size_t first, size_t others)
{
    struct stream_run r;
    unit_stream_model(kind, &r, row->stream, strlen(row->stream), first, others);
    struct told told = unit_stream_end(&r);
    ck_assert_msg(!strcmp(buf_str(&r.text), row->text), "%s: \"%s\"", row->name, buf_str(&r.text));
    ck_assert_msg(
        r.status == (row->error ? STATUS_BACKEND : STATUS_OK), "%s: \"%s\"", row->name, r.err.text);
    ck_assert_msg(
        !row->error || strstr(r.err.text, row->error), "%s: \"%s\"", row->name, r.err.text);
    ck_assert_pstr_eq(told.finish_reason, row->reason);
    ck_assert_msg(told.input_tokens == row->input, "%s: %d in", row->name, (int)told.input_tokens);
    ck_assert_msg(
        told.output_tokens == row->output, "%s: %d out", row->name, (int)told.output_tokens);
    unit_stream_release(&r);
}

/* Cut in two at every byte, and into small pieces. */
static inline void unit_stream_splits(const struct stream_kind *kind, int row)
{
    size_t len = strlen(kind->rows[row].stream);
    for (size_t split = 0; split <= len; split++)
        unit_stream_check(kind, &kind->rows[row], split, len ? len : 1);
    for (size_t n = 1; n <= 16; n++)
        unit_stream_check(kind, &kind->rows[row], n, n);
}

/* An odd event alone, and behind and before others. */
static inline void unit_stream_odd(const struct stream_kind *kind, int which, const char *name,
    const char *before, const char *after)
{
    for (int alone = 0; alone < 2; alone++) {
        struct stream_run r;
        struct buf stream;
        buf_init(&stream, BUF_SMALL);
        buf_printf(
            &stream, "%s%sdata: %s\n\n%s", alone ? "" : before, name, kind->odd[which], after);
        unit_stream_model(kind, &r, buf_str(&stream), stream.len, stream.len, 1);
        unit_stream_release(&r);
        buf_release(&stream);
    }
}

/* One line, and one event of many lines, over the cap. */
static inline void unit_stream_caps(const struct stream_kind *kind)
{
    static char piece[16 * 1024];
    char sentence[64];
    snprintf(sentence, sizeof sentence, "larger than %zu bytes", kind->event_max);
    for (int lines = 0; lines < 2; lines++) {
        struct stream_run r;
        memset(piece, 'x', sizeof piece);
        if (lines) {
            memcpy(piece, "data: ", 6);
            piece[sizeof piece - 1] = '\n';
        }
        unit_stream_begin(&r, kind->reader);
        for (size_t i = 0; i < kind->event_max / sizeof piece + 4 && !r.status; i++)
            unit_stream_feed(&r, piece, sizeof piece, sizeof piece, 1);
        ck_assert_int_eq(r.status, STATUS_BACKEND);
        ck_assert_msg(strstr(r.err.text, sentence) != NULL, "%s", r.err.text);
        unit_stream_release(&r);
    }
}

struct stream_message {
    const char *json;
    const char *message; /* or NULL */
};

static inline void unit_stream_messages(const char *(*message_of)(const struct json *),
    const struct stream_message *documents, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct json *j = NULL;
        ck_assert_int_eq(
            json_parse(documents[i].json, strlen(documents[i].json), &j, NULL), STATUS_OK);
        ck_assert_pstr_eq(message_of(j), documents[i].message);
        json_free(j);
    }
}

/* ---- what a broken gateway may send ---- */

/* A stream of the rows, odd events before it, with some changes. */
static inline void unit_stream_make(
    const struct stream_kind *kind, struct buf *stream, uint32_t *state)
{
    buf_init(stream, 16 * BUF_SMALL);
    for (uint32_t n = kind->odds ? unit_random(state) % 3 : 0; n; n--)
        buf_printf(stream, "data: %s\n\n", kind->odd[unit_random(state) % kind->odds]);
    buf_adds(stream, kind->rows[unit_random(state) % kind->count].stream);
    for (uint32_t n = unit_random(state) % 4 + 1; n; n--)
        unit_mutate(stream, state);
}

/* No success without a finish and some text. */
static inline void unit_stream_mutation(const struct stream_kind *kind, uint32_t *state)
{
    struct stream_run r;
    struct buf stream;
    unit_stream_make(kind, &stream, state);
    size_t first = unit_random(state) % 64 + 1;
    unit_stream_model(kind, &r, buf_str(&stream), stream.len, first, unit_random(state) % 64 + 1);
    struct told told = unit_stream_end(&r);
    ck_assert(r.status == STATUS_OK || r.status == STATUS_BACKEND);
    if (r.status) {
        ck_assert(r.err.text[0] || (told.error && !*told.error));
    } else {
        ck_assert(r.text.len && !told.error);
        ck_assert(told.finish_reason ? *told.finish_reason : kind->reasonless);
    }
    unit_stream_release(&r);
    buf_release(&stream);
}

static inline void unit_stream_mutations(const struct stream_kind *kind, uint32_t seed)
{
    for (int i = 0; i < 1000; i++)
        unit_stream_mutation(kind, &seed);
}

#endif
