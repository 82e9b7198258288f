#include "cli/deadlines.h"
#include "cli/entity.h"

enum { PROMPT_MAX = 4 * 1024 * 1024, TOKENS_MAX = 1000 * 1000 * 1000 };

static const struct option_spec edit_options[] = {
    {.name = "backend", .value = "ID", .kind = OPTION_TEXT, .help = "the backend that it asks"},
    {.name = "model", .value = "NAME", .kind = OPTION_TEXT, .help = "the backend's model"},
    {.name = "system-prompt",
        .value = "TEXT",
        .kind = OPTION_INPUT,
        .max = PROMPT_MAX,
        .help = "what it is told first: text, @FILE or -"},
    {.name = "max-tokens",
        .value = "N",
        .kind = OPTION_COUNT,
        .max = TOKENS_MAX,
        .help = "most tokens of an answer"},
    {.name = "options",
        .value = "JSON",
        .kind = OPTION_INPUT,
        .max = PROMPT_MAX,
        .help = "further members of the request: {\"temperature\":0.2}"},
    {.name = "fallbacks",
        .value = "ID[,ID]...",
        .kind = OPTION_TEXT,
        .repeated = true,
        .help = "agents that take its place when it fails, in order"},
    {.name = "response-schema",
        .value = "JSON",
        .kind = OPTION_INPUT,
        .max = PROMPT_MAX,
        .help = "the JSON Schema that its answers match: text, @FILE or -"},
    {.name = "tag",
        .value = "WORD",
        .kind = OPTION_TEXT,
        .repeated = true,
        .help = "a word to find it by"},
    {.name = "description", .value = "TEXT", .kind = OPTION_TEXT, .help = "what it is for"},
    {.name = "name", .value = "TEXT", .kind = OPTION_TEXT, .help = "a name for people"},
    DEADLINE_OPTIONS,
    OPTION_END,
};

static const struct option_spec show_options[] = {OPTION_JSON, OPTION_END};
static const struct option_spec list_options[] = {
    {.name = "tag", .value = "WORD", .kind = OPTION_TEXT, .help = "only those with this tag"},
    OPTION_JSON,
    OPTION_END,
};
static const struct option_spec remove_options[] = {
    OPTION_FORCE("take it off the clients and commands that use it"), OPTION_END};

/* ---- changing ---- */

static enum status edit(struct cli *cli, const struct options *o, void *e, struct error *err)
{
    (void)cli;
    struct agent *a = e;
    enum status st = options_take_text(o, "backend", &a->backend);
    if (!st)
        st = options_take_text(o, "model", &a->model);
    if (!st)
        st = options_take_text(o, "system-prompt", &a->system_prompt);
    if (!st)
        st = options_take_text(o, "description", &a->description);
    if (!st)
        st = options_take_text(o, "name", &a->name);
    if (!st)
        st = options_take_ids(o, "fallbacks", &a->fallbacks);
    if (!st)
        st = options_take_list(o, "tag", &a->tags);
    options_take_count(o, "max-tokens", 0, &a->max_tokens);
    deadlines_take(o, &a->deadlines);
    if (st)
        return error_set(err, st, "out of memory");
    if (options_given(o, "options"))
        st = agent_set_options(a, options_text(o, "options"), err);
    if (!st && options_given(o, "response-schema"))
        st = agent_set_response_schema(a, options_text(o, "response-schema"), err);
    return st;
}

ENTITY_FUNCTIONS(agent)

static enum status remove_it(struct store *s, const char *id, bool force, struct error *err)
{
    return agent_remove(s, id, force, err);
}

static enum status write_it(
    struct store *s, const void *e, bool secrets, struct json_writer *w, struct error *err)
{
    (void)s;
    (void)err;
    (void)secrets;
    agent_to_json(e, w);
    return STATUS_OK;
}

struct listing {
    const char *tag; /* or NULL */
    struct json_writer *w;
};

static enum status write_one(void *ctx, const struct agent *a)
{
    const struct listing *l = ctx;
    if (!l->tag || strings_has(&a->tags, l->tag))
        agent_to_json(a, l->w);
    return STATUS_OK;
}

static enum status write_all(
    struct store *s, const struct options *o, struct json_writer *w, struct error *err)
{
    struct listing l = {options_text(o, "tag"), w};
    return agent_each(s, write_one, &l, err);
}

static const struct column columns[] = {
    {.head = "ID", .path = "id"},
    {.head = "BACKEND", .path = "llm.backend"},
    {.head = "MODEL", .path = "llm.model", .width = 30},
    {.head = "TAGS", .path = "tags", .width = 30},
    {.head = "SYSTEM PROMPT", .path = "systemPrompt", .width = 40},
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
        .synopsis = "[ID] --backend ID [OPTION]...",
        .summary = "adds an agent: a backend with a model, a system prompt and options",
        .options = edit_options,
        .required = "backend",
        .word = "an id",
        .max_words = 1,
        .run = entity_add},
    {.name = "set",
        .synopsis = "ID [OPTION]...",
        .summary = "changes what is named; an empty value clears",
        .options = edit_options,
        .word = "an agent's id",
        .min_words = 1,
        .max_words = 1,
        .run = entity_set},
    {.name = "show",
        .synopsis = "ID [--json]",
        .summary = "shows all of one",
        .options = show_options,
        .word = "an agent's id",
        .min_words = 1,
        .max_words = 1,
        .run = entity_show},
    {.name = "list",
        .synopsis = "[--tag WORD] [--json]",
        .summary = "lists all of them",
        .options = list_options,
        .run = entity_list},
    {.name = "remove",
        .synopsis = "ID [--force]",
        .summary = "removes one that no client and no command uses",
        .options = remove_options,
        .word = "an agent's id",
        .min_words = 1,
        .max_words = 1,
        .run = entity_remove},
    {.name = NULL},
};

const struct family family_agent = {
    "agent", "backends with a model and a system prompt", verbs, &entity};
