/* Fields of entities between JSON and C. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/utf8.h"
#include "store/internal.h"

/* ---- members without a meaning ---- */

enum { PATH_LEN = 128 };

struct extra {
    const char *const *known;
    const char *path;
    struct json_writer w;
    size_t count;
    bool secrets;
    struct error *err;
};

enum meaning { UNKNOWN, KNOWN, PARTLY /* some of its members are */ };

static enum meaning look_up(const char *const known[], const char *path)
{
    size_t len = strlen(path);
    for (; *known; known++)
        if (!strncmp(*known, path, len) && ((*known)[len] == 0 || (*known)[len] == '.'))
            return (*known)[len] ? PARTLY : KNOWN;
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
    enum meaning m = *path ? look_up(x->known, path) : UNKNOWN;
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
    struct extra inner = {.known = x->known, .path = path, .err = x->err};
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
    const struct json *j, const char *const known[], char **extra, struct error *err)
{
    struct buf text;
    struct extra x = {.known = known, .path = "", .err = err};
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

bool extra_has(const char *extra, const char *key)
{
    struct json *j = NULL;
    if (!extra || json_parse(extra, strlen(extra), &j, NULL))
        return false;
    bool has = json_kind(json_get(j, key)) != JSON_ABSENT;
    json_free(j);
    return has;
}

static enum status put_unknown(void *ctx, const char *key, struct json *value)
{
    struct extra *x = ctx;
    char path[PATH_LEN];
    join(path, x->path, key);
    if (*path && look_up(x->known, path) != UNKNOWN)
        return STATUS_OK; /* written with that member */
    json_key(&x->w, key);
    value_to_json(key, value, x->secrets, &x->w);
    return STATUS_OK;
}

void extra_to_json(const char *extra, const char *const known[], const char *path, bool secrets,
    struct json_writer *w)
{
    struct json *root = NULL;
    struct extra x = {.known = known, .path = path, .w = *w, .secrets = secrets};
    if (!extra || json_parse(extra, strlen(extra), &root, NULL))
        return;
    const struct json *at = root;
    for (const char *p = path; *p;) {
        char name[PATH_LEN];
        size_t len = strcspn(p, ".");
        snprintf(name, sizeof name, "%.*s", (int)len, p);
        at = json_get(at, name);
        p += len + (p[len] == '.');
    }
    json_each(at, put_unknown, &x);
    *w = x.w;
    json_free(root);
}

/* ---- members with one ---- */

enum status text_from_json(const struct json *j, const char *key, char **to, struct error *err)
{
    const struct json *value = json_get(j, key);
    size_t len = 0;
    const char *text = json_string(value, &len);
    enum json_kind kind = json_kind(value);
    if (!text && kind != JSON_ABSENT && kind != JSON_NULL)
        return error_set(err, STATUS_BAD_REQUEST, "%s: not a string", key);
    if (text && strlen(text) != len)
        return error_set(err, STATUS_BAD_REQUEST, "%s: contains a NUL", key);
    return string_set(to, text && *text ? text : NULL);
}

enum status list_from_json(
    const struct json *j, const char *key, struct strings *to, struct error *err)
{
    const struct json *list = json_get(j, key);
    enum json_kind kind = json_kind(list);
    strings_release(to);
    if (kind == JSON_ABSENT || kind == JSON_NULL)
        return STATUS_OK;
    if (kind != JSON_ARRAY)
        return error_set(err, STATUS_BAD_REQUEST, "%s: not an array", key);
    for (size_t i = 0; i < json_count(list); i++) {
        size_t len = 0;
        const char *item = json_string(json_at(list, i), &len);
        if (!item || strlen(item) != len)
            return error_set(err, STATUS_BAD_REQUEST, "%s[%zu]: %s", key, i,
                item ? "contains a NUL" : "not a string");
        if (strings_add(to, item))
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    return STATUS_OK;
}

struct header_list {
    struct strings *lines;
    struct error *err;
};

static enum status add_header(void *ctx, const char *name, struct json *value)
{
    struct header_list *l = ctx;
    size_t len = 0;
    const char *text = json_string(value, &len);
    struct buf line;
    if ((!text && json_kind(value) != JSON_NULL) || (text && strlen(text) != len))
        return error_set(l->err, STATUS_BAD_REQUEST, "headers: \"%s\" is no text", name);
    buf_init(&line, BUF_SMALL);
    buf_printf(&line, "%s:%s%s", name, text && *text ? " " : "", text ? text : "");
    enum status st = buf_status(&line);
    if (!st)
        st = strings_add(l->lines, buf_str(&line));
    buf_wipe(&line);
    return st ? error_set(l->err, st, "headers: \"%s\" is too large", name) : STATUS_OK;
}

enum status headers_from_json(
    const struct json *j, const char *key, struct strings *to, struct error *err)
{
    const struct json *headers = json_get(j, key);
    struct header_list l = {to, err};
    strings_release(to);
    return json_kind(headers) == JSON_OBJECT ? json_each(headers, add_header, &l)
                                             : list_from_json(j, key, to, err);
}

void list_to_json(const char *key, const struct strings *l, struct json_writer *w)
{
    json_key(w, key);
    json_begin_array(w);
    for (size_t i = 0; i < l->count; i++)
        json_put_cstring(w, l->items[i]);
    json_end_array(w);
}

enum status duration_from_json(
    const struct json *j, const char *key, int64_t *ms, struct error *err)
{
    const struct json *value = json_get(j, key);
    enum json_kind kind = json_kind(value);
    char digits[32];
    if (kind == JSON_ABSENT || kind == JSON_NULL)
        return STATUS_OK;
    snprintf(digits, sizeof digits, "%lld", (long long)json_int(value, 0));
    const char *text = kind == JSON_INT ? digits : json_string(value, NULL);
    if (!text)
        return error_set(err, STATUS_BAD_REQUEST, "%s: neither a duration nor whole seconds", key);
    if (units_duration(text, ms, err)) {
        error_prefix(err, "%s", key);
        return STATUS_BAD_REQUEST;
    }
    return STATUS_OK;
}

enum status count_from_json(const struct json *j, const char *key, int64_t *to, struct error *err)
{
    const struct json *value = json_get(j, key);
    enum json_kind kind = json_kind(value);
    if (kind != JSON_INT && kind != JSON_NULL && kind != JSON_ABSENT)
        return error_set(err, STATUS_BAD_REQUEST, "%s: not a whole number", key);
    *to = json_int(value, 0);
    return STATUS_OK;
}

enum status bool_from_json(const struct json *j, const char *key, bool *to, struct error *err)
{
    const struct json *value = json_get(j, key);
    enum json_kind kind = json_kind(value);
    if (kind != JSON_ABSENT && kind != JSON_NULL && kind != JSON_BOOL)
        return error_set(err, STATUS_BAD_REQUEST, "%s: neither true nor false", key);
    *to = json_truth(value, *to);
    return STATUS_OK;
}

void duration_to_json(const char *key, int64_t ms, struct json_writer *w)
{
    char text[32];
    units_print_duration(ms, text);
    json_member_string(w, key, text);
}

static const struct {
    const char *name;
    size_t at;
} deadline_names[] = {
    {"connect", offsetof(struct deadlines, connect_ms)},
    {"firstByte", offsetof(struct deadlines, first_byte_ms)},
    {"idle", offsetof(struct deadlines, idle_ms)},
    {"total", offsetof(struct deadlines, total_ms)},
};

enum { DEADLINE_COUNT = sizeof deadline_names / sizeof *deadline_names };

void deadlines_to_json(const struct deadlines *d, struct json_writer *w)
{
    bool begun = false;
    for (size_t i = 0; i < DEADLINE_COUNT; i++) {
        int64_t ms;
        memcpy(&ms, (const char *)d + deadline_names[i].at, sizeof ms);
        if (ms == DEADLINE_UNSET)
            continue;
        if (!begun) {
            json_key(w, "deadlines");
            json_begin_object(w);
        }
        begun = true;
        duration_to_json(deadline_names[i].name, ms, w);
    }
    if (begun)
        json_end_object(w);
}

static enum status is_deadline(void *ctx, const char *key, struct json *value)
{
    (void)value;
    for (size_t i = 0; i < DEADLINE_COUNT; i++)
        if (!strcmp(deadline_names[i].name, key))
            return STATUS_OK;
    return error_set(ctx, STATUS_BAD_REQUEST,
        "\"%s\" is none of \"connect\", \"firstByte\", \"idle\", \"total\"", key);
}

enum status deadlines_from_json(const struct json *j, struct deadlines *d, struct error *err)
{
    const struct json *all = json_get(j, "deadlines");
    enum json_kind kind = json_kind(all);
    enum status st = STATUS_OK;
    if (kind != JSON_ABSENT && kind != JSON_NULL && kind != JSON_OBJECT)
        st = error_set(err, STATUS_BAD_REQUEST, "not an object");
    if (!st)
        st = json_each(all, is_deadline, err);
    for (size_t i = 0; i < DEADLINE_COUNT && !st; i++) {
        int64_t ms = DEADLINE_UNSET;
        st = duration_from_json(all, deadline_names[i].name, &ms, err);
        memcpy((char *)d + deadline_names[i].at, &ms, sizeof ms);
    }
    if (st)
        error_prefix(err, "deadlines");
    return st;
}

enum status check_text(const char *what, const char *text, struct error *err)
{
    size_t bad;
    if (text && !utf8_valid(text, strlen(text), &bad))
        return error_set(
            err, STATUS_BAD_REQUEST, "the %s is not valid UTF-8 at byte %zu", what, bad);
    return STATUS_OK;
}
