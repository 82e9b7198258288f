#include "store/entity.h"

#include <stdlib.h>
#include <string.h>

#include "store/fields.h"
#include "store/flow.h"
#include "store/internal.h"

void entity_init(const struct entity_kind *kind, void *e)
{
    memset(e, 0, kind->size);
    for (const struct field *f = kind->fields; f->path; f++) {
        void *at = (char *)e + f->at;
        if (f->type == FIELD_DEADLINES)
            *(struct deadlines *)at = (struct deadlines)DEADLINES_UNSET;
        else if (f->flags & FIELD_ON)
            *(bool *)at = true;
    }
}

void entity_release(const struct entity_kind *kind, void *e)
{
    const struct field *f = kind->fields;
    for (; f->path; f++)
        field_release(f, e);
    field_release(f, e);
    entity_init(kind, e);
}

void *entity_new(const struct entity_kind *kind)
{
    void *e = malloc(kind->size);
    if (e)
        entity_init(kind, e);
    return e;
}

void entity_free(const struct entity_kind *kind, void *e)
{
    if (e)
        entity_release(kind, e);
    free(e);
}

const char *entity_id(const void *e)
{
    return *(char *const *)e;
}

const char *entity_name(const struct entity_kind *kind)
{
    return kind->name;
}

/* ---- statements ---- */

enum verb { INSERT, UPDATE, GET, EACH, EXISTS, IDS, DELETE };

/* %t is the table, %r the columns that are read, but the id, %c those of them that are written, %p
 * their parameters. */
static const char *const texts[] = {
    [INSERT] = "INSERT INTO %t (id, %c) VALUES (?1, %p)",
    [UPDATE] = "UPDATE %t SET (%c) = (%p) WHERE id = ?1",
    [GET] = "SELECT id, %r FROM %t WHERE id = ?1",
    [EACH] = "SELECT id, %r FROM %t ORDER BY id",
    [EXISTS] = "SELECT 1 FROM %t WHERE id = ?1",
    [IDS] = "SELECT id FROM %t LIMIT 10000",
    [DELETE] = "DELETE FROM %t WHERE id = ?1",
};

static int columns_of(const struct field *f)
{
    return f->type == FIELD_DEADLINES ? 4 : f->column ? 1 : 0;
}

static const struct field *next_field(const struct field *f)
{
    return f->type == FIELD_EXTRA ? NULL : f + 1;
}

static void add_columns(struct buf *sql, const struct entity_kind *kind, char what)
{
    int at = 1;
    for (const struct field *f = kind->fields + 1; f; f = next_field(f)) {
        if (!columns_of(f) || ((f->flags & FIELD_READ) && what != 'r'))
            continue;
        if (what != 'p')
            buf_printf(sql, "%s%s", at > 1 ? ", " : "", f->column);
        for (int i = 0; i < columns_of(f) && what == 'p'; i++)
            buf_printf(sql, "%s?%d", at + i > 1 ? ", " : "", at + i + 1);
        at += columns_of(f);
    }
}

static sqlite3_stmt *make_statement(
    struct store *s, const struct entity_kind *kind, enum verb verb, struct error *err)
{
    struct buf sql;
    buf_init(&sql, 16 * BUF_SMALL);
    for (const char *c = texts[verb]; *c; c++) {
        if (*c != '%')
            buf_addc(&sql, *c);
        else if (*++c == 't')
            buf_adds(&sql, kind->name);
        else
            add_columns(&sql, kind, *c);
    }
    sqlite3_stmt *q = NULL;
    if (buf_status(&sql))
        error_set(err, STATUS_NO_MEMORY, "out of memory for the store");
    else
        q = sql_prepare_as(s, (const char *)kind + verb, buf_str(&sql), err);
    buf_release(&sql);
    return q;
}

/* The address of a kind and those behind it are its statements' keys. */
_Static_assert(sizeof(struct entity_kind) > sizeof texts / sizeof *texts, "no keys");

static sqlite3_stmt *statement(
    struct store *s, const struct entity_kind *kind, enum verb verb, struct error *err)
{
    sqlite3_stmt *q = sql_prepared(s, (const char *)kind + verb);
    return q ? q : make_statement(s, kind, verb, err);
}

static sqlite3_stmt *statement_of_id(struct store *s, const struct entity_kind *kind,
    enum verb verb, const char *id, struct error *err)
{
    sqlite3_stmt *q = statement(s, kind, verb, err);
    if (q)
        sql_bind_text(q, 1, id);
    return q;
}

/* ---- ids ---- */

