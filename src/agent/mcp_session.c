#include "agent/mcp_session.h"

#include <stdlib.h>
#include <string.h>

#include "agent/mcp_copy.h"
#include "base/units.h"

enum { RESULT_MAX = 4 * MCP_MESSAGE_MAX };

/* ---- what it is ---- */

static void on_patience_over(void *ctx);

enum status mcp_session_new(struct mcp_session **out, struct mcp_place *place,
    const struct mcp_server *server, struct error *err)
{
    struct mcp_session *s = calloc(1, sizeof *s);
    if (!s)
        return error_set(err, STATUS_NO_MEMORY, "out of memory for an MCP server");
    s->place = place;
    s->stdio = server->type && !strcmp(server->type, "stdio");
    buf_init(&s->last_failure, BUF_SMALL);
    buf_init(&s->listing.page.cursor, BUF_SMALL);
    s->timer = timer_new(place->loop, on_patience_over, s);
    if (!s->timer || mcp_copy_make(&s->server, server)) {
        mcp_session_free(s);
        return error_set(err, STATUS_NO_MEMORY, "out of memory for an MCP server");
    }
    *out = s;
    return STATUS_OK;
}

static void let_go(struct mcp_requests *list)
{
    for (struct mcp_request *r; (r = list->first);) {
        mcp_requests_remove(r);
        timer_stop(r->timer);
        r->session = NULL;
    }
}

void mcp_session_free(struct mcp_session *s)
{
    if (!s)
        return;
    let_go(&s->waiting);
    let_go(&s->flying);
    let_go(&s->listers);
    if (s->timer)
        mcp_connect_drop(s);
    timer_free(s->timer);
    mcp_tools_drop(s->listing.tools);
    mcp_tools_drop(s->tools);
    buf_release(&s->listing.page.cursor);
    buf_release(&s->last_failure);
    mcp_copy_release(&s->server);
    free(s);
}

bool mcp_session_idle(const struct mcp_session *s)
{
    return !s->requests;
}

void mcp_session_left(struct mcp_session *s)
{
    s->requests--;
}

int64_t mcp_session_timeout(const struct mcp_session *s)
{
    return s->server.timeout_ms > 0 ? s->server.timeout_ms : MCP_TIMEOUT_MS;
}

void mcp_session_prefix(const struct mcp_session *s, struct error *err)
{
    error_prefix(err, "mcp server \"%s\"", s->server.id ? s->server.id : "");
}

/* ---- what it is told ---- */

enum status mcp_session_send(
    struct mcp_session *s, struct mcp_message *m, const struct buf *json, struct error *err)
{
    if (buf_status(json))
        return error_set(err, buf_status(json), "a message to it is too long");
    m->json = buf_str(json);
    m->len = json->len;
    m->modern = s->state == MCP_PROBING || (s->state == MCP_READY && s->era == MCP_ERA_MODERN);
    m->protocol = m->modern ? MCP_MODERN : s->state == MCP_READY ? s->revision : NULL;
    return s->wire->ops->send(s->wire, m, err);
}

void mcp_session_cancel(struct mcp_session *s, int64_t id, const char *reason)
{
    struct error err;
    struct buf json;
    struct mcp_message m = {.method = "notifications/cancelled"};
    if (!s->wire)
        return;
    s->wire->ops->forget(s->wire, id);
    /* Over HTTP a modern server sees it by the end of the exchange. */
    if (s->state != MCP_READY || (s->era == MCP_ERA_MODERN && strcmp(s->server.type, "stdio") != 0))
        return;
    buf_init(&json, BUF_SMALL);
    mcp_write_canceled(&json, id, reason);
    mcp_session_send(s, &m, &json, &err); /* a courtesy */
    buf_release(&json);
}

static void send_call(struct mcp_session *s, struct mcp_request *r)
{
    struct error err;
    struct buf json;
    const struct mcp_call *call = r->call;
    struct mcp_message m = {.id = ++s->last_id,
        .method = "tools/call",
        .name = call->tool,
        .timeout_ms = r->timeout_ms};
    buf_init(&json, MCP_MESSAGE_MAX);
    enum status st =
        mcp_write_call(&json, m.id, s->era == MCP_ERA_MODERN, call->tool, call->arguments, &err);
    mcp_requests_remove(r);
    mcp_requests_add(&s->flying, r);
    r->id = m.id;
    if (!st)
        st = mcp_session_send(s, &m, &json, &err);
    if (st) {
        mcp_session_prefix(s, &err);
        mcp_request_failed(r, &err);
    }
    buf_release(&json);
}

void mcp_session_pump(struct mcp_session *s)
{
    if (s->state != MCP_READY) {
        mcp_connect(s);
        return;
    }
    mcp_list_pump(s);
    while (s->waiting.first)
        send_call(s, s->waiting.first);
}

