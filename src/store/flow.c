#include "store/flow.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "store/agent.h"
#include "store/fields.h"
#include "store/internal.h"

#define AT(member) .at = offsetof(struct flow, member)

/* clang-format off */
static const struct field fields[] = {
    {"id", "id", FIELD_TEXT, FIELD_NEEDED, AT(id)},
    {"name", "name", FIELD_TEXT, FIELD_PROSE, AT(name)},
    {"description", "description", FIELD_TEXT, FIELD_PROSE, AT(description)},
    {"root", "root", FIELD_OBJECT, FIELD_NEEDED, AT(root), .max = FLOW_ROOT_MAX},
    {"total_ms", "deadlines.total", FIELD_DURATION, 0, AT(total_ms)},
    {"extra", NULL, FIELD_EXTRA, 0, AT(extra)},
};
/* clang-format on */

/* ---- what there is to name ---- */

struct loaded {
    struct loaded *next;
    struct flow_step root;
    char id[];
};

struct names {
    struct store *s;
    struct strings agents, flows;
    struct loaded *loaded;
};

static void names_release(struct names *n)
{
    for (struct loaded *l = n->loaded, *next; l; l = next) {
        next = l->next;
        flow_tree_release(&l->root);
        free(l);
    }
    strings_release(&n->agents);
    strings_release(&n->flows);
}

static enum status list_ids(
    struct store *s, const char *query, struct strings *ids, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s, query, err);
    enum status st;
    bool row;
    if (!q)
        return STATUS_STORE;
    while (!(st = sql_step(s, q, &row, err)) && row)
        if (strings_add(ids, sql_text(q, 0))) {
            st = error_set(err, STATUS_NO_MEMORY, "out of memory");
            break;
        }
    sqlite3_reset(q);
    return st;
}

static struct loaded *load(struct names *n, const char *id)
{
    struct flow f;
    struct loaded *l = calloc(1, sizeof *l + strlen(id) + 1);
    if (!l)
        return NULL;
    memcpy(l->id, id, strlen(id) + 1);
    l->next = n->loaded;
    n->loaded = l;
    flow_init(&f);
    enum status st = flow_get(n->s, id, &f, NULL);
    if (!st)
        st = flow_tree_parse(f.root, &l->root, NULL);
    flow_release(&f);
    return st ? NULL : l;
}

static const struct flow_step *find(void *ctx, const char *id)
{
    struct names *n = ctx;
    struct loaded *l = n->loaded;
    while (l && strcmp(l->id, id) != 0)
        l = l->next;
    l = l ? l : load(n, id);
    return l ? &l->root : NULL;
}

/* ---- the entity ---- */

static enum status check_names(
    struct store *s, const struct flow *f, const struct flow_step *root, struct error *err)
{
    struct names n = {.s = s};
    struct flow_names names = {&n.agents, &n.flows, find, &n};
    enum status st = list_ids(s, "SELECT id FROM agent ORDER BY id", &n.agents, err);
    if (!st)
        st = list_ids(s, "SELECT id FROM flow ORDER BY id", &n.flows, err);
    if (!st && f->id && strings_has(&n.agents, f->id))
        st = error_set(err, STATUS_BAD_REQUEST, "\"%s\" is an agent's id already", f->id);
    if (!st)
        st = flow_tree_check(f->id, root, &names, err);
    names_release(&n);
    return st;
}

static enum status check(struct store *s, void *e, struct error *err)
{
    const struct flow *f = e;
    struct flow_step root = {0};
    if (!f->root)
        return error_set(err, STATUS_BAD_REQUEST, "a flow needs a root: the first of its steps");
    enum status st = flow_tree_parse(f->root, &root, err);
    if (!st)
        st = check_names(s, f, &root, err);
    flow_tree_release(&root);
    return st;
}

static const struct entity_user users[] = {
    {"SELECT client FROM client_agent WHERE agent = ? ORDER BY client", "client"},
    {"SELECT id FROM command WHERE agent = ? ORDER BY id", "command"},
    {FLOWS_THAT_USE, "flow"},
    {NULL, NULL},
};

static enum status unlink_users(struct store *s, const char *id, struct error *err)
{
    static const char *const changes[] = {"DELETE FROM client_agent WHERE agent = ?",
        "UPDATE command SET agent = NULL WHERE agent = ?", NULL};
    return sql_run_each(s, changes, id, err); /* flows stay, and say that it is gone */
}

const struct entity_kind flow_kind = {
    .name = "flow",
    .size = sizeof(struct flow),
    .fields = fields,
    .users = users,
    .check = check,
    .unlink = unlink_users,
};

enum status flow_or_agent_missing(struct store *s, const char *id, struct error *err)
{
    static const struct field either = {.refers = &agent_kind, .flags = FIELD_FLOWS};
    return field_missing(s, &either, id, STATUS_NOT_FOUND, err);
}
