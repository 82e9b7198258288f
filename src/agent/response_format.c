#include "agent/response_format.h"

#include <string.h>

#include "agent/exchange_request.h"
#include "base/json_schema_part.h"

/* ---- what a provider takes ---- */

enum { SUBSET_WORK_MAX = 20 * 1000, STRICT_DEPTH_MAX = 10, CLOSED_DEPTH_MAX = 40 };

struct subset {
    const char *const *keywords; /* ended by NULL */
    bool all_required;
    bool no_circles;
    unsigned depth_max;
};

struct walk {
    const struct subset *kind;
    const struct json *root;
    const struct json *schema; /* that is looked at */
    unsigned depth, work;
};

static bool suits(struct walk *w, const struct json *schema);

static bool is_one_of(const char *word, const char *const *words)
{
    for (; word && *words; words++)
        if (!strcmp(word, *words))
            return true;
    return false;
}

static bool has_scalars(const struct json *list)
{
    for (size_t i = 0; i < json_count(list); i++)
        if (json_kind(json_at(list, i)) >= JSON_ARRAY)
            return false;
    return true;
}

static bool list_has(const struct json *list, const char *word)
{
    for (size_t i = 0; i < json_count(list); i++) {
        const char *item = json_string(json_at(list, i), NULL);
        if (item && !strcmp(item, word))
            return true;
    }
    return false;
}

static bool ref_suits(struct walk *w, const char *ref)
{
    return !w->kind->no_circles || suits(w, schema_ref_find(w->root, ref));
}

static enum status visit_named(void *ctx, const char *key, struct json *schema)
{
    (void)key;
    return suits(ctx, schema) ? STATUS_OK : STATUS_CONFLICT;
}

static bool all_suit(struct walk *w, const struct json *list)
{
    for (size_t i = 0; i < json_count(list); i++)
        if (!suits(w, json_at(list, i)))
            return false;
    return true;
}

static bool format_suits(const char *format)
{
    static const char *const formats[] = {
        "date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", NULL};
    return is_one_of(format, formats);
}

static enum status visit_keyword(void *ctx, const char *key, struct json *value)
{
    struct walk *w = ctx;
    bool good = is_one_of(key, w->kind->keywords);
    if (good &&
        (!strcmp(key, "properties") || !strcmp(key, "$defs") || !strcmp(key, "definitions")))
        return json_each(value, visit_named, w);
    if (good && !strcmp(key, "items"))
        good = suits(w, value);
    else if (good && !strcmp(key, "anyOf"))
        good = all_suit(w, value);
    else if (good && !strcmp(key, "$ref"))
        good = ref_suits(w, json_string(value, NULL));
    else if (good && !strcmp(key, "format"))
        good = format_suits(json_string(value, NULL));
    else if (good && !strcmp(key, "enum"))
        good = has_scalars(value);
    return good ? STATUS_OK : STATUS_CONFLICT;
}

static enum status visit_property(void *ctx, const char *key, struct json *value)
{
    (void)value;
    return list_has(ctx, key) ? STATUS_OK : STATUS_CONFLICT;
}

/* An object takes no other members than those that are named. */
static bool is_closed(const struct walk *w, const struct json *schema)
{
    const struct json *type = json_get(schema, "type"), *named = json_get(schema, "properties");
    const char *word = json_string(type, NULL);
    if (!named && !(word && !strcmp(word, "object")) && !list_has(type, "object"))
        return true;
    if (json_truth(json_get(schema, "additionalProperties"), true))
        return false;
    return !w->kind->all_required ||
           !json_each(named, visit_property, json_get(schema, "required"));
}

/* Whether it says what it is, in one way or another. */
static bool says_something(const struct json *schema)
{
    return json_get(schema, "type") || json_get(schema, "$ref") || json_get(schema, "anyOf") ||
           json_get(schema, "enum") || json_get(schema, "const");
}

static bool suits(struct walk *w, const struct json *schema)
{
    if (json_kind(schema) != JSON_OBJECT || w->depth == w->kind->depth_max ||
        ++w->work > SUBSET_WORK_MAX)
        return false;
    w->depth++;
    bool good =
        says_something(schema) && is_closed(w, schema) && !json_each(schema, visit_keyword, w);
    w->depth--;
    return good;
}

bool response_format_is_strict(const struct json *schema)
{
    static const char *const keywords[] = {"$schema", "title", "description", "type", "properties",
        "required", "additionalProperties", "items", "anyOf", "enum", "const", "$ref", "$defs",
        "definitions", "pattern", "format", "multipleOf", "minimum", "maximum", "exclusiveMinimum",
        "exclusiveMaximum", "minItems", "maxItems", NULL};
    static const struct subset strict = {
        .keywords = keywords, .all_required = true, .depth_max = STRICT_DEPTH_MAX};
    struct walk w = {.kind = &strict, .root = schema};
    const char *type = json_get_string(schema, "type");
    return type && !strcmp(type, "object") && !json_get(schema, "anyOf") && suits(&w, schema);
}

