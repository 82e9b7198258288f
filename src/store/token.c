#include "store/token.h"

#include <string.h>

#include "base/units.h"
#include "store/client.h"
#include "store/fields.h"
#include "store/internal.h"

enum { TOUCH_MS = 1000 };

static enum status insert(struct store *s, const char *client,
    const unsigned char hash[IDENT_HASH_LEN], struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s,
        "INSERT INTO token (hash, client, created_ms, expires_ms, last_used_ms)"
        " VALUES (?, ?, ?, 0, 0) ON CONFLICT (hash) DO NOTHING",
        err);
    if (!q)
        return STATUS_STORE;
    sqlite3_bind_blob(q, 1, hash, IDENT_HASH_LEN, SQLITE_STATIC);
    sql_bind_text(q, 2, client);
    sql_bind_int(q, 3, units_now_ms());
    enum status st = sql_run(s, q, err);
    if (!st && !sql_changes(s))
        st = error_set(
            err, STATUS_CONFLICT, "the token of client \"%s\" is another client's already", client);
    return st;
}

static enum status expire_others(
    struct store *s, const char *client, int64_t grace_ms, struct error *err)
{
    int64_t now = units_now_ms();
    sqlite3_stmt *q = grace_ms > 0 ? sql_prepare(s,
                                         "UPDATE token SET expires_ms = ?2 WHERE client = ?1"
                                         " AND (expires_ms = 0 OR expires_ms > ?2)",
                                         err)
                                   : sql_prepare(s, "DELETE FROM token WHERE client = ?1", err);
    if (!q)
        return STATUS_STORE;
    sql_bind_text(q, 1, client);
    if (grace_ms > 0)
        sql_bind_int(q, 2, now + grace_ms);
    enum status st = sql_run(s, q, err);
    q = sql_prepare(
        s, "DELETE FROM token WHERE client = ?1 AND expires_ms != 0 AND expires_ms <= ?2", err);
    if (st || !q)
        return st ? st : STATUS_STORE;
    sql_bind_text(q, 1, client);
    sql_bind_int(q, 2, now);
    return sql_run(s, q, err);
}

enum status token_issue(struct store *s, const char *client, int64_t grace_ms,
    char out[IDENT_TOKEN_LEN + 1], struct error *err)
{
    unsigned char hash[IDENT_HASH_LEN];
    bool exists;
    enum status st = entity_exists(s, &client_kind, client, &exists, err);
    if (!st && !exists)
        st = entity_missing(s, &client_kind, client, STATUS_NOT_FOUND, err);
    if (!st)
        st = ident_token_new(out, err);
    if (!st)
        st = sql_begin(s, err);
    if (st)
        return st;
    ident_hash(out, IDENT_TOKEN_LEN, hash);
    st = expire_others(s, client, grace_ms, err);
    if (!st)
        st = insert(s, client, hash, err);
    return sql_end(s, st, err);
}

enum status token_adopt(struct store *s, const char *client, const char *token, struct error *err)
{
    unsigned char hash[IDENT_HASH_LEN];
    if (!ident_token_valid(token, strlen(token)))
        return error_set(err, STATUS_BAD_REQUEST,
            "the token of client \"%s\" is not \"mgc_\" and 40 hexadecimal digits", client);
    ident_hash(token, IDENT_TOKEN_LEN, hash);
    return token_adopt_hash(s, client, hash, err);
}

enum status token_adopt_hash(struct store *s, const char *client,
    const unsigned char hash[IDENT_HASH_LEN], struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s, "SELECT 1 FROM token WHERE hash = ? AND client = ?", err);
    bool has;
    if (!q)
        return STATUS_STORE;
    sqlite3_bind_blob(q, 1, hash, IDENT_HASH_LEN, SQLITE_STATIC);
    sql_bind_text(q, 2, client);
    enum status st = sql_step(s, q, &has, err);
    sqlite3_reset(q);
    return st || has ? st : insert(s, client, hash, err);
}

enum status token_check(struct store *s, const char *client,
    const unsigned char given[IDENT_HASH_LEN], bool *valid, struct error *err)
{
    static const unsigned char nobody[IDENT_HASH_LEN];
    int64_t now = units_now_ms();
    bool row, seen = false;
    *valid = false;
    sqlite3_stmt *q = sql_prepare(s, "SELECT hash, expires_ms FROM token WHERE client = ?", err);
    if (!q)
        return STATUS_STORE;
    sql_bind_text(q, 1, client);
    enum status st;
    while (!(st = sql_step(s, q, &row, err)) && row) {
        const void *hash = sqlite3_column_blob(q, 0);
        int64_t expires = sqlite3_column_int64(q, 1);
        seen = true;
        if (hash && sqlite3_column_bytes(q, 0) == IDENT_HASH_LEN && ident_hash_equal(hash, given) &&
            (expires == 0 || expires > now))
            *valid = true;
    }
    if (!seen && ident_hash_equal(nobody, given)) /* the same work for an unknown client */
        *valid = false;
    *valid = *valid && !st;
    return st;
}

enum status token_each(struct store *s, const char *client,
    enum status (*visit)(void *ctx, const struct token *t), void *ctx, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s,
        "SELECT hash, created_ms, expires_ms, last_used_ms FROM token WHERE client = ?"
        " ORDER BY created_ms DESC, hash",
        err);
    if (!q)
        return STATUS_STORE;
    sql_bind_text(q, 1, client);
    bool row;
    enum status st;
    while (!(st = sql_step(s, q, &row, err)) && row) {
        struct token t = {.created_ms = sqlite3_column_int64(q, 1),
            .expires_ms = sqlite3_column_int64(q, 2),
            .last_used_ms = sqlite3_column_int64(q, 3)};
        if (sqlite3_column_bytes(q, 0) == IDENT_HASH_LEN)
            memcpy(t.hash, sqlite3_column_blob(q, 0), IDENT_HASH_LEN);
        st = visit(ctx, &t);
        if (st)
            break;
    }
    sqlite3_reset(q);
    return st;
}

enum status token_touch(
    struct store *s, const unsigned char hash[IDENT_HASH_LEN], int64_t now_ms, struct error *err)
{
    struct touch *last = &s->touched[hash[0] % TOUCHED_MAX];
    if (now_ms >= last->at_ms && now_ms - last->at_ms < TOUCH_MS &&
        !memcmp(last->hash, hash, IDENT_HASH_LEN))
        return STATUS_OK;
    sqlite3_stmt *q = sql_prepare(
        s, "UPDATE token SET last_used_ms = ?2 WHERE hash = ?1 AND last_used_ms < ?3", err);
    if (!q)
        return STATUS_STORE;
    sqlite3_bind_blob(q, 1, hash, IDENT_HASH_LEN, SQLITE_STATIC);
    sql_bind_int(q, 2, now_ms);
    sql_bind_int(q, 3, now_ms - TOUCH_MS);
    enum status st = sql_run(s, q, err);
    if (!st) { /* if this is rolled back, it is late by a second */
        memcpy(last->hash, hash, IDENT_HASH_LEN);
        last->at_ms = now_ms;
    }
    return st;
}
