/*
 * Conditions (cel.h), inside: the values that expressions are made of, and the memory they are in.
 */
#ifndef MAGEC_BASE_CEL_VALUE_H
#define MAGEC_BASE_CEL_VALUE_H

#include "base/json.h"

/* Memory that is given back all at once. */
struct cel_memory {
    struct cel_block *blocks;
    size_t used;
};

/* NULL when there is none, or more than CEL_MEMORY_MAX in all. Zeroed. */
void *cel_alloc(struct cel_memory *m, size_t size);
void cel_memory_release(struct cel_memory *m);

enum cel_kind {
    CEL_ERROR,
    CEL_NULL,
    CEL_BOOL,
    CEL_INT,
    CEL_UINT,
    CEL_DOUBLE,
    CEL_STRING,
    CEL_LIST,
    CEL_MAP,
    CEL_DYN /* of a node: known when it runs; no value is of it */
};

struct cel_value {
    enum cel_kind kind;
    size_t count;            /* STRING: bytes; LIST: items; MAP: pairs */
    const struct json *json; /* LIST, MAP: it is the state's; NULL: see items */
    union {
        bool truth;
        int64_t i;
        uint64_t u;
        double d;
        const char *text;              /* STRING; ERROR: what is wrong, terminated */
        const struct cel_value *items; /* of a list; keys and values in turn */
    };
};

/* One test of an expression. */
struct cel_run {
    struct cel_memory memory;
    const struct json *state;
    size_t work; /* what is left of CEL_WORK_MAX */
    unsigned at; /* column of what is done, for errors */
};

struct cel_value cel_fail(struct cel_run *run, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Takes so much from the work that is left; false when that is not there. */
bool cel_charge(struct cel_run *run, size_t work);
struct cel_value cel_too_much(struct cel_run *run);

struct cel_value cel_bool(bool truth);
struct cel_value cel_string(const char *bytes, size_t len);
struct cel_value cel_from_json(const struct json *j);
/* "a text", "a list": for errors. */
const char *cel_kind_name(enum cel_kind kind);
bool cel_is_number(enum cel_kind kind);

/* Item i of a list; i is below its count. */
struct cel_value cel_item(const struct cel_value *list, size_t i);
/* The value of a key; false when there is none. */
bool cel_lookup(struct cel_run *run, const struct cel_value *map, const struct cel_value *key,
    struct cel_value *out);
/* Kinds that differ are not equal, but for numbers. False when the work is over. */
bool cel_equal(struct cel_run *run, const struct cel_value *a, const struct cel_value *b);
enum cel_order { CEL_LESS = -1, CEL_SAME, CEL_GREATER, CEL_NO_ORDER };
/* CEL_NO_ORDER for NaN, and for kinds that have no order. */
enum cel_order cel_compare(const struct cel_value *a, const struct cel_value *b);
/* op is one of + - * / % */
struct cel_value cel_arithmetic(
    struct cel_run *run, char op, const struct cel_value *a, const struct cel_value *b);
/* Characters of a text. */
size_t cel_length(const struct cel_value *text);

#endif
