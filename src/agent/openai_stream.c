#include "agent/openai_stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/strings.h"

const char *openai_error_message(const struct json *j)
{
    const struct json *error = json_get(j, "error");
    if (json_kind(error) == JSON_STRING)
        return json_string(error, NULL);
    const char *message = json_get_string(error, "message");
    if (message || json_kind(error) == JSON_OBJECT)
        return message ? message : "an error without a message";
    if (json_get(j, "choices"))
        return NULL;
    message = json_get_string(j, "message");
    return message ? message : json_get_string(j, "detail");
}

/* What matters of a chunk. */
struct chunk {
    bool has_error, has_choices;
    struct json_slice input_tokens, output_tokens, model;
    struct json_slice content, refusal, finish_reason; /* of the first choice */
};

static void scan_usage(struct json_scan *s, struct chunk *c)
{
    struct json_slice key, other;
    c->input_tokens = c->output_tokens = (struct json_slice){0};
    if (!json_scan_object(s))
        return;
    while (json_scan_member(s, &key)) {
        bool input = json_slice_is(&key, "prompt_tokens");
        bool output = json_slice_is(&key, "completion_tokens");
        json_scan_value(s, input ? &c->input_tokens : output ? &c->output_tokens : &other);
    }
}

static void scan_delta(struct json_scan *s, struct chunk *c)
{
    struct json_slice key, other;
    c->content = c->refusal = (struct json_slice){0};
    if (!json_scan_object(s))
        return;
    while (json_scan_member(s, &key)) {
        bool content = json_slice_is(&key, "content");
        bool refusal = json_slice_is(&key, "refusal");
        json_scan_value(s, content ? &c->content : refusal ? &c->refusal : &other);
    }
}

static void scan_choice(struct json_scan *s, struct chunk *c)
{
    struct json_slice key, other;
    if (!json_scan_object(s))
        return;
    while (json_scan_member(s, &key)) {
        if (json_slice_is(&key, "delta"))
            scan_delta(s, c);
        else
            json_scan_value(s, json_slice_is(&key, "finish_reason") ? &c->finish_reason : &other);
    }
}

static void scan_choices(struct json_scan *s, struct chunk *c)
{
    struct json_slice other;
    c->has_choices = true;
    c->content = c->refusal = c->finish_reason = (struct json_slice){0};
    if (!json_scan_array(s))
        return;
    for (bool first = true; json_scan_element(s); first = false) {
        if (first)
            scan_choice(s, c);
        else
            json_scan_value(s, &other);
    }
}

/* Of members that come twice the last counts, as in a tree. */
static void scan_member(struct json_scan *s, const struct json_slice *key, struct chunk *c)
{
    struct json_slice other;
    if (json_slice_is(key, "choices")) {
        scan_choices(s, c);
    } else if (json_slice_is(key, "usage")) {
        scan_usage(s, c);
    } else if (json_slice_is(key, "error")) {
        json_scan_value(s, &other);
        c->has_error = other.kind != JSON_NULL;
    } else {
        json_scan_value(s, json_slice_is(key, "model") ? &c->model : &other);
    }
}

static bool scan_chunk(const char *text, size_t len, struct chunk *c)
{
    struct json_scan s;
    struct json_slice key;
    *c = (struct chunk){0};
    json_scan_init(&s, text, len);
    if (json_scan_object(&s)) {
        while (json_scan_member(&s, &key))
            scan_member(&s, &key, c);
    }
    return json_scan_end(&s);
}

/* A chunk that may be an error, which is well-formed; what it says. */
static enum status read_error(struct openai_stream *s, const char *text, size_t len)
{
    struct json *j;
    enum status st = json_parse(text, len, &j, NULL);
    if (st)
        return st;
    const char *message = openai_error_message(j);
    if (message)
        st = string_set(&s->error, message) ? STATUS_NO_MEMORY : STATUS_BACKEND;
    json_free(j);
    return st;
}

/* Sets *to unless the value is empty or none. */
static enum status read_word(struct openai_stream *s, const struct json_slice *v, char **to)
{
    buf_reset(&s->decoded);
    enum status st = json_slice_add(v, &s->decoded);
    return !st && *buf_str(&s->decoded) ? string_set(to, buf_str(&s->decoded)) : st;
}

static enum status read_content(struct openai_stream *s, const struct json_slice *content)
{
    if (content->kind != JSON_STRING || !content->len)
        return STATUS_OK;
    const char *text = content->bytes;
    size_t len = content->len;
    if (content->escaped) {
        buf_reset(&s->decoded);
        if (json_slice_add(content, &s->decoded))
            return buf_status(&s->decoded);
        text = buf_str(&s->decoded);
        len = s->decoded.len;
    }
    s->said = true;
    s->text(s->ctx, text, len);
    return STATUS_OK;
}

