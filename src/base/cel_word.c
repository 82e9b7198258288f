#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cel_tree.h"
#include "base/utf8.h"

/* ---- places ---- */

unsigned cel_column(const struct cel_reader *r, size_t at)
{
    unsigned column = 1;
    for (size_t i = 0; i < at; i++)
        if (r->text[i] == '\n')
            column = 1;
        else
            column += ((unsigned char)r->text[i] & 0xC0) != 0x80;
    return column;
}

void cel_place(const struct cel_reader *r, size_t at, char out[64])
{
    unsigned line = 1;
    for (size_t i = 0; i < at; i++)
        line += r->text[i] == '\n';
    if (line > 1)
        snprintf(out, 64, "line %u, column %u", line, cel_column(r, at));
    else
        snprintf(out, 64, "column %u", cel_column(r, at));
}

enum status cel_refuse(const struct cel_reader *r, size_t at, const char *fmt, ...)
{
    char place[64];
    va_list ap;
    va_start(ap, fmt);
    error_vset(r->err, STATUS_BAD_REQUEST, fmt, ap);
    va_end(ap);
    cel_place(r, at, place);
    error_prefix(r->err, "%s", place);
    return STATUS_BAD_REQUEST;
}

/* ---- strings ---- */

/* A string that is read: what it says goes to out, which is large enough for the whole text. */
struct quoted {
    size_t at; /* in the text */
    char quote;
    bool raw, tripled;
    char *out;
    size_t len;
};

static bool closes(const struct cel_reader *r, const struct quoted *q)
{
    const char *s = r->text + q->at;
    if (*s != q->quote)
        return false;
    return !q->tripled || (s[1] == q->quote && s[2] == q->quote);
}

/* The number that so many digits say; -1 when they are none. */
static long digits_at(const char *s, int count, int base)
{
    long v = 0;
    for (int i = 0; i < count; i++) {
        int c = tolower((unsigned char)s[i]);
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : base;
        if (digit >= base)
            return -1;
        v = v * base + digit;
    }
    return v;
}

/* \xHH \uHHHH \UHHHHHHHH \OOO: a character by its number. */
static enum status read_numbered(const struct cel_reader *r, struct quoted *q)
{
    char c = r->text[q->at + 1];
    bool octal = c >= '0' && c <= '3';
    int count = octal ? 3 : c == 'u' ? 4 : c == 'U' ? 8 : 2;
    size_t from = q->at + (octal ? 1 : 2);
    long code = digits_at(r->text + from, count, octal ? 8 : 16);
    if (code < 0)
        return cel_refuse(
            r, q->at, "expected %d %s digits", count, octal ? "octal" : "hexadecimal");
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return cel_refuse(r, q->at, "no character has this number");
    q->len += utf8_encode((unsigned)code, q->out + q->len);
    q->at = from + (size_t)count;
    return STATUS_OK;
}

static enum status read_escape(const struct cel_reader *r, struct quoted *q)
{
    static const char names[] = "abfnrtv\\?\"'`", meant[] = "\a\b\f\n\r\t\v\\?\"'`";
    char c = r->text[q->at + 1];
    const char *name = c ? strchr(names, c) : NULL;
    if (name) {
        q->out[q->len++] = meant[name - names];
        q->at += 2;
        return STATUS_OK;
    }
    if (c && strchr("xXuU0123", c))
        return read_numbered(r, q);
    return cel_refuse(r, q->at,
        "no such escape; there are \\n \\t \\\\ \\\" \\' \\xHH \\uHHHH and the like; a backslash "
        "of a "
        "pattern is doubled, or the string is r\"raw\"");
}

static enum status read_quoted(struct cel_reader *r, struct quoted *q)
{
    size_t begin = q->at;
    q->at += q->raw;
    q->quote = r->text[q->at];
    q->tripled = r->text[q->at + 1] == q->quote && r->text[q->at + 2] == q->quote;
    q->at += q->tripled ? 3 : 1;
    while (!closes(r, q)) {
        char c = r->text[q->at];
        if (!c || (c == '\n' && !q->tripled))
            return cel_refuse(r, begin, "the string does not end");
        if (c == '\\' && !q->raw) {
            enum status st = read_escape(r, q);
            if (st)
                return st;
        } else {
            q->out[q->len++] = c;
            q->at++;
        }
    }
    q->at += q->tripled ? 3 : 1;
    r->word.type = CEL_WORD_LITERAL;
    r->word.len = q->at - begin;
    r->word.value = cel_string(q->out, q->len);
    return STATUS_OK;
}

static enum status read_string(struct cel_reader *r, bool raw)
{
    /* an escape is never longer than what it says */
    struct quoted q = {.at = r->word.at, .raw = raw};
    q.out = cel_alloc(r->memory, r->len - q.at + 1);
    if (!q.out)
        return error_set(r->err, STATUS_NO_MEMORY, "out of memory");
    return read_quoted(r, &q);
}

/* ---- numbers ---- */

static size_t skip_digits(const char *s, size_t i)
{
    while (isdigit((unsigned char)s[i]))
        i++;
    return i;
}

