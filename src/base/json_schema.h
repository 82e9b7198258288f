/*
 * JSON Schema (2020-12) in the part that people use: type, enum, const; minimum, maximum,
 * exclusiveMinimum, exclusiveMaximum, multipleOf; minLength, maxLength (in characters), pattern
 * (base/regular.h); items, prefixItems, contains, minContains, maxContains, minItems, maxItems,
 * uniqueItems; properties, patternProperties, additionalProperties, propertyNames, required,
 * dependentRequired, dependentSchemas, minProperties, maxProperties; allOf, anyOf, oneOf, not, if,
 * then, else; $ref to "#" and to a schema in this one ("#/$defs/NAME"), $defs, definitions; and
 * true and false as schemas. Annotations, format and unknown members say nothing. What would
 * change the meaning and is not in this list (unevaluatedProperties, $dynamicRef, ...) is refused.
 *
 * Both functions are pure, and what they do is bounded.
 */
#ifndef MAGEC_BASE_JSON_SCHEMA_H
#define MAGEC_BASE_JSON_SCHEMA_H

#include "base/json.h"

enum {
    JSON_SCHEMA_DEPTH_MAX = 200,        /* of schemas within each other, references followed */
    JSON_SCHEMA_WORK_MAX = 1000 * 1000, /* schemas and values looked at */
    JSON_SCHEMA_PATTERNS_MAX = 64       /* different ones in one validation */
};

/* Whether it is a schema that can be used, before it is stored. STATUS_BAD_REQUEST names the place
 * of the mistake as a JSON pointer: "#/properties/price/minimum: not a number". */
enum status json_schema_check(const struct json *schema, struct error *err);

/* Whether the value matches a schema that was checked. STATUS_BAD_REQUEST is the first mismatch:
 * "$.items[2].price: not a number". STATUS_TOO_LARGE: it would take too much work to find out. */
enum status json_schema_validate(
    const struct json *schema, const struct json *value, struct error *err);

#endif
