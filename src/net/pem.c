#include "net/pem.h"

#include <stdint.h>
#include <string.h>

/* One line, without its end; *at is moved behind it. */
struct line {
    const char *text;
    size_t len;
};

static bool next_line(const char **at, const char *end, struct line *out)
{
    if (*at >= end)
        return false;
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    out->text = *at;
    out->len = (size_t)((stop ? stop : end) - *at);
    *at = stop ? stop + 1 : end;
    while (out->len && strchr("\r \t", out->text[out->len - 1]) && out->text[out->len - 1])
        out->len--;
    return true;
}

/* "-----BEGIN LABEL-----": the label. */
static bool is_frame(const struct line *line, const char *word, struct line *label)
{
    size_t begin = strlen(word);
    if (line->len < begin + 5 || memcmp(line->text, word, begin) != 0 ||
        memcmp(line->text + line->len - 5, "-----", 5) != 0)
        return false;
    *label = (struct line){line->text + begin, line->len - begin - 5};
    return true;
}

static bool ends_in(const struct line *label, const char *word)
{
    size_t n = strlen(word);
    return label->len >= n && !memcmp(label->text + label->len - n, word, n);
}

/* ---- what is in a frame ---- */

enum { HEAD_MAX = 6 }; /* the tag and the length of a DER value of up to 4 GB */

struct content {
    unsigned char head[HEAD_MAX];
    size_t bytes;
    uint32_t bits; /* that make no byte yet */
    unsigned bit_count;
    bool ended; /* by "=" */
    bool wrong;
};

static int value_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

static void add_digit(struct content *c, char digit)
{
    int value = value_of(digit);
    if (digit == '=')
        c->ended = true;
    else if (value < 0 || c->ended)
        c->wrong = true;
    if (value < 0)
        return;
    c->bits = c->bits << 6 | (uint32_t)value;
    c->bit_count += 6;
    if (c->bit_count < 8)
        return;
    c->bit_count -= 8;
    if (c->bytes < HEAD_MAX)
        c->head[c->bytes] = (unsigned char)(c->bits >> c->bit_count);
    c->bytes++;
}

/* A sequence that is as long as it says. */
static bool is_whole(const struct content *c)
{
    if (c->wrong || c->bytes < 2 || c->head[0] != 0x30)
        return false;
    size_t more = c->head[1] & 0x80 ? c->head[1] & 0x7fU : 0;
    size_t len = c->head[1] & 0x80 ? 0 : c->head[1];
    if (2 + more > HEAD_MAX || c->bytes < 2 + more)
        return false;
    for (size_t i = 0; i < more; i++)
        len = len << 8 | c->head[2 + i];
    return c->bytes == 2 + more + len;
}

/* Reads to the end of the frame; *encrypted when its headers say so. */
static bool read_frame(
    const char **at, const char *end, const struct line *label, bool *whole, bool *encrypted)
{
    struct content content = {.bytes = 0};
    struct line line, closing;
    bool in_headers = false;
    while (next_line(at, end, &line)) {
        if (is_frame(&line, "-----END ", &closing)) {
            *whole = is_whole(&content);
            return closing.len == label->len && !memcmp(closing.text, label->text, label->len);
        }
        if (memchr(line.text, ':', line.len)) {
            in_headers = true;
            *encrypted = *encrypted || ends_in(&line, "ENCRYPTED");
        } else if (in_headers && line.len == 0) {
            in_headers = false;
        } else if (!in_headers) {
            for (size_t i = 0; i < line.len; i++)
                add_digit(&content, line.text[i]);
        }
    }
    return false;
}

bool pem_look(const char *text, size_t len, struct pem *out)
{
    const char *at = text, *end = text + len;
    struct line line, label;
    *out = (struct pem){.keys = 0};
    while (next_line(&at, end, &line)) {
        bool whole = false, encrypted = false;
        if (!is_frame(&line, "-----BEGIN ", &label))
            continue;
        if (!read_frame(&at, end, &label, &whole, &encrypted))
            return false;
        bool key = ends_in(&label, "PRIVATE KEY"), certificate = ends_in(&label, "CERTIFICATE");
        encrypted = encrypted || ends_in(&label, "ENCRYPTED PRIVATE KEY");
        /* What is encrypted the old way is no DER value. */
        if ((certificate || key) && !whole && !encrypted)
            return false;
        out->certificates += certificate;
        out->keys += key;
        out->encrypted = out->encrypted || (key && encrypted);
    }
    return true;
}
