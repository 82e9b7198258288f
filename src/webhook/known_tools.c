/* What agents act with, as the store has it: each server and program is read once. */
#include <stdlib.h>
#include <string.h>

#include "webhook/known_load.h"

static size_t length(const char *s)
{
    return s ? strlen(s) + 1 : 0;
}

static size_t list_size(const struct strings *l)
{
    size_t size = 0;
    for (size_t i = 0; i < l->count; i++)
        size += sizeof *l->items + length(l->items[i]);
    return size;
}

static size_t server_size(const struct mcp_server *m)
{
    return sizeof *m + length(m->endpoint) + length(m->command) + length(m->extra) +
           list_size(&m->headers) + list_size(&m->args) + list_size(&m->env);
}

static size_t exec_size(const struct exec_tool *t)
{
    return sizeof *t + length(t->description) + length(t->parameters) + length(t->extra) +
           list_size(&t->argv) + list_size(&t->env);
}

static void *find(const struct known_pool *pool, const char *id)
{
    for (size_t i = 0; i < pool->count; i++)
        if (!strcmp(entity_id(pool->all[i]), id))
            return pool->all[i];
    return NULL;
}

static enum status keep(struct known_pool *pool, void *e)
{
    void **more = realloc(pool->all, (pool->count + 1) * sizeof *more);
    if (!more)
        return STATUS_NO_MEMORY;
    pool->all = more;
    pool->all[pool->count++] = e;
    return STATUS_OK;
}

/* The one with the id, known from now on; *out is NULL when it is gone. */
static enum status read_one(struct known_pool *pool, const struct entity_kind *kind,
    struct store *s, const char *id, void **out, struct error *err)
{
    *out = entity_new(kind);
    enum status st = *out ? entity_get(s, kind, id, *out, err) : STATUS_NO_MEMORY;
    if (!st)
        st = keep(pool, *out);
    if (st) {
        entity_free(kind, *out);
        *out = NULL;
    }
    return st == STATUS_NO_MEMORY ? error_set(err, st, "out of memory") : st;
}

static enum status link_servers(
    struct known *k, struct known_agent *a, struct store *s, struct error *err)
{
    const struct strings *ids = &a->agent.mcp_servers;
    a->servers = ids->count ? calloc(ids->count, sizeof *a->servers) : NULL;
    if (ids->count && !a->servers)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    a->links.servers = a->servers;
    for (size_t i = 0; i < ids->count; i++) {
        enum status st = STATUS_OK;
        void *found = find(&k->servers, ids->items[i]);
        if (!found) {
            st = read_one(&k->servers, &mcp_server_kind, s, ids->items[i], &found, err);
            k->size += found ? server_size(found) : 0;
        }
        if (st && st != STATUS_NOT_FOUND)
            return st;
        if (found)
            a->servers[a->links.server_count++] = found;
    }
    return STATUS_OK;
}

static enum status link_execs(
    struct known *k, struct known_agent *a, struct store *s, struct error *err)
{
    const struct strings *ids = &a->agent.tools;
    a->execs = ids->count ? calloc(ids->count, sizeof *a->execs) : NULL;
    if (ids->count && !a->execs)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    a->links.execs = a->execs;
    for (size_t i = 0; i < ids->count; i++) {
        enum status st = STATUS_OK;
        void *found = find(&k->execs, ids->items[i]);
        if (!found) {
            st = read_one(&k->execs, &exec_tool_kind, s, ids->items[i], &found, err);
            k->size += found ? exec_size(found) : 0;
        }
        if (st && st != STATUS_NOT_FOUND)
            return st;
        if (found)
            a->execs[a->links.exec_count++] = found;
    }
    return STATUS_OK;
}

enum status known_load_links(
    struct known *k, struct known_agent *a, struct store *s, struct error *err)
{
    const struct strings *narrowed = &k->client.allowed_tools;
    a->links.agent_allows = &a->agent.allowed_tools;
    a->links.client_allows = narrowed->count ? narrowed : NULL;
    enum status st = link_servers(k, a, s, err);
    if (!st)
        st = link_execs(k, a, s, err);
    k->size += list_size(&a->agent.mcp_servers) + list_size(&a->agent.tools) +
               list_size(&a->agent.allowed_tools);
    return st;
}
