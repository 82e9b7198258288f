/*
 * The connection to an MCP server. It begins with the question which revision is spoken:
 * server/discover is answered by a modern server alone, and whatever else comes of it, or nothing
 * from a child, is an older one, which wants initialize. What was found is remembered.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/mcp_session.h"
#include "base/units.h"

/* ---- lost ---- */

void mcp_connect_drop(struct mcp_session *s)
{
    struct mcp_wire *wire = s->wire;
    s->wire = NULL;
    s->state = MCP_DOWN;
    s->hello_id = s->probe_id = s->listen_id = 0;
    s->tells_changes = false;
    s->nonsense = 0;
    timer_stop(s->timer);
    if (!wire)
        return;
    s->connections++;
    wire->ops->close(wire);
}

void mcp_connect_works(struct mcp_session *s)
{
    s->failures = 0;
}

/* The first restart of a child is immediate, for each further one there is a pause. */
static void count_failure(struct mcp_session *s, const struct error *why)
{
    int64_t pause = MCP_PAUSE_MS;
    buf_reset(&s->last_failure);
    buf_adds(&s->last_failure, why->text);
    if (++s->failures < 2 || !s->stdio)
        return;
    for (int i = 2; i < s->failures && pause < MCP_PAUSE_MAX_MS; i++)
        pause *= 2;
    s->not_before_ms =
        loop_now(s->place->loop) + (pause < MCP_PAUSE_MAX_MS ? pause : MCP_PAUSE_MAX_MS);
}

void mcp_connect_lost(struct mcp_session *s, const struct error *why)
{
    struct error err = *why;
    if (s->state != MCP_READY)
        s->era = MCP_ERA_UNKNOWN;
    s->spared = false;
    s->fresh_until_ms = 0;
    mcp_connect_drop(s);
    count_failure(s, &err);
    mcp_session_prefix(s, &err);
    mcp_session_fail_all(s, &err);
}

/* ---- made ---- */

typedef void write_hello(struct buf *out, int64_t id);

static void say_hello(
    struct mcp_session *s, write_hello *write, struct mcp_message *m, int64_t patience_ms)
{
    struct error err;
    struct buf json;
    buf_init(&json, BUF_SMALL);
    m->id = s->hello_id = ++s->last_id;
    m->timeout_ms = mcp_session_timeout(s);
    write(&json, m->id);
    timer_start(s->timer, patience_ms);
    if (mcp_session_send(s, m, &json, &err))
        mcp_connect_lost(s, &err);
    buf_release(&json);
}

static void initialize(struct mcp_session *s)
{
    struct mcp_message m = {.method = "initialize"};
    s->state = MCP_INITIALIZING;
    say_hello(s, mcp_write_initialize, &m, mcp_session_timeout(s));
}

static void discover(struct mcp_session *s)
{
    int64_t patience = mcp_session_timeout(s);
    struct mcp_message m = {.method = "server/discover"};
    s->state = MCP_PROBING;
    s->remembered = false;
    s->probe_id = s->last_id + 1;
    say_hello(
        s, mcp_write_discover, &m, s->stdio && patience > MCP_PROBE_MS ? MCP_PROBE_MS : patience);
}

static void begin(struct mcp_session *s)
{
    s->remembered = s->era != MCP_ERA_UNKNOWN;
    if (s->era == MCP_ERA_LEGACY || s->spared)
        initialize(s);
    else
        discover(s);
}

static enum status open_wire(struct mcp_session *s, struct error *err)
{
    if (s->stdio)
        return mcp_stdio_open(
            &s->place->children, &s->server, &mcp_session_listener, s, &s->wire, err);
    return mcp_http_open(
        s->place->loop, s->place->transport, &s->server, &mcp_session_listener, s, &s->wire, err);
}

void mcp_connect(struct mcp_session *s)
{
    struct error err;
    int64_t wait = s->not_before_ms - loop_now(s->place->loop);
    if (s->wire)
        return;
    if (s->failures >= 2 && wait > 0) {
        char text[32];
        units_print_duration((wait + 999) / 1000 * 1000, text);
        error_set(&err, STATUS_UNAVAILABLE,
            "it failed %d times in a row, and is started again in %s; the last time: %s",
            s->failures, text, buf_str(&s->last_failure));
        mcp_session_prefix(s, &err);
        mcp_session_fail_all(s, &err);
    } else if (open_wire(s, &err)) {
        s->wire = NULL;
        mcp_connect_lost(s, &err);
    } else {
        begin(s);
    }
}

void mcp_connect_again(struct mcp_session *s, bool other_era)
{
    if (other_era)
        s->era = MCP_ERA_UNKNOWN;
    begin(s);
}

void mcp_connect_silent(struct mcp_session *s)
{
    initialize(s);
}

bool mcp_connect_spare(struct mcp_session *s)
{
    if (s->state != MCP_PROBING || s->spared || s->era != MCP_ERA_UNKNOWN)
        return false;
    s->spared = true;
    mcp_connect_drop(s);
    mcp_connect(s);
    return true;
}

/* ---- begun ---- */

