/* Fields that are numbers, or one of two things. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/deadlines.h"
#include "base/units.h"
#include "store/field_types.h"

static enum status read_count(
    const struct field *f, const struct json *value, void *to, struct error *err)
{
    if (field_given(value) && json_kind(value) != JSON_INT)
        return field_not(f, "not a whole number", err);
    *(int64_t *)to = json_int(value, 0);
    return STATUS_OK;
}

static void write_count(const struct place *p, const void *from)
{
    if (*(const int64_t *)from)
        json_member_int(p->w, p->key, *(const int64_t *)from);
}

static enum status set_count(const struct field *f, const char *text, void *to, struct error *err)
{
    (void)f;
    *(int64_t *)to = 0;
    return *text ? units_count(text, 0, INT64_MAX, to, err) : STATUS_OK;
}

/* A duration ("20ms") or a number of seconds. */
static enum status read_ms(
    const char *name, const struct json *value, int64_t *ms, struct error *err)
{
    char digits[32];
    if (!field_given(value))
        return STATUS_OK;
    snprintf(digits, sizeof digits, "%lld", (long long)json_int(value, 0));
    const char *text = json_kind(value) == JSON_INT ? digits : json_string(value, NULL);
    if (!text)
        return error_set(err, STATUS_BAD_REQUEST, "%s: neither a duration nor whole seconds", name);
    enum status st = units_duration(text, ms, err);
    if (st)
        error_prefix(err, "%s", name);
    return st;
}

static void write_ms(const char *key, int64_t ms, struct json_writer *w)
{
    char text[32];
    units_print_duration(ms, text);
    json_member_string(w, key, text);
}

static enum status read_duration(
    const struct field *f, const struct json *value, void *to, struct error *err)
{
    return read_ms(f->path, value, to, err);
}

static void write_duration(const struct place *p, const void *from)
{
    if (*(const int64_t *)from)
        write_ms(p->key, *(const int64_t *)from, p->w);
}

static enum status set_duration(
    const struct field *f, const char *text, void *to, struct error *err)
{
    (void)f;
    *(int64_t *)to = 0;
    return *text ? units_duration(text, to, err) : STATUS_OK;
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

static int64_t *deadline(void *d, size_t which)
{
    return (int64_t *)(void *)((char *)d + deadline_names[which].at);
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

static enum status read_deadlines(
    const struct field *f, const struct json *value, void *to, struct error *err)
{
    if (field_given(value) && json_kind(value) != JSON_OBJECT)
        return field_not(f, "not an object", err);
    enum status st = json_each(value, is_deadline, err);
    for (size_t i = 0; i < DEADLINE_COUNT && !st; i++) {
        const char *name = deadline_names[i].name;
        *deadline(to, i) = DEADLINE_UNSET;
        st = read_ms(name, json_get(value, name), deadline(to, i), err);
    }
    if (st)
        error_prefix(err, "%s", f->path);
    return st;
}

static void write_deadlines(const struct place *p, const void *from)
{
    struct deadlines d = *(const struct deadlines *)from;
    bool begun = false;
    for (size_t i = 0; i < DEADLINE_COUNT; i++) {
        int64_t ms = *deadline(&d, i);
        if (ms == DEADLINE_UNSET)
            continue;
        if (!begun) {
            json_key(p->w, p->key);
            json_begin_object(p->w);
        }
        begun = true;
        write_ms(deadline_names[i].name, ms, p->w);
    }
    if (begun)
        json_end_object(p->w);
}

enum status field_set_deadline(const char *name, const char *text, void *to, struct error *err)
{
    size_t i = 0;
    while (i + 1 < DEADLINE_COUNT && strcmp(deadline_names[i].name, name) != 0)
        i++;
    *deadline(to, i) = DEADLINE_UNSET;
    return *text ? units_duration(text, deadline(to, i), err) : STATUS_OK;
}

/* ---- yes or no ---- */

static enum status read_flag(
    const struct field *f, const struct json *value, void *to, struct error *err)
{
    if (field_given(value) && json_kind(value) != JSON_BOOL)
        return field_not(f, "neither true nor false", err);
    *(bool *)to = json_truth(value, *(bool *)to);
    return STATUS_OK;
}

static void write_flag(const struct place *p, const void *from)
{
    if (*(const bool *)from || (p->f->flags & FIELD_ALWAYS))
        json_member_bool(p->w, p->key, *(const bool *)from);
}

static enum status set_flag(const struct field *f, const char *text, void *to, struct error *err)
{
    *(bool *)to = !strcmp(text, "true");
    return *(bool *)to || !strcmp(text, "false") ? STATUS_OK
                                                 : field_not(f, "neither true nor false", err);
}

/* Nothing is the first word. */
static enum status set_choice(const struct field *f, const char *text, void *to, struct error *err)
{
    bool *second = to;
    *second = !strcmp(text, f->words[1]);
    if (*text && !*second && strcmp(text, f->words[0]) != 0)
        return error_set(err, STATUS_BAD_REQUEST, "%s: \"%s\" is neither \"%s\" nor \"%s\"",
            f->path, text, f->words[0], f->words[1]);
    return STATUS_OK;
}

static enum status read_choice(
    const struct field *f, const struct json *value, void *to, struct error *err)
{
    const char *word = json_string(value, NULL);
    if (!word && field_given(value))
        return field_not(f, "not a string", err);
    return set_choice(f, word ? word : "", to, err);
}

static void write_choice(const struct place *p, const void *from)
{
    json_member_string(p->w, p->key, p->f->words[*(const bool *)from]);
}

const struct field_functions field_count = {read_count, write_count, set_count};
const struct field_functions field_duration = {read_duration, write_duration, set_duration};
const struct field_functions field_deadlines = {read_deadlines, write_deadlines, NULL};
const struct field_functions field_flag = {read_flag, write_flag, set_flag};
const struct field_functions field_choice = {read_choice, write_choice, set_choice};
