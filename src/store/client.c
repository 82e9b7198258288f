#include "store/client.h"

#include <stdlib.h>
#include <string.h>

#include "store/internal.h"

#define COLUMNS "id, name, enabled, passthrough, command, continue_when_gone, hash_prompt, extra"
/* The agents in order, as a JSON array, with the row itself. */
#define WITH_AGENTS                                                                                \
    COLUMNS ", (SELECT json_group_array(agent) FROM (SELECT agent FROM client_agent"               \
            " WHERE client = client.id ORDER BY position))"

static const char *const members[] = {"id", "name", "type", "token", "tokenHashes", "allowedAgents",
    "enabled", "config.webhook.passthrough", "config.webhook.commandId", "onDisconnect",
    "recordPrompt", NULL};

void client_init(struct client *c)
{
    *c = (struct client){.enabled = true};
}

void client_release(struct client *c)
{
    free(c->id);
    free(c->name);
    free(c->command);
    strings_release(&c->agents);
    free(c->extra);
    client_init(c);
}

static enum status check(struct store *s, const struct client *c, struct error *err)
{
    bool exists = true;
    enum status st = check_text("name", c->name, err);
    if (!st && c->passthrough && c->command)
        st = error_set(err, STATUS_BAD_REQUEST,
            "a client has a command or passes its callers' prompts through, not both");
    if (!st && !c->passthrough && !c->command && c->enabled)
        st = error_set(err, STATUS_BAD_REQUEST,
            "a client needs a prompt: name a stored one with --command ID, or say --passthrough");
    if (!st && c->command)
        st = sql_exists(s, "command", c->command, &exists, err);
    if (!st && !exists)
        st = sql_missing(s, "command", c->command, STATUS_BAD_REQUEST, err);
    for (size_t i = 0; i < c->agents.count && !st; i++) {
        st = sql_exists(s, "agent", c->agents.items[i], &exists, err);
        if (!st && !exists)
            st = sql_missing(s, "agent", c->agents.items[i], STATUS_BAD_REQUEST, err);
        for (size_t k = 0; k < i && !st; k++)
            if (!strcmp(c->agents.items[i], c->agents.items[k]))
                st = error_set(
                    err, STATUS_BAD_REQUEST, "agent \"%s\" is named twice", c->agents.items[i]);
    }
    return st;
}

static enum status read_row(sqlite3_stmt *q, void *entity)
{
    struct client *c = entity;
    enum status st = STATUS_OK;
    sql_need_text(q, 0, &c->id, &st);
    sql_read_text(q, 1, &c->name, &st);
    c->enabled = sqlite3_column_int(q, 2);
    c->passthrough = sqlite3_column_int(q, 3);
    sql_read_text(q, 4, &c->command, &st);
    c->continue_when_gone = sqlite3_column_int(q, 5);
    c->hash_prompt = sqlite3_column_int(q, 6);
    sql_read_text(q, 7, &c->extra, &st);
    sql_read_list(q, 8, &c->agents, &st);
    return st;
}

static enum status write_agents(struct store *s, const struct client *c, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s, "DELETE FROM client_agent WHERE client = ?", err);
    if (!q)
        return STATUS_STORE;
    sql_bind_text(q, 1, c->id);
    enum status st = sql_run(s, q, err);
    q = sql_prepare(s, "INSERT INTO client_agent (client, position, agent) VALUES (?,?,?)", err);
    if (!q)
        return STATUS_STORE;
    for (size_t i = 0; i < c->agents.count && !st; i++) {
        sql_bind_text(q, 1, c->id);
        sql_bind_int(q, 2, (int64_t)i);
        sql_bind_text(q, 3, c->agents.items[i]);
        st = sql_run(s, q, err);
    }
    return st;
}

static enum status write_row(
    struct store *s, const char *sql, const struct client *c, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s, sql, err);
    if (!q)
        return STATUS_STORE;
    sql_bind_text(q, 1, c->id);
    sql_bind_text(q, 2, c->name);
    sql_bind_int(q, 3, c->enabled);
    sql_bind_int(q, 4, c->passthrough);
    sql_bind_text(q, 5, c->command);
    sql_bind_int(q, 6, c->continue_when_gone);
    sql_bind_int(q, 7, c->hash_prompt);
    sql_bind_text(q, 8, c->extra);
    return sql_run(s, q, err);
}

enum status client_add(struct store *s, struct client *c, struct error *err)
{
    enum status st = sql_new_id(s, "client", &c->id, err);
    if (!st)
        st = check(s, c, err);
    if (!st)
        st = sql_begin(s, err);
    if (st)
        return st;
    st = write_row(s, "INSERT INTO client (" COLUMNS ") VALUES (?,?,?,?,?,?,?,?)", c, err);
    if (!st)
        st = write_agents(s, c, err);
    return sql_end(s, st, err);
}

