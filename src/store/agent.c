#include "store/agent.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "store/internal.h"

#define COLUMNS                                                                                    \
    "id, name, description, backend, model, system_prompt, max_tokens, connect_ms, "               \
    "first_byte_ms, idle_ms, total_ms, extra, options, fallbacks, response_schema, tags"

static const char *const members[] = {"id", "name", "description", "systemPrompt", "llm.backend",
    "llm.model", "llm.options", "maxTokens", "fallbacks", "responseSchema", "tags", "deadlines",
    NULL};

enum { OPTIONS_MAX = 64 * 1024 };

void agent_init(struct agent *a)
{
    *a = (struct agent){.deadlines = DEADLINES_UNSET};
}

void agent_release(struct agent *a)
{
    free(a->id);
    free(a->name);
    free(a->description);
    free(a->backend);
    free(a->model);
    free(a->system_prompt);
    free(a->options);
    free(a->response_schema);
    strings_release(&a->tags);
    strings_release(&a->fallbacks);
    free(a->extra);
    agent_init(a);
}

/* Adds to all whom the agents of the list fall back on, in the end. */
static enum status reach(
    struct store *s, const struct strings *list, struct strings *all, struct error *err)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; i < list->count && !st; i++) {
        struct agent other;
        if (strings_has(all, list->items[i]))
            continue;
        if (all->count == AGENT_FALLBACKS_MAX)
            return error_set(err, STATUS_BAD_REQUEST,
                "these fallbacks and their own are more than %d", (int)AGENT_FALLBACKS_MAX);
        agent_init(&other);
        if (strings_add(all, list->items[i]))
            st = error_set(err, STATUS_NO_MEMORY, "out of memory");
        if (!st)
            st = agent_get(s, list->items[i], &other, err);
        if (st == STATUS_NOT_FOUND)
            st = sql_missing(s, "agent", list->items[i], STATUS_BAD_REQUEST, err);
        if (!st)
            st = reach(s, &other.fallbacks, all, err);
        agent_release(&other);
    }
    return st;
}

static enum status check_fallbacks(struct store *s, const struct agent *a, struct error *err)
{
    struct strings all = {0};
    enum status st = STATUS_OK;
    if (a->id && strings_has(&a->fallbacks, a->id))
        st = error_set(err, STATUS_BAD_REQUEST, "agent \"%s\" cannot fall back on itself", a->id);
    if (!st)
        st = reach(s, &a->fallbacks, &all, err);
    if (!st && a->id && strings_has(&all, a->id))
        st = error_set(err, STATUS_BAD_REQUEST,
            "these fallbacks are a circle: one of them falls back on agent \"%s\"", a->id);
    strings_release(&all);
    return st;
}

static enum status check_tags(const struct strings *tags, struct error *err)
{
    if (tags->count > AGENT_TAGS_MAX)
        return error_set(err, STATUS_BAD_REQUEST, "more than %d tags", (int)AGENT_TAGS_MAX);
    for (size_t i = 0; i < tags->count; i++) {
        const char *tag = tags->items[i];
        size_t len = strlen(tag);
        if (!len || len > AGENT_TAG_LEN || !utf8_valid(tag, len, NULL))
            return error_set(err, STATUS_BAD_REQUEST,
                "tag %zu is empty, longer than %d bytes or not valid UTF-8", i + 1,
                (int)AGENT_TAG_LEN);
        for (size_t k = 0; k < i; k++)
            if (!strcmp(tag, tags->items[k]))
                return error_set(err, STATUS_BAD_REQUEST, "the tag \"%s\" is there twice", tag);
    }
    return STATUS_OK;
}

