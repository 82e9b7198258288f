#include "store/import.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/ident.h"
#include "store/agent.h"
#include "store/backend.h"
#include "store/client.h"
#include "store/command.h"
#include "store/exec_tool.h"
#include "store/flow.h"
#include "store/mcp_server.h"
#include "store/rest.h"
#include "store/token.h"

/* In this order, so that what is referred to is there. */
static const struct {
    const char *name;
    const struct entity_kind *kind;
    size_t counter;
} collections[] = {
    {"backends", &backend_kind, offsetof(struct import_report, backends)},
    {"mcpServers", &mcp_server_kind, offsetof(struct import_report, mcp_servers)},
    {"tools", &exec_tool_kind, offsetof(struct import_report, tools)},
    {"agents", &agent_kind, offsetof(struct import_report, agents)},
    {"flows", &flow_kind, offsetof(struct import_report, flows)},
    {"commands", &command_kind, offsetof(struct import_report, commands)},
    {"clients", &client_kind, offsetof(struct import_report, clients)},
};

enum { COLLECTIONS = sizeof collections / sizeof *collections };

/* One import under way. */
struct import {
    struct store *s;
    const struct json *root;
    bool replace;
    struct import_report *report;
    struct error *err;
};

void import_report_release(struct import_report *r)
{
    strings_release(&r->kept);
    *r = (struct import_report){0};
}

/* ---- what is only kept ---- */

static const char not_used[] = "kept, but not used";

/* id NULL: a whole member of the document. */
static enum status report(
    struct import *im, const char *collection, const char *id, const char *verdict, const char *why)
{
    struct buf sentence;
    buf_init(&sentence, BUF_SMALL);
    if (id)
        buf_printf(&sentence, "%s \"%s\"", collection, id);
    else
        buf_adds(&sentence, collection);
    buf_printf(&sentence, ": %s: %s", verdict, why);
    enum status st = strings_add(&im->report->kept, buf_str(&sentence));
    buf_release(&sentence);
    return st ? error_set(im->err, st, "out of memory") : STATUS_OK;
}

/* An import of what was exported without secrets does not take them away: text gets the document
 * with those that old has. */
static enum status recall(struct import *im, const char *collection, const struct json *j,
    const char *old, struct buf *text)
{
    struct json *was = NULL;
    struct json_writer w;
    json_writer_init(&w, text);
    if (old && json_parse(old, strlen(old), &was, NULL))
        return sql_damaged(im->s, im->err);
    value_recall(collection, j, was, &w);
    json_free(was);
    return buf_status(text) ? error_set(im->err, buf_status(text), "%s: too large", collection)
                            : STATUS_OK;
}

static enum status recall_kept(struct import *im, const char *collection, enum kept_part part,
    const struct json *j, struct buf *text)
{
    const char *id = part == KEPT_WHOLE ? "" : json_get_string(j, "id");
    sqlite3_stmt *q = sql_prepare(
        im->s, "SELECT document FROM kept WHERE collection = ? AND part = ? AND id = ?", im->err);
    bool row;
    if (!q)
        return STATUS_STORE;
    sql_bind_text(q, 1, collection);
    sql_bind_int(q, 2, part);
    sql_bind_text(q, 3, id);
    enum status st = sql_step(im->s, q, &row, im->err);
    if (!st)
        st = recall(im, collection, j, row ? sql_text(q, 0) : NULL, text);
    sqlite3_reset(q);
    return st;
}

/* What has no id is kept under its own text, so that it is there once. */
static enum status put_json(
    struct import *im, const char *collection, enum kept_part part, const struct json *j)
{
    struct buf text;
    const char *id = part == KEPT_WHOLE ? "" : json_get_string(j, "id");
    buf_init(&text, 1024 * BUF_SMALL);
    enum status st = recall_kept(im, collection, part, j, &text);
    if (!st)
        st = kept_put(im->s, collection, part, id ? id : buf_str(&text), buf_str(&text), im->err);
    buf_wipe(&text);
    return st;
}

