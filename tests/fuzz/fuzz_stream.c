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

struct input {
    const uint8_t *bytes;
    size_t len;
    bool tools; /* the model has some */
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
static void hear(
    struct heard *h, const struct stream_reader *reader, const struct input *in, size_t piece)
{
    const uint8_t *bytes = in->bytes;
    size_t len = in->len;
    *h = (struct heard){.stream = calloc(1, reader->size), .err = {.text = ""}};
    FUZZ_CHECK(h->stream);
    buf_init(&h->text, len);
    reader->init(h->stream, on_text, &h->text);
    if (in->tools && reader->expect_calls)
        reader->expect_calls(h->stream);
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
        FUZZ_CHECK((h->text.len || told->call_count) && !told->error);
        FUZZ_CHECK(told->finish_reason ? *told->finish_reason : reasonless);
    }
}

static void check_calls(const struct heard *h)
{
    struct json *j = NULL;
    const struct told *told = &h->told;
    FUZZ_CHECK(told->call_count <= TOOL_CALLS_AT_ONCE_MAX);
    for (size_t i = 0; i < told->call_count; i++) {
        FUZZ_CHECK(told->calls[i].id && *told->calls[i].id && told->calls[i].arguments);
        FUZZ_CHECK(told->calls[i].name && (h->status || *told->calls[i].name));
    }
    if (told->echo && !h->status)
        FUZZ_CHECK(!json_parse(told->echo, strlen(told->echo), &j, NULL));
    json_free(j);
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
    same_word(a->told.echo, b->told.echo);
    FUZZ_CHECK(a->told.call_count == b->told.call_count);
    for (size_t i = 0; i < a->told.call_count; i++) {
        same_word(a->told.calls[i].id, b->told.calls[i].id);
        same_word(a->told.calls[i].name, b->told.calls[i].name);
        same_word(a->told.calls[i].arguments, b->told.calls[i].arguments);
    }
}

static void check_reader(const struct row *row, const struct input *in)
{
    const struct stream_reader *reader = row->reader;
    struct heard whole, cut;
    hear(&whole, reader, in, in->len);
    hear(&cut, reader, in, 1 + in->len / 1024);
    check(&whole, row->reasonless);
    check_calls(&whole);
    check_same(&whole, &cut);
    reader->release(whole.stream);
    reader->release(cut.stream);
    free(whole.stream);
    free(cut.stream);
    buf_release(&whole.text);
    buf_release(&cut.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_reader(&rows[i], &(struct input){.bytes = bytes, .len = len});
        if (rows[i].reader->expect_calls)
            check_reader(&rows[i], &(struct input){.bytes = bytes, .len = len, .tools = true});
    }
    return 0;
}
