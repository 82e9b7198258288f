#include "base/cel_value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cel.h"

/* ---- memory ---- */

enum { BLOCK = 4096 };

struct cel_block {
    struct cel_block *next;
    size_t used, size;
    _Alignas(max_align_t) char bytes[];
};

void *cel_alloc(struct cel_memory *m, size_t size)
{
    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (size > CEL_MEMORY_MAX - m->used)
        return NULL;
    struct cel_block *b = m->blocks;
    if (!b || b->size - b->used < size) {
        size_t room = size > BLOCK ? size : BLOCK;
        b = calloc(1, sizeof *b + room);
        if (!b)
            return NULL;
        b->size = room;
        b->next = m->blocks;
        m->blocks = b;
    }
    void *at = b->bytes + b->used;
    b->used += size;
    m->used += size;
    return at;
}

void cel_memory_release(struct cel_memory *m)
{
    for (struct cel_block *b = m->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    *m = (struct cel_memory){NULL, 0};
}

/* ---- errors and work ---- */

struct cel_value cel_fail(struct cel_run *run, const char *fmt, ...)
{
    struct error err;
    va_list ap;
    va_start(ap, fmt);
    error_vset(&err, STATUS_BAD_REQUEST, fmt, ap);
    va_end(ap);
    error_prefix(&err, "column %u", run->at);
    size_t size = strlen(err.text) + 1;
    char *text = cel_alloc(&run->memory, size);
    if (text)
        memcpy(text, err.text, size);
    return (struct cel_value){.kind = CEL_ERROR, .text = text ? text : "it takes too much memory"};
}

bool cel_charge(struct cel_run *run, size_t work)
{
    bool enough = work < run->work;
    run->work = enough ? run->work - work : 0;
    return enough;
}

struct cel_value cel_too_much(struct cel_run *run)
{
    return cel_fail(run, "it takes too much work");
}

/* ---- kinds ---- */

struct cel_value cel_bool(bool truth)
{
    return (struct cel_value){.kind = CEL_BOOL, .truth = truth};
}

struct cel_value cel_string(const char *bytes, size_t len)
{
    return (struct cel_value){.kind = CEL_STRING, .count = len, .text = bytes};
}

struct cel_value cel_from_json(const struct json *j)
{
    struct cel_value v = {.kind = CEL_NULL};
    switch (json_kind(j)) {
    case JSON_BOOL:
        return cel_bool(json_truth(j, false));
    case JSON_INT:
        v.kind = CEL_INT;
        v.i = json_int(j, 0);
        break;
    case JSON_DOUBLE:
        v.kind = CEL_DOUBLE;
        v.d = json_double(j, 0);
        break;
    case JSON_STRING:
        v.kind = CEL_STRING;
        v.text = json_string(j, &v.count);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        v.kind = json_kind(j) == JSON_ARRAY ? CEL_LIST : CEL_MAP;
        v.json = j;
        v.count = json_count(j);
        break;
    case JSON_ABSENT:
    case JSON_NULL:
        break;
    }
    return v;
}

const char *cel_kind_name(enum cel_kind kind)
{
    static const char *const names[] = {
        [CEL_ERROR] = "an error",
        [CEL_NULL] = "null",
        [CEL_BOOL] = "a bool",
        [CEL_INT] = "an int",
        [CEL_UINT] = "a uint",
        [CEL_DOUBLE] = "a double",
        [CEL_STRING] = "a string",
        [CEL_LIST] = "a list",
        [CEL_MAP] = "a map",
        [CEL_DYN] = "anything",
    };
    return names[kind];
}

bool cel_is_number(enum cel_kind kind)
{
    return kind == CEL_INT || kind == CEL_UINT || kind == CEL_DOUBLE;
}

size_t cel_length(const struct cel_value *text)
{
    size_t n = 0;
    for (size_t i = 0; i < text->count; i++)
        n += ((unsigned char)text->text[i] & 0xC0) != 0x80;
    return n;
}

/* ---- lists and maps ---- */

struct cel_value cel_item(const struct cel_value *list, size_t i)
{
    return list->json ? cel_from_json(json_at(list->json, i)) : list->items[i];
}

bool cel_lookup(struct cel_run *run, const struct cel_value *map, const struct cel_value *key,
    struct cel_value *out)
{
    if (map->json) {
        if (key->kind != CEL_STRING || memchr(key->text, 0, key->count))
            return false;
        char *name = cel_alloc(&run->memory, key->count + 1); /* of a text that is not terminated */
        const struct json *j =
            name ? json_get(map->json, memcpy(name, key->text, key->count)) : NULL;
        if (j)
            *out = cel_from_json(j);
        return j;
    }
    for (size_t i = 0; i < map->count; i++)
        if (cel_equal(run, &map->items[2 * i], key)) {
            *out = map->items[2 * i + 1];
            return true;
        }
    return false;
}

/* ---- order ---- */

static enum cel_order order(bool less, bool greater)
{
    return less ? CEL_LESS : greater ? CEL_GREATER : CEL_SAME;
}

static enum cel_order backwards(enum cel_order o)
{
    return o == CEL_LESS ? CEL_GREATER : o == CEL_GREATER ? CEL_LESS : o;
}

/* By value, also where a double cannot tell two neighbours apart. */
static enum cel_order compare_int_double(int64_t i, double d)
{
    if (isnan(d))
        return CEL_NO_ORDER;
    if (d >= 0x1p63)
        return CEL_LESS;
    if (d < -0x1p63)
        return CEL_GREATER;
    int64_t whole = (int64_t)d;
    double rest = d - (double)whole;
    return i != whole ? order(i < whole, true) : order(rest > 0, rest < 0);
}

static enum cel_order compare_uint_double(uint64_t u, double d)
{
    if (isnan(d))
        return CEL_NO_ORDER;
    if (d >= 0x1p64)
        return CEL_LESS;
    if (d < 0)
        return CEL_GREATER;
    uint64_t whole = (uint64_t)d;
    return u != whole ? order(u < whole, true) : order(d > (double)whole, false);
}

static enum cel_order compare_numbers(const struct cel_value *a, const struct cel_value *b)
{
    if (a->kind > b->kind) /* int, uint, double */
        return backwards(compare_numbers(b, a));
    if (a->kind == CEL_DOUBLE)
        return isnan(a->d) || isnan(b->d) ? CEL_NO_ORDER : order(a->d<b->d, a->d> b->d);
    if (b->kind == CEL_DOUBLE)
        return a->kind == CEL_INT ? compare_int_double(a->i, b->d)
                                  : compare_uint_double(a->u, b->d);
    if (a->kind == CEL_UINT)
        return order(a->u<b->u, a->u> b->u);
    if (b->kind == CEL_INT)
        return order(a->i<b->i, a->i> b->i);
    return a->i < 0 ? CEL_LESS : order((uint64_t)a->i<b->u, (uint64_t)a->i> b->u);
}

static enum cel_order compare_strings(const struct cel_value *a, const struct cel_value *b)
{
    size_t both = a->count < b->count ? a->count : b->count;
    int c = both ? memcmp(a->text, b->text, both) : 0;
    return c ? order(c < 0, true) : order(a->count<b->count, a->count> b->count);
}

enum cel_order cel_compare(const struct cel_value *a, const struct cel_value *b)
{
    if (cel_is_number(a->kind) && cel_is_number(b->kind))
        return compare_numbers(a, b);
    if (a->kind != b->kind)
        return CEL_NO_ORDER;
    if (a->kind == CEL_STRING)
        return compare_strings(a, b);
    return a->kind == CEL_BOOL ? order(a->truth<b->truth, a->truth> b->truth) : CEL_NO_ORDER;
}

/* ---- equality ---- */

struct comparison {
    struct cel_run *run;
    const struct cel_value *other;
};

static enum status same_member(void *ctx, const char *key, struct json *value)
{
    const struct comparison *c = ctx;
    struct cel_value k = cel_string(key, strlen(key)), there, here = cel_from_json(value);
    bool same = cel_lookup(c->run, c->other, &k, &there) && cel_equal(c->run, &here, &there);
    return same ? STATUS_OK : STATUS_NOT_FOUND;
}

static bool equal_maps(struct cel_run *run, const struct cel_value *a, const struct cel_value *b)
{
    struct cel_value there;
    if (a->count != b->count)
        return false;
    if (a->json)
        return !json_each(a->json, same_member, &(struct comparison){run, b});
    for (size_t i = 0; i < a->count; i++)
        if (!cel_lookup(run, b, &a->items[2 * i], &there) ||
            !cel_equal(run, &a->items[2 * i + 1], &there))
            return false;
    return true;
}

static bool equal_lists(struct cel_run *run, const struct cel_value *a, const struct cel_value *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        struct cel_value one = cel_item(a, i), other = cel_item(b, i);
        if (!cel_equal(run, &one, &other))
            return false;
    }
    return true;
}