/* A child tells of changes to whom has asked; over HTTP a time does. */
static void listen(struct mcp_session *s, const struct mcp_hello *h)
{
    struct error err;
    struct buf json;
    struct mcp_message m = {.id = s->last_id + 1, .method = "subscriptions/listen"};
    if (!s->stdio || !h->list_changes)
        return;
    s->listen_id = ++s->last_id;
    buf_init(&json, BUF_SMALL);
    mcp_write_listen(&json, m.id);
    mcp_session_send(s, &m, &json, &err); /* or else a time does */
    buf_release(&json);
}

static void say_initialized(struct mcp_session *s)
{
    struct error err;
    struct buf json;
    struct mcp_message m = {.method = "notifications/initialized"};
    buf_init(&json, BUF_SMALL);
    mcp_write_initialized(&json);
    if (mcp_session_send(s, &m, &json, &err))
        mcp_connect_lost(s, &err);
    buf_release(&json);
}

static void ready(struct mcp_session *s, enum mcp_era era, const struct mcp_hello *h)
{
    timer_stop(s->timer);
    s->state = MCP_READY;
    s->era = era;
    s->spared = false;
    s->hello_id = s->probe_id = 0;
    s->began_id = s->last_id;
    memcpy(s->revision, h->revision, sizeof s->revision);
    if (era == MCP_ERA_MODERN) {
        listen(s, h);
    } else {
        s->tells_changes = h->list_changes && s->stdio;
        say_initialized(s);
    }
    if (s->wire)
        mcp_session_pump(s);
}

static void speaks_unknown(struct mcp_session *s, const char *revisions)
{
    struct error err;
    error_set(&err, STATUS_BACKEND,
        "it speaks the revision \"%s\" of the protocol; known are 2024-11-05 to " MCP_REVISION
        " and " MCP_MODERN,
        revisions);
    mcp_connect_lost(s, &err);
}

static void refused(struct mcp_session *s, const struct mcp_fault *f)
{
    struct error err;
    error_set(&err, STATUS_BACKEND, "it refuses to begin: %s (error %lld)",
        *f->message ? f->message : "no reason", (long long)f->code);
    mcp_connect_lost(s, &err);
}

static void discovered(struct mcp_session *s, const struct mcp_hello *h)
{
    if (h->known || !strcmp(h->revision, MCP_MODERN))
        ready(s, MCP_ERA_MODERN, h);
    else if (h->takes_legacy || !*h->supported)
        initialize(s);
    else
        speaks_unknown(s, h->supported);
}

/* What a server says that was asked server/discover and is not modern, or not as we are. */
static void not_discovered(struct mcp_session *s, const struct mcp_fault *f)
{
    if (!f || !mcp_fault_is_modern(f) || f->takes_legacy)
        initialize(s);
    else if (*f->supported)
        speaks_unknown(s, f->supported);
    else
        refused(s, f);
}

/* What was remembered of the server may not be so any more. */
static void not_initialized(struct mcp_session *s, const struct mcp_fault *f)
{
    if (s->remembered)
        discover(s);
    else
        refused(s, f);
}

bool mcp_connect_answer(struct mcp_session *s, const struct mcp_reading *r)
{
    struct mcp_hello h;
    struct mcp_fault f;
    bool late = s->state == MCP_INITIALIZING && s->probe_id && r->id == s->probe_id;
    if (late && r->kind == MCP_ANSWER && mcp_read_hello(&r->body, &h) && h.known && *h.supported) {
        ready(s, MCP_ERA_MODERN, &h);
        return true;
    }
    if (!s->hello_id || r->id != s->hello_id)
        return false;
    bool said = r->kind == MCP_ANSWER && mcp_read_hello(&r->body, &h);
    if (r->kind == MCP_ERROR)
        mcp_read_fault(&r->body, &f);
    else
        f = (struct mcp_fault){.message = "an answer that is none"};
    if (s->state == MCP_PROBING && said)
        discovered(s, &h);
    else if (s->state == MCP_PROBING)
        not_discovered(s, r->kind == MCP_ERROR ? &f : NULL);
    else if (said && h.known)
        ready(s, MCP_ERA_LEGACY, &h);
    else if (said)
        speaks_unknown(s, h.revision);
    else
        not_initialized(s, &f);
    return true;
}

/* HTTP's own refusals are no words of an older server. */
static bool is_no_answer(int http_status)
{
    static const int none[] = {0, 401, 403, 407, 408, 429, 502, 503, 504};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (none[i] == http_status)
            return true;
    return false;
}

bool mcp_connect_failed(
    struct mcp_session *s, int64_t id, int http_status, const char *body, const struct error *why)
{
    struct mcp_reading r;
    struct mcp_fault f;
    if (!s->hello_id || id != s->hello_id)
        return false;
    bool fault = mcp_read(&r, body, strlen(body)) == MCP_ERROR && mcp_read_fault(&r.body, &f);
    if (is_no_answer(http_status))
        mcp_connect_lost(s, why);
    else if (s->state == MCP_PROBING)
        not_discovered(s, fault ? &f : NULL);
    else if (s->remembered)
        discover(s);
    else
        mcp_connect_lost(s, why);
    return true;
}
