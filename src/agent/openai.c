/*
 * openai: chat completions, streamed, against OpenAI and everything that is compatible with it.
 */
#include <string.h>

#include "agent/exchange.h"
#include "agent/openai_stream.h"
#include "agent/protocols.h"
#include "agent/response_format.h"

static void add_message(struct json_writer *w, const char *role, const char *text, size_t len)
{
    json_begin_object(w);
    json_member_string(w, "role", role);
    json_key(w, "content");
    json_put_string(w, text, len);
    json_end_object(w);
}

static const char *const own_members[] = {"model", "messages", "stream", NULL};
static const char *const max_tokens_names[] = {"max_completion_tokens", "max_tokens", NULL};

static void add_most(const struct ask *ask, struct json_writer *w)
{
    const char *name = ask->backend->max_tokens_as;
    if (!name)
        name = max_tokens_names[0];
    if (ask->agent->max_tokens > 0 && !exchange_has_option(ask, name))
        json_member_int(w, name, ask->agent->max_tokens);
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
    for (size_t i = 0; i < ask->turn_count; i++)
        add_message(w, ask->turns[i].role == TURN_ASSISTANT ? "assistant" : "user",
            ask->turns[i].text, ask->turns[i].len);
    json_end_array(w);
    add_most(ask, w);
    json_member_bool(w, "stream", true);
    if (!exchange_has_option(ask, "stream_options")) {
        json_key(w, "stream_options");
        json_begin_object(w);
        json_member_bool(w, "include_usage", true);
        json_end_object(w);
    }
    response_format_add_openai(ask, w);
    exchange_add_options(ask, w);
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

static const struct exchange_kind kind = {
    .example_url = "https://api.openai.com/v1",
    .key_header = "Authorization: Bearer ",
    .path = path,
    .body = body,
    .own_members = own_members,
    .max_tokens_names = max_tokens_names,
    .reader = &openai_reader,
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
    EXCHANGE_TASK,
    .turns = true,
};
