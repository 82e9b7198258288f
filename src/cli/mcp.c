#include "store/mcp_server.h"

#include "cli/entity.h"
#include "cli/mcp_tools.h"

static const struct option_spec edit_options[] = {
    SETS_TEXT("type", "TYPE", "type", "http or stdio; what there is of it says which"),
    SETS_TEXT("endpoint", "URL", "endpoint", "http: its URL"),
    SETS_LIST("header", "LINE", "headers", "http: a further header, \"Name: value\""),
    SETS_TEXT("ca-file", "PATH", "caFile",
        "http, PEM: whom to trust, instead of the system's authorities"),
    SETS_FLAG("insecure", "insecure", "true", "http: do not verify the server's certificate"),
    SETS_FLAG("secure", "insecure", "false", "do verify it, which is so without --insecure"),
    SETS_LIST("env", "NAME[=VALUE]", "env", "stdio: its environment; NAME alone is passed on"),
    SETS_TEXT("work-dir", "PATH", "workDir", "stdio: where it runs (/)"),
    SETS_TIME("timeout", "timeout", "of one request to it (60s)"),
    SETS_TIME("list-time", "listTime", "how long its list of tools is good (5m)"),
    SETS_NAME,
    OPTION_END,
};

static const struct option_spec show_options[] = {
    OPTION_JSON,
    {.name = "secrets", .help = "show the values of headers and of the environment"},
    OPTION_END,
};
static const struct option_spec remove_options[] = {
    OPTION_FORCE("take it off the agents that use it"), OPTION_END};

static enum status take_program(
    struct mcp_server *m, const struct strings *program, struct error *err)
{
    strings_release(&m->args);
    enum status st = string_set(&m->command, program->count ? program->items[0] : NULL);
    for (size_t i = 1; i < program->count && !st; i++)
        st = strings_add(&m->args, program->items[i]);
    return st ? error_set(err, st, "out of memory") : STATUS_OK;
}

static enum status edit(struct cli *cli, const struct options *o, void *e, struct error *err)
{
    (void)cli;
    return o->has_program ? take_program(e, &o->program, err) : STATUS_OK;
}

static const struct column columns[] = {
    {.head = "ID", .path = "id"},
    {.head = "TYPE", .path = "type"},
    {.head = "URL OR PROGRAM", .path = "endpoint|command", .width = 60},
    {.head = "ARGUMENTS", .path = "args", .format = COLUMN_WORDS, .width = 40},
    {.head = "NAME", .path = "name", .width = 30},
    {.head = NULL},
};

static const struct entity entity = {
    .kind = &mcp_server_kind,
    .columns = columns,
    .edit = edit,
};

static const struct verb verbs[] = {
    VERB_ADD("{--endpoint URL | -- PROGRAM [ARGUMENT]...} [OPTION]...",
        "an MCP server: tools of agents", edit_options, .program = true),
    VERB_SET(
        "[OPTION]... [-- PROGRAM [ARGUMENT]...]", "an MCP server", edit_options, .program = true),
    VERB_SHOW("[--json] [--secrets]", "", "an MCP server", show_options),
    VERB_LIST("[--json]", json_options),
    VERB_REMOVE(" [--force]", "that no agent uses", "an MCP server", remove_options),
    {.name = "tools",
        .synopsis = "ID [--json]",
        .summary = "asks one for its tools",
        .options = json_options,
        .word = "an MCP server's id",
        .min_words = 1,
        .max_words = 1,
        .run = mcp_tools},
    {.name = NULL},
};

const struct family family_mcp = {
    "mcp", "MCP servers, whose tools agents may call", verbs, &entity};
