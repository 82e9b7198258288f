/*
 * gemini: Google's Gemini API, streamGenerateContent.
 */
#include <string.h>

#include "agent/exchange.h"
#include "agent/gemini_stream.h"
#include "agent/protocols.h"
#include "agent/response_format.h"

/* {"parts":[{"text"}]}, with a role unless that is NULL. */
static void put_content(struct json_writer *w, const char *role, const char *text, size_t len)
{
    json_begin_object(w);
    if (role)
        json_member_string(w, "role", role);
    json_key(w, "parts");
    json_begin_array(w);
    json_begin_object(w);
    json_key(w, "text");
    json_put_string(w, text, len);
    json_end_object(w);
    json_end_array(w);
    json_end_object(w);
}

/* generationConfig of the options, and in it the most tokens and the schema; and all other options.
 */
static void add_options(const struct ask *ask, struct json_writer *w)
{
    static const char name[] = "generationConfig", most[] = "maxOutputTokens";
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
    exchange_add_members(w, &options, given.kind == JSON_OBJECT ? name : NULL);
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
    put_content(w, "user", ask->prompt, ask->prompt_len);
    for (size_t i = 0; i < ask->turn_count; i++)
        put_content(w, ask->turns[i].role == TURN_ASSISTANT ? "model" : "user", ask->turns[i].text,
            ask->turns[i].len);
    json_end_array(w);
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
    .turns = true,
};
