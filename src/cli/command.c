#include "store/command.h"
#include "cli/entity.h"

enum { PROMPT_MAX = 4 * 1024 * 1024 };

static const struct option_spec edit_options[] = {
    SETS_INPUT("prompt", "TEXT", "prompt", PROMPT_MAX, "what the agent is asked: text, @FILE or -"),
    SETS_TEXT(
        "agent", "ID", "agentId", "the agent or flow that runs it, instead of the client's agents"),
    SETS_DESCRIPTION,
    SETS_NAME,
    OPTION_END,
};

static const struct option_spec remove_options[] = {
    OPTION_FORCE("disable the clients that run it"), OPTION_END};

static const struct column columns[] = {
    {.head = "ID", .path = "id"},
    {.head = "AGENT", .path = "agentId", .none = "(the client's)"},
    {.head = "PROMPT", .path = "prompt", .width = 50},
    {.head = "DESCRIPTION", .path = "description|name", .width = 30},
    {.head = NULL},
};

static const struct entity entity = {.kind = &command_kind, .columns = columns};

static const struct verb verbs[] = {
    VERB_ADD("--prompt TEXT [OPTION]...", "a command: a stored prompt with a name", edit_options,
        .required = "prompt"),
    VERB_SET("[OPTION]...", "a command", edit_options, .program = false),
    VERB_SHOW("[--json]", "", "a command", json_options),
    VERB_LIST("[--json]", json_options),
    VERB_REMOVE(" [--force]", "that no client runs", "a command", remove_options),
    {.name = NULL},
};

const struct family family_command = {"command", "stored prompts", verbs, &entity};
