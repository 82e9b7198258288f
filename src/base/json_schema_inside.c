#include <stdint.h>
#include <string.h>

#include "base/json_schema_rule.h"
#include "base/json_value.h"

/* What goes through the members of an object. */
struct walk {
    struct validation *v;
    const struct json *schema, *arg;
    const struct spot *at;
    const char *key; /* of the member that is looked at */
    bool matched;
};

/* ---- arrays ---- */

static enum status check_elements(
    struct validation *v, const struct json *schema, size_t i, const struct spot *at)
{
    struct spot below = {.up = at, .index = i, .value = json_at(at->value, i)};
    return schema_evaluate(v, schema, &below);
}

enum status schema_check_prefix(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    enum status st = STATUS_OK;
    (void)schema;
    if (json_kind(at->value) != JSON_ARRAY)
        return STATUS_OK;
    for (size_t i = 0; i < json_count(arg) && i < json_count(at->value) && !st; i++)
        st = check_elements(v, json_at(arg, i), i, at);
    return st;
}

enum status schema_check_items(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    enum status st = STATUS_OK;
    size_t n = json_kind(at->value) == JSON_ARRAY ? json_count(at->value) : 0;
    for (size_t i = json_count(json_get(schema, "prefixItems")); i < n && !st; i++)
        st = check_elements(v, arg, i, at);
    return st;
}

enum status schema_check_contains(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    const struct json *least = json_get(schema, "minContains");
    const struct json *most = json_get(schema, "maxContains");
    size_t found = 0;
    if (json_kind(at->value) != JSON_ARRAY)
        return STATUS_OK;
    for (size_t i = 0; i < json_count(at->value); i++) {
        v->quiet++;
        enum status st = check_elements(v, arg, i, at);
        v->quiet--;
        if (st && st != STATUS_BAD_REQUEST)
            return st;
        found += !st;
    }
    if (least ? schema_is_under(found, least) : !found)
        return schema_mismatch(v, at, "fewer than %s elements are as \"contains\" wants them",
            least ? json_number(least) : "1");
    return most && schema_is_over(found, most)
               ? schema_mismatch(v, at, "more than %s elements are as \"contains\" wants them",
                     json_number(most))
               : STATUS_OK;
}

enum status schema_check_unique(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    bool repeated;
    size_t pair[2];
    (void)schema;
    if (!json_truth(arg, false) || json_kind(at->value) != JSON_ARRAY)
        return STATUS_OK;
    enum status st = json_find_repeated(at->value, &v->work, &repeated, pair, v->err);
    if (st || repeated)
        return st ? st : schema_mismatch(v, at, "elements %zu and %zu are equal", pair[0], pair[1]);
    return v->work ? STATUS_OK : schema_too_much(v);
}

/* ---- objects ---- */

static enum status check_named(
    struct validation *v, const struct json *schema, const char *key, const struct spot *at)
{
    struct spot below = {.up = at, .key = key, .value = json_get(at->value, key)};
    return below.value ? schema_evaluate(v, schema, &below) : STATUS_OK;
}

static enum status visit_property(void *ctx, const char *key, struct json *schema)
{
    const struct walk *w = ctx;
    return check_named(w->v, schema, key, w->at);
}

enum status schema_check_properties(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    struct walk w = {.v = v, .at = at};
    (void)schema;
    return json_kind(at->value) == JSON_OBJECT ? json_each(arg, visit_property, &w) : STATUS_OK;
}

static enum status match_key(struct walk *w, const char *pattern)
{
    const struct regular *p = NULL;
    enum status st = schema_pattern(w->v, pattern, strlen(pattern), &p);
    return st ? st : schema_pattern_found(w->v, p, w->key, strlen(w->key), &w->matched);
}

/* A pattern, for the member of w. */
static enum status visit_pattern(void *ctx, const char *pattern, struct json *schema)
{
    struct walk *w = ctx;
    enum status st = match_key(w, pattern);
    return st || !w->matched ? st : check_named(w->v, schema, w->key, w->at);
}

static enum status visit_member(void *ctx, const char *key, struct json *value)
{
    struct walk w = *(struct walk *)ctx;
    (void)value;
    w.key = key;
    return json_each(w.arg, visit_pattern, &w);
}

enum status schema_check_pattern_properties(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    struct walk w = {.v = v, .arg = arg, .at = at};
    (void)schema;
    return json_each(at->value, visit_member, &w);
}

static enum status visit_other_pattern(void *ctx, const char *pattern, struct json *schema)
{
    struct walk *w = ctx;
    (void)schema;
    enum status st = match_key(w, pattern);
    return st ? st : w->matched ? STATUS_CONFLICT : STATUS_OK; /* which ends the search */
}

static enum status visit_additional(void *ctx, const char *key, struct json *value)
{
    struct walk w = *(struct walk *)ctx;
    (void)value;
    w.key = key;
    if (json_get(json_get(w.schema, "properties"), key))
        return STATUS_OK;
    enum status st = json_each(json_get(w.schema, "patternProperties"), visit_other_pattern, &w);
    if (st)
        return st == STATUS_CONFLICT ? STATUS_OK : st;
    return check_named(w.v, w.arg, key, w.at);
}

enum status schema_check_additional(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    struct walk w = {.v = v, .schema = schema, .arg = arg, .at = at};
    return json_each(at->value, visit_additional, &w);
}

/* A key as a value of its own. */
static enum status visit_name(void *ctx, const char *key, struct json *value)
{
    const struct walk *w = ctx;
    struct json *name = NULL;
    struct buf text;
    (void)value;
    buf_init(&text, SIZE_MAX / 2);
    buf_addc(&text, '"');
    json_escape(&text, key, strlen(key));
    buf_addc(&text, '"');
    enum status st = json_parse(buf_str(&text), text.len, &name, NULL);
    buf_release(&text);
    if (st)
        return schema_too_much(w->v);
    struct spot below = {.up = w->at, .key = key, .value = name};
    w->v->quiet++;
    st = schema_evaluate(w->v, w->arg, &below);
    w->v->quiet--;
    json_free(name);
    return st == STATUS_BAD_REQUEST ? schema_mismatch(w->v, &below, "not a name that is allowed")
                                    : st;
}

enum status schema_check_names(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    struct walk w = {.v = v, .arg = arg, .at = at};
    (void)schema;
    return json_each(at->value, visit_name, &w);
}

enum status schema_check_required(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    (void)schema;
    if (json_kind(at->value) != JSON_OBJECT)
        return STATUS_OK;
    for (size_t i = 0; i < json_count(arg); i++) {
        const char *name = json_string(json_at(arg, i), NULL);
        if (name && !json_get(at->value, name))
            return schema_mismatch(v, at, "\"%s\" is missing", name);
    }
    return STATUS_OK;
}

static enum status visit_dependent(void *ctx, const char *key, struct json *names)
{
    const struct walk *w = ctx;
    return json_get(w->at->value, key) ? schema_check_required(w->v, NULL, names, w->at)
                                       : STATUS_OK;
}

enum status schema_check_dependent(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    struct walk w = {.v = v, .at = at};
    (void)schema;
    return json_each(arg, visit_dependent, &w);
}

static enum status visit_dependent_schema(void *ctx, const char *key, struct json *schema)
{
    const struct walk *w = ctx;
    return json_get(w->at->value, key) ? schema_evaluate(w->v, schema, w->at) : STATUS_OK;
}

enum status schema_check_dependent_schemas(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at)
{
    struct walk w = {.v = v, .at = at};
    (void)schema;
    return json_each(arg, visit_dependent_schema, &w);
}
