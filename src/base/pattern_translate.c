#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/pattern.h"
#include "base/utf8.h"

enum { RANGE_MAX = 2048 }; /* characters of one beyond ASCII */

static const char special[] = "^$\\.*+?()[]{}|/";

struct translation {
    const char *text;
    size_t len, at;
    struct buf *out;
    struct error *err;
    bool atom;                           /* something stands before that can be repeated */
    size_t cost[PATTERN_GROUPS_MAX + 1]; /* of the groups that are open, the innermost last */
    size_t last;                         /* of what stands before */
    size_t open;
};

static enum status wrong(const struct translation *t, const char *what)
{
    return error_set(
        t->err, STATUS_BAD_REQUEST, "the pattern cannot be used: %s at byte %zu", what, t->at);
}

static bool next_is(const struct translation *t, const char *word)
{
    size_t n = strlen(word);
    return t->len - t->at >= n && !memcmp(t->text + t->at, word, n);
}

static enum status spend(struct translation *t, size_t cost)
{
    t->last = cost;
    t->cost[t->open] += cost;
    return t->cost[t->open] > PATTERN_COST_MAX ? wrong(t, "too much repetition") : STATUS_OK;
}

static enum status add_atom(struct translation *t, const char *ere, size_t len)
{
    t->atom = true;
    buf_add(t->out, ere, len);
    return spend(t, 1);
}

/* ---- escapes ---- */

static const char *class_of(char c)
{
    return c == 'd' || c == 'D'   ? "0-9"
           : c == 'w' || c == 'W' ? "A-Za-z0-9_"
           : c == 's' || c == 'S' ? " \t\n\r\f\v"
                                  : NULL;
}

static bool read_hex(struct translation *t, size_t digits, unsigned *c)
{
    *c = 0;
    if (t->len - t->at < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        char d = t->text[t->at + i];
        if (!isxdigit((unsigned char)d))
            return false;
        *c = *c << 4 | (unsigned)(d <= '9' ? d - '0' : (d | 32) - 'a' + 10);
    }
    t->at += digits;
    return *c && (*c < 0xD800 || *c > 0xDFFF);
}

/* One character behind a backslash, at the byte behind it; written to bytes. */
static enum status read_escape(struct translation *t, char bytes[4], size_t *len)
{
    static const char from[] = "tnrfv", to[] = "\t\n\r\f\v";
    unsigned c;
    if (t->at == t->len)
        return wrong(t, "a backslash at the end");
    char e = t->text[t->at];
    const char *found = strchr(from, e);
    if (e == 'x' || e == 'u') {
        t->at++;
        if (!read_hex(t, e == 'x' ? 2 : 4, &c))
            return wrong(t, "an escape that is no character");
        *len = utf8_encode(c, bytes);
        return STATUS_OK;
    }
    if (isalnum((unsigned char)e) && !found)
        return wrong(t, "an escape that is not supported");
    bytes[0] = found ? to[found - from] : e;
    *len = 1;
    t->at++;
    return STATUS_OK;
}

static enum status add_character(struct translation *t, const char *bytes, size_t len)
{
    char escaped[2] = {'\\', *bytes};
    if (len == 1 && strchr(special, *bytes) && *bytes != '/' && *bytes != ']' && *bytes != '}')
        return add_atom(t, escaped, 2);
    return add_atom(t, bytes, len);
}

static enum status add_escape(struct translation *t)
{
    char bytes[4];
    size_t len;
    char e = t->at < t->len ? t->text[t->at] : 0;
    const char *class = class_of(e);
    if (class) {
        t->at++;
        buf_printf(t->out, "[%s%s]", isupper((unsigned char)e) ? "^" : "", class);
        return add_atom(t, "", 0);
    }
    if (e == 'b' || e == 'B') {
        t->at++;
        t->atom = false;
        return buf_printf(t->out, "\\%c", e);
    }
    enum status st = read_escape(t, bytes, &len);
    return st ? st : add_character(t, bytes, len);
}

/* ---- brackets ---- */

/* What of a bracket has to stand at a place of its own in POSIX. */
struct bracket {
    bool close, open, caret, dash;
    size_t members;
};

