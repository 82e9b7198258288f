/*
 * What two JSON values say of each other, as JSON Schema has it: numbers are what they are worth
 * (1 is 1.0), members of an object have no order.
 *
 * work is how many values may still be looked at; it is used up, and at 0 nothing is found out:
 * the answer is then "no", and who asks has to look at work.
 */
#ifndef MAGEC_BASE_JSON_VALUE_H
#define MAGEC_BASE_JSON_VALUE_H

#include "base/json.h"

/* Below, at or above 0. Both are numbers. */
int json_compare_numbers(const struct json *a, const struct json *b);
/* A number without a fraction: 1.0 and 1e3 are too. */
bool json_is_integer(const struct json *j);
/* Decimal fractions are taken exactly, as far as 38 digits can hold them. divisor is not 0. */
bool json_is_multiple(const struct json *j, const struct json *divisor);
bool json_equal(const struct json *a, const struct json *b, size_t *work);
/* Whether two elements of an array are equal, and which: the earliest that repeats another.
 * STATUS_NO_MEMORY. */
enum status json_find_repeated(
    const struct json *array, size_t *work, bool *found, size_t pair[2], struct error *err);

#endif
