/*
 * a2a: an agent that speaks Agent2Agent over JSON-RPC, version 0.3 or 1.0. First its card is asked
 * for, which says at which URL it is asked, in which version, and whether it streams.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/a2a_card.h"
#include "agent/a2a_stream.h"
#include "agent/exchange.h"
#include "agent/protocols.h"

static const char context_option[] = "contextId";

/* What cannot be asked of an agent. */
static enum status check_agent(const struct agent *a, struct error *err)
{
    const char *what = NULL, *option = NULL;
    if (a->model) {
        what = "a model";
        option = "--model ''";
    } else if (a->system_prompt) {
        what = "a system prompt";
        option = "--system-prompt ''";
    } else if (a->max_tokens > 0) {
        what = "a number of most tokens";
        option = "--max-tokens 0";
    }
    if (!what)
        return STATUS_OK;
    return error_set(err, STATUS_CONFIG,
        "agent \"%s\" has %s, but the one behind an a2a backend has its own: clear it with %s",
        a->id, what, option);
}

/* ---- the card ---- */

static const struct exchange_kind older_card, *const kinds[2][2];

/* A URL that is a document's is the card's own. */
static enum status add_card(const char *path, struct buf *url)
{
    static const char end[] = ".json";
    size_t len = sizeof end - 1;
    if (url->len > len && !strcmp(buf_str(url) + url->len - len, end))
        return STATUS_OK;
    return buf_adds(url, path);
}

static enum status card_path(const struct ask *ask, struct buf *url, struct error *err)
{
    add_card("/.well-known/agent-card.json", url);
    return check_agent(ask->agent, err);
}

static enum status older_card_path(const struct ask *ask, struct buf *url, struct error *err)
{
    add_card("/.well-known/agent.json", url);
    return check_agent(ask->agent, err);
}

static enum status learn_older(
    const struct buf *answer, int http_status, struct route *route, struct error *err)
{
    struct a2a_card card;
    if (http_status / 100 != 2)
        return STATUS_OK;
    if (answer->len == A2A_CARD_MAX)
        return error_set(
            err, STATUS_BACKEND, "its agent card is not below %d bytes", (int)A2A_CARD_MAX);
    enum status st = a2a_card_read(&card, buf_str(answer), answer->len, err);
    if (!st) {
        *route = (struct route){.kind = kinds[card.version == A2A_1_0][card.streaming],
            .url = card.url,
            .tenant = card.tenant};
        card.url = card.tenant = NULL;
    }
    a2a_card_release(&card);
    return st;
}

static enum status learn(
    const struct buf *answer, int http_status, struct route *route, struct error *err)
{
    if (http_status != 404)
        return learn_older(answer, http_status, route, err);
    route->kind = &older_card;
    return STATUS_OK;
}

/* ---- the question ---- */

static enum status put_context(const struct ask *ask, struct json_writer *w, struct error *err)
{
    struct json_slice options = exchange_options(ask);
    struct json_slice context = exchange_member(&options, context_option);
    if (context.kind == JSON_ABSENT) {
        if (ask->session)
            json_member_string(w, context_option, ask->session);
        return STATUS_OK;
    }
    if (context.kind != JSON_STRING || !context.len)
        return error_set(err, STATUS_CONFIG, "the option \"%s\" is not a text", context_option);
    json_key(w, context_option);
    json_put_raw(w, context.bytes - 1, context.len + 2);
    return STATUS_OK;
}

/* The version before 1.0 has kinds of things, and its own words for roles. */
static enum status put_message(
    const struct ask *ask, bool is_1_0, struct json_writer *w, struct error *err)
{
    char id[IDENT_UUID_LEN + 1];
    enum status st = ident_uuid4(id, err);
    if (st)
        return st;
    json_key(w, "message");
    json_begin_object(w);
    if (!is_1_0)
        json_member_string(w, "kind", "message");
    json_member_string(w, "messageId", id);
    json_member_string(w, "role", is_1_0 ? "ROLE_USER" : "user");
    st = put_context(ask, w, err);
    json_key(w, "parts");
    json_begin_array(w);
    json_begin_object(w);
    if (!is_1_0)
        json_member_string(w, "kind", "text");
    json_key(w, "text");
    json_put_string(w, ask->prompt, ask->prompt_len);
    json_end_object(w);
    json_end_array(w);
    json_end_object(w);
    return st;
}

