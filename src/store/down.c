#include "store/down.h"

#include "store/internal.h"
#include "store/owner.h"

enum { OWNERS_MAX = 1000 };

enum status down_set(struct store *s, const struct down *d, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s,
        "INSERT INTO backend_down (backend, owner, since_ms, failures, error) VALUES (?,?,?,?,?)"
        " ON CONFLICT DO UPDATE SET failures = excluded.failures, error = excluded.error",
        err);
    if (!q)
        return STATUS_STORE;
    sql_bind_text(q, 1, d->backend);
    sql_bind_int(q, 2, d->owner);
    sql_bind_int(q, 3, d->since_ms);
    sql_bind_int(q, 4, d->failures);
    sql_bind_text(q, 5, d->error);
    return sql_run(s, q, err);
}

enum status down_clear(struct store *s, const char *backend, int64_t owner, struct error *err)
{
    sqlite3_stmt *q =
        sql_prepare(s, "DELETE FROM backend_down WHERE backend = ? AND owner = ?", err);
    if (!q)
        return STATUS_STORE;
    sql_bind_text(q, 1, backend);
    sql_bind_int(q, 2, owner);
    return sql_run(s, q, err);
}

static enum status forget(struct store *s, int64_t owner, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s, "DELETE FROM backend_down WHERE owner = ?", err);
    if (!q)
        return STATUS_STORE;
    sql_bind_int(q, 1, owner);
    return sql_run(s, q, err);
}

enum status down_forget_dead(struct store *s, struct error *err)
{
    int64_t owners[OWNERS_MAX];
    size_t n = 0;
    bool row;
    sqlite3_stmt *q = sql_prepare(s, "SELECT DISTINCT owner FROM backend_down", err);
    if (!q)
        return STATUS_STORE;
    enum status st;
    while (!(st = sql_step(s, q, &row, err)) && row && n < OWNERS_MAX)
        owners[n++] = sqlite3_column_int64(q, 0);
    sqlite3_reset(q);
    for (size_t i = 0; i < n && !st; i++)
        if (!owner_alive(s->path, owners[i]))
            st = forget(s, owners[i], err);
    return st;
}

enum status down_find(struct store *s, const char *backend,
    enum status (*visit)(void *ctx, const struct down *d), void *ctx, struct error *err)
{
    bool row, found = false;
    sqlite3_stmt *q = sql_prepare(s,
        "SELECT owner, since_ms, failures, error FROM backend_down WHERE backend = ?"
        " ORDER BY since_ms",
        err);
    if (!q)
        return STATUS_STORE;
    sql_bind_text(q, 1, backend);
    enum status st;
    while (!(st = sql_step(s, q, &row, err)) && row && !found) {
        struct down d = {.backend = backend,
            .owner = sqlite3_column_int64(q, 0),
            .since_ms = sqlite3_column_int64(q, 1),
            .failures = sqlite3_column_int64(q, 2),
            .error = sql_text(q, 3)};
        found = owner_alive(s->path, d.owner);
        if (found && (st = visit(ctx, &d)) != STATUS_OK)
            break;
    }
    sqlite3_reset(q);
    return st;
}