void mcp_session_ask(struct mcp_session *s, struct mcp_request *r)
{
    const struct mcp_call *call = r->call;
    r->session = s;
    s->requests++;
    s->used_ms = loop_now(s->place->loop);
    if (!call && mcp_list_is_fresh(s)) {
        mcp_request_listed(r, mcp_tools_share(s->tools));
        return;
    }
    r->timeout_ms = call && call->timeout_ms > 0 ? call->timeout_ms : mcp_session_timeout(s);
    timer_start(r->timer, r->timeout_ms);
    mcp_requests_add(call ? &s->waiting : &s->listers, r);
    mcp_session_pump(s);
}

/* ---- what is not waited for any more ---- */

static void give_up(struct mcp_request *r, const char *reason)
{
    struct mcp_session *s = r->session;
    mcp_requests_remove(r);
    if (r->id)
        mcp_session_cancel(s, r->id, reason);
    else if (!r->call && (!s->listers.first || mcp_list_is_late(s)))
        mcp_list_abandon(s, reason);
}

static const char *waits_for(const struct mcp_request *r)
{
    static const char *const hello[] = {
        [MCP_DOWN] = "begin", [MCP_PROBING] = "server/discover", [MCP_INITIALIZING] = "initialize"};
    const struct mcp_session *s = r->session;
    return s->state != MCP_READY ? hello[s->state] : r->call ? "tools/call" : "tools/list";
}

void mcp_session_late(struct mcp_request *r)
{
    struct mcp_session *s = r->session;
    struct error err;
    char within[32];
    units_print_duration(r->timeout_ms, within);
    error_set(&err, STATUS_TIMEOUT, "no answer to %s within %s", waits_for(r), within);
    mcp_session_prefix(s, &err);
    give_up(r, "it took too long");
    mcp_request_failed(r, &err);
    if (s->state == MCP_READY)
        mcp_session_pump(s); /* for others the list is asked for once more */
}

void mcp_session_forget(struct mcp_request *r)
{
    struct mcp_session *s = r->session;
    give_up(r, "nobody waits for it");
    r->session = NULL;
    mcp_session_left(s);
}

void mcp_session_fail_all(struct mcp_session *s, const struct error *why)
{
    mcp_list_failed(s, why);
    while (s->flying.first)
        mcp_request_failed(s->flying.first, why);
    while (s->waiting.first)
        mcp_request_failed(s->waiting.first, why);
}

/* The server does not answer what the connection begins with. */
static void on_patience_over(void *ctx)
{
    struct mcp_session *s = ctx;
    struct error err;
    char within[32];
    if (s->state == MCP_PROBING && s->stdio) {
        mcp_connect_silent(s);
        return;
    }
    units_print_duration(mcp_session_timeout(s), within);
    error_set(&err, STATUS_TIMEOUT, "no answer to %s within %s",
        s->state == MCP_PROBING ? "server/discover" : "initialize", within);
    mcp_connect_lost(s, &err);
}

/* ---- what it says ---- */

static struct mcp_request *find(struct mcp_session *s, int64_t id)
{
    struct mcp_request *r = s->flying.first;
    while (r && r->id != id)
        r = r->next;
    return r;
}

/* It was not done, as the server did not know us, or is one of another kind: once more. */
static void repeat(struct mcp_session *s, int64_t id, struct mcp_request *r, bool other_era)
{
    bool current = s->state == MCP_READY && id > s->began_id;
    if (r) {
        r->repeated = true;
        r->id = 0;
        mcp_requests_remove(r);
        mcp_requests_add(&s->waiting, r);
    } else {
        mcp_list_repeat(s);
    }
    if (current)
        mcp_connect_again(s, other_era);
    else
        mcp_session_pump(s);
}

static void say_result(
    struct mcp_session *s, struct mcp_request *r, const struct json_slice *result)
{
    struct buf text;
    struct error err;
    bool failed;
    size_t max = r->call->result_max < RESULT_MAX ? r->call->result_max : RESULT_MAX;
    buf_init(&text, max + BUF_SMALL);
    mcp_connect_works(s);
    if (mcp_read_call(result, max, &failed, &text, &err)) {
        mcp_session_prefix(s, &err);
        mcp_request_failed(r, &err);
    } else {
        mcp_request_said(r, failed, &text);
    }
    buf_release(&text);
}

static void say_fault(struct mcp_session *s, struct mcp_request *r, const struct json_slice *body)
{
    struct mcp_fault f;
    struct error err;
    mcp_connect_works(s);
    mcp_read_fault(body, &f);
    error_set(&err, STATUS_BACKEND, "%s (error %lld)",
        *f.message ? f.message : "it gives no reason", (long long)f.code);
    mcp_session_prefix(s, &err);
    mcp_request_failed(r, &err);
}

static bool is_wrong_revision(const struct mcp_reading *m)
{
    struct mcp_fault f;
    return m->kind == MCP_ERROR && mcp_read_fault(&m->body, &f) && f.code == MCP_WRONG_REVISION;
}

