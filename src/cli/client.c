#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli/entity.h"
#include "cli/text.h"
#include "store/token.h"

static const char *const gone_words[] = {"cancel", "continue", NULL};
static const char *const record_words[] = {"text", "hash", NULL};

/* clang-format off */
#define EDIT_OPTIONS                                                                               \
    {.name = "command", .value = "ID", .kind = OPTION_TEXT,                                        \
        .help = "every call runs this stored prompt"},                                             \
    {.name = "passthrough", .help = "the prompt is what the caller sends"},                        \
    {.name = "agents", .value = "ID[,ID]...", .kind = OPTION_TEXT, .repeated = true,               \
        .help = "who may be asked, in order"},                                                     \
    {.name = "on-disconnect", .value = "WORD", .kind = OPTION_WORD, .words = gone_words,           \
        .help = "cancel or continue when the caller hangs up"},                                    \
    {.name = "record-prompt", .value = "WORD", .kind = OPTION_WORD, .words = record_words,         \
        .help = "text or hash: what a run keeps of the prompt"},                                   \
    {.name = "name", .value = "TEXT", .kind = OPTION_TEXT, .help = "a name for people"}
#define TOKEN_OPTIONS                                                                              \
    {.name = "url", .value = "URL", .kind = OPTION_TEXT,                                           \
        .help = "where the web server is, for the curl line"},                                     \
    OPTION_JSON
/* clang-format on */

static const struct option_spec add_options[] = {
    EDIT_OPTIONS,
    {.name = "disabled", .help = "calls are refused until it is enabled"},
    TOKEN_OPTIONS,
    OPTION_END,
};
static const struct option_spec set_options[] = {
    EDIT_OPTIONS,
    {.name = "enable", .help = "calls are answered"},
    {.name = "disable", .help = "calls are refused with 403"},
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
static const struct option_spec show_options[] = {OPTION_JSON, OPTION_END};

/* ---- changing ---- */

static enum status take_mode(const struct options *o, struct client *c)
{
    enum status st = options_take_text(o, "command", &c->command);
    if (options_text(o, "command"))
        c->passthrough = false;
    if (!st && options_given(o, "passthrough")) {
        c->passthrough = true;
        st = string_set(&c->command, NULL);
    }
    return st;
}

/* Of two words the second; an empty value is the first. */
static void take_choice(
    const struct options *o, const char *name, const char *const words[], bool *second)
{
    const char *word = options_text(o, name);
    if (word)
        *second = !strcmp(word, words[1]);
}

static enum status edit(struct cli *cli, const struct options *o, void *e, struct error *err)
{
    struct client *c = e;
    if (options_given(o, "command") && options_given(o, "passthrough"))
        return cli_usage(cli, err, "--command and --passthrough exclude each other");
    if (options_given(o, "enable") && options_given(o, "disable"))
        return cli_usage(cli, err, "--enable and --disable exclude each other");
    enum status st = take_mode(o, c);
    if (!st)
        st = options_take_ids(o, "agents", &c->agents);
    if (!st)
        st = options_take_text(o, "name", &c->name);
    take_choice(o, "on-disconnect", gone_words, &c->continue_when_gone);
    take_choice(o, "record-prompt", record_words, &c->hash_prompt);
    if (options_given(o, "enable"))
        c->enabled = true;
    if (options_given(o, "disable") || options_given(o, "disabled"))
        c->enabled = false;
    return st ? error_set(err, st, "out of memory") : STATUS_OK;
}

/* ---- tokens ---- */

static void add_quoted(struct buf *out, const char *text)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789:/._~%@-";
    if (!text[strspn(text, safe)]) {
        buf_adds(out, text);
        return;
    }
    buf_addc(out, '\'');
    for (; *text; text++)
        buf_adds(out, *text == '\'' ? "'\\''" : (char[]){*text, 0});
    buf_addc(out, '\'');
}

static enum status add_url(struct buf *url, const struct options *o, const char *id)
{
    const char *base = options_text(o, "url");
    if (!base || !*base)
        base = getenv("MAGEC_URL");
    if (!base || !*base)
        base = "http://localhost:8080";
    size_t len = strlen(base);
    while (len && base[len - 1] == '/')
        len--;
    return buf_printf(url, "%.*s/api/v1/webhooks/%s", (int)len, base, id);
}

