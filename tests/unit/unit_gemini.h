/*
 * What struct gemini_stream has to make of a stream, told in the simple way: each event's data as a
 * tree. Tests compare the two. Only for streams without a bare document.
 */
#ifndef TESTS_UNIT_UNIT_GEMINI_H
#define TESTS_UNIT_UNIT_GEMINI_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/gemini_stream.h"
#include "base/strings.h"

/* Chunks as no one should send them, each to stand behind "data: ". */
static const char *const odd[] = {
    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}],\"candidates\":[{\"content\":"
    "{\"parts\":[{\"text\":\"b\"}]}}]}",
    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"finishReason\":\"x\"}],"
    "\"candidates\":null}",
    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"content\":{\"parts\":[{"
    "\"text\":\"b\",\"text\":null},{\"text\":\"c\"}]}},{\"content\":{\"parts\":[{\"text\":\"d\"}]}}"
    "]}",
    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"content\":[1]}]}",
    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}],\"parts\":{\"text\":\"b\"}}}]}",
    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\",\"thought\":true,\"thought\":null},"
    "{\"thought\":\"true\",\"text\":\"b\"},{\"thought\":false,\"text\":\"c\"},[{\"text\":\"d\"}],"
    "\"e\",null,{\"thought\":true,\"text\":\"f\"}]}}]}",
    "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":null,\"text\":\"a\"},"
    "{\"functionCall\":\"f\"}]}}]}",
    "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{}}]},\"finishReason\":\"X\"}]}",
    "{\"candidates\":[{\"finishReason\":\"STOP\",\"finishReason\":null}]}",
    "{\"candidates\":[{\"finishReason\":\"\\u0053TOP\\u0000op\",\"content\":7}]}",
    "{\"candidates\":[{\"finishReason\":\"\\u0000\"}],\"modelVersion\":\"\\u0000m\"}",
    "{\"candidates\":[{\"finishReason\":\"FINISH_REASON\\u005fUNSPECIFIED\"}]}",
    "{\"candidates\":[{\"finishReason\":\"SAFETY\",\"finishMessage\":\"no \\u00e9\"}]}",
    "{\"candidates\":[{\"finishMessage\":\"m\",\"finishReason\":1}],\"responseId\":\"\"}",
    "{\"c\\u0061ndidates\":[{\"c\\u006fntent\":{\"parts\":[{\"text\\u0000x\":\"a\\n\\ud83d\"}]}}]}",
    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":[\"a\"]}]}}],\"modelVersion\":5}",
    "{\"candidates\":{\"0\":{\"content\":{\"parts\":[{\"text\":\"a\"}]}}},\"message\":\"m\"}",
    "{\"candidates\":[[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]]}",
    "{\"usageMetadata\":{\"promptTokenCount\":99999999999999999999,\"candidatesTokenCount\":-1}}",
    "{\"usageMetadata\":{\"candidatesTokenCount\":9223372036854775807,\"thoughtsTokenCount\":1}}",
    "{\"usageMetadata\":{\"promptTokenCount\":1.5,\"candidatesTokenCount\":\"2\"}}",
    "{\"usageMetadata\":{\"promptTokenCount\":3,\"promptTokenCount\":null}}",
    "{\"usageMetadata\":{\"promptTokenCount\":3},\"usageMetadata\":[]}",
    "{\"promptFeedback\":{\"blockReason\":\"OTHER\",\"blockReason\":\"\"},\"message\":null}",
    "{\"promptFeedback\":{\"blockReason\":\"OTHER\"},\"promptFeedback\":null}",
    "{\"promptFeedback\":{\"blockReason\":\"BLOCK_REASON_UNSPECIFIED\"},\"candidates\":[]}",
    "{\"promptFeedback\":{\"blockReasonMessage\":\"m\"}}",
    "{\"promptFeedback\":{\"blockReasonMessage\":5,\"blockReason\":\"SAF\\u0045TY\"}}",
    "{\"error\":{\"message\":\"e\"},\"error\":null,\"candidates\":[{\"content\":{\"parts\":[{"
    "\"text\":\"a\"}]}}]}",
    "{\"error\":false,\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}",
    "{\"error\":{\"message\":5},\"candidates\":[]}",
    "{\"error\":{\"status\":\"UNAVAILABLE\"},\"candidates\":[]}",
    "{\"error\":\"\",\"candidates\":[]}",
    "{\"error\":[\"e\"]}",
    "{\"detail\":\"d\",\"message\":null}",
    "[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}]",
    "[[{\"error\":\"e\"}]]",
    "[]",
    "\"candidates\"",
    "null",
};

struct model {
    struct buf text;
    char *finish_reason, *name, *id, *error;
    int64_t input, candidate, thought;
    bool done, called;
};

static inline enum status model_fail(
    struct model *m, const char *what, const char *word, const char *sentence)
{
    char text[4096];
    bool more = sentence && *sentence;
    snprintf(text, sizeof text, "%s: %s%s%s", what, word, more ? ": " : "", more ? sentence : "");
    string_set(&m->error, text);
    return STATUS_BACKEND;
}

static inline void model_word(const char *word, char **to)
{
    if (word && *word)
        string_set(to, word);
}

