#include "base/json.h"

#include <json-c/json.h>
#include <string.h>

#include "base/utf8.h"

/* json-c has no object for null: this one's address stands for it. */
static char null_value;

static struct json *wrap(struct json_object *o)
{
    return o ? (struct json *)(void *)o : (struct json *)(void *)&null_value;
}

static bool is_null(const struct json *j)
{
    return (const void *)j == (const void *)&null_value;
}

/* json-c takes what it only reads without const. */
static struct json_object *object(const struct json *j)
{
    union {
        const struct json *from;
        struct json_object *to;
    } u = {j};
    return j && !is_null(j) ? u.to : NULL;
}

/* ---- reading ---- */

static enum status bad(struct error *err, size_t at, const char *what)
{
    return error_set(err, STATUS_BAD_REQUEST, "not JSON at byte %zu: %s", at, what);
}

static size_t skip_digits(const char *s, size_t len, size_t i)
{
    while (i < len && s[i] >= '0' && s[i] <= '9')
        i++;
    return i;
}

/* Whether the number at s + *at is one of RFC 8259; *at is then behind it, else where it goes
 * wrong. */
static bool skip_number(const char *s, size_t len, size_t *at)
{
    size_t i = *at + (s[*at] == '-'), from = i;
    i = i < len && s[i] == '0' ? i + 1 : skip_digits(s, len, i);
    bool good = i > from;
    if (good && i < len && s[i] == '.') {
        from = i + 1;
        i = skip_digits(s, len, from);
        good = i > from;
    }
    if (good && i < len && (s[i] == 'e' || s[i] == 'E')) {
        from = i + 1;
        if (from < len && (s[from] == '+' || s[from] == '-'))
            from++;
        i = skip_digits(s, len, from);
        good = i > from;
    }
    *at = i;
    return good && (i == len || !memchr("0123456789+-.eE", s[i], 15));
}

/* What json-c takes although RFC 8259 does not: raw control characters in strings, words other
 * than true, false and null, comments, numbers like 00 and 1. and -01. Everything else is left to
 * json-c. */
static enum status check_strict(const char *s, size_t len, struct error *err)
{
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (in_string) {
            if (c < ' ')
                return bad(err, i, "a control character in a string");
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
            continue;
        }
        if (c == '"')
            in_string = true;
        else if (c == 'N' || c == 'I' || c == 'T' || c == 'F' || c == '/' || c == '\'' || !c)
            return bad(err, i, "unexpected character");
        else if ((c >= '0' && c <= '9') || c == '-') {
            if (!skip_number(s, len, &i))
                return bad(err, i, i < len ? "unexpected character" : "it ends too early");
            i--;
        }
    }
    return STATUS_OK;
}

