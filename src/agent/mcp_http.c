#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "agent/mcp_answer.h"
#include "agent/mcp_http_request.h"
#include "agent/mcp_wire.h"
#include "agent/secret.h"
#include "net/transport.h"

enum {
    CONNECT_MS = 10 * 1000,
    FAREWELL_MS = 1000,
    IN_VAIN_MAX = 3,    /* times in a row that a stream is gone on with, and nothing comes */
    RETRY_MIN_MS = 100, /* before each, whatever the server says */
    REPLIES_MAX = 64,   /* on their way to what the server asks; further ones get none */
    BODY_SHOWN = 4 * MCP_ANSWER_KEPT
};

struct mcp_http {
    struct mcp_wire wire;
    struct loop *loop;
    struct transport *transport;
    const struct mcp_server *server;
    struct mcp_http_base base;
    struct post *posts;
    bool closed;
};

/* A message that came, until it is passed on outside of libcurl. */
struct came {
    struct came *next;
    size_t len;
    char json[];
};

/* One message to the server, and its answer. */
struct post {
    struct mcp_http *http;
    struct post *next, **self;
    struct job job; /* all that is done of it, but reading */
    struct transfer *transfer;
    struct timer *timer; /* until a stream is gone on with */
    struct strings headers;
    char *body;
    size_t len;
    int64_t id;
    int64_t until_ms;
    struct mcp_answer answer;
    struct came *first, **last;
    size_t events; /* before this response */
    int in_vain;
    bool modern;
    bool begins;    /* a session */
    bool replies;   /* to a request of the server's */
    bool due;       /* to be sent, or gone on with */
    bool resuming;  /* its stream was cut off, and it is gone on with */
    bool busy;      /* in the listener's functions */
    bool forgotten; /* nobody waits for it */
    bool over;      /* why says how */
    struct error why;
};

/* ---- ends ---- */

static void http_free(struct mcp_http *h)
{
    mcp_http_base_release(&h->base);
    free(h);
}

static void post_free(struct post *p)
{
    struct mcp_http *h = p->http;
    loop_undefer(h->loop, &p->job);
    timer_free(p->timer);
    transfer_free(p->transfer);
    for (struct came *c; (c = p->first);) {
        p->first = c->next;
        free(c);
    }
    *p->self = p->next;
    if (p->next)
        p->next->self = p->self;
    secret_forget(&p->headers);
    mcp_answer_release(&p->answer);
    free(p->body);
    free(p);
    if (h->closed && !h->posts)
        http_free(h);
}

/* Nothing more is read of it. OK: it was answered, or did not have to be. */
static void post_end(struct post *p, enum status st)
{
    p->over = true;
    p->why.status = st;
    if (st && p->resuming)
        error_prefix(&p->why, "cut off before the answer, and it does not go on");
    loop_defer(p->http->loop, &p->job);
}

/* ---- reading ---- */

static enum status keep_message(void *ctx, const char *json, size_t len)
{
    struct post *p = ctx;
    struct came *c = malloc(sizeof *c + len + 1);
    if (!c)
        return STATUS_NO_MEMORY;
    c->next = NULL;
    c->len = len;
    memcpy(c->json, json, len);
    c->json[len] = 0;
    *p->last = c;
    p->last = &c->next;
    loop_defer(p->http->loop, &p->job);
    return STATUS_OK;
}

static void on_head(void *ctx, int status, const char *content_type)
{
    struct post *p = ctx;
    const char *session = transfer_header(p->transfer, "mcp-session-id");
    mcp_answer_begin(&p->answer, status, content_type);
    if (p->over || !p->begins || !session || status / 100 != 2)
        return;
    enum status st = mcp_http_base_session(&p->http->base, session, &p->why);
    if (st)
        post_end(p, st);
}

static void on_data(void *ctx, const char *bytes, size_t len)
{
    struct post *p = ctx;
    if (p->over)
        return;
    enum status st = mcp_answer_feed(&p->answer, bytes, len, &p->why);
    if (!st && !p->answer.answered)
        return;
    if (!st) { /* its end is close */
        transfer_drain(p->transfer);
        p->transfer = NULL;
    }
    post_end(p, st);
}

