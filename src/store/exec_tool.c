#include "store/exec_tool.h"

#include <stddef.h>
#include <string.h>

#include "base/json_schema.h"
#include "store/checks.h"
#include "store/fields.h"
#include "store/internal.h"

enum { TIME_MAX_MS = 24 * 3600 * 1000 };

#define AT(member) .at = offsetof(struct exec_tool, member)

/* clang-format off */
static const struct field fields[] = {
    {"id", "id", FIELD_TEXT, FIELD_NEEDED, AT(id)},
    {"description", "description", FIELD_TEXT, FIELD_PROSE, AT(description)},
    {"parameters", "parameters", FIELD_OBJECT, 0, AT(parameters), .max = EXEC_TOOL_SCHEMA_MAX},
    {"argv", "command", FIELD_LIST, 0, AT(argv)},
    {"env", "env", FIELD_ENV, FIELD_PAIRS, AT(env)},
    {"work_dir", "workDir", FIELD_TEXT, 0, AT(work_dir)},
    {"timeout_ms", "timeout", FIELD_DURATION, 0, AT(timeout_ms)},
    {"extra", NULL, FIELD_EXTRA, 0, AT(extra)},
};
/* clang-format on */

/* The id is the name that the model calls. */
static enum status check_name(const char *id, struct error *err)
{
    static const char *const taken[] = {"set_state", "get_state", "exit_loop"};
    if (strchr(id, '.'))
        return error_set(err, STATUS_BAD_REQUEST,
            "\"%s\" is not a tool's id, which models know: letters, digits, \"_\" and \"-\"", id);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (!strcmp(id, taken[i]))
            return error_set(
                err, STATUS_BAD_REQUEST, "\"%s\" is a tool that flows have: choose another id", id);
    return STATUS_OK;
}

static enum status check_parameters(const char *text, struct error *err)
{
    struct json *schema = NULL;
    if (!text)
        return STATUS_OK;
    enum status st = json_parse(text, strlen(text), &schema, err);
    if (!st)
        st = json_schema_check(schema, err);
    const char *type = json_get_string(schema, "type");
    if (!st && (!type || strcmp(type, "object") != 0))
        st = error_set(err, STATUS_BAD_REQUEST,
            "its type is not \"object\": arguments have names, {\"type\":\"object\","
            "\"properties\":{...}}");
    if (st)
        error_prefix(err, "the schema of the parameters");
    json_free(schema);
    return st;
}

static enum status check(struct store *s, void *e, struct error *err)
{
    const struct exec_tool *t = e;
    (void)s;
    enum status st = check_name(t->id, err);
    if (st)
        return st;
    if (!t->argv.count)
        return error_set(
            err, STATUS_BAD_REQUEST, "a tool needs a program: -- PROGRAM [ARGUMENT]...");
    if (t->timeout_ms < 0 || t->timeout_ms > TIME_MAX_MS)
        return error_set(
            err, STATUS_BAD_REQUEST, "the time of a call is below zero or above a day");
    st = check_path("program", t->argv.items[0], err);
    if (!st)
        st = check_path("working directory", t->work_dir, err);
    if (!st)
        st = check_env(&t->env, err);
    return st ? st : check_parameters(t->parameters, err);
}

static const struct entity_user users[] = {
    {"SELECT id FROM agent WHERE EXISTS (SELECT 1 FROM json_each(tools) WHERE value = ?)"
     " ORDER BY id",
        "agent"},
    {NULL, NULL},
};

static enum status unlink_users(struct store *s, const char *id, struct error *err)
{
    static const char *const changes[] = {TAKE_OFF_AGENTS("tools"), NULL};
    return sql_run_each(s, changes, id, err);
}

const struct entity_kind exec_tool_kind = {
    .name = "tool",
    .size = sizeof(struct exec_tool),
    .fields = fields,
    .users = users,
    .check = check,
    .unlink = unlink_users,
};
