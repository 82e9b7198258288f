#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_schema_rule.h"
#include "base/regular.h"
#include "base/utf8.h"

enum {
    PLACE_MAX = 400,  /* bytes of a place in a sentence */
    KEY_MAX = 60,     /* of one key in it */
    NEAREST_MAX = 256 /* of the sentence of the alternative that was nearest */
};

/* ---- sentences ---- */

static bool is_plain(const char *key)
{
    size_t letters =
        strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_$0123456789");
    return letters && !key[letters] && !(*key >= '0' && *key <= '9');
}

static void print_spot(const struct spot *s, struct buf *out)
{
    if (!s->up) {
        buf_addc(out, '$');
        return;
    }
    print_spot(s->up, out);
    if (!s->key) {
        buf_printf(out, "[%zu]", s->index);
        return;
    }
    size_t len = strlen(s->key), cut = utf8_cut(s->key, len, KEY_MAX);
    buf_adds(out, is_plain(s->key) ? "." : "[\"");
    json_escape(out, s->key, cut);
    buf_printf(out, "%s%s", cut < len ? "..." : "", is_plain(s->key) ? "" : "\"]");
}

static unsigned depth_of(const struct spot *s)
{
    unsigned n = 0;
    for (; s->up; s = s->up)
        n++;
    return n;
}

enum status schema_mismatch(struct validation *v, const struct spot *at, const char *fmt, ...)
{
    struct buf place;
    va_list ap;
    v->nearest = depth_of(at);
    if (v->quiet)
        return STATUS_BAD_REQUEST;
    buf_init(&place, PLACE_MAX);
    print_spot(at, &place);
    va_start(ap, fmt);
    error_vset(v->err, STATUS_BAD_REQUEST, fmt, ap);
    va_end(ap);
    error_prefix(v->err, "%s%s", buf_str(&place), buf_status(&place) ? "..." : "");
    buf_release(&place);
    return STATUS_BAD_REQUEST;
}

enum status schema_too_much(struct validation *v)
{
    return error_set(v->err, STATUS_TOO_LARGE, "it is too large or too deep to be checked");
}

/* ---- patterns ---- */

enum { STEPS_OF_WORK = 16 }; /* that a pattern makes in the time that one value takes */

enum status schema_pattern(
    struct validation *v, const char *text, size_t len, const struct regular **out)
{
    for (size_t i = 0; i < v->pattern_count; i++)
        if (v->patterns[i].text == text) {
            *out = v->patterns[i].compiled;
            return STATUS_OK;
        }
    if (v->pattern_count == JSON_SCHEMA_PATTERNS_MAX)
        return schema_too_much(v);
    struct kept_pattern *new = &v->patterns[v->pattern_count];
    enum status st = regular_compile(text, len, &new->compiled, v->err);
    if (st)
        return st == STATUS_BAD_REQUEST ? STATUS_CONFIG : st;
    new->text = text;
    v->pattern_count++;
    *out = new->compiled;
    return STATUS_OK;
}

enum status schema_pattern_found(
    struct validation *v, const struct regular *p, const char *text, size_t len, bool *found)
{
    size_t steps = v->work * STEPS_OF_WORK;
    enum status st = regular_find(p, text, len, &steps, found);
    v->work = steps / STEPS_OF_WORK;
    if (st == STATUS_NO_MEMORY)
        return error_set(v->err, st, "out of memory");
    return st || !v->work ? schema_too_much(v) : STATUS_OK;
}

/* ---- schemas together ---- */

static enum status check_all(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    enum status st = STATUS_OK;
    (void)schema;
    for (size_t i = 0; i < json_count(arg) && !st; i++)
        st = schema_evaluate(v, json_at(arg, i), at);
    return st;
}

/* The sentence of the alternative that came furthest. */
struct nearest {
    char text[NEAREST_MAX];
    unsigned depth;
};

static void keep_nearest(const struct validation *v, struct nearest *n)
{
    if (v->quiet || (n->text[0] && v->nearest <= n->depth))
        return;
    size_t len = utf8_cut(v->err->text, strlen(v->err->text), sizeof n->text - 1);
    memcpy(n->text, v->err->text, len);
    n->text[len] = 0;
    n->depth = v->nearest;
}

/* How many match, up to most. */
static enum status count_matches(struct validation *v, const struct json *arg,
    const struct spot *at, size_t most, size_t *matches)
{
    struct nearest n = {.text = ""};
    *matches = 0;
    for (size_t i = 0; i < json_count(arg) && *matches < most; i++) {
        enum status st = schema_evaluate(v, json_at(arg, i), at);
        if (st && st != STATUS_BAD_REQUEST)
            return st;
        if (!st)
            ++*matches;
        else if (!*matches)
            keep_nearest(v, &n);
    }
    if (*matches)
        return STATUS_OK;
    schema_mismatch(v, at, "matches none of the schemas; nearest: %s", n.text);
    v->nearest = n.depth;
    return STATUS_BAD_REQUEST;
}

