#include "store/agent.h"

#include <stddef.h>
#include <string.h>

#include "base/json_schema.h"
#include "base/utf8.h"
#include "store/backend.h"
#include "store/checks.h"
#include "store/exec_tool.h"
#include "store/fields.h"
#include "store/internal.h"
#include "store/mcp_server.h"

enum { OPTIONS_MAX = 64 * 1024 };

#define AT(member) .at = offsetof(struct agent, member)

/* clang-format off */
static const struct field fields[] = {
    {"id", "id", FIELD_TEXT, FIELD_NEEDED, AT(id)},
    {"name", "name", FIELD_TEXT, FIELD_PROSE, AT(name)},
    {"description", "description", FIELD_TEXT, FIELD_PROSE, AT(description)},
    {"backend", "llm.backend", FIELD_TEXT, FIELD_NEEDED, AT(backend), .refers = &backend_kind},
    {"model", "llm.model", FIELD_TEXT, FIELD_PROSE, AT(model)},
    {"options", "llm.options", FIELD_OBJECT, FIELD_SOME, AT(options), .max = OPTIONS_MAX},
    {"system_prompt", "systemPrompt", FIELD_TEXT, FIELD_PROSE, AT(system_prompt)},
    {"output_key", "outputKey", FIELD_TEXT, FIELD_PROSE, AT(output_key)},
    {"max_tokens", "maxTokens", FIELD_COUNT, 0, AT(max_tokens)},
    {"fallbacks", "fallbacks", FIELD_LIST, 0, AT(fallbacks)},
    {"response_schema", "responseSchema", FIELD_OBJECT, 0, AT(response_schema), .max = AGENT_SCHEMA_MAX},
    {"tags", "tags", FIELD_LIST, 0, AT(tags)},
    {"mcp_servers", "mcpServers", FIELD_LIST, 0, AT(mcp_servers), .refers = &mcp_server_kind},
    {"tools", "tools", FIELD_LIST, 0, AT(tools), .refers = &exec_tool_kind},
    {"allowed_tools", "allowedTools", FIELD_LIST, 0, AT(allowed_tools)},
    {"tool_rounds", "toolLimits.rounds", FIELD_COUNT, 0, AT(tool_rounds)},
    {"tool_calls", "toolLimits.calls", FIELD_COUNT, 0, AT(tool_calls)},
    {"tool_result_bytes", "toolLimits.resultBytes", FIELD_COUNT, 0, AT(tool_result_bytes)},
    {"tool_timeout_ms", "toolLimits.timeout", FIELD_DURATION, 0, AT(tool_timeout_ms)},
    {DEADLINE_COLUMNS, "deadlines", FIELD_DEADLINES, 0, AT(deadlines)},
    {"extra", NULL, FIELD_EXTRA, 0, AT(extra)},
};
/* clang-format on */

/* Adds to all whom the agents of the list fall back on, in the end. */
static enum status reach(
    struct store *s, const struct strings *list, struct strings *all, struct error *err)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; i < list->count && !st; i++) {
        struct agent other;
        if (strings_has(all, list->items[i]))
            continue;
        if (all->count == AGENT_FALLBACKS_MAX)
            return error_set(err, STATUS_BAD_REQUEST,
                "these fallbacks and their own are more than %d", (int)AGENT_FALLBACKS_MAX);
        agent_init(&other);
        if (strings_add(all, list->items[i]))
            st = error_set(err, STATUS_NO_MEMORY, "out of memory");
        if (!st)
            st = agent_get(s, list->items[i], &other, err);
        if (st == STATUS_NOT_FOUND)
            st = entity_missing(s, &agent_kind, list->items[i], STATUS_BAD_REQUEST, err);
        if (!st)
            st = reach(s, &other.fallbacks, all, err);
        agent_release(&other);
    }
    return st;
}

static enum status check_fallbacks(struct store *s, const struct agent *a, struct error *err)
{
    struct strings all = {0};
    enum status st = STATUS_OK;
    if (a->id && strings_has(&a->fallbacks, a->id))
        st = error_set(err, STATUS_BAD_REQUEST, "agent \"%s\" cannot fall back on itself", a->id);
    if (!st)
        st = reach(s, &a->fallbacks, &all, err);
    if (!st && a->id && strings_has(&all, a->id))
        st = error_set(err, STATUS_BAD_REQUEST,
            "these fallbacks are a circle: one of them falls back on agent \"%s\"", a->id);
    strings_release(&all);
    return st;
}

