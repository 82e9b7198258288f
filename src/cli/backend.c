#include "store/backend.h"

#include <string.h>

#include "agent/protocol.h"
#include "base/units.h"
#include "cli/entity.h"
#include "cli/text.h"
#include "store/down.h"

enum { KEY_MAX = 16 * 1024, URL_MAX = 4096 };

static const struct option_spec edit_options[] = {
    SETS_TEXT("type", "TYPE", "type", "what it speaks, see above"),
    SETS_TEXT("url", "URL", "url", "the base URL of a provider"),
    SETS_INPUT("key", "KEY", "apiKey", KEY_MAX, "env:NAME, file:PATH, or the key as @FILE or -"),
    SETS_TEXT(
        "key-header", "NAME", "apiKeyHeader", "the header that the key goes in (Azure: api-key)"),
    SETS_TEXT("max-tokens-as", "NAME", "maxTokensAs",
        "openai: max_completion_tokens, or max_tokens for older servers"),
    SETS_LIST("header", "LINE", "headers", "a provider's: a further header, \"Name: value\""),
    SETS_TEXT(
        "ca-file", "PATH", "caFile", "PEM: whom to trust, instead of the system's authorities"),
    SETS_TEXT("client-cert", "PATH", "clientCert", "PEM: the certificate to show the server"),
    SETS_TEXT("client-key", "PATH", "clientKey", "PEM: its key, if it is in a file of its own"),
    SETS_INPUT("proxy", "URL", "proxy", URL_MAX,
        "the HTTP proxy to go through; with a password: @FILE or -"),
    SETS_FLAG("insecure", "insecure", "true", "do not verify the server's certificate"),
    SETS_FLAG("secure", "insecure", "false", "do verify it, which is so without --insecure"),
    SETS_LIST("env", "NAME[=VALUE]", "env", "exec: its environment; NAME alone is passed on"),
    SETS_COUNT("attempts", "attempts", BACKEND_ATTEMPTS_MAX,
        "most of a call that fails in a way that passes (3)"),
    SETS_COUNT(
        "max-calls", "maxCalls", BACKEND_CALLS_MAX, "most calls in flight; as many again wait"),
    SETS_TIME("delay", "delay", "echo: between two words"),
    SETS_NAME,
    SETS_DEADLINES,
    OPTION_END,
};

static const struct option_spec show_options[] = {
    OPTION_JSON,
    {.name = "secrets", .help = "show keys and the values of headers"},
    OPTION_END,
};
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

static bool is_literal_key(const char *key)
{
    return strncmp(key, "env:", 4) != 0 && strncmp(key, "file:", 5) != 0 &&
           strncmp(key, "${", 2) != 0;
}

/* Of secrets that stood on the command line, and of the end of a line behind them. */
static void see_secrets(const struct options *o, struct backend *b)
{
    if (options_literal(o, "key") && b->key && is_literal_key(b->key))
        text_warning("the key was visible in the list of processes: "
                     "use env:NAME, file:PATH, @FILE or -");
    if (options_literal(o, "proxy") && backend_proxy_is_secret(b))
        text_warning("the proxy's password was visible in the list of processes: "
                     "use ${NAME}, @FILE or -");
    if (options_given(o, "key") && b->key)
        trim_end(b->key);
    if (options_given(o, "proxy") && b->proxy)
        trim_end(b->proxy);
}

static enum status edit(struct cli *cli, const struct options *o, void *e, struct error *err)
{
    struct backend *b = e;
    (void)cli;
    see_secrets(o, b);
    if (o->has_program && strings_copy(&b->argv, &o->program))
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return protocol_check(b, err);
}

static enum status write_down(void *ctx, const struct down *d)
{
    struct json_writer *w = ctx;
    char since[32];
    units_print_time(d->since_ms, since);
    json_member_string(w, "state", "down");
    json_key(w, "down");
    json_begin_object(w);
    json_member_string(w, "since", since);
    json_member_int(w, "failures", d->failures);
    if (d->error)
        json_member_string(w, "error", d->error);
    json_end_object(w);
    return STATUS_OK;
}

static enum status state(struct store *s, const void *e, struct json_writer *w, struct error *err)
{
    size_t before = w->out->len;
    enum status st = down_find(s, entity_id(e), write_down, w, err);
    if (!st && w->out->len == before)
        json_member_string(w, "state", "up");
    return st;
}

struct fitting {
    const struct backend *backend;
    struct error *err;
};

static enum status fits_agent(void *ctx, const struct agent *a)
{
    struct fitting *f = ctx;
    enum status st = strcmp(a->backend, f->backend->id) != 0
                         ? STATUS_OK
                         : protocol_check_options(f->backend, a, f->err);
    if (st)
        error_prefix(f->err, "agent \"%s\"", a->id);
    return st;
}

/* The options of its agents with its type. */
static enum status fits(const struct options *o, struct store *s, const void *e, struct error *err)
{
    struct fitting f = {e, err};
    return options_given(o, "type") ? agent_each(s, fits_agent, &f, err) : STATUS_OK;
}

static const struct column columns[] = {
    {.head = "ID", .path = "id"},
    {.head = "TYPE", .path = "type"},
    {.head = "URL OR PROGRAM", .path = "url|command", .format = COLUMN_WORDS, .width = 50},
    {.head = "KEY", .path = "apiKey", .width = 30},
    {.head = "NAME", .path = "name", .width = 30},
    {.head = "STATE", .path = "down|state", .format = COLUMN_DOWN, .width = 100},
    {.head = NULL},
};

static const struct entity entity = {
    .kind = &backend_kind,
    .columns = columns,
    .edit = edit,
    .fits = fits,
    .state = state,
};

static const struct verb verbs[] = {
    VERB_ADD("--type TYPE [OPTION]... [-- PROGRAM [ARGUMENT]...]",
        "a backend: a connection to a model provider, or a program", edit_options,
        .required = "type", .program = true, .more = print_types),
    VERB_SET("[OPTION]... [-- PROGRAM [ARGUMENT]...]", "a backend", edit_options, .program = true,
        .more = print_types),
    VERB_SHOW("[--json] [--secrets]", "", "a backend", show_options),
    VERB_LIST("[--json]", json_options),
    VERB_REMOVE(" [--force]", "that no agent uses", "a backend", remove_options),
    {.name = NULL},
};

const struct family family_backend = {
    "backend", "connections to model providers, and programs", verbs, &entity};