static enum status read_chunk(struct openai_stream *s, const struct chunk *c)
{
    enum status st = STATUS_OK;
    s->input_tokens = json_slice_int(&c->input_tokens, s->input_tokens);
    s->output_tokens = json_slice_int(&c->output_tokens, s->output_tokens);
    if (!s->model && c->model.kind == JSON_STRING)
        st = read_word(s, &c->model, &s->model);
    if (!st)
        st = read_content(s, &c->content);
    if (!st && c->refusal.kind == JSON_STRING) {
        buf_reset(&s->decoded);
        st = json_slice_add(&c->refusal, &s->decoded);
        buf_add(&s->refusal, buf_str(&s->decoded), s->decoded.len);
    }
    if (!st && c->finish_reason.kind == JSON_STRING)
        st = read_word(s, &c->finish_reason, &s->finish_reason);
    return st;
}

/* Whether nothing but the content would come of it, were it said again. */
static bool only_says(const struct chunk *c)
{
    return c->content.kind == JSON_STRING && c->refusal.kind != JSON_STRING &&
           c->finish_reason.kind != JSON_STRING && c->input_tokens.kind != JSON_INT &&
           c->output_tokens.kind != JSON_INT;
}

static enum status on_event(void *ctx, const struct sse_event *e)
{
    struct openai_stream *s = ctx;
    if (s->done)
        return STATUS_OK;
    if (e->len == 6 && !memcmp(e->data, "[DONE]", 6)) {
        s->done = true;
        return STATUS_OK;
    }
    struct chunk c;
    if (json_alike_match(&s->said_like, e->data, e->len, &c.content))
        return read_content(s, &c.content);
    enum status st = STATUS_OK;
    if (!scan_chunk(e->data, e->len, &c))
        return STATUS_BAD_REQUEST;
    if (c.has_error || !c.has_choices)
        st = read_error(s, e->data, e->len);
    else if (only_says(&c))
        json_alike_keep(&s->said_like, e->data, e->len, &c.content);
    return st ? st : read_chunk(s, &c);
}

void openai_stream_init(
    struct openai_stream *s, void (*text)(void *ctx, const char *bytes, size_t len), void *ctx)
{
    *s = (struct openai_stream){.text = text, .ctx = ctx, .input_tokens = -1, .output_tokens = -1};
    sse_init(&s->sse, OPENAI_EVENT_MAX, OPENAI_EVENT_MAX, on_event, s);
    buf_init(&s->refusal, ERROR_TEXT_MAX);
    buf_init(&s->decoded, OPENAI_EVENT_MAX);
    json_alike_init(&s->said_like);
}

void openai_stream_release(struct openai_stream *s)
{
    sse_release(&s->sse);
    buf_release(&s->refusal);
    buf_release(&s->decoded);
    json_alike_release(&s->said_like);
    free(s->finish_reason);
    free(s->model);
    free(s->error);
    s->finish_reason = s->model = s->error = NULL;
}

enum status openai_stream_feed(
    struct openai_stream *s, const char *bytes, size_t len, struct error *err)
{
    enum status st = sse_feed(&s->sse, bytes, len);
    if (!st)
        return STATUS_OK;
    if (s->error)
        return error_set(err, STATUS_BACKEND, "%s", s->error);
    if (st == STATUS_TOO_LARGE)
        return error_set(
            err, STATUS_BACKEND, "a stream event is larger than %d bytes", (int)OPENAI_EVENT_MAX);
    if (st == STATUS_NO_MEMORY)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return error_set(err, STATUS_BACKEND, "a stream event is not JSON");
}

enum status openai_stream_end(const struct openai_stream *s, struct error *err)
{
    const char *reason = s->finish_reason;
    if (s->error)
        return error_set(err, STATUS_BACKEND, "%s", s->error);
    if (s->refusal.len)
        return error_set(err, STATUS_BACKEND, "the model refused: %s", buf_str(&s->refusal));
    if (!reason)
        return error_set(
            err, STATUS_BACKEND, "the answer was truncated: it ended without a finish reason");
    if (!strcmp(reason, "content_filter"))
        return error_set(
            err, STATUS_BACKEND, "the answer was stopped by the provider's content filter");
    if (!strcmp(reason, "tool_calls") || !strcmp(reason, "function_call"))
        return error_set(err, STATUS_BACKEND, "the model called a tool, but has none");
    if (!s->said)
        return error_set(err, STATUS_BACKEND, "the answer is empty (finish reason \"%s\")", reason);
    return STATUS_OK;
}
