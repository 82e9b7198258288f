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

static enum status read_usage(struct openai_stream *s, const struct json *chunk)
{
    const struct json *usage = json_get(chunk, "usage");
    if (json_kind(usage) == JSON_OBJECT) {
        s->input_tokens = json_int(json_get(usage, "prompt_tokens"), s->input_tokens);
        s->output_tokens = json_int(json_get(usage, "completion_tokens"), s->output_tokens);
    }
    const char *model = s->model ? NULL : json_get_string(chunk, "model");
    return model && *model ? string_set(&s->model, model) : STATUS_OK;
}

static enum status read_choice(struct openai_stream *s, const struct json *choice)
{
    const struct json *delta = json_get(choice, "delta");
    size_t len = 0;
    const char *text = json_string(json_get(delta, "content"), &len);
    if (text && len) {
        s->said = true;
        s->text(s->ctx, text, len);
    }
    text = json_string(json_get(delta, "refusal"), &len);
    if (text)
        buf_add(&s->refusal, text, len);
    const char *reason = json_get_string(choice, "finish_reason");
    return reason && *reason ? string_set(&s->finish_reason, reason) : STATUS_OK;
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
    struct json *chunk;
    struct error err;
    enum status st = json_parse(e->data, e->len, &chunk, &err);
    if (st)
        return st == STATUS_NO_MEMORY ? st : STATUS_BAD_REQUEST;
    const char *message = openai_error_message(chunk);
    if (message)
        st = string_set(&s->error, message) ? STATUS_NO_MEMORY : STATUS_BACKEND;
    if (!st)
        st = read_usage(s, chunk);
    if (!st)
        st = read_choice(s, json_at(json_get(chunk, "choices"), 0));
    json_free(chunk);
    return st;
}

void openai_stream_init(
    struct openai_stream *s, void (*text)(void *ctx, const char *bytes, size_t len), void *ctx)
{
    *s = (struct openai_stream){.text = text, .ctx = ctx, .input_tokens = -1, .output_tokens = -1};
    sse_init(&s->sse, OPENAI_EVENT_MAX, OPENAI_EVENT_MAX, on_event, s);
    buf_init(&s->refusal, ERROR_TEXT_MAX);
}

void openai_stream_release(struct openai_stream *s)
{
    sse_release(&s->sse);
    buf_release(&s->refusal);
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