/* The length of a fraction and an exponent behind the digits; 0: it is a whole number. */
static size_t double_length(const char *s)
{
    size_t whole = skip_digits(s, 0), i = whole;
    if (s[i] == '.' && isdigit((unsigned char)s[i + 1]))
        i = skip_digits(s, i + 1);
    if (s[i] == 'e' || s[i] == 'E') {
        size_t from = i + 1 + (s[i + 1] == '+' || s[i + 1] == '-');
        if (isdigit((unsigned char)s[from]))
            i = skip_digits(s, from);
    }
    return i > whole ? i : 0;
}

static enum status read_whole(struct cel_reader *r, size_t *len)
{
    const char *s = r->text + r->word.at;
    bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
    char *end;
    errno = 0;
    uint64_t u = strtoull(s, &end, hex ? 16 : 10);
    bool is_uint = *end == 'u' || *end == 'U';
    if (errno || (!is_uint && u > (uint64_t)INT64_MAX + 1))
        return cel_refuse(r, r->word.at, "the number is too large");
    *len = (size_t)(end - s) + is_uint;
    r->word.value = (struct cel_value){.kind = is_uint ? CEL_UINT : CEL_INT, .u = u};
    return STATUS_OK;
}

static enum status read_number(struct cel_reader *r)
{
    const char *s = r->text + r->word.at;
    size_t len = double_length(s);
    if (len)
        r->word.value = (struct cel_value){.kind = CEL_DOUBLE, .d = strtod(s, NULL)};
    else if (read_whole(r, &len))
        return STATUS_BAD_REQUEST;
    if (isalnum((unsigned char)s[len]) || s[len] == '_')
        return cel_refuse(r, r->word.at + len, "expected the end of the number");
    r->word.type = CEL_WORD_LITERAL;
    r->word.len = len;
    return STATUS_OK;
}

/* ---- the rest ---- */

static size_t skip_blanks(const struct cel_reader *r, size_t i)
{
    for (;;) {
        while (r->text[i] && strchr(" \t\r\n\f", r->text[i]))
            i++;
        if (r->text[i] != '/' || r->text[i + 1] != '/')
            return i;
        i += strcspn(r->text + i, "\n");
    }
}

static enum status read_name(struct cel_reader *r)
{
    const char *s = r->text + r->word.at;
    struct cel_word *w = &r->word;
    w->type = CEL_WORD_NAME;
    while (isalnum((unsigned char)s[w->len]) || s[w->len] == '_')
        w->len++;
    if (s[w->len] == '"' || s[w->len] == '\'') {
        if (w->len == 1 && (*s == 'r' || *s == 'R'))
            return read_string(r, true);
        return cel_refuse(
            r, w->at, "no strings with \"%.*s\" before them are understood", (int)w->len, s);
    }
    w->value.kind = CEL_NULL;
    if (cel_is(r, "true") || cel_is(r, "false"))
        w->value = cel_bool(cel_is(r, "true"));
    else if (!cel_is(r, "null"))
        return STATUS_OK;
    w->type = CEL_WORD_LITERAL;
    return STATUS_OK;
}

static enum status read_sign(struct cel_reader *r)
{
    static const char *const meant[][2] = {{"=", "=="}, {"&", "&&"}, {"|", "||"}};
    const char *s = r->text + r->word.at;
    r->word.type = CEL_WORD_SIGN;
    r->word.len = (strchr("=!<>", *s) && s[1] == '=') || (strchr("&|", *s) && s[1] == *s) ? 2 : 1;
    if (r->word.len == 2 || strchr("!<>-+*/%?:.,()[]{}", *s))
        return STATUS_OK;
    for (size_t i = 0; i < sizeof meant / sizeof *meant; i++)
        if (*s == *meant[i][0])
            return cel_refuse(
                r, r->word.at, "found \"%s\"; did you mean \"%s\"?", meant[i][0], meant[i][1]);
    if ((unsigned char)*s < ' ')
        return cel_refuse(r, r->word.at, "a control character");
    size_t len = 1;
    while (len < 4 && !utf8_cut(s, strlen(s), len))
        len++;
    return cel_refuse(r, r->word.at, "unexpected character \"%.*s\"", (int)len, s);
}

enum status cel_next(struct cel_reader *r)
{
    struct cel_word *w = &r->word;
    w->at = skip_blanks(r, w->at + w->len);
    w->len = 0;
    const char *s = r->text + w->at;
    if (!*s) {
        w->type = CEL_WORD_END;
        return STATUS_OK;
    }
    if (isdigit((unsigned char)*s) || (*s == '.' && isdigit((unsigned char)s[1])))
        return read_number(r);
    if (isalpha((unsigned char)*s) || *s == '_')
        return read_name(r);
    return *s == '"' || *s == '\'' ? read_string(r, false) : read_sign(r);
}

bool cel_is(const struct cel_reader *r, const char *word)
{
    const struct cel_word *w = &r->word;
    return w->type != CEL_WORD_LITERAL && strlen(word) == w->len &&
           !memcmp(r->text + w->at, word, w->len);
}
