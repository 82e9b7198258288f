#include "store/run.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "store/internal.h"

enum { PREFIX_MIN = 8, SLACK_MS = 10 * 60 * 1000 };

#define COLUMNS                                                                                    \
    "id, client, agents, mode, caller, started_ms, status, http, error, results, finish_reason, "  \
    "model, input_tokens, output_tokens, first_byte_ms, duration_ms, answer_id"

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
        .duration_ms = known(q, 15),
        .answer_id = sql_text(q, 16)};
    if (whole) {
        r.prompt = sql_text(q, 17);
        r.prompt_len = (size_t)sqlite3_column_bytes(q, 17);
        r.response = sql_text(q, 18);
        r.response_len = (size_t)sqlite3_column_bytes(q, 18);
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
    else if (!st && sqlite3_column_int(q, 19) > 1)
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

#define NEWEST(from, number, condition)                                                            \
    "SELECT " COLUMNS " FROM " from " WHERE " condition " (?1 IS NULL OR client = ?1)"             \
    " AND (?2 IS NULL OR EXISTS (SELECT 1 FROM json_each(agents) WHERE value = ?2))"               \
    " AND (?3 IS NULL OR status = ?3) AND started_ms >= ?4"                                        \
    " AND " number " >= CASE WHEN ?4 <= 0 THEN 0"                                                  \
    " ELSE coalesce((SELECT n FROM run WHERE id >= ?6 ORDER BY id LIMIT 1), 1 << 62) END"          \
    " ORDER BY " number " DESC LIMIT ?5"
#define FAILURES "run_failed CROSS JOIN run ON n = run_failed.run"
#define IN_BLOCK "n >= ?7 * " RUN_BLOCK " AND n < (?7 + 1) * " RUN_BLOCK " AND"

enum source { ALL, FAILED, CLIENT_FAILED, OPEN, BLOCK };
static const char *const sources[] = {
    [ALL] = NEWEST("run", "n", ""),
    [FAILED] = NEWEST(FAILURES, "run_failed.run", "why = ?3 AND"),
    [CLIENT_FAILED] = NEWEST(FAILURES, "run_failed.run", "whose = ?1 AND why = ?3 AND"),
    [OPEN] = NEWEST("run", "n", "owner IS NOT NULL AND n >= " RUN_FIRST_OPEN " AND"),
    [BLOCK] = NEWEST("run", "n", "n >= ?7 * " RUN_BLOCK " AND n < (?7 + 1) * " RUN_BLOCK " AND"),
};

/* The one that leaves the fewest to look at. */
static enum source source_of(const struct run_filter *f)
{
    if (f->status && !strcmp(f->status, "running"))
        return OPEN;
    if (f->status && strcmp(f->status, status_name(STATUS_OK)))
        return f->client ? CLIENT_FAILED : FAILED;
    return f->agent || f->client ? BLOCK : ALL;
}

struct walk {
    struct store *store;
    const struct run_filter *filter;
    enum status (*visit)(void *ctx, const struct run_row *r);
    void *ctx;
    int64_t left; /* of the limit */
};

static enum status walk_source(struct walk *w, int64_t block, struct error *err)
{
    const struct run_filter *f = w->filter;
    char bound[IDENT_UUID_LEN + 1];
    sqlite3_stmt *q = sql_prepare(w->store, sources[source_of(f)], err);
    if (!q)
        return STATUS_STORE;
    since_bound(f->since_ms, bound);
    sql_bind_text(q, 1, f->client);
    sql_bind_text(q, 2, f->agent);
    sql_bind_text(q, 3, f->status);
    sql_bind_int(q, 4, f->since_ms);
    sql_bind_int(q, 5, w->left);
    sql_bind_text(q, 6, bound);
    sql_bind_int(q, 7, block);
    bool row;
    enum status st;
    while (!(st = sql_step(w->store, q, &row, err)) && row) {
        struct run_row r = read_row(q, false);
        st = is_whole(&r) ? w->visit(w->ctx, &r) : sql_damaged(w->store, err);
        if (st)
            break;
        w->left--;
    }
    sqlite3_reset(q);
    return st;
}

/* The newest block is not noted yet. */
static enum status walk_blocks(struct walk *w, struct error *err)
{
    const struct run_filter *f = w->filter;
    unsigned char hash[RUN_HASH_LEN];
    sqlite3_stmt *q = sql_prepare(w->store,
        "SELECT max(n) / " RUN_BLOCK " AS block FROM run UNION ALL SELECT * FROM"
        " (SELECT block FROM run_block WHERE block < (SELECT max(n) / " RUN_BLOCK " FROM run)"
        " AND (?1 IS NULL OR instr(agents, json_quote(?1)))"
        " AND (?2 IS NULL OR instr(clients, ?2)) ORDER BY block DESC)",
        err);
    if (!q)
        return STATUS_STORE;
    sql_bind_text(q, 1, f->agent);
    if (f->client) {
        run_hash_client(f->client, hash);
        sqlite3_bind_blob(q, 2, hash, sizeof hash, SQLITE_STATIC);
    } else
        sqlite3_bind_null(q, 2);
    bool row;
    enum status st = STATUS_OK;
    while (!st && w->left > 0 && !(st = sql_step(w->store, q, &row, err)) && row)
        st = walk_source(w, sqlite3_column_int64(q, 0), err);
    sqlite3_reset(q);
    return st;
}

enum status run_each(struct store *s, const struct run_filter *f,
    enum status (*visit)(void *ctx, const struct run_row *r), void *ctx, struct error *err)
{
    struct walk w = {.store = s, .filter = f, .visit = visit, .ctx = ctx, .left = f->limit};
    return source_of(f) == BLOCK ? walk_blocks(&w, err) : walk_source(&w, 0, err);
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
    member_if(w, "answerId", r->answer_id);
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
