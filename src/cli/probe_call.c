#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli/probe.h"

enum { TEXT_MAX = 64 * 1024, CONNECT_MS = 10 * 1000 };

/* ---- what arrives ---- */

static void take_header(struct probe_call *c, const char *name, char *to, size_t size)
{
    const char *value = transfer_header(c->transfer, name);
    snprintf(to, size, "%s", value ? value : "");
}

static void on_head(void *ctx, int status, const char *type)
{
    struct probe_call *c = ctx;
    c->status = status;
    snprintf(c->type, sizeof c->type, "%s", type);
    take_header(c, "Server", c->server, sizeof c->server);
    take_header(c, "Allow", c->allow, sizeof c->allow);
    take_header(c, "WWW-Authenticate", c->challenge, sizeof c->challenge);
    take_header(c, "Location", c->location, sizeof c->location);
    take_header(c, "Content-Encoding", c->encoding, sizeof c->encoding);
}

static void on_data(void *ctx, const char *bytes, size_t len)
{
    struct probe_call *c = ctx;
    if (c->see && !c->enough && c->see(c->ctx, c, bytes, len)) {
        c->enough = true;
        transfer_cancel(c->transfer);
    }
    size_t room = c->text.cap - c->text.len;
    buf_add(&c->text, bytes, len < room ? len : room);
}

static void on_end(void *ctx, enum status result, const struct error *err)
{
    struct probe_call *c = ctx;
    c->ended = true;
    c->ended_ms = units_mono_ms();
    c->end = result;
    if (err)
        c->why = *err;
}

static const struct http_handler handler = {on_head, on_data, on_end};

/* ---- what is sent ---- */

static enum status add_headers(
    const struct probe *p, const struct probe_call *c, struct strings *headers)
{
    struct buf line;
    enum status st = STATUS_OK;
    buf_init(&line, BUF_SMALL);
    if (c->credential) {
        buf_printf(&line, "%s%s",
            c->credential == CREDENTIAL_OWN ? "X-Magec-Token: " : "Authorization: Bearer ",
            p->token);
        st = buf_status(&line) ? STATUS_NO_MEMORY : strings_add(headers, buf_str(&line));
    }
    buf_wipe(&line);
    if (!st && c->accept) {
        buf_printf(&line, "Accept: %s", c->accept);
        st = buf_status(&line) ? STATUS_NO_MEMORY : strings_add(headers, buf_str(&line));
    }
    if (!st && c->body)
        st = strings_add(headers, "Content-Type: application/json");
    /* libcurl expects an answer to Expect where the body is large. */
    if (!st)
        st = strings_add(headers, c->header ? c->header : "Expect:");
    buf_release(&line);
    return st;
}

