/*
 * anthropic: Anthropic Messages, streamed, against Anthropic and servers that are compatible with
 * it.
 */
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
    put_message(w, "user", ask->prompt, ask->prompt_len);
    for (size_t i = 0; i < ask->turn_count; i++)
        put_message(w, ask->turns[i].role == TURN_ASSISTANT ? "assistant" : "user",
            ask->turns[i].text, ask->turns[i].len);
    json_end_array(w);
    json_member_bool(w, "stream", true);
    response_format_add_anthropic(ask, w);
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
    .turns = true,
};
