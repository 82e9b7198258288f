#include "store/backend.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "store/agent.h"
#include "store/internal.h"

#define COLUMNS                                                                                    \
    "id, name, type, url, api_key, headers, argv, env, delay_ms, connect_ms, first_byte_ms, "      \
    "idle_ms, total_ms, extra, key_header, max_tokens_as, attempts, max_calls, ca_file, "          \
    "client_cert, client_key, proxy, insecure"

static const char *const members[] = {"apiKey", "id", "name", "type", "url", "apiKeyHeader",
    "maxTokensAs", "headers", "command", "env", "delay", "attempts", "maxCalls", "caFile",
    "clientCert", "clientKey", "proxy", "insecure", "deadlines", NULL};
enum { MEMBERS = sizeof members / sizeof *members };

void backend_init(struct backend *b)
{
    *b = (struct backend){.deadlines = DEADLINES_UNSET};
}

void backend_release(struct backend *b)
{
    free(b->id);
    free(b->name);
    free(b->type);
    free(b->url);
    if (b->key)
        explicit_bzero(b->key, strlen(b->key));
    free(b->key);
    free(b->key_header);
    free(b->max_tokens_as);
    free(b->ca_file);
    free(b->client_cert);
    free(b->client_key);
    free(b->proxy);
    strings_release(&b->headers);
    strings_release(&b->argv);
    strings_release(&b->env);
    free(b->extra);
    backend_init(b);
}

/* ---- what may be stored ---- */

/* Of an URL without user and password, but for a proxy's. */
static enum status check_url(const char *url, bool proxy, struct error *err)
{
    if (!strncmp(url, "${", 2)) /* what it is, is known when it is used */
        return STATUS_OK;
    const char *host = !strncasecmp(url, "http://", 7)    ? url + 7
                       : !strncasecmp(url, "https://", 8) ? url + 8
                                                          : NULL;
    if (!host || !*host || strchr("/?#:", *host))
        return error_set(err, STATUS_BAD_REQUEST,
            "\"%s\" is not a URL: it begins with http:// or https:// and a host", url);
    size_t authority = strcspn(host, "/?#");
    const char *user_end = memrchr(host, '@', authority);
    if (user_end && !proxy)
        return error_set(err, STATUS_BAD_REQUEST,
            "the URL carries a user or password: give the key with --key instead");
    if (user_end && (user_end + 1 == host + authority || user_end[1] == ':'))
        return error_set(err, STATUS_BAD_REQUEST, "the URL names no host");
    for (const char *c = url; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7F)
            return error_set(
                err, STATUS_BAD_REQUEST, "the URL contains a space or control character");
    return STATUS_OK;
}

/* What stands in a header's name besides letters and digits. */
static const char header_marks[] = "!#$%&'*+-.^_`|~";

static bool is_name(const char *s, size_t len, const char *also)
{
    if (!len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)s[i]) && !strchr(also, s[i]))
            return false;
    return true;
}