static void print_token_json(const char *id, const char *token, const char *url)
{
    struct output out;
    output_begin(&out);
    json_begin_object(&out.w);
    json_member_string(&out.w, "id", id);
    json_member_string(&out.w, "token", token);
    json_member_string(&out.w, "url", url);
    json_end_object(&out.w);
    output_object(&out, STATUS_OK, true, NULL);
}

static void print_token_text(const char *token, const char *url, bool passthrough)
{
    struct buf quoted;
    buf_init(&quoted, BUF_SMALL);
    add_quoted(&quoted, url);
    printf("\nIts token, shown only now:\n\n%s\n\nCall it:\n\n", token);
    printf("curl -X POST %s -H \"Authorization: Bearer %s\"%s\n", buf_str(&quoted), token,
        passthrough ? " -d '{\"prompt\": \"Hello\"}'" : " -d ''");
    buf_release(&quoted);
}

static enum status print_token(
    const struct options *o, const struct client *c, const char *token, const char *done)
{
    struct buf url;
    buf_init(&url, BUF_SMALL);
    enum status st = add_url(&url, o, c->id);
    if (options_given(o, "json")) {
        print_token_json(c->id, token, buf_str(&url));
    } else {
        printf("client \"%s\" %s\n", c->id, done);
        print_token_text(token, buf_str(&url), c->passthrough);
    }
    buf_release(&url);
    return st;
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

static enum status add(struct cli *cli, const struct options *o, struct error *err)
{
    struct client c;
    struct store *s = NULL;
    char token[IDENT_TOKEN_LEN + 1] = "";
    bool lonely = false;
    if (!options_given(o, "command") && !options_given(o, "passthrough"))
        return cli_usage(cli, err,
            "a client needs a prompt: name a stored one with --command ID, or say --passthrough");
    client_init(&c);
    enum status st = STATUS_OK;
    if (string_set(&c.id, cli_word(o)))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (!st)
        st = edit(cli, o, &c, err);
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
        st = print_token(o, &c, token, "added");
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
        st = print_token(o, &c, text, "has a new token");
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

ENTITY_FUNCTIONS(client)

static enum status remove_it(struct store *s, const char *id, bool force, struct error *err)
{
    (void)force;
    return client_remove(s, id, err);
}

static enum status write_it(
    struct store *s, const void *e, bool secrets, struct json_writer *w, struct error *err)
{
    const struct client *c = e;
    (void)secrets;
    json_begin_object(w);
    client_write_members(c, w);
    json_key(w, "tokens");
    json_begin_array(w);
    enum status st = token_each(s, c->id, write_token, w, err);
    json_end_array(w);
    json_end_object(w);
    return st;
}

static enum status write_one(void *ctx, const struct client *c)
{
    client_to_json(c, ctx);
    return STATUS_OK;
}

static enum status write_all(
    struct store *s, const struct options *o, struct json_writer *w, struct error *err)
{
    (void)o;
    return client_each(s, write_one, w, err);
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
        .synopsis = "[ID] {--command ID | --passthrough} --agents ID[,ID]... [OPTION]...",
        .summary = "adds a client: a webhook; its token is shown once, with a curl line",
        .options = add_options,
        .word = "an id",
        .max_words = 1,
        .run = add},
    {.name = "set",
        .synopsis = "ID [OPTION]...",
        .summary = "changes what is named; an empty value clears",
        .options = set_options,
        .word = "a client's id",
        .min_words = 1,
        .max_words = 1,
        .run = entity_set},
    {.name = "show",
        .synopsis = "ID [--json]",
        .summary = "shows all of one, and when its tokens were made and used",
        .options = show_options,
        .word = "a client's id",
        .min_words = 1,
        .max_words = 1,
        .run = entity_show},
    {.name = "list",
        .synopsis = "[--json]",
        .summary = "lists all of them",
        .options = show_options,
        .run = entity_list},
    {.name = "remove",
        .synopsis = "ID",
        .summary = "removes one with its tokens; its runs stay",
        .word = "a client's id",
        .min_words = 1,
        .max_words = 1,
        .run = entity_remove},
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
