/* magec check: what agents act with. */
#include <string.h>
#include <sys/stat.h>

#include "agent/protocol.h"
#include "cli/check.h"
#include "net/transport.h"
#include "store/exec_tool.h"
#include "store/mcp_server.h"

/* ---- agents ---- */

static enum status see_linked(struct check *c, const struct agent *a,
    const struct entity_kind *kind, const struct strings *ids, struct strings *seen)
{
    void *e = entity_new(kind);
    enum status st = e ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t i = 0; i < ids->count && !st; i++) {
        st = entity_get(c->s, kind, ids->items[i], e, c->err);
        if (st == STATUS_NOT_FOUND) {
            ERR("agent \"%s\" links the %s \"%s\", which is not there", a->id, entity_name(kind),
                ids->items[i]);
            st = STATUS_OK;
        }
        if (!st)
            st = strings_add(seen, ids->items[i]);
    }
    entity_free(kind, e);
    return st == STATUS_NO_MEMORY ? error_set(c->err, st, "out of memory") : st;
}

enum status check_links(struct check *c, const struct agent *a, const struct backend *backend)
{
    const struct protocol *p = backend ? protocol_find(backend->type) : NULL;
    bool some = a->mcp_servers.count || a->tools.count;
    if (some && p && !p->tools)
        ERR("agent \"%s\" links tools, and its backend \"%s\" of type %s calls none", a->id,
            backend->id, backend->type);
    if (!some && a->allowed_tools.count)
        WARN("agent \"%s\" allows tools and links none: magec agent set %s --mcp ID --tools ID",
            a->id, a->id);
    enum status st = see_linked(c, a, &mcp_server_kind, &a->mcp_servers, &c->servers);
    return st ? st : see_linked(c, a, &exec_tool_kind, &a->tools, &c->tools);
}

/* ---- servers and programs ---- */

static void check_folder(struct check *c, struct subject who, const char *path)
{
    struct stat info;
    if (path && (stat(path, &info) || !S_ISDIR(info.st_mode)))
        ERR("%s \"%s\": its working directory \"%s\" is not there", who.kind, who.id, path);
}

static void check_http(struct check *c, struct subject who, const struct mcp_server *m)
{
    const struct http_tls tls = {.ca_file = m->ca_file};
    struct error err;
    c->http = true;
    check_secret(c, who, "URL", m->endpoint, true);
    for (size_t i = 0; i < m->headers.count; i++)
        check_secret(c, who, "header", m->headers.items[i], true);
    if (m->insecure)
        WARN("mcp \"%s\" is insecure: whoever answers in its place is believed, and gets the "
             "headers: magec mcp set %s --secure",
            m->id, m->id);
    if (tls_look(&tls, NULL, &err))
        ERR("mcp \"%s\": %s", m->id, err.text);
}

static enum status check_server(void *ctx, const struct mcp_server *m)
{
    struct check *c = ctx;
    struct subject who = {"mcp", m->id};
    if (!strings_has(&c->servers, m->id))
        WARN("no agent links the mcp \"%s\"", m->id);
    if (m->endpoint)
        check_http(c, who, m);
    if (m->command)
        check_program(c, who, m->command, &m->env);
    check_folder(c, who, m->work_dir);
    return STATUS_OK;
}

static enum status check_tool(void *ctx, const struct exec_tool *t)
{
    struct check *c = ctx;
    struct subject who = {"tool", t->id};
    if (!strings_has(&c->tools, t->id))
        WARN("no agent links the tool \"%s\"", t->id);
    if (!t->description)
        WARN("tool \"%s\" has no description, by which models choose: magec tool set %s "
             "--description TEXT",
            t->id, t->id);
    check_program(c, who, t->argv.items[0], &t->env);
    check_folder(c, who, t->work_dir);
    return STATUS_OK;
}

enum status check_tools(struct check *c)
{
    enum status st = mcp_server_each(c->s, check_server, c, c->err);
    return st ? st : exec_tool_each(c->s, check_tool, c, c->err);
}
