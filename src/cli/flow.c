#include "store/flow.h"

#include <string.h>

#include "cli/entity.h"
#include "cli/text.h"

static const struct option_spec edit_options[] = {
    SETS_INPUT(
        "root", "JSON", "root", FLOW_ROOT_MAX, "its steps, or all of a flow: JSON, @FILE or -"),
    SETS_TIME("total-timeout", "deadlines.total", "for the whole of it (1h)"),
    SETS_DESCRIPTION,
    SETS_NAME,
    OPTION_END,
};

static const struct option_spec remove_options[] = {
    OPTION_FORCE("take it off the clients and commands that use it"), OPTION_END};

static const struct column columns[] = {
    {.head = "ID", .path = "id"},
    {.head = "ROOT", .path = "root.type"},
    {.head = "DESCRIPTION", .path = "description|name", .width = 50},
    {.head = NULL},
};

/* ---- all of a flow, where its root is expected ---- */

static enum status take_member(
    struct flow *f, const struct json *j, const char *name, struct error *err)
{
    struct strings value = {0};
    struct buf text;
    const struct json *member = json_at_path(j, name, strlen(name));
    buf_init(&text, FLOW_ROOT_MAX);
    if (json_kind(member) == JSON_STRING)
        buf_adds(&text, json_string(member, NULL));
    else if (json_kind(member) == JSON_OBJECT || json_kind(member) == JSON_INT)
        json_print(member, false, &text);
    enum status st = buf_status(&text);
    if (!st && text.len)
        st = strings_add(&value, buf_str(&text));
    if (st)
        error_set(err, st, "--root: its %s is too large", name);
    else if (text.len)
        st = entity_set(&flow_kind, f, name, &value, err);
    strings_release(&value);
    buf_release(&text);
    return st;
}

static enum status take_whole(
    struct flow *f, const struct options *o, const struct json *j, struct error *err)
{
    enum status st = f->id ? STATUS_OK : take_member(f, j, "id", err);
    if (!st && !options_given(o, "name"))
        st = take_member(f, j, "name", err);
    if (!st && !options_given(o, "description"))
        st = take_member(f, j, "description", err);
    if (!st && !options_given(o, "total-timeout"))
        st = take_member(f, j, "deadlines.total", err);
    return st ? st : take_member(f, j, "root", err);
}

static enum status edit(struct cli *cli, const struct options *o, void *e, struct error *err)
{
    struct flow *f = e;
    struct json *j = NULL;
    (void)cli;
    if (!options_given(o, "root") || !f->root)
        return STATUS_OK;
    enum status st = json_parse(f->root, strlen(f->root), &j, err);
    if (!st && json_kind(json_get(j, "root")) == JSON_OBJECT && !json_get(j, "type"))
        st = take_whole(f, o, j, err);
    json_free(j);
    return st;
}

static const struct entity entity = {.kind = &flow_kind, .columns = columns, .edit = edit};

/* ---- the tree ---- */

static enum status draw(struct store *s, const char *id, struct buf *out, struct error *err)
{
    struct flow f;
    struct flow_step root = {0};
    flow_init(&f);
    enum status st = flow_get(s, id, &f, err);
    if (!st)
        st = flow_tree_parse(f.root, &root, err);
    if (!st && (f.description || f.name))
        buf_printf(out, "%s: %s\n\n", f.id, f.description ? f.description : f.name);
    if (!st && flow_tree_draw(&root, out))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    flow_tree_release(&root);
    flow_release(&f);
    return st;
}

static enum status show(struct cli *cli, const struct options *o, struct error *err)
{
    struct store *s = NULL;
    struct buf out;
    if (options_given(o, "json"))
        return verb_show(cli, o, err);
    buf_init(&out, OUTPUT_MAX);
    enum status st = cli_open(cli, STORE_READ, &s, err);
    if (!st)
        st = draw(s, cli_word(o), &out, err);
    store_close(s);
    if (!st)
        text_write(stdout, buf_str(&out), out.len);
    buf_release(&out);
    return st;
}

static const struct verb verbs[] = {
    VERB_ADD("--root JSON [OPTION]...", "a flow: agents that work together", edit_options,
        .required = "root"),
    VERB_SET("[OPTION]...", "a flow", edit_options, .program = false),
    {.name = "show",
        .synopsis = "ID [--json]",
        .summary = "draws one as a tree",
        .options = json_options,
        .word = "a flow's id",
        .min_words = 1,
        .max_words = 1,
        .run = show},
    VERB_LIST("[--json]", json_options),
    VERB_REMOVE(" [--force]", "that no client, command and flow uses", "a flow", remove_options),
    {.name = NULL},
};

const struct family family_flow = {"flow", "agents that work together", verbs, &entity};