/* Whether the answer may still come, behind the last event. */
static bool can_resume(struct post *p, enum status result)
{
    const struct mcp_answer *a = &p->answer;
    bool progressed = a->events > p->events;
    bool cut = a->form == MCP_ANSWER_EVENTS || (p->resuming && !a->http_status);
    if (p->modern || !a->last_id.len || !cut || (result && result != STATUS_BACKEND))
        return false;
    p->in_vain = progressed ? 0 : p->in_vain + 1;
    int64_t wait = a->retry_ms > RETRY_MIN_MS ? a->retry_ms : RETRY_MIN_MS;
    return p->in_vain < IN_VAIN_MAX && wait < p->until_ms - loop_now(p->http->loop);
}

static void on_waited(void *ctx)
{
    struct post *p = ctx;
    p->due = true;
    loop_defer(p->http->loop, &p->job);
}

static enum status resume(struct post *p)
{
    int64_t wait = p->answer.retry_ms;
    if (!p->timer)
        p->timer = timer_new(p->http->loop, on_waited, p);
    if (!p->timer)
        return error_set(&p->why, STATUS_NO_MEMORY, "out of memory");
    p->resuming = true;
    timer_start(p->timer, wait > RETRY_MIN_MS ? wait : RETRY_MIN_MS);
    return STATUS_OK;
}

static void on_end(void *ctx, enum status result, const struct error *cause)
{
    struct post *p = ctx;
    enum status st = result;
    if (p->over)
        return;
    if (result)
        secret_redact(&p->why, result, "", cause->text, &p->http->base.secrets);
    else
        st = mcp_answer_end(&p->answer, transfer_header(p->transfer, "location"), &p->why);
    if (st && p->id && can_resume(p, result) && !resume(p))
        return;
    post_end(p, st);
}

static const struct http_handler handler = {on_head, on_data, on_end};

/* ---- sending ---- */

static enum status post_send(struct post *p, struct error *err)
{
    struct mcp_http *h = p->http;
    struct strings further = {0};
    int64_t left = p->until_ms - loop_now(h->loop);
    enum status st = transport_load(h->transport, err);
    if (!st && p->resuming)
        st = mcp_http_resume_headers(&p->headers, buf_str(&p->answer.last_id), &further, err);
    struct http_request req = {.url = buf_str(&h->base.url),
        .headers = p->resuming ? &further : &p->headers,
        .body = p->resuming ? NULL : p->body,
        .len = p->resuming ? 0 : p->len,
        .deadlines = {.connect_ms = CONNECT_MS, .total_ms = left > 0 ? left : 1},
        .tls = {.ca_file = h->server->ca_file, .insecure = h->server->insecure},
        .handler = &handler,
        .ctx = p};
    transfer_free(p->transfer);
    p->transfer = NULL;
    p->answer.http_status = 0;
    p->events = p->answer.events;
    if (!st)
        st = transport_post(h->transport, &req, &p->transfer, err);
    if (!st && !p->resuming)
        p->body = NULL;
    secret_forget(&further);
    return st;
}

/* ---- what the listener hears ---- */

static void pass_messages(struct post *p)
{
    struct mcp_wire *w = &p->http->wire;
    for (struct came *c; !p->forgotten && (c = p->first);) {
        p->first = c->next;
        if (!p->first)
            p->last = &p->first;
        w->listener->message(w->ctx, c->json, c->len);
        free(c);
    }
}

/* What became of a stream that was cut off is not what became of the request: whether it was done
 * is not known. */
static void pass_failure(struct post *p)
{
    struct mcp_wire *w = &p->http->wire;
    struct buf body;
    buf_init(&body, BODY_SHOWN);
    if (!p->resuming && p->answer.body.len <= MCP_ANSWER_KEPT)
        secret_hide(buf_str(&p->answer.body), &p->http->base.secrets, &body);
    w->listener->failed(w->ctx, p->id, p->resuming ? 0 : p->answer.http_status,
        buf_status(&body) ? "" : buf_str(&body), &p->why);
    buf_release(&body);
}

static void run_post(struct job *job)
{
    struct post *p = (struct post *)((char *)job - offsetof(struct post, job));
    if (p->due && !p->forgotten) {
        p->due = false;
        enum status st = post_send(p, &p->why);
        if (st)
            post_end(p, st);
    }
    p->busy = true;
    pass_messages(p);
    if (p->over && p->why.status && p->id && !p->forgotten)
        pass_failure(p);
    p->busy = false;
    if (p->over || p->forgotten)
        post_free(p);
}

