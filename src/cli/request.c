#include "cli/request.h"

#include <string.h>
#include <strings.h>

#include "agent/exchange_request.h"
#include "agent/protocol.h"
#include "agent/secret.h"
#include "cli/output.h"
#include "cli/request_tools.h"
#include "webhook/known.h"

static char hidden[] = "[redacted]";

static bool is_credential(const char *name, size_t len)
{
    static const char *const words[] = {"auth", "key", "token", "secret", "cookie", "signature"};
    char plain[64];
    snprintf(plain, sizeof plain, "%.*s", (int)len, name);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(plain, words[i]))
            return true;
    return false;
}

/* ---- what is hidden ---- */

/* Without a user and a password in it, and without the values of parameters such as "key". */
static void hide_in_url(const char *url, struct buf *out)
{
    const char *scheme = strstr(url, "://");
    const char *host = scheme ? scheme + 3 : url;
    size_t authority = strcspn(host, "/?#");
    const char *user = memrchr(host, '@', authority);
    if (user)
        buf_printf(out, "%.*s%s", (int)(host - url), url, hidden);
    const char *at = user ? user : url;
    const char *query = strchr(at, '?');
    buf_add(out, at, query ? (size_t)(query - at) + 1 : strlen(at));
    for (const char *p = query ? query + 1 : ""; *p;) {
        size_t len = strcspn(p, "&"), name = strcspn(p, "=&");
        bool secret = name < len && is_credential(p, name);
        buf_add(out, p, secret ? name + 1 : len);
        buf_adds(out, secret ? hidden : "");
        p += len;
        if (*p)
            buf_addc(out, *p++);
    }
}

/* "Authorization: Bearer WORD": the scheme is no secret. */
static void hide_in_header(const char *line, struct buf *out)
{
    size_t name = strcspn(line, ":");
    const char *value = line + name + (line[name] != 0);
    value += strspn(value, " ");
    size_t scheme = strcspn(value, " ");
    if (!is_credential(line, name)) {
        buf_adds(out, line);
        return;
    }
    bool two = value[scheme] && !strchr(value + scheme + 1, ' ');
    buf_printf(out, "%.*s: %.*s%s", (int)name, line, two ? (int)scheme + 1 : 0, value, hidden);
}

/* The text without the secrets of r, and what is left of it without those that are known by where
 * they stand. */
static void put_hidden(const struct exchange_request *r, const char *text,
    void (*hide)(const char *text, struct buf *out), struct json_writer *w)
{
    struct buf clean, out;
    buf_init(&clean, 4 * BUF_SMALL);
    buf_init(&out, 8 * BUF_SMALL);
    secret_hide(text, &r->secrets, &clean);
    hide(buf_str(&clean), &out);
    json_put_string(w, buf_str(&out), out.len);
    buf_wipe(&clean);
    buf_wipe(&out);
}

/* ---- as JSON ---- */

static void put_request(const struct exchange_request *r, struct json_writer *w)
{
    const char *proxy = r->ask->backend->proxy;
    struct buf body;
    json_begin_object(w);
    json_member_string(w, "method", "POST");
    json_key(w, "url");
    put_hidden(r, buf_str(&r->url), hide_in_url, w);
    if (proxy) {
        json_key(w, "proxy");
        put_hidden(r, proxy, hide_in_url, w);
    }
    json_key(w, "headers");
    json_begin_array(w);
    for (size_t i = 0; i < r->headers.count; i++)
        if (!strchr(r->headers.items[i], ':') || strchr(r->headers.items[i], ':')[1])
            put_hidden(r, r->headers.items[i], hide_in_header, w);
    json_end_array(w);
    json_key(w, "body");
    buf_init(&body, OUTPUT_MAX);
    secret_hide(buf_str(&r->body), &r->secrets, &body);
    json_put_raw(w, buf_str(&body), body.len);
    buf_wipe(&body);
    json_end_object(w);
}

static enum status put_exchange(const struct exchange_kind *kind, const struct ask *ask,
    struct json_writer *w, struct error *err)
{
    struct exchange_request r;
    enum status st = exchange_request_make(&r, kind, ask, err);
    if (!st)
        put_request(&r, w);
    exchange_request_release(&r);
    return st;
}

static enum status put_requests(
    const struct protocol *p, const struct ask *ask, struct json_writer *w, struct error *err)
{
    enum status st = STATUS_OK;
    json_key(w, "requests");
    json_begin_array(w);
    if (p->exchange && p->exchange->first)
        st = put_exchange(p->exchange->first, ask, w, err);
    if (p->exchange && !st)
        st = put_exchange(p->exchange, ask, w, err);
    json_end_array(w);
    return st;
}

/* Of the environment only the names: values may be keys. */
static void put_program(const struct ask *ask, struct json_writer *w)
{
    const struct backend *b = ask->backend;
    json_key(w, "command");
    json_begin_array(w);
    for (size_t i = 0; i < b->argv.count; i++)
        json_put_cstring(w, b->argv.items[i]);
    json_end_array(w);
    json_key(w, "environment");
    json_begin_array(w);
    for (size_t i = 0; i < b->env.count; i++)
        json_put_string(w, b->env.items[i], strcspn(b->env.items[i], "="));
    json_end_array(w);
    json_key(w, "input");
    json_put_string(w, ask->prompt, ask->prompt_len);
}