enum status client_update(struct store *s, const struct client *c, struct error *err)
{
    enum status st = check(s, c, err);
    if (!st)
        st = sql_begin(s, err);
    if (st)
        return st;
    st = write_row(s,
        "UPDATE client SET name = ?2, enabled = ?3, passthrough = ?4, command = ?5,"
        " continue_when_gone = ?6, hash_prompt = ?7, extra = ?8 WHERE id = ?1",
        c, err);
    if (!st && !sql_changes(s))
        st = sql_missing(s, "client", c->id, STATUS_NOT_FOUND, err);
    if (!st)
        st = write_agents(s, c, err);
    return sql_end(s, st, err);
}

enum status client_get(struct store *s, const char *id, struct client *out, struct error *err)
{
    struct entity_reader r = {.entity = out, .read = read_row};
    return sql_get(s, "SELECT " WITH_AGENTS " FROM client WHERE id = ?", "client", id, &r, err);
}

struct client_visit {
    enum status (*visit)(void *ctx, const struct client *c);
    void *ctx;
};

static enum status visit_client(void *ctx, const void *entity)
{
    struct client_visit *v = ctx;
    return v->visit(v->ctx, entity);
}

enum status client_each(struct store *s, enum status (*visit)(void *ctx, const struct client *c),
    void *ctx, struct error *err)
{
    struct client c;
    struct client_visit v = {visit, ctx};
    struct entity_reader r = {.entity = &c, .read = read_row, .seen = visit_client, .ctx = &v};
    sqlite3_stmt *q = sql_prepare(s, "SELECT " WITH_AGENTS " FROM client ORDER BY id", err);
    if (!q)
        return STATUS_STORE;
    client_init(&c);
    enum status st = sql_each(s, q, &r, err);
    client_release(&c);
    return st;
}

enum status client_remove(struct store *s, const char *id, struct error *err)
{
    return sql_delete(s, "DELETE FROM client WHERE id = ?", "client", id, err);
}

/* One of two words; absent is the first. */
static enum status choice_from_json(const struct json *j, const char *key,
    const char *const words[2], bool *second, struct error *err)
{
    const struct json *value = json_get(j, key);
    const char *word = json_string(value, NULL);
    if (!word && json_kind(value) != JSON_ABSENT && json_kind(value) != JSON_NULL)
        return error_set(err, STATUS_BAD_REQUEST, "%s: not a string", key);
    *second = word && !strcmp(word, words[1]);
    if (word && !*second && strcmp(word, words[0]))
        return error_set(err, STATUS_BAD_REQUEST, "%s: \"%s\" is neither \"%s\" nor \"%s\"", key,
            word, words[0], words[1]);
    return STATUS_OK;
}

static const char *const gone_words[2] = {"cancel", "continue"};
static const char *const record_words[2] = {"text", "hash"};

enum status client_from_json(const struct json *j, struct client *c, struct error *err)
{
    const char *type = json_get_string(j, "type");
    const struct json *webhook = json_get(json_get(j, "config"), "webhook");
    client_release(c);
    if (type && strcmp(type, "webhook"))
        return error_set(err, STATUS_BAD_REQUEST, "type: \"%s\" is not \"webhook\"", type);
    enum status st = text_from_json(j, "id", &c->id, err);
    if (!st)
        st = text_from_json(j, "name", &c->name, err);
    if (!st)
        st = list_from_json(j, "allowedAgents", &c->agents, err);
    if (!st)
        st = text_from_json(webhook, "commandId", &c->command, err);
    if (!st)
        st = choice_from_json(j, "onDisconnect", gone_words, &c->continue_when_gone, err);
    if (!st)
        st = choice_from_json(j, "recordPrompt", record_words, &c->hash_prompt, err);
    if (!st)
        st = bool_from_json(j, "enabled", &c->enabled, err);
    if (!st)
        st = bool_from_json(webhook, "passthrough", &c->passthrough, err);
    if (c->passthrough) { /* Magec leaves the one that was chosen before */
        free(c->command);
        c->command = NULL;
    }
    return st ? st : extra_from_json(j, members, &c->extra, err);
}

void client_export_members(const struct client *c, bool secrets, struct json_writer *w)
{
    json_member_string(w, "id", c->id);
    if (c->name)
        json_member_string(w, "name", c->name);
    json_member_string(w, "type", "webhook");
    json_member_bool(w, "enabled", c->enabled);
    list_to_json("allowedAgents", &c->agents, w);
    json_key(w, "config");
    json_begin_object(w);
    json_key(w, "webhook");
    json_begin_object(w);
    json_member_bool(w, "passthrough", c->passthrough);
    if (c->command)
        json_member_string(w, "commandId", c->command);
    extra_to_json(c->extra, members, "config.webhook", secrets, w);
    json_end_object(w);
    extra_to_json(c->extra, members, "config", secrets, w);
    json_end_object(w);
    json_member_string(w, "onDisconnect", gone_words[c->continue_when_gone]);
    json_member_string(w, "recordPrompt", record_words[c->hash_prompt]);
    extra_to_json(c->extra, members, "", secrets, w);
}

void client_write_members(const struct client *c, struct json_writer *w)
{
    client_export_members(c, false, w);
}

void client_to_json(const struct client *c, struct json_writer *w)
{
    json_begin_object(w);
    client_write_members(c, w);
    json_end_object(w);
}
