#include "agent/exchange_request.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/outgoing.h"
#include "agent/secret.h"

void exchange_add_escaped(struct buf *url, const char *s)
{
    for (; *s; s++) {
        if (isalnum((unsigned char)*s) || strchr("-._~", *s))
            buf_addc(url, *s);
        else
            buf_printf(url, "%%%02X", (unsigned char)*s);
    }
}

/* A URL's host, without its port. */
static const char *find_host(const char *url, size_t *len)
{
    const char *at = strstr(url, "://");
    at = at ? at + 3 : url;
    size_t all = strcspn(at, "/?#");
    const char *user = memrchr(at, '@', all);
    if (user) {
        all -= (size_t)(user + 1 - at);
        at = user + 1;
    }
    const char *end = memchr(at, *at == '[' ? ']' : ':', all);
    *len = !end ? all : (size_t)(end - at) + (*at == '[');
    return at;
}

static bool is_https(const char *url)
{
    return !strncasecmp(url, "https:", 6);
}

/* Where the backend said that it is to be asked. What is secret goes to no other host, and not in
 * the open where it was not. */
static enum status add_route(struct exchange_request *r, const char *base, struct error *err)
{
    const struct backend *b = r->ask->backend;
    const char *url = r->ask->route->url;
    size_t from_len, to_len;
    const char *from = find_host(base, &from_len), *to = find_host(url, &to_len);
    if (*url == '/') {
        buf_add(&r->url, base, (size_t)(from - base) + strcspn(from, "/?#"));
    } else if (b->key || b->headers.count || b->client_cert) {
        if (from_len != to_len || strncasecmp(from, to, to_len) != 0)
            return error_set(err, STATUS_BACKEND,
                "it wants to be asked at \"%s\", which is not the host of the backend's URL and "
                "must not get its key or headers: set that URL with --url",
                url);
        if (is_https(base) && !is_https(url))
            return error_set(err, STATUS_BACKEND,
                "it wants to be asked at \"%s\", where the backend's key or headers would travel "
                "in the open",
                url);
    }
    buf_adds(&r->url, url);
    return STATUS_OK;
}

static enum status add_base(struct exchange_request *r, const char *base, struct error *err)
{
    const char *query = strchr(base, '?');
    size_t len = query ? (size_t)(query - base) : strlen(base);
    while (len && base[len - 1] == '/')
        len--;
    buf_add(&r->url, base, len);
    enum status st = r->kind->path(r->ask, &r->url, err);
    if (query && query[1])
        buf_printf(&r->url, "%c%s", strchr(buf_str(&r->url), '?') ? '&' : '?', query + 1);
    return st;
}

static enum status make_url(struct exchange_request *r, struct error *err)
{
    const char *text = r->ask->backend->url;
    struct buf base;
    buf_init(&base, BUF_SMALL);
    enum status st = outgoing_url(text ? text : "", &base, &r->secrets, err);
    if (!st) {
        text = buf_str(&base);
        bool routed = r->ask->route && r->ask->route->url;
        st = routed ? add_route(r, text, err) : add_base(r, text, err);
    }
    if (!st && buf_status(&r->url))
        st = error_set(err, STATUS_CONFIG, "the URL is too long");
    buf_wipe(&base);
    return st;
}

static enum status note_secret(struct exchange_request *r, const char *text, struct error *err)
{
    return strings_add(&r->secrets, text) ? error_set(err, STATUS_NO_MEMORY, "out of memory")
                                          : STATUS_OK;
}

/* Of "http://user:password@host": the password, or the user when that is all. */
static enum status note_password(struct exchange_request *r, struct error *err)
{
    const char *user = strstr(buf_str(&r->proxy), "://") + 3;
    const char *at = strrchr(user, '@');
    if (!at)
        return STATUS_OK;
    const char *colon = memchr(user, ':', (size_t)(at - user));
    const char *from = colon ? colon + 1 : user;
    char *password = strndup(from, (size_t)(at - from));
    enum status st = password ? note_secret(r, password, err)
                              : error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (password)
        explicit_bzero(password, strlen(password));
    free(password);
    return st;
}

static enum status make_proxy(struct exchange_request *r, struct error *err)
{
    const char *text = r->ask->backend->proxy;
    if (!text)
        return STATUS_OK;
    buf_init(&r->proxy, BUF_SMALL);
    enum status st = secret_expand(text, &r->proxy, NULL, err);
    if (!st && !outgoing_is_http(buf_str(&r->proxy)))
        st = error_set(err, STATUS_CONFIG, "its proxy's URL is not an http or https URL");
    return st ? st : note_password(r, err);
}

