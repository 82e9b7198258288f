/* All MCP servers of a process: sessions by what is configured. */
#include "agent/mcp.h"

#include <stdlib.h>
#include <string.h>

#include "agent/mcp_copy.h"
#include "agent/mcp_session.h"

struct mcp {
    struct mcp_place place;
    struct mcp_session *first;
    size_t count;
};

enum status mcp_open(struct mcp **out, struct loop *l, struct transport *t, struct error *err)
{
    struct mcp *m = calloc(1, sizeof *m);
    if (!m)
        return error_set(err, STATUS_NO_MEMORY, "out of memory for MCP servers");
    m->place.loop = l;
    m->place.transport = t;
    children_init(&m->place.children, l);
    *out = m;
    return STATUS_OK;
}

void mcp_close(struct mcp *m)
{
    if (!m)
        return;
    for (struct mcp_session *s; (s = m->first);) {
        m->first = s->next;
        mcp_session_free(s);
    }
    children_end(&m->place.children);
    free(m);
}

static void close_session(struct mcp *m, struct mcp_session **at)
{
    struct mcp_session *s = *at;
    *at = s->next;
    m->count--;
    mcp_session_free(s);
}

/* Closes what is idle and was configured anew. */
static void sweep(struct mcp *m)
{
    for (struct mcp_session **at = &m->first; *at;)
        if ((*at)->replaced && mcp_session_idle(*at))
            close_session(m, at);
        else
            at = &(*at)->next;
}

/* Closes the one that is idle for longest; false: none is. */
static bool make_room(struct mcp *m)
{
    struct mcp_session **oldest = NULL;
    for (struct mcp_session **at = &m->first; *at; at = &(*at)->next)
        if (mcp_session_idle(*at) && (!oldest || (*at)->used_ms < (*oldest)->used_ms))
            oldest = at;
    if (oldest)
        close_session(m, oldest);
    return oldest;
}

static enum status add_session(
    struct mcp *m, const struct mcp_server *server, struct mcp_session **out, struct error *err)
{
    for (struct mcp_session *s = m->first; s; s = s->next)
        if (s->server.id && server->id && !strcmp(s->server.id, server->id))
            s->replaced = true;
    if (m->count >= MCP_SERVERS_MAX && !make_room(m))
        return error_set(
            err, STATUS_UNAVAILABLE, "more than %d MCP servers are in use", MCP_SERVERS_MAX);
    enum status st = mcp_session_new(out, &m->place, server, err);
    if (st)
        return st;
    (*out)->next = m->first;
    m->first = *out;
    m->count++;
    return STATUS_OK;
}

static enum status ask(
    struct mcp *m, const struct mcp_server *server, struct mcp_request *r, struct error *err)
{
    sweep(m);
    struct mcp_session *s = m->first;
    while (s && !mcp_copy_alike(&s->server, server))
        s = s->next;
    enum status st = s ? STATUS_OK : add_session(m, server, &s, err);
    if (!st && s->requests >= MCP_REQUESTS_MAX)
        st = error_set(err, STATUS_UNAVAILABLE,
            "mcp server \"%s\": %d requests to it are in flight", server->id, MCP_REQUESTS_MAX);
    if (!st)
        mcp_session_ask(s, r);
    return st;
}

static enum status start(struct mcp *m, const struct mcp_server *server, struct mcp_request *r,
    struct mcp_request **out, struct error *err)
{
    enum status st = ask(m, server, r, err);
    if (st)
        mcp_request_release(r);
    else
        *out = r;
    return st;
}

enum status mcp_list(struct mcp *m, const struct mcp_server *server,
    const struct mcp_handler *handler, void *ctx, struct mcp_request **out, struct error *err)
{
    struct mcp_request *r;
    enum status st = mcp_request_new(&r, m->place.loop, handler, ctx, err);
    return st ? st : start(m, server, r, out, err);
}

enum status mcp_call(struct mcp *m, const struct mcp_call *call, const struct mcp_handler *handler,
    void *ctx, struct mcp_request **out, struct error *err)
{
    struct mcp_request *r;
    enum status st = mcp_request_new(&r, m->place.loop, handler, ctx, err);
    if (st)
        return st;
    r->call = call;
    return start(m, call->server, r, out, err);
}

void mcp_request_free(struct mcp_request *r)
{
    if (!r)
        return;
    if (r->session)
        mcp_session_forget(r);
    mcp_request_release(r);
}
