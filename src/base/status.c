#include "base/status.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static const struct {
    int http;
    int exit; /* sysexits(3) where it has a word for it */
    const char *name;
    const char *title;
} table[STATUS_COUNT_] = {
    [STATUS_OK] = {200, 0, "ok", "OK"},
    [STATUS_BAD_REQUEST] = {400, 65, "bad-request", "Bad Request"},
    [STATUS_UNAUTHORIZED] = {401, 77, "unauthorized", "Unauthorized"},
    [STATUS_FORBIDDEN] = {403, 77, "forbidden", "Forbidden"},
    [STATUS_NOT_FOUND] = {404, 66, "not-found", "Not Found"},
    [STATUS_METHOD_NOT_ALLOWED] = {405, 65, "method-not-allowed", "Method Not Allowed"},
    [STATUS_CONFLICT] = {409, 73, "conflict", "Conflict"},
    [STATUS_LENGTH_REQUIRED] = {411, 65, "length-required", "Length Required"},
    [STATUS_TOO_LARGE] = {413, 65, "too-large", "Content Too Large"},
    [STATUS_UNSUPPORTED_MEDIA] = {415, 65, "unsupported-media", "Unsupported Media Type"},
    [STATUS_INTERNAL] = {500, 70, "internal", "Internal Server Error"},
    [STATUS_NO_MEMORY] = {500, 71, "no-memory", "Internal Server Error"},
    [STATUS_CONFIG] = {500, 78, "config", "Internal Server Error"},
    [STATUS_STORE] = {500, 74, "store", "Internal Server Error"},
    [STATUS_BACKEND] = {502, 69, "backend", "Bad Gateway"},
    [STATUS_UNAVAILABLE] = {503, 75, "unavailable", "Service Unavailable"},
    [STATUS_TIMEOUT] = {504, 75, "timeout", "Gateway Timeout"},
    [STATUS_CANCELED] = {499, 130, "canceled", "Client Closed Request"},
};

int status_http(enum status s)
{
    return table[s].http;
}

const char *status_title(enum status s)
{
    return table[s].title;
}

const char *status_name(enum status s)
{
    return table[s].name;
}

int status_exit(enum status s)
{
    return table[s].exit;
}

enum status error_vset(struct error *err, enum status s, const char *fmt, va_list ap)
{
    if (!err)
        return s;
    static const char more[] = "...";
    char text[ERROR_TEXT_MAX + 8];
    int n = vsnprintf(text, sizeof text, fmt, ap);
    err->status = s;
    if (n < 0)
        text[0] = 0;
    size_t len = strlen(text);
    if (len >= sizeof err->text) {
        len = utf8_cut(text, len, sizeof err->text - sizeof more);
        memcpy(text + len, more, sizeof more);
    }
    memcpy(err->text, text, strlen(text) + 1);
    return s;
}

enum status error_set(struct error *err, enum status s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    error_vset(err, s, fmt, ap);
    va_end(ap);
    return s;
}

void error_prefix(struct error *err, const char *fmt, ...)
{
    if (!err)
        return;
    char what[ERROR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    struct error old = *err;
    error_set(err, old.status, "%s: %s", what, old.text);
}
