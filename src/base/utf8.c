#include "base/utf8.h"

#include <string.h>

static const char replacement[] = "\xEF\xBF\xBD";

/* What stands at s: the length of a whole character (> 0); 0 when the bytes end within one that may
 * still become valid; else minus the length of the maximal subpart that is not valid. */
static int scan(const unsigned char *s, size_t len)
{
    unsigned char low = 0x80, high = 0xBF;
    int need;
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xC2 && s[0] <= 0xDF) {
        need = 2;
    } else if (s[0] >= 0xE0 && s[0] <= 0xEF) {
        need = 3;
        if (s[0] == 0xE0)
            low = 0xA0;
        if (s[0] == 0xED)
            high = 0x9F;
    } else if (s[0] >= 0xF0 && s[0] <= 0xF4) {
        need = 4;
        if (s[0] == 0xF0)
            low = 0x90;
        if (s[0] == 0xF4)
            high = 0x8F;
    } else {
        return -1;
    }
    for (int i = 1; i < need; i++, low = 0x80, high = 0xBF) {
        if ((size_t)i == len)
            return 0;
        if (s[i] < low || s[i] > high)
            return -i;
    }
    return need;
}

/* The length of the run of bytes at s that need no look. */
static size_t ascii_run(const unsigned char *s, size_t len)
{
    size_t i = 0;
    for (unsigned long word; i + sizeof word <= len; i += sizeof word) {
        memcpy(&word, s + i, sizeof word);
        if (word & 0x8080808080808080UL)
            break;
    }
    while (i < len && s[i] < 0x80)
        i++;
    return i;
}

/* The length of the valid text at s; *next is what scan says of what follows it. */
static size_t valid_run(const unsigned char *s, size_t len, int *next)
{
    size_t i = 0;
    *next = 1;
    while (i < len) {
        i += ascii_run(s + i, len - i);
        if (i == len)
            break;
        *next = scan(s + i, len - i);
        if (*next <= 0)
            return i;
        i += (size_t)*next;
    }
    return i;
}

bool utf8_valid(const char *bytes, size_t len, size_t *bad)
{
    int next;
    size_t good = valid_run((const unsigned char *)bytes, len, &next);
    if (bad)
        *bad = good;
    return good == len;
}

size_t utf8_cut(const char *bytes, size_t len, size_t max)
{
    if (len <= max)
        return len;
    size_t cut = max;
    while (cut > 0 && max - cut < 4 && ((unsigned char)bytes[cut] & 0xC0) == 0x80)
        cut--;
    return cut;
}

size_t utf8_encode(unsigned c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

static unsigned decode3(const unsigned char *s)
{
    return (unsigned)(s[0] & 0x0F) << 12 | (unsigned)(s[1] & 0x3F) << 6 | (s[2] & 0x3Fu);
}

/* Whether s begins, as far as it goes, like a surrogate half of three bytes: ED, then low .. BF. */
static bool like_surrogate(
    const unsigned char *s, size_t len, unsigned char low, unsigned char high)
{
    return len > 0 && s[0] == 0xED && (len < 2 || (s[1] >= low && s[1] <= high)) &&
           (len < 3 || (s[2] & 0xC0) == 0x80);
}

/* A high half at s: how many bytes it and what follows use (0: not to be told yet), and what they
 * say in out. */
static size_t join_halves(const unsigned char *s, size_t len, char out[4], size_t *out_len)
{
    if (len < 3)
        return 0;
    if (like_surrogate(s + 3, len - 3, 0xB0, 0xBF)) {
        if (len < 6)
            return 0;
        unsigned c = 0x10000 + ((decode3(s) - 0xD800) << 10) + (decode3(s + 3) - 0xDC00);
        *out_len = utf8_encode(c, out);
        return 6;
    }
    if (len == 3)
        return 0;
    memcpy(out, replacement, 3);
    *out_len = 3;
    return 3;
}

/* Makes valid what it can of s; returns how many bytes it used. */
static size_t clean(const unsigned char *s, size_t len, struct buf *out)
{
    size_t i = 0;
    while (i < len) {
        int next;
        size_t run = valid_run(s + i, len - i, &next);
        if (run)
            buf_add(out, s + i, run);
        i += run;
        if (i == len)
            break;
        char joined[4];
        size_t joined_len = 0, left = len - i;
        if (next == 0)
            break; /* unfinished */
        if (left >= 2 && like_surrogate(s + i, left, 0xA0, 0xAF)) {
            size_t used = join_halves(s + i, left, joined, &joined_len);
            if (!used)
                break;
            buf_add(out, joined, joined_len);
            i += used;
        } else if (left >= 2 && like_surrogate(s + i, left, 0xB0, 0xBF)) {
            if (left < 3)
                break;
            buf_add(out, replacement, 3);
            i += 3;
        } else {
            buf_add(out, replacement, 3);
            i += (size_t)-next;
        }
    }
    return i;
}

enum status utf8_feed(struct utf8_stream *u, const char *bytes, size_t len, struct buf *out)
{
    const unsigned char *s = (const unsigned char *)bytes;
    while (u->len && len) { /* one byte at a time until nothing is held */
        unsigned char held[sizeof u->held + 1];
        memcpy(held, u->held, u->len);
        held[u->len] = *s++;
        size_t have = u->len + 1u;
        len--;
        size_t used = clean(held, have, out);
        u->len = (unsigned char)(have - used);
        memcpy(u->held, held + used, u->len);
    }
    size_t used = clean(s, len, out);
    if (used < len) {
        u->len = (unsigned char)(len - used);
        memcpy(u->held, s + used, u->len);
    }
    return buf_status(out);
}

enum status utf8_finish(struct utf8_stream *u, struct buf *out)
{
    const unsigned char *s = u->held;
    size_t len = u->len;
    if (len >= 3 && like_surrogate(s, 3, 0xA0, 0xAF)) { /* the half is one, what follows another */
        buf_add(out, replacement, 3);
        s += 3;
        len -= 3;
    }
    if (len)
        buf_add(out, replacement, 3);
    u->len = 0;
    return buf_status(out);
}
