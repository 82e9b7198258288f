/* The readers of streamed answers: each is fed every input, since a backend may speak another
 * protocol than the one that it is set up for. */
#include <stdbool.h>

#include "agent/a2a_stream.h"
#include "agent/adk_stream.h"
#include "agent/anthropic_stream.h"
#include "agent/gemini_stream.h"
#include "agent/openai_stream.h"
#include "agent/responses_stream.h"
#include "fuzz.h"

/* Whether a success may lack the finish reason. */
static const struct row {
    const struct stream_reader *reader;
    bool reasonless;
} rows[] = {
    {&a2a_reader, false},
    {&a2a_whole_reader, false},
    {&adk_reader, true},
    {&anthropic_reader, false},
    {&gemini_reader, false},
    {&openai_reader, false},
    {&responses_reader, false},
};

struct heard {
    void *stream;
    struct buf text;
    struct told told;
    enum status status;
    struct error err;
};

static void on_text(void *ctx, const char *bytes, size_t len)
{
    FUZZ_CHECK(len > 0);
    FUZZ_CHECK(!buf_add(ctx, bytes, len));
}

/* In pieces of so many bytes. No text is longer than what it was read from. */
static void hear(struct heard *h, const struct stream_reader *reader, const uint8_t *bytes,
    size_t len, size_t piece)
{
    *h = (struct heard){.stream = calloc(1, reader->size), .err = {.text = ""}};
    FUZZ_CHECK(h->stream);
    buf_init(&h->text, len);
    reader->init(h->stream, on_text, &h->text);
    for (size_t at = 0, n; at < len && !h->status; at += n) {
        n = piece < len - at ? piece : len - at;
        char *copy = fuzz_copy(bytes + at, n);
        h->status = reader->feed(h->stream, copy, n, &h->err);
        free(copy);
    }
    if (!h->status)
        h->status = reader->end(h->stream, &h->err);
    reader->told(h->stream, &h->told);
}

static void check(const struct heard *h, bool reasonless)
{
    const struct told *told = &h->told;
    FUZZ_CHECK(h->status == STATUS_OK || h->status == STATUS_BACKEND);
    if (h->status) {
        FUZZ_CHECK(h->err.text[0] || (told->error && !*told->error));
    } else {
        FUZZ_CHECK(h->text.len && !told->error);
        FUZZ_CHECK(told->finish_reason ? *told->finish_reason : reasonless);
    }
}

static void same_word(const char *a, const char *b)
{
    FUZZ_CHECK(!a == !b && (!a || !strcmp(a, b)));
}

static void check_same(const struct heard *a, const struct heard *b)
{
    fuzz_same(&a->text, &b->text);
    FUZZ_CHECK(a->status == b->status);
    same_word(a->err.text, b->err.text);
    same_word(a->told.finish_reason, b->told.finish_reason);
    same_word(a->told.model, b->told.model);
    same_word(a->told.id, b->told.id);
    same_word(a->told.error, b->told.error);
    FUZZ_CHECK(a->told.input_tokens == b->told.input_tokens);
    FUZZ_CHECK(a->told.output_tokens == b->told.output_tokens);
    FUZZ_CHECK(a->told.done == b->told.done);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct stream_reader *reader = rows[i].reader;
        struct heard whole, cut;
        hear(&whole, reader, bytes, len, len);
        hear(&cut, reader, bytes, len, 1 + len / 1024);
        check(&whole, rows[i].reasonless);
        check_same(&whole, &cut);
        reader->release(whole.stream);
        reader->release(cut.stream);
        free(whole.stream);
        free(cut.stream);
        buf_release(&whole.text);
        buf_release(&cut.text);
    }
    return 0;
}
