#include "agent/mcp_request.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/mcp_session.h"

void mcp_requests_add(struct mcp_requests *list, struct mcp_request *r)
{
    r->list = list;
    r->next = NULL;
    r->prev = list->last;
    *(r->prev ? &r->prev->next : &list->first) = r;
    list->last = r;
}

void mcp_requests_remove(struct mcp_request *r)
{
    struct mcp_requests *list = r->list;
    if (!list)
        return;
    *(r->prev ? &r->prev->next : &list->first) = r->next;
    *(r->next ? &r->next->prev : &list->last) = r->prev;
    r->list = NULL;
    r->next = r->prev = NULL;
}

/* The handler may free the request: what it is told is not in it any more. */
static void tell(struct job *job)
{
    struct mcp_request *r =
        (struct mcp_request *)((char *)job - offsetof(struct mcp_request, told));
    const struct mcp_handler handler = r->handler;
    struct mcp_tools *tools = r->tools;
    struct buf text = r->text;
    struct error err = {.status = r->status};
    r->tools = NULL;
    buf_init(&r->text, 0);
    if (r->call) {
        handler.called(r->ctx, r->failed, buf_str(&text), text.len);
    } else if (r->status) {
        snprintf(err.text, sizeof err.text, "%s", buf_str(&text));
        handler.listed(r->ctx, NULL, 0, &err);
    } else {
        handler.listed(r->ctx, tools->items, tools->count, NULL);
    }
    mcp_tools_drop(tools);
    buf_release(&text);
}

static void end(struct mcp_request *r)
{
    mcp_requests_remove(r);
    if (r->session)
        mcp_session_left(r->session);
    r->session = NULL;
    timer_stop(r->timer);
    loop_defer(r->loop, &r->told);
}

void mcp_request_said(struct mcp_request *r, bool failed, struct buf *text)
{
    r->failed = failed;
    r->text = *text;
    buf_init(text, 0);
    end(r);
}

void mcp_request_listed(struct mcp_request *r, struct mcp_tools *tools)
{
    r->tools = tools;
    end(r);
}

void mcp_request_failed(struct mcp_request *r, const struct error *why)
{
    r->failed = true;
    r->status = why->status;
    buf_adds(&r->text, why->text);
    end(r);
}

static void on_timer(void *ctx)
{
    mcp_session_late(ctx);
}

enum status mcp_request_new(struct mcp_request **out, struct loop *l,
    const struct mcp_handler *handler, void *ctx, struct error *err)
{
    struct mcp_request *r = calloc(1, sizeof *r);
    if (r) {
        *r =
            (struct mcp_request){.handler = *handler, .ctx = ctx, .loop = l, .told = {.run = tell}};
        buf_init(&r->text, BUF_SMALL);
        r->timer = timer_new(l, on_timer, r);
    }
    if (!r || !r->timer) {
        free(r);
        return error_set(err, STATUS_NO_MEMORY, "out of memory for a request to an MCP server");
    }
    *out = r;
    return STATUS_OK;
}

void mcp_request_release(struct mcp_request *r)
{
    loop_undefer(r->loop, &r->told);
    timer_free(r->timer);
    mcp_tools_drop(r->tools);
    buf_release(&r->text);
    free(r);
}