/* ---- the wire ---- */

static bool is_reply(const struct mcp_message *m)
{
    return !m->id && (!m->method || !*m->method);
}

static bool replies_enough(const struct mcp_http *h)
{
    size_t count = 0;
    for (const struct post *p = h->posts; p; p = p->next)
        count += p->replies;
    return count >= REPLIES_MAX;
}

/* NULL when out of memory. */
static struct post *post_new(struct mcp_http *h, const struct mcp_message *m)
{
    struct post *p = calloc(1, sizeof *p);
    char *body = malloc(m->len + 1);
    if (!p || !body) {
        free(p);
        free(body);
        return NULL;
    }
    memcpy(body, m->json, m->len);
    *p = (struct post){.http = h,
        .job = {.run = run_post},
        .body = body,
        .len = m->len,
        .id = m->id,
        .until_ms =
            loop_now(h->loop) + (m->timeout_ms > 0 ? m->timeout_ms : (int64_t)MCP_TIMEOUT_MS),
        .answer = {.id = m->id, .message = keep_message, .ctx = p, .secrets = &h->base.secrets},
        .modern = m->modern,
        .begins = m->method && !strcmp(m->method, "initialize"),
        .replies = is_reply(m),
        .due = true};
    p->last = &p->first;
    mcp_answer_init(&p->answer);
    p->self = &h->posts;
    p->next = h->posts;
    if (p->next)
        p->next->self = &p->next;
    h->posts = p;
    return p;
}

static enum status http_send(struct mcp_wire *w, const struct mcp_message *m, struct error *err)
{
    struct mcp_http *h = (struct mcp_http *)w;
    enum status st = STATUS_OK;
    if (is_reply(m) && replies_enough(h))
        return error_set(
            err, STATUS_UNAVAILABLE, "%d of its requests are being answered", REPLIES_MAX);
    struct post *p = post_new(h, m);
    if (!p)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (p->begins)
        st = mcp_http_base_session(&h->base, NULL, err);
    if (!st)
        st = mcp_http_headers(&h->base, m, &p->headers, err);
    if (st)
        post_free(p);
    else
        loop_defer(h->loop, &p->job);
    return st;
}

static void http_forget(struct mcp_wire *w, int64_t id)
{
    struct mcp_http *h = (struct mcp_http *)w;
    struct post *p = h->posts;
    while (p && (p->id != id || p->forgotten))
        p = p->next;
    if (!p)
        return;
    p->forgotten = true;
    if (!p->busy)
        loop_defer(h->loop, &p->job);
}

/* Nobody waits for what the server says to it. */
static void end_session(struct mcp_http *h)
{
    struct strings headers = {0};
    struct transfer *x;
    struct http_request req = {.url = buf_str(&h->base.url),
        .headers = &headers,
        .method = "DELETE",
        .deadlines = {.total_ms = FAREWELL_MS},
        .tls = {.ca_file = h->server->ca_file, .insecure = h->server->insecure},
        .handler = &handler};
    if (!h->base.session)
        return;
    if (!mcp_http_delete_headers(&h->base, &headers, NULL) &&
        !transport_post(h->transport, &req, &x, NULL))
        transfer_drain(x);
    secret_forget(&headers);
}

static void http_close(struct mcp_wire *w)
{
    struct mcp_http *h = (struct mcp_http *)w;
    for (struct post *p = h->posts, *next; p; p = next) {
        next = p->next;
        if (p->busy)
            p->forgotten = true;
        else
            post_free(p);
    }
    end_session(h);
    h->closed = true;
    if (!h->posts)
        http_free(h);
}

static const struct mcp_wire_ops ops = {http_send, http_forget, http_close};

enum status mcp_http_open(struct loop *l, struct transport *t, const struct mcp_server *server,
    const struct mcp_wire_listener *listener, void *ctx, struct mcp_wire **out, struct error *err)
{
    struct mcp_http *h = calloc(1, sizeof *h);
    if (!h)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    h->wire = (struct mcp_wire){.ops = &ops, .listener = listener, .ctx = ctx};
    h->loop = l;
    h->transport = t;
    h->server = server;
    enum status st = mcp_http_base_make(&h->base, server, err);
    if (st)
        http_free(h);
    else
        *out = &h->wire;
    return st;
}
