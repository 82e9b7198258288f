/*
 * anthropic: Anthropic Messages, streamed, against Anthropic and servers that are compatible with
 * it.
 */
#include <stdio.h>
#include <string.h>

#include "agent/anthropic_stream.h"
#include "agent/exchange.h"
#include "agent/protocols.h"
#include "agent/response_format.h"

/* Where a backend without a URL is. */
#define PROVIDER "https://api.anthropic.com"

/* The protocol wants a number; of an agent that has none it is this. */
enum { TOKENS_DEFAULT = 4096 };

static const char *const own_members[] = {"model", "system", "messages", "stream", NULL};

static void put_message(struct json_writer *w, const char *role, const char *text, size_t len)
{
    json_begin_object(w);
    json_member_string(w, "role", role);
    json_key(w, "content");
    json_put_string(w, text, len);
    json_end_object(w);
}

/* ---- what was said ---- */

/* An answer that is sent back as it came. */
static bool is_own(const struct turn *t)
{
    return t->by == &protocol_anthropic && t->echo;
}

/* Ids of other protocols may be no ids here, or come twice: these are made of the places of the
 * answer and of the call in it. */
static void put_call_id(
    struct json_writer *w, const char *key, const char *own, size_t answer, size_t call)
{
    char made[64];
    snprintf(made, sizeof made, "call_%zu_%zu", answer, call);
    json_member_string(w, key, own ? own : made);
}

/* A block of blanks is refused. */
static void put_text(struct json_writer *w, const char *text, size_t len)
{
    size_t blanks = 0;
    while (blanks < len && strchr(" \t\r\n", text[blanks]) && text[blanks])
        blanks++;
    if (blanks == len)
        return;
    json_begin_object(w);
    json_member_string(w, "type", "text");
    json_key(w, "text");
    json_put_string(w, text, len);
    json_end_object(w);
}

static void put_call(struct json_writer *w, const struct tool_call *c, size_t answer, size_t call)
{
    const char *input = tool_call_object(c);
    json_begin_object(w);
    json_member_string(w, "type", "tool_use");
    put_call_id(w, "id", NULL, answer, call);
    json_member_string(w, "name", c->name);
    json_key(w, "input");
    json_put_raw(w, input, strlen(input));
    json_end_object(w);
}

static void put_answer(struct json_writer *w, const struct turn *t, size_t answer)
{
    json_begin_object(w);
    json_member_string(w, "role", "assistant");
    json_key(w, "content");
    if (is_own(t)) {
        json_put_raw(w, t->echo, strlen(t->echo));
    } else {
        json_begin_array(w);
        put_text(w, t->text, t->len);
        for (size_t i = 0; i < t->call_count; i++)
            put_call(w, &t->calls[i], answer, i);
        json_end_array(w);
    }
    json_end_object(w);
}

static void put_result(
    struct json_writer *w, const struct turn *t, const char *id, size_t answer, size_t call)
{
    json_begin_object(w);
    json_member_string(w, "type", "tool_result");
    put_call_id(w, "tool_use_id", id, answer, call);
    json_key(w, "content");
    json_put_string(w, t->text, t->len);
    if (t->failed)
        json_member_bool(w, "is_error", true);
    json_end_object(w);
}

/* All results of the answer before turn at are one message, and what the user said then. The turn
 * behind it. */
static size_t put_results(struct json_writer *w, const struct ask *ask, size_t at)
{
    const struct turn *t = ask->turns;
    size_t answer = at ? at - 1 : 0, first = at;
    json_begin_object(w);
    json_member_string(w, "role", "user");
    json_key(w, "content");
    json_begin_array(w);
    for (; at < ask->turn_count && t[at].role == TURN_RESULT; at++)
        put_result(w, &t[at], is_own(&t[answer]) ? t[at].call->id : NULL, answer, at - first);
    if (at < ask->turn_count && t[at].role == TURN_USER) {
        put_text(w, t[at].text, t[at].len);
        at++;
    }
    json_end_array(w);
    json_end_object(w);
    return at;
}

static void put_messages(struct json_writer *w, const struct ask *ask)
{
    put_message(w, "user", ask->prompt, ask->prompt_len);
    for (size_t i = 0; i < ask->turn_count;) {
        const struct turn *t = &ask->turns[i];
        if (t->role == TURN_RESULT) {
            i = put_results(w, ask, i);
            continue;
        }
        if (t->call_count)
            put_answer(w, t, i);
        else
            put_message(w, t->role == TURN_ASSISTANT ? "assistant" : "user", t->text, t->len);
        i++;
    }
}