static enum status start(struct probe *p, struct probe_call *c, struct error *err)
{
    struct strings headers = {0};
    int64_t patience = c->patience_ms ? c->patience_ms : p->patience_ms;
    if (add_headers(p, c, &headers)) {
        strings_release(&headers);
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    struct http_request request = {
        .url = p->url,
        .headers = &headers,
        .body = c->body,
        .len = c->len,
        .deadlines = {.connect_ms = CONNECT_MS, .total_ms = patience},
        .tls = p->tls,
        .seen = &c->seen,
        .http1 = c->http1,
        .handler = &handler,
        .ctx = c,
    };
    c->began_ms = units_mono_ms();
    enum status st = transport_post(p->transport, &request, &c->transfer, err);
    if (!st)
        c->body = NULL;
    strings_release(&headers);
    return st;
}

enum status probe_call(struct probe *p, struct probe_call *c, struct error *err)
{
    buf_init(&c->text, TEXT_MAX);
    enum status st = start(p, c, err);
    while (!st && !c->ended)
        loop_turn(p->loop);
    transfer_free(c->transfer);
    c->transfer = NULL;
    if (!st &&
        (c->end == STATUS_CONFIG || c->end == STATUS_UNAVAILABLE || c->end == STATUS_NO_MEMORY)) {
        *err = c->why; /* ours, not the server's */
        st = c->end;
    }
    return st;
}

void probe_call_release(struct probe_call *c)
{
    free(c->body);
    buf_release(&c->text);
    c->body = NULL;
}

enum status probe_words(
    struct probe *p, struct probe_call *c, size_t words, const char *accept, struct error *err)
{
    struct buf body;
    buf_init(&body, OUTPUT_MAX);
    buf_adds(&body, "{\"prompt\":\"");
    for (size_t i = 0; i < words; i++)
        buf_adds(&body, i ? " probe" : "probe");
    buf_adds(&body, "\"}");
    c->credential = p->own_header ? CREDENTIAL_OWN : CREDENTIAL_BEARER;
    c->accept = accept;
    c->len = body.len;
    c->body = buf_detach(&body);
    return c->body ? STATUS_OK : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

/* ---- what it was ---- */

bool is_ours(const struct probe_call *c)
{
    static const char *const types[] = {"application/problem+json", "text/event-stream", NULL};
    for (size_t i = 0; types[i]; i++)
        if (!strncmp(c->type, types[i], strlen(types[i])))
            return true;
    return !strncmp(c->type, "application/json", 16) && strstr(buf_str(&c->text), "\"ok\":");
}

void problem_detail(const struct probe_call *c, char out[512])
{
    struct json *root = NULL;
    const char *detail = NULL;
    if (!json_parse(buf_str(&c->text), c->text.len, &root, NULL))
        detail = json_get_string(root, "detail");
    snprintf(out, 512, "%s", detail ? detail : "");
    json_free(root);
}

bool is_echo(const struct probe_call *c, const char *prompt)
{
    struct json *root = NULL;
    bool is = c->status == 200 && !json_parse(buf_str(&c->text), c->text.len, &root, NULL);
    const char *response = is ? json_get_string(root, "response") : NULL;
    is = response && !strcmp(response, prompt);
    json_free(root);
    return is;
}

/* What an error page of the server's own means. */
static enum symptom symptom_of(const struct probe_call *c)
{
    static const struct {
        int status;
        enum symptom symptom;
    } table[] = {{401, SYMPTOM_OWN_LOGIN}, {403, SYMPTOM_FORBIDDEN}, {411, SYMPTOM_CHUNKED},
        {413, SYMPTOM_LARGE}, {417, SYMPTOM_EXPECT}, {500, SYMPTOM_CRASHED}, {502, SYMPTOM_NOBODY},
        {503, SYMPTOM_NOBODY}, {504, SYMPTOM_SLOW}, {0, SYMPTOM_NOT_ROUTED}};
    size_t i = 0;
    if ((c->status == 401 && !strncmp(c->challenge, "Bearer", 6)) ||
        (c->status == 405 && !strcmp(c->allow, "POST")))
        return SYMPTOM_INTERCEPTED;
    while (table[i].status && table[i].status != c->status)
        i++;
    return table[i].symptom;
}

static void explain_ours(const struct probe_call *c, struct probe_row *row)
{
    char detail[512];
    problem_detail(c, detail);
    bool path = c->status == 404 && strstr(detail, "PATH_INFO");
    row_set(row, PROBE_WRONG, path ? SYMPTOM_PATH : SYMPTOM_NONE, "magec-fcgi says %d: %s",
        c->status, path ? "the path does not arrive" : detail);
}

void explain(const struct probe *p, const struct probe_call *c, struct probe_row *row)
{
    if (c->end && c->end != STATUS_CANCELED) {
        row_set(row, PROBE_WRONG, SYMPTOM_NONE, "no whole answer after %lldms: %s",
            (long long)(c->ended_ms - c->began_ms), c->why.text);
    } else if (is_ours(c)) {
        explain_ours(c, row);
    } else if (c->status >= 300 && c->status < 400) {
        row_set(row, PROBE_WRONG, SYMPTOM_NONE, "%s says %d and points elsewhere",
            server_name(p->server), c->status);
        snprintf(row->remedy, sizeof row->remedy, "call the address that it points to: %s",
            *c->location ? c->location : "it says none");
    } else {
        row_set(row, PROBE_WRONG, symptom_of(c), "a %d of %s itself, not of magec-fcgi", c->status,
            server_name(p->server));
    }
}