/* One member's character, or its class when *len is 0. */
static enum status read_member(struct translation *t, struct bracket *b, char bytes[4], size_t *len)
{
    if (t->text[t->at] == '\\') {
        t->at++;
        char e = t->at < t->len ? t->text[t->at] : 0;
        const char *class = class_of(e);
        if (class && isupper((unsigned char)e))
            return wrong(t, "a negated class in brackets");
        if (class) {
            t->at++;
            b->members++;
            *len = 0;
            return buf_adds(t->out, class);
        }
        return read_escape(t, bytes, len);
    }
    size_t n = 1;
    while (t->at + n < t->len && ((unsigned char)t->text[t->at + n] & 0xC0) == 0x80 && n < 4)
        n++;
    memcpy(bytes, t->text + t->at, n);
    *len = n;
    t->at += n;
    return STATUS_OK;
}

static bool out_of_place(const char *bytes, size_t len)
{
    return len == 1 && strchr("][^-", *bytes);
}

static enum status add_plain(
    struct translation *t, struct bracket *b, const char *bytes, size_t len)
{
    if (!out_of_place(bytes, len)) {
        b->members++;
        return buf_add(t->out, bytes, len);
    }
    b->close = b->close || *bytes == ']';
    b->open = b->open || *bytes == '[';
    b->caret = b->caret || *bytes == '^';
    b->dash = b->dash || *bytes == '-';
    return STATUS_OK;
}

static unsigned decode(const char *bytes, size_t len)
{
    unsigned c = (unsigned char)*bytes;
    if (len > 1)
        c &= 0x7Fu >> len;
    for (size_t i = 1; i < len; i++)
        c = c << 6 | ((unsigned char)bytes[i] & 0x3F);
    return c;
}

/* Written out: beyond ASCII glibc knows no ranges in this locale. */
static enum status add_each(struct translation *t, struct bracket *b, unsigned from, unsigned to)
{
    char bytes[4];
    if (to < from || to - from > RANGE_MAX)
        return wrong(t, "a range that is not supported");
    for (unsigned c = from; c <= to; c++)
        if (c < 0xD800 || c > 0xDFFF)
            add_plain(t, b, bytes, utf8_encode(c, bytes));
    return STATUS_OK;
}

static enum status add_range(
    struct translation *t, struct bracket *b, const char *from, size_t from_len)
{
    char to[4];
    size_t to_len;
    t->at++;
    enum status st = read_member(t, b, to, &to_len);
    if (st)
        return st;
    if (to_len > 1 || from_len > 1)
        return to_len ? add_each(t, b, decode(from, from_len), decode(to, to_len))
                      : wrong(t, "a range that is not supported");
    if (!to_len || out_of_place(from, from_len) || out_of_place(to, to_len))
        return wrong(t, "a range that is not supported");
    b->members++;
    return buf_printf(t->out, "%c-%c", *from, *to);
}

static enum status add_member(struct translation *t, struct bracket *b)
{
    char bytes[4];
    size_t len;
    enum status st = read_member(t, b, bytes, &len);
    if (st || !len)
        return st;
    if (next_is(t, "-") && t->at + 1 < t->len && t->text[t->at + 1] != ']')
        return add_range(t, b, bytes, len);
    return add_plain(t, b, bytes, len);
}

/* "[" and what goes into it, in the order that POSIX wants. */
static enum status put_bracket(
    struct translation *t, const struct bracket *b, bool negated, const struct buf *members)
{
    bool only_caret = b->caret && !negated && !b->close && !b->open && !b->dash && !b->members;
    if (only_caret)
        return add_atom(t, "\\^", 2);
    bool dash_first = b->caret && b->dash && !negated && !b->close && !b->open && !b->members;
    buf_printf(t->out, "[%s%s%s", negated ? "^" : "", b->close ? "]" : "", dash_first ? "-" : "");
    buf_add(t->out, members->data, members->len);
    buf_printf(t->out, "%s%s%s]", b->open ? "[" : "", b->caret ? "^" : "",
        b->dash && !dash_first ? "-" : "");
    return add_atom(t, "", 0);
}

static enum status add_bracket(struct translation *t)
{
    struct bracket b = {0};
    struct buf members, *out = t->out;
    bool negated = next_is(t, "^");
    enum status st = STATUS_OK;
    t->at += negated;
    buf_init(&members, (size_t)32 * PATTERN_MAX);
    t->out = &members;
    while (!st && t->at < t->len && t->text[t->at] != ']')
        st = add_member(t, &b);
    t->out = out;
    if (buf_status(&members))
        st = wrong(t, "too much in brackets");
    if (!st && t->at == t->len)
        st = wrong(t, "\"[\" without \"]\"");
    else if (!st && !b.members && !b.close && !b.open && !b.caret && !b.dash)
        st = wrong(t, "empty brackets");
    t->at++;
    if (!st)
        st = put_bracket(t, &b, negated, &members);
    buf_release(&members);
    return st;
}

