#include "store/run.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "store/internal.h"
#include "store/owner.h"
#include "store/token.h"

enum { PREFIX_MIN = 8, OWNERS_MAX = 1000, SLACK_MS = 10 * 60 * 1000 };

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
    return st || !r->token ? st : token_touch(s, r->token, r->started_ms, err);
}

enum status run_finish(struct store *s, const struct run_end *r, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s,
        "UPDATE run SET owner = NULL, status = ?2, http = ?3, error = ?4, response = ?5,"
        " results = ?6, finish_reason = ?7, model = ?8, input_tokens = ?9, output_tokens = ?10,"
        " first_byte_ms = ?11, duration_ms = ?12 WHERE n = ?1",
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
    return sql_run(s, q, err);
}

static enum status interrupt(struct store *s, int64_t owner, int64_t *count, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s,
        "UPDATE run SET owner = NULL, status = 'interrupted', http = 500,"
        " error = 'the process ended before the run did' WHERE owner = ?",
        err);
    if (!q)
        return STATUS_STORE;
    sql_bind_int(q, 1, owner);
    enum status st = sql_run(s, q, err);
    *count += sql_changes(s);
    return st;
}

enum status run_interrupt_dead(struct store *s, int64_t *count, struct error *err)
{
    int64_t owners[OWNERS_MAX], done = 0;
    size_t n = 0;
    bool row;
    sqlite3_stmt *q = sql_prepare(s, "SELECT DISTINCT owner FROM run WHERE owner IS NOT NULL", err);
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
    return st;
}

/* ---- reading ---- */

#define COLUMNS                                                                                    \
    "id, client, agents, mode, caller, started_ms, status, http, error, results, finish_reason, "  \
    "model, input_tokens, output_tokens, first_byte_ms, duration_ms"

static int64_t known(sqlite3_stmt *q, int at)
{
    return sqlite3_column_type(q, at) == SQLITE_NULL ? -1 : sqlite3_column_int64(q, at);
}

static struct run_row read_row(sqlite3_stmt *q, bool whole)
{
    struct run_row r = {.id = sql_text(q, 0),
        .client = sql_text(q, 1),
        .agents = sql_text(q, 2),
        .mode = sql_text(q, 3),
        .caller = sql_text(q, 4),
        .started_ms = sqlite3_column_int64(q, 5),
        .status = sql_text(q, 6),
        .http = sqlite3_column_int(q, 7),
        .error = sql_text(q, 8),
        .results = sql_text(q, 9),
        .finish_reason = sql_text(q, 10),
        .model = sql_text(q, 11),
        .input_tokens = known(q, 12),
        .output_tokens = known(q, 13),
        .first_byte_ms = known(q, 14),
        .duration_ms = known(q, 15)};
    if (whole) {
        r.prompt = sql_text(q, 16);
        r.prompt_len = (size_t)sqlite3_column_bytes(q, 16);
        r.response = sql_text(q, 17);
        r.response_len = (size_t)sqlite3_column_bytes(q, 17);
    }
    return r;
}

/* Whether a row has what every row has; in a damaged file it may not. */
static bool is_whole(const struct run_row *r)
{
    return r->id && r->agents && r->mode && r->status;
}

enum status run_get(struct store *s, const char *id,
    enum status (*visit)(void *ctx, const struct run_row *r), void *ctx, struct error *err)
{
    if (strlen(id) < PREFIX_MIN || strlen(id) > IDENT_UUID_LEN)
        return error_set(err, STATUS_BAD_REQUEST,
            "\"%s\" is not a run's id: give it, or at least its first %d characters", id,
            (int)PREFIX_MIN);
    char end[IDENT_UUID_LEN + 2];
    snprintf(end, sizeof end, "%s~", id); /* behind everything that begins so */
    sqlite3_stmt *q = sql_prepare(s,
        "SELECT " COLUMNS ", prompt, response, (SELECT count(*) FROM (SELECT 1 FROM run WHERE id"
        " >= ?1 AND id < ?2 LIMIT 2)) FROM run WHERE id >= ?1 AND id < ?2 LIMIT 1",
        err);
    if (!q)
        return STATUS_STORE;
    sql_bind_text(q, 1, id);
    sql_bind_text(q, 2, end);
    bool row;
    enum status st = sql_step(s, q, &row, err);
    if (!st && !row)
        st = error_set(err, STATUS_NOT_FOUND, "no run \"%s\"", id);
    else if (!st && sqlite3_column_int(q, 18) > 1)
        st = error_set(
            err, STATUS_BAD_REQUEST, "several runs begin with \"%s\": give more of the id", id);
    if (!st) {
        struct run_row r = read_row(q, true);
        st = is_whole(&r) ? visit(ctx, &r) : sql_damaged(s, err);
    }
    sqlite3_reset(q);
    return st;
}

