#include "store/run.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "store/internal.h"
#include "store/owner.h"
#include "store/token.h"

enum { OWNERS_MAX = 1000 };

/* ---- notes ---- */

static enum status run_sql(struct store *s, const char *text, int64_t first, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s, text, err);
    if (!q)
        return STATUS_STORE;
    sql_bind_int(q, 1, first);
    return sql_run(s, q, err);
}

void run_hash_client(const char *client, unsigned char out[RUN_HASH_LEN])
{
    uint32_t h = 2166136261U; /* FNV-1a */
    for (; *client; client++)
        h = (h ^ (unsigned char)*client) * 16777619U;
    h ^= h >> 24;
    for (size_t i = 0; i < RUN_HASH_LEN; i++)
        out[i] = (unsigned char)(h >> 8 * i);
}

#define BEFORE_ROW "FROM run WHERE n >= ?1 - " RUN_BLOCK " AND n < ?1"

static enum status read_clients(struct store *s, int64_t row, struct buf *out, struct error *err)
{
    sqlite3_stmt *q =
        sql_prepare(s, "SELECT DISTINCT client " BEFORE_ROW " AND client IS NOT NULL", err);
    if (!q)
        return STATUS_STORE;
    sql_bind_int(q, 1, row);
    bool more;
    enum status st;
    while (!(st = sql_step(s, q, &more, err)) && more) {
        unsigned char hash[RUN_HASH_LEN];
        run_hash_client(sql_text(q, 0) ? sql_text(q, 0) : "", hash);
        buf_add(out, hash, sizeof hash);
    }
    sqlite3_reset(q);
    return st ? st : buf_status(out);
}

/* The block that ends before row. */
static enum status note_block(struct store *s, int64_t row, struct error *err)
{
    struct buf clients;
    buf_init(&clients, RUN_BLOCK_LEN * (RUN_HASH_LEN + 1));
    enum status st = read_clients(s, row, &clients, err);
    sqlite3_stmt *q = sql_prepare(s,
        "INSERT OR REPLACE INTO run_block SELECT ?1 / " RUN_BLOCK
        " - 1, group_concat(DISTINCT agents), ?2 " BEFORE_ROW,
        err);
    if (!st && !q)
        st = STATUS_STORE;
    if (!st) {
        sql_bind_int(q, 1, row);
        sqlite3_bind_blob(q, 2, buf_str(&clients), (int)clients.len, SQLITE_STATIC);
        st = sql_run(s, q, err);
    }
    buf_release(&clients);
    return st;
}

static enum status note_settled(struct store *s, int64_t row, struct error *err)
{
    return run_sql(s,
        "UPDATE run_settled SET n = coalesce((SELECT n FROM run WHERE owner IS NOT NULL"
        " AND n >= " RUN_FIRST_OPEN " ORDER BY n LIMIT 1), ?1)",
        row, err);
}

enum status run_note_blocks(struct store *s, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s, "SELECT min(n), max(n) FROM run", err);
    bool row;
    enum status st = q ? sql_step(s, q, &row, err) : STATUS_STORE;
    if (st)
        return st;
    int64_t first = sqlite3_column_int64(q, 0), last = sqlite3_column_int64(q, 1);
    sqlite3_reset(q);
    for (int64_t n = (first / RUN_BLOCK_LEN + 1) * RUN_BLOCK_LEN; n <= last && !st;
         n += RUN_BLOCK_LEN)
        st = note_block(s, n, err);
    return st;
}

static enum status note_failure(struct store *s, int64_t row, struct error *err)
{
    return run_sql(s,
        "INSERT OR REPLACE INTO run_failed SELECT n, client, status FROM run WHERE n = ?1", row,
        err);
}

/* Of runs that were deleted. */
static enum status forget_notes(struct store *s, struct error *err)
{
    enum status st = run_sql(s,
        "DELETE FROM run_block WHERE block < coalesce((SELECT min(n) FROM run), 1 << 62) / ?1",
        RUN_BLOCK_LEN, err);
    return st ? st
              : run_sql(s,
                    "DELETE FROM run_failed WHERE run < coalesce((SELECT min(n) FROM run), ?1)",
                    INT64_MAX, err);
}

/* ---- writing ---- */

static void bind_bytes(sqlite3_stmt *q, int at, const char *bytes, size_t len)
{
    if (bytes)
        sqlite3_bind_text64(q, at, bytes, len, SQLITE_STATIC, SQLITE_UTF8);
    else
        sqlite3_bind_null(q, at);
}

static void bind_known(sqlite3_stmt *q, int at, int64_t v)
{
    if (v < 0)
        sqlite3_bind_null(q, at);
    else
        sql_bind_int(q, at, v);
}

