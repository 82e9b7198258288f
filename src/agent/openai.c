/*
 * openai: chat completions, streamed, against OpenAI and everything that is compatible with it.
 */
#include <string.h>

#include "agent/exchange.h"
#include "agent/openai_stream.h"
#include "agent/openai_tools.h"
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

static void add_calls(struct json_writer *w, const struct turn *t)
{
    json_begin_object(w);
    json_member_string(w, "role", "assistant");
    json_key(w, "content");
    if (t->len)
        json_put_string(w, t->text, t->len);
    else
        json_put_null(w);
    json_key(w, "tool_calls");
    json_begin_array(w);
    for (size_t i = 0; i < t->call_count; i++)
        openai_calls_put(w, &t->calls[i], NULL);
    json_end_array(w);
    json_end_object(w);
}

static void add_result(struct json_writer *w, const struct turn *t)
{
    json_begin_object(w);
    json_member_string(w, "role", "tool");
    json_member_string(w, "tool_call_id", t->call->id);
    json_key(w, "content");
    openai_tools_put_result(w, t);
    json_end_object(w);
}

static void add_turn(struct json_writer *w, const struct turn *t)
{
    if (t->role == TURN_RESULT)
        add_result(w, t);
    else if (t->echo && t->by == &protocol_openai)
        json_put_raw(w, t->echo, strlen(t->echo));
    else if (t->call_count)
        add_calls(w, t);
    else
        add_message(w, t->role == TURN_ASSISTANT ? "assistant" : "user", t->text, t->len);
}

static void put_tool(struct json_writer *w, const struct tool *t)
{
    json_begin_object(w);
    json_member_string(w, "type", "function");
    json_key(w, "function");
    json_begin_object(w);
    openai_tools_put(w, t);
    json_end_object(w);
    json_end_object(w);
}

/* Where text is wanted they are left out: not every server heeds "tool_choice", and all take a
 * conversation with calls whose tools they are not told. */
static void add_tools_and_options(const struct ask *ask, struct json_writer *w)
{
    static const char *const off[] = {"tools", "tool_choice", "parallel_tool_calls", NULL};
    static const char *const on[] = {"tools", NULL};
    const struct json_slice options = exchange_options(ask);
    if (!ask->tool_count) {
        exchange_add_options(ask, w);
        return;
    }
    if (!ask->tools_off)
        openai_tools_add(ask, w, put_tool);
    exchange_add_members_but(w, &options, ask->tools_off ? off : on);
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
        add_turn(w, &ask->turns[i]);
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
    add_tools_and_options(ask, w);
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
    .tools = true,
    .turns = true,
};
