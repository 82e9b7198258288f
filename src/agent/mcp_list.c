/* The list of an MCP server's tools: asked for once for all who want it, page after page, and kept
 * as long as it is good. */
#include "agent/mcp_session.h"

bool mcp_list_is_fresh(const struct mcp_session *s)
{
    return s->tools && loop_now(s->place->loop) < s->fresh_until_ms;
}

bool mcp_list_is_late(const struct mcp_session *s)
{
    int64_t waited = loop_now(s->place->loop) - s->listing.asked_ms;
    return s->listing.id && waited >= mcp_session_timeout(s);
}

void mcp_list_changed(struct mcp_session *s)
{
    s->fresh_until_ms = 0;
    s->listing.changed = true;
}

static void clear(struct mcp_listing *l)
{
    mcp_tools_drop(l->tools);
    l->tools = NULL;
    l->id = 0;
    buf_reset(&l->page.cursor);
}

static void fail_listers(struct mcp_session *s, const struct error *why)
{
    while (s->listers.first)
        mcp_request_failed(s->listers.first, why);
}

void mcp_list_failed(struct mcp_session *s, const struct error *why)
{
    clear(&s->listing);
    s->listing.repeated = false;
    fail_listers(s, why);
}

static void fail_prefixed(struct mcp_session *s, struct error *why)
{
    mcp_session_prefix(s, why);
    mcp_list_failed(s, why);
}

void mcp_list_abandon(struct mcp_session *s, const char *reason)
{
    int64_t id = s->listing.id;
    clear(&s->listing);
    if (id)
        mcp_session_cancel(s, id, reason);
}

void mcp_list_repeat(struct mcp_session *s)
{
    clear(&s->listing);
    s->listing.repeated = true;
}

static void ask_page(struct mcp_session *s)
{
    struct mcp_listing *l = &s->listing;
    struct error err;
    struct buf json;
    struct mcp_message m = {
        .id = ++s->last_id, .method = "tools/list", .timeout_ms = mcp_session_timeout(s)};
    buf_init(&json, 2 * BUF_SMALL);
    mcp_write_list(&json, m.id, s->era == MCP_ERA_MODERN, buf_str(&l->page.cursor));
    l->id = m.id;
    l->asked_ms = loop_now(s->place->loop);
    if (mcp_session_send(s, &m, &json, &err))
        fail_prefixed(s, &err);
    buf_release(&json);
}

void mcp_list_pump(struct mcp_session *s)
{
    struct mcp_listing *l = &s->listing;
    struct error err;
    if (!s->listers.first || l->id)
        return;
    bool repeated = l->repeated;
    clear(l);
    l->pages = 0;
    l->ttl_ms = -1;
    l->changed = false;
    l->repeated = repeated;
    l->tools = mcp_tools_new();
    if (l->tools) {
        ask_page(s);
        return;
    }
    error_set(&err, STATUS_NO_MEMORY, "out of memory for a list of tools");
    fail_prefixed(s, &err);
}

/* The operator's word counts, then the server's, unless it tells when the list changes. */
static int64_t good_for(const struct mcp_session *s)
{
    int64_t ttl = s->listing.ttl_ms;
    if (s->server.list_ms > 0)
        return s->server.list_ms;
    if (ttl < 0 || s->tells_changes)
        return MCP_LIST_MS;
    return ttl < MCP_TTL_MAX_MS ? ttl : MCP_TTL_MAX_MS;
}

static void complete(struct mcp_session *s)
{
    struct mcp_listing *l = &s->listing;
    mcp_tools_drop(s->tools);
    s->tools = l->tools;
    l->tools = NULL;
    l->repeated = false;
    clear(l);
    s->fresh_until_ms = l->changed ? 0 : loop_now(s->place->loop) + good_for(s);
    while (s->listers.first)
        mcp_request_listed(s->listers.first, mcp_tools_share(s->tools));
}

static void take_page(struct mcp_session *s, const struct json_slice *result)
{
    struct mcp_listing *l = &s->listing;
    struct error err;
    enum status st = mcp_read_page(result, l->tools, &l->page, &err);
    int64_t ttl = l->page.ttl_ms;
    if (ttl >= 0 && (l->ttl_ms < 0 || ttl < l->ttl_ms))
        l->ttl_ms = ttl;
    if (!st && l->page.cursor.len && ++l->pages >= MCP_PAGES_MAX)
        st =
            error_set(&err, STATUS_BACKEND, "a list of tools of more than %d pages", MCP_PAGES_MAX);
    if (st)
        fail_prefixed(s, &err);
    else if (l->page.cursor.len)
        ask_page(s);
    else
        complete(s);
}

bool mcp_list_answer(struct mcp_session *s, const struct mcp_reading *r)
{
    struct mcp_fault f;
    struct error err;
    if (!s->listing.id || r->id != s->listing.id)
        return false;
    mcp_connect_works(s);
    if (r->kind == MCP_ANSWER) {
        take_page(s, &r->body);
    } else if (mcp_read_fault(&r->body, &f) && f.code == MCP_NO_METHOD) {
        complete(s); /* a server that has no tools */
    } else {
        error_set(&err, STATUS_BACKEND, "it refuses tools/list: %s (error %lld)",
            *f.message ? f.message : "no reason", (long long)f.code);
        fail_prefixed(s, &err);
    }
    return true;
}
