#include "store/mcp_server.h"

#include <stddef.h>
#include <string.h>

#include "store/checks.h"
#include "store/fields.h"
#include "store/internal.h"

enum { TIME_MAX_MS = 24 * 3600 * 1000 };

#define AT(member) .at = offsetof(struct mcp_server, member)

/* clang-format off */
static const struct field fields[] = {
    {"id", "id", FIELD_TEXT, FIELD_NEEDED, AT(id)},
    {"name", "name", FIELD_TEXT, FIELD_PROSE, AT(name)},
    {"type", "type", FIELD_TEXT, FIELD_NEEDED, AT(type)},
    {"endpoint", "endpoint", FIELD_TEXT, 0, AT(endpoint)},
    {"headers", "headers", FIELD_HEADERS, 0, AT(headers)},
    {"ca_file", "caFile", FIELD_TEXT, 0, AT(ca_file)},
    {"insecure", "insecure", FIELD_FLAG, 0, AT(insecure)},
    {"command", "command", FIELD_TEXT, 0, AT(command)},
    {"args", "args", FIELD_LIST, 0, AT(args)},
    {"env", "env", FIELD_ENV, FIELD_PAIRS, AT(env)},
    {"work_dir", "workDir", FIELD_TEXT, 0, AT(work_dir)},
    {"timeout_ms", "timeout", FIELD_DURATION, 0, AT(timeout_ms)},
    {"list_ms", "listTime", FIELD_DURATION, 0, AT(list_ms)},
    {"extra", NULL, FIELD_EXTRA, 0, AT(extra)},
};
/* clang-format on */

static enum status check_http(const struct mcp_server *m, struct error *err)
{
    if (m->command || m->args.count || m->env.count || m->work_dir)
        return error_set(err, STATUS_BAD_REQUEST,
            "an MCP server of type http has no program, environment or working directory");
    if (!m->endpoint)
        return error_set(
            err, STATUS_BAD_REQUEST, "an MCP server of type http needs a URL: --endpoint URL");
    enum status st = check_url(m->endpoint, "give the key with --header instead", err);
    if (!st)
        st = check_headers(&m->headers, err);
    return st ? st : check_path("file of authorities", m->ca_file, err);
}

static enum status check_stdio(const struct mcp_server *m, struct error *err)
{
    if (m->endpoint || m->headers.count || m->ca_file || m->insecure)
        return error_set(err, STATUS_BAD_REQUEST,
            "an MCP server of type stdio has no URL, headers, authorities or --insecure");
    if (!m->command)
        return error_set(err, STATUS_BAD_REQUEST,
            "an MCP server of type stdio needs a program: -- PROGRAM [ARGUMENT]...");
    enum status st = check_path("program", m->command, err);
    if (!st)
        st = check_path("working directory", m->work_dir, err);
    return st ? st : check_env(&m->env, err);
}

/* Magec's have none sometimes. */
static enum status choose_type(struct mcp_server *m, struct error *err)
{
    bool program = m->command && !m->endpoint;
    if (m->type || !string_set(&m->type, program ? "stdio" : "http"))
        return STATUS_OK;
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

static enum status check(struct store *s, void *e, struct error *err)
{
    struct mcp_server *m = e;
    (void)s;
    enum status st = choose_type(m, err);
    if (st)
        return st;
    if (m->timeout_ms < 0 || m->timeout_ms > TIME_MAX_MS || m->list_ms < 0 ||
        m->list_ms > TIME_MAX_MS)
        return error_set(err, STATUS_BAD_REQUEST,
            "the time of a request or of the list of tools is below zero or above a day");
    if (!strcmp(m->type, "http"))
        return check_http(m, err);
    if (!strcmp(m->type, "stdio"))
        return check_stdio(m, err);
    return error_set(
        err, STATUS_BAD_REQUEST, "the type \"%s\" is neither \"http\" nor \"stdio\"", m->type);
}

static const struct entity_user users[] = {
    {"SELECT id FROM agent WHERE EXISTS (SELECT 1 FROM json_each(mcp_servers) WHERE value = ?)"
     " ORDER BY id",
        "agent"},
    {NULL, NULL},
};

static enum status unlink_users(struct store *s, const char *id, struct error *err)
{
    static const char *const changes[] = {TAKE_OFF_AGENTS("mcp_servers"), NULL};
    return sql_run_each(s, changes, id, err);
}

const struct entity_kind mcp_server_kind = {
    .name = "mcp",
    .size = sizeof(struct mcp_server),
    .fields = fields,
    .users = users,
    .check = check,
    .unlink = unlink_users,
};
