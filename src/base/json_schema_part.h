/*
 * What checking a schema and validating with it both know of keywords.
 */
#ifndef MAGEC_BASE_JSON_SCHEMA_PART_H
#define MAGEC_BASE_JSON_SCHEMA_PART_H

#include "base/json_schema.h"

/* What a keyword's value has to be. */
enum schema_shape {
    SHAPE_ANY,
    SHAPE_REFUSED,
    SHAPE_BOOL,
    SHAPE_NUMBER,
    SHAPE_POSITIVE,
    SHAPE_COUNT, /* a whole number from 0 on */
    SHAPE_TYPE,
    SHAPE_LIST,        /* of any values, one at least */
    SHAPE_STRINGS,     /* different ones */
    SHAPE_STRINGS_MAP, /* an object of such lists */
    SHAPE_PATTERN,
    SHAPE_REF,
    SHAPE_SCHEMA,
    SHAPE_SCHEMAS,    /* a list of them, one at least */
    SHAPE_SCHEMA_MAP, /* an object of them */
    SHAPE_PATTERN_MAP /* the same, its keys patterns */
};

struct schema_keyword {
    const char *name;
    enum schema_shape shape;
};

/* NULL: it says nothing. */
const struct schema_keyword *schema_keyword_find(const char *name);
/* The schema that a $ref means, or NULL. */
const struct json *schema_ref_find(const struct json *root, const char *ref);
/* Whether a word is one of the seven types. */
bool schema_type_exists(const char *word);

#endif
