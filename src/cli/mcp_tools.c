#include "cli/mcp_tools.h"

#include <signal.h>
#include <string.h>

#include "agent/mcp.h"
#include "cli/output.h"
#include "net/loop.h"
#include "net/transport.h"

/* One question to one server. */
struct question {
    struct loop *loop;
    struct transport *transport;
    struct mcp *mcp;
    struct mcp_request *request;
    struct json_writer *w;
    struct error *err;
    enum status result;
};

static void write_tool(const struct mcp_tool *t, struct json_writer *w)
{
    json_begin_object(w);
    json_member_string(w, "name", t->name);
    if (t->description)
        json_member_string(w, "description", t->description);
    json_key(w, "inputSchema");
    json_put_raw(w, t->schema, strlen(t->schema));
    json_end_object(w);
}

static void on_listed(
    void *ctx, const struct mcp_tool *tools, size_t count, const struct error *err)
{
    struct question *q = ctx;
    q->result = err ? err->status : STATUS_OK;
    if (q->result)
        error_set(q->err, q->result, "%s", err->text);
    for (size_t i = 0; i < count && !q->result; i++)
        write_tool(&tools[i], q->w);
    loop_stop(q->loop);
}

static enum status ask(struct question *q, const struct mcp_server *server)
{
    static const struct mcp_handler handler = {.listed = on_listed};
    signal(SIGPIPE, SIG_IGN);
    enum status st = loop_open(&q->loop, q->err);
    if (!st)
        st = transport_open(&q->transport, q->loop, q->err);
    if (!st)
        st = mcp_open(&q->mcp, q->loop, q->transport, q->err);
    if (!st)
        st = mcp_list(q->mcp, server, &handler, q, &q->request, q->err);
    if (!st) {
        loop_run(q->loop);
        st = q->result;
    }
    mcp_request_free(q->request);
    mcp_close(q->mcp);
    transport_close(q->transport);
    loop_close(q->loop);
    return st;
}

enum status mcp_tools(struct cli *cli, const struct options *o, struct error *err)
{
    static const struct column columns[] = {
        {.head = "NAME", .path = "name"},
        {.head = "DESCRIPTION", .path = "description", .width = 100},
        {.head = NULL},
    };
    struct mcp_server server;
    struct store *s = NULL;
    struct output out;
    struct question q = {.w = &out.w, .err = err};
    mcp_server_init(&server);
    output_begin_list(&out);
    enum status st = cli_open(cli, STORE_READ, &s, err);
    if (!st)
        st = mcp_server_get(s, cli_word(o), &server, err);
    store_close(s);
    if (!st)
        st = ask(&q, &server);
    mcp_server_release(&server);
    return output_list(&out, st, columns, options_given(o, "json"), err);
}
