/* Entities as JSON objects. */
#include <stdio.h>
#include <string.h>

#include "store/fields.h"

static const struct field *extra_field(const struct entity_kind *kind)
{
    const struct field *f = kind->fields;
    while (f->type != FIELD_EXTRA)
        f++;
    return f;
}

enum status entity_from_json(
    const struct entity_kind *kind, const struct json *j, void *e, struct error *err)
{
    const struct field *f = kind->fields;
    enum status st = STATUS_OK;
    entity_release(kind, e);
    for (; f->path && !st; f++)
        st = field_from_json(f, j, e, err);
    if (!st && kind->taken)
        kind->taken(e);
    return st ? st : extra_from_json(j, kind, (char **)(void *)((char *)e + f->at), err);
}

/* An entity that is being written, and the path of the object that is open in it. */
struct writing {
    const struct entity_kind *kind;
    const char *extra;
    bool secrets;
    struct json_writer *w;
    char open[128];
};

static void write_extra(struct writing *x)
{
    extra_to_json(x->extra, x->kind, x->open, x->secrets, x->w);
}

/* Ends and begins objects until the one at the path of len bytes is open. */
static void go_to(struct writing *x, const char *path, size_t len)
{
    size_t at = strlen(x->open);
    while (at && (at > len || strncmp(x->open, path, at) != 0 || (at < len && path[at] != '.'))) {
        write_extra(x);
        json_end_object(x->w);
        while (at && x->open[at] != '.')
            at--;
        x->open[at] = 0;
    }
    while (at < len) {
        size_t from = at ? at + 1 : 0, part = strcspn(path + from, ".");
        snprintf(x->open, sizeof x->open, "%.*s", (int)(from + part), path);
        json_key(x->w, x->open + from);
        json_begin_object(x->w);
        at = from + part;
    }
}

/* No object is begun for a number that is none. */
static bool is_empty(const struct writing *x, const struct field *f, const void *from, size_t len)
{
    char path[sizeof x->open];
    if (!len || (f->type != FIELD_COUNT && f->type != FIELD_DURATION) || *(const int64_t *)from)
        return false;
    snprintf(path, sizeof path, "%.*s", (int)len, f->path);
    return !extra_has(x->extra, path);
}

void entity_write_members(
    const struct entity_kind *kind, const void *e, bool secrets, struct json_writer *w)
{
    const void *extra = (const char *)e + extra_field(kind)->at;
    struct writing x = {.kind = kind, .extra = *(char *const *)extra, .secrets = secrets, .w = w};
    for (const struct field *f = kind->fields; f->path; f++) {
        const char *dot = strrchr(f->path, '.'), *key = dot ? dot + 1 : f->path;
        const void *from = (const char *)e + f->at;
        size_t len = dot ? (size_t)(dot - f->path) : 0;
        if (f->type == FIELD_ELSEWHERE || is_empty(&x, f, from, len))
            continue;
        go_to(&x, f->path, len);
        field_to_json(f, key, e, secrets, w);
        if (f->is_secret && !*(char *const *)from && extra_has(x.extra, f->path))
            json_member_string(w, key, NULL);
    }
    go_to(&x, "", 0);
    write_extra(&x);
}

void entity_to_json(
    const struct entity_kind *kind, const void *e, bool secrets, struct json_writer *w)
{
    json_begin_object(w);
    entity_write_members(kind, e, secrets, w);
    json_end_object(w);
}