/* A run's id begins with its time, so the first run since then is found without a search; clocks
 * may differ by SLACK_MS. */
static void since_bound(int64_t since_ms, char out[IDENT_UUID_LEN + 1])
{
    unsigned long long ms = since_ms > SLACK_MS ? (unsigned long long)(since_ms - SLACK_MS) : 0;
    snprintf(out, IDENT_UUID_LEN + 1, "%08llx-%04llx", ms >> 16 & 0xffffffff, ms & 0xffff);
}

#define NEWEST(condition)                                                                          \
    "SELECT " COLUMNS " FROM run WHERE " condition                                                 \
    "(?2 IS NULL OR EXISTS (SELECT 1 FROM json_each(agents) WHERE value = ?2))"                    \
    " AND (?3 IS NULL OR status = ?3) AND started_ms >= ?4"                                        \
    " AND n >= CASE WHEN ?4 <= 0 THEN 0"                                                           \
    " ELSE coalesce((SELECT n FROM run WHERE id >= ?6 ORDER BY id LIMIT 1), 1 << 62) END"          \
    " ORDER BY n DESC LIMIT ?5"

enum status run_each(struct store *s, const struct run_filter *f,
    enum status (*visit)(void *ctx, const struct run_row *r), void *ctx, struct error *err)
{
    char bound[IDENT_UUID_LEN + 1];
    sqlite3_stmt *q = f->client ? sql_prepare(s, NEWEST("client = ?1 AND "), err)
                                : sql_prepare(s, NEWEST(""), err);
    if (!q)
        return STATUS_STORE;
    since_bound(f->since_ms, bound);
    sql_bind_text(q, 1, f->client);
    sql_bind_text(q, 2, f->agent);
    sql_bind_text(q, 3, f->status);
    sql_bind_int(q, 4, f->since_ms);
    sql_bind_int(q, 5, f->limit);
    sql_bind_text(q, 6, bound);
    bool row;
    enum status st;
    while (!(st = sql_step(s, q, &row, err)) && row) {
        struct run_row r = read_row(q, false);
        st = is_whole(&r) ? visit(ctx, &r) : sql_damaged(s, err);
        if (st)
            break;
    }
    sqlite3_reset(q);
    return st;
}

static void member_if(struct json_writer *w, const char *key, const char *s)
{
    if (s)
        json_member_string(w, key, s);
}

static void raw_if(struct json_writer *w, const char *key, const char *json)
{
    if (!json)
        return;
    json_key(w, key);
    json_put_raw(w, json, strlen(json));
}

static void int_if(struct json_writer *w, const char *key, int64_t v)
{
    if (v >= 0)
        json_member_int(w, key, v);
}

void run_to_json(const struct run_row *r, struct json_writer *w)
{
    char started[32];
    units_print_time(r->started_ms, started);
    json_begin_object(w);
    json_member_string(w, "id", r->id);
    member_if(w, "client", r->client);
    raw_if(w, "agents", r->agents);
    json_member_string(w, "mode", r->mode);
    member_if(w, "caller", r->caller);
    json_member_string(w, "startedAt", started);
    json_member_string(w, "status", r->status);
    if (r->http)
        json_member_int(w, "httpStatus", r->http);
    member_if(w, "error", r->error);
    member_if(w, "finishReason", r->finish_reason);
    member_if(w, "model", r->model);
    int_if(w, "inputTokens", r->input_tokens);
    int_if(w, "outputTokens", r->output_tokens);
    int_if(w, "firstByteMs", r->first_byte_ms);
    int_if(w, "durationMs", r->duration_ms);
    if (r->prompt) {
        json_key(w, "prompt");
        json_put_string(w, r->prompt, r->prompt_len);
    }
    if (r->response) {
        json_key(w, "response");
        json_put_string(w, r->response, r->response_len);
    }
    raw_if(w, "results", r->results);
    json_end_object(w);
}