/* ---- the rest of the body ---- */

/* The provider's own, which the options have, stand behind. */
static void put_tools(struct json_writer *w, const struct ask *ask)
{
    const struct json_slice options = exchange_options(ask);
    const struct json_slice given = exchange_member(&options, "tools");
    json_begin_array(w);
    for (size_t i = 0; i < ask->tool_count; i++) {
        const struct tool *t = &ask->tools[i];
        json_begin_object(w);
        json_member_string(w, "name", t->name);
        if (t->description)
            json_member_string(w, "description", t->description);
        json_key(w, "input_schema");
        json_put_raw(w, t->schema, strlen(t->schema));
        json_end_object(w);
    }
    exchange_add_objects(w, &given);
    json_end_array(w);
}

static void add_tools(const struct ask *ask, struct json_writer *w)
{
    if (!ask->tool_count)
        return;
    json_key(w, "tools");
    put_tools(w, ask);
    if (ask->tools_off) {
        json_key(w, "tool_choice");
        json_begin_object(w);
        json_member_string(w, "type", "none");
        json_end_object(w);
    }
}

/* The agent's, and what a schema has to say in words. */
static enum status add_system(const struct ask *ask, struct json_writer *w, struct error *err)
{
    const char *own = ask->agent->system_prompt;
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    if (own)
        buf_adds(&text, own);
    if (response_format_needs_words(ask)) {
        buf_adds(&text, own ? "\n\n" : "");
        response_format_add_words(ask, &text);
    }
    enum status st =
        buf_status(&text) ? error_set(err, STATUS_NO_MEMORY, "out of memory") : STATUS_OK;
    if (text.len) {
        json_key(w, "system");
        json_put_string(w, buf_str(&text), text.len);
    }
    buf_release(&text);
    return st;
}

static void add_options(const struct ask *ask, struct json_writer *w)
{
    const char *but[4] = {NULL};
    size_t n = 0;
    const struct json_slice options = exchange_options(ask);
    if (response_format_add_anthropic(ask, w))
        but[n++] = "output_config";
    if (ask->tool_count)
        but[n++] = "tools";
    if (ask->tool_count && ask->tools_off)
        but[n++] = "tool_choice";
    exchange_add_members_but(w, &options, but);
}

static enum status body(const struct ask *ask, struct json_writer *w, struct error *err)
{
    const struct agent *a = ask->agent;
    json_begin_object(w);
    if (a->model)
        json_member_string(w, "model", a->model);
    if (!exchange_has_option(ask, "max_tokens"))
        json_member_int(w, "max_tokens", a->max_tokens > 0 ? a->max_tokens : TOKENS_DEFAULT);
    enum status st = add_system(ask, w, err);
    json_key(w, "messages");
    json_begin_array(w);
    put_messages(w, ask);
    json_end_array(w);
    add_tools(ask, w);
    json_member_bool(w, "stream", true);
    add_options(ask, w);
    json_end_object(w);
    return st;
}

/* The base is the server's, but people write it with the version too, as for openai. */
static enum status path(const struct ask *ask, struct buf *url, struct error *err)
{
    const char *base = buf_str(url);
    (void)err;
    if (!ask->backend->url)
        buf_adds(url, PROVIDER);
    else if (url->len >= 3 && !strcmp(base + url->len - 3, "/v1"))
        return buf_adds(url, "/messages");
    return buf_adds(url, "/v1/messages");
}

static const char *const headers[] = {"anthropic-version: 2023-06-01", NULL};

static const struct exchange_kind kind = {
    .example_url = PROVIDER,
    .key_header = "x-api-key: ",
    .headers = headers,
    .path = path,
    .body = body,
    .own_members = own_members,
    .reader = &anthropic_reader,
    .error_message = anthropic_error_message,
};

static enum status check(const struct backend *b, struct error *err)
{
    char standard[] = PROVIDER;
    struct backend with = *b;
    if (!b->url && !b->argv.count)
        with.url = standard;
    return exchange_check(&kind, &with, err);
}

const struct protocol protocol_anthropic = {
    .name = "anthropic",
    .summary = "Messages of Anthropic and compatible servers",
    .check = check,
    .exchange = &kind,
    EXCHANGE_TASK,
    .tools = true,
    .turns = true,
};