enum status run_insert(struct store *s, const struct run_begin *r, int64_t *row, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s,
        "INSERT INTO run (id, client, agents, mode, caller, prompt, started_ms, owner)"
        " VALUES (?,?,?,?,?,?,?,?)",
        err);
    if (!q)
        return STATUS_STORE;
    char hashed[sizeof "sha256:" + 2 * IDENT_HASH_LEN] = "sha256:";
    if (r->hash_prompt) {
        unsigned char hash[IDENT_HASH_LEN];
        ident_hash(r->prompt, r->prompt_len, hash);
        ident_hex(hash, sizeof hash, hashed + strlen(hashed));
    }
    sql_bind_text(q, 1, r->id);
    sql_bind_text(q, 2, r->client);
    sql_bind_text(q, 3, r->agents);
    sql_bind_text(q, 4, r->mode);
    sql_bind_text(q, 5, r->caller);
    bind_bytes(
        q, 6, r->hash_prompt ? hashed : r->prompt, r->hash_prompt ? strlen(hashed) : r->prompt_len);
    sql_bind_int(q, 7, r->started_ms);
    sql_bind_int(q, 8, r->owner);
    enum status st = sql_run(s, q, err);
    *row = sqlite3_last_insert_rowid(s->db);
    if (!st && *row % RUN_BLOCK_LEN == 0)
        st = note_block(s, *row, err);
    if (!st && *row % RUN_SETTLED_LEN == 0)
        st = note_settled(s, *row, err);
    return st || !r->token ? st : token_touch(s, r->token, r->started_ms, err);
}

enum status run_finish(struct store *s, const struct run_end *r, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s,
        "UPDATE run SET owner = NULL, status = ?2, http = ?3, error = ?4, response = ?5,"
        " results = ?6, finish_reason = ?7, model = ?8, input_tokens = ?9, output_tokens = ?10,"
        " first_byte_ms = ?11, duration_ms = ?12, answer_id = ?13 WHERE n = ?1",
        err);
    if (!q)
        return STATUS_STORE;
    sql_bind_int(q, 1, r->row);
    sql_bind_text(q, 2, status_name(r->status));
    sql_bind_int(q, 3, status_http(r->status));
    sql_bind_text(q, 4, r->error);
    bind_bytes(q, 5, r->response, r->response_len);
    sql_bind_text(q, 6, r->results);
    sql_bind_text(q, 7, r->finish_reason);
    sql_bind_text(q, 8, r->model);
    bind_known(q, 9, r->input_tokens);
    bind_known(q, 10, r->output_tokens);
    bind_known(q, 11, r->first_byte_ms);
    bind_known(q, 12, r->duration_ms);
    sql_bind_text(q, 13, r->answer_id);
    enum status st = sql_run(s, q, err);
    return st || !r->status ? st : note_failure(s, r->row, err);
}

static enum status interrupt(struct store *s, int64_t owner, int64_t *count, struct error *err)
{
    enum status st = sql_begin(s, err);
    if (st)
        return st;
    st = run_sql(s,
        "INSERT OR REPLACE INTO run_failed SELECT n, client, 'interrupted' FROM run"
        " WHERE owner = ?1 AND n >= " RUN_FIRST_OPEN,
        owner, err);
    if (!st)
        st = run_sql(s,
            "UPDATE run SET owner = NULL, status = 'interrupted', http = 500,"
            " error = 'the process ended before the run did'"
            " WHERE owner = ?1 AND n >= " RUN_FIRST_OPEN,
            owner, err);
    int changes = sql_changes(s);
    st = sql_end(s, st, err);
    *count += st ? 0 : changes;
    return st;
}

enum status run_interrupt_dead(struct store *s, int64_t *count, struct error *err)
{
    int64_t owners[OWNERS_MAX], done = 0;
    size_t n = 0;
    bool row;
    sqlite3_stmt *q = sql_prepare(
        s, "SELECT DISTINCT owner FROM run WHERE owner IS NOT NULL AND n >= " RUN_FIRST_OPEN, err);
    if (!q)
        return STATUS_STORE;
    enum status st;
    while (!(st = sql_step(s, q, &row, err)) && row && n < OWNERS_MAX)
        owners[n++] = sqlite3_column_int64(q, 0);
    sqlite3_reset(q);
    for (size_t i = 0; i < n && !st; i++)
        if (!owner_alive(s->path, owners[i]))
            st = interrupt(s, owners[i], &done, err);
    if (count)
        *count = done;
    return st;
}

enum status run_prune_due(
    struct store *s, int64_t max_age_ms, int64_t max_count, bool *due, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s,
        "SELECT started_ms, (SELECT max(n) FROM run) - n FROM run WHERE owner IS NULL"
        " ORDER BY n LIMIT 1",
        err);
    enum status st = q ? sql_step(s, q, due, err) : STATUS_STORE;
    if (st || !*due)
        return st;
    bool old = max_age_ms > 0 && sqlite3_column_int64(q, 0) < units_now_ms() - max_age_ms;
    *due = old || (max_count > 0 && sqlite3_column_int64(q, 1) >= max_count);
    sqlite3_reset(q);
    return st;
}

enum status run_prune(struct store *s, int64_t max_age_ms, int64_t max_count, int64_t batch,
    int64_t *deleted, struct error *err)
{
    /* Runs are numbered as they begin, so the oldest are found without a search. */
    sqlite3_stmt *q = sql_prepare(s,
        "DELETE FROM run WHERE n IN (SELECT n FROM (SELECT n, started_ms FROM run"
        " WHERE owner IS NULL ORDER BY n LIMIT ?3) WHERE (?1 > 0 AND started_ms < ?1)"
        " OR (?2 > 0 AND n <= (SELECT max(n) FROM run) - ?2))",
        err);
    *deleted = 0;
    if (!q)
        return STATUS_STORE;
    sql_bind_int(q, 1, max_age_ms > 0 ? units_now_ms() - max_age_ms : 0);
    sql_bind_int(q, 2, max_count);
    sql_bind_int(q, 3, batch);
    enum status st = sql_run(s, q, err);
    *deleted = sql_changes(s);
    return st || !*deleted ? st : forget_notes(s, err);
}
