#include "agent/outgoing.h"

#include <string.h>
#include <strings.h>

#include "agent/secret.h"

bool outgoing_is_http(const char *url)
{
    return !strncasecmp(url, "http://", 7) || !strncasecmp(url, "https://", 8);
}

/* Keys of some providers travel in the query. */
static enum status note_query(
    const char *query, const struct strings *values, struct strings *secrets, struct error *err)
{
    for (size_t i = 0; query && i < values->count; i++)
        if (strstr(query, values->items[i]) && strings_add(secrets, values->items[i]))
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

enum status outgoing_url(
    const char *text, struct buf *out, struct strings *secrets, struct error *err)
{
    struct strings values = {0};
    size_t from = out->len;
    enum status st = secret_expand(text, out, &values, err);
    const char *url = buf_str(out) + from;
    if (!st && !outgoing_is_http(url))
        st = error_set(err, STATUS_CONFIG, "its URL is not an http or https URL");
    if (!st)
        st = note_query(strchr(url, '?'), &values, secrets, err);
    secret_forget(&values);
    return st;
}

enum status outgoing_line(const struct buf *line, struct strings *headers, struct error *err)
{
    if (strpbrk(buf_str(line), "\r\n"))
        return error_set(err, STATUS_CONFIG, "an expanded header contains a line break");
    if (buf_status(line) || strings_add(headers, buf_str(line)))
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

/* Of "Authorization: Bearer WORD". */
static const char *last_word(const char *line)
{
    const char *space = strrchr(line, ' '), *colon = strchr(line, ':');
    return space ? space + 1 : colon ? colon + 1 : line;
}

enum status outgoing_header(
    const char *text, struct strings *headers, struct strings *secrets, struct error *err)
{
    struct buf line;
    buf_init(&line, BUF_SMALL);
    enum status st = secret_expand(text, &line, secrets, err);
    if (!st)
        st = outgoing_line(&line, headers, err);
    if (!st && secret_is_named(text) && strings_add(secrets, last_word(buf_str(&line))))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    buf_wipe(&line);
    return st;
}

bool outgoing_has(const struct strings *headers, const char *line)
{
    size_t len = strcspn(line, ":") + 1;
    for (size_t i = 0; i < headers->count; i++)
        if (!strncasecmp(headers->items[i], line, len))
            return true;
    return false;
}
