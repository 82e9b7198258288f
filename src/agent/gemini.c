/*
 * gemini: Google's Gemini API, streamGenerateContent.
 */
#include <string.h>

#include "agent/exchange.h"
#include "agent/gemini_calls.h"
#include "agent/gemini_stream.h"
#include "agent/protocols.h"
#include "agent/response_format.h"

static void put_part(struct json_writer *w, const char *text, size_t len)
{
    json_begin_object(w);
    json_key(w, "text");
    json_put_string(w, text, len);
    json_end_object(w);
}

/* {"parts":[{"text"}]}, with a role unless that is NULL. */
static void put_content(struct json_writer *w, const char *role, const char *text, size_t len)
{
    json_begin_object(w);
    if (role)
        json_member_string(w, "role", role);
    json_key(w, "parts");
    json_begin_array(w);
    put_part(w, text, len);
    json_end_array(w);
    json_end_object(w);
}

/* ---- what was said ---- */

/* An answer that is sent back as it came. */
static bool is_own(const struct turn *t)
{
    return t->by == &protocol_gemini && t->echo;
}

static void put_call(struct json_writer *w, const struct tool_call *c)
{
    const char *args = tool_call_object(c);
    json_begin_object(w);
    json_key(w, "functionCall");
    json_begin_object(w);
    json_member_string(w, "name", c->name);
    json_key(w, "args");
    json_put_raw(w, args, strlen(args));
    json_end_object(w);
    json_end_object(w);
}

static void put_answer(struct json_writer *w, const struct turn *t)
{
    json_begin_object(w);
    json_member_string(w, "role", "model");
    json_key(w, "parts");
    if (is_own(t)) {
        json_put_raw(w, t->echo, strlen(t->echo));
    } else {
        json_begin_array(w);
        if (t->len)
            put_part(w, t->text, t->len);
        for (size_t i = 0; i < t->call_count; i++)
            put_call(w, &t->calls[i]);
        json_end_array(w);
    }
    json_end_object(w);
}

static void put_result(struct json_writer *w, const struct turn *t, bool has_id)
{
    json_begin_object(w);
    json_key(w, "functionResponse");
    json_begin_object(w);
    if (has_id)
        json_member_string(w, "id", t->call->id);
    json_member_string(w, "name", t->call->name);
    json_key(w, "response");
    json_begin_object(w);
    json_key(w, t->failed ? "error" : "result");
    json_put_string(w, t->text, t->len);
    json_end_object(w);
    json_end_object(w);
    json_end_object(w);
}

/* All results of the answer before turn at are one content; the turn behind it. */
static size_t put_results(struct json_writer *w, const struct ask *ask, size_t at)
{
    const struct turn *answer = &ask->turns[at ? at - 1 : 0];
    size_t first = at;
    json_begin_object(w);
    json_member_string(w, "role", "user");
    json_key(w, "parts");
    json_begin_array(w);
    for (; at < ask->turn_count && ask->turns[at].role == TURN_RESULT; at++)
        put_result(
            w, &ask->turns[at], is_own(answer) && gemini_call_has_id(answer->echo, at - first));
    json_end_array(w);
    json_end_object(w);
    return at;
}

static void put_contents(struct json_writer *w, const struct ask *ask)
{
    put_content(w, "user", ask->prompt, ask->prompt_len);
    for (size_t i = 0; i < ask->turn_count;) {
        const struct turn *t = &ask->turns[i];
        if (t->role == TURN_RESULT) {
            i = put_results(w, ask, i);
            continue;
        }
        if (t->call_count)
            put_answer(w, t);
        else
            put_content(w, t->role == TURN_ASSISTANT ? "model" : "user", t->text, t->len);
        i++;
    }
}

/* ---- the rest of the body ---- */

static void put_tool(struct json_writer *w, const struct tool *t)
{
    const struct json_slice schema = {
        .kind = JSON_OBJECT, .bytes = t->schema, .len = strlen(t->schema)};
    json_begin_object(w);
    json_member_string(w, "name", t->name);
    if (t->description)
        json_member_string(w, "description", t->description);
    json_key(w, "parametersJsonSchema");
    json_begin_object(w);
    exchange_add_members(w, &schema, "$schema"); /* which it refuses */
    json_end_object(w);
    json_end_object(w);
}