static enum status keep(
    struct import *im, const char *collection, const struct json *element, const char *why)
{
    const char *id = json_get_string(element, "id");
    enum status st = put_json(im, collection, KEPT_ELEMENT, element);
    return st ? st : report(im, collection, id ? id : "?", not_used, why);
}

static enum status forget(struct import *im, const char *collection, const char *id)
{
    sqlite3_stmt *q =
        sql_prepare(im->s, "DELETE FROM kept WHERE collection = ? AND id = ?", im->err);
    if (!q)
        return STATUS_STORE;
    sql_bind_text(q, 1, collection);
    sql_bind_text(q, 2, id);
    return sql_run(im->s, q, im->err);
}

/* A list that was none before, or the other way round. */
static enum status forget_part(struct import *im, const char *collection, enum kept_part part)
{
    sqlite3_stmt *q =
        sql_prepare(im->s, "DELETE FROM kept WHERE collection = ? AND part = ?", im->err);
    if (!q)
        return STATUS_STORE;
    sql_bind_text(q, 1, collection);
    sql_bind_int(q, 2, part);
    return sql_run(im->s, q, im->err);
}

/* ---- entities ---- */

static enum status name_rest(struct import *im, const char *collection, const char *id,
    const struct field *f, const struct json *rest)
{
    struct buf verdict, why;
    const struct json *ids = json_get(rest, f->path);
    if (!json_count(ids))
        return STATUS_OK;
    buf_init(&verdict, BUF_SMALL);
    buf_init(&why, BUF_SMALL);
    buf_printf(&verdict, "taken without what is no %s here", entity_name(f->refers));
    for (size_t i = 0; i < json_count(ids); i++)
        buf_printf(&why, "%s\"%s\"", i ? ", " : "", json_string(json_at(ids, i), NULL));
    enum status st = report(im, collection, id, buf_str(&verdict), buf_str(&why));
    buf_release(&verdict);
    buf_release(&why);
    return st;
}

/* The entity was taken with what it refers to here; what else is in its lists is kept. */
static enum status keep_rest(struct import *im, size_t which, const char *id, const char *text)
{
    struct json *rest = NULL;
    const struct entity_kind *kind = collections[which].kind;
    const char *name = collections[which].name;
    enum status st = json_parse(text, strlen(text), &rest, im->err);
    if (!st)
        st = rest_keep(im->s, name, id, text, im->err);
    for (const struct field *f = NULL; (f = rest_field(kind, f)) && !st;)
        st = name_rest(im, name, id, f, rest);
    json_free(rest);
    return st;
}

static enum status adopt_tokens(struct import *im, const char *id, const struct json *j)
{
    const char *token = json_get_string(j, "token");
    const struct json *hashes = json_get(j, "tokenHashes");
    enum status st = token && *token ? token_adopt(im->s, id, token, im->err) : STATUS_OK;
    for (size_t i = 0; i < json_count(hashes) && !st; i++) {
        const char *hex = json_string(json_at(hashes, i), NULL);
        unsigned char hash[IDENT_HASH_LEN];
        if (!hex || !ident_unhex(hex, hash, sizeof hash))
            return error_set(im->err, STATUS_BAD_REQUEST, "tokenHashes[%zu]: not a SHA-256", i);
        st = token_adopt_hash(im->s, id, hash, im->err);
    }
    return st;
}

/* Adds it, or changes the one that is there. */
static enum status save(struct import *im, size_t which, const struct json *j, void *e, bool known)
{
    struct buf rest;
    const struct entity_kind *kind = collections[which].kind;
    buf_init(&rest, 1024 * BUF_SMALL);
    enum status st = rest_take(im->s, kind, e, &rest, im->err);
    if (!st)
        st = known ? entity_update(im->s, kind, e, im->err) : entity_add(im->s, kind, e, im->err);
    if (!st && kind == &client_kind)
        st = adopt_tokens(im, entity_id(e), j);
    if (!st && rest.len)
        st = keep_rest(im, which, entity_id(e), buf_str(&rest));
    buf_release(&rest);
    return st;
}

