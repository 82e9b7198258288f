/* How the tools of one ask are brought together. */
#include <stdlib.h>
#include <string.h>

#include "agent/mcp.h"
#include "agent/tool_set.h"
#include "agent/tool_state.h"
#include "agent/tool_tell.h"
#include "base/log.h"
#include "store/exec_tool.h"

static const char no_parameters[] = "{\"type\":\"object\",\"properties\":{}}";

/* One server's list: its tools in a set of their own, until all are there. */
struct listing {
    struct tool_gathering *of;
    const struct mcp_server *server;
    struct mcp_request *request;
    struct strings words; /* name, schema, description ("" for none) of each */
};

struct tool_gathering {
    struct tool_set *set;
    struct agent_env *env;
    const struct ask *ask;
    tool_set_done done;
    void *ctx;
    struct job job; /* it is over */
    size_t waiting;
    struct error failed; /* status OK: it is not */
    struct listing *listings;
    size_t count;
};

static void gathering_free(struct tool_gathering *g)
{
    if (!g)
        return;
    loop_undefer(g->env->loop, &g->job);
    for (size_t i = 0; i < g->count; i++) {
        mcp_request_free(g->listings[i].request);
        strings_release(&g->listings[i].words);
    }
    free(g->listings);
    free(g);
}

void tool_set_release(struct tool_set *s)
{
    gathering_free(s->gathering);
    tool_set_clear(s);
}

static bool is_linked(const struct tool_links *links, const char *title)
{
    return tool_allowed(links->agent_allows, title) && tool_allowed(links->client_allows, title);
}

/* What is not asked cannot fail, and no program of it runs for a client that may not reach it. */
static bool is_wanted(const struct tool_links *links, const char *server)
{
    return tool_server_allowed(links->agent_allows, server) &&
           tool_server_allowed(links->client_allows, server);
}

static enum status add(struct tool_gathering *g, const struct tool_entry *e,
    const char *description, const char *schema)
{
    struct error why;
    struct log_line line;
    enum status st = tool_set_add(g->set, e, description, schema, &why);
    if (st == STATUS_BAD_REQUEST) {
        log_begin(g->env->log, &line, LOG_LEVEL_WARN, "tool left out");
        log_str(&line, "agent", g->ask->agent->id);
        log_str(&line, "tool", e->title);
        log_str(&line, "error", why.text);
        log_end(g->env->log, &line);
        return STATUS_OK;
    }
    if (st)
        error_set(&g->failed, st, "%s", why.text);
    return st;
}

static enum status add_state(struct tool_gathering *g)
{
    bool none = tool_allows_none(&g->ask->agent->allowed_tools);
    enum status st = STATUS_OK;
    for (const struct tool *t = tool_state_tools; t->name && !st; t++) {
        struct tool_entry e = {.kind = TOOL_STATE, .title = t->name};
        if (tool_state_ends_loop(t->name) ? g->ask->state->may_exit : !none)
            st = add(g, &e, t->description, t->schema);
    }
    return st;
}

static enum status add_execs(struct tool_gathering *g)
{
    const struct tool_links *links = g->ask->links;
    enum status st = STATUS_OK;
    for (size_t i = 0; i < links->exec_count && !st; i++) {
        const struct exec_tool *x = links->execs[i];
        struct tool_entry e = {.kind = TOOL_EXEC, .title = x->id, .exec = x};
        if (is_linked(links, x->id))
            st = add(g, &e, x->description, x->parameters ? x->parameters : no_parameters);
    }
    return st;
}

static enum status add_listed(struct tool_gathering *g, const struct listing *l)
{
    enum status st = STATUS_OK;
    struct buf title;
    buf_init(&title, BUF_SMALL);
    for (size_t i = 0; i + 2 < l->words.count && !st; i += 3) {
        char **words = l->words.items + i;
        buf_reset(&title);
        buf_printf(&title, "%s/%s", l->server->id, words[0]);
        struct tool_entry e = {
            .kind = TOOL_MCP, .title = buf_str(&title), .server = l->server, .remote = words[0]};
        if (!buf_status(&title) && is_linked(g->ask->links, buf_str(&title)))
            st = add(g, &e, *words[2] ? words[2] : NULL, words[1]);
    }
    buf_release(&title);
    return st;
}