/* ---- groups and repetition ---- */

static enum status open_group(struct translation *t)
{
    if (next_is(t, "?:")) {
        t->at += 2;
    } else if (next_is(t, "?<") && !next_is(t, "?<=") && !next_is(t, "?<!")) {
        const char *end = memchr(t->text + t->at, '>', t->len - t->at);
        if (!end)
            return wrong(t, "a group's name without \">\"");
        t->at = (size_t)(end - t->text) + 1;
    } else if (next_is(t, "?")) {
        return wrong(t, "looking ahead or behind is not supported");
    }
    if (t->open == PATTERN_GROUPS_MAX)
        return wrong(t, "too many groups");
    t->cost[++t->open] = 1;
    t->atom = false;
    return buf_addc(t->out, '(');
}

static enum status close_group(struct translation *t)
{
    if (!t->open)
        return wrong(t, "\")\" without \"(\"");
    size_t cost = t->cost[t->open--];
    t->atom = true;
    buf_addc(t->out, ')');
    return spend(t, cost);
}

static size_t read_number(struct translation *t)
{
    size_t n = 0;
    for (; t->at < t->len && isdigit((unsigned char)t->text[t->at]); t->at++)
        n = n > PATTERN_COST_MAX ? n : n * 10 + (size_t)(t->text[t->at] - '0');
    return n;
}

/* "{2}", "{2,}" or "{2,5}", behind the brace; anything else is a brace that is meant. */
static enum status add_interval(struct translation *t)
{
    size_t from = t->at, least = read_number(t), most = least;
    bool good = t->at > from;
    if (good && next_is(t, ",")) {
        t->at++;
        if (t->at < t->len && isdigit((unsigned char)t->text[t->at]))
            most = read_number(t);
    }
    if (!good || !next_is(t, "}")) {
        t->at = from;
        return add_atom(t, "\\{", 2);
    }
    t->at++;
    if (!t->atom)
        return wrong(t, "nothing to repeat");
    if (most > 255 || least > most)
        return wrong(t, "a repetition that is not supported");
    buf_addc(t->out, '{');
    buf_add(t->out, t->text + from, t->at - from);
    t->atom = false;
    t->at += next_is(t, "?");
    return spend(t, t->last * most);
}

static enum status add_repetition(struct translation *t, char c)
{
    if (!t->atom)
        return wrong(t, "nothing to repeat");
    t->atom = false;
    t->at += next_is(t, "?"); /* lazy: the same texts match */
    return buf_addc(t->out, c);
}

static enum status add_one(struct translation *t)
{
    char c = t->text[t->at++];
    switch (c) {
    case '\\':
        return add_escape(t);
    case '[':
        return add_bracket(t);
    case '(':
        return open_group(t);
    case ')':
        return close_group(t);
    case '{':
        return add_interval(t);
    case '*':
    case '+':
    case '?':
        return add_repetition(t, c);
    case '.':
        return add_atom(t, "[^\n\r]", 6);
    case '|':
    case '^':
    case '$':
        t->atom = false;
        return buf_addc(t->out, c);
    case 0:
        return wrong(t, "a NUL");
    default:
        t->at--;
        size_t n = 1;
        while (t->at + n < t->len && ((unsigned char)t->text[t->at + n] & 0xC0) == 0x80)
            n++;
        t->at += n;
        return add_atom(t, t->text + t->at - n, n);
    }
}

enum status pattern_translate(const char *text, size_t len, struct buf *out, struct error *err)
{
    struct translation t = {.text = text, .len = len, .out = out, .err = err};
    enum status st = STATUS_OK;
    if (len > PATTERN_MAX)
        return error_set(err, STATUS_BAD_REQUEST,
            "the pattern cannot be used: it is longer than %d bytes", PATTERN_MAX);
    while (!st && t.at < len)
        st = add_one(&t);
    if (!st && t.open)
        st = wrong(&t, "\"(\" without \")\"");
    if (buf_status(out))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory for a pattern");
    return st;
}
