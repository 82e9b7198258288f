#include <string.h>

#include "store/agent.h"
#include "store/backend.h"
#include "store/client.h"
#include "store/command.h"
#include "store/flow.h"
#include "store/import.h"
#include "store/internal.h"
#include "store/token.h"

struct export
{
    struct store *s;
    bool secrets;
    struct json_writer w;
    struct error *err;
};

static enum status write_entity(struct export *x, const struct entity_kind *kind, const void *e)
{
    entity_to_json(kind, e, x->secrets, &x->w);
    return STATUS_OK;
}

static enum status write_hash(void *ctx, const struct token *t)
{
    char hex[2 * IDENT_HASH_LEN + 1];
    ident_hex(t->hash, sizeof t->hash, hex);
    json_put_cstring(ctx, hex);
    return STATUS_OK;
}

static enum status parse_kept(struct export *x, sqlite3_stmt *q, int at, struct json **j)
{
    const char *text = sql_text(q, at);
    if (!text || json_parse(text, strlen(text), j, NULL))
        return sql_damaged(x->s, x->err);
    return STATUS_OK;
}

/* What import put aside of a client; NULL when there is nothing. */
static enum status read_rest(struct export *x, const char *client, struct json **rest)
{
    sqlite3_stmt *q = sql_prepare(x->s,
        "SELECT document FROM kept WHERE collection = 'clients' AND part = 2 AND id = ?", x->err);
    bool row;
    *rest = NULL;
    if (!q)
        return STATUS_STORE;
    sql_bind_text(q, 1, client);
    enum status st = sql_step(x->s, q, &row, x->err);
    if (!st && row)
        st = parse_kept(x, q, 0, rest);
    sqlite3_reset(q);
    return st;
}

static enum status write_hashes(struct export *x, const char *client)
{
    json_key(&x->w, "tokenHashes");
    json_begin_array(&x->w);
    enum status st = token_each(x->s, client, write_hash, &x->w, x->err);
    json_end_array(&x->w);
    return st;
}

static enum status write_client(struct export *x, const struct entity_kind *kind, const void *e)
{
    const struct client *c = e;
    struct json *rest = NULL;
    struct client whole = *c; /* with the agents that import put aside */
    whole.agents = (struct strings){0};
    enum status st = read_rest(x, c->id, &rest);
    if (!st && strings_copy(&whole.agents, &c->agents))
        st = error_set(x->err, STATUS_NO_MEMORY, "out of memory");
    const struct json *more = json_get(rest, "allowedAgents");
    for (size_t i = 0; i < json_count(more) && !st; i++) {
        const char *id = json_string(json_at(more, i), NULL);
        if (id && !strings_has(&whole.agents, id))
            st = strings_add(&whole.agents, id);
    }
    json_begin_object(&x->w);
    entity_write_members(kind, &whole, x->secrets, &x->w);
    if (x->secrets && !st)
        st = write_hashes(x, c->id);
    json_end_object(&x->w);
    strings_release(&whole.agents);
    json_free(rest);
    return st;
}

/* One statement's rows, each the collection and a document, into the list that is open. */
static enum status write_elements(struct export *x, sqlite3_stmt *q)
{
    bool row;
    enum status st;
    while (!(st = sql_step(x->s, q, &row, x->err)) && row) {
        struct json *j = NULL;
        const char *collection = sql_text(q, 0);
        st = parse_kept(x, q, 1, &j);
        if (!st)
            value_to_json(collection ? collection : "", j, x->secrets, &x->w);
        json_free(j);
        if (st)
            break;
    }
    sqlite3_reset(q);
    return st;
}

#define KEPT(kind)                                                                                 \
    "SELECT collection, document FROM kept WHERE collection = '" kind "s' AND part = 1 AND id NOT" \
    " IN (SELECT id FROM " kind ") ORDER BY n"

static const struct collection {
    const char *name;
    const struct entity_kind *kind;
    enum status (*write)(struct export *x, const struct entity_kind *kind, const void *e);
    const char *kept; /* elements of the collection that are no entities */
} collections[] = {
    {"backends", &backend_kind, write_entity, KEPT("backend")},
    {"agents", &agent_kind, write_entity, KEPT("agent")},
    {"flows", &flow_kind, write_entity, KEPT("flow")},
    {"commands", &command_kind, write_entity, KEPT("command")},
    {"clients", &client_kind, write_client, KEPT("client")},
};

struct visit {
    struct export *x;
    const struct collection *of;
};

static enum status visit(void *ctx, const void *e)
{
    const struct visit *v = ctx;
    return v->of->write(v->x, v->of->kind, e);
}

static enum status write_collection(struct export *x, const struct collection *of)
{
    struct visit v = {x, of};
    json_key(&x->w, of->name);
    json_begin_array(&x->w);
    enum status st = entity_each(x->s, of->kind, visit, &v, x->err);
    sqlite3_stmt *q = st ? NULL : sql_prepare(x->s, of->kept, x->err);
    if (!st)
        st = q ? write_elements(x, q) : STATUS_STORE;
    json_end_array(&x->w);
    return st;
}

static enum status write_other(struct export *x, const char *collection, bool list)
{
    sqlite3_stmt *q = sql_prepare(x->s,
        "SELECT collection, document FROM kept WHERE collection = ? AND part < 2 ORDER BY n",
        x->err);
    if (!q)
        return STATUS_STORE;
    sql_bind_text(q, 1, collection);
    json_key(&x->w, collection);
    if (list)
        json_begin_array(&x->w);
    enum status st = write_elements(x, q);
    if (list)
        json_end_array(&x->w);
    return st;
}

static enum status write_others(struct export *x)
{
    sqlite3_stmt *q = sql_prepare(x->s,
        "SELECT collection, max(part) FROM kept WHERE collection NOT IN"
        " ('backends', 'agents', 'flows', 'commands', 'clients') GROUP BY collection ORDER BY "
        "min(n)",
        x->err);
    if (!q)
        return STATUS_STORE;
    bool row;
    enum status st;
    while (!(st = sql_step(x->s, q, &row, x->err)) && row) {
        const char *collection = sql_text(q, 0);
        st = collection ? write_other(x, collection, sqlite3_column_int(q, 1) == KEPT_ELEMENT)
                        : sql_damaged(x->s, x->err);
        if (st)
            break;
    }
    sqlite3_reset(q);
    return st;
}

static enum status write_all(struct export *x)
{
    /* all of it as it was at one moment */
    bool own = !store_in_transaction(x->s);
    enum status st = own ? sql_exec(x->s, "BEGIN", x->err) : STATUS_OK;
    json_begin_object(&x->w);
    for (size_t i = 0; i < sizeof collections / sizeof *collections && !st; i++)
        st = write_collection(x, &collections[i]);
    if (!st)
        st = write_others(x);
    json_end_object(&x->w);
    if (own)
        store_rollback(x->s);
    return st;
}

enum status store_export(struct store *s, bool secrets, struct buf *out, struct error *err)
{
    struct buf text;
    struct export x = {.s = s, .secrets = secrets, .err = err};
    buf_init(&text, out->cap);
    json_writer_init(&x.w, &text);
    enum status st = write_all(&x);
    if (!st) {
        st = buf_status(&text);
        if (!st)
            st = json_indent(buf_str(&text), text.len, out);
        if (!st)
            st = buf_addc(out, '\n');
        if (st)
            error_set(err, st, "the export is too large");
    }
    buf_wipe(&text);
    return st;
}
