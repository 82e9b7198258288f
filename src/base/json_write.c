/* The writing half of base/json.h. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/swar.h"
#include "base/utf8.h"

/* How a byte is written inside a string: 0 as it is, 'u' as \u00XX, 'x' needs a look, else \c. */
static const char escapes[256] = {[0 ... 7] = 'u',
    ['\b'] = 'b',
    ['\t'] = 't',
    ['\n'] = 'n',
    [11] = 'u',
    ['\f'] = 'f',
    ['\r'] = 'r',
    [14 ... 31] = 'u',
    ['"'] = '"',
    ['\\'] = '\\',
    [127] = 'u',
    [128 ... 255] = 'x'};

/* The length of the run at s that is written as it is; bytes that are not ASCII end it. */
static size_t plain_run(const char *s, size_t len)
{
    size_t i = 0;
    for (; len - i >= SWAR_BYTES; i += SWAR_BYTES) {
        uint64_t word = swar_load(s + i);
        uint64_t tests =
            swar_below(word, ' ') | swar_is(word, '"') | swar_is(word, '\\') | swar_is(word, 127);
        uint64_t hits = swar_ascii(word, tests) | swar_high(word);
        if (hits)
            return i + swar_first(hits);
    }
    while (i < len && !escapes[(unsigned char)s[i]])
        i++;
    return i;
}

/* Escapes what stands at s, which is valid; returns how many bytes that was (0: none needed). */
static size_t escape_one(struct buf *out, const char *s, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    char how = escapes[(unsigned char)*s];
    if (how == 'u') {
        char six[6] = {'\\', 'u', '0', '0', hex[*s >> 4], hex[*s & 15]};
        buf_add(out, six, 6);
        return 1;
    }
    if (how != 'x') {
        char two[2] = {'\\', how};
        buf_add(out, two, 2);
        return 1;
    }
    if (len < 3 || memcmp(s, "\xE2\x80", 2) || (s[2] != '\xA8' && s[2] != '\xA9'))
        return 0;
    buf_adds(out, s[2] == '\xA8' ? "\\u2028" : "\\u2029");
    return 3;
}

static void escape_valid(struct buf *out, const char *bytes, size_t len)
{
    size_t from = 0, i = plain_run(bytes, len);
    while (i < len) {
        size_t used = 0;
        if (!(bytes[i] & 0x80) || bytes[i] == '\xE2') {
            buf_add(out, bytes + from, i - from);
            from = i;
            used = escape_one(out, bytes + i, len - i);
            from += used;
        }
        i += used ? used : 1;
        i += plain_run(bytes + i, len - i);
    }
    buf_add(out, bytes + from, len - from);
}

/* What u and bytes complete, escaped; at the end also what is left. */
static enum status escape_cleaned(
    struct buf *out, struct utf8_stream *u, const char *bytes, size_t len, bool end)
{
    struct buf clean;
    buf_init(&clean, 3 * len + 16);
    utf8_feed(u, bytes, len, &clean);
    if (end)
        utf8_finish(u, &clean);
    if (buf_status(&clean))
        out->failed = buf_status(&clean);
    else
        escape_valid(out, buf_str(&clean), clean.len);
    buf_release(&clean);
    return buf_status(out);
}

static bool escape_at_once(struct buf *out, const char *bytes, size_t len)
{
    if (plain_run(bytes, len) == len)
        buf_add(out, bytes, len);
    else if (utf8_valid(bytes, len, NULL))
        escape_valid(out, bytes, len);
    else
        return false;
    return true;
}

enum status json_escape(struct buf *out, const char *bytes, size_t len)
{
    struct utf8_stream u = {0};
    if (!len || escape_at_once(out, bytes, len))
        return buf_status(out);
    return escape_cleaned(out, &u, bytes, len, true);
}

enum status json_escape_feed(struct buf *out, struct utf8_stream *u, const char *bytes, size_t len)
{
    if (!u->len && escape_at_once(out, bytes, len))
        return buf_status(out);
    return escape_cleaned(out, u, bytes, len, false);
}

enum status json_escape_finish(struct buf *out, struct utf8_stream *u)
{
    return u->len ? escape_cleaned(out, u, NULL, 0, true) : buf_status(out);
}

void json_writer_init(struct json_writer *w, struct buf *out)
{
    *w = (struct json_writer){.out = out};
}

static void before(struct json_writer *w)
{
    if (w->comma)
        buf_addc(w->out, ',');
    w->comma = true;
}

static void put(struct json_writer *w, const char *text)
{
    before(w);
    buf_adds(w->out, text);
}

