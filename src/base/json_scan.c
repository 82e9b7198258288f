#include "base/json_scan.h"

#include "base/swar.h"
#include "base/utf8.h"

void json_scan_init(struct json_scan *s, const char *text, size_t len)
{
    *s = (struct json_scan){.at = text, .end = len ? text + len : text};
}

static bool fail(struct json_scan *s)
{
    s->failed = true;
    s->first = false;
    s->at = s->end; /* so that whatever comes next fails too */
    return false;
}

static char skip_space(struct json_scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
        s->at++;
    return s->at < s->end ? *s->at : '\0';
}

/* The next byte that is no white space; 0, which is never right, at the end. */
static inline char next(struct json_scan *s)
{
    return s->at < s->end && (unsigned char)*s->at > ' ' ? *s->at : skip_space(s);
}

/* ---- strings ---- */

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

/* The length of the escape at s; 0: it is none. */
static size_t escape_length(const char *s, const char *end)
{
    if (end - s < 2)
        return 0;
    if (s[1] == 'u')
        return end - s >= 6 && hex4(s + 2) >= 0 ? 6 : 0;
    return s[1] && strchr("\"\\/bfnrt", s[1]) ? 2 : 0;
}

/* The first byte from s on that is not simply part of a string, or end. */
static inline const char *plain_end(const char *s, const char *end)
{
    for (; end - s >= SWAR_BYTES; s += SWAR_BYTES) {
        uint64_t word = swar_load(s);
        uint64_t tests = swar_below(word, ' ') | swar_is(word, '"') | swar_is(word, '\\');
        uint64_t hits = swar_ascii(word, tests);
        if (hits)
            return s + swar_first(hits);
    }
    while (s < end && *s != '"' && *s != '\\' && (unsigned char)*s >= ' ')
        s++;
    return s;
}

/* at is the first escape of the string that begins at from. */
static bool escaped_string(
    struct json_scan *s, const char *from, const char *at, struct json_slice *v)
{
    while (at < s->end && *at == '\\') {
        size_t used = escape_length(at, s->end);
        if (!used)
            return fail(s);
        at = plain_end(at + used, s->end);
    }
    if (at == s->end || *at != '"')
        return fail(s);
    *v = (struct json_slice){JSON_STRING, true, from, (size_t)(at - from)};
    s->at = at + 1;
    return true;
}

static inline bool string(struct json_scan *s, struct json_slice *v)
{
    const char *from = s->at + 1, *at = plain_end(from, s->end);
    if (at == s->end || *at != '"')
        return escaped_string(s, from, at, v);
    *v = (struct json_slice){JSON_STRING, false, from, (size_t)(at - from)};
    s->at = at + 1;
    return true;
}

/* Decodes the escape at *s, which is a good one, and steps behind it; returns how many bytes it
 * says, never more than it has. */
static size_t decode_escape(const char **s, const char *end, char *out)
{
    static const char said[256] = {['b'] = '\b',
        ['f'] = '\f',
        ['n'] = '\n',
        ['r'] = '\r',
        ['t'] = '\t',
        ['"'] = '"',
        ['\\'] = '\\',
        ['/'] = '/'};
    const char *at = *s;
    if (at[1] != 'u') {
        *s += 2;
        out[0] = said[(unsigned char)at[1]];
        return 1;
    }
    int c = hex4(at + 2);
    *s += 6;
    if (c >= 0xD800 && c < 0xDC00 && end - at >= 12 && at[6] == '\\' && at[7] == 'u') {
        int low = hex4(at + 8);
        if (low >= 0xDC00 && low < 0xE000) {
            *s += 6;
            c = 0x10000 + (c - 0xD800) * 0x400 + (low - 0xDC00);
        }
    }
    return utf8_encode((unsigned)c, out);
}

enum status json_slice_add(const struct json_slice *v, struct buf *out)
{
    if (v->kind != JSON_STRING)
        return buf_status(out);
    if (!v->escaped)
        return buf_add(out, v->bytes, v->len);
    if (buf_reserve(out, v->len))
        return buf_status(out);
    char *to = out->data + out->len;
    for (const char *at = v->bytes, *end = at + v->len; at < end;) {
        if (*at == '\\')
            to += decode_escape(&at, end, to);
        else
            *to++ = *at++;
    }
    buf_grew(out, (size_t)(to - out->data) - out->len);
    return STATUS_OK;
}

bool json_slice_says(const struct json_slice *v, const char *word)
{
    const char *at = v->bytes, *end = at + v->len;
    while (at < end) {
        char bytes[4];
        size_t n = 1;
        if (*at == '\\')
            n = decode_escape(&at, end, bytes);
        else
            bytes[0] = *at++;
        for (size_t i = 0; i < n; i++, word++)
            if (bytes[i] != *word || !bytes[i])
                return bytes[i] == *word;
    }
    return !*word;
}

/* ---- numbers and words ---- */

static const char *digits(const char *s, const char *end)
{
    while (s < end && *s >= '0' && *s <= '9')
        s++;
    return s;
}

