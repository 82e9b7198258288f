/*
 * openai: chat completions, streamed, against OpenAI and everything that is compatible with it.
 */
#include <string.h>

#include "agent/exchange.h"
#include "agent/openai_stream.h"
#include "agent/protocols.h"

static void add_message(struct json_writer *w, const char *role, const char *text, size_t len)
{
    json_begin_object(w);
    json_member_string(w, "role", role);
    json_key(w, "content");
    json_put_string(w, text, len);
    json_end_object(w);
}

static enum status body(const struct ask *ask, struct json_writer *w, struct error *err)
{
    const struct agent *a = ask->agent;
    (void)err;
    json_begin_object(w);
    if (a->model)
        json_member_string(w, "model", a->model);
    json_key(w, "messages");
    json_begin_array(w);
    if (a->system_prompt)
        add_message(w, "system", a->system_prompt, strlen(a->system_prompt));
    add_message(w, "user", ask->prompt, ask->prompt_len);
    json_end_array(w);
    if (a->max_tokens > 0)
        json_member_int(w, "max_completion_tokens", a->max_tokens);
    json_member_bool(w, "stream", true);
    json_key(w, "stream_options");
    json_begin_object(w);
    json_member_bool(w, "include_usage", true);
    json_end_object(w);
    json_end_object(w);
    return STATUS_OK;
}

static enum status path(const struct ask *ask, struct buf *url, struct error *err)
{
    (void)ask;
    (void)err;
    buf_adds(url, "/chat/completions");
    return STATUS_OK;
}

static void stream_start(void *stream, stream_text text, void *ctx)
{
    openai_stream_init(stream, text, ctx);
}

static enum status stream_more(void *stream, const char *bytes, size_t len, struct error *err)
{
    return openai_stream_feed(stream, bytes, len, err);
}

static enum status stream_over(const void *stream, struct error *err)
{
    return openai_stream_end(stream, err);
}

static void stream_says(const void *stream, struct told *told)
{
    const struct openai_stream *s = stream;
    *told = (struct told){.finish_reason = s->finish_reason,
        .model = s->model,
        .error = s->error,
        .input_tokens = s->input_tokens,
        .output_tokens = s->output_tokens,
        .done = s->done};
}

static void stream_gone(void *stream)
{
    openai_stream_release(stream);
}

static const struct stream_reader reader = {
    .size = sizeof(struct openai_stream),
    .init = stream_start,
    .feed = stream_more,
    .end = stream_over,
    .told = stream_says,
    .release = stream_gone,
};

static const struct exchange_kind kind = {
    .example_url = "https://api.openai.com/v1",
    .key_header = "Authorization: Bearer ",
    .path = path,
    .body = body,
    .reader = &reader,
    .error_message = openai_error_message,
};

static enum status check(const struct backend *b, struct error *err)
{
    return exchange_check(&kind, b, err);
}

const struct protocol protocol_openai = {
    .name = "openai",
    .summary = "chat completions of OpenAI and compatible servers",
    .check = check,
    .exchange = &kind,
    .start = exchange_start,
    .cancel = exchange_cancel,
    .pause = exchange_pause,
    .release = exchange_release,
    .size = sizeof(struct exchange),
};