static enum status check_tags(const struct strings *tags, struct error *err)
{
    if (tags->count > AGENT_TAGS_MAX)
        return error_set(err, STATUS_BAD_REQUEST, "more than %d tags", (int)AGENT_TAGS_MAX);
    for (size_t i = 0; i < tags->count; i++) {
        const char *tag = tags->items[i];
        size_t len = strlen(tag);
        if (!len || len > AGENT_TAG_LEN || !utf8_valid(tag, len, NULL))
            return error_set(err, STATUS_BAD_REQUEST,
                "tag %zu is empty, longer than %d bytes or not valid UTF-8", i + 1,
                (int)AGENT_TAG_LEN);
        for (size_t k = 0; k < i; k++)
            if (!strcmp(tag, tags->items[k]))
                return error_set(err, STATUS_BAD_REQUEST, "the tag \"%s\" is there twice", tag);
    }
    return STATUS_OK;
}

static enum status check_schema(const char *text, struct error *err)
{
    struct json *schema = NULL;
    if (!text)
        return STATUS_OK;
    enum status st = json_parse(text, strlen(text), &schema, err);
    if (!st)
        st = json_schema_check(schema, err);
    if (st)
        error_prefix(err, "the schema of answers");
    json_free(schema);
    return st;
}

static enum status check_once(const struct strings *ids, const char *what, struct error *err)
{
    for (size_t i = 0; i < ids->count; i++)
        for (size_t k = 0; k < i; k++)
            if (!strcmp(ids->items[i], ids->items[k]))
                return error_set(
                    err, STATUS_BAD_REQUEST, "the %s \"%s\" is there twice", what, ids->items[i]);
    return STATUS_OK;
}

static enum status check_limit(const char *what, int64_t limit, int64_t max, struct error *err)
{
    if (limit >= 0 && limit <= max)
        return STATUS_OK;
    return error_set(err, STATUS_BAD_REQUEST,
        "the most %s of its tools is not a number from 1 to %lld", what, (long long)max);
}

static enum status check_links(const struct agent *a, struct error *err)
{
    enum status st = check_once(&a->mcp_servers, "MCP server", err);
    if (!st)
        st = check_once(&a->tools, "tool", err);
    if (!st)
        st = check_patterns(&a->allowed_tools, err);
    if (!st)
        st = check_limit("rounds", a->tool_rounds, AGENT_TOOL_ROUNDS_MAX, err);
    if (!st)
        st = check_limit("calls", a->tool_calls, AGENT_TOOL_CALLS_MAX, err);
    if (!st)
        st = check_limit("bytes of a result", a->tool_result_bytes, AGENT_TOOL_RESULT_MAX, err);
    return st ? st : check_limit("milliseconds", a->tool_timeout_ms, AGENT_TOOL_TIMEOUT_MAX, err);
}

static enum status check(struct store *s, void *e, struct error *err)
{
    const struct agent *a = e;
    if (!a->backend)
        return error_set(err, STATUS_BAD_REQUEST, "an agent needs a backend");
    if (a->max_tokens < 0)
        return error_set(err, STATUS_BAD_REQUEST, "the most tokens of an agent are below zero");
    enum status st = check_tags(&a->tags, err);
    if (!st)
        st = check_schema(a->response_schema, err);
    if (!st)
        st = check_links(a, err);
    return st ? st : check_fallbacks(s, a, err);
}

static const struct entity_user users[] = {
    {"SELECT client FROM client_agent WHERE agent = ? ORDER BY client", "client"},
    {"SELECT id FROM command WHERE agent = ? ORDER BY id", "command"},
    {"SELECT id FROM agent WHERE EXISTS (SELECT 1 FROM json_each(fallbacks) WHERE value = ?)"
     " ORDER BY id",
        "agent"},
    {FLOWS_THAT_USE, "flow"},
    {NULL, NULL},
};

static enum status unlink_users(struct store *s, const char *id, struct error *err)
{
    static const char *const changes[] = {"DELETE FROM client_agent WHERE agent = ?",
        "UPDATE command SET agent = NULL WHERE agent = ?", TAKE_OFF_AGENTS("fallbacks"), NULL};
    return sql_run_each(s, changes, id, err);
}

const struct entity_kind agent_kind = {
    .name = "agent",
    .size = sizeof(struct agent),
    .fields = fields,
    .users = users,
    .check = check,
    .unlink = unlink_users,
};
