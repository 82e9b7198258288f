#include "cli/entity.h"
#include <string.h>

const struct option_spec json_options[] = {OPTION_JSON, OPTION_END};

/* ---- changing ---- */

/* Two flags that set the same field. */
static enum status check_flags(struct cli *cli, const struct options *o, struct error *err)
{
    for (size_t i = 0; i < o->count; i++)
        for (size_t k = i + 1; k < o->count; k++) {
            const struct option_spec *a = o->given[i].spec, *b = o->given[k].spec;
            if (o->given[i].given && o->given[k].given && a->set && b->set &&
                !strcmp(a->field, b->field))
                return cli_usage(cli, err, "--%s and --%s exclude each other", a->name, b->name);
        }
    return STATUS_OK;
}

static enum status list_values(const struct option_given *g, struct strings *values)
{
    enum status st = g->spec->set ? strings_add(values, g->spec->set) : STATUS_OK;
    for (size_t i = 0; i < g->values.count && !st; i++)
        st = g->spec->kind == OPTION_IDS ? strings_split(values, g->values.items[i], ',')
                                         : strings_add(values, g->values.items[i]);
    return st;
}

static enum status set_field(
    const struct entity_kind *kind, const struct option_given *g, void *e, struct error *err)
{
    struct strings values = {0};
    enum status st = list_values(g, &values);
    if (st)
        error_set(err, st, "out of memory");
    else if ((st = entity_set(kind, e, g->spec->field, &values, err)) != STATUS_OK)
        error_prefix(err, "--%s", g->spec->name);
    strings_release(&values);
    return st;
}

enum status entity_edit(struct cli *cli, const struct options *o, void *e, struct error *err)
{
    const struct entity *of = cli->family->entity;
    enum status st = check_flags(cli, o, err);
    for (size_t i = 0; i < o->count && !st; i++)
        if (o->given[i].given && o->given[i].spec->field)
            st = set_field(of->kind, &o->given[i], e, err);
    return !st && of->edit ? of->edit(cli, o, e, err) : st;
}

static enum status make(
    const struct entity_kind *kind, const struct options *o, void **e, struct error *err)
{
    *e = entity_new(kind);
    return *e && !string_set(*e, cli_word(o)) ? STATUS_OK
                                              : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

enum status verb_add(struct cli *cli, const struct options *o, struct error *err)
{
    const struct entity *of = cli->family->entity;
    const struct entity_kind *kind = of->kind;
    struct store *s = NULL;
    void *e;
    enum status st = make(kind, o, &e, err);
    if (!st)
        st = entity_edit(cli, o, e, err);
    if (!st)
        st = cli_begin(cli, &s, err);
    if (!st)
        st = entity_add(s, kind, e, err);
    if (!st && of->fits)
        st = of->fits(o, s, e, err);
    st = cli_end(s, st, err);
    if (!st)
        printf("%s \"%s\" added\n", entity_name(kind), entity_id(e));
    entity_free(kind, e);
    return st;
}

enum status verb_set(struct cli *cli, const struct options *o, struct error *err)
{
    const struct entity *of = cli->family->entity;
    const struct entity_kind *kind = of->kind;
    struct store *s = NULL;
    void *e;
    enum status st = make(kind, o, &e, err);
    if (!st)
        st = cli_begin(cli, &s, err);
    if (!st)
        st = entity_get(s, kind, cli_word(o), e, err);
    if (!st)
        st = entity_edit(cli, o, e, err);
    if (!st)
        st = entity_update(s, kind, e, err);
    if (!st && of->fits)
        st = of->fits(o, s, e, err);
    st = cli_end(s, st, err);
    if (!st)
        printf("%s \"%s\" changed\n", entity_name(kind), entity_id(e));
    entity_free(kind, e);
    return st;
}

/* ---- showing ---- */

enum status verb_show(struct cli *cli, const struct options *o, struct error *err)
{
    const struct entity *of = cli->family->entity;
    struct store *s = NULL;
    struct output out;
    void *e;
    output_begin(&out);
    enum status st = make(of->kind, o, &e, err);
    if (!st)
        st = cli_open(cli, STORE_READ, &s, err);
    if (!st)
        st = entity_get(s, of->kind, cli_word(o), e, err);
    json_begin_object(&out.w);
    if (!st)
        entity_write_members(of->kind, e, options_given(o, "secrets"), &out.w);
    if (!st && of->state)
        st = of->state(s, e, &out.w, err);
    if (!st && of->show)
        st = of->show(s, e, &out.w, err);
    json_end_object(&out.w);
    store_close(s);
    entity_free(of->kind, e);
    return output_object(&out, st, options_given(o, "json"), err);
}

struct listing {
    const struct entity *of;
    const struct options *o;
    struct json_writer *w;
    struct store *store;
    struct error *err;
};

static enum status list_one(void *ctx, const void *e)
{
    const struct listing *l = ctx;
    enum status st = STATUS_OK;
    if (l->of->listed && !l->of->listed(l->o, e))
        return STATUS_OK;
    json_begin_object(l->w);
    entity_write_members(l->of->kind, e, false, l->w);
    if (l->of->state)
        st = l->of->state(l->store, e, l->w, l->err);
    json_end_object(l->w);
    return st;
}

enum status verb_list(struct cli *cli, const struct options *o, struct error *err)
{
    struct store *s = NULL;
    struct output out;
    struct listing l = {cli->family->entity, o, &out.w, NULL, err};
    output_begin_list(&out);
    enum status st = cli_open(cli, STORE_READ, &s, err);
    l.store = s;
    if (!st)
        st = entity_each(s, l.of->kind, list_one, &l, err);
    store_close(s);
    return output_list(&out, st, l.of->columns, options_given(o, "json"), err);
}

enum status verb_remove(struct cli *cli, const struct options *o, struct error *err)
{
    const struct entity_kind *kind = cli->family->entity->kind;
    struct store *s = NULL;
    enum status st = cli_begin(cli, &s, err);
    if (!st)
        st = entity_remove(s, kind, cli_word(o), options_given(o, "force"), err);
    st = cli_end(s, st, err);
    if (!st)
        printf("%s \"%s\" removed\n", entity_name(kind), cli_word(o));
    return st;
}