static enum status add_key(struct exchange_request *r, struct error *err)
{
    const struct backend *b = r->ask->backend;
    struct buf key, line;
    if (!b->key)
        return STATUS_OK;
    buf_init(&key, BUF_SMALL);
    buf_init(&line, 2 * BUF_SMALL);
    enum status st = secret_resolve(b->key, &key, err);
    if (!st && strpbrk(buf_str(&key), "\r\n"))
        st = error_set(err, STATUS_CONFIG, "the key contains a line break");
    if (!st)
        st = note_secret(r, buf_str(&key), err);
    if (b->key_header)
        buf_printf(&line, "%s: %s", b->key_header, buf_str(&key));
    else
        buf_printf(&line, "%s%s", r->kind->key_header, buf_str(&key));
    if (!st)
        st = outgoing_line(&line, &r->headers, err);
    buf_wipe(&key);
    buf_wipe(&line);
    return st;
}

static enum status make_headers(struct exchange_request *r, struct error *err)
{
    const char *const standard[] = {
        "Expect:", r->kind->accept ? r->kind->accept : "Accept: text/event-stream",
        r->kind->is_get ? NULL : "Content-Type: application/json", NULL};
    const struct strings *further = &r->ask->backend->headers;
    const char *const *lists[] = {standard, r->kind->headers};
    for (size_t i = 0; i < 2; i++)
        for (const char *const *line = lists[i]; line && *line; line++)
            if ((i == 0 || !outgoing_has(further, *line)) && strings_add(&r->headers, *line))
                return error_set(err, STATUS_NO_MEMORY, "out of memory");
    enum status st = STATUS_OK;
    for (size_t i = 0; i < further->count && !st; i++)
        st = outgoing_header(further->items[i], &r->headers, &r->secrets, err);
    return st ? st : add_key(r, err);
}

static size_t escaped_size(const char *text)
{
    return text ? 6 * strlen(text) : 0;
}

enum { AROUND = 256 }; /* bytes of the keys and brackets of one thing */

static size_t call_max(const struct tool_call *c)
{
    return AROUND + escaped_size(c->id) + escaped_size(c->name) + escaped_size(c->arguments);
}

static size_t turn_max(const struct turn *t)
{
    size_t n = AROUND + 6 * t->len + escaped_size(t->echo) + (t->call ? call_max(t->call) : 0);
    for (size_t i = 0; i < t->call_count; i++)
        n += call_max(&t->calls[i]);
    return n;
}

/* The most bytes of what is written of an ask as strings. */
static size_t body_max(const struct ask *ask)
{
    const struct agent *a = ask->agent;
    size_t n = 2 * BUF_SMALL + 6 * ask->prompt_len + escaped_size(a->system_prompt) +
               escaped_size(a->model) + escaped_size(a->options) + escaped_size(ask->schema);
    for (size_t i = 0; i < ask->turn_count; i++)
        n += turn_max(&ask->turns[i]);
    for (size_t i = 0; i < ask->tool_count; i++)
        n += AROUND + escaped_size(ask->tools[i].name) + escaped_size(ask->tools[i].description) +
             escaped_size(ask->tools[i].schema);
    return n;
}

static enum status make_body(struct exchange_request *r, struct error *err)
{
    struct json_writer w;
    enum status st = exchange_check_options(r->kind, r->ask->agent->options, err);
    if (st)
        return st;
    buf_init(&r->body, body_max(r->ask));
    json_writer_init(&w, &r->body);
    if (!r->kind->is_get)
        st = r->kind->body(r->ask, &w, err);
    return !st && buf_status(&r->body) ? error_set(err, STATUS_NO_MEMORY, "out of memory") : st;
}

enum status exchange_request_make(struct exchange_request *r, const struct exchange_kind *kind,
    const struct ask *ask, struct error *err)
{
    *r = (struct exchange_request){.kind = kind, .ask = ask};
    buf_init(&r->url, 2 * BUF_SMALL);
    enum status st = make_url(r, err);
    if (!st)
        st = make_proxy(r, err);
    if (!st)
        st = make_headers(r, err);
    return st ? st : make_body(r, err);
}

void exchange_request_release(struct exchange_request *r)
{
    buf_wipe(&r->url);
    buf_wipe(&r->proxy);
    buf_release(&r->body);
    secret_forget(&r->headers);
    secret_forget(&r->secrets);
}