static void begin(struct json_writer *w, char bracket)
{
    before(w);
    buf_addc(w->out, bracket);
    w->comma = false;
}

static void end(struct json_writer *w, char bracket)
{
    buf_addc(w->out, bracket);
    w->comma = true;
}

void json_begin_object(struct json_writer *w)
{
    begin(w, '{');
}

void json_end_object(struct json_writer *w)
{
    end(w, '}');
}

void json_begin_array(struct json_writer *w)
{
    begin(w, '[');
}

void json_end_array(struct json_writer *w)
{
    end(w, ']');
}

void json_key(struct json_writer *w, const char *key)
{
    json_put_string(w, key, strlen(key));
    buf_addc(w->out, ':');
    w->comma = false;
}

void json_put_string(struct json_writer *w, const char *bytes, size_t len)
{
    before(w);
    buf_addc(w->out, '"');
    json_escape(w->out, bytes, len);
    buf_addc(w->out, '"');
}

void json_put_cstring(struct json_writer *w, const char *s)
{
    if (s)
        json_put_string(w, s, strlen(s));
    else
        json_put_null(w);
}

void json_put_int(struct json_writer *w, int64_t v)
{
    before(w);
    buf_add_int(w->out, v);
}

void json_put_double(struct json_writer *w, double v)
{
    before(w);
    if (isfinite(v))
        buf_printf(w->out, "%.17g", v);
    else
        buf_adds(w->out, "null");
}

void json_put_bool(struct json_writer *w, bool v)
{
    put(w, v ? "true" : "false");
}

void json_put_null(struct json_writer *w)
{
    put(w, "null");
}

void json_put_raw(struct json_writer *w, const char *json, size_t len)
{
    before(w);
    buf_add(w->out, json, len);
}

static enum status put_member(void *ctx, const char *key, struct json *value)
{
    struct json_writer *w = ctx;
    json_key(w, key);
    json_put_value(w, value);
    return buf_status(w->out);
}

void json_put_value(struct json_writer *w, const struct json *j)
{
    size_t len = 0;
    const char *text;
    switch (json_kind(j)) {
    case JSON_OBJECT:
        json_begin_object(w);
        json_each(j, put_member, w);
        json_end_object(w);
        break;
    case JSON_ARRAY:
        json_begin_array(w);
        for (size_t i = 0; i < json_count(j); i++)
            json_put_value(w, json_at(j, i));
        json_end_array(w);
        break;
    case JSON_STRING:
        text = json_string(j, &len);
        json_put_string(w, text, len);
        break;
    case JSON_ABSENT:
    case JSON_NULL:
        json_put_null(w);
        break;
    case JSON_BOOL:
        json_put_bool(w, json_truth(j, false));
        break;
    default:
        put(w, json_number(j));
        break;
    }
}

enum status json_print(const struct json *j, bool pretty, struct buf *out)
{
    struct json_writer w;
    struct buf compact;
    buf_init(&compact, out->cap);
    json_writer_init(&w, pretty ? &compact : out);
    json_put_value(&w, j);
    if (buf_status(&compact))
        out->failed = buf_status(&compact);
    else if (pretty)
        json_indent(buf_str(&compact), compact.len, out);
    buf_release(&compact);
    return buf_status(out);
}

static void new_line(struct buf *out, int depth)
{
    buf_addc(out, '\n');
    for (int i = 0; i < depth; i++)
        buf_adds(out, "  ");
}

enum status json_indent(const char *s, size_t len, struct buf *out)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        char c = s[i];
        if (in_string) {
            buf_addc(out, c);
            if (c == '\\' && i + 1 < len)
                buf_addc(out, s[++i]);
            in_string = c != '"';
            continue;
        }
        bool opens = c == '{' || c == '[', closes = c == '}' || c == ']';
        bool empty = i > 0 && (s[i - 1] == '{' || s[i - 1] == '[');
        if (closes && depth-- && !empty)
            new_line(out, depth);
        buf_addc(out, c);
        in_string = c == '"';
        if (c == ':')
            buf_addc(out, ' ');
        if (opens)
            depth++;
        if (c == ',' || (opens && i + 1 < len && s[i + 1] != '}' && s[i + 1] != ']'))
            new_line(out, depth);
    }
    return buf_status(out);
}

void json_member_string(struct json_writer *w, const char *key, const char *s)
{
    json_key(w, key);
    json_put_cstring(w, s);
}

void json_member_int(struct json_writer *w, const char *key, int64_t v)
{
    json_key(w, key);
    json_put_int(w, v);
}

void json_member_bool(struct json_writer *w, const char *key, bool v)
{
    json_key(w, key);
    json_put_bool(w, v);
}