static enum status check_any(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    size_t matches;
    (void)schema;
    return count_matches(v, arg, at, 1, &matches);
}

static enum status check_one(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    size_t matches;
    (void)schema;
    enum status st = count_matches(v, arg, at, 2, &matches);
    return !st && matches > 1
               ? schema_mismatch(v, at, "matches more than one of the schemas of \"oneOf\"")
               : st;
}

static enum status evaluate_quietly(
    struct validation *v, const struct json *schema, const struct spot *at)
{
    v->quiet++;
    enum status st = schema_evaluate(v, schema, at);
    v->quiet--;
    return st;
}

static enum status check_not(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    (void)schema;
    enum status st = evaluate_quietly(v, arg, at);
    return st == STATUS_BAD_REQUEST ? STATUS_OK
           : st                     ? st
                                    : schema_mismatch(v, at, "matches the schema of \"not\"");
}

static enum status check_if(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    enum status st = evaluate_quietly(v, arg, at);
    if (st && st != STATUS_BAD_REQUEST)
        return st;
    const struct json *next = json_get(schema, st ? "else" : "then");
    return next ? schema_evaluate(v, next, at) : STATUS_OK;
}

static enum status check_ref(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    const char *ref = json_string(arg, NULL);
    const struct json *target = ref ? schema_ref_find(v->root, ref) : NULL;
    (void)schema;
    return target ? schema_evaluate(v, target, at)
                  : error_set(v->err, STATUS_CONFIG, "the schema has a $ref to nothing");
}

/* ---- a schema ---- */

/* In the order of strcmp. The type is looked at first, by itself. */
static const struct rule {
    const char *name;
    schema_rule *check;
} rules[] = {
    {"$ref", check_ref},
    {"additionalProperties", schema_check_additional},
    {"allOf", check_all},
    {"anyOf", check_any},
    {"const", schema_check_const},
    {"contains", schema_check_contains},
    {"dependentRequired", schema_check_dependent},
    {"dependentSchemas", schema_check_dependent_schemas},
    {"enum", schema_check_enum},
    {"exclusiveMaximum", schema_check_below},
    {"exclusiveMinimum", schema_check_above},
    {"if", check_if},
    {"items", schema_check_items},
    {"maxItems", schema_check_max_items},
    {"maxLength", schema_check_max_length},
    {"maxProperties", schema_check_max_properties},
    {"maximum", schema_check_maximum},
    {"minItems", schema_check_min_items},
    {"minLength", schema_check_min_length},
    {"minProperties", schema_check_min_properties},
    {"minimum", schema_check_minimum},
    {"multipleOf", schema_check_multiple},
    {"not", check_not},
    {"oneOf", check_one},
    {"pattern", schema_check_pattern},
    {"patternProperties", schema_check_pattern_properties},
    {"prefixItems", schema_check_prefix},
    {"properties", schema_check_properties},
    {"propertyNames", schema_check_names},
    {"required", schema_check_required},
    {"uniqueItems", schema_check_unique},
};

struct walk {
    struct validation *v;
    const struct json *schema;
    const struct spot *at;
};

static int by_name(const void *name, const void *rule)
{
    return strcmp(name, ((const struct rule *)rule)->name);
}

static enum status visit_keyword(void *ctx, const char *key, struct json *arg)
{
    const struct walk *w = ctx;
    const struct rule *rule =
        bsearch(key, rules, sizeof rules / sizeof *rules, sizeof *rules, by_name);
    return rule ? rule->check(w->v, w->schema, arg, w->at) : STATUS_OK;
}

enum status schema_evaluate(struct validation *v, const struct json *schema, const struct spot *at)
{
    struct walk w = {.v = v, .schema = schema, .at = at};
    if (json_kind(schema) == JSON_BOOL)
        return json_truth(schema, true) ? STATUS_OK : schema_mismatch(v, at, "not allowed");
    if (!v->work || !--v->work || v->depth == JSON_SCHEMA_DEPTH_MAX)
        return schema_too_much(v);
    v->depth++;
    const struct json *type = json_get(schema, "type");
    enum status st = type ? schema_check_type(v, schema, type, at) : STATUS_OK;
    if (!st)
        st = json_each(schema, visit_keyword, &w);
    v->depth--;
    return st;
}

enum status json_schema_validate(
    const struct json *schema, const struct json *value, struct error *err)
{
    struct error unheard;
    const struct spot top = {.value = value};
    struct validation v = {
        .root = schema, .work = JSON_SCHEMA_WORK_MAX, .err = err ? err : &unheard};
    enum status st = schema_evaluate(&v, schema, &top);
    for (size_t i = 0; i < v.pattern_count; i++)
        regular_free(v.patterns[i].compiled);
    return st;
}