bool cel_equal(struct cel_run *run, const struct cel_value *a, const struct cel_value *b)
{
    if (!cel_charge(run, a->kind == CEL_STRING ? a->count / 16 + 1 : 1))
        return false;
    if (cel_is_number(a->kind) && cel_is_number(b->kind))
        return compare_numbers(a, b) == CEL_SAME;
    if (a->kind != b->kind)
        return false;
    if (a->kind == CEL_MAP)
        return equal_maps(run, a, b);
    if (a->kind == CEL_LIST)
        return equal_lists(run, a, b);
    return a->kind == CEL_NULL || cel_compare(a, b) == CEL_SAME;
}

/* ---- arithmetic ---- */

static struct cel_value overflow(struct cel_run *run)
{
    return cel_fail(run, "the number is too large");
}

static struct cel_value calculate_int(struct cel_run *run, char op, int64_t a, int64_t b)
{
    struct cel_value v = {.kind = CEL_INT};
    if ((op == '/' || op == '%') && !b)
        return cel_fail(run, "division by zero");
    if ((op == '/' || op == '%') && b == -1 && a == INT64_MIN)
        return overflow(run);
    if (op == '/' || op == '%')
        v.i = op == '/' ? a / b : a % b;
    else if (op == '+'   ? __builtin_add_overflow(a, b, &v.i)
             : op == '-' ? __builtin_sub_overflow(a, b, &v.i)
                         : __builtin_mul_overflow(a, b, &v.i))
        return overflow(run);
    return v;
}

