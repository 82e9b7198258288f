/* What is a secret, and what is not shown of it. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "store/internal.h"

/* ---- what is a secret ---- */

bool is_reference(const char *key)
{
    return !strncmp(key, "env:", 4) || !strncmp(key, "file:", 5) ||
           (!strncmp(key, "${", 2) && strchr(key, '}') == key + strlen(key) - 1);
}

/* "botToken", "API_KEY" */
static bool is_secret_name(const char *name)
{
    static const char *const ends[] = {"token", "secret", "password", "passwd", "passphrase",
        "apikey", "secretkey", "accesskey", "privatekey", "credential", "credentials",
        "authorization"};
    char plain[64]; /* its end, without "_" and "-" */
    size_t len = strlen(name), to = sizeof plain - 1;
    plain[to] = 0;
    while (len && to)
        if (isalnum((unsigned char)name[--len]))
            plain[--to] = (char)tolower((unsigned char)name[len]);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t end = strlen(ends[i]);
        if (sizeof plain - 1 - to >= end && !strcmp(plain + sizeof plain - 1 - end, ends[i]))
            return true;
    }
    return false;
}

/* scheme://user:password@host, with the password, or a user without one, that is no ${NAME}. */
bool url_has_secret(const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *user = scheme ? scheme + 3 : "";
    const char *end = user, *password = NULL;
    for (; *end && !strchr("@/?# \t\r\n", *end); end++) {
        if (!strncmp(end, "${", 2) && strchr(end, '}'))
            end = strchr(end, '}');
        else if (*end == ':' && !password)
            password = end + 1;
    }
    if (*end != '@')
        return false;
    const char *secret = password ? password : user;
    return strncmp(secret, "${", 2) != 0 || strchr(secret, '}') != end - 1;
}

static bool ends_in(const char *key, const char *end)
{
    size_t len = strlen(key), tail = strlen(end);
    return len >= tail && !strcasecmp(key + len - tail, end);
}

static bool is_address(const char *key)
{
    return ends_in(key, "url") || ends_in(key, "uri") || ends_in(key, "dsn") ||
           ends_in(key, "endpoint") || ends_in(key, "connectionString") || ends_in(key, "proxy");
}

struct redaction {
    struct json_writer *w;
    bool all;     /* inside headers or env: every text is one */
    bool secrets; /* inside a list of secrets: every value is one */
};

static void redact(struct redaction r, const char *key, const struct json *value);

static enum status redact_member(void *ctx, const char *key, struct json *value)
{
    struct redaction *r = ctx;
    json_key(r->w, key);
    redact(*r, key, value);
    return STATUS_OK;
}

static bool hidden(const struct redaction *r, const char *key, const char *text)
{
    if (!*text || is_reference(text))
        return false;
    return r->all || (r->secrets && !strcmp(key, "value")) || is_secret_name(key) ||
           (is_address(key) && url_has_secret(text));
}

static void enter(struct redaction *r, const char *key)
{
    r->all = r->all || !strcmp(key, "headers") || !strcmp(key, "env");
    r->secrets = r->secrets || !strcmp(key, "secrets");
}

static void redact(struct redaction r, const char *key, const struct json *value)
{
    switch (json_kind(value)) {
    case JSON_OBJECT:
        enter(&r, key);
        json_begin_object(r.w);
        json_each(value, redact_member, &r);
        json_end_object(r.w);
        break;
    case JSON_ARRAY:
        enter(&r, key);
        json_begin_array(r.w);
        for (size_t i = 0; i < json_count(value); i++)
            redact(r, key, json_at(value, i));
        json_end_array(r.w);
        break;
    case JSON_STRING:
        if (hidden(&r, key, json_string(value, NULL)))
            json_put_null(r.w);
        else
            json_put_value(r.w, value);
        break;
    default:
        json_put_value(r.w, value);
    }
}

void value_to_json(const char *key, const struct json *value, bool secrets, struct json_writer *w)
{
    if (secrets)
        json_put_value(w, value);
    else
        redact((struct redaction){.w = w}, key, value);
}

/* ---- and what it was ---- */

struct recollection {
    struct redaction r;
    const struct json *old;
};

static void recall(
    struct redaction r, const char *key, const struct json *value, const struct json *old);

/* What stood behind a name of len bytes: as a member, or in a list of lines ("X-Key: v", "KEY=v"),
 * where the line at place from is looked at first. NULL when it is not there. */
static const char *value_of(const struct json *old, const char *name, size_t len, size_t from)
{
    char key[256];
    size_t count = json_count(old);
    snprintf(key, sizeof key, "%.*s", (int)len, name);
    if (json_kind(old) == JSON_OBJECT)
        return json_get_string(old, key);
    for (size_t i = 0; i < count; i++) {
        const char *was = json_string(json_at(old, (from + i) % count), NULL);
        if (was && !strncasecmp(was, name, len) && (was[len] == ':' || was[len] == '='))
            return was + len + 1;
    }
    return NULL;
}

static enum status recall_member(void *ctx, const char *key, struct json *value)
{
    struct recollection *x = ctx;
    const char *was = NULL;
    if (x->r.all && json_kind(value) == JSON_NULL && json_kind(x->old) == JSON_ARRAY)
        was = value_of(x->old, key, strlen(key), 0);
    json_key(x->r.w, key);
    if (was)
        json_put_cstring(x->r.w, was + strspn(was, " \t"));
    else
        recall(x->r, key, value, json_get(x->old, key));
    return STATUS_OK;
}

/* A line that stops behind its name, with what stood there. */
static bool recall_line(const struct recollection *x, const struct json *line, size_t from)
{
    struct buf whole;
    const char *name = json_string(line, NULL);
    size_t len = name ? strcspn(name, ":=") : 0;
    const char *was =
        x->r.all && len && name[len] && !name[len + 1] ? value_of(x->old, name, len, from) : NULL;
    if (!was)
        return false;
    buf_init(&whole, strlen(name) + strlen(was) + 2);
    buf_printf(&whole, "%s%s%s", name, name[len] == ':' && *was && *was != ' ' ? " " : "", was);
    json_put_cstring(x->r.w, buf_str(&whole));
    buf_wipe(&whole);
    return true;
}

static void recall(
    struct redaction r, const char *key, const struct json *value, const struct json *old)
{
    const char *was = json_string(old, NULL);
    enum json_kind kind = json_kind(value);
    struct recollection x = {r, old};
    if (kind == JSON_OBJECT) {
        enter(&x.r, key);
        json_begin_object(r.w);
        json_each(value, recall_member, &x);
        json_end_object(r.w);
    } else if (kind == JSON_ARRAY) {
        enter(&x.r, key);
        json_begin_array(r.w);
        for (size_t i = 0; i < json_count(value); i++)
            if (!recall_line(&x, json_at(value, i), i))
                recall(x.r, key, json_at(value, i), json_at(old, i));
        json_end_array(r.w);
    } else if (kind == JSON_NULL && was && hidden(&r, key, was)) {
        json_put_value(r.w, old);
    } else {
        json_put_value(r.w, value);
    }
}

void value_recall(
    const char *key, const struct json *value, const struct json *old, struct json_writer *w)
{
    recall((struct redaction){.w = w}, key, value, old);
}
