/* What may be stored. */
#include <stdio.h>
#include <string.h>

#include "base/ident.h"
#include "base/utf8.h"
#include "store/fields.h"
#include "store/flow.h"

enum status entity_check_id(
    struct store *s, const struct entity_kind *kind, char **id, struct error *err)
{
    char uuid[IDENT_UUID_LEN + 1];
    bool exists;
    if (!*id || !**id) {
        enum status st = ident_uuid4(uuid, err);
        return st ? st : string_set(id, uuid);
    }
    if (!ident_slug_valid(*id, strlen(*id)))
        return error_set(err, STATUS_BAD_REQUEST,
            "\"%s\" is not an id: up to 64 letters, digits, \".\", \"_\" and \"-\", beginning with "
            "a letter or digit",
            *id);
    enum status st = entity_exists(s, kind, *id, &exists, err);
    if (!st && exists)
        st = error_set(err, STATUS_CONFLICT,
            "%s \"%s\" exists already: change it with \"magec %s set %s\"", kind->name, *id,
            kind->name, *id);
    return st;
}

enum status field_refers_to(
    struct store *s, const struct field *f, const char *id, bool *exists, struct error *err)
{
    enum status st = entity_exists(s, f->refers, id, exists, err);
    if (!st && !*exists && f->flags & FIELD_FLOWS)
        st = entity_exists(s, &flow_kind, id, exists, err);
    return st;
}

static enum status check_reference(
    struct store *s, const struct field *f, const char *id, struct error *err)
{
    bool exists = true;
    enum status st = id ? field_refers_to(s, f, id, &exists, err) : STATUS_OK;
    return st || exists ? st : field_missing(s, f, id, STATUS_BAD_REQUEST, err);
}

static enum status check_references(
    struct store *s, const struct field *f, const void *at, struct error *err)
{
    const struct strings *ids = at;
    enum status st = STATUS_OK;
    if (f->type == FIELD_TEXT)
        return check_reference(s, f, *(char *const *)at, err);
    for (size_t i = 0; i < ids->count && !st; i++)
        st = check_reference(s, f, ids->items[i], err);
    return st;
}

static enum status check_prose(const struct field *f, const char *text, struct error *err)
{
    char name[64];
    size_t bad;
    if (!text || utf8_valid(text, strlen(text), &bad))
        return STATUS_OK;
    snprintf(name, sizeof name, "%s", f->column);
    for (char *c = name; (c = strchr(c, '_'));)
        *c = ' ';
    return error_set(err, STATUS_BAD_REQUEST, "the %s is not valid UTF-8 at byte %zu", name, bad);
}

enum status entity_check(
    struct store *s, const struct entity_kind *kind, void *e, struct error *err)
{
    enum status st = kind->check(s, e, err);
    for (const struct field *f = kind->fields; f->path && !st; f++) {
        const void *at = (const char *)e + f->at;
        if (f->flags & FIELD_PROSE)
            st = check_prose(f, *(char *const *)at, err);
        if (!st && f->refers)
            st = check_references(s, f, at, err);
    }
    return st;
}
