/*
 * What struct anthropic_stream has to make of a stream, told in the simple way: each event's data
 * as a tree. Tests compare the two.
 */
#ifndef TESTS_UNIT_UNIT_ANTHROPIC_H
#define TESTS_UNIT_UNIT_ANTHROPIC_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/anthropic_stream.h"
#include "base/strings.h"

/* Events as no one should send them, each to stand behind "data: ". */
static const char *const odd[] = {
    "{\"type\":\"ping\",\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\","
    "\"text\":\"a\"}}",
    "{\"type\":\"content_block_delta\",\"type\":\"ping\",\"delta\":{\"type\":\"text_delta\","
    "\"text\":\"a\"}}",
    "{\"type\":\"content_block_delta\",\"type\":null,\"delta\":{\"type\":\"text_delta\","
    "\"text\":\"a\"}}",
    "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"},"
    "\"delta\":{\"text\":\"b\"}}",
    "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"a\","
    "\"text\":\"b\"}}",
    "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"a\","
    "\"text\":null}}",
    "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"},"
    "\"delta\":[1]}",
    "{\"type\":\"content_block_delta\",\"delta\":{\"text\":\"a\"}}",
    "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":[\"a\"]}}",
    "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"},"
    "\"error\":false}",
    "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"},"
    "\"error\":{\"message\":\"e\"},\"error\":null}",
    "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"},"
    "\"error\":\"\"}",
    "{\"ty\\u0070e\":\"content_bl\\u006fck_delta\",\"d\\u0065lta\":{\"type\":\"t\\u0065xt_delta\","
    "\"text\\u0000x\":\"a\\n\\ud83d\"}}",
    "{\"type\":\"content_block_delta\\u0000x\",\"delta\":{\"type\":\"text_delta\\u0000\","
    "\"text\":\"\\u0000\\\"\"}}",
    "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_reason\":null}}",
    "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"\\u0065nd\\u0000turn\"},\"usage\":7}",
    "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"\\u0000\",\"stop_details\":"
    "{\"explanation\":\"\\ud83d\\ude00\"}}}",
    "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\",\"stop_details\":"
    "{\"explanation\":\"\",\"category\":\"bio\"}}}",
    "{\"type\":\"message_delta\",\"usage\":{\"input_tokens\":99999999999999999999,"
    "\"output_tokens\":-1}}",
    "{\"type\":\"message_delta\",\"usage\":{\"input_tokens\":9223372036854775807,"
    "\"cache_read_input_tokens\":99999999999999999999}}",
    "{\"type\":\"message_delta\",\"usage\":{\"cache_read_input_tokens\":5}}",
    "{\"type\":\"message_delta\",\"usage\":{\"input_tokens\":1.5,\"output_tokens\":\"2\"}}",
    "{\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":3},\"usage\":[],"
    "\"model\":\"\\u0000m\"}}",
    "{\"type\":\"message_start\",\"message\":\"m\"}",
    "{\"type\":\"message_start\",\"message\":{\"model\":5}}",
    "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"thinking\",\"text\":\"a\"}}",
    "{\"type\":\"content_block_start\",\"content_block\":[{\"type\":\"text\",\"text\":\"a\"}]}",
    "{\"type\":\"error\"}",
    "{\"type\":\"error\",\"error\":null,\"message\":\"m\"}",
    "{\"type\":\"error\",\"error\":{\"type\":\"t\",\"message\":5}}",
    "{\"type\":\"error\",\"error\":{\"type\":\"t\",\"message\":\"t\"}}",
    "{\"type\":\"error\",\"error\":[\"e\"]}",
    "{\"error\":[\"e\"]}",
    "{\"detail\":\"d\",\"message\":null}",
    "[{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}]",
    "\"message_stop\"",
    "null",
};

struct model {
    struct buf text, refusal;
    char *finish_reason, *name, *id, *error;
    int64_t input_tokens, output_tokens;
    bool done, said;
};

static inline void model_word(const struct json *v, char **to)
{
    const char *word = json_string(v, NULL);
    if (word && *word)
        string_set(to, word);
}

static inline void model_text(struct model *m, const struct json *from, const char *type)
{
    size_t len = 0;
    const char *is = json_get_string(from, "type");
    const char *text = json_string(json_get(from, "text"), &len);
    if (!is || strcmp(is, type) != 0 || !text || !len)
        return;
    m->said = true;
    buf_add(&m->text, text, len);
}

static inline void model_usage(struct model *m, const struct json *usage)
{
    const struct json *input = json_get(usage, "input_tokens");
    int64_t created = json_int(json_get(usage, "cache_creation_input_tokens"), 0);
    int64_t cached = json_int(json_get(usage, "cache_read_input_tokens"), 0);
    if (json_kind(input) == JSON_INT &&
        (__builtin_add_overflow(json_int(input, 0), created, &m->input_tokens) ||
            __builtin_add_overflow(m->input_tokens, cached, &m->input_tokens)))
        m->input_tokens = INT64_MAX;
    m->output_tokens = json_int(json_get(usage, "output_tokens"), m->output_tokens);
}

