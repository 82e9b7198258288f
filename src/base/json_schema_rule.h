/*
 * The rules of JSON Schema, one function for each keyword: what they are given, and what they
 * share. Inside of base/json_schema only.
 */
#ifndef MAGEC_BASE_JSON_SCHEMA_RULE_H
#define MAGEC_BASE_JSON_SCHEMA_RULE_H

#include "base/json_schema_part.h"

enum { SCHEMA_VALUES_MAX = 200 }; /* bytes of a value in a sentence */

/* A value, and the way to it. */
struct spot {
    const struct spot *up;
    const char *key; /* NULL: an index */
    size_t index;
    const struct json *value;
};

struct regular;

struct kept_pattern {
    const char *text;
    struct regular *compiled;
};

struct validation {
    const struct json *root;
    size_t work;
    unsigned depth;
    unsigned quiet;   /* what mismatches needs no sentence */
    unsigned nearest; /* how deep in the value the last mismatch was */
    struct kept_pattern patterns[JSON_SCHEMA_PATTERNS_MAX];
    size_t pattern_count;
    struct error *err;
};

/* One keyword: its value is arg, and the schema that it is in has what goes with it. OK;
 * STATUS_BAD_REQUEST for a mismatch; anything else ends it all. */
typedef enum status schema_rule(
    struct validation *v, const struct json *schema, const struct json *arg, const struct spot *at);

schema_rule schema_check_above, schema_check_additional, schema_check_below, schema_check_const,
    schema_check_contains, schema_check_dependent, schema_check_dependent_schemas,
    schema_check_enum, schema_check_items, schema_check_max_items, schema_check_max_length,
    schema_check_max_properties, schema_check_maximum, schema_check_min_items,
    schema_check_min_length, schema_check_min_properties, schema_check_minimum,
    schema_check_multiple, schema_check_names, schema_check_pattern,
    schema_check_pattern_properties, schema_check_prefix, schema_check_properties,
    schema_check_required, schema_check_type, schema_check_unique;

/* A whole schema. */
enum status schema_evaluate(struct validation *v, const struct json *schema, const struct spot *at);
/* STATUS_BAD_REQUEST, and the sentence. */
enum status schema_mismatch(struct validation *v, const struct spot *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* STATUS_TOO_LARGE, and the sentence. */
enum status schema_too_much(struct validation *v);
/* A pattern, compiled once in a validation; text stays where it is, so that its address tells it
 * apart. */
enum status schema_pattern(
    struct validation *v, const char *text, size_t len, const struct regular **out);
/* Whether it is in the text. */
enum status schema_pattern_found(
    struct validation *v, const struct regular *p, const char *text, size_t len, bool *found);

/* Whether n is on the wrong side of a limit. */
static inline bool schema_is_under(size_t n, const struct json *limit)
{
    return (double)n < json_double(limit, 0);
}

static inline bool schema_is_over(size_t n, const struct json *limit)
{
    return (double)n > json_double(limit, (double)SIZE_MAX);
}

#endif
