/* MCP servers that say what a test wants, in place of those of src/agent/mcp.c: "things" lists its
 * tools at once, "broken" has none to list, "silent" never answers. */
#ifndef TESTS_UNIT_UNIT_MCP_H
#define TESTS_UNIT_UNIT_MCP_H

#include "agent/mcp.h"
#include "base/json.h"
#include "net/loop.h"
#include "unit.h"

struct mcp {
    struct loop *loop;
    const struct mcp_tool *tools; /* of "things" */
    size_t count;
    int requests; /* alive */
};

struct mcp_request {
    struct mcp *mcp;
    struct job job;
    const struct mcp_handler *handler;
    void *ctx;
    const char *server;
    const struct mcp_call *call; /* NULL: a list */
};

static struct mcp unit_mcp;

static void unit_mcp_answer(struct job *job)
{
    struct mcp_request *r =
        (struct mcp_request *)(void *)((char *)job - offsetof(struct mcp_request, job));
    struct error err;
    char text[256];
    if (!strcmp(r->server, "silent"))
        return;
    if (r->call) {
        int len = snprintf(text, sizeof text, "%s(%s)", r->call->tool, r->call->arguments);
        r->handler->called(r->ctx, !strcmp(r->call->tool, "fails"), text, (size_t)len);
    } else if (!strcmp(r->server, "broken")) {
        error_set(&err, STATUS_TIMEOUT, "mcp server \"broken\": no answer");
        r->handler->listed(r->ctx, NULL, 0, &err);
    } else {
        r->handler->listed(r->ctx, unit_mcp.tools, unit_mcp.count, NULL);
    }
}

static struct mcp_request *unit_mcp_ask(
    struct mcp *m, const struct mcp_server *server, const struct mcp_handler *handler, void *ctx)
{
    struct mcp_request *r = calloc(1, sizeof *r);
    ck_assert_ptr_nonnull(r);
    *r = (struct mcp_request){.mcp = m,
        .handler = handler,
        .ctx = ctx,
        .server = server->id,
        .job = {.run = unit_mcp_answer}};
    m->requests++;
    loop_defer(m->loop, &r->job);
    return r;
}

enum status mcp_open(struct mcp **out, struct loop *l, struct transport *t, struct error *err)
{
    (void)t, (void)err;
    unit_mcp.loop = l;
    *out = &unit_mcp;
    return STATUS_OK;
}

void mcp_close(struct mcp *m)
{
    ck_assert(!m || !m->requests);
}

enum status mcp_list(struct mcp *m, const struct mcp_server *server,
    const struct mcp_handler *handler, void *ctx, struct mcp_request **out, struct error *err)
{
    (void)err;
    *out = unit_mcp_ask(m, server, handler, ctx);
    return STATUS_OK;
}

enum status mcp_call(struct mcp *m, const struct mcp_call *call, const struct mcp_handler *handler,
    void *ctx, struct mcp_request **out, struct error *err)
{
    (void)err;
    *out = unit_mcp_ask(m, call->server, handler, ctx);
    (*out)->call = call;
    return STATUS_OK;
}

void mcp_request_free(struct mcp_request *r)
{
    if (!r)
        return;
    r->mcp->requests--;
    loop_undefer(r->mcp->loop, &r->job);
    free(r);
}

#endif
