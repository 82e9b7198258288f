/* Fields of entities between JSON, what people write, and C: texts and lists; and all of them. */
#include "store/fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/field_types.h"
#include "store/internal.h"

enum status field_no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

enum status field_not(const struct field *f, const char *what, struct error *err)
{
    return error_set(err, STATUS_BAD_REQUEST, "%s: %s", f->path, what);
}

bool field_given(const struct json *value)
{
    enum json_kind kind = json_kind(value);
    return kind != JSON_ABSENT && kind != JSON_NULL;
}

/* ---- texts ---- */

static enum status read_text(
    const struct field *f, const struct json *value, void *to, struct error *err)
{
    size_t len = 0;
    const char *text = json_string(value, &len);
    if (!text && field_given(value))
        return field_not(f, "not a string", err);
    if (text && strlen(text) != len)
        return field_not(f, "contains a NUL", err);
    return string_set(to, text && *text ? text : NULL) ? field_no_memory(err) : STATUS_OK;
}

static void write_text(const struct place *p, const void *from)
{
    const char *text = *(char *const *)from;
    bool hidden = text && !p->secrets && p->f->is_secret && p->f->is_secret(text);
    if (text || (p->f->flags & FIELD_NEEDED))
        json_member_string(p->w, p->key, hidden ? NULL : text);
}

static enum status set_text(const struct field *f, const char *text, void *to, struct error *err)
{
    (void)f;
    return string_set(to, *text ? text : NULL) ? field_no_memory(err) : STATUS_OK;
}

static enum status take_object(
    const struct field *f, const struct json *value, void *to, struct error *err)
{
    struct buf text;
    if (field_given(value) && json_kind(value) != JSON_OBJECT)
        return error_set(err, STATUS_BAD_REQUEST, "not a JSON object");
    buf_init(&text, f->max);
    bool some = field_given(value) && (json_count(value) || !(f->flags & FIELD_SOME));
    enum status st = some ? json_print(value, false, &text) : STATUS_OK;
    if (st)
        st = error_set(err, STATUS_BAD_REQUEST, "larger than %zu bytes", f->max);
    else if (string_set(to, some ? buf_str(&text) : NULL))
        st = field_no_memory(err);
    buf_release(&text);
    return st;
}

static enum status read_object(
    const struct field *f, const struct json *value, void *to, struct error *err)
{
    enum status st = take_object(f, value, to, err);
    if (st)
        error_prefix(err, "%s", f->path);
    return st;
}

static void write_object(const struct place *p, const void *from)
{
    const char *text = *(char *const *)from;
    if (!text)
        return;
    json_key(p->w, p->key);
    json_put_raw(p->w, text, strlen(text));
}

static enum status set_object(const struct field *f, const char *text, void *to, struct error *err)
{
    struct json *j = NULL;
    enum status st = *text ? json_parse(text, strlen(text), &j, err) : STATUS_OK;
    if (!st)
        st = take_object(f, j, to, err);
    json_free(j);
    return st;
}

static enum status read_word(
    const struct field *f, const struct json *value, void *to, struct error *err)
{
    const char *word = json_string(value, NULL);
    (void)to;
    if (word && strcmp(word, f->words[0]) != 0)
        return error_set(
            err, STATUS_BAD_REQUEST, "%s: \"%s\" is not \"%s\"", f->path, word, f->words[0]);
    return STATUS_OK;
}

static void write_word(const struct place *p, const void *from)
{
    (void)from;
    json_member_string(p->w, p->key, p->f->words[0]);
}

/* ---- lists ---- */

static enum status read_list(
    const struct field *f, const struct json *value, void *to, struct error *err)
{
    strings_release(to);
    if (field_given(value) && json_kind(value) != JSON_ARRAY)
        return field_not(f, "not an array", err);
    for (size_t i = 0; i < json_count(value); i++) {
        size_t len = 0;
        const char *item = json_string(json_at(value, i), &len);
        if (!item || strlen(item) != len)
            return error_set(err, STATUS_BAD_REQUEST, "%s[%zu]: %s", f->path, i,
                item ? "contains a NUL" : "not a string");
        if (strings_add(to, item))
            return field_no_memory(err);
    }
    return STATUS_OK;
}

