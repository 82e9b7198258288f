/*
 * responses: OpenAI's Responses, streamed, with nothing kept at the provider.
 */
#include "agent/exchange.h"
#include "agent/protocols.h"
#include "agent/response_format.h"
#include "agent/responses_stream.h"

static void put_message(struct json_writer *w, const char *role, const char *text, size_t len)
{
    json_begin_object(w);
    json_member_string(w, "role", role);
    json_key(w, "content");
    json_put_string(w, text, len);
    json_end_object(w);
}

/* A text, or a list of messages when there is more than one. */
static void put_input(const struct ask *ask, struct json_writer *w)
{
    json_key(w, "input");
    if (!ask->turn_count) {
        json_put_string(w, ask->prompt, ask->prompt_len);
        return;
    }
    json_begin_array(w);
    put_message(w, "user", ask->prompt, ask->prompt_len);
    for (size_t i = 0; i < ask->turn_count; i++)
        put_message(w, ask->turns[i].role == TURN_ASSISTANT ? "assistant" : "user",
            ask->turns[i].text, ask->turns[i].len);
    json_end_array(w);
}

static enum status body(const struct ask *ask, struct json_writer *w, struct error *err)
{
    const struct agent *a = ask->agent;
    (void)err;
    json_begin_object(w);
    if (a->model)
        json_member_string(w, "model", a->model);
    if (a->system_prompt)
        json_member_string(w, "instructions", a->system_prompt);
    put_input(ask, w);
    if (a->max_tokens > 0 && !exchange_has_option(ask, "max_output_tokens"))
        json_member_int(w, "max_output_tokens", a->max_tokens);
    json_member_bool(w, "stream", true);
    if (!exchange_has_option(ask, "store"))
        json_member_bool(w, "store", false);
    response_format_add_responses(ask, w);
    json_end_object(w);
    return STATUS_OK;
}

static enum status path(const struct ask *ask, struct buf *url, struct error *err)
{
    (void)ask;
    (void)err;
    buf_adds(url, "/responses");
    return STATUS_OK;
}

static const char *const own_members[] = {"model", "instructions", "input", "stream", NULL};

static const struct exchange_kind kind = {
    .example_url = "https://api.openai.com/v1",
    .key_header = "Authorization: Bearer ",
    .path = path,
    .body = body,
    .own_members = own_members,
    .reader = &responses_reader,
    .error_message = stream_error_message,
};

static enum status check(const struct backend *b, struct error *err)
{
    return exchange_check(&kind, b, err);
}

const struct protocol protocol_responses = {
    .name = "responses",
    .summary = "OpenAI's Responses",
    .check = check,
    .exchange = &kind,
    EXCHANGE_TASK,
    .turns = true,
};
