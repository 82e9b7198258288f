#include "agent/mcp_http_request.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/outgoing.h"
#include "agent/secret.h"

enum { ENCODED_NAME_MAX = 4096 };

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

static enum status make_headers(
    struct mcp_http_base *b, const struct mcp_server *server, struct error *err)
{
    static const char *const own[] = {
        "Expect:", "Content-Type: application/json", "Accept: application/json, text/event-stream"};
    enum status st = strings_add(&b->secrets, "") ? no_memory(err) : STATUS_OK;
    for (size_t i = 0; i < server->headers.count && !st; i++)
        st = outgoing_header(server->headers.items[i], &b->headers, &b->secrets, err);
    for (size_t i = 0; i < sizeof own / sizeof *own && !st; i++)
        if (!outgoing_has(&server->headers, own[i]) && strings_add(&b->headers, own[i]))
            st = no_memory(err);
    return st;
}

enum status mcp_http_base_make(
    struct mcp_http_base *b, const struct mcp_server *server, struct error *err)
{
    *b = (struct mcp_http_base){0};
    buf_init(&b->url, BUF_SMALL);
    enum status st = make_headers(b, server, err);
    if (!st)
        st = outgoing_url(server->endpoint ? server->endpoint : "", &b->url, &b->secrets, err);
    return st;
}

void mcp_http_base_release(struct mcp_http_base *b)
{
    buf_wipe(&b->url);
    secret_forget(&b->headers);
    secret_forget(&b->secrets);
    free(b->session);
    free(b->protocol);
}

static bool is_printable(const char *s)
{
    for (; *s; s++)
        if (*s < ' ' || *s > '~')
            return false;
    return true;
}

enum status mcp_http_base_session(struct mcp_http_base *b, const char *id, struct error *err)
{
    if (id && (!*id || strlen(id) > MCP_SESSION_MAX || !is_printable(id)))
        return error_set(err, STATUS_BACKEND, "the id that it gave the session is none");
    if (string_set(&b->session, id) || string_set(&b->secrets.items[0], id ? id : ""))
        return no_memory(err);
    return STATUS_OK;
}

static enum status add(
    struct strings *headers, const char *name, const char *value, struct error *err)
{
    struct buf line;
    buf_init(&line, BUF_SMALL);
    buf_printf(&line, "%s: %s", name, value);
    enum status st = outgoing_line(&line, headers, err);
    buf_release(&line);
    return st;
}

static enum status copy(const struct strings *from, struct strings *headers, struct error *err)
{
    return strings_copy(headers, from) ? no_memory(err) : STATUS_OK;
}

/* ---- the tool's name ---- */

/* Whether a header can hold it as it is: it is no word that looks as if it was encoded. */
static bool is_plain(const char *name)
{
    size_t len = strlen(name);
    bool looks_encoded =
        !strncmp(name, "=?base64?", 9) && len >= 11 && !strcmp(name + len - 2, "?=");
    return len && *name != ' ' && name[len - 1] != ' ' && is_printable(name) && !looks_encoded;
}

static void add_base64(struct buf *out, const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i += 3) {
        uint32_t three = 0;
        for (size_t k = 0; k < 3; k++)
            three = three << 8 | (i + k < len ? (unsigned char)text[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            buf_addc(out, i + k > len ? '=' : digits[three >> (18 - 6 * k) & 63]);
    }
}

static enum status add_name(struct strings *headers, const char *name, struct error *err)
{
    struct buf encoded;
    if (is_plain(name))
        return add(headers, "mcp-name", name, err);
    buf_init(&encoded, ENCODED_NAME_MAX);
    buf_adds(&encoded, "=?base64?");
    add_base64(&encoded, name);
    buf_adds(&encoded, "?=");
    enum status st = buf_status(&encoded)
                         ? error_set(err, STATUS_BACKEND, "the name of a tool is too long")
                         : add(headers, "mcp-name", buf_str(&encoded), err);
    buf_release(&encoded);
    return st;
}

/* ---- the headers of a request ---- */

static enum status add_protocol(
    struct mcp_http_base *b, const char *protocol, struct strings *headers, struct error *err)
{
    if (!*protocol || strlen(protocol) > MCP_SESSION_MAX || !is_printable(protocol))
        return error_set(err, STATUS_BACKEND, "the revision that it speaks has no name");
    if ((!b->protocol || strcmp(b->protocol, protocol) != 0) && string_set(&b->protocol, protocol))
        return no_memory(err);
    return add(headers, "mcp-protocol-version", protocol, err);
}

enum status mcp_http_headers(struct mcp_http_base *b, const struct mcp_message *m,
    struct strings *headers, struct error *err)
{
    enum status st = copy(&b->headers, headers, err);
    if (!st && m->protocol)
        st = add_protocol(b, m->protocol, headers, err);
    if (!st && b->session && !m->modern)
        st = add(headers, "mcp-session-id", b->session, err);
    if (!st && m->modern && m->method)
        st = add(headers, "mcp-method", m->method, err);
    if (!st && m->modern && m->name)
        st = add_name(headers, m->name, err);
    return st;
}

enum status mcp_http_resume_headers(const struct strings *posted, const char *last_event_id,
    struct strings *headers, struct error *err)
{
    for (const char *c = last_event_id; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return error_set(err, STATUS_BACKEND, "the id of an event cannot be sent back");
    enum status st = copy(posted, headers, err);
    return st ? st : add(headers, "Last-Event-ID", last_event_id, err);
}

enum status mcp_http_delete_headers(
    const struct mcp_http_base *b, struct strings *headers, struct error *err)
{
    enum status st = copy(&b->headers, headers, err);
    if (!st && b->protocol)
        st = add(headers, "mcp-protocol-version", b->protocol, err);
    return st ? st : add(headers, "mcp-session-id", b->session, err);
}
