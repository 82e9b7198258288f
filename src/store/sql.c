#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "store/internal.h"

static const struct {
    int code; /* extended ones first */
    enum status status;
    const char *sentence;
} meanings[] = {
    {SQLITE_READONLY_DBMOVED, STATUS_STORE,
        "the store \"%s\" was moved or replaced by another file: restart what has it open"},
    {SQLITE_BUSY, STATUS_STORE,
        "the store \"%s\" is locked: another process has been writing for too long; try again"},
    {SQLITE_LOCKED, STATUS_STORE,
        "the store \"%s\" is locked: another process has been writing for too long; try again"},
    {SQLITE_FULL, STATUS_STORE, "the disk is full: the store \"%s\" cannot be written; make room"},
    {SQLITE_CORRUPT, STATUS_STORE,
        "the store \"%s\" is damaged: restore it from a backup, or save what can be saved with "
        "\"sqlite3 FILE .recover\""},
    {SQLITE_NOTADB, STATUS_STORE,
        "\"%s\" is not a store: it is no SQLite file; name the right one with -d"},
    {SQLITE_READONLY, STATUS_STORE,
        "the store \"%s\" cannot be written: this user needs write permission for it and for its "
        "directory"},
    {SQLITE_PERM, STATUS_STORE, "the store \"%s\" cannot be opened: permission denied"},
    {SQLITE_CANTOPEN, STATUS_STORE,
        "the store \"%s\" cannot be opened: this user needs read and write permission for it and "
        "for its directory"},
    {SQLITE_CONSTRAINT, STATUS_CONFLICT,
        "the store \"%s\" was changed by another process at the same time: try again"},
};

static enum status say(const struct store *s, int code, struct error *err)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (meanings[i].code != code && meanings[i].code != (code & 0xff))
            continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        return error_set(err, meanings[i].status, meanings[i].sentence, s->path);
#pragma GCC diagnostic pop
    }
    return STATUS_OK;
}

/* What the system said of the last write that failed: sqlite3_system_errno() tells what it said
 * last, which by now may be about a rollback. */
static int write_errno(sqlite3 *db)
{
    sqlite3_file *log = NULL;
    int code = 0;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (log && log->pMethods)
        log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &code);
    if (!code)
        sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &code);
    return code ? code : sqlite3_system_errno(db);
}

enum status sql_error(const struct store *s, struct error *err)
{
    int code = s->db ? sqlite3_extended_errcode(s->db) : SQLITE_NOMEM;
    bool io = (code & 0xff) == SQLITE_IOERR;
    int os = io ? write_errno(s->db) : 0;
    if ((code & 0xff) == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM)
        return error_set(err, STATUS_NO_MEMORY, "out of memory for the store");
    if (io && (os == ENOSPC || os == EFBIG || os == EDQUOT))
        code = SQLITE_FULL;
    enum status st = say(s, code, err);
    return st ? st
              : error_set(err, STATUS_STORE, "the store \"%s\" failed: %s", s->path,
                    io && os ? strerror(os) : sqlite3_errmsg(s->db));
}

enum status sql_damaged(const struct store *s, struct error *err)
{
    return say(s, sqlite3_errcode(s->db) == SQLITE_NOMEM ? SQLITE_NOMEM : SQLITE_CORRUPT, err)
               ? STATUS_STORE
               : error_set(err, STATUS_NO_MEMORY, "out of memory for the store");
}

sqlite3_stmt *sql_prepared(const struct store *s, const char *key)
{
    for (size_t i = 0; i < s->statement_count; i++)
        if (s->statements[i].key == key)
            return s->statements[i].stmt;
    return NULL;
}

sqlite3_stmt *sql_prepare_as(struct store *s, const char *key, const char *sql, struct error *err)
{
    sqlite3_stmt *q = NULL;
    if (s->statement_count == STATEMENTS_MAX) {
        error_set(err, STATUS_INTERNAL, "too many statements");
        return NULL;
    }
    if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &q, NULL) != SQLITE_OK) {
        sql_error(s, err);
        return NULL;
    }
    s->statements[s->statement_count].key = key;
    s->statements[s->statement_count++].stmt = q;
    return q;
}

