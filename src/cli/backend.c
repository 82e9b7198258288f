#include <string.h>

#include "agent/protocol.h"
#include "cli/deadlines.h"
#include "cli/entity.h"
#include "cli/text.h"

enum { KEY_MAX = 16 * 1024, URL_MAX = 4096 };

static const struct option_spec edit_options[] = {
    {.name = "type", .value = "TYPE", .kind = OPTION_TEXT, .help = "what it speaks, see above"},
    {.name = "url", .value = "URL", .kind = OPTION_TEXT, .help = "the base URL of a provider"},
    {.name = "key",
        .value = "KEY",
        .kind = OPTION_INPUT,
        .max = KEY_MAX,
        .help = "env:NAME, file:PATH, or the key as @FILE or -"},
    {.name = "key-header",
        .value = "NAME",
        .kind = OPTION_TEXT,
        .help = "the header that the key goes in (Azure: api-key)"},
    {.name = "max-tokens-as",
        .value = "NAME",
        .kind = OPTION_TEXT,
        .help = "openai: max_completion_tokens, or max_tokens for older servers"},
    {.name = "header",
        .value = "LINE",
        .kind = OPTION_TEXT,
        .repeated = true,
        .help = "a provider's: a further header, \"Name: value\""},
    {.name = "ca-file",
        .value = "PATH",
        .kind = OPTION_TEXT,
        .help = "PEM: whom to trust, instead of the system's authorities"},
    {.name = "client-cert",
        .value = "PATH",
        .kind = OPTION_TEXT,
        .help = "PEM: the certificate to show the server"},
    {.name = "client-key",
        .value = "PATH",
        .kind = OPTION_TEXT,
        .help = "PEM: its key, if it is in a file of its own"},
    {.name = "proxy",
        .value = "URL",
        .kind = OPTION_INPUT,
        .max = URL_MAX,
        .help = "the HTTP proxy to go through; with a password: @FILE or -"},
    {.name = "insecure", .help = "do not verify the server's certificate"},
    {.name = "secure", .help = "do verify it, which is so without --insecure"},
    {.name = "env",
        .value = "NAME[=VALUE]",
        .kind = OPTION_TEXT,
        .repeated = true,
        .help = "exec: its environment; NAME alone is passed on"},
    {.name = "attempts",
        .value = "N",
        .kind = OPTION_COUNT,
        .max = BACKEND_ATTEMPTS_MAX,
        .help = "most of a call that fails in a way that passes (3)"},
    {.name = "max-calls",
        .value = "N",
        .kind = OPTION_COUNT,
        .max = BACKEND_CALLS_MAX,
        .help = "most calls in flight; as many again wait"},
    {.name = "delay", .value = "TIME", .kind = OPTION_DURATION, .help = "echo: between two words"},
    {.name = "name", .value = "TEXT", .kind = OPTION_TEXT, .help = "a name for people"},
    DEADLINE_OPTIONS,
    OPTION_END,
};

static const struct option_spec show_options[] = {
    OPTION_JSON,
    {.name = "secrets", .help = "show keys and the values of headers"},
    OPTION_END,
};
static const struct option_spec list_options[] = {OPTION_JSON, OPTION_END};
static const struct option_spec remove_options[] = {
    OPTION_FORCE("remove the agents that use it with it"), OPTION_END};

static void print_types(FILE *out)
{
    fputs("Types:\n", out);
    for (const struct protocol *const *p = protocol_all(); *p; p++)
        fprintf(out, "  %-10s %s\n", (*p)->name, (*p)->summary);
    fputc('\n', out);
}

/* ---- changing ---- */

static void trim_end(char *text)
{
    size_t len = strlen(text);
    while (len && strchr(" \t\r\n", text[len - 1]))
        text[--len] = 0;
}

static enum status take_proxy(const struct options *o, struct backend *b)
{
    enum status st = options_take_text(o, "proxy", &b->proxy);
    if (st || !options_given(o, "proxy") || !b->proxy)
        return st;
    if (options_literal(o, "proxy") && backend_proxy_is_secret(b))
        text_warning("the proxy's password was visible in the list of processes: "
                     "use ${NAME}, @FILE or -");
    trim_end(b->proxy);
    return STATUS_OK;
}

