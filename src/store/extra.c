/* Members of entities that have no meaning here. */
#include <stdio.h>
#include <string.h>

#include "store/fields.h"
#include "store/internal.h"

enum { PATH_LEN = 128 };

struct extra {
    const struct entity_kind *kind;
    const char *path;
    struct json_writer w;
    size_t count;
    bool secrets;
    struct error *err;
};

enum meaning { UNKNOWN, KNOWN, PARTLY /* some of its members are */ };

static enum meaning look_up(
    const struct entity_kind *kind, const char *path, const struct json *value)
{
    size_t len = strlen(path);
    for (const struct field *f = kind->fields; f->path; f++)
        if (!strncmp(f->path, path, len) && (f->path[len] == 0 || f->path[len] == '.')) {
            if (f->path[len])
                return PARTLY;
            return f->is_secret && json_kind(value) == JSON_NULL ? UNKNOWN : KNOWN;
        }
    return UNKNOWN;
}

static void join(char to[PATH_LEN], const char *path, const char *key)
{
    if (snprintf(to, PATH_LEN, "%s%s%s", path, *path ? "." : "", key) >= PATH_LEN)
        to[0] = 0; /* too long to be known */
}

static enum status keep_unknown(void *ctx, const char *key, struct json *value)
{
    struct extra *x = ctx;
    char path[PATH_LEN];
    join(path, x->path, key);
    enum meaning m = *path ? look_up(x->kind, path, value) : UNKNOWN;
    if (m == KNOWN || (m == PARTLY && json_kind(value) == JSON_NULL))
        return STATUS_OK;
    if (m == PARTLY && json_kind(value) != JSON_OBJECT)
        return error_set(x->err, STATUS_BAD_REQUEST, "%s: not an object", path);
    if (m == UNKNOWN) {
        json_key(&x->w, key);
        json_put_value(&x->w, value);
        x->count++;
        return STATUS_OK;
    }
    struct buf text;
    struct extra inner = {.kind = x->kind, .path = path, .err = x->err};
    buf_init(&text, x->w.out->cap);
    json_writer_init(&inner.w, &text);
    json_begin_object(&inner.w);
    enum status st = json_each(value, keep_unknown, &inner);
    json_end_object(&inner.w);
    if (!st && inner.count) {
        json_key(&x->w, key);
        json_put_raw(&x->w, buf_str(&text), text.len);
        x->count++;
    }
    if (!st)
        st = buf_status(&text);
    buf_release(&text);
    return st;
}

enum status extra_from_json(
    const struct json *j, const struct entity_kind *kind, char **extra, struct error *err)
{
    struct buf text;
    struct extra x = {.kind = kind, .path = "", .err = err};
    buf_init(&text, 1024 * BUF_SMALL);
    json_writer_init(&x.w, &text);
    json_begin_object(&x.w);
    enum status st = json_each(j, keep_unknown, &x);
    json_end_object(&x.w);
    if (!st && (st = buf_status(&text)) != STATUS_OK)
        error_set(err, st, "the members without a meaning are too large");
    if (!st && string_set(extra, x.count ? text.data : NULL))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    buf_release(&text);
    return st;
}

bool extra_has(const char *extra, const char *path)
{
    struct json *j = NULL;
    if (!extra || json_parse(extra, strlen(extra), &j, NULL))
        return false;
    bool has = json_kind(json_at_path(j, path, strlen(path))) != JSON_ABSENT;
    json_free(j);
    return has;
}

static enum status put_unknown(void *ctx, const char *key, struct json *value)
{
    struct extra *x = ctx;
    char path[PATH_LEN];
    join(path, x->path, key);
    if (*path && look_up(x->kind, path, NULL) != UNKNOWN)
        return STATUS_OK; /* written with that member */
    json_key(&x->w, key);
    value_to_json(key, value, x->secrets, &x->w);
    return STATUS_OK;
}

void extra_to_json(const char *extra, const struct entity_kind *kind, const char *path,
    bool secrets, struct json_writer *w)
{
    struct json *root = NULL;
    struct extra x = {.kind = kind, .path = path, .w = *w, .secrets = secrets};
    if (!extra || json_parse(extra, strlen(extra), &root, NULL))
        return;
    json_each(json_at_path(root, path, strlen(path)), put_unknown, &x);
    *w = x.w;
    json_free(root);
}