enum status entity_exists(struct store *s, const struct entity_kind *kind, const char *id,
    bool *exists, struct error *err)
{
    sqlite3_stmt *q = statement_of_id(s, kind, EXISTS, id, err);
    if (!q)
        return STATUS_STORE;
    enum status st = sql_step(s, q, exists, err);
    sqlite3_reset(q);
    return st;
}

static void add_ids(struct store *s, const struct entity_kind *kind, struct strings *ids)
{
    sqlite3_stmt *q = statement(s, kind, IDS, NULL);
    bool row = true;
    while (q && !sql_step(s, q, &row, NULL) && row)
        if (sql_text(q, 0))
            strings_add(ids, sql_text(q, 0)); /* one less to be meant */
}

enum status entity_missing(struct store *s, const struct entity_kind *kind, const char *id,
    enum status what, struct error *err)
{
    return field_missing(s, &(const struct field){.refers = kind}, id, what, err);
}

enum status field_missing(
    struct store *s, const struct field *f, const char *id, enum status what, struct error *err)
{
    const struct entity_kind *kind = f->refers, *other = f->flags & FIELD_FLOWS ? &flow_kind : NULL;
    struct strings ids = {0};
    add_ids(s, kind, &ids);
    if (other)
        add_ids(s, other, &ids);
    const char *near = strings_nearest(&ids, id);
    if (near)
        error_set(err, what, "no %s \"%s\"; did you mean \"%s\"?", kind->name, id, near);
    else if (other)
        error_set(err, what,
            "no %s \"%s\"; \"magec %s list\" and \"magec %s list\" show what there is", kind->name,
            id, kind->name, other->name);
    else
        error_set(err, what, "no %s \"%s\"; \"magec %s list\" shows what there is", kind->name, id,
            kind->name);
    strings_release(&ids);
    return what;
}

/* ---- rows ---- */

static enum status bind_field(sqlite3_stmt *q, int at, const struct field *f, const void *from)
{
    const struct deadlines *d = from;
    switch (f->type) {
    case FIELD_LIST:
    case FIELD_HEADERS:
    case FIELD_ENV:
        return sql_bind_list(q, at, from);
    case FIELD_COUNT:
    case FIELD_DURATION:
        sql_bind_int(q, at, *(const int64_t *)from);
        break;
    case FIELD_FLAG:
    case FIELD_CHOICE:
        sql_bind_int(q, at, *(const bool *)from);
        break;
    case FIELD_DEADLINES:
        sql_bind_int(q, at, d->connect_ms);
        sql_bind_int(q, at + 1, d->first_byte_ms);
        sql_bind_int(q, at + 2, d->idle_ms);
        sql_bind_int(q, at + 3, d->total_ms);
        break;
    default:
        sql_bind_text(q, at, *(char *const *)from);
    }
    return STATUS_OK;
}

static enum status read_field(sqlite3_stmt *q, int at, const struct field *f, void *to)
{
    struct deadlines *d = to;
    switch (f->type) {
    case FIELD_LIST:
    case FIELD_HEADERS:
    case FIELD_ENV:
        return sql_read_list(q, at, to);
    case FIELD_COUNT:
    case FIELD_DURATION:
        *(int64_t *)to = sqlite3_column_int64(q, at);
        return STATUS_OK;
    case FIELD_FLAG:
    case FIELD_CHOICE:
        *(bool *)to = sqlite3_column_int(q, at);
        return STATUS_OK;
    case FIELD_DEADLINES:
        d->connect_ms = sqlite3_column_int64(q, at);
        d->first_byte_ms = sqlite3_column_int64(q, at + 1);
        d->idle_ms = sqlite3_column_int64(q, at + 2);
        d->total_ms = sqlite3_column_int64(q, at + 3);
        return STATUS_OK;
    default:
        if (!sql_text(q, at) && (f->flags & FIELD_NEEDED))
            return STATUS_STORE;
        return string_set(to, sql_text(q, at));
    }
}

static enum status read_row(
    struct store *s, const struct entity_kind *kind, sqlite3_stmt *q, void *e, struct error *err)
{
    enum status st = STATUS_OK;
    int at = 0;
    for (const struct field *f = kind->fields; f && !st; f = next_field(f)) {
        if (columns_of(f))
            st = read_field(q, at, f, (char *)e + f->at);
        at += columns_of(f);
    }
    if (st == STATUS_STORE)
        return sql_damaged(s, err);
    return st ? error_set(err, st, "out of memory for the store") : STATUS_OK;
}