static enum status check(struct store *s, const struct agent *a, struct error *err)
{
    bool exists;
    if (!a->backend)
        return error_set(err, STATUS_BAD_REQUEST, "an agent needs a backend");
    if (a->max_tokens < 0)
        return error_set(err, STATUS_BAD_REQUEST, "the most tokens of an agent are below zero");
    enum status st = sql_exists(s, "backend", a->backend, &exists, err);
    if (!st && !exists)
        st = sql_missing(s, "backend", a->backend, STATUS_BAD_REQUEST, err);
    if (!st)
        st = check_text("system prompt", a->system_prompt, err);
    if (!st)
        st = check_text("description", a->description, err);
    if (!st)
        st = check_text("model", a->model, err);
    if (!st)
        st = check_text("name", a->name, err);
    if (!st)
        st = check_tags(&a->tags, err);
    return st ? st : check_fallbacks(s, a, err);
}

static enum status bind(sqlite3_stmt *q, const struct agent *a)
{
    sql_bind_text(q, 1, a->id);
    sql_bind_text(q, 2, a->name);
    sql_bind_text(q, 3, a->description);
    sql_bind_text(q, 4, a->backend);
    sql_bind_text(q, 5, a->model);
    sql_bind_text(q, 6, a->system_prompt);
    sql_bind_int(q, 7, a->max_tokens);
    sql_bind_deadlines(q, 8, &a->deadlines);
    sql_bind_text(q, 12, a->extra);
    sql_bind_text(q, 13, a->options);
    sql_bind_text(q, 15, a->response_schema);
    enum status st = sql_bind_list(q, 14, &a->fallbacks);
    return st ? st : sql_bind_list(q, 16, &a->tags);
}

static enum status read_row(sqlite3_stmt *q, void *entity)
{
    struct agent *a = entity;
    enum status st = STATUS_OK;
    sql_need_text(q, 0, &a->id, &st);
    sql_read_text(q, 1, &a->name, &st);
    sql_read_text(q, 2, &a->description, &st);
    sql_need_text(q, 3, &a->backend, &st);
    sql_read_text(q, 4, &a->model, &st);
    sql_read_text(q, 5, &a->system_prompt, &st);
    a->max_tokens = sqlite3_column_int64(q, 6);
    sql_read_deadlines(q, 7, &a->deadlines);
    sql_read_text(q, 11, &a->extra, &st);
    sql_read_text(q, 12, &a->options, &st);
    sql_read_list(q, 13, &a->fallbacks, &st);
    sql_read_text(q, 14, &a->response_schema, &st);
    sql_read_list(q, 15, &a->tags, &st);
    return st;
}

