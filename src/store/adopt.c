/* What an import by an older version only kept, and what has a meaning by now. */
#include <string.h>

#include "store/agent.h"
#include "store/client.h"
#include "store/exec_tool.h"
#include "store/mcp_server.h"
#include "store/rest.h"

/* Whether it was said of what was kept, which stays so then. */
static bool stays(enum status st)
{
    return st == STATUS_BAD_REQUEST || st == STATUS_CONFLICT || st == STATUS_TOO_LARGE;
}

/* Texts of the first column. */
static enum status read_texts(
    struct store *s, sqlite3_stmt *q, struct strings *texts, struct error *err)
{
    enum status st;
    bool row;
    while (!(st = sql_step(s, q, &row, err)) && row) {
        const char *text = sql_text(q, 0);
        st = text ? strings_add(texts, text) : STATUS_OK;
        if (st) {
            sqlite3_reset(q);
            return error_set(err, st, "out of memory");
        }
    }
    return st;
}

/* ---- elements of collections ---- */

static enum status adopt_element(struct store *s, const struct entity_kind *kind,
    const char *collection, const char *document, struct error *err)
{
    sqlite3_stmt *q =
        sql_prepare(s, "DELETE FROM kept WHERE collection = ? AND part = 1 AND document = ?", err);
    struct json *j = NULL;
    void *e = q ? entity_new(kind) : NULL;
    enum status st = !q ? STATUS_STORE : e ? STATUS_OK : STATUS_NO_MEMORY;
    if (!st)
        st = json_parse(document, strlen(document), &j, err);
    if (!st)
        st = entity_from_json(kind, j, e, err);
    if (!st)
        st = entity_add(s, kind, e, err);
    if (!st) {
        sql_bind_text(q, 1, collection);
        sql_bind_text(q, 2, document);
        st = sql_run(s, q, err);
    }
    json_free(j);
    entity_free(kind, e);
    return stays(st) ? STATUS_OK : st;
}

static enum status adopt_elements(
    struct store *s, const struct entity_kind *kind, const char *collection, struct error *err)
{
    struct strings documents = {0};
    sqlite3_stmt *q = sql_prepare(
        s, "SELECT document FROM kept WHERE collection = ? AND part = 1 ORDER BY n", err);
    if (!q)
        return STATUS_STORE;
    sql_bind_text(q, 1, collection);
    enum status st = read_texts(s, q, &documents, err);
    for (size_t i = 0; i < documents.count && !st; i++)
        st = adopt_element(s, kind, collection, documents.items[i], err);
    strings_release(&documents);
    return st;
}

/* ---- members of entities ---- */

static char **extra_of(const struct entity_kind *kind, void *e)
{
    const struct field *f = kind->fields;
    while (f->type != FIELD_EXTRA)
        f++;
    return (char **)(void *)((char *)e + f->at);
}

/* Those of its extra members that are fields by now. */
static enum status take_members(const struct entity_kind *kind, const struct json *extra, void *e,
    bool *some, struct error *err)
{
    enum status st = STATUS_OK;
    for (const struct field *f = kind->fields; f->path && !st; f++) {
        enum json_kind is = json_kind(json_at_path(extra, f->path, strlen(f->path)));
        if (is == JSON_ABSENT || is == JSON_NULL)
            continue;
        *some = true;
        st = field_from_json(f, extra, e, err);
    }
    return !st && *some ? extra_from_json(extra, kind, extra_of(kind, e), err) : st;
}

static enum status adopt_rest(struct store *s, const struct entity_kind *kind,
    const char *collection, void *e, struct error *err)
{
    struct buf rest;
    struct json *was = NULL;
    buf_init(&rest, 1024 * BUF_SMALL);
    enum status st = rest_read(s, kind, collection, entity_id(e), &was, err);
    if (!st)
        st = rest_give(kind, was, e, err);
    if (!st)
        st = rest_take(s, kind, e, &rest, err);
    if (!st)
        st = entity_update(s, kind, e, err);
    if (!st && rest.len)
        st = rest_keep(s, collection, entity_id(e), buf_str(&rest), err);
    json_free(was);
    buf_release(&rest);
    return st;
}

static enum status adopt_members(struct store *s, const struct entity_kind *kind,
    const char *collection, const char *id, struct error *err)
{
    struct json *extra = NULL;
    bool some = false;
    void *e = entity_new(kind);
    enum status st = e ? entity_get(s, kind, id, e, err) : STATUS_NO_MEMORY;
    const char *text = st ? NULL : *extra_of(kind, e);
    if (!st && text)
        st = json_parse(text, strlen(text), &extra, err);
    if (!st)
        st = take_members(kind, extra, e, &some, err);
    if (!st && some)
        st = adopt_rest(s, kind, collection, e, err);
    json_free(extra);
    entity_free(kind, e);
    return stays(st) ? STATUS_OK : st;
}

static enum status adopt_each(struct store *s, const struct entity_kind *kind,
    const char *collection, const char *with_extra, struct error *err)
{
    struct strings ids = {0};
    sqlite3_stmt *q = sql_prepare(s, with_extra, err);
    enum status st = q ? read_texts(s, q, &ids, err) : STATUS_STORE;
    for (size_t i = 0; i < ids.count && !st; i++)
        st = adopt_members(s, kind, collection, ids.items[i], err);
    strings_release(&ids);
    return st;
}

enum status kept_adopt(struct store *s, struct error *err)
{
    enum status st = adopt_elements(s, &mcp_server_kind, "mcpServers", err);
    if (!st)
        st = adopt_elements(s, &exec_tool_kind, "tools", err);
    if (!st)
        st = adopt_each(s, &agent_kind, "agents",
            "SELECT id FROM agent WHERE extra IS NOT NULL ORDER BY id", err);
    if (!st)
        st = adopt_each(s, &client_kind, "clients",
            "SELECT id FROM client WHERE extra IS NOT NULL ORDER BY id", err);
    return st;
}