static enum status take_key(const struct options *o, struct backend *b)
{
    const char *key = options_text(o, "key");
    enum status st = options_take_text(o, "key", &b->key);
    if (st || !key || !b->key)
        return st;
    if (options_literal(o, "key") && strncmp(key, "env:", 4) != 0 &&
        strncmp(key, "file:", 5) != 0 && strncmp(key, "${", 2) != 0)
        text_warning("the key was visible in the list of processes: "
                     "use env:NAME, file:PATH, @FILE or -");
    trim_end(b->key);
    return STATUS_OK;
}

static enum status edit(struct cli *cli, const struct options *o, void *e, struct error *err)
{
    struct backend *b = e;
    if (options_given(o, "insecure") && options_given(o, "secure"))
        return cli_usage(cli, err, "--insecure and --secure exclude each other");
    enum status st = options_take_text(o, "type", &b->type);
    if (!st)
        st = options_take_text(o, "url", &b->url);
    if (!st)
        st = take_key(o, b);
    if (!st)
        st = options_take_text(o, "key-header", &b->key_header);
    if (!st)
        st = options_take_text(o, "max-tokens-as", &b->max_tokens_as);
    if (!st)
        st = options_take_list(o, "header", &b->headers);
    if (!st)
        st = options_take_text(o, "ca-file", &b->ca_file);
    if (!st)
        st = options_take_text(o, "client-cert", &b->client_cert);
    if (!st)
        st = options_take_text(o, "client-key", &b->client_key);
    if (!st)
        st = take_proxy(o, b);
    if (!st)
        st = options_take_list(o, "env", &b->env);
    if (!st)
        st = options_take_text(o, "name", &b->name);
    if (!st && o->has_program)
        st = strings_copy(&b->argv, &o->program);
    if (options_given(o, "insecure") || options_given(o, "secure"))
        b->insecure = options_given(o, "insecure");
    options_take_duration(o, "delay", 0, &b->delay_ms);
    options_take_count(o, "attempts", 0, &b->attempts);
    options_take_count(o, "max-calls", 0, &b->max_calls);
    deadlines_take(o, &b->deadlines);
    return st ? error_set(err, st, "out of memory") : protocol_check(b, err);
}

ENTITY_FUNCTIONS(backend)

static enum status remove_it(struct store *s, const char *id, bool force, struct error *err)
{
    return backend_remove(s, id, force, err);
}

static enum status write_it(
    struct store *s, const void *e, bool secrets, struct json_writer *w, struct error *err)
{
    (void)s;
    (void)err;
    backend_to_json(e, secrets, w);
    return STATUS_OK;
}

static enum status write_one(void *ctx, const struct backend *b)
{
    backend_to_json(b, false, ctx);
    return STATUS_OK;
}

static enum status write_all(
    struct store *s, const struct options *o, struct json_writer *w, struct error *err)
{
    (void)o;
    return backend_each(s, write_one, w, err);
}

static const struct column columns[] = {
    {.head = "ID", .path = "id"},
    {.head = "TYPE", .path = "type"},
    {.head = "URL OR PROGRAM", .path = "url|command", .format = COLUMN_WORDS, .width = 50},
    {.head = "KEY", .path = "apiKey", .width = 30},
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
        .synopsis = "[ID] --type TYPE [OPTION]... [-- PROGRAM [ARGUMENT]...]",
        .summary = "adds a backend: a connection to a model provider, or a program",
        .options = edit_options,
        .required = "type",
        .word = "an id",
        .max_words = 1,
        .program = true,
        .more = print_types,
        .run = entity_add},
    {.name = "set",
        .synopsis = "ID [OPTION]... [-- PROGRAM [ARGUMENT]...]",
        .summary = "changes what is named; an empty value clears",
        .options = edit_options,
        .word = "a backend's id",
        .min_words = 1,
        .max_words = 1,
        .program = true,
        .more = print_types,
        .run = entity_set},
    {.name = "show",
        .synopsis = "ID [--json] [--secrets]",
        .summary = "shows all of one",
        .options = show_options,
        .word = "a backend's id",
        .min_words = 1,
        .max_words = 1,
        .run = entity_show},
    {.name = "list",
        .synopsis = "[--json]",
        .summary = "lists all of them",
        .options = list_options,
        .run = entity_list},
    {.name = "remove",
        .synopsis = "ID [--force]",
        .summary = "removes one that no agent uses",
        .options = remove_options,
        .word = "a backend's id",
        .min_words = 1,
        .max_words = 1,
        .run = entity_remove},
    {.name = NULL},
};

const struct family family_backend = {
    "backend", "connections to model providers, and programs", verbs, &entity};