static void put_blocking(struct json_writer *w)
{
    json_key(w, "configuration");
    json_begin_object(w);
    json_member_bool(w, "blocking", true);
    json_end_object(w);
}

static enum status put_question(
    const struct ask *ask, const char *method, struct json_writer *w, struct error *err)
{
    bool is_1_0 = method[0] == 'S', waits = !strcmp(method, "message/send");
    const char *tenant = ask->route ? ask->route->tenant : NULL;
    struct json_slice options = exchange_options(ask);
    json_begin_object(w);
    json_member_string(w, "jsonrpc", "2.0");
    json_member_int(w, "id", 1);
    json_member_string(w, "method", method);
    json_key(w, "params");
    json_begin_object(w);
    enum status st = put_message(ask, is_1_0, w, err);
    if (waits && !exchange_has_option(ask, "configuration"))
        put_blocking(w);
    if (tenant && !exchange_has_option(ask, "tenant"))
        json_member_string(w, "tenant", tenant);
    exchange_add_members(w, &options, context_option);
    json_end_object(w);
    json_end_object(w);
    return st;
}

static enum status send_0_3(const struct ask *ask, struct json_writer *w, struct error *err)
{
    return put_question(ask, "message/send", w, err);
}

static enum status stream_0_3(const struct ask *ask, struct json_writer *w, struct error *err)
{
    return put_question(ask, "message/stream", w, err);
}

static enum status send_1_0(const struct ask *ask, struct json_writer *w, struct error *err)
{
    return put_question(ask, "SendMessage", w, err);
}

static enum status stream_1_0(const struct ask *ask, struct json_writer *w, struct error *err)
{
    return put_question(ask, "SendStreamingMessage", w, err);
}

/* ---- the tables ---- */

static const char *const own_members[] = {"message", NULL};
static const char *const headers_1_0[] = {"A2A-Version: 1.0", NULL};
static const char key_header[] = "Authorization: Bearer ", json[] = "Accept: application/json";

static const struct exchange_kind older_card = {
    .key_header = key_header,
    .path = older_card_path,
    .is_get = true,
    .accept = json,
    .learn = learn_older,
    .answer_max = A2A_CARD_MAX,
    .lacking = "there is no agent card",
};

/* Servers that have cards of both versions give the one that is asked for. */
static const struct exchange_kind card = {
    .key_header = key_header,
    .headers = headers_1_0,
    .path = card_path,
    .is_get = true,
    .accept = json,
    .learn = learn,
    .answer_max = A2A_CARD_MAX,
    .lacking = "there is no agent card",
};

#define QUESTION                                                                                   \
    .example_url = "http://localhost:9999", .key_header = key_header, .own_members = own_members,  \
    .first = &card, .error_message = stream_error_message

static const struct exchange_kind whole_0_3 = {
    QUESTION, .body = send_0_3, .accept = json, .whole = true, .reader = &a2a_whole_reader};
static const struct exchange_kind streamed_0_3 = {
    QUESTION, .body = stream_0_3, .reader = &a2a_reader};
static const struct exchange_kind whole_1_0 = {QUESTION, .headers = headers_1_0, .body = send_1_0,
    .accept = json, .whole = true, .reader = &a2a_whole_reader};
static const struct exchange_kind streamed_1_0 = {
    QUESTION, .headers = headers_1_0, .body = stream_1_0, .reader = &a2a_reader};

static const struct exchange_kind *const kinds[2][2] = {
    {&whole_0_3, &streamed_0_3}, {&whole_1_0, &streamed_1_0}};

static enum status check(const struct backend *b, struct error *err)
{
    return exchange_check(&streamed_1_0, b, err);
}

const struct protocol protocol_a2a = {
    .name = "a2a",
    .summary = "an agent that speaks Agent2Agent (A2A), 0.3 or 1.0",
    .check = check,
    .exchange = &streamed_1_0,
    EXCHANGE_TASK,
};