enum status agent_add(struct store *s, struct agent *a, struct error *err)
{
    enum status st = sql_new_id(s, "agent", &a->id, err);
    if (!st)
        st = check(s, a, err);
    if (st)
        return st;
    sqlite3_stmt *q = sql_prepare(
        s, "INSERT INTO agent (" COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", err);
    if (!q)
        return STATUS_STORE;
    st = bind(q, a);
    return st ? error_set(err, st, "out of memory for the store") : sql_run(s, q, err);
}

enum status agent_update(struct store *s, const struct agent *a, struct error *err)
{
    enum status st = check(s, a, err);
    if (st)
        return st;
    sqlite3_stmt *q = sql_prepare(s,
        "UPDATE agent SET name = ?2, description = ?3, backend = ?4, model = ?5,"
        " system_prompt = ?6, max_tokens = ?7, connect_ms = ?8, first_byte_ms = ?9, idle_ms = ?10,"
        " total_ms = ?11, extra = ?12, options = ?13, fallbacks = ?14,"
        " response_schema = ?15, tags = ?16 WHERE id = ?1",
        err);
    if (!q)
        return STATUS_STORE;
    st = bind(q, a);
    st = st ? error_set(err, st, "out of memory for the store") : sql_run(s, q, err);
    return st || sql_changes(s) ? st : sql_missing(s, "agent", a->id, STATUS_NOT_FOUND, err);
}

enum status agent_get(struct store *s, const char *id, struct agent *out, struct error *err)
{
    struct entity_reader r = {.entity = out, .read = read_row};
    return sql_get(s, "SELECT " COLUMNS " FROM agent WHERE id = ?", "agent", id, &r, err);
}

struct agent_visit {
    enum status (*visit)(void *ctx, const struct agent *a);
    void *ctx;
};

static enum status visit_agent(void *ctx, const void *entity)
{
    struct agent_visit *v = ctx;
    return v->visit(v->ctx, entity);
}

enum status agent_each(struct store *s, enum status (*visit)(void *ctx, const struct agent *a),
    void *ctx, struct error *err)
{
    struct agent a;
    struct agent_visit v = {visit, ctx};
    struct entity_reader r = {.entity = &a, .read = read_row, .seen = visit_agent, .ctx = &v};
    sqlite3_stmt *q = sql_prepare(s, "SELECT " COLUMNS " FROM agent ORDER BY id", err);
    if (!q)
        return STATUS_STORE;
    agent_init(&a);
    enum status st = sql_each(s, q, &r, err);
    agent_release(&a);
    return st;
}

static enum status unlink_users(struct store *s, const char *id, struct error *err)
{
    static const char *const changes[] = {"DELETE FROM client_agent WHERE agent = ?",
        "UPDATE command SET agent = NULL WHERE agent = ?",
        ("UPDATE agent SET fallbacks = (SELECT json_group_array(value) FROM json_each(fallbacks)"
         " WHERE value <> ?1) WHERE EXISTS (SELECT 1 FROM json_each(fallbacks) WHERE value = ?1)")};
    enum status st = STATUS_OK;
    for (size_t i = 0; i < sizeof changes / sizeof *changes && !st; i++) {
        sqlite3_stmt *q = sql_prepare(s, changes[i], err);
        if (!q)
            return STATUS_STORE;
        sql_bind_text(q, 1, id);
        st = sql_run(s, q, err);
    }
    return st;
}

enum status agent_remove(struct store *s, const char *id, bool force, struct error *err)
{
    struct buf users;
    buf_init(&users, ERROR_TEXT_MAX);
    enum status st = sql_begin(s, err);
    if (st)
        return st;
    st = sql_users(s, "SELECT client FROM client_agent WHERE agent = ? ORDER BY client", id,
        "client", &users, err);
    if (!st)
        st = sql_users(
            s, "SELECT id FROM command WHERE agent = ? ORDER BY id", id, "command", &users, err);
    if (!st)
        st = sql_users(s,
            "SELECT id FROM agent WHERE EXISTS (SELECT 1 FROM json_each(fallbacks) WHERE value = ?)"
            " ORDER BY id",
            id, "agent", &users, err);
    if (!st && users.len && !force)
        st = error_set(err, STATUS_CONFLICT,
            "agent \"%s\" is used by %s: remove these first, or use --force", id, buf_str(&users));
    if (!st && users.len)
        st = unlink_users(s, id, err);
    if (!st)
        st = sql_delete(s, "DELETE FROM agent WHERE id = ?", "agent", id, err);
    buf_release(&users);
    return sql_end(s, st, err);
}

/* An object into *to, as text. what begins a message: "the options are". */
static enum status take_object(
    const struct json *j, const char *what, size_t max, char **to, struct error *err)
{
    struct buf text;
    enum json_kind kind = json_kind(j);
    if (kind != JSON_OBJECT && kind != JSON_NULL && kind != JSON_ABSENT)
        return error_set(err, STATUS_BAD_REQUEST, "%s not a JSON object", what);
    buf_init(&text, max);
    enum status st = kind == JSON_OBJECT ? json_print(j, false, &text) : STATUS_OK;
    if (st)
        st = error_set(err, STATUS_BAD_REQUEST, "%s larger than %zu bytes", what, max);
    else if (string_set(to, text.len ? buf_str(&text) : NULL))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    buf_release(&text);
    return st;
}

static enum status take_options(const struct json *j, struct agent *a, struct error *err)
{
    return take_object(json_count(j) || json_kind(j) != JSON_OBJECT ? j : NULL, "the options are",
        OPTIONS_MAX, &a->options, err);
}

static enum status take_schema(const struct json *j, struct agent *a, struct error *err)
{
    return take_object(j, "the schema of answers is", AGENT_SCHEMA_MAX, &a->response_schema, err);
}

static enum status take_text(const char *json, const char *what, struct agent *a,
    enum status (*take)(const struct json *j, struct agent *a, struct error *err),
    struct error *err)
{
    struct json *j = NULL;
    enum status st = json && *json ? json_parse(json, strlen(json), &j, err) : STATUS_OK;
    if (st)
        error_prefix(err, "%s", what);
    else
        st = take(j, a, err);
    json_free(j);
    return st;
}

enum status agent_set_options(struct agent *a, const char *json, struct error *err)
{
    return take_text(json, "the options", a, take_options, err);
}

enum status agent_set_response_schema(struct agent *a, const char *json, struct error *err)
{
    return take_text(json, "the schema of answers", a, take_schema, err);
}

enum status agent_from_json(const struct json *j, struct agent *a, struct error *err)
{
    const struct json *llm = json_get(j, "llm");
    agent_release(a);
    enum status st = text_from_json(j, "id", &a->id, err);
    if (!st)
        st = text_from_json(j, "name", &a->name, err);
    if (!st)
        st = text_from_json(j, "description", &a->description, err);
    if (!st)
        st = text_from_json(j, "systemPrompt", &a->system_prompt, err);
    if (!st)
        st = text_from_json(llm, "backend", &a->backend, err);
    if (!st)
        st = text_from_json(llm, "model", &a->model, err);
    if (!st && (st = take_options(json_get(llm, "options"), a, err)) != STATUS_OK)
        error_prefix(err, "llm.options");
    if (!st)
        st = deadlines_from_json(j, &a->deadlines, err);
    if (!st)
        st = count_from_json(j, "maxTokens", &a->max_tokens, err);
    if (!st)
        st = list_from_json(j, "fallbacks", &a->fallbacks, err);
    if (!st)
        st = list_from_json(j, "tags", &a->tags, err);
    if (!st && (st = take_schema(json_get(j, "responseSchema"), a, err)) != STATUS_OK)
        error_prefix(err, "responseSchema");
    return st ? st : extra_from_json(j, members, &a->extra, err);
}

void agent_export(const struct agent *a, bool secrets, struct json_writer *w)
{
    json_begin_object(w);
    json_member_string(w, "id", a->id);
    if (a->name)
        json_member_string(w, "name", a->name);
    if (a->description)
        json_member_string(w, "description", a->description);
    json_key(w, "llm");
    json_begin_object(w);
    json_member_string(w, "backend", a->backend);
    if (a->model)
        json_member_string(w, "model", a->model);
    if (a->options) {
        json_key(w, "options");
        json_put_raw(w, a->options, strlen(a->options));
    }
    extra_to_json(a->extra, members, "llm", secrets, w);
    json_end_object(w);
    if (a->system_prompt)
        json_member_string(w, "systemPrompt", a->system_prompt);
    if (a->max_tokens)
        json_member_int(w, "maxTokens", a->max_tokens);
    if (a->fallbacks.count)
        list_to_json("fallbacks", &a->fallbacks, w);
    if (a->response_schema) {
        json_key(w, "responseSchema");
        json_put_raw(w, a->response_schema, strlen(a->response_schema));
    }
    if (a->tags.count)
        list_to_json("tags", &a->tags, w);
    deadlines_to_json(&a->deadlines, w);
    extra_to_json(a->extra, members, "", secrets, w);
    json_end_object(w);
}

void agent_to_json(const struct agent *a, struct json_writer *w)
{
    agent_export(a, false, w);
}