static void on_answer(struct mcp_session *s, const struct mcp_reading *m)
{
    struct mcp_request *r;
    bool listing = s->listing.id && m->id == s->listing.id;
    if (m->id < 0 || mcp_connect_answer(s, m))
        return;
    r = find(s, m->id);
    if ((listing || r) && is_wrong_revision(m) && !(r ? r->repeated : s->listing.repeated))
        repeat(s, m->id, r, true);
    else if (listing)
        mcp_list_answer(s, m);
    else if (r && m->kind == MCP_ANSWER)
        say_result(s, r, &m->body);
    else if (r)
        say_fault(s, r, &m->body);
}

static void on_notification(struct mcp_session *s, const struct mcp_reading *m)
{
    static const char *const names[] = {"requestId"};
    struct json_slice id;
    if (json_slice_is(&m->method, "notifications/tools/list_changed"))
        mcp_list_changed(s);
    else if (json_slice_is(&m->method, "notifications/subscriptions/acknowledged"))
        s->tells_changes = s->era == MCP_ERA_MODERN;
    else if (json_slice_is(&m->method, "notifications/cancelled") &&
             mcp_members(&m->body, names, &id, 1) && s->listen_id &&
             json_slice_int(&id, 0) == s->listen_id)
        s->tells_changes = false;
}

static void on_request(struct mcp_session *s, const struct mcp_reading *m)
{
    struct error err;
    struct buf json;
    struct mcp_message reply = {.method = ""};
    buf_init(&json, BUF_SMALL);
    mcp_write_reply(&json, m);
    mcp_session_send(s, &reply, &json, &err); /* it does not read: its own affair */
    buf_release(&json);
}

static void on_nonsense(struct mcp_session *s, const char *text, size_t len)
{
    struct error err;
    if (++s->nonsense < MCP_NONSENSE_MAX)
        return;
    error_set(&err, STATUS_BACKEND, "it says %d times in a row what is no message, lastly \"%.*s\"",
        MCP_NONSENSE_MAX, (int)utf8_cut(text, len, 100), text);
    mcp_connect_lost(s, &err);
}

static void take(struct mcp_session *s, const char *text, size_t len)
{
    struct mcp_reading m;
    enum mcp_kind kind = mcp_read(&m, text, len);
    if (kind == MCP_NONSENSE) {
        on_nonsense(s, text, len);
        return;
    }
    s->nonsense = 0;
    if (kind == MCP_NOTIFICATION)
        on_notification(s, &m);
    else if (kind == MCP_REQUEST)
        on_request(s, &m);
    else
        on_answer(s, &m);
}

/* A revision has batches: several messages in an array. */
static void take_batch(struct mcp_session *s, const char *text, size_t len)
{
    struct json_scan scan;
    struct json_slice item;
    unsigned connection = s->connections;
    json_scan_init(&scan, text, len);
    if (!json_scan_array(&scan))
        return;
    while (json_scan_element(&scan)) {
        json_scan_value(&scan, &item);
        if (!scan.failed)
            take(s, item.bytes, item.len);
        if (s->connections != connection)
            return; /* and the text with it */
    }
}

static void on_message(void *ctx, const char *json, size_t len)
{
    struct mcp_session *s = ctx;
    if (len && *json == '[')
        take_batch(s, json, len);
    else
        take(s, json, len);
}

/* ---- what its connection says ---- */

/* Of HTTP: whether the server does not know our session any more, or wants another revision. */
static bool is_unknown_to(const char *body, int http_status, const struct mcp_fault *f)
{
    if (f->code == MCP_WRONG_REVISION)
        return true;
    return (http_status == 404 && f->code != MCP_NO_METHOD) ||
           (http_status == 400 && (f->code == MCP_BAD_SESSION || strcasestr(body, "session")));
}

static void on_failed(
    void *ctx, int64_t id, int http_status, const char *body, const struct error *why)
{
    struct mcp_session *s = ctx;
    struct mcp_request *r = id ? find(s, id) : NULL;
    struct mcp_reading m;
    struct mcp_fault f = {0};
    struct error err = *why;
    if (!id || mcp_connect_failed(s, id, http_status, body, why) || (!r && id != s->listing.id))
        return;
    if (mcp_read(&m, body, strlen(body)) == MCP_ERROR)
        mcp_read_fault(&m.body, &f);
    m.id = id;
    mcp_session_prefix(s, &err);
    if (!(r ? r->repeated : s->listing.repeated) && is_unknown_to(body, http_status, &f))
        repeat(s, id, r, f.code == MCP_WRONG_REVISION);
    else if (r)
        mcp_request_failed(r, &err);
    else if (f.code == MCP_NO_METHOD)
        mcp_list_answer(s, &m);
    else
        mcp_list_failed(s, &err);
}

static void on_lost(void *ctx, const struct error *why)
{
    struct mcp_session *s = ctx;
    if (!mcp_connect_spare(s))
        mcp_connect_lost(s, why);
}

const struct mcp_wire_listener mcp_session_listener = {on_message, on_failed, on_lost};
