#include "base/json_schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_schema_part.h"
#include "base/json_value.h"
#include "base/regular.h"
#include "base/strings.h"

/* In the order of strcmp. */
static const struct schema_keyword keywords[] = {
    {"$defs", SHAPE_SCHEMA_MAP},
    {"$dynamicRef", SHAPE_REFUSED},
    {"$recursiveRef", SHAPE_REFUSED},
    {"$ref", SHAPE_REF},
    {"additionalItems", SHAPE_REFUSED},
    {"additionalProperties", SHAPE_SCHEMA},
    {"allOf", SHAPE_SCHEMAS},
    {"anyOf", SHAPE_SCHEMAS},
    {"const", SHAPE_ANY},
    {"contains", SHAPE_SCHEMA},
    {"definitions", SHAPE_SCHEMA_MAP},
    {"dependencies", SHAPE_REFUSED},
    {"dependentRequired", SHAPE_STRINGS_MAP},
    {"dependentSchemas", SHAPE_SCHEMA_MAP},
    {"else", SHAPE_SCHEMA},
    {"enum", SHAPE_LIST},
    {"exclusiveMaximum", SHAPE_NUMBER},
    {"exclusiveMinimum", SHAPE_NUMBER},
    {"if", SHAPE_SCHEMA},
    {"items", SHAPE_SCHEMA},
    {"maxContains", SHAPE_COUNT},
    {"maxItems", SHAPE_COUNT},
    {"maxLength", SHAPE_COUNT},
    {"maxProperties", SHAPE_COUNT},
    {"maximum", SHAPE_NUMBER},
    {"minContains", SHAPE_COUNT},
    {"minItems", SHAPE_COUNT},
    {"minLength", SHAPE_COUNT},
    {"minProperties", SHAPE_COUNT},
    {"minimum", SHAPE_NUMBER},
    {"multipleOf", SHAPE_POSITIVE},
    {"not", SHAPE_SCHEMA},
    {"oneOf", SHAPE_SCHEMAS},
    {"pattern", SHAPE_PATTERN},
    {"patternProperties", SHAPE_PATTERN_MAP},
    {"prefixItems", SHAPE_SCHEMAS},
    {"properties", SHAPE_SCHEMA_MAP},
    {"propertyNames", SHAPE_SCHEMA},
    {"required", SHAPE_STRINGS},
    {"then", SHAPE_SCHEMA},
    {"type", SHAPE_TYPE},
    {"unevaluatedItems", SHAPE_REFUSED},
    {"unevaluatedProperties", SHAPE_REFUSED},
    {"uniqueItems", SHAPE_BOOL},
};

static int by_name(const void *name, const void *keyword)
{
    return strcmp(name, ((const struct schema_keyword *)keyword)->name);
}

const struct schema_keyword *schema_keyword_find(const char *name)
{
    return bsearch(name, keywords, sizeof keywords / sizeof *keywords, sizeof *keywords, by_name);
}

bool schema_type_exists(const char *word)
{
    static const char *const types[] = {
        "array", "boolean", "integer", "null", "number", "object", "string"};
    for (size_t i = 0; word && i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i], word))
            return true;
    return false;
}

/* ---- references ---- */

enum { SEGMENT_MAX = 256 };

