#include "cli/request_tools.h"

#include <signal.h>

#include "agent/mcp.h"
#include "agent/tool_loop.h"
#include "base/log.h"
#include "cli/text.h"
#include "net/loop.h"

struct gathering {
    struct cli *cli;
    struct agent_env env;
    struct error failed; /* status OK: it did not */
};

static void on_lost(void *ctx, const struct error *err)
{
    struct gathering *g = ctx;
    text_error(err->text);
    if (!g->cli->exit)
        g->cli->exit = status_exit(err->status);
}

static void on_gathered(void *ctx, const struct error *err)
{
    struct gathering *g = ctx;
    if (err)
        g->failed = *err;
    loop_stop(g->env.loop);
}

static enum status gather(
    struct gathering *g, const struct ask *ask, struct tool_set *set, struct error *err)
{
    if (tool_set_gather(set, &g->env, ask, on_gathered, g))
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    loop_run(g->env.loop);
    return g->failed.status ? error_set(err, g->failed.status, "%s", g->failed.text) : STATUS_OK;
}

enum status request_tools(
    struct cli *cli, const struct ask *ask, struct tool_set *set, struct error *err)
{
    struct gathering g = {.cli = cli};
    *set = (struct tool_set){.lost = on_lost};
    if (!tool_loop_wanted(ask))
        return STATUS_OK;
    signal(SIGPIPE, SIG_IGN);
    enum status st = tool_loop_able(ask, err);
    if (!st)
        st = log_open(&g.env.log, "stderr", "magec", err);
    if (!st)
        st = loop_open(&g.env.loop, err);
    if (!st)
        st = transport_open(&g.env.transport, g.env.loop, err);
    if (!st)
        st = gather(&g, ask, set, err);
    mcp_close(g.env.mcp);
    transport_close(g.env.transport);
    loop_close(g.env.loop);
    log_close(g.env.log);
    return st;
}
