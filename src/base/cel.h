/*
 * Conditions: boolean expressions over one variable, state, in the part of CEL (the Common
 * Expression Language) that people use for them.
 *
 *   literals   1 0x1F 1u 1.5 1e3 "text" 'text' """text""" r"raw" true false null [1, 2] {"a": 1}
 *   state      state.key state["key"] state.list[0] has(state.key)
 *   operators  ! - * / % + < <= > >= == != in && || ?:
 *   functions  size(x) x.size() x.contains(y) x.startsWith(y) x.endsWith(y) x.matches(re)
 *              int(x) double(x) string(x)
 *
 * Whatever else CEL has (macros over lists, bytes, times, other variables) is refused when it is
 * parsed, and so is what can never be right ("a" + 1, a condition that is a number), each with its
 * column. matches looks for a regular expression as base/regular.h has them anywhere in the text.
 *
 * As in CEL: int, uint and double do not mix in arithmetic, but compare by value; overflow,
 * division by zero, a key that is not there and operands of wrong kinds are errors; && and || are
 * decided by either side, even if the other one is an error. A JSON number without a fraction is an
 * int.
 */
#ifndef MAGEC_BASE_CEL_H
#define MAGEC_BASE_CEL_H

#include "base/json.h"

enum {
    CEL_TEXT_MAX = 4096,             /* bytes of an expression */
    CEL_DEPTH_MAX = 64,              /* of its tree */
    CEL_WORK_MAX = 4 * 1024 * 1024,  /* of one test: about the bytes that are looked at */
    CEL_MEMORY_MAX = 4 * 1024 * 1024 /* of one test */
};

struct cel;

/* STATUS_BAD_REQUEST says where and what was expected: column 9: expected a value, found "==". */
enum status cel_parse(const char *text, struct cel **out, struct error *err);
/* Whether it is true of the state, an object. What goes wrong counts as false: STATUS_BAD_REQUEST,
 * and err says what ("column 7: no key \"done\""). A parsed expression is never changed: any number
 * of threads may test it. */
enum status cel_test(
    const struct cel *expr, const struct json *state, bool *result, struct error *err);
void cel_free(struct cel *expr); /* NULL is fine */

#endif
