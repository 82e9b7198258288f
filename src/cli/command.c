#include "cli/entity.h"

enum { PROMPT_MAX = 4 * 1024 * 1024 };

static const struct option_spec edit_options[] = {
    {.name = "prompt",
        .value = "TEXT",
        .kind = OPTION_INPUT,
        .max = PROMPT_MAX,
        .help = "what the agent is asked: text, @FILE or -"},
    {.name = "agent",
        .value = "ID",
        .kind = OPTION_TEXT,
        .help = "who runs it, instead of the client's agents"},
    {.name = "description", .value = "TEXT", .kind = OPTION_TEXT, .help = "what it is for"},
    {.name = "name", .value = "TEXT", .kind = OPTION_TEXT, .help = "a name for people"},
    OPTION_END,
};

static const struct option_spec show_options[] = {OPTION_JSON, OPTION_END};
static const struct option_spec remove_options[] = {
    OPTION_FORCE("disable the clients that run it"), OPTION_END};

/* ---- changing ---- */

static enum status edit(struct cli *cli, const struct options *o, void *e, struct error *err)
{
    (void)cli;
    struct command *c = e;
    enum status st = options_take_text(o, "prompt", &c->prompt);
    if (!st)
        st = options_take_text(o, "agent", &c->agent);
    if (!st)
        st = options_take_text(o, "description", &c->description);
    if (!st)
        st = options_take_text(o, "name", &c->name);
    return st ? error_set(err, st, "out of memory") : STATUS_OK;
}

ENTITY_FUNCTIONS(command)

static enum status remove_it(struct store *s, const char *id, bool force, struct error *err)
{
    return command_remove(s, id, force, err);
}

static enum status write_it(
    struct store *s, const void *e, bool secrets, struct json_writer *w, struct error *err)
{
    (void)s;
    (void)err;
    (void)secrets;
    command_to_json(e, w);
    return STATUS_OK;
}

static enum status write_one(void *ctx, const struct command *c)
{
    command_to_json(c, ctx);
    return STATUS_OK;
}

static enum status write_all(
    struct store *s, const struct options *o, struct json_writer *w, struct error *err)
{
    (void)o;
    return command_each(s, write_one, w, err);
}

static const struct column columns[] = {
    {.head = "ID", .path = "id"},
    {.head = "AGENT", .path = "agentId", .none = "(the client's)"},
    {.head = "PROMPT", .path = "prompt", .width = 50},
    {.head = "DESCRIPTION", .path = "description|name", .width = 30},
    {.head = NULL},
};

static const struct entity entity = {
    .init = init_it,
    .release = release_it,
    .edit = edit,
    .add = add_it,
    .update = update_it,
    .get = get_it,
    .remove = remove_it,
    .write = write_it,
    .write_all = write_all,
    .columns = columns,
};

static const struct verb verbs[] = {
    {.name = "add",
        .synopsis = "[ID] --prompt TEXT [OPTION]...",
        .summary = "adds a command: a stored prompt with a name",
        .options = edit_options,
        .required = "prompt",
        .word = "an id",
        .max_words = 1,
        .run = entity_add},
    {.name = "set",
        .synopsis = "ID [OPTION]...",
        .summary = "changes what is named; an empty value clears",
        .options = edit_options,
        .word = "a command's id",
        .min_words = 1,
        .max_words = 1,
        .run = entity_set},
    {.name = "show",
        .synopsis = "ID [--json]",
        .summary = "shows all of one",
        .options = show_options,
        .word = "a command's id",
        .min_words = 1,
        .max_words = 1,
        .run = entity_show},
    {.name = "list",
        .synopsis = "[--json]",
        .summary = "lists all of them",
        .options = show_options,
        .run = entity_list},
    {.name = "remove",
        .synopsis = "ID [--force]",
        .summary = "removes one that no client runs",
        .options = remove_options,
        .word = "a command's id",
        .min_words = 1,
        .max_words = 1,
        .run = entity_remove},
    {.name = NULL},
};

const struct family family_command = {"command", "stored prompts", verbs, &entity};
