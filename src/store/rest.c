#include "store/rest.h"

#include <string.h>

const struct field *rest_field(const struct entity_kind *kind, const struct field *f)
{
    for (f = f ? f + 1 : kind->fields; f->path; f++)
        if (f->type == FIELD_LIST && f->refers)
            return f;
    return NULL;
}

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

/* What is not there goes to rest. */
static enum status split(struct store *s, const struct field *f, struct strings *ids,
    struct strings *rest, struct error *err)
{
    struct strings there = {0};
    enum status st = STATUS_OK;
    for (size_t i = 0; i < ids->count && !st; i++) {
        bool known;
        st = field_refers_to(s, f, ids->items[i], &known, err);
        if (!st && strings_add(known ? &there : rest, ids->items[i]))
            st = no_memory(err);
    }
    strings_release(ids);
    *ids = there;
    return st;
}

enum status rest_take(
    struct store *s, const struct entity_kind *kind, void *e, struct buf *text, struct error *err)
{
    struct json_writer w;
    bool some = false;
    enum status st = STATUS_OK;
    json_writer_init(&w, text);
    for (const struct field *f = NULL; (f = rest_field(kind, f)) && !st;) {
        struct strings rest = {0};
        st = split(s, f, (struct strings *)(void *)((char *)e + f->at), &rest, err);
        if (!st && rest.count) {
            if (!some)
                json_begin_object(&w);
            some = true;
            list_to_json(f->path, &rest, &w);
        }
        strings_release(&rest);
    }
    if (some)
        json_end_object(&w);
    return !st && buf_status(text) ? no_memory(err) : st;
}

enum status kept_put(struct store *s, const char *collection, enum kept_part part, const char *id,
    const char *text, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s,
        "INSERT INTO kept (collection, part, id, document) VALUES (?,?,?,?)"
        " ON CONFLICT (collection, part, id) DO UPDATE SET document = excluded.document",
        err);
    if (!q)
        return STATUS_STORE;
    sql_bind_text(q, 1, collection);
    sql_bind_int(q, 2, part);
    sql_bind_text(q, 3, id);
    sql_bind_text(q, 4, text);
    return sql_run(s, q, err);
}

enum status rest_keep(
    struct store *s, const char *collection, const char *id, const char *text, struct error *err)
{
    return kept_put(s, collection, KEPT_REST, id, text, err);
}

enum status rest_read(struct store *s, const struct entity_kind *kind, const char *collection,
    const char *id, struct json **out, struct error *err)
{
    *out = NULL;
    if (!rest_field(kind, NULL))
        return STATUS_OK;
    sqlite3_stmt *q = sql_prepare(
        s, "SELECT document FROM kept WHERE collection = ? AND part = 2 AND id = ?", err);
    bool row;
    if (!q)
        return STATUS_STORE;
    sql_bind_text(q, 1, collection);
    sql_bind_text(q, 2, id);
    enum status st = sql_step(s, q, &row, err);
    const char *text = !st && row ? sql_text(q, 0) : NULL;
    if (!st && row && (!text || json_parse(text, strlen(text), out, NULL)))
        st = sql_damaged(s, err);
    sqlite3_reset(q);
    return st;
}

enum status rest_give(
    const struct entity_kind *kind, const struct json *rest, void *e, struct error *err)
{
    for (const struct field *f = NULL; (f = rest_field(kind, f));) {
        struct strings *ids = (struct strings *)(void *)((char *)e + f->at);
        const struct json *more = json_get(rest, f->path);
        for (size_t i = 0; i < json_count(more); i++) {
            const char *id = json_string(json_at(more, i), NULL);
            if (id && !strings_has(ids, id) && strings_add(ids, id))
                return no_memory(err);
        }
    }
    return STATUS_OK;
}