static enum status check_key(const char *key, struct error *err)
{
    if (!strncmp(key, "env:", 4)) {
        const char *name = key + 4;
        if (!is_name(name, strlen(name), "_") || isdigit((unsigned char)*name))
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

static enum status check_lists(const struct backend *b, struct error *err)
{
    for (size_t i = 0; i < b->headers.count; i++) {
        const char *line = b->headers.items[i], *colon = strchr(line, ':');
        if (!colon || !is_name(line, (size_t)(colon - line), header_marks) || strpbrk(line, "\r\n"))
            return error_set(err, STATUS_BAD_REQUEST, /* which may show a key: not said */
                "item %zu of the headers is not a header: write \"Name: value\" in one line",
                i + 1);
    }
    for (size_t i = 0; i < b->env.count; i++) {
        const char *item = b->env.items[i];
        if (!is_name(item, strcspn(item, "="), "_") || isdigit((unsigned char)*item))
            return error_set(err, STATUS_BAD_REQUEST,
                "\"%.*s\" is not an environment entry: write NAME=value, or NAME to pass it on",
                (int)strcspn(item, "="), item);
    }
    return STATUS_OK;
}

static enum status check_file(const char *what, const char *path, struct error *err)
{
    if (!path || *path == '/')
        return STATUS_OK;
    return error_set(err, STATUS_BAD_REQUEST,
        "the %s \"%s\" is not an absolute path: a web server starts the program elsewhere", what,
        path);
}

bool backend_proxy_is_secret(const struct backend *b)
{
    return b->proxy && url_has_secret(b->proxy);
}

static enum status check_connection(const struct backend *b, struct error *err)
{
    enum status st = check_file("file of authorities", b->ca_file, err);
    if (!st)
        st = check_file("client certificate", b->client_cert, err);
    if (!st)
        st = check_file("client key", b->client_key, err);
    if (!st && b->client_key && !b->client_cert)
        st = error_set(err, STATUS_BAD_REQUEST,
            "a client key needs its certificate: name it with --client-cert PATH");
    if (!st && b->proxy && (st = check_url(b->proxy, true, err)) != STATUS_OK)
        error_prefix(err, "the proxy");
    return st;
}

static enum status check(struct backend *b, struct error *err)
{
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
    enum status st = b->url ? check_url(b->url, false, err) : STATUS_OK;
    if (!st)
        st = check_connection(b, err);
    if (!st && b->key)
        st = check_key(b->key, err);
    if (!st && b->key_header && !is_name(b->key_header, strlen(b->key_header), header_marks))
        st =
            error_set(err, STATUS_BAD_REQUEST, "\"%s\" is not the name of a header", b->key_header);
    if (!st)
        st = check_lists(b, err);
    if (!st)
        st = check_text("name", b->name, err);
    return st;
}

/* ---- rows ---- */

static enum status bind(sqlite3_stmt *q, const struct backend *b)
{
    sql_bind_text(q, 1, b->id);
    sql_bind_text(q, 2, b->name);
    sql_bind_text(q, 3, b->type);
    sql_bind_text(q, 4, b->url);
    sql_bind_text(q, 5, b->key);
    enum status st = sql_bind_list(q, 6, &b->headers);
    if (!st)
        st = sql_bind_list(q, 7, &b->argv);
    if (!st)
        st = sql_bind_list(q, 8, &b->env);
    sql_bind_int(q, 9, b->delay_ms);
    sql_bind_deadlines(q, 10, &b->deadlines);
    sql_bind_text(q, 14, b->extra);
    sql_bind_text(q, 15, b->key_header);
    sql_bind_text(q, 16, b->max_tokens_as);
    sql_bind_int(q, 17, b->attempts);
    sql_bind_int(q, 18, b->max_calls);
    sql_bind_text(q, 19, b->ca_file);
    sql_bind_text(q, 20, b->client_cert);
    sql_bind_text(q, 21, b->client_key);
    sql_bind_text(q, 22, b->proxy);
    sql_bind_int(q, 23, b->insecure);
    return st;
}

static enum status read_row(sqlite3_stmt *q, void *entity)
{
    struct backend *b = entity;
    enum status st = STATUS_OK;
    sql_need_text(q, 0, &b->id, &st);
    sql_read_text(q, 1, &b->name, &st);
    sql_need_text(q, 2, &b->type, &st);
    sql_read_text(q, 3, &b->url, &st);
    sql_read_text(q, 4, &b->key, &st);
    sql_read_list(q, 5, &b->headers, &st);
    sql_read_list(q, 6, &b->argv, &st);
    sql_read_list(q, 7, &b->env, &st);
    b->delay_ms = sqlite3_column_int64(q, 8);
    sql_read_deadlines(q, 9, &b->deadlines);
    sql_read_text(q, 13, &b->extra, &st);
    sql_read_text(q, 14, &b->key_header, &st);
    sql_read_text(q, 15, &b->max_tokens_as, &st);
    b->attempts = sqlite3_column_int64(q, 16);
    b->max_calls = sqlite3_column_int64(q, 17);
    sql_read_text(q, 18, &b->ca_file, &st);
    sql_read_text(q, 19, &b->client_cert, &st);
    sql_read_text(q, 20, &b->client_key, &st);
    sql_read_text(q, 21, &b->proxy, &st);
    b->insecure = sqlite3_column_int(q, 22);
    return st;
}

static enum status write_row(
    struct store *s, const char *sql, const struct backend *b, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s, sql, err);
    if (!q)
        return STATUS_STORE;
    enum status st = bind(q, b);
    return st ? error_set(err, st, "out of memory for the store") : sql_run(s, q, err);
}

enum status backend_add(struct store *s, struct backend *b, struct error *err)
{
    enum status st = check(b, err);
    if (!st)
        st = sql_new_id(s, "backend", &b->id, err);
    if (!st)
        st = write_row(s,
            "INSERT INTO backend (" COLUMNS
            ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            b, err);
    return st;
}

enum status backend_update(struct store *s, struct backend *b, struct error *err)
{
    enum status st = check(b, err);
    if (!st)
        st = write_row(s,
            "UPDATE backend SET name = ?2, type = ?3, url = ?4, api_key = ?5, headers = ?6,"
            " argv = ?7, env = ?8, delay_ms = ?9, connect_ms = ?10, first_byte_ms = ?11,"
            " idle_ms = ?12, total_ms = ?13, extra = ?14, key_header = ?15,"
            " max_tokens_as = ?16, attempts = ?17, max_calls = ?18, ca_file = ?19, client_cert = "
            "?20,"
            " client_key = ?21, proxy = ?22, insecure = ?23 WHERE id = ?1",
            b, err);
    return st || sql_changes(s) ? st : sql_missing(s, "backend", b->id, STATUS_NOT_FOUND, err);
}

enum status backend_get(struct store *s, const char *id, struct backend *out, struct error *err)
{
    struct entity_reader r = {.entity = out, .read = read_row};
    return sql_get(s, "SELECT " COLUMNS " FROM backend WHERE id = ?", "backend", id, &r, err);
}

struct backend_visit {
    enum status (*visit)(void *ctx, const struct backend *b);
    void *ctx;
};

static enum status visit_backend(void *ctx, const void *entity)
{
    struct backend_visit *v = ctx;
    return v->visit(v->ctx, entity);
}

enum status backend_each(struct store *s, enum status (*visit)(void *ctx, const struct backend *b),
    void *ctx, struct error *err)
{
    struct backend b;
    struct backend_visit v = {visit, ctx};
    struct entity_reader r = {.entity = &b, .read = read_row, .seen = visit_backend, .ctx = &v};
    sqlite3_stmt *q = sql_prepare(s, "SELECT " COLUMNS " FROM backend ORDER BY id", err);
    if (!q)
        return STATUS_STORE;
    backend_init(&b);
    enum status st = sql_each(s, q, &r, err);
    backend_release(&b);
    return st;
}

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

enum status backend_remove(struct store *s, const char *id, bool force, struct error *err)
{
    struct buf users;
    buf_init(&users, ERROR_TEXT_MAX);
    enum status st = sql_begin(s, err);
    if (st)
        return st;
    st = sql_users(
        s, "SELECT id FROM agent WHERE backend = ? ORDER BY id", id, "agent", &users, err);
    if (!st && users.len && !force)
        st = error_set(err, STATUS_CONFLICT,
            "backend \"%s\" is used by %s: remove these first, or use --force", id,
            buf_str(&users));
    if (!st && users.len)
        st = remove_agents(s, id, err);
    if (!st)
        st = sql_delete(s, "DELETE FROM backend WHERE id = ?", "backend", id, err);
    buf_release(&users);
    return sql_end(s, st, err);
}

/* ---- JSON ---- */

/* A secret that an export withheld is remembered as such: as an extra member that is null. */
static enum status take_extra(const struct json *j, struct backend *b, struct error *err)
{
    const char *known[MEMBERS];
    size_t count = 0;
    for (const char *const *m = members; *m; m++)
        if ((strcmp(*m, "apiKey") != 0 && strcmp(*m, "proxy") != 0) ||
            json_kind(json_get(j, *m)) != JSON_NULL)
            known[count++] = *m;
    known[count] = NULL;
    return extra_from_json(j, known, &b->extra, err);
}

enum status backend_from_json(const struct json *j, struct backend *b, struct error *err)
{
    backend_release(b);
    enum status st = text_from_json(j, "id", &b->id, err);
    if (!st)
        st = text_from_json(j, "name", &b->name, err);
    if (!st)
        st = text_from_json(j, "type", &b->type, err);
    if (!st)
        st = text_from_json(j, "url", &b->url, err);
    if (!st)
        st = text_from_json(j, "apiKey", &b->key, err);
    if (!st)
        st = text_from_json(j, "apiKeyHeader", &b->key_header, err);
    if (!st)
        st = text_from_json(j, "maxTokensAs", &b->max_tokens_as, err);
    if (!st)
        st = headers_from_json(j, "headers", &b->headers, err);
    if (!st)
        st = list_from_json(j, "command", &b->argv, err);
    if (!st)
        st = list_from_json(j, "env", &b->env, err);
    if (!st)
        st = duration_from_json(j, "delay", &b->delay_ms, err);
    if (!st)
        st = count_from_json(j, "attempts", &b->attempts, err);
    if (!st)
        st = count_from_json(j, "maxCalls", &b->max_calls, err);
    if (!st)
        st = text_from_json(j, "caFile", &b->ca_file, err);
    if (!st)
        st = text_from_json(j, "clientCert", &b->client_cert, err);
    if (!st)
        st = text_from_json(j, "clientKey", &b->client_key, err);
    if (!st)
        st = text_from_json(j, "proxy", &b->proxy, err);
    if (!st)
        st = bool_from_json(j, "insecure", &b->insecure, err);
    if (!st)
        st = deadlines_from_json(j, &b->deadlines, err);
    if (!st)
        st = take_extra(j, b, err);
    return st;
}

/* Lines of a name and a value; without secrets the values are left out. */
static void lines_to_json(const char *key, const struct strings *lines, char separator,
    bool secrets, struct json_writer *w)
{
    json_key(w, key);
    json_begin_array(w);
    for (size_t i = 0; i < lines->count; i++) {
        const char *line = lines->items[i], *end = strchr(line, separator);
        json_put_string(w, line, secrets || !end ? strlen(line) : (size_t)(end - line) + 1);
    }
    json_end_array(w);
}

void backend_to_json(const struct backend *b, bool secrets, struct json_writer *w)
{
    json_begin_object(w);
    json_member_string(w, "id", b->id);
    if (b->name)
        json_member_string(w, "name", b->name);
    json_member_string(w, "type", b->type);
    if (b->url)
        json_member_string(w, "url", b->url);
    if (b->key)
        json_member_string(w, "apiKey", secrets || is_reference(b->key) ? b->key : NULL);
    else if (extra_has(b->extra, "apiKey"))
        json_member_string(w, "apiKey", NULL);
    if (b->key_header)
        json_member_string(w, "apiKeyHeader", b->key_header);
    if (b->max_tokens_as)
        json_member_string(w, "maxTokensAs", b->max_tokens_as);
    if (b->headers.count)
        lines_to_json("headers", &b->headers, ':', secrets, w);
    if (b->argv.count)
        list_to_json("command", &b->argv, w);
    if (b->env.count)
        lines_to_json("env", &b->env, '=', secrets, w);
    if (b->delay_ms)
        duration_to_json("delay", b->delay_ms, w);
    if (b->attempts)
        json_member_int(w, "attempts", b->attempts);
    if (b->max_calls)
        json_member_int(w, "maxCalls", b->max_calls);
    if (b->ca_file)
        json_member_string(w, "caFile", b->ca_file);
    if (b->client_cert)
        json_member_string(w, "clientCert", b->client_cert);
    if (b->client_key)
        json_member_string(w, "clientKey", b->client_key);
    if (b->proxy)
        json_member_string(w, "proxy", secrets || !backend_proxy_is_secret(b) ? b->proxy : NULL);
    else if (extra_has(b->extra, "proxy"))
        json_member_string(w, "proxy", NULL);
    if (b->insecure)
        json_member_bool(w, "insecure", true);
    deadlines_to_json(&b->deadlines, w);
    extra_to_json(b->extra, members, "", secrets, w);
    json_end_object(w);
}
