#include "store/command.h"

#include <stdlib.h>
#include <string.h>

#include "store/internal.h"

#define COLUMNS "id, name, description, prompt, agent, extra"

static const char *const members[] = {"id", "name", "description", "prompt", "agentId", NULL};

void command_init(struct command *c)
{
    *c = (struct command){0};
}

void command_release(struct command *c)
{
    free(c->id);
    free(c->name);
    free(c->description);
    free(c->prompt);
    free(c->agent);
    free(c->extra);
    command_init(c);
}

static enum status check(struct store *s, const struct command *c, struct error *err)
{
    bool exists = true;
    if (!c->prompt || !c->prompt[strspn(c->prompt, " \t\r\n")])
        return error_set(err, STATUS_BAD_REQUEST, "the prompt of a command is empty");
    enum status st = check_text("prompt", c->prompt, err);
    if (!st)
        st = check_text("name", c->name, err);
    if (!st)
        st = check_text("description", c->description, err);
    if (!st && c->agent)
        st = sql_exists(s, "agent", c->agent, &exists, err);
    if (!st && !exists)
        st = sql_missing(s, "agent", c->agent, STATUS_BAD_REQUEST, err);
    return st;
}

static void bind(sqlite3_stmt *q, const struct command *c)
{
    sql_bind_text(q, 1, c->id);
    sql_bind_text(q, 2, c->name);
    sql_bind_text(q, 3, c->description);
    sql_bind_text(q, 4, c->prompt);
    sql_bind_text(q, 5, c->agent);
    sql_bind_text(q, 6, c->extra);
}

static enum status read_row(sqlite3_stmt *q, void *entity)
{
    struct command *c = entity;
    enum status st = STATUS_OK;
    sql_need_text(q, 0, &c->id, &st);
    sql_read_text(q, 1, &c->name, &st);
    sql_read_text(q, 2, &c->description, &st);
    sql_need_text(q, 3, &c->prompt, &st);
    sql_read_text(q, 4, &c->agent, &st);
    sql_read_text(q, 5, &c->extra, &st);
    return st;
}

enum status command_add(struct store *s, struct command *c, struct error *err)
{
    enum status st = sql_new_id(s, "command", &c->id, err);
    if (!st)
        st = check(s, c, err);
    if (st)
        return st;
    sqlite3_stmt *q = sql_prepare(s, "INSERT INTO command (" COLUMNS ") VALUES (?,?,?,?,?,?)", err);
    if (!q)
        return STATUS_STORE;
    bind(q, c);
    return sql_run(s, q, err);
}

enum status command_update(struct store *s, const struct command *c, struct error *err)
{
    enum status st = check(s, c, err);
    if (st)
        return st;
    sqlite3_stmt *q = sql_prepare(s,
        "UPDATE command SET name = ?2, description = ?3, prompt = ?4, agent = ?5, extra = ?6"
        " WHERE id = ?1",
        err);
    if (!q)
        return STATUS_STORE;
    bind(q, c);
    st = sql_run(s, q, err);
    return st || sql_changes(s) ? st : sql_missing(s, "command", c->id, STATUS_NOT_FOUND, err);
}

enum status command_get(struct store *s, const char *id, struct command *out, struct error *err)
{
    struct entity_reader r = {.entity = out, .read = read_row};
    return sql_get(s, "SELECT " COLUMNS " FROM command WHERE id = ?", "command", id, &r, err);
}

struct command_visit {
    enum status (*visit)(void *ctx, const struct command *c);
    void *ctx;
};

static enum status visit_command(void *ctx, const void *entity)
{
    struct command_visit *v = ctx;
    return v->visit(v->ctx, entity);
}

enum status command_each(struct store *s, enum status (*visit)(void *ctx, const struct command *c),
    void *ctx, struct error *err)
{
    struct command c;
    struct command_visit v = {visit, ctx};
    struct entity_reader r = {.entity = &c, .read = read_row, .seen = visit_command, .ctx = &v};
    sqlite3_stmt *q = sql_prepare(s, "SELECT " COLUMNS " FROM command ORDER BY id", err);
    if (!q)
        return STATUS_STORE;
    command_init(&c);
    enum status st = sql_each(s, q, &r, err);
    command_release(&c);
    return st;
}

enum status command_remove(struct store *s, const char *id, bool force, struct error *err)
{
    struct buf users;
    buf_init(&users, ERROR_TEXT_MAX);
    enum status st = sql_begin(s, err);
    if (st)
        return st;
    st = sql_users(
        s, "SELECT id FROM client WHERE command = ? ORDER BY id", id, "client", &users, err);
    if (!st && users.len && !force)
        st = error_set(err, STATUS_CONFLICT,
            "command \"%s\" is used by %s: remove these first, or use --force", id,
            buf_str(&users));
    if (!st && users.len) {
        sqlite3_stmt *q =
            sql_prepare(s, "UPDATE client SET command = NULL, enabled = 0 WHERE command = ?", err);
        if (q)
            sql_bind_text(q, 1, id);
        st = q ? sql_run(s, q, err) : STATUS_STORE;
    }
    if (!st)
        st = sql_delete(s, "DELETE FROM command WHERE id = ?", "command", id, err);
    buf_release(&users);
    return sql_end(s, st, err);
}

enum status command_from_json(const struct json *j, struct command *c, struct error *err)
{
    command_release(c);
    enum status st = text_from_json(j, "id", &c->id, err);
    if (!st)
        st = text_from_json(j, "name", &c->name, err);
    if (!st)
        st = text_from_json(j, "description", &c->description, err);
    if (!st)
        st = text_from_json(j, "prompt", &c->prompt, err);
    if (!st)
        st = text_from_json(j, "agentId", &c->agent, err);
    return st ? st : extra_from_json(j, members, &c->extra, err);
}

void command_export(const struct command *c, bool secrets, struct json_writer *w)
{
    json_begin_object(w);
    json_member_string(w, "id", c->id);
    if (c->name)
        json_member_string(w, "name", c->name);
    if (c->description)
        json_member_string(w, "description", c->description);
    json_member_string(w, "prompt", c->prompt);
    if (c->agent)
        json_member_string(w, "agentId", c->agent);
    extra_to_json(c->extra, members, "", secrets, w);
    json_end_object(w);
}

void command_to_json(const struct command *c, struct json_writer *w)
{
    command_export(c, false, w);
}
