#include "store/checks.h"

#include <ctype.h>
#include <string.h>

#include "base/utf8.h"

enum status check_url(const char *url, const char *instead, struct error *err)
{
    if (!strncmp(url, "${", 2)) /* what it is, is known when it is used */
        return STATUS_OK;
    const char *host = !strncasecmp(url, "http://", 7)    ? url + 7
                       : !strncasecmp(url, "https://", 8) ? url + 8
                                                          : NULL;
    if (!host || !*host || strchr("/?#:", *host))
        return error_set(err, STATUS_BAD_REQUEST,
            "\"%s\" is not a URL: it begins with http:// or https:// and a host",
            memchr(url, '@', strlen(url)) ? "[redacted]" : url);
    size_t authority = strcspn(host, "/?#");
    const char *user_end = memrchr(host, '@', authority);
    if (user_end && instead)
        return error_set(
            err, STATUS_BAD_REQUEST, "the URL carries a user or password: %s", instead);
    if (user_end && (user_end + 1 == host + authority || user_end[1] == ':'))
        return error_set(err, STATUS_BAD_REQUEST, "the URL names no host");
    for (const char *c = url; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7F)
            return error_set(
                err, STATUS_BAD_REQUEST, "the URL contains a space or control character");
    return STATUS_OK;
}

static bool is_name(const char *s, size_t len, const char *also)
{
    if (!len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)s[i]) && !strchr(also, s[i]))
            return false;
    return true;
}

bool check_header_name(const char *name, size_t len)
{
    return is_name(name, len, "!#$%&'*+-.^_`|~");
}

enum status check_headers(const struct strings *lines, struct error *err)
{
    for (size_t i = 0; i < lines->count; i++) {
        const char *line = lines->items[i], *colon = strchr(line, ':');
        if (!colon || !check_header_name(line, (size_t)(colon - line)) || strpbrk(line, "\r\n"))
            return error_set(err, STATUS_BAD_REQUEST, /* which may show a key: not said */
                "item %zu of the headers is not a header: write \"Name: value\" in one line",
                i + 1);
    }
    return STATUS_OK;
}

bool check_variable_name(const char *name, size_t len)
{
    return is_name(name, len, "_") && !isdigit((unsigned char)*name);
}

enum status check_env(const struct strings *items, struct error *err)
{
    for (size_t i = 0; i < items->count; i++) {
        const char *item = items->items[i];
        if (!check_variable_name(item, strcspn(item, "=")))
            return error_set(err, STATUS_BAD_REQUEST,
                "\"%.*s\" is not an environment entry: write NAME=value, or NAME to pass it on",
                (int)strcspn(item, "="), item);
        if (!strncmp(item, "HTTP_", 5) && !strchr(item, '='))
            return error_set(err, STATUS_BAD_REQUEST,
                "\"%s\" cannot be passed on, as a caller's headers arrive under such names: write "
                "%s=value",
                item, item);
    }
    return STATUS_OK;
}

enum status check_path(const char *what, const char *path, struct error *err)
{
    if (!path || *path == '/')
        return STATUS_OK;
    return error_set(err, STATUS_BAD_REQUEST,
        "the %s \"%s\" is not an absolute path: a web server starts the program elsewhere", what,
        path);
}

enum status check_patterns(const struct strings *patterns, struct error *err)
{
    if (patterns->count > PATTERNS_MAX)
        return error_set(
            err, STATUS_BAD_REQUEST, "more than %d patterns of allowed tools", (int)PATTERNS_MAX);
    for (size_t i = 0; i < patterns->count; i++) {
        const char *pattern = patterns->items[i];
        size_t len = strlen(pattern);
        if (!len || len > PATTERN_LEN || !utf8_valid(pattern, len, NULL))
            return error_set(err, STATUS_BAD_REQUEST,
                "pattern %zu of allowed tools is empty, longer than %d bytes or not valid UTF-8",
                i + 1, (int)PATTERN_LEN);
        if (!strcmp(pattern, "none") && patterns->count > 1)
            return error_set(err, STATUS_BAD_REQUEST,
                "the pattern \"none\" of allowed tools stands alone: it allows nothing");
    }
    return STATUS_OK;
}
