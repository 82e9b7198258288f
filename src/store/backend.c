#include "store/backend.h"

#include <stddef.h>
#include <string.h>

#include "store/agent.h"
#include "store/checks.h"
#include "store/fields.h"
#include "store/internal.h"

static bool is_key(const char *text)
{
    return !is_reference(text);
}

#define AT(member) .at = offsetof(struct backend, member)

/* clang-format off */
static const struct field fields[] = {
    {"id", "id", FIELD_TEXT, FIELD_NEEDED, AT(id)},
    {"name", "name", FIELD_TEXT, FIELD_PROSE, AT(name)},
    {"type", "type", FIELD_TEXT, FIELD_NEEDED, AT(type)},
    {"url", "url", FIELD_TEXT, 0, AT(url)},
    {"api_key", "apiKey", FIELD_TEXT, 0, AT(key), .is_secret = is_key},
    {"key_header", "apiKeyHeader", FIELD_TEXT, 0, AT(key_header)},
    {"max_tokens_as", "maxTokensAs", FIELD_TEXT, 0, AT(max_tokens_as)},
    {"headers", "headers", FIELD_HEADERS, 0, AT(headers)},
    {"argv", "command", FIELD_LIST, 0, AT(argv)},
    {"env", "env", FIELD_ENV, 0, AT(env)},
    {"delay_ms", "delay", FIELD_DURATION, 0, AT(delay_ms)},
    {"attempts", "attempts", FIELD_COUNT, 0, AT(attempts)},
    {"max_calls", "maxCalls", FIELD_COUNT, 0, AT(max_calls)},
    {"ca_file", "caFile", FIELD_TEXT, 0, AT(ca_file)},
    {"client_cert", "clientCert", FIELD_TEXT, 0, AT(client_cert)},
    {"client_key", "clientKey", FIELD_TEXT, 0, AT(client_key)},
    {"proxy", "proxy", FIELD_TEXT, 0, AT(proxy), .is_secret = url_has_secret},
    {"insecure", "insecure", FIELD_FLAG, 0, AT(insecure)},
    {DEADLINE_COLUMNS, "deadlines", FIELD_DEADLINES, 0, AT(deadlines)},
    {"extra", NULL, FIELD_EXTRA, 0, AT(extra)},
};
/* clang-format on */

/* ---- what may be stored ---- */

static enum status check_key(const char *key, struct error *err)
{
    if (!strncmp(key, "env:", 4)) {
        const char *name = key + 4;
        if (!check_variable_name(name, strlen(name)))
            return error_set(
                err, STATUS_BAD_REQUEST, "\"%s\" does not name an environment variable", key);
        if (!strncmp(name, "HTTP_", 5))
            return error_set(err, STATUS_BAD_REQUEST,
                "the variable \"%s\" cannot hold a key: a caller's headers arrive under such names",
                name);
    }
    if (!strncmp(key, "file:", 5) && key[5] != '/')
        return error_set(err, STATUS_BAD_REQUEST,
            "\"%s\" is not an absolute path: a web server starts the program elsewhere", key);
    if (strpbrk(key, "\r\n"))
        return error_set(err, STATUS_BAD_REQUEST, "the key contains a line break");
    return STATUS_OK;
}

bool backend_proxy_is_secret(const struct backend *b)
{
    return b->proxy && url_has_secret(b->proxy);
}

static enum status check_connection(const struct backend *b, struct error *err)
{
    enum status st = check_path("file of authorities", b->ca_file, err);
    if (!st)
        st = check_path("client certificate", b->client_cert, err);
    if (!st)
        st = check_path("client key", b->client_key, err);
    if (!st && b->client_key && !b->client_cert)
        st = error_set(err, STATUS_BAD_REQUEST,
            "a client key needs its certificate: name it with --client-cert PATH");
    if (!st && b->proxy && (st = check_url(b->proxy, NULL, err)) != STATUS_OK)
        error_prefix(err, "the proxy");
    return st;
}

static enum status check(struct store *s, void *e, struct error *err)
{
    struct backend *b = e;
    (void)s;
    if (!b->type || !*b->type)
        return error_set(err, STATUS_BAD_REQUEST, "a backend needs a type");
    if (b->delay_ms < 0)
        return error_set(err, STATUS_BAD_REQUEST, "the delay is below zero");
    if (b->attempts < 0 || b->attempts > BACKEND_ATTEMPTS_MAX)
        return error_set(err, STATUS_BAD_REQUEST, "the attempts are not a number from 1 to %d",
            (int)BACKEND_ATTEMPTS_MAX);
    if (b->max_calls < 0 || b->max_calls > BACKEND_CALLS_MAX)
        return error_set(err, STATUS_BAD_REQUEST, "the most calls are not a number from 1 to %d",
            (int)BACKEND_CALLS_MAX);
    size_t len = b->url ? strlen(b->url) : 0;
    while (len && b->url[len - 1] == '/')
        b->url[--len] = 0;
    enum status st = b->url ? check_url(b->url, "give the key with --key instead", err) : STATUS_OK;
    if (!st)
        st = check_connection(b, err);
    if (!st && b->key)
        st = check_key(b->key, err);
    if (!st && b->key_header && !check_header_name(b->key_header, strlen(b->key_header)))
        st =
            error_set(err, STATUS_BAD_REQUEST, "\"%s\" is not the name of a header", b->key_header);
    if (!st)
        st = check_headers(&b->headers, err);
    return st ? st : check_env(&b->env, err);
}

/* ---- removing ---- */

static const struct entity_user users[] = {
    {"SELECT id FROM agent WHERE backend = ? ORDER BY id", "agent"},
    {NULL, NULL},
};

static enum status collect_agent(void *ctx, const struct agent *a)
{
    return strings_add(ctx, a->id);
}

static enum status remove_agents(struct store *s, const char *backend, struct error *err)
{
    struct strings all = {0};
    enum status st = agent_each(s, collect_agent, &all, err);
    for (size_t i = 0; i < all.count && !st; i++) {
        struct agent a;
        agent_init(&a);
        st = agent_get(s, all.items[i], &a, err);
        if (!st && !strcmp(a.backend, backend))
            st = agent_remove(s, a.id, true, err);
        agent_release(&a);
    }
    strings_release(&all);
    return st;
}

const struct entity_kind backend_kind = {
    .name = "backend",
    .size = sizeof(struct backend),
    .fields = fields,
    .users = users,
    .check = check,
    .unlink = remove_agents,
};
