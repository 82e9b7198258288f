/*
 * responses: OpenAI's Responses, streamed, with nothing kept at the provider.
 */
#include <ctype.h>
#include <string.h>

#include "agent/exchange.h"
#include "agent/openai_tools.h"
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

/* ---- turns ---- */

static void put_call(struct json_writer *w, const struct tool_call *c)
{
    json_begin_object(w);
    json_member_string(w, "type", "function_call");
    json_member_string(w, "call_id", c->id);
    json_member_string(w, "name", c->name);
    json_member_string(w, "arguments", tool_call_object(c));
    json_end_object(w);
}

static void put_result(struct json_writer *w, const struct turn *t)
{
    json_begin_object(w);
    json_member_string(w, "type", "function_call_output");
    json_member_string(w, "call_id", t->call->id);
    json_key(w, "output");
    openai_tools_put_result(w, t);
    json_end_object(w);
}

/* Whether the provider keeps answers, because the options say so. */
static bool is_kept(const struct ask *ask)
{
    const struct json_slice options = exchange_options(ask);
    const struct json_slice store = exchange_member(&options, "store");
    return store.kind == JSON_NULL || (store.kind == JSON_BOOL && store.bytes[0] == 't');
}

static bool has_content(const struct json_slice *item)
{
    struct json_slice encrypted = exchange_member(item, "encrypted_content");
    struct json_slice content = exchange_member(item, "content");
    return (encrypted.kind == JSON_STRING && encrypted.len) ||
           (content.kind == JSON_ARRAY && content.len > 2);
}

/* An item of an answer. Reasoning is refused with its status; and, where nothing is kept, if there
 * is no more of it than its id. */
static void put_item(const struct ask *ask, struct json_writer *w, const struct json_slice *item)
{
    const struct json_slice type = exchange_member(item, "type");
    if (!json_slice_is(&type, "reasoning")) {
        json_put_raw(w, item->bytes, item->len);
    } else if (is_kept(ask) || has_content(item)) {
        json_begin_object(w);
        exchange_add_members(w, item, "status");
        json_end_object(w);
    }
}

static void put_echo(const struct ask *ask, struct json_writer *w, const char *echo)
{
    struct json_scan scan;
    struct json_slice item;
    json_scan_init(&scan, echo, strlen(echo));
    if (!json_scan_array(&scan))
        return;
    while (json_scan_element(&scan)) {
        json_scan_value(&scan, &item);
        put_item(ask, w, &item);
    }
}

static void put_turn(const struct ask *ask, struct json_writer *w, const struct turn *t)
{
    if (t->role == TURN_RESULT) {
        put_result(w, t);
        return;
    }
    if (t->echo && t->by == &protocol_responses) {
        put_echo(ask, w, t->echo);
        return;
    }
    if (t->len || !t->call_count)
        put_message(w, t->role == TURN_ASSISTANT ? "assistant" : "user", t->text, t->len);
    for (size_t i = 0; i < t->call_count; i++)
        put_call(w, &t->calls[i]);
}

/* A text, or a list of items when there is more than one. */
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
        put_turn(ask, w, &ask->turns[i]);
    json_end_array(w);
}

/* ---- tools ---- */

static void put_tool(struct json_writer *w, const struct tool *t)
{
    json_begin_object(w);
    json_member_string(w, "type", "function");
    openai_tools_put(w, t);
    json_end_object(w);
}

/* Only these can be asked for their reasoning; others refuse. */
static bool reasons(const struct ask *ask)
{
    static const char *const families[] = {"codex", "computer-use"};
    const char *model = ask->agent->model ? ask->agent->model : "";
    const char *slash = strrchr(model, '/');
    model = slash ? slash + 1 : model;
    if (exchange_has_option(ask, "reasoning"))
        return true;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (!strncmp(model, families[i], strlen(families[i])))
            return true;
    if (!strncmp(model, "gpt-", 4))
        return model[4] >= '5' && model[4] <= '9' && !strstr(model, "-chat");
    return model[0] == 'o' && isdigit((unsigned char)model[1]);
}

static void add_tools(const struct ask *ask, struct json_writer *w)
{
    openai_tools_add(ask, w, put_tool);
    if (ask->tools_off)
        json_member_string(w, "tool_choice", "none");
    if (!reasons(ask) || exchange_has_option(ask, "include"))
        return;
    json_key(w, "include");
    json_begin_array(w);
    json_put_cstring(w, "reasoning.encrypted_content");
    json_end_array(w);
}

static void add_options(const struct ask *ask, struct json_writer *w)
{
    const char *but[4] = {NULL};
    size_t n = 0;
    const struct json_slice options = exchange_options(ask);
    if (response_format_add_responses(ask, w))
        but[n++] = "text";
    if (ask->tool_count)
        but[n++] = "tools";
    if (ask->tool_count && ask->tools_off)
        but[n++] = "tool_choice";
    exchange_add_members_but(w, &options, but);
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
    if (ask->tool_count)
        add_tools(ask, w);
    add_options(ask, w);
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
    .tools = true,
    .turns = true,
};
