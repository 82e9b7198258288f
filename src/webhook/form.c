#include "webhook/form.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void form_release(struct form *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->fields[i].name);
        buf_release(&f->fields[i].value);
    }
    free(f->fields);
    *f = (struct form){0};
}

const struct buf *form_get(const struct form *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++)
        if (!strcmp(f->fields[i].name, name))
            return &f->fields[i].value;
    return NULL;
}

/* Takes over what the name and the value hold. */
static enum status add_field(struct form *f, struct buf *name, struct buf *value, struct error *err)
{
    if (f->count == FORM_FIELDS_MAX)
        return error_set(
            err, STATUS_BAD_REQUEST, "the form has more than %d fields", (int)FORM_FIELDS_MAX);
    struct form_field *fields = realloc(f->fields, (f->count + 1) * sizeof *fields);
    if (!fields)
        return error_set(err, STATUS_NO_MEMORY, "out of memory for a form");
    f->fields = fields;
    if (name->len && memchr(name->data, 0, name->len))
        return error_set(
            err, STATUS_BAD_REQUEST, "the name of field %zu of the form has a NUL", f->count + 1);
    char *text = buf_detach(name);
    if (!text)
        return error_set(err, STATUS_NO_MEMORY, "out of memory for a form");
    f->fields[f->count++] = (struct form_field){text, *value};
    buf_init(value, value->cap);
    return STATUS_OK;
}

/* ---- application/x-www-form-urlencoded ---- */

static enum status decode(
    const char *body, size_t from, size_t to, struct buf *out, struct error *err)
{
    for (size_t i = from; i < to; i++) {
        char c = body[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%' && to - i >= 3 && isxdigit((unsigned char)body[i + 1]) &&
                   isxdigit((unsigned char)body[i + 2])) {
            char hex[3] = {body[i + 1], body[i + 2], 0};
            c = (char)strtoul(hex, NULL, 16);
            i += 2;
        }
        if (buf_addc(out, c))
            return error_set(err, STATUS_NO_MEMORY, "out of memory for a form");
    }
    return STATUS_OK;
}

enum status form_parse(struct form *f, const char *body, size_t len, struct error *err)
{
    enum status st = STATUS_OK;
    for (size_t at = 0, end; at < len && !st; at = end + 1) {
        const char *amp = memchr(body + at, '&', len - at);
        end = amp ? (size_t)(amp - body) : len;
        if (end == at)
            continue;
        const char *equals = memchr(body + at, '=', end - at);
        size_t split = equals ? (size_t)(equals - body) : end;
        struct buf name, value;
        buf_init(&name, len);
        buf_init(&value, len);
        st = decode(body, at, split, &name, err);
        if (!st)
            st = decode(body, split < end ? split + 1 : end, end, &value, err);
        if (!st)
            st = add_field(f, &name, &value, err);
        buf_release(&name);
        buf_release(&value);
    }
    return st;
}

/* ---- multipart/form-data ---- */

enum { BOUNDARY_MAX = 70 };

/* A parameter of a header: its value, quotes taken off. False also for a quote without an end. */
static bool parameter(const char *header, size_t len, const char *name, struct buf *out)
{
    size_t n = strlen(name);
    for (size_t i = 0; i + n + 1 < len; i++) {
        if (header[i] != ';')
            continue;
        size_t at = i + 1;
        while (at < len && (header[at] == ' ' || header[at] == '\t'))
            at++;
        if (len - at <= n || strncasecmp(header + at, name, n) || header[at + n] != '=')
            continue;
        at += n + 1;
        bool quoted = at < len && header[at] == '"';
        for (at += quoted ? 1 : 0; at < len; at++) {
            if (quoted ? header[at] == '"' : header[at] == ';' || header[at] == ' ')
                break;
            if (quoted && header[at] == '\\' && at + 1 < len)
                at++;
            buf_addc(out, header[at]);
        }
        return !buf_status(out) && (!quoted || at < len);
    }
    return false;
}

/* The name in the part's Content-Disposition. */
static bool part_name(const char *head, size_t len, struct buf *name)
{
    static const char wanted[] = "content-disposition:";
    for (size_t at = 0; at < len;) {
        const char *lf = memchr(head + at, '\n', len - at);
        size_t end = lf ? (size_t)(lf - head) : len;
        size_t line = end > at && head[end - 1] == '\r' ? end - 1 - at : end - at;
        if (line >= sizeof wanted && !strncasecmp(head + at, wanted, sizeof wanted - 1))
            return parameter(head + at, line, "name", name);
        at = end + 1;
    }
    return false;
}

static enum status read_part(struct form *f, const char *part, size_t len, struct error *err)
{
    const char *blank =
        len >= 2 && !memcmp(part, "\r\n", 2) ? part : memmem(part, len, "\r\n\r\n", 4);
    struct buf name, value;
    buf_init(&name, BUF_SMALL);
    buf_init(&value, len);
    enum status st = STATUS_OK;
    if (!blank || !part_name(part, (size_t)(blank - part), &name) || !name.len)
        st = error_set(err, STATUS_BAD_REQUEST, "part %zu of the form has no name", f->count + 1);
    if (!st) {
        const char *content = blank + (blank == part ? 2 : 4);
        if (buf_add(&value, content, len - (size_t)(content - part)))
            st = error_set(err, STATUS_NO_MEMORY, "out of memory for a form");
    }
    if (!st)
        st = add_field(f, &name, &value, err);
    buf_release(&name);
    buf_release(&value);
    return st;
}

enum status form_parse_multipart(
    struct form *f, const char *body, size_t len, const char *content_type, struct error *err)
{
    struct buf mark;
    buf_init(&mark, BOUNDARY_MAX + 4);
    buf_adds(&mark, "\r\n--");
    enum status st = STATUS_OK;
    if (!parameter(content_type, strlen(content_type), "boundary", &mark) || mark.len == 4)
        st = error_set(err, STATUS_BAD_REQUEST,
            "the content type multipart/form-data names no boundary of 1 to 70 characters");
    /* the first one stands at the very beginning, or after a preamble */
    const char *at = NULL, *end = body + len;
    if (!st && len >= mark.len - 2 && !memcmp(body, mark.data + 2, mark.len - 2))
        at = body + mark.len - 2;
    else if (!st && (at = memmem(body, len, mark.data, mark.len)))
        at += mark.len;
    while (!st) {
        const char *next = at && end - at >= 2 && memcmp(at, "--", 2)
                               ? memmem(at, (size_t)(end - at), mark.data, mark.len)
                               : NULL;
        if (at && end - at >= 2 && !memcmp(at, "--", 2))
            break;
        if (!next || at[0] != '\r' || at[1] != '\n') {
            st = error_set(
                err, STATUS_BAD_REQUEST, "the form is cut off: its last boundary is missing");
            break;
        }
        /* one line end cannot end two boundaries: between them is a part without anything */
        st = read_part(f, at + 2, next == at ? 0 : (size_t)(next - at) - 2, err);
        at = next + mark.len;
    }
    buf_release(&mark);
    return st;
}
