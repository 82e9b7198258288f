#include "cli/text.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "base/status.h"

/* ---- width ---- */

/* The next character's bytes and columns; what is not decodable counts as one. */
static size_t next_char(const char *text, size_t len, size_t *columns)
{
    mbstate_t state = {0};
    wchar_t c;
    size_t n = mbrtowc(&c, text, len, &state);
    if (n == 0 || n > len) {
        *columns = 1;
        return 1;
    }
    int w = wcwidth(c);
    *columns = w < 0 ? 1 : (size_t)w;
    return n;
}

size_t text_width(const char *text, size_t len)
{
    size_t width = 0, columns;
    for (size_t at = 0; at < len; width += columns)
        at += next_char(text + at, len - at, &columns);
    return width;
}

/* How many bytes fit in so many columns. */
static size_t fit(const char *text, size_t len, size_t width)
{
    size_t at = 0, used = 0;
    while (at < len) {
        size_t columns, n = next_char(text + at, len - at, &columns);
        if (used + columns > width)
            break;
        used += columns;
        at += n;
    }
    return at;
}

void text_cut(struct buf *text, size_t width)
{
    if (text_width(buf_str(text), text->len) <= width)
        return;
    text->len = fit(text->data, text->len, width - 1);
    buf_adds(text, "\xE2\x80\xA6");
}

/* ---- for a terminal ---- */

/* Bytes at the beginning of text that may command a terminal: C0, DEL, and C1 in UTF-8. */
static size_t control(const char *text, size_t len)
{
    unsigned char c = (unsigned char)*text;
    if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7F)
        return 1;
    return len > 1 && c == 0xC2 && ((unsigned char)text[1] & 0xE0) == 0x80 ? 2 : 0;
}

static void write_safely(FILE *out, const char *text, size_t len)
{
    size_t from = 0;
    for (size_t at = 0; at < len;) {
        size_t n = control(text + at, len - at);
        if (!n) {
            at++;
            continue;
        }
        fwrite(text + from, 1, at - from, out);
        if (text[at] != '\r')
            fputs("\xEF\xBF\xBD", out);
        from = at += n;
    }
    fwrite(text + from, 1, len - from, out);
}

void text_write(FILE *out, const char *text, size_t len)
{
    if (isatty(fileno(out)))
        write_safely(out, text, len);
    else
        fwrite(text, 1, len, out);
}

void text_error(const char *text)
{
    fputs("magec: ", stderr);
    write_safely(stderr, text, strlen(text));
    fputc('\n', stderr);
}

void text_warning(const char *fmt, ...)
{
    char text[ERROR_TEXT_MAX] = "warning: ";
    size_t len = strlen(text);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text + len, sizeof text - len, fmt, ap);
    va_end(ap);
    text_error(text);
}
