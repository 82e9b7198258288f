/*
 * What struct openai_stream has to make of a stream, told in the simple way: each event's data as a
 * tree. Tests compare the two.
 */
#ifndef TESTS_UNIT_UNIT_OPENAI_H
#define TESTS_UNIT_UNIT_OPENAI_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "agent/failure.h"
#include "agent/openai_stream.h"
#include "base/strings.h"

/* Chunks as no one should send them, each to stand behind "data: ". */
static const char *const odd[] = {
    "{\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"choices\":[{\"delta\":{\"content\":\"b\"}}]}",
    "{\"choices\":[{\"delta\":{\"content\":\"a\",\"refusal\":\"r\"},\"finish_reason\":\"x\"}],"
    "\"choices\":null}",
    "{\"choices\":[{\"delta\":{\"content\":\"a\"},\"delta\":{\"content\":\"b\",\"content\":null}},"
    "{\"delta\":{\"content\":\"c\"}}]}",
    "{\"choices\":[{\"delta\":{\"content\":\"a\"},\"delta\":[1]}]}",
    "{\"choices\":[{\"finish_reason\":\"stop\",\"finish_reason\":null}]}",
    "{\"choices\":[{\"finish_reason\":\"\\u0073t\\u0000op\",\"delta\":7}]}",
    "{\"choices\":[{\"finish_reason\":\"\\u0000\"}],\"model\":\"\\u0000m\"}",
    "{\"ch\\u006fices\":[{\"d\\u0065lta\":{\"content\\u0000x\":\"a\\n\\ud83d\"}}]}",
    "{\"choices\":[{\"delta\":{\"content\":[\"a\"],\"refusal\":\"\\ud83d\\ude00\"}}],\"model\":5}",
    "{\"choices\":{\"0\":{\"delta\":{\"content\":\"a\"}}},\"message\":\"m\"}",
    "{\"choices\":[[{\"delta\":{\"content\":\"a\"}}]]}",
    "{\"choices\":[],\"usage\":{\"prompt_tokens\":99999999999999999999,\"completion_tokens\":-1}}",
    "{\"choices\":[],\"usage\":{\"prompt_tokens\":1.5,\"completion_tokens\":\"2\"}}",
    "{\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"prompt_tokens\":null}}",
    "{\"choices\":[],\"usage\":{\"prompt_tokens\":3},\"usage\":[]}",
    "{\"error\":{\"message\":\"e\"},\"error\":null,\"choices\":[{\"delta\":{\"content\":\"a\"}}]}",
    "{\"error\":false,\"choices\":[{\"delta\":{\"content\":\"a\"}}]}",
    "{\"error\":{\"message\":5},\"choices\":[]}",
    "{\"error\":\"\",\"choices\":[]}",
    "{\"error\":[\"e\"]}",
    "{\"detail\":\"d\",\"message\":null}",
    "[{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}]",
    "\"choices\"",
    "null",
};

struct model {
    struct buf text, refusal;
    char *finish_reason, *name, *error;
    int error_status;
    int64_t input_tokens, output_tokens;
    bool done, said;
};

static inline enum status model_chunk(struct model *m, const struct json *chunk)
{
    const char *error = openai_error_message(chunk);
    if (error) {
        string_set(&m->error, error);
        m->error_status = failure_status(chunk);
        return STATUS_BACKEND;
    }
    const struct json *usage = json_get(chunk, "usage");
    m->input_tokens = json_int(json_get(usage, "prompt_tokens"), m->input_tokens);
    m->output_tokens = json_int(json_get(usage, "completion_tokens"), m->output_tokens);
    const char *word = json_get_string(chunk, "model");
    if (!m->name && word && *word)
        string_set(&m->name, word);
    const struct json *choice = json_at(json_get(chunk, "choices"), 0);
    size_t len = 0;
    const char *text = json_string(json_get(json_get(choice, "delta"), "content"), &len);
    if (text)
        buf_add(&m->text, text, len);
    text = json_string(json_get(json_get(choice, "delta"), "refusal"), &len);
    if (text)
        buf_add(&m->refusal, text, len);
    word = json_get_string(choice, "finish_reason");
    if (word && *word)
        string_set(&m->finish_reason, word);
    return STATUS_OK;
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

/* What of all the content is the answer. */
static inline void model_think(struct model *m)
{
    static const char space[] = " \t\r\n";
    const char *all = buf_str(&m->text), *from = all + strspn(all, space);
    size_t tag = strlen("<think>"), blank = (size_t)(from - all), rest = strlen(from);
    bool whole = !strncmp(from, "<think>", tag) && blank + tag <= THINK_HELD_MAX;
    const char *close = whole ? strstr(from, "</think>") : NULL;
    if (close) {
        close += strlen("</think>");
        buf_consume(&m->text, (size_t)(close + strspn(close, space) - all));
    } else if (whole || (!m->finish_reason && !m->done && m->text.len <= THINK_HELD_MAX &&
                            blank + rest == m->text.len && !strncmp(from, "<think>", rest))) {
        buf_reset(&m->text);
    }
    m->said = m->text.len > 0;
}

/* Reads the stream at once, and checks that s, which said text and ended its feeding with st, came
 * to the same. */
static inline void model_check(
    const struct buf *stream, const struct openai_stream *s, const struct buf *text, enum status st)
{
    struct sse sse;
    struct model m = {.input_tokens = -1, .output_tokens = -1};
    buf_init(&m.text, text->cap);
    buf_init(&m.refusal, s->base.refusal.cap);
    sse_init(&sse, STREAM_EVENT_MAX, STREAM_EVENT_MAX, model_event, &m);
    enum status wanted = sse_feed(&sse, buf_str(stream), stream->len);
    model_think(&m);
    ck_assert_int_eq(st, wanted ? STATUS_BACKEND : STATUS_OK);
    ck_assert_uint_eq(text->len, m.text.len);
    ck_assert_int_eq(memcmp(buf_str(text), buf_str(&m.text), text->len), 0);
    ck_assert_uint_eq(s->base.refusal.len, m.refusal.len);
    ck_assert_str_eq(buf_str(&s->base.refusal), buf_str(&m.refusal));
    ck_assert_pstr_eq(s->base.finish_reason, m.finish_reason);
    ck_assert_pstr_eq(s->base.model, m.name);
    ck_assert_pstr_eq(s->base.error, m.error);
    ck_assert_int_eq(s->base.error_status, m.error_status);
    ck_assert_int_eq(s->base.input_tokens, m.input_tokens);
    ck_assert_int_eq(s->base.output_tokens, m.output_tokens);
    ck_assert_int_eq(s->base.done, m.done);
    ck_assert_int_eq(s->base.said, m.said);
    sse_release(&sse);
    buf_release(&m.text);
    buf_release(&m.refusal);
    free(m.finish_reason);
    free(m.name);
    free(m.error);
}

#endif