void list_to_json(const char *key, const struct strings *l, struct json_writer *w)
{
    json_key(w, key);
    json_begin_array(w);
    for (size_t i = 0; i < l->count; i++)
        json_put_cstring(w, l->items[i]);
    json_end_array(w);
}

static void write_list(const struct place *p, const void *from)
{
    const struct strings *l = from;
    if (l->count || (p->f->flags & FIELD_ALWAYS))
        list_to_json(p->key, l, p->w);
}

enum { PAIR_NAME_LEN = 256 };

/* Lines of a name and a value; without secrets the values are left out. */
static void write_lines(const struct place *p, const struct strings *lines, char separator)
{
    if (!lines->count)
        return;
    json_key(p->w, p->key);
    json_begin_array(p->w);
    for (size_t i = 0; i < lines->count; i++) {
        const char *line = lines->items[i], *end = strchr(line, separator);
        json_put_string(p->w, line, p->secrets || !end ? strlen(line) : (size_t)(end - line) + 1);
    }
    json_end_array(p->w);
}

/* An object of names and values, as it becomes lines. */
struct pair_list {
    const struct field *f;
    struct strings *lines;
    struct error *err;
};

/* A value that is null is unknown. */
static enum status add_pair(void *ctx, const char *name, struct json *value)
{
    struct pair_list *l = ctx;
    size_t len = 0;
    const char *text = json_string(value, &len), *path = l->f->path;
    struct buf line;
    if ((!text && json_kind(value) != JSON_NULL) || (text && strlen(text) != len))
        return error_set(l->err, STATUS_BAD_REQUEST, "%s: \"%s\" is no text", path, name);
    if (strpbrk(name, ":="))
        return error_set(l->err, STATUS_BAD_REQUEST, "%s: \"%s\" is no name", path, name);
    buf_init(&line, BUF_SMALL);
    if (l->f->type == FIELD_HEADERS)
        buf_printf(&line, "%s:%s%s", name, text && *text ? " " : "", text ? text : "");
    else
        buf_printf(&line, "%s=%s", name, text ? text : "");
    enum status st = buf_status(&line);
    if (!st)
        st = strings_add(l->lines, buf_str(&line));
    buf_wipe(&line);
    return st ? error_set(l->err, st, "%s: \"%s\" is too large", path, name) : STATUS_OK;
}

static enum status read_pairs(
    const struct field *f, const struct json *value, void *to, struct error *err)
{
    struct pair_list l = {f, to, err};
    strings_release(to);
    return json_kind(value) == JSON_OBJECT ? json_each(value, add_pair, &l)
                                           : read_list(f, value, to, err);
}

static bool names_repeat(const struct strings *lines, char separator)
{
    const char end[] = {separator, 0};
    for (size_t i = 0; i < lines->count; i++)
        for (size_t k = 0; k < i; k++)
            if (!strncasecmp(lines->items[i], lines->items[k], strcspn(lines->items[i], end) + 1))
                return true;
    return false;
}

static bool are_pairs(const struct strings *lines, char separator)
{
    for (size_t i = 0; i < lines->count; i++) {
        const char *end = strchr(lines->items[i], separator);
        if (!end || end - lines->items[i] >= PAIR_NAME_LEN)
            return false;
    }
    return lines->count && !names_repeat(lines, separator);
}

static void write_pair(const struct place *p, const char *line, char separator)
{
    char name[PAIR_NAME_LEN];
    const char *value = strchr(line, separator);
    snprintf(name, sizeof name, "%.*s", (int)(value - line), line);
    value++;
    if (separator == ':')
        value += strspn(value, " \t");
    json_member_string(p->w, name, p->secrets || is_reference(value) ? value : NULL);
}

