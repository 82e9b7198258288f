#include <stdio.h>
#include <string.h>

#include "base/json_schema_rule.h"
#include "base/json_value.h"
#include "base/utf8.h"

/* ---- any value ---- */

static bool has_type(const struct json *j, const char *type)
{
    switch (json_kind(j)) {
    case JSON_NULL:
        return !strcmp(type, "null");
    case JSON_BOOL:
        return !strcmp(type, "boolean");
    case JSON_INT:
    case JSON_DOUBLE:
        return !strcmp(type, "number") || (!strcmp(type, "integer") && json_is_integer(j));
    case JSON_STRING:
        return !strcmp(type, "string");
    case JSON_ARRAY:
        return !strcmp(type, "array");
    case JSON_OBJECT:
        return !strcmp(type, "object");
    default:
        return false;
    }
}

static const char *article(const char *type)
{
    return !strcmp(type, "null") ? "" : strchr("aio", *type) ? "an " : "a ";
}

enum status schema_check_type(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    char all[160] = "";
    size_t n = json_kind(arg) == JSON_ARRAY ? json_count(arg) : 1;
    (void)schema;
    for (size_t i = 0; i < n; i++) {
        const char *type = json_string(json_kind(arg) == JSON_ARRAY ? json_at(arg, i) : arg, NULL);
        if (!type || has_type(at->value, type))
            return STATUS_OK;
        size_t len = strlen(all);
        snprintf(all + len, sizeof all - len, "%s%s%s",
            !i          ? ""
            : i + 1 < n ? ", "
                        : " or ",
            article(type), type);
    }
    return schema_mismatch(v, at, "not %s", all);
}

enum status schema_check_enum(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    struct buf all;
    (void)schema;
    for (size_t i = 0; i < json_count(arg); i++)
        if (json_equal(json_at(arg, i), at->value, &v->work))
            return STATUS_OK;
    if (!v->work)
        return schema_too_much(v);
    buf_init(&all, SIZE_MAX / 2);
    json_print(arg, false, &all);
    size_t cut = utf8_cut(buf_str(&all), all.len, SCHEMA_VALUES_MAX);
    enum status st = schema_mismatch(v, at, "not one of the values that are allowed: %.*s%s",
        (int)cut, buf_str(&all), cut < all.len ? "..." : "");
    buf_release(&all);
    return st;
}

enum status schema_check_const(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    struct buf text;
    (void)schema;
    if (json_equal(arg, at->value, &v->work))
        return STATUS_OK;
    if (!v->work)
        return schema_too_much(v);
    buf_init(&text, SIZE_MAX / 2);
    json_print(arg, false, &text);
    size_t cut = utf8_cut(buf_str(&text), text.len, SCHEMA_VALUES_MAX);
    enum status st =
        schema_mismatch(v, at, "not %.*s%s", (int)cut, buf_str(&text), cut < text.len ? "..." : "");
    buf_release(&text);
    return st;
}

/* ---- numbers ---- */

static bool is_number(const struct json *j)
{
    return json_kind(j) == JSON_INT || json_kind(j) == JSON_DOUBLE;
}

enum status schema_check_minimum(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    (void)schema;
    return is_number(at->value) && json_compare_numbers(at->value, arg) < 0
               ? schema_mismatch(v, at, "less than %s", json_number(arg))
               : STATUS_OK;
}

enum status schema_check_maximum(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    (void)schema;
    return is_number(at->value) && json_compare_numbers(at->value, arg) > 0
               ? schema_mismatch(v, at, "more than %s", json_number(arg))
               : STATUS_OK;
}

enum status schema_check_above(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    (void)schema;
    return is_number(at->value) && json_compare_numbers(at->value, arg) <= 0
               ? schema_mismatch(v, at, "not more than %s", json_number(arg))
               : STATUS_OK;
}

enum status schema_check_below(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    (void)schema;
    return is_number(at->value) && json_compare_numbers(at->value, arg) >= 0
               ? schema_mismatch(v, at, "not less than %s", json_number(arg))
               : STATUS_OK;
}

enum status schema_check_multiple(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    (void)schema;
    return is_number(at->value) && !json_is_multiple(at->value, arg)
               ? schema_mismatch(v, at, "not a multiple of %s", json_number(arg))
               : STATUS_OK;
}

/* ---- how many ---- */

/* Characters of a string; lone halves of surrogate pairs count as one. */
static size_t characters(const struct json *j)
{
    size_t len = 0, n = 0;
    const char *s = json_string(j, &len);
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)s[i] & 0xC0) != 0x80;
    return n;
}

enum status schema_check_min_length(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    (void)schema;
    return json_kind(at->value) == JSON_STRING && schema_is_under(characters(at->value), arg)
               ? schema_mismatch(v, at, "shorter than %s characters", json_number(arg))
               : STATUS_OK;
}

enum status schema_check_max_length(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    (void)schema;
    return json_kind(at->value) == JSON_STRING && schema_is_over(characters(at->value), arg)
               ? schema_mismatch(v, at, "longer than %s characters", json_number(arg))
               : STATUS_OK;
}

enum status schema_check_min_items(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    (void)schema;
    return json_kind(at->value) == JSON_ARRAY && schema_is_under(json_count(at->value), arg)
               ? schema_mismatch(v, at, "fewer than %s elements", json_number(arg))
               : STATUS_OK;
}

enum status schema_check_max_items(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    (void)schema;
    return json_kind(at->value) == JSON_ARRAY && schema_is_over(json_count(at->value), arg)
               ? schema_mismatch(v, at, "more than %s elements", json_number(arg))
               : STATUS_OK;
}

enum status schema_check_min_properties(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    (void)schema;
    return json_kind(at->value) == JSON_OBJECT && schema_is_under(json_count(at->value), arg)
               ? schema_mismatch(v, at, "fewer than %s members", json_number(arg))
               : STATUS_OK;
}

enum status schema_check_max_properties(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    (void)schema;
    return json_kind(at->value) == JSON_OBJECT && schema_is_over(json_count(at->value), arg)
               ? schema_mismatch(v, at, "more than %s members", json_number(arg))
               : STATUS_OK;
}

/* ---- strings ---- */

enum status schema_check_pattern(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    size_t len, pattern_len = 0;
    bool found = true;
    const struct regular *p = NULL;
    const char *text = json_string(at->value, &len), *pattern = json_string(arg, &pattern_len);
    (void)schema;
    if (!text || !pattern)
        return STATUS_OK;
    enum status st = schema_pattern(v, pattern, pattern_len, &p);
    if (!st)
        st = schema_pattern_found(v, p, text, len, &found);
    if (st || found)
        return st;
    size_t cut = utf8_cut(pattern, pattern_len, SCHEMA_VALUES_MAX);
    return schema_mismatch(v, at, "does not match the pattern %.*s%s", (int)cut, pattern,
        cut < pattern_len ? "..." : "");
}
