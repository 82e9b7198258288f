#include "agent/stream.h"

#include <stdlib.h>
#include <string.h>

#include "agent/failure.h"
#include "base/strings.h"

static enum status on_event(void *stream, const struct sse_event *event)
{
    struct stream *s = stream;
    return s->done ? STATUS_OK : s->visit(s, event);
}

void stream_init(struct stream *s, sse_visit visit, stream_text text, void *ctx)
{
    *s = (struct stream){
        .visit = visit, .text = text, .ctx = ctx, .input_tokens = -1, .output_tokens = -1};
    buf_init(&s->refusal, ERROR_TEXT_MAX);
    buf_init(&s->echo, STREAM_ECHO_MAX);
    stream_widen(s, STREAM_EVENT_MAX);
}

void stream_widen(struct stream *s, size_t event_max)
{
    s->event_max = event_max;
    sse_init(&s->sse, event_max, event_max, on_event, s);
    buf_init(&s->decoded, event_max);
}

void stream_release(void *stream)
{
    struct stream *s = stream;
    sse_release(&s->sse);
    buf_release(&s->decoded);
    buf_release(&s->refusal);
    buf_release(&s->echo);
    stream_calls_release(s);
    free(s->finish_reason);
    free(s->model);
    free(s->id);
    free(s->error);
    s->finish_reason = s->model = s->id = s->error = NULL;
}

void stream_expect_calls(void *stream)
{
    struct stream *s = stream;
    s->expects = true;
}

enum status stream_feed(void *stream, const char *bytes, size_t len, struct error *err)
{
    struct stream *s = stream;
    enum status st = s->done ? STATUS_OK : sse_feed(&s->sse, bytes, len);
    if (!st)
        return STATUS_OK;
    if (s->error)
        return error_set(err, STATUS_BACKEND, "%s", s->error);
    if (st == STATUS_TOO_LARGE)
        return error_set(
            err, STATUS_BACKEND, "a stream event is larger than %zu bytes", s->event_max);
    if (st == STATUS_NO_MEMORY)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return error_set(err, STATUS_BACKEND, "a stream event is not JSON");
}

enum status stream_end(const void *stream, struct error *err)
{
    const struct stream *s = stream;
    if (s->error)
        return error_set(err, STATUS_BACKEND, "%s", s->error);
    if (s->refusal.len)
        return error_set(err, STATUS_BACKEND, "the model refused: %s", buf_str(&s->refusal));
    if (!s->finish_reason)
        return error_set(
            err, STATUS_BACKEND, "the answer was truncated: it ended without a finish reason");
    if (s->called)
        return error_set(err, STATUS_BACKEND, "the model called a tool, but has none");
    if (s->calls)
        return stream_calls_check(s, err);
    if (!s->said)
        return error_set(
            err, STATUS_BACKEND, "the answer is empty (finish reason \"%s\")", s->finish_reason);
    return STATUS_OK;
}

void stream_told(const void *stream, struct told *told)
{
    const struct stream *s = stream;
    *told = (struct told){.finish_reason = s->finish_reason,
        .model = s->model,
        .id = s->id,
        .error = s->error,
        .error_status = s->error_status,
        .input_tokens = s->input_tokens,
        .output_tokens = s->output_tokens,
        .done = s->done};
    if (!s->calls || !s->finish_reason || s->error)
        return;
    told->calls = s->calls->items;
    told->call_count = s->calls->count;
    if (s->echo.len && !buf_status(&s->echo))
        told->echo = buf_str(&s->echo);
}

/* What a string says, where it stands or in s->decoded. */
static enum status decode(struct stream *s, const struct json_slice *v, struct json_slice *plain)
{
    *plain = *v;
    if (v->kind != JSON_STRING)
        *plain = (struct json_slice){0};
    if (plain->kind != JSON_STRING || !v->escaped)
        return STATUS_OK;
    buf_reset(&s->decoded);
    enum status st = json_slice_add(v, &s->decoded);
    plain->bytes = buf_str(&s->decoded);
    plain->len = s->decoded.len;
    return st;
}

enum status stream_say(struct stream *s, const struct json_slice *text)
{
    struct json_slice plain;
    enum status st = decode(s, text, &plain);
    if (st || !plain.len)
        return st;
    s->said = true;
    s->text(s->ctx, plain.bytes, plain.len);
    return STATUS_OK;
}

enum status stream_refuse(struct stream *s, const struct json_slice *reason)
{
    struct json_slice plain;
    enum status st = decode(s, reason, &plain);
    if (!st && plain.len)
        buf_add(&s->refusal, plain.bytes, plain.len); /* until it is full */
    return st;
}

enum status stream_word(struct stream *s, const struct json_slice *v, char **to)
{
    if (v->kind != JSON_STRING)
        return STATUS_OK;
    buf_reset(&s->decoded);
    enum status st = json_slice_add(v, &s->decoded);
    return !st && *buf_str(&s->decoded) ? string_set(to, buf_str(&s->decoded)) : st;
}

enum status stream_fail(struct stream *s, const char *message)
{
    return string_set(&s->error, message) ? STATUS_NO_MEMORY : STATUS_BACKEND;
}

enum status stream_fail_as(struct stream *s, const char *message, const struct json *document)
{
    s->error_status = failure_status(document);
    return stream_fail(s, message);
}

const char *stream_error_message(const struct json *j)
{
    const struct json *error = json_get(j, "error");
    if (json_kind(error) == JSON_STRING)
        return json_string(error, NULL);
    const char *message = json_get_string(error, "message");
    if (message || json_kind(error) == JSON_OBJECT)
        return message ? message : "an error without a message";
    message = json_get_string(j, "message");
    return message ? message : json_get_string(j, "detail");
}