/* Magec's object of names and values, unless a name is there twice or does not fit. */
static void write_pairs(const struct place *p, const struct strings *lines, char separator)
{
    if (!are_pairs(lines, separator)) {
        write_lines(p, lines, separator);
        return;
    }
    json_key(p->w, p->key);
    json_begin_object(p->w);
    for (size_t i = 0; i < lines->count; i++)
        write_pair(p, lines->items[i], separator);
    json_end_object(p->w);
}

static void write_headers(const struct place *p, const void *from)
{
    write_pairs(p, from, ':');
}

static void write_env(const struct place *p, const void *from)
{
    if (p->f->flags & FIELD_PAIRS)
        write_pairs(p, from, '=');
    else
        write_lines(p, from, '=');
}

/* ---- all of them ---- */

static const struct field_functions text_type = {read_text, write_text, set_text};
static const struct field_functions object_type = {read_object, write_object, set_object};
static const struct field_functions word_type = {read_word, write_word, NULL};
static const struct field_functions list_type = {read_list, write_list, NULL};
static const struct field_functions headers_type = {read_pairs, write_headers, NULL};
static const struct field_functions env_type = {read_pairs, write_env, NULL};

static const struct field_functions *const types[] = {
    [FIELD_TEXT] = &text_type,
    [FIELD_OBJECT] = &object_type,
    [FIELD_LIST] = &list_type,
    [FIELD_HEADERS] = &headers_type,
    [FIELD_ENV] = &env_type,
    [FIELD_COUNT] = &field_count,
    [FIELD_DURATION] = &field_duration,
    [FIELD_DEADLINES] = &field_deadlines,
    [FIELD_FLAG] = &field_flag,
    [FIELD_CHOICE] = &field_choice,
    [FIELD_WORD] = &word_type,
    [FIELD_ELSEWHERE] = NULL,
};

const struct field *field_find(const struct entity_kind *kind, const char *path)
{
    const struct field *f = kind->fields;
    while (f->path && strcmp(f->path, path) != 0)
        f++;
    return f->path ? f : NULL;
}

enum status field_from_json(const struct field *f, const struct json *j, void *e, struct error *err)
{
    const struct json *value = json_at_path(j, f->path, strlen(f->path));
    return types[f->type] ? types[f->type]->read(f, value, (char *)e + f->at, err) : STATUS_OK;
}

void field_to_json(
    const struct field *f, const char *key, const void *e, bool secrets, struct json_writer *w)
{
    struct place p = {f, key, secrets, w};
    if (types[f->type])
        types[f->type]->write(&p, (const char *)e + f->at);
}

void field_release(const struct field *f, void *e)
{
    void *at = (char *)e + f->at;
    char **text = at;
    switch (f->type) {
    case FIELD_TEXT:
    case FIELD_OBJECT:
    case FIELD_EXTRA:
        if (f->is_secret && *text)
            explicit_bzero(*text, strlen(*text));
        free(*text);
        break;
    case FIELD_LIST:
    case FIELD_HEADERS:
    case FIELD_ENV:
        strings_release(at);
        break;
    default:
        break;
    }
}

static enum status set_list(const struct strings *values, struct strings *to, struct error *err)
{
    struct strings list = {0};
    for (size_t i = 0; i < values->count; i++)
        if (*values->items[i] && strings_add(&list, values->items[i])) {
            strings_release(&list);
            return field_no_memory(err);
        }
    strings_release(to);
    *to = list;
    return STATUS_OK;
}

enum status entity_set(const struct entity_kind *kind, void *e, const char *path,
    const struct strings *values, struct error *err)
{
    const char *text = values->count ? values->items[values->count - 1] : "";
    size_t len = strcspn(path, ".");
    for (const struct field *f = kind->fields; f->path; f++) {
        void *to = (char *)e + f->at;
        if (f->type == FIELD_DEADLINES && !strncmp(f->path, path, len) && path[len])
            return field_set_deadline(path + len + 1, text, to, err);
        if (strcmp(f->path, path) != 0)
            continue;
        return types[f->type] && types[f->type]->set ? types[f->type]->set(f, text, to, err)
                                                     : set_list(values, to, err);
    }
    return error_set(err, STATUS_INTERNAL, "no field \"%s\"", path);
}