bool response_format_is_closed(const struct json *schema)
{
    static const char *const keywords[] = {"$schema", "title", "description", "default", "type",
        "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const", "$ref",
        "$defs", "definitions", "format", NULL};
    static const struct subset closed = {
        .keywords = keywords, .no_circles = true, .depth_max = CLOSED_DEPTH_MAX};
    struct walk w = {.kind = &closed, .root = schema};
    return suits(&w, schema);
}

static bool ask_suits(const struct ask *ask, bool (*suit)(const struct json *schema))
{
    struct json *schema = NULL;
    bool good =
        ask->schema && !json_parse(ask->schema, strlen(ask->schema), &schema, NULL) && suit(schema);
    json_free(schema);
    return good;
}

/* ---- the members ---- */

/* Names of schemas are to be a word. */
static const char name[] = "answer";

static void put_schema(const struct ask *ask, struct json_writer *w)
{
    json_key(w, "schema");
    json_put_raw(w, ask->schema, strlen(ask->schema));
}

static void put_named(const struct ask *ask, struct json_writer *w)
{
    json_member_string(w, "name", name);
    put_schema(ask, w);
    json_member_bool(w, "strict", ask_suits(ask, response_format_is_strict));
}

void response_format_add_openai(const struct ask *ask, struct json_writer *w)
{
    if (!ask->schema || exchange_has_option(ask, "response_format"))
        return;
    json_key(w, "response_format");
    json_begin_object(w);
    json_member_string(w, "type", "json_schema");
    json_key(w, "json_schema");
    json_begin_object(w);
    put_named(ask, w);
    json_end_object(w);
    json_end_object(w);
}

static void put_format_named(const struct ask *ask, struct json_writer *w)
{
    json_member_string(w, "type", "json_schema");
    put_named(ask, w);
}

static void put_format_plain(const struct ask *ask, struct json_writer *w)
{
    json_member_string(w, "type", "json_schema");
    put_schema(ask, w);
}

/* member: {"format": ..., and what the options have in it}; whether that is it. */
static bool add_within(const struct ask *ask, struct json_writer *w, const char *member,
    void (*put)(const struct ask *ask, struct json_writer *w))
{
    const struct json_slice options = exchange_options(ask);
    const struct json_slice given = exchange_member(&options, member);
    bool ours = put && (given.kind == JSON_OBJECT || given.kind == JSON_ABSENT);
    if (ours) {
        json_key(w, member);
        json_begin_object(w);
        if (exchange_member(&given, "format").kind == JSON_ABSENT) {
            json_key(w, "format");
            json_begin_object(w);
            put(ask, w);
            json_end_object(w);
        }
        exchange_add_members(w, &given, NULL);
        json_end_object(w);
    }
    return ours;
}

bool response_format_add_responses(const struct ask *ask, struct json_writer *w)
{
    return add_within(ask, w, "text", ask->schema ? put_format_named : NULL);
}

bool response_format_add_anthropic(const struct ask *ask, struct json_writer *w)
{
    bool sent = ask_suits(ask, response_format_is_closed);
    return add_within(ask, w, "output_config", sent ? put_format_plain : NULL);
}

void response_format_add_gemini(
    const struct ask *ask, const struct json_slice *given, struct json_writer *w)
{
    static const char *const others[] = {
        "responseJsonSchema", "responseSchema", "response_json_schema", "response_schema"};
    bool said = false;
    if (!ask->schema)
        return;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        said = said || exchange_member(given, others[i]).kind != JSON_ABSENT;
    if (exchange_member(given, "responseMimeType").kind == JSON_ABSENT &&
        exchange_member(given, "response_mime_type").kind == JSON_ABSENT)
        json_member_string(w, "responseMimeType", "application/json");
    if (said)
        return;
    struct json_slice schema = {.kind = JSON_OBJECT, .bytes = ask->schema};
    schema.len = strlen(ask->schema);
    json_key(w, "responseJsonSchema");
    json_begin_object(w);
    exchange_add_members(w, &schema, "$schema"); /* which it refuses */
    json_end_object(w);
}

/* ---- words ---- */

bool response_format_needs_words(const struct ask *ask)
{
    const struct json_slice options = exchange_options(ask);
    const struct json_slice given = exchange_member(&options, "output_config");
    bool own = given.kind != JSON_ABSENT &&
               (given.kind != JSON_OBJECT || exchange_member(&given, "format").kind != JSON_ABSENT);
    return ask->schema && !own && !ask_suits(ask, response_format_is_closed);
}

void response_format_add_words(const struct ask *ask, struct buf *out)
{
    buf_adds(out, "Answer with JSON that matches this JSON Schema, and with nothing else: no "
                  "explanation, no code fence.\n");
    buf_adds(out, ask->schema);
}