static enum status take_entity(struct import *im, size_t which, const struct json *j, bool known)
{
    const struct entity_kind *kind = collections[which].kind;
    void *e = entity_new(kind);
    enum status st = e ? entity_from_json(kind, j, e, im->err)
                       : error_set(im->err, STATUS_NO_MEMORY, "out of memory");
    if (!st && kind == &agent_kind) /* those that it falls back on may come later: take_fallbacks */
        strings_release(&((struct agent *)e)->fallbacks);
    if (!st)
        st = save(im, which, j, e, known);
    entity_free(kind, e);
    return st;
}

static enum status set_fallbacks(struct import *im, const struct json *j, const char *id)
{
    struct agent a;
    agent_init(&a);
    enum status st = agent_get(im->s, id, &a, im->err);
    if (!st)
        st = field_from_json(field_find(&agent_kind, "fallbacks"), j, &a, im->err);
    if (!st)
        st = agent_update(im->s, &a, im->err);
    agent_release(&a);
    return st;
}

/* When all agents are there. One that cannot have them is left without. */
static enum status take_fallbacks(struct import *im)
{
    const struct json *all = json_get(im->root, "agents");
    enum status st = STATUS_OK;
    for (size_t i = 0; i < json_count(all) && !st; i++) {
        const struct json *j = json_at(all, i);
        const char *id = json_get_string(j, "id");
        bool taken = false;
        if (!id || !json_count(json_get(j, "fallbacks")))
            continue;
        st = entity_exists(im->s, &agent_kind, id, &taken, im->err);
        if (!st && taken)
            st = set_fallbacks(im, j, id);
        if (st == STATUS_BAD_REQUEST) {
            struct error why = *im->err;
            st = report(im, "agents", id, "taken without its fallbacks", why.text);
        }
    }
    return st;
}

/* ---- the document ---- */

/* The one that is there, with its secrets. */
static enum status print(
    struct import *im, const struct entity_kind *kind, const char *id, struct buf *out)
{
    struct json_writer w;
    void *e = entity_new(kind);
    enum status st = e ? entity_get(im->s, kind, id, e, im->err)
                       : error_set(im->err, STATUS_NO_MEMORY, "out of memory");
    json_writer_init(&w, out);
    if (!st)
        entity_to_json(kind, e, true, &w);
    entity_free(kind, e);
    return st;
}

/* Takes the element in place of the one that is there. */
static enum status replace(struct import *im, size_t which, const char *id, const struct json *j)
{
    struct buf old, text;
    const struct entity_kind *kind = collections[which].kind;
    struct json *whole = NULL;
    buf_init(&old, 1024 * BUF_SMALL);
    buf_init(&text, 1024 * BUF_SMALL);
    enum status st = print(im, kind, id, &old);
    if (!st)
        st = recall(im, "", j, buf_str(&old), &text);
    if (!st)
        st = json_parse(buf_str(&text), text.len, &whole, im->err);
    if (!st)
        st = take_entity(im, which, whole, true);
    json_free(whole);
    buf_wipe(&old);
    buf_wipe(&text);
    return st;
}

static enum status take(struct import *im, size_t which, const struct json *j)
{
    const struct entity_kind *kind = collections[which].kind;
    const char *name = collections[which].name, *id = json_get_string(j, "id");
    bool known = false;
    enum status st = id ? entity_exists(im->s, kind, id, &known, im->err) : STATUS_OK;
    if (!st && id)
        st = forget(im, name, id);
    if (st)
        return st;
    if (!known)
        return take_entity(im, which, j, false);
    if (im->replace)
        return replace(im, which, id, j);
    return error_set(im->err, STATUS_CONFLICT,
        "%s \"%s\" exists already: import with --replace to change it", name, id);
}

/* Takes it whole or not at all. */
static enum status try_element(struct import *im, size_t which, const struct json *j)
{
    enum status st = sql_begin(im->s, im->err);
    if (!st)
        st = sql_end(im->s, take(im, which, j), im->err);
    if (!st)
        ++*(size_t *)(void *)((char *)im->report + collections[which].counter);
    return st;
}