sqlite3_stmt *sql_prepare(struct store *s, const char *sql, struct error *err)
{
    sqlite3_stmt *q = sql_prepared(s, sql);
    return q ? q : sql_prepare_as(s, sql, sql, err);
}

enum status sql_step(struct store *s, sqlite3_stmt *q, bool *row, struct error *err)
{
    int rc = sqlite3_step(q);
    *row = rc == SQLITE_ROW;
    if (*row)
        return STATUS_OK;
    enum status st = rc == SQLITE_DONE ? STATUS_OK : sql_error(s, err);
    sqlite3_reset(q);
    return st;
}

enum status sql_run(struct store *s, sqlite3_stmt *q, struct error *err)
{
    bool row;
    enum status st = sql_step(s, q, &row, err);
    sqlite3_reset(q);
    sqlite3_clear_bindings(q);
    return st;
}

enum status sql_exec(struct store *s, const char *sql, struct error *err)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? STATUS_OK : sql_error(s, err);
}

int sql_changes(const struct store *s)
{
    return sqlite3_changes(s->db);
}

void sql_bind_text(sqlite3_stmt *q, int at, const char *text)
{
    if (text)
        sqlite3_bind_text(q, at, text, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(q, at);
}

void sql_bind_int(sqlite3_stmt *q, int at, int64_t v)
{
    sqlite3_bind_int64(q, at, v);
}

const char *sql_text(sqlite3_stmt *q, int at)
{
    return (const char *)sqlite3_column_text(q, at);
}

enum status sql_bind_list(sqlite3_stmt *q, int at, const struct strings *l)
{
    if (!l->count) {
        sqlite3_bind_null(q, at);
        return STATUS_OK;
    }
    struct buf text;
    struct json_writer w;
    buf_init(&text, 64 * BUF_SMALL);
    json_writer_init(&w, &text);
    json_begin_array(&w);
    for (size_t i = 0; i < l->count; i++)
        json_put_cstring(&w, l->items[i]);
    json_end_array(&w);
    enum status st = buf_status(&text);
    if (!st)
        sqlite3_bind_text(q, at, text.data, (int)text.len, SQLITE_TRANSIENT);
    buf_release(&text);
    return st;
}

enum status sql_read_list(sqlite3_stmt *q, int at, struct strings *l)
{
    const char *text = sql_text(q, at);
    struct json *j = NULL;
    enum status st = STATUS_OK;
    strings_release(l);
    if (!text)
        return STATUS_OK;
    if (json_parse(text, strlen(text), &j, NULL))
        return STATUS_STORE;
    for (size_t i = 0; i < json_count(j) && !st; i++) {
        const char *item = json_string(json_at(j, i), NULL);
        st = item ? strings_add(l, item) : STATUS_STORE;
    }
    json_free(j);
    return st;
}

enum status sql_run_each(
    struct store *s, const char *const changes[], const char *id, struct error *err)
{
    enum status st = STATUS_OK;
    for (; *changes && !st; changes++) {
        sqlite3_stmt *q = sql_prepare(s, *changes, err);
        if (!q)
            return STATUS_STORE;
        sql_bind_text(q, 1, id);
        st = sql_run(s, q, err);
    }
    return st;
}

/* ---- transactions ---- */

/* A transaction of its own when there is none, so that what is read is still true when it is
 * written; else a savepoint. */
enum status sql_begin(struct store *s, struct error *err)
{
    if (!store_in_transaction(s)) {
        s->savepoints = 0;
        return store_begin(s, err);
    }
    sqlite3_stmt *q = sql_prepare(s, "SAVEPOINT several", err);
    enum status st = q ? sql_run(s, q, err) : STATUS_STORE;
    if (!st)
        s->savepoints++;
    return st;
}

enum status sql_end(struct store *s, enum status so_far, struct error *err)
{
    bool inner = s->savepoints > 0;
    if (inner)
        s->savepoints--;
    if (!so_far && inner) {
        sqlite3_stmt *q = sql_prepare(s, "RELEASE several", err);
        so_far = q ? sql_run(s, q, err) : STATUS_STORE;
    } else if (!so_far) {
        so_far = store_commit(s, err);
    }
    if (so_far && inner)
        sqlite3_exec(s->db, "ROLLBACK TO several; RELEASE several", NULL, NULL, NULL);
    else if (so_far)
        store_rollback(s);
    return so_far;
}
