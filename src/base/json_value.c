#include "base/json_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 wide;

/* ---- numbers ---- */

static bool is_number(const struct json *j)
{
    return json_kind(j) == JSON_INT || json_kind(j) == JSON_DOUBLE;
}

int json_compare_numbers(const struct json *a, const struct json *b)
{
    int64_t m = json_int(a, 0), n = json_int(b, 0);
    double x = json_double(a, 0), y = json_double(b, 0);
    bool exact = json_kind(a) == JSON_INT && json_kind(b) == JSON_INT && m != INT64_MAX &&
                 n != INT64_MAX; /* which stands for all that is above */
    return exact ? (m > n) - (m < n) : (x > y) - (x < y);
}

bool json_is_integer(const struct json *j)
{
    double d = json_double(j, 0.5);
    return json_kind(j) == JSON_INT || (json_kind(j) == JSON_DOUBLE && d == floor(d));
}

/* digits * 10^power; false when it does not fit. */
static bool read_decimal(const char *s, wide *digits, long *power)
{
    bool negative = *s == '-', fraction = false;
    *digits = 0;
    *power = 0;
    for (s += negative; *s && *s != 'e' && *s != 'E'; s++) {
        if (*s == '.') {
            fraction = true;
            continue;
        }
        if (__builtin_mul_overflow(*digits, 10, digits) ||
            __builtin_add_overflow(*digits, *s - '0', digits))
            return false;
        *power -= fraction;
    }
    if (*s) {
        long e = strtol(s + 1, NULL, 10);
        if (e > 10000 || e < -10000)
            return false;
        *power += e;
    }
    if (negative)
        *digits = -*digits;
    return true;
}

static bool scale(wide *digits, long by)
{
    for (; by > 0; by--)
        if (__builtin_mul_overflow(*digits, 10, digits))
            return false;
    return true;
}

bool json_is_multiple(const struct json *j, const struct json *divisor)
{
    wide a, b;
    long p, q;
    const char *text = json_number(j), *by = json_number(divisor);
    if (text && by && read_decimal(text, &a, &p) && read_decimal(by, &b, &q) && b) {
        if (!a)
            return true;
        if (scale(p > q ? &a : &b, p > q ? p - q : q - p))
            return a % b == 0;
    }
    return fmod(json_double(j, 0), json_double(divisor, 1)) == 0;
}

/* ---- equal ---- */

struct comparison {
    const struct json *other;
    size_t *work;
};

static enum status compare_member(void *ctx, const char *key, struct json *value)
{
    const struct comparison *c = ctx;
    const struct json *other = json_get(c->other, key);
    return other && json_equal(value, other, c->work) ? STATUS_OK : STATUS_CONFLICT;
}

static bool equal_strings(const struct json *a, const struct json *b)
{
    size_t m = 0, n = 0;
    const char *s = json_string(a, &m), *t = json_string(b, &n);
    return m == n && !memcmp(s, t, m);
}

static bool equal_arrays(const struct json *a, const struct json *b, size_t *work)
{
    for (size_t i = 0; i < json_count(a); i++)
        if (!json_equal(json_at(a, i), json_at(b, i), work))
            return false;
    return true;
}

bool json_equal(const struct json *a, const struct json *b, size_t *work)
{
    enum json_kind kind = json_kind(a);
    struct comparison c = {b, work};
    if (!*work || !--*work)
        return false;
    if (is_number(a) && is_number(b))
        return !json_compare_numbers(a, b);
    if (kind != json_kind(b) || json_count(a) != json_count(b))
        return false;
    switch (kind) {
    case JSON_BOOL:
        return json_truth(a, false) == json_truth(b, false);
    case JSON_STRING:
        return equal_strings(a, b);
    case JSON_ARRAY:
        return equal_arrays(a, b, work);
    case JSON_OBJECT:
        return !json_each(a, compare_member, &c);
    default:
        return true;
    }
}

/* ---- repeated ---- */

struct digest {
    uint64_t hash;
    size_t *work;
};

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
    for (const unsigned char *b = bytes; len; b++, len--)
        hash = (hash ^ *b) * 1099511628211u; /* FNV-1a */
    return hash;
}

static uint64_t hash_of(const struct json *j, size_t *work);

static enum status hash_member(void *ctx, const char *key, struct json *value)
{
    struct digest *d = ctx;
    uint64_t of_value = hash_of(value, d->work);
    d->hash += mix(mix(1, key, strlen(key)), &of_value, sizeof of_value); /* in any order */
    return STATUS_OK;
}

static uint64_t hash_of(const struct json *j, size_t *work)
{
    enum json_kind kind = json_kind(j);
    struct digest d = {
        .hash = 14695981039346656037u + (kind == JSON_DOUBLE ? JSON_INT : kind), .work = work};
    size_t len = 0;
    double number = json_double(j, 0) + 0.0; /* -0 is 0 */
    if (!*work || !--*work)
        return 0;
    if (is_number(j))
        return mix(d.hash, &number, sizeof number);
    if (kind == JSON_STRING) {
        const char *s = json_string(j, &len);
        return mix(d.hash, s, len);
    }
    if (kind == JSON_BOOL)
        return d.hash + 100 * (uint64_t)json_truth(j, false);
    for (size_t i = 0; kind == JSON_ARRAY && i < json_count(j); i++) {
        uint64_t of_element = hash_of(json_at(j, i), work);
        d.hash = mix(d.hash, &of_element, sizeof of_element);
    }
    json_each(j, hash_member, &d);
    return d.hash;
}

struct element {
    uint64_t hash;
    size_t at;
};

static int by_hash(const void *a, const void *b)
{
    const struct element *x = a, *y = b;
    return x->hash != y->hash ? (x->hash > y->hash) - (x->hash < y->hash)
                              : (x->at > y->at) - (x->at < y->at);
}

static bool search(
    const struct json *array, const struct element *all, size_t *work, size_t pair[2])
{
    size_t n = json_count(array);
    bool found = false;
    for (size_t i = 0; i < n && *work; i++)
        for (size_t k = i + 1; k < n && all[k].hash == all[i].hash && *work; k++) {
            if ((found && all[k].at >= pair[1]) ||
                !json_equal(json_at(array, all[i].at), json_at(array, all[k].at), work))
                continue;
            found = true;
            pair[0] = all[i].at;
            pair[1] = all[k].at;
        }
    return found;
}

enum status json_find_repeated(
    const struct json *array, size_t *work, bool *found, size_t pair[2], struct error *err)
{
    size_t n = json_count(array);
    *found = false;
    struct element *all = n > 1 ? malloc(n * sizeof *all) : NULL;
    if (n < 2)
        return STATUS_OK;
    if (!all)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < n; i++)
        all[i] = (struct element){hash_of(json_at(array, i), work), i};
    qsort(all, n, sizeof *all, by_hash);
    *found = search(array, all, work, pair);
    free(all);
    return STATUS_OK;
}