/* Whether it was said of the element itself: that keeps it out and the import goes on; what was
 * said of the store ends it. */
static bool keeps_out(enum status st)
{
    return st == STATUS_BAD_REQUEST || st == STATUS_NOT_FOUND;
}

/* Those that were not taken, again while one more of them is: a flow may be in one that stands
 * before it. */
static enum status take_list(struct import *im, size_t which, const struct json *all, bool *taken)
{
    size_t left = json_count(all), before;
    enum status st = STATUS_OK;
    do {
        before = left;
        for (size_t i = 0; i < json_count(all); i++) {
            if (taken[i])
                continue;
            st = try_element(im, which, json_at(all, i));
            if (st && !keeps_out(st))
                return st;
            taken[i] = !st;
            left -= !st;
        }
    } while (collections[which].kind == &flow_kind && left && left < before);
    for (size_t i = 0; i < json_count(all) && left; i++) {
        if (taken[i])
            continue;
        st = try_element(im, which, json_at(all, i)); /* once more, to say why */
        struct error why = *im->err;
        if (keeps_out(st))
            st = keep(im, collections[which].name, json_at(all, i), why.text);
        if (st)
            return st;
    }
    return STATUS_OK;
}

static enum status take_collection(struct import *im, size_t which)
{
    const char *name = collections[which].name;
    const struct json *all = json_get(im->root, name);
    enum json_kind kind = json_kind(all);
    if (kind != JSON_ARRAY && kind != JSON_ABSENT && kind != JSON_NULL)
        return error_set(im->err, STATUS_BAD_REQUEST, "%s: not an array", name);
    for (size_t i = 0; i < json_count(all); i++)
        if (json_kind(json_at(all, i)) != JSON_OBJECT)
            return error_set(im->err, STATUS_BAD_REQUEST, "%s[%zu]: not an object", name, i);
    bool *taken = calloc(json_count(all) + 1, sizeof *taken);
    enum status st = taken ? take_list(im, which, all, taken)
                           : error_set(im->err, STATUS_NO_MEMORY, "out of memory");
    free(taken);
    return st;
}

static enum status keep_other(void *ctx, const char *key, struct json *value)
{
    struct import *im = ctx;
    bool list = json_kind(value) == JSON_ARRAY;
    for (size_t i = 0; i < COLLECTIONS; i++)
        if (!strcmp(collections[i].name, key))
            return STATUS_OK;
    if (json_kind(value) == JSON_NULL || (list && !json_count(value)))
        return STATUS_OK;
    enum status st = forget_part(im, key, list ? KEPT_WHOLE : KEPT_ELEMENT);
    for (size_t i = 0; list && i < json_count(value) && !st; i++)
        st = put_json(im, key, KEPT_ELEMENT, json_at(value, i));
    if (!st && !list)
        st = put_json(im, key, KEPT_WHOLE, value);
    return st ? st : report(im, key, NULL, not_used, "this program has no use for it");
}

enum status store_import(struct store *s, const char *text, size_t len, bool replace,
    struct import_report *report_to, struct error *err)
{
    struct json *root = NULL;
    struct error own;
    struct import im = {.s = s, .replace = replace, .report = report_to, .err = err ? err : &own};
    enum status st = json_parse(text, len, &root, im.err);
    if (!st && json_kind(root) != JSON_OBJECT)
        st = error_set(im.err, STATUS_BAD_REQUEST,
            "not an object with backends, agents, flows, commands, clients");
    im.root = root;
    if (!st)
        st = store_begin(s, im.err);
    for (size_t i = 0; i < COLLECTIONS && !st; i++)
        st = take_collection(&im, i);
    if (!st)
        st = take_fallbacks(&im);
    if (!st)
        st = json_each(root, keep_other, &im);
    if (!st)
        st = store_commit(s, im.err);
    if (st)
        store_rollback(s);
    json_free(root);
    return st;
}
