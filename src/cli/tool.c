#include "store/exec_tool.h"

#include "cli/entity.h"

static const struct option_spec edit_options[] = {
    SETS_TEXT("description", "TEXT", "description", "what it does, for the model"),
    SETS_INPUT("parameters", "JSON", "parameters", EXEC_TOOL_SCHEMA_MAX,
        "the JSON Schema of its arguments: text, @FILE or -"),
    SETS_LIST("env", "NAME[=VALUE]", "env", "its environment; NAME alone is passed on"),
    SETS_TEXT("work-dir", "PATH", "workDir", "where it runs (/)"),
    SETS_TIME("timeout", "timeout", "of one call, instead of the agent's"),
    OPTION_END,
};

static const struct option_spec show_options[] = {
    OPTION_JSON,
    {.name = "secrets", .help = "show the values of the environment"},
    OPTION_END,
};
static const struct option_spec remove_options[] = {
    OPTION_FORCE("take it off the agents that use it"), OPTION_END};

static enum status edit(struct cli *cli, const struct options *o, void *e, struct error *err)
{
    struct exec_tool *t = e;
    (void)cli;
    if (o->has_program && strings_copy(&t->argv, &o->program))
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

static const struct column columns[] = {
    {.head = "ID", .path = "id"},
    {.head = "PROGRAM", .path = "command", .format = COLUMN_WORDS, .width = 50},
    {.head = "DESCRIPTION", .path = "description", .width = 60},
    {.head = NULL},
};

static const struct entity entity = {
    .kind = &exec_tool_kind,
    .columns = columns,
    .edit = edit,
};

static const struct verb verbs[] = {
    VERB_ADD("[OPTION]... -- PROGRAM [ARGUMENT]...",
        "a tool: a program that agents may call, with JSON on its standard input", edit_options,
        .program = true),
    VERB_SET("[OPTION]... [-- PROGRAM [ARGUMENT]...]", "a tool", edit_options, .program = true),
    VERB_SHOW("[--json] [--secrets]", "", "a tool", show_options),
    VERB_LIST("[--json]", json_options),
    VERB_REMOVE(" [--force]", "that no agent uses", "a tool", remove_options),
    {.name = NULL},
};

const struct family family_tool = {"tool", "programs that agents may call", verbs, &entity};