static int hex_of(char c)
{
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

/* A pointer's next segment, which follows a slash: "a~1b%20c" is "a/b c". NULL: there is none that
 * can be read, else what follows it. */
static const char *read_segment(const char *at, char out[SEGMENT_MAX])
{
    size_t n = 0;
    for (; *at && *at != '/'; at++) {
        char c = *at;
        if (c == '%' && hex_of(at[1]) >= 0 && hex_of(at[2]) >= 0) {
            c = (char)(hex_of(at[1]) << 4 | hex_of(at[2]));
            at += 2;
        } else if (c == '~') {
            at++;
            if (*at != '0' && *at != '1')
                return NULL;
            c = *at == '0' ? '~' : '/';
        }
        if (!c || n == SEGMENT_MAX - 1)
            return NULL;
        out[n++] = c;
    }
    out[n] = 0;
    return at;
}

static const struct json *element_at(const struct json *list, const char *digits)
{
    char *end;
    unsigned long i = strtoul(digits, &end, 10);
    return *digits >= '0' && *digits <= '9' && !*end ? json_at(list, i) : NULL;
}

/* Only places where a schema is: what is checked, and nothing else, can be meant. */
const struct json *schema_ref_find(const struct json *root, const char *ref)
{
    char name[SEGMENT_MAX];
    const struct json *j = root;
    if (*ref++ != '#')
        return NULL;
    while (j && *ref) {
        if (*ref != '/' || !(ref = read_segment(ref + 1, name)))
            return NULL;
        const struct schema_keyword *keyword = schema_keyword_find(name);
        enum schema_shape shape = keyword ? keyword->shape : SHAPE_ANY;
        j = json_get(j, name);
        if (shape == SHAPE_SCHEMA)
            continue;
        if (shape != SHAPE_SCHEMAS && shape != SHAPE_SCHEMA_MAP && shape != SHAPE_PATTERN_MAP)
            return NULL;
        if (*ref != '/' || !(ref = read_segment(ref + 1, name)))
            return NULL;
        j = shape == SHAPE_SCHEMAS ? element_at(j, name) : json_get(j, name);
    }
    return j;
}

/* ---- checking ---- */

/* The way to what is checked. */
struct step {
    const struct step *up;
    const char *name; /* NULL: an index */
    size_t index;
    unsigned depth;
};

struct checking {
    const struct json *root;
    const struct step *at;
    struct error *err;
};

static void print_place(const struct step *s, struct buf *out)
{
    if (!s->up) {
        buf_addc(out, '#');
        return;
    }
    print_place(s->up, out);
    buf_addc(out, '/');
    if (!s->name)
        buf_add_int(out, (int64_t)s->index);
    for (const char *c = s->name; c && *c; c++)
        buf_adds(out, *c == '~' ? "~0" : *c == '/' ? "~1" : (char[]){*c, 0});
}

static enum status mistake(const struct checking *c, const char *what)
{
    struct buf place;
    buf_init(&place, ERROR_TEXT_MAX / 2);
    print_place(c->at, &place);
    error_set(c->err, STATUS_BAD_REQUEST, "%s%s: %s", buf_str(&place),
        buf_status(&place) ? "..." : "", what);
    buf_release(&place);
    return STATUS_BAD_REQUEST;
}

static enum status check_schema(struct checking *c, const struct json *j);

/* Goes one step down and checks what is there with one of the functions below. */
static enum status check_below(struct checking *c, const char *name, size_t index,
    enum status (*check)(struct checking *c, const struct json *j), const struct json *j)
{
    const struct step *up = c->at;
    struct step here = {.up = up, .name = name, .index = index, .depth = up->depth + 1};
    c->at = &here;
    enum status st = check(c, j);
    c->at = up;
    return st;
}

static enum status check_strings(struct checking *c, const struct json *j)
{
    size_t work = JSON_SCHEMA_WORK_MAX, pair[2];
    bool repeated;
    if (json_kind(j) != JSON_ARRAY)
        return mistake(c, "not a list of names");
    for (size_t i = 0; i < json_count(j); i++)
        if (json_kind(json_at(j, i)) != JSON_STRING)
            return mistake(c, "not a list of names");
    enum status st = json_find_repeated(j, &work, &repeated, pair, c->err);
    return st ? st : repeated ? mistake(c, "a name is in it twice") : STATUS_OK;
}

static enum status check_strings_member(void *ctx, const char *key, struct json *value)
{
    return check_below(ctx, key, 0, check_strings, value);
}

static enum status check_schema_member(void *ctx, const char *key, struct json *value)
{
    return check_below(ctx, key, 0, check_schema, value);
}

static enum status check_pattern(struct checking *c, const char *text, size_t len)
{
    struct regular *p = NULL;
    struct error why = {.text = ""};
    enum status st = regular_compile(text, len, &p, &why);
    regular_free(p);
    error_prefix(&why, "the pattern cannot be used");
    return st == STATUS_BAD_REQUEST ? mistake(c, why.text)
           : st                     ? error_set(c->err, st, "%s", why.text)
                                    : STATUS_OK;
}

static enum status check_pattern_key(struct checking *c, const struct json *j)
{
    enum status st = check_pattern(c, c->at->name, strlen(c->at->name));
    return st ? st : check_schema(c, j);
}

static enum status check_pattern_member(void *ctx, const char *key, struct json *value)
{
    return check_below(ctx, key, 0, check_pattern_key, value);
}

static enum status check_map(struct checking *c, const struct json *j,
    enum status (*visit)(void *ctx, const char *key, struct json *value))
{
    return json_kind(j) == JSON_OBJECT ? json_each(j, visit, c) : mistake(c, "not an object");
}

static enum status check_schemas(struct checking *c, const struct json *j)
{
    enum status st = STATUS_OK;
    if (json_kind(j) != JSON_ARRAY || !json_count(j))
        return mistake(c, "not a list of schemas");
    for (size_t i = 0; i < json_count(j) && !st; i++)
        st = check_below(c, NULL, i, check_schema, json_at(j, i));
    return st;
}

static enum status check_type(struct checking *c, const struct json *j)
{
    bool list = json_kind(j) == JSON_ARRAY;
    for (size_t i = 0; i < (list ? json_count(j) : 1); i++)
        if (!schema_type_exists(json_string(list ? json_at(j, i) : j, NULL)))
            return mistake(c, "not one of the types array, boolean, integer, null, number, "
                              "object and string");
    return list && !json_count(j) ? mistake(c, "an empty list of types") : STATUS_OK;
}

/* Along references that lead to nothing but another, back to one of them. */
static bool is_circle(const struct checking *c, const char *ref)
{
    for (size_t i = 0; ref && i < JSON_SCHEMA_DEPTH_MAX; i++)
        ref = json_get_string(schema_ref_find(c->root, ref), "$ref");
    return ref;
}

static enum status check_ref(struct checking *c, const struct json *j)
{
    const char *ref = json_string(j, NULL);
    if (!ref)
        return mistake(c, "not a text");
    if (*ref != '#')
        return mistake(c, "it refers to something outside of this schema, which is not fetched");
    if (!schema_ref_find(c->root, ref))
        return mistake(c, "there is no such schema in this one");
    return is_circle(c, ref) ? mistake(c, "it refers to itself") : STATUS_OK;
}

static enum status check_number(struct checking *c, const struct json *j, enum schema_shape shape)
{
    enum json_kind kind = json_kind(j);
    if (kind != JSON_INT && kind != JSON_DOUBLE)
        return mistake(c, "not a number");
    if (shape == SHAPE_POSITIVE && !(json_double(j, 0) > 0))
        return mistake(c, "not above 0");
    if (shape == SHAPE_COUNT && (!json_is_integer(j) || json_double(j, 0) < 0))
        return mistake(c, "not a whole number from 0 on");
    return STATUS_OK;
}

static enum status check_shape(struct checking *c, const struct json *j, enum schema_shape shape)
{
    size_t len;
    const char *text;
    switch (shape) {
    case SHAPE_REFUSED:
        return mistake(c, "this is not supported");
    case SHAPE_BOOL:
        return json_kind(j) == JSON_BOOL ? STATUS_OK : mistake(c, "not true or false");
    case SHAPE_TYPE:
        return check_type(c, j);
    case SHAPE_LIST:
        return json_kind(j) == JSON_ARRAY && json_count(j) ? STATUS_OK
                                                           : mistake(c, "not a list of values");
    case SHAPE_STRINGS:
        return check_strings(c, j);
    case SHAPE_STRINGS_MAP:
        return check_map(c, j, check_strings_member);
    case SHAPE_PATTERN:
        text = json_string(j, &len);
        return text ? check_pattern(c, text, len) : mistake(c, "not a text");
    case SHAPE_REF:
        return check_ref(c, j);
    case SHAPE_SCHEMA:
        return check_schema(c, j);
    case SHAPE_SCHEMAS:
        return check_schemas(c, j);
    case SHAPE_SCHEMA_MAP:
        return check_map(c, j, check_schema_member);
    case SHAPE_PATTERN_MAP:
        return check_map(c, j, check_pattern_member);
    case SHAPE_ANY:
        return STATUS_OK;
    default:
        return check_number(c, j, shape);
    }
}

/* The step that was made says which. */
static enum status check_keyword(struct checking *c, const struct json *j)
{
    const struct schema_keyword *keyword = schema_keyword_find(c->at->name);
    return keyword ? check_shape(c, j, keyword->shape) : STATUS_OK;
}

static enum status check_member(void *ctx, const char *key, struct json *value)
{
    return schema_keyword_find(key) ? check_below(ctx, key, 0, check_keyword, value) : STATUS_OK;
}

static enum status check_schema(struct checking *c, const struct json *j)
{
    if (c->at->depth > JSON_SCHEMA_DEPTH_MAX)
        return mistake(c, "nested too deeply");
    if (json_kind(j) == JSON_BOOL)
        return STATUS_OK;
    if (json_kind(j) != JSON_OBJECT)
        return mistake(c, "not a schema, which is an object, true or false");
    return json_each(j, check_member, c);
}

enum status json_schema_check(const struct json *schema, struct error *err)
{
    const struct step top = {.name = ""};
    struct checking c = {.root = schema, .at = &top, .err = err};
    return check_schema(&c, schema);
}
