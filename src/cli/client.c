#include "store/client.h"

#include "base/units.h"
#include "cli/entity.h"
#include "cli/probe_client.h"
#include "cli/text.h"
#include "cli/token.h"
#include "store/command.h"
#include "store/token.h"

/* clang-format off */
#define EDIT_OPTIONS                                                                               \
    SETS_TEXT("command", "ID", "config.webhook.commandId", "every call runs this stored prompt"),  \
    SETS_FLAG("passthrough", "config.webhook.passthrough", "true",                                 \
        "the prompt is what the caller sends"),                                                    \
    SETS_IDS("agents", "allowedAgents", "who may be asked, in order"),                             \
    SETS_PATTERNS("allowed-tools", "allowedTools",                                                 \
        "only such of its agents' tools: SERVER/TOOL, SERVER/*, a tool's id; none"),               \
    SETS_WORD("on-disconnect", "onDisconnect", client_gone_words,                                  \
        "cancel or continue when the caller hangs up"),                                            \
    SETS_WORD("record-prompt", "recordPrompt", client_record_words,                                \
        "text or hash: what a run keeps of the prompt"),                                           \
    SETS_NAME
#define TOKEN_OPTIONS                                                                              \
    {.name = "url", .value = "URL", .kind = OPTION_TEXT,                                           \
        .help = "where the web server is, for the curl line"},                                     \
    OPTION_JSON
/* clang-format on */

static const struct option_spec add_options[] = {
    EDIT_OPTIONS,
    {.name = "probe", .help = "one for magec probe, with its agent and its backend"},
    SETS_FLAG("disabled", "enabled", "false", "calls are refused until it is enabled"),
    TOKEN_OPTIONS,
    OPTION_END,
};
static const struct option_spec set_options[] = {
    EDIT_OPTIONS,
    SETS_FLAG("enable", "enabled", "true", "calls are answered"),
    SETS_FLAG("disable", "enabled", "false", "calls are refused with 403"),
    OPTION_END,
};
static const struct option_spec token_options[] = {
    {.name = "grace",
        .value = "TIME",
        .kind = OPTION_DURATION,
        .help = "how long the tokens before it go on working (0)"},
    TOKEN_OPTIONS,
    OPTION_END,
};

/* ---- changing ---- */

/* The prompt is a command's or the caller's: saying one takes back the other. */
static enum status edit(struct cli *cli, const struct options *o, void *e, struct error *err)
{
    struct client *c = e;
    if (options_given(o, "command") && options_given(o, "passthrough"))
        return cli_usage(cli, err, "--command and --passthrough exclude each other");
    if (options_given(o, "command"))
        c->passthrough = false;
    if (options_given(o, "passthrough") && string_set(&c->command, NULL))
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

/* Whether a call would find somebody to ask. */
static bool has_agent(struct store *s, const struct client *c)
{
    struct command cmd;
    if (c->agents.count)
        return true;
    command_init(&cmd);
    bool has = c->command && !command_get(s, c->command, &cmd, NULL) && cmd.agent;
    command_release(&cmd);
    return has;
}

/* Options of a client that is not made up here. */
static const char *beside_probe(const struct options *o)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->given[i].given && o->given[i].spec->field)
            return o->given[i].spec->name;
    return NULL;
}

/* One that is there already gets a new token. */
static enum status add_probe(struct cli *cli, const struct options *o, struct error *err)
{
    struct client c;
    struct store *s = NULL;
    char token[IDENT_TOKEN_LEN + 1] = "";
    bool made = false;
    if (beside_probe(o))
        return cli_usage(cli, err, "--probe and --%s exclude each other", beside_probe(o));
    client_init(&c);
    enum status st = STATUS_OK;
    if (string_set(&c.id, cli_word(o) ? cli_word(o) : PROBE_ID))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (!st)
        st = cli_begin(cli, &s, err);
    if (!st)
        st = probe_client_add(s, &c, &made, err);
    if (!st)
        st = token_issue(s, c.id, 0, token, err);
    st = cli_end(s, st, err);
    if (!st)
        st = token_print(o, &c, token, made ? "added" : "has a new token");
    ident_wipe(token, sizeof token);
    client_release(&c);
    return st;
}