static enum status write_row(struct store *s, const struct entity_kind *kind, enum verb verb,
    const void *e, struct error *err)
{
    sqlite3_stmt *q = statement(s, kind, verb, err);
    enum status st = q ? STATUS_OK : STATUS_STORE;
    int at = 1;
    for (const struct field *f = kind->fields; f && !st; f = next_field(f)) {
        if (!columns_of(f) || (f->flags & FIELD_READ))
            continue;
        if (bind_field(q, at, f, (const char *)e + f->at))
            st = error_set(err, STATUS_NO_MEMORY, "out of memory for the store");
        at += columns_of(f);
    }
    if (!st)
        st = sql_run(s, q, err);
    if (!st && !sql_changes(s))
        st = entity_missing(s, kind, entity_id(e), STATUS_NOT_FOUND, err);
    return st;
}

static enum status write(struct store *s, const struct entity_kind *kind, enum verb verb,
    const void *e, struct error *err)
{
    if (!kind->save)
        return write_row(s, kind, verb, e, err);
    enum status st = sql_begin(s, err);
    if (st)
        return st;
    st = write_row(s, kind, verb, e, err);
    if (!st)
        st = kind->save(s, e, err);
    return sql_end(s, st, err);
}

enum status entity_add(struct store *s, const struct entity_kind *kind, void *e, struct error *err)
{
    enum status st = entity_check_id(s, kind, e, err);
    if (!st)
        st = entity_check(s, kind, e, err);
    return st ? st : write(s, kind, INSERT, e, err);
}

enum status entity_update(
    struct store *s, const struct entity_kind *kind, void *e, struct error *err)
{
    enum status st = entity_check(s, kind, e, err);
    return st ? st : write(s, kind, UPDATE, e, err);
}

enum status entity_get(
    struct store *s, const struct entity_kind *kind, const char *id, void *out, struct error *err)
{
    sqlite3_stmt *q = statement_of_id(s, kind, GET, id, err);
    bool row = false;
    enum status st = q ? sql_step(s, q, &row, err) : STATUS_STORE;
    if (!st && row)
        st = read_row(s, kind, q, out, err);
    if (q)
        sqlite3_reset(q);
    return st || row ? st : entity_missing(s, kind, id, STATUS_NOT_FOUND, err);
}

enum status entity_each(struct store *s, const struct entity_kind *kind,
    enum status (*visit)(void *ctx, const void *e), void *ctx, struct error *err)
{
    sqlite3_stmt *q = statement(s, kind, EACH, err);
    void *e = q ? entity_new(kind) : NULL;
    bool row;
    enum status st = STATUS_OK;
    if (!q)
        return STATUS_STORE;
    if (!e)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    while (!st && !(st = sql_step(s, q, &row, err)) && row) {
        st = read_row(s, kind, q, e, err);
        if (!st)
            st = visit(ctx, e);
    }
    sqlite3_reset(q);
    entity_free(kind, e);
    return st;
}

/* ---- removing ---- */

/* Adds who uses it, quoted: 'client "a", client "b"'. */
static enum status add_users(struct store *s, const struct entity_user *user, const char *id,
    struct buf *text, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s, user->query, err);
    bool row;
    enum status st = q ? STATUS_OK : STATUS_STORE;
    if (q)
        sql_bind_text(q, 1, id);
    while (!st && !(st = sql_step(s, q, &row, err)) && row)
        buf_printf(text, "%s%s \"%s\"", text->len ? ", " : "", user->name, sql_text(q, 0));
    return st;
}

static enum status take_off(
    struct store *s, const struct entity_kind *kind, const char *id, bool force, struct error *err)
{
    struct buf users;
    enum status st = STATUS_OK;
    buf_init(&users, ERROR_TEXT_MAX);
    for (const struct entity_user *u = kind->users; u && u->query && !st; u++)
        st = add_users(s, u, id, &users, err);
    if (!st && users.len && !force)
        st = error_set(err, STATUS_CONFLICT,
            "%s \"%s\" is used by %s: remove these first, or use --force", kind->name, id,
            buf_str(&users));
    if (!st && users.len)
        st = kind->unlink(s, id, err);
    buf_release(&users);
    return st;
}

enum status entity_remove(
    struct store *s, const struct entity_kind *kind, const char *id, bool force, struct error *err)
{
    enum status st = sql_begin(s, err);
    if (st)
        return st;
    st = take_off(s, kind, id, force, err);
    sqlite3_stmt *q = st ? NULL : statement_of_id(s, kind, DELETE, id, err);
    if (!st)
        st = q ? sql_run(s, q, err) : STATUS_STORE;
    if (!st && !sql_changes(s))
        st = entity_missing(s, kind, id, STATUS_NOT_FOUND, err);
    return sql_end(s, st, err);
}
