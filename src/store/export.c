#include <string.h>

#include "store/agent.h"
#include "store/backend.h"
#include "store/client.h"
#include "store/command.h"
#include "store/exec_tool.h"
#include "store/flow.h"
#include "store/import.h"
#include "store/mcp_server.h"
#include "store/rest.h"
#include "store/token.h"

struct export
{
    struct store *s;
    bool secrets;
    struct json_writer w;
    struct error *err;
};

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

static enum status write_hashes(struct export *x, const char *client)
{
    json_key(&x->w, "tokenHashes");
    json_begin_array(&x->w);
    enum status st = token_each(x->s, client, write_hash, &x->w, x->err);
    json_end_array(&x->w);
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

#define KEPT(name, table)                                                                          \
    "SELECT collection, document FROM kept WHERE collection = '" name "' AND part = 1 AND id NOT"  \
    " IN (SELECT id FROM " table ") ORDER BY n"

static const struct collection {
    const char *name;
    const struct entity_kind *kind;
    const char *kept; /* elements of the collection that are no entities */
} collections[] = {
    {"backends", &backend_kind, KEPT("backends", "backend")},
    {"mcpServers", &mcp_server_kind, KEPT("mcpServers", "mcp")},
    {"tools", &exec_tool_kind, KEPT("tools", "tool")},
    {"agents", &agent_kind, KEPT("agents", "agent")},
    {"flows", &flow_kind, KEPT("flows", "flow")},
    {"commands", &command_kind, KEPT("commands", "command")},
    {"clients", &client_kind, KEPT("clients", "client")},
};

struct visit {
    struct export *x;
    const struct collection *of;
};

static enum status write_entity(struct export *x, const struct entity_kind *kind, const void *e)
{
    enum status st = STATUS_OK;
    json_begin_object(&x->w);
    entity_write_members(kind, e, x->secrets, &x->w);
    if (kind == &client_kind && x->secrets)
        st = write_hashes(x, entity_id(e));
    json_end_object(&x->w);
    return st;
}

/* With what import put aside of it. */
static enum status write_whole(
    struct export *x, const struct entity_kind *kind, const char *id, const struct json *rest)
{
    void *whole = entity_new(kind);
    enum status st = whole ? entity_get(x->s, kind, id, whole, x->err)
                           : error_set(x->err, STATUS_NO_MEMORY, "out of memory");
    if (!st)
        st = rest_give(kind, rest, whole, x->err);
    if (!st)
        st = write_entity(x, kind, whole);
    entity_free(kind, whole);
    return st;
}

static enum status visit(void *ctx, const void *e)
{
    const struct visit *v = ctx;
    const struct entity_kind *kind = v->of->kind;
    struct json *rest;
    enum status st = rest_read(v->x->s, kind, v->of->name, entity_id(e), &rest, v->x->err);
    if (!st)
        st = rest ? write_whole(v->x, kind, entity_id(e), rest) : write_entity(v->x, kind, e);
    json_free(rest);
    return st;
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
        " ('backends', 'mcpServers', 'tools', 'agents', 'flows', 'commands', 'clients')"
        " GROUP BY collection ORDER BY min(n)",
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
