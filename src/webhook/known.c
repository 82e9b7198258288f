#include "webhook/known.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "store/token.h"
#include "webhook/known_load.h"

struct known *known_new(size_t agents)
{
    struct known *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    atomic_init(&k->holders, 1);
    client_init(&k->client);
    command_init(&k->command);
    k->agents = calloc(agents ? agents : 1, sizeof *k->agents);
    for (size_t i = 0; k->agents && i < agents; i++) {
        agent_init(&k->agents[i].agent);
        backend_init(&k->agents[i].backend);
    }
    k->agent_count = k->agents ? agents : 0;
    if (k->agents)
        return k;
    known_release(k);
    return NULL;
}

struct known *known_hold(struct known *k)
{
    atomic_fetch_add(&k->holders, 1);
    return k;
}

void known_forget_agent(struct known_agent *a)
{
    agent_release(&a->agent);
    backend_release(&a->backend);
    free(a->others);
    free(a->servers);
    free(a->execs);
}

const struct tool_links *known_links(const struct known_agent *a)
{
    return a->links.server_count || a->links.exec_count ? &a->links : NULL;
}

static void forget_pool(struct known_pool *pool, const struct entity_kind *kind)
{
    for (size_t i = 0; i < pool->count; i++)
        entity_free(kind, pool->all[i]);
    free(pool->all);
}

void known_release(struct known *k)
{
    if (!k || atomic_fetch_sub(&k->holders, 1) > 1)
        return;
    for (size_t i = 0; i < k->agent_count; i++)
        known_forget_agent(&k->agents[i]);
    for (size_t i = 0; i < k->spare_count; i++) {
        known_forget_agent(k->spares[i]);
        free(k->spares[i]);
    }
    free(k->spares);
    for (size_t i = 0; i < k->flow_count; i++) {
        free(k->flows[i]->id);
        flow_tree_release(&k->flows[i]->root);
        free(k->flows[i]);
    }
    free(k->flows);
    forget_pool(&k->servers, &mcp_server_kind);
    forget_pool(&k->execs, &exec_tool_kind);
    client_release(&k->client);
    command_release(&k->command);
    free(k->tokens);
    free(k->agents);
    free(k);
}

enum status known_wrong_token(struct error *err)
{
    return error_set(err, STATUS_UNAUTHORIZED, "the token is not valid for this webhook");
}

enum status known_admits(
    const struct known *k, const unsigned char hash[IDENT_HASH_LEN], struct error *err)
{
    int64_t now = units_now_ms();
    bool found = false;
    for (size_t i = 0; i < k->token_count; i++) {
        const struct known_token *t = &k->tokens[i];
        if (ident_hash_equal(t->hash, hash) && (t->expires_ms == 0 || t->expires_ms > now))
            found = true;
    }
    if (!found)
        return known_wrong_token(err);
    return k->client.enabled ? STATUS_OK
                             : error_set(err, STATUS_FORBIDDEN, "this webhook is disabled");
}

const struct known_agent *known_find(const struct known *k, const char *agent)
{
    for (size_t i = 0; i < k->agent_count; i++)
        if (!strcmp(k->agents[i].agent.id, agent))
            return &k->agents[i];
    return NULL;
}

/* ---- from the store ---- */

static enum status see_token(void *ctx, const struct token *t)
{
    struct known *k = ctx;
    struct known_token *more = realloc(k->tokens, (k->token_count + 1) * sizeof *more);
    if (!more)
        return STATUS_NO_MEMORY;
    k->tokens = more;
    k->tokens[k->token_count].expires_ms = t->expires_ms;
    memcpy(k->tokens[k->token_count++].hash, t->hash, IDENT_HASH_LEN);
    return STATUS_OK;
}

static size_t length(const char *s)
{
    return s ? strlen(s) + 1 : 0;
}

static enum status load_agent(
    struct known *k, size_t i, struct store *s, const char *id, struct error *err)
{
    enum status st = known_load_agent(k, i, s, id, err);
    return st == STATUS_NOT_FOUND ? error_set(err, STATUS_CONFIG, "agent \"%s\" is gone", id) : st;
}

/* The entities, once it is known how many agents there are. */
static enum status load_rest(struct known *k, struct store *s, struct error *err)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; i < k->client.agents.count && !st; i++)
        st = load_agent(k, i, s, k->client.agents.items[i], err);
    if (!st && k->command.agent)
        st = load_agent(k, k->client.agents.count, s, k->command.agent, err);
    if (!st)
        st = token_each(s, k->client.id, see_token, k, err);
    k->size += sizeof *k + length(k->command.prompt) + k->token_count * sizeof *k->tokens;
    return st == STATUS_NO_MEMORY ? error_set(err, st, "out of memory") : st;
}

/* Takes over client and command. */
static enum status load_for(struct known **out, struct store *s, struct client *client,
    struct command *command, struct error *err)
{
    struct known *k = known_new(client->agents.count + (command->agent ? 1 : 0));
    if (!k)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    k->client = *client;
    k->command = *command;
    client_init(client);
    command_init(command);
    enum status st = store_generation(s, &k->generation, err);
    if (!st)
        st = load_rest(k, s, err);
    if (st)
        known_release(k);
    else
        *out = k;
    return st;
}

static enum status load(struct known **out, struct store *s, const char *id, struct error *err)
{
    struct client client;
    struct command command;
    client_init(&client);
    command_init(&command);
    enum status st = client_get(s, id, &client, err);
    if (!st && client.command)
        st = command_get(s, client.command, &command, err);
    if (!st)
        st = load_for(out, s, &client, &command, err);
    client_release(&client);
    command_release(&command);
    return st;
}

enum status known_load(struct known **out, struct store *s, const char *client, struct error *err)
{
    bool inside = store_in_transaction(s);
    enum status st = inside ? STATUS_OK : store_begin_reading(s, err);
    if (st)
        return st;
    st = load(out, s, client, err);
    if (!inside)
        store_rollback(s); /* nothing was changed */
    return st;
}

/* ---- the cache ---- */

static size_t place_of(const char *client)
{
    size_t h = 2166136261u; /* FNV-1a */
    for (; *client; client++)
        h = (h ^ (unsigned char)*client) * 16777619u;
    return h % KNOWN_PLACES;
}

struct known *known_cache_get(const struct known_cache *c, const char *client)
{
    struct known *k = c->places ? c->places[place_of(client)] : NULL;
    return k && !strcmp(k->client.id, client) ? k : NULL;
}

void known_cache_put(struct known_cache *c, struct known *k)
{
    if (c->size + k->size > KNOWN_BYTES_MAX)
        known_cache_clear(c);
    if (!c->places && !(c->places = calloc(KNOWN_PLACES, sizeof *c->places)))
        return;
    struct known **place = &c->places[place_of(k->client.id)];
    if (*place) {
        c->size -= (*place)->size;
        known_release(*place);
    }
    *place = known_hold(k);
    c->size += k->size;
}

void known_cache_clear(struct known_cache *c)
{
    for (size_t i = 0; c->places && i < KNOWN_PLACES; i++)
        known_release(c->places[i]);
    free(c->places);
    *c = (struct known_cache){NULL, 0};
}