static inline enum status model_error(struct model *m, const struct json *j, const char *message)
{
    char told[64 * 1024];
    const char *kind = json_get_string(json_get(j, "error"), "type");
    bool both = kind && *kind && strcmp(kind, message) != 0;
    snprintf(told, sizeof told, both ? "%s (%s)" : "%s", message, both ? kind : "");
    string_set(&m->error, told);
    return STATUS_BACKEND;
}

static inline void model_refusal(struct model *m, const struct json *delta)
{
    const char *reason = json_get_string(delta, "stop_reason");
    const struct json *details = json_get(delta, "stop_details");
    size_t len = 0;
    if (!reason || strcmp(reason, "refusal") != 0)
        return;
    buf_reset(&m->refusal);
    const char *text = json_string(json_get(details, "explanation"), &len);
    if (!text || !len)
        text = json_string(json_get(details, "category"), &len);
    buf_add(&m->refusal, text ? text : "", text ? len : 0);
}

static inline void model_object(struct model *m, const char *type, const struct json *j)
{
    const struct json *delta = json_get(j, "delta"), *message = json_get(j, "message");
    if (!strcmp(type, "content_block_delta"))
        model_text(m, delta, "text_delta");
    if (!strcmp(type, "content_block_start"))
        model_text(m, json_get(j, "content_block"), "text");
    if (!strcmp(type, "message_start")) {
        model_usage(m, json_get(message, "usage"));
        model_word(json_get(message, "model"), &m->name);
        model_word(json_get(message, "id"), &m->id);
    }
    if (!strcmp(type, "message_delta")) {
        model_usage(m, json_get(j, "usage"));
        model_word(json_get(delta, "stop_reason"), &m->finish_reason);
        model_refusal(m, delta);
    }
    if (!strcmp(type, "message_stop"))
        m->done = true;
}

static inline enum status model_event(void *ctx, const struct sse_event *e)
{
    struct model *m = ctx;
    struct json *j;
    if (m->done)
        return STATUS_OK;
    bool is_error = !strcmp(e->type, "error");
    enum status st = json_parse(e->data, e->len, &j, NULL);
    if (st && is_error) {
        struct buf words;
        buf_init(&words, STREAM_EVENT_MAX);
        buf_add(&words, e->data, e->len);
        string_set(&m->error, *buf_str(&words) ? buf_str(&words) : "an error without a message");
        buf_release(&words);
    }
    if (st)
        return st;
    const char *type = json_get_string(j, "type");
    const char *message = anthropic_error_message(j);
    if (!message && (is_error || (type && !strcmp(type, "error"))))
        message = "an error without a message";
    if (message)
        st = model_error(m, j, message);
    else
        model_object(m, type ? type : e->type, j);
    json_free(j);
    return st;
}

/* Reads the stream at once, and checks that s, which said text and ended its feeding with st, came
 * to the same. */
static inline void model_check(
    const struct buf *stream, const struct stream *s, const struct buf *text, enum status st)
{
    struct sse sse;
    struct model m = {.input_tokens = -1, .output_tokens = -1};
    buf_init(&m.text, text->cap);
    buf_init(&m.refusal, s->refusal.cap);
    sse_init(&sse, STREAM_EVENT_MAX, STREAM_EVENT_MAX, model_event, &m);
    enum status wanted = sse_feed(&sse, buf_str(stream), stream->len);
    ck_assert_int_eq(st, wanted ? STATUS_BACKEND : STATUS_OK);
    ck_assert_uint_eq(text->len, m.text.len);
    ck_assert_int_eq(memcmp(buf_str(text), buf_str(&m.text), text->len), 0);
    ck_assert_uint_eq(s->refusal.len, m.refusal.len);
    ck_assert_str_eq(buf_str(&s->refusal), buf_str(&m.refusal));
    ck_assert_pstr_eq(s->finish_reason, m.finish_reason);
    ck_assert_pstr_eq(s->model, m.name);
    ck_assert_pstr_eq(s->id, m.id);
    ck_assert_pstr_eq(s->error, m.error);
    ck_assert_int_eq(s->input_tokens, m.input_tokens);
    ck_assert_int_eq(s->output_tokens, m.output_tokens);
    ck_assert_int_eq(s->done, m.done);
    ck_assert_int_eq(s->said, m.said);
    sse_release(&sse);
    buf_release(&m.text);
    buf_release(&m.refusal);
    free(m.finish_reason);
    free(m.name);
    free(m.id);
    free(m.error);
}

#endif