/* Reads one or more digits; *good becomes false if there are none. */
static const char *some_digits(const char *s, const char *end, bool *good)
{
    const char *stop = digits(s, end);
    *good = *good && stop > s;
    return stop;
}

static bool number(struct json_scan *s, struct json_slice *v)
{
    const char *from = s->at, *end = s->end, *first = from + (*from == '-'), *at;
    bool good = true;
    *v = (struct json_slice){.kind = JSON_INT, .bytes = from};
    at = first < end && *first == '0' ? first + 1 : some_digits(first, end, &good);
    if (at < end && *at == '.') {
        v->kind = JSON_DOUBLE;
        at = some_digits(at + 1, end, &good);
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        v->kind = JSON_DOUBLE;
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        at = some_digits(at, end, &good);
    }
    if (!good)
        return fail(s);
    v->len = (size_t)(at - from);
    s->at = at;
    return true;
}

int64_t json_slice_int(const struct json_slice *v, int64_t otherwise)
{
    if (v->kind != JSON_INT)
        return otherwise;
    bool negative = *v->bytes == '-';
    size_t digits_at = negative;
    uint64_t n = 0, most = (uint64_t)INT64_MAX + negative;
    if (v->len - digits_at > 19) /* whose digits fit into 64 bits without sign */
        return negative ? INT64_MIN : INT64_MAX;
    for (size_t i = digits_at; i < v->len; i++)
        n = n * 10 + (uint64_t)(v->bytes[i] - '0');
    n = n < most ? n : most;
    return negative ? (int64_t)(0 - n) : (int64_t)n;
}

static bool literal(struct json_scan *s, struct json_slice *v)
{
    const char *at = s->at;
    size_t left = (size_t)(s->end - at);
    if (left >= 4 && !memcmp(at, "null", 4))
        *v = (struct json_slice){JSON_NULL, false, at, 4};
    else if (left >= 4 && !memcmp(at, "true", 4))
        *v = (struct json_slice){JSON_BOOL, false, at, 4};
    else if (left >= 5 && !memcmp(at, "false", 5))
        *v = (struct json_slice){JSON_BOOL, false, at, 5};
    else
        return fail(s);
    s->at += v->len;
    return true;
}

/* ---- structure ---- */

static bool enter(struct json_scan *s)
{
    s->at++;
    s->depth++;
    s->first = true;
    return true;
}

static bool enter_if(struct json_scan *s, char open)
{
    struct json_slice other;
    if (next(s) == open && s->depth < JSON_DEPTH_MAX)
        return enter(s);
    json_scan_value(s, &other);
    return false;
}

bool json_scan_object(struct json_scan *s)
{
    return enter_if(s, '{');
}

bool json_scan_array(struct json_scan *s)
{
    return enter_if(s, '[');
}

/* Steps over the comma if there is more; else over the bracket that closes. */
static inline bool go_on(struct json_scan *s, char close)
{
    char c = next(s);
    if (c == close) {
        s->at++;
        s->depth--;
        s->first = false;
        return false;
    }
    if (!s->first && c != ',')
        return fail(s);
    s->at += !s->first;
    s->first = false;
    return true;
}

bool json_scan_element(struct json_scan *s)
{
    return go_on(s, ']');
}

bool json_scan_member(struct json_scan *s, struct json_slice *key)
{
    if (!go_on(s, '}'))
        return false;
    if (next(s) != '"' || !string(s, key) || next(s) != ':')
        return fail(s);
    s->at++;
    return true;
}

/* As deep as the text is, so at most JSON_DEPTH_MAX calls. */
static bool container(struct json_scan *s, struct json_slice *v)
{
    const char *from = s->at;
    bool object = *from == '{';
    struct json_slice part;
    enter(s);
    while (object ? json_scan_member(s, &part) : json_scan_element(s))
        json_scan_value(s, &part);
    *v =
        (struct json_slice){object ? JSON_OBJECT : JSON_ARRAY, false, from, (size_t)(s->at - from)};
    return !s->failed;
}

/* What is no string. Out of the way of strings, which are most of what is read. */
static __attribute__((noinline)) void other_value(struct json_scan *s, struct json_slice *value)
{
    char c = next(s);
    bool good;
    if (s->depth >= JSON_DEPTH_MAX)
        good = fail(s);
    else if (c == '{' || c == '[')
        good = container(s, value);
    else if (c == '-' || (c >= '0' && c <= '9'))
        good = number(s, value);
    else
        good = literal(s, value);
    if (!good)
        *value = (struct json_slice){0};
}

void json_scan_value(struct json_scan *s, struct json_slice *value)
{
    if (next(s) != '"' || s->depth >= JSON_DEPTH_MAX)
        other_value(s, value);
    else if (!string(s, value))
        *value = (struct json_slice){0};
}

bool json_scan_end(struct json_scan *s)
{
    return !next(s) && s->at == s->end && !s->failed;
}