static enum status put_all(const struct ask *ask, struct json_writer *w, struct error *err)
{
    const struct backend *b = ask->backend;
    const struct protocol *p = protocol_find(b->type);
    enum status st = STATUS_OK;
    json_begin_object(w);
    json_member_string(w, "agent", ask->agent->id);
    json_member_string(w, "backend", b->id);
    json_member_string(w, "type", b->type);
    if (!p)
        st = error_set(err, STATUS_CONFIG,
            "backend \"%s\" has the type \"%s\", which this program does not speak", b->id,
            b->type);
    else if (b->argv.count)
        put_program(ask, w);
    else
        st = put_requests(p, ask, w, err);
    json_end_object(w);
    return st;
}

/* As it is asked by itself. */
static enum status put_agent(struct cli *cli, const struct known_agent *a, const char *prompt,
    struct json_writer *w, struct error *err)
{
    struct backend backend = a->backend;
    struct tool_set set;
    if (backend.key)
        backend.key = hidden;
    struct ask ask = {.agent = &a->agent,
        .backend = &backend,
        .prompt = prompt,
        .prompt_len = strlen(prompt),
        .links = known_links(a),
        .schema = a->agent.response_schema};
    enum status st = request_tools(cli, &ask, &set, err);
    ask.tools = set.tools;
    ask.tool_count = set.count;
    if (!st)
        st = put_all(&ask, w, err);
    tool_set_release(&set);
    return st;
}

/* ---- for people ---- */

static void print_one(const struct json *r, struct buf *out)
{
    const struct json *headers = json_get(r, "headers");
    buf_printf(out, "%s %s\n", json_get_string(r, "method"), json_get_string(r, "url"));
    for (size_t i = 0; i < json_count(headers); i++)
        buf_printf(out, "%s\n", json_string(json_at(headers, i), NULL));
    if (json_get(r, "proxy"))
        buf_printf(out, "(through the proxy %s)\n", json_get_string(r, "proxy"));
    buf_addc(out, '\n');
    json_print(json_get(r, "body"), true, out);
    buf_addc(out, '\n');
}

static void print_words(const char *head, const struct json *list, struct buf *out)
{
    buf_printf(out, "%s:", head);
    for (size_t i = 0; i < json_count(list); i++)
        buf_printf(out, " %s", json_string(json_at(list, i), NULL));
    buf_adds(out, json_count(list) ? "\n" : " none\n");
}

static void print_all(const struct json *all, struct buf *out)
{
    const struct json *requests = json_get(all, "requests"), *command = json_get(all, "command");
    size_t len = 0;
    const char *input = json_string(json_get(all, "input"), &len);
    for (size_t i = 0; i < json_count(requests); i++) {
        buf_adds(out, i ? "\n" : "");
        print_one(json_at(requests, i), out);
    }
    if (command) {
        print_words("program", command, out);
        print_words("environment", json_get(all, "environment"), out);
        buf_adds(out, "\n");
        buf_add(out, input, len);
        buf_adds(out, len && input[len - 1] == '\n' ? "" : "\n");
    } else if (!json_count(requests)) {
        buf_adds(out, "nothing is sent: the agent says the prompt itself\n");
    }
}

static enum status print(const struct buf *json, struct error *err)
{
    struct json *all = NULL;
    struct buf out;
    buf_init(&out, OUTPUT_MAX);
    enum status st = json_parse(buf_str(json), json->len, &all, NULL);
    if (!st)
        print_all(all, &out);
    if (!st)
        st = buf_status(&out);
    if (st)
        error_set(err, st, "cannot make up the output: %s", status_title(st));
    else
        fwrite(buf_str(&out), 1, out.len, stdout);
    buf_release(&out);
    json_free(all);
    return st;
}

static enum status load(struct cli *cli, const char *id, struct known *k, struct error *err)
{
    struct store *s = NULL;
    enum status st = cli_open(cli, STORE_READ, &s, err);
    if (!st)
        st = known_load_agent(k, 0, s, id, err);
    store_close(s);
    if (!st && k->agents[0].flow)
        st = error_set(err, STATUS_NOT_FOUND,
            "\"%s\" is a flow, whose agents make requests: \"magec flow show %s\" shows them", id,
            id);
    return st;
}

enum status request_show(struct cli *cli, const struct options *o, struct error *err)
{
    struct output out;
    struct known *k = known_new(1);
    bool as_json = options_given(o, "json");
    output_begin(&out);
    enum status st =
        k ? load(cli, cli_word(o), k, err) : error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (!st)
        st = put_agent(cli, &k->agents[0], options_text(o, "request"), &out.w, err);
    known_release(k);
    if (!st && !as_json)
        st = print(&out.json, err);
    if (as_json || st)
        return output_object(&out, st, as_json, err);
    buf_wipe(&out.json);
    return STATUS_OK;
}