static void over(struct job *job)
{
    struct tool_gathering *g =
        (struct tool_gathering *)(void *)((char *)job - offsetof(struct tool_gathering, job));
    enum status st = g->failed.status;
    if (!st && g->ask->state)
        st = add_state(g);
    if (!st && g->ask->links)
        st = add_execs(g);
    for (size_t i = 0; i < g->count && !st; i++)
        st = add_listed(g, &g->listings[i]);
    struct error failed = g->failed;
    tool_set_done done = g->done;
    void *ctx = g->ctx;
    g->set->gathering = NULL;
    gathering_free(g);
    done(ctx, failed.status ? &failed : NULL);
}

/* ---- servers ---- */

static void fail(struct tool_gathering *g, const struct error *err)
{
    if (g->failed.status)
        return;
    g->failed = *err;
    loop_defer(g->env->loop, &g->job);
}

/* Of a server that cannot be asked, or did not answer. It may say what it was given: a program with
 * the environment that it has. */
static void lose(struct tool_gathering *g, const struct error *why)
{
    struct error err;
    struct tool_tell keys = {0};
    enum status st = why->status;
    if (st != STATUS_CONFIG && st != STATUS_NO_MEMORY)
        st = STATUS_BACKEND;
    error_set(&err, st, "its tools cannot be listed: %s", why->text);
    tool_tell_hide(&keys, g->ask, &err);
    tool_tell_release(&keys);
    if (!g->set->lost || st == STATUS_NO_MEMORY) {
        fail(g, &err);
        return;
    }
    g->set->lost(g->ctx, &err);
    if (!--g->waiting)
        loop_defer(g->env->loop, &g->job);
}

static void on_listed(
    void *ctx, const struct mcp_tool *tools, size_t count, const struct error *err)
{
    struct listing *l = ctx;
    struct tool_gathering *g = l->of;
    enum status st = STATUS_OK;
    if (err && err->status) {
        lose(g, err);
        return;
    }
    for (size_t i = 0; i < count && !st; i++) {
        const struct mcp_tool *t = &tools[i];
        if (!*t->name)
            continue;
        st = strings_add(&l->words, t->name);
        if (!st)
            st = strings_add(&l->words, t->schema);
        if (!st)
            st = strings_add(&l->words, t->description ? t->description : "");
    }
    if (st)
        fail(g, &(struct error){.status = st, .text = "out of memory"});
    else if (!--g->waiting)
        loop_defer(g->env->loop, &g->job);
}

static const struct mcp_handler handler = {.listed = on_listed};

static enum status ask_servers(struct tool_gathering *g, struct error *err)
{
    const struct tool_links *links = g->ask->links;
    size_t count = links ? links->server_count : 0;
    enum status st = STATUS_OK;
    if (!count)
        return st;
    g->listings = calloc(count, sizeof *g->listings);
    if (!g->listings)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (!g->env->mcp)
        st = mcp_open(&g->env->mcp, g->env->loop, g->env->transport, err);
    for (size_t i = 0; i < count && !st && !g->failed.status; i++) {
        if (!is_wanted(links, links->servers[i]->id))
            continue;
        struct listing *l = &g->listings[g->count++];
        *l = (struct listing){.of = g, .server = links->servers[i]};
        g->waiting++;
        if (mcp_list(g->env->mcp, l->server, &handler, l, &l->request, err))
            lose(g, err);
    }
    return st;
}

enum status tool_set_gather(
    struct tool_set *s, struct agent_env *env, const struct ask *ask, tool_set_done done, void *ctx)
{
    struct error err;
    struct tool_gathering *g = calloc(1, sizeof *g);
    if (!g)
        return STATUS_NO_MEMORY;
    *g = (struct tool_gathering){
        .set = s, .env = env, .ask = ask, .done = done, .ctx = ctx, .job = {.run = over}};
    s->gathering = g;
    if (ask_servers(g, &err))
        fail(g, &err);
    else if (!g->waiting)
        loop_defer(env->loop, &g->job);
    return STATUS_OK;
}