static enum status add(struct cli *cli, const struct options *o, struct error *err)
{
    struct client c;
    struct store *s = NULL;
    char token[IDENT_TOKEN_LEN + 1] = "";
    bool lonely = false;
    if (options_given(o, "probe"))
        return add_probe(cli, o, err);
    if (!options_given(o, "command") && !options_given(o, "passthrough"))
        return cli_usage(cli, err,
            "a client needs a prompt: name a stored one with --command ID, or say --passthrough");
    client_init(&c);
    enum status st = STATUS_OK;
    if (string_set(&c.id, cli_word(o)))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (!st)
        st = entity_edit(cli, o, &c, err);
    if (!st)
        st = cli_begin(cli, &s, err);
    if (!st)
        st = client_add(s, &c, err);
    if (!st)
        st = token_issue(s, c.id, 0, token, err);
    if (!st)
        lonely = !has_agent(s, &c);
    st = cli_end(s, st, err);
    if (!st)
        st = token_print(o, &c, token, "added");
    if (!st && lonely)
        text_warning("no agent answers for client \"%s\": give it some with \"magec client set %s "
                     "--agents ID,ID\"",
            c.id, c.id);
    ident_wipe(token, sizeof token);
    client_release(&c);
    return st;
}

static enum status token(struct cli *cli, const struct options *o, struct error *err)
{
    struct client c;
    struct store *s = NULL;
    char text[IDENT_TOKEN_LEN + 1] = "";
    int64_t grace_ms = 0;
    options_take_duration(o, "grace", 0, &grace_ms);
    client_init(&c);
    enum status st = cli_begin(cli, &s, err);
    if (!st)
        st = client_get(s, cli_word(o), &c, err);
    if (!st)
        st = token_issue(s, c.id, grace_ms, text, err);
    st = cli_end(s, st, err);
    if (!st)
        st = token_print(o, &c, text, "has a new token");
    ident_wipe(text, sizeof text);
    client_release(&c);
    return st;
}

/* ---- showing ---- */

static void member_time(struct json_writer *w, const char *key, int64_t unix_ms)
{
    char text[32];
    if (!unix_ms)
        return;
    units_print_time(unix_ms, text);
    json_member_string(w, key, text);
}

static enum status write_token(void *ctx, const struct token *t)
{
    struct json_writer *w = ctx;
    json_begin_object(w);
    member_time(w, "created", t->created_ms);
    member_time(w, "expires", t->expires_ms);
    member_time(w, "lastUsed", t->last_used_ms);
    json_end_object(w);
    return STATUS_OK;
}

static enum status show(struct store *s, const void *e, struct json_writer *w, struct error *err)
{
    json_key(w, "tokens");
    json_begin_array(w);
    enum status st = token_each(s, entity_id(e), write_token, w, err);
    json_end_array(w);
    return st;
}

static const struct column columns[] = {
    {.head = "ID", .path = "id"},
    {.head = "COMMAND", .path = "config.webhook.commandId", .none = "(passthrough)"},
    {.head = "AGENTS", .path = "allowedAgents", .width = 40},
    {.head = "ENABLED", .path = "enabled"},
    {.head = "NAME", .path = "name", .width = 30},
    {.head = NULL},
};

static const struct entity entity = {
    .kind = &client_kind,
    .columns = columns,
    .edit = edit,
    .show = show,
};

static const struct verb verbs[] = {
    {.name = "add",
        .synopsis =
            "[ID] {--command ID | --passthrough} --agents ID[,ID]... [OPTION]... | [ID] --probe",
        .summary = "adds a client: a webhook; its token is shown once, with a curl line",
        .options = add_options,
        .word = "an id",
        .max_words = 1,
        .run = add},
    VERB_SET("[OPTION]...", "a client", set_options, .program = false),
    VERB_SHOW("[--json]", ", and when its tokens were made and used", "a client", json_options),
    VERB_LIST("[--json]", json_options),
    VERB_REMOVE("", "with its tokens; its runs stay", "a client", NULL),
    {.name = "token",
        .synopsis = "ID [--grace TIME]",
        .summary = "makes a new token; those before it end",
        .options = token_options,
        .word = "a client's id",
        .min_words = 1,
        .max_words = 1,
        .run = token},
    {.name = NULL},
};

const struct family family_client = {"client", "webhooks, and their tokens", verbs, &entity};