static struct cel_value calculate_uint(struct cel_run *run, char op, uint64_t a, uint64_t b)
{
    struct cel_value v = {.kind = CEL_UINT};
    if ((op == '/' || op == '%') && !b)
        return cel_fail(run, "division by zero");
    if (op == '/' || op == '%')
        v.u = op == '/' ? a / b : a % b;
    else if (op == '+'   ? __builtin_add_overflow(a, b, &v.u)
             : op == '-' ? __builtin_sub_overflow(a, b, &v.u)
                         : __builtin_mul_overflow(a, b, &v.u))
        return overflow(run);
    return v;
}

static struct cel_value calculate_double(char op, double a, double b)
{
    double d = op == '+' ? a + b : op == '-' ? a - b : op == '*' ? a * b : a / b;
    return (struct cel_value){.kind = CEL_DOUBLE, .d = d};
}

static struct cel_value join_strings(
    struct cel_run *run, const struct cel_value *a, const struct cel_value *b)
{
    char *both = cel_alloc(&run->memory, a->count + b->count + 1);
    if (!both)
        return cel_fail(run, "it takes too much memory");
    memcpy(both, a->text, a->count);
    memcpy(both + a->count, b->text, b->count);
    return cel_string(both, a->count + b->count);
}

static struct cel_value join_lists(
    struct cel_run *run, const struct cel_value *a, const struct cel_value *b)
{
    struct cel_value v = {.kind = CEL_LIST, .count = a->count + b->count};
    struct cel_value *items = NULL;
    if (cel_charge(run, v.count) && v.count < CEL_MEMORY_MAX / sizeof *items)
        items = cel_alloc(&run->memory, v.count * sizeof *items);
    if (!items)
        return cel_fail(run, "it takes too much memory");
    for (size_t i = 0; i < v.count; i++)
        items[i] = i < a->count ? cel_item(a, i) : cel_item(b, i - a->count);
    v.items = items;
    return v;
}

struct cel_value cel_arithmetic(
    struct cel_run *run, char op, const struct cel_value *a, const struct cel_value *b)
{
    if (a->kind == b->kind && a->kind == CEL_INT)
        return calculate_int(run, op, a->i, b->i);
    if (a->kind == b->kind && a->kind == CEL_UINT)
        return calculate_uint(run, op, a->u, b->u);
    if (a->kind == b->kind && a->kind == CEL_DOUBLE && op != '%')
        return calculate_double(op, a->d, b->d);
    if (a->kind == b->kind && a->kind == CEL_STRING && op == '+')
        return join_strings(run, a, b);
    if (a->kind == b->kind && a->kind == CEL_LIST && op == '+')
        return join_lists(run, a, b);
    return cel_fail(run, "\"%c\" does not go with %s and %s", op, cel_kind_name(a->kind),
        cel_kind_name(b->kind));
}
