#include "cli/entity.h"

enum status entity_add(struct cli *cli, const struct options *o, struct error *err)
{
    const struct entity *kind = cli->family->entity;
    union entity_room e;
    struct store *s = NULL;
    kind->init(&e);
    enum status st = STATUS_OK;
    if (string_set(&e.id, cli_word(o)))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (!st)
        st = kind->edit(cli, o, &e, err);
    if (!st)
        st = cli_begin(cli, &s, err);
    if (!st)
        st = kind->add(s, &e, err);
    st = cli_end(s, st, err);
    if (!st)
        printf("%s \"%s\" added\n", cli->family->name, e.id);
    kind->release(&e);
    return st;
}

enum status entity_set(struct cli *cli, const struct options *o, struct error *err)
{
    const struct entity *kind = cli->family->entity;
    union entity_room e;
    struct store *s = NULL;
    kind->init(&e);
    enum status st = cli_begin(cli, &s, err);
    if (!st)
        st = kind->get(s, cli_word(o), &e, err);
    if (!st)
        st = kind->edit(cli, o, &e, err);
    if (!st)
        st = kind->update(s, &e, err);
    st = cli_end(s, st, err);
    if (!st)
        printf("%s \"%s\" changed\n", cli->family->name, e.id);
    kind->release(&e);
    return st;
}

enum status entity_show(struct cli *cli, const struct options *o, struct error *err)
{
    const struct entity *kind = cli->family->entity;
    union entity_room e;
    struct store *s = NULL;
    struct output out;
    kind->init(&e);
    output_begin(&out);
    enum status st = cli_open(cli, STORE_READ, &s, err);
    if (!st)
        st = kind->get(s, cli_word(o), &e, err);
    if (!st)
        st = kind->write(s, &e, options_given(o, "secrets"), &out.w, err);
    store_close(s);
    kind->release(&e);
    return output_object(&out, st, options_given(o, "json"), err);
}

enum status entity_list(struct cli *cli, const struct options *o, struct error *err)
{
    const struct entity *kind = cli->family->entity;
    struct store *s = NULL;
    struct output out;
    output_begin_list(&out);
    enum status st = cli_open(cli, STORE_READ, &s, err);
    if (!st)
        st = kind->write_all(s, o, &out.w, err);
    store_close(s);
    return output_list(&out, st, kind->columns, options_given(o, "json"), err);
}

enum status entity_remove(struct cli *cli, const struct options *o, struct error *err)
{
    struct store *s = NULL;
    enum status st = cli_begin(cli, &s, err);
    if (!st)
        st = cli->family->entity->remove(s, cli_word(o), options_given(o, "force"), err);
    st = cli_end(s, st, err);
    if (!st)
        printf("%s \"%s\" removed\n", cli->family->name, cli_word(o));
    return st;
}