/* The provider's own, which the options have, stand behind. */
static void add_tools(const struct ask *ask, struct json_writer *w)
{
    static const char none[] = "{\"functionCallingConfig\":{\"mode\":\"NONE\"}}";
    const struct json_slice options = exchange_options(ask);
    const struct json_slice given = exchange_member(&options, "tools");
    if (!ask->tool_count)
        return;
    json_key(w, "tools");
    json_begin_array(w);
    json_begin_object(w);
    json_key(w, "functionDeclarations");
    json_begin_array(w);
    for (size_t i = 0; i < ask->tool_count; i++)
        put_tool(w, &ask->tools[i]);
    json_end_array(w);
    json_end_object(w);
    exchange_add_objects(w, &given);
    json_end_array(w);
    if (ask->tools_off) {
        json_key(w, "toolConfig");
        json_put_raw(w, none, sizeof none - 1);
    }
}

/* generationConfig of the options, and in it the most tokens and the schema; and all other options.
 */
static void add_options(const struct ask *ask, struct json_writer *w)
{
    static const char name[] = "generationConfig", most[] = "maxOutputTokens";
    const char *but[5] = {NULL};
    size_t n = 0;
    const struct json_slice options = exchange_options(ask);
    const struct json_slice given = exchange_member(&options, name);
    bool said = exchange_member(&given, most).kind != JSON_ABSENT;
    int64_t tokens = said ? 0 : ask->agent->max_tokens;
    bool ours = tokens > 0 || ask->schema;
    if (given.kind == JSON_OBJECT || (given.kind == JSON_ABSENT && ours)) {
        json_key(w, name);
        json_begin_object(w);
        if (tokens > 0)
            json_member_int(w, most, tokens);
        response_format_add_gemini(ask, &given, w);
        exchange_add_members(w, &given, NULL);
        json_end_object(w);
    }
    if (given.kind == JSON_OBJECT)
        but[n++] = name;
    if (ask->tool_count)
        but[n++] = "tools";
    if (ask->tool_count && ask->tools_off) {
        but[n++] = "toolConfig";
        but[n++] = "tool_config";
    }
    exchange_add_members_but(w, &options, but);
}

static enum status body(const struct ask *ask, struct json_writer *w, struct error *err)
{
    const struct agent *a = ask->agent;
    (void)err;
    json_begin_object(w);
    if (a->system_prompt) {
        json_key(w, "systemInstruction");
        put_content(w, NULL, a->system_prompt, strlen(a->system_prompt));
    }
    json_key(w, "contents");
    json_begin_array(w);
    put_contents(w, ask);
    json_end_array(w);
    add_tools(ask, w);
    add_options(ask, w);
    json_end_object(w);
    return STATUS_OK;
}

static const char *const own_members[] = {
    "contents", "systemInstruction", "system_instruction", NULL};

/* Models are listed as "models/NAME", and people copy that. */
static enum status path(const struct ask *ask, struct buf *url, struct error *err)
{
    const char *model = ask->agent->model ? ask->agent->model : "";
    if (!strncmp(model, "models/", 7))
        model += 7;
    if (!*model)
        return error_set(err, STATUS_CONFIG,
            "agent \"%s\" has no model, which a gemini backend needs: set it with --model",
            ask->agent->id);
    buf_adds(url, "/models/");
    exchange_add_escaped(url, model);
    buf_adds(url, ":streamGenerateContent?alt=sse");
    return STATUS_OK;
}

static const struct exchange_kind kind = {
    .example_url = "https://generativelanguage.googleapis.com/v1beta",
    .key_header = "x-goog-api-key: ",
    .path = path,
    .body = body,
    .own_members = own_members,
    .reader = &gemini_reader,
    .error_message = gemini_error_message,
};

static enum status check(const struct backend *b, struct error *err)
{
    return exchange_check(&kind, b, err);
}

const struct protocol protocol_gemini = {
    .name = "gemini",
    .summary = "Google's Gemini API",
    .check = check,
    .exchange = &kind,
    EXCHANGE_TASK,
    .tools = true,
    .turns = true,
};