static int hex4(const char *s)
{
    int v = 0;
    for (int i = 0; i < 4; i++) {
        char c = s[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        v = v << 4 | digit;
    }
    return v;
}

static int escape_at(const char *s, size_t len, size_t i)
{
    return i + 6 <= len && s[i] == '\\' && s[i + 1] == 'u' ? hex4(s + i + 2) : -1;
}

/* Writes the three bytes of every surrogate half that has no partner; json-c would lose it. */
static enum status keep_halves(const char *s, size_t len, struct buf *out)
{
    size_t from = 0;
    for (size_t i = 0; i < len; i++) {
        if (s[i] != '\\')
            continue;
        int c = escape_at(s, len, i);
        if (c < 0xD800 || c > 0xDFFF) {
            i++;
            continue;
        }
        int second = c < 0xDC00 ? escape_at(s, len, i + 6) : -1;
        if (second >= 0xDC00 && second <= 0xDFFF) {
            i += 11;
            continue;
        }
        char bytes[4];
        buf_add(out, s + from, i - from);
        buf_add(out, bytes, utf8_encode((unsigned)c, bytes));
        i += 5;
        from = i + 1;
    }
    buf_add(out, s + from, len - from);
    return buf_status(out);
}

static bool may_have_halves(const char *s, size_t len)
{
    for (const char *at = s, *end = s + len; (at = memchr(at, '\\', (size_t)(end - at))); at += 2) {
        if (end - at >= 6 && at[1] == 'u' && (at[2] == 'd' || at[2] == 'D'))
            return true;
        if (end - at <= 2)
            return false;
    }
    return false;
}

static enum status parse(const char *text, size_t len, struct json **out, struct error *err)
{
    struct json_tokener *t = json_tokener_new_ex(JSON_DEPTH_MAX);
    if (!t || len > INT32_MAX) {
        if (t)
            json_tokener_free(t);
        return error_set(err, STATUS_NO_MEMORY, "out of memory for JSON");
    }
    json_tokener_set_flags(t, JSON_TOKENER_STRICT);
    struct json_object *o = json_tokener_parse_ex(t, text, (int)len);
    enum json_tokener_error e = json_tokener_get_error(t);
    if (e == json_tokener_continue) /* a number at the very end is complete only now */
        o = json_tokener_parse_ex(t, "", 1), e = json_tokener_get_error(t);
    size_t at = json_tokener_get_parse_end(t);
    enum status st = STATUS_OK;
    if (e == json_tokener_continue || (e == json_tokener_error_parse_eof))
        st = bad(err, len, "it ends too early");
    else if (e == json_tokener_error_depth)
        st = bad(err, at, "nested too deeply");
    else if (e != json_tokener_success)
        st = bad(err, at < len ? at : len, at < len ? "unexpected character" : "it ends too early");
    if (st)
        json_object_put(o);
    else
        *out = wrap(o);
    json_tokener_free(t);
    return st;
}

enum status json_parse(const char *text, size_t len, struct json **out, struct error *err)
{
    *out = NULL;
    enum status st = check_strict(text, len, err);
    if (st || !len || !may_have_halves(text, len))
        return st ? st : parse(len ? text : "", len, out, err);
    struct json *other = NULL;
    struct buf kept;
    buf_init(&kept, len + 1);
    st = keep_halves(text, len, &kept);
    st = st ? error_set(err, st, "out of memory for JSON") : parse(kept.data, kept.len, out, err);
    buf_release(&kept);
    if (st == STATUS_BAD_REQUEST) { /* once more, for the offset in what was given */
        enum status again = parse(text, len, &other, err);
        st = again ? again : st;
    }
    json_free(other);
    return st;
}

void json_free(struct json *root)
{
    json_object_put(object(root));
}

enum json_kind json_kind(const struct json *j)
{
    if (!j)
        return JSON_ABSENT;
    if (is_null(j))
        return JSON_NULL;
    switch (json_object_get_type(object(j))) {
    case json_type_boolean:
        return JSON_BOOL;
    case json_type_int:
        return JSON_INT;
    case json_type_double:
        return JSON_DOUBLE;
    case json_type_string:
        return JSON_STRING;
    case json_type_array:
        return JSON_ARRAY;
    case json_type_object:
        return JSON_OBJECT;
    default:
        return JSON_NULL;
    }
}

struct json *json_get(const struct json *j, const char *key)
{
    struct json_object *value;
    if (json_kind(j) != JSON_OBJECT || !json_object_object_get_ex(object(j), key, &value))
        return NULL;
    return wrap(value);
}

struct json *json_at(const struct json *j, size_t i)
{
    if (json_kind(j) != JSON_ARRAY || i >= json_object_array_length(object(j)))
        return NULL;
    return wrap(json_object_array_get_idx(object(j), i));
}

const struct json *json_at_path(const struct json *j, const char *path, size_t len)
{
    while (len) {
        char key[128];
        const char *dot = memchr(path, '.', len);
        size_t part = dot ? (size_t)(dot - path) : len;
        if (part >= sizeof key)
            return NULL;
        memcpy(key, path, part);
        key[part] = 0;
        j = json_get(j, key);
        len -= dot ? part + 1 : part;
        path += dot ? part + 1 : part;
    }
    return j;
}

size_t json_count(const struct json *j)
{
    enum json_kind kind = json_kind(j);
    return kind == JSON_ARRAY    ? json_object_array_length(object(j))
           : kind == JSON_OBJECT ? (size_t)json_object_object_length(object(j))
                                 : 0;
}

const char *json_string(const struct json *j, size_t *len)
{
    if (json_kind(j) != JSON_STRING)
        return NULL;
    if (len)
        *len = (size_t)json_object_get_string_len(object(j));
    return json_object_get_string(object(j));
}

const char *json_get_string(const struct json *j, const char *key)
{
    return json_string(json_get(j, key), NULL);
}

bool json_truth(const struct json *j, bool otherwise)
{
    return json_kind(j) == JSON_BOOL ? json_object_get_boolean(object(j)) : otherwise;
}

int64_t json_int(const struct json *j, int64_t otherwise)
{
    return json_kind(j) == JSON_INT ? json_object_get_int64(object(j)) : otherwise;
}

double json_double(const struct json *j, double otherwise)
{
    enum json_kind kind = json_kind(j);
    return kind == JSON_DOUBLE || kind == JSON_INT ? json_object_get_double(object(j)) : otherwise;
}

const char *json_number(const struct json *j)
{
    enum json_kind kind = json_kind(j);
    if (kind != JSON_INT && kind != JSON_DOUBLE)
        return NULL;
    return json_object_to_json_string_ext(object(j), JSON_C_TO_STRING_PLAIN);
}

enum status json_each(const struct json *j,
    enum status (*visit)(void *ctx, const char *key, struct json *value), void *ctx)
{
    if (json_kind(j) != JSON_OBJECT)
        return STATUS_OK;
    json_object_object_foreach(object(j), key, value)
    {
        enum status st = visit(ctx, key, wrap(value));
        if (st)
            return st;
    }
    return STATUS_OK;
}