static inline void model_count(const struct json *j, int64_t *to)
{
    int64_t n = json_int(j, -1);
    if (n >= 0)
        *to = n;
}

static inline void model_parts(struct model *m, const struct json *parts)
{
    for (size_t i = 0; json_kind(parts) == JSON_ARRAY && i < json_count(parts); i++) {
        size_t len = 0;
        const struct json *part = json_at(parts, i);
        const char *text = json_string(json_get(part, "text"), &len);
        if (json_kind(json_get(part, "functionCall")) == JSON_OBJECT)
            m->called = true;
        if (text && len && !json_truth(json_get(part, "thought"), false))
            buf_add(&m->text, text, len);
    }
}

static inline const char *model_what(const char *word)
{
    if (!strcmp(word, "MALFORMED_FUNCTION_CALL"))
        return "the model wrote a tool call that cannot be read";
    if (!strcmp(word, "UNEXPECTED_TOOL_CALL"))
        return "the model called a tool that it does not have";
    return "the answer was stopped by the provider";
}

static inline enum status model_chunk(struct model *m, const struct json *chunk)
{
    const struct json *candidates = json_get(chunk, "candidates"),
                      *error = json_get(chunk, "error");
    const char *message = gemini_error_message(chunk);
    if (message && (!candidates || json_kind(error) > JSON_NULL)) {
        string_set(&m->error, message);
        return STATUS_BACKEND;
    }
    const struct json *usage = json_get(chunk, "usageMetadata");
    model_count(json_get(usage, "promptTokenCount"), &m->input);
    model_count(json_get(usage, "candidatesTokenCount"), &m->candidate);
    model_count(json_get(usage, "thoughtsTokenCount"), &m->thought);
    if (!m->name)
        model_word(json_get_string(chunk, "modelVersion"), &m->name);
    if (!m->id)
        model_word(json_get_string(chunk, "responseId"), &m->id);
    const struct json *feedback = json_get(chunk, "promptFeedback");
    const char *word = json_get_string(feedback, "blockReason");
    if (word && *word && strcmp(word, "BLOCK_REASON_UNSPECIFIED") != 0)
        return model_fail(
            m, "the prompt was blocked", word, json_get_string(feedback, "blockReasonMessage"));
    const struct json *candidate = json_kind(candidates) == JSON_ARRAY ? json_at(candidates, 0) : 0;
    model_parts(m, json_get(json_get(candidate, "content"), "parts"));
    word = json_get_string(candidate, "finishReason");
    if (word && strcmp(word, "FINISH_REASON_UNSPECIFIED") != 0)
        model_word(word, &m->finish_reason);
    word = m->finish_reason;
    if (!word || !strcmp(word, "STOP") || !strcmp(word, "MAX_TOKENS") || m->called)
        return STATUS_OK;
    return model_fail(m, model_what(word), word, json_get_string(candidate, "finishMessage"));
}

static inline enum status model_event(void *ctx, const struct sse_event *e)
{
    struct model *m = ctx;
    struct json *chunk;
    if (m->done)
        return STATUS_OK;
    m->done = e->len == 6 && !memcmp(e->data, "[DONE]", 6);
    if (m->done)
        return STATUS_OK;
    enum status st = json_parse(e->data, e->len, &chunk, NULL);
    if (!st)
        st = model_chunk(m, chunk);
    json_free(chunk);
    return st;
}

static inline int64_t model_output(const struct model *m)
{
    if (m->candidate < 0 || m->thought < 0)
        return m->candidate < 0 ? m->thought : m->candidate;
    return m->candidate > INT64_MAX - m->thought ? INT64_MAX : m->candidate + m->thought;
}

/* Reads the stream at once, and checks that g, which said text and ended its feeding with st, came
 * to the same. */
static inline void model_check(
    const struct buf *stream, const struct gemini_stream *g, const struct buf *text, enum status st)
{
    struct sse sse;
    struct told told;
    struct model m = {.input = -1, .candidate = -1, .thought = -1};
    gemini_reader.told(g, &told);
    buf_init(&m.text, text->cap);
    sse_init(&sse, STREAM_EVENT_MAX, STREAM_EVENT_MAX, model_event, &m);
    enum status wanted = sse_feed(&sse, buf_str(stream), stream->len);
    ck_assert_int_eq(st, wanted ? STATUS_BACKEND : STATUS_OK);
    ck_assert_uint_eq(text->len, m.text.len);
    ck_assert_int_eq(memcmp(buf_str(text), buf_str(&m.text), text->len), 0);
    ck_assert_pstr_eq(told.finish_reason, m.finish_reason);
    ck_assert_pstr_eq(told.model, m.name);
    ck_assert_pstr_eq(told.id, m.id);
    ck_assert_pstr_eq(told.error, m.error);
    ck_assert_int_eq(told.input_tokens, m.input);
    ck_assert_int_eq(told.output_tokens, model_output(&m));
    ck_assert_int_eq(told.done, m.done);
    ck_assert_int_eq(g->stream.called, m.called);
    sse_release(&sse);
    buf_release(&m.text);
    free(m.finish_reason);
    free(m.name);
    free(m.id);
    free(m.error);
}

#endif
