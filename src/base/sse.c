#include "base/sse.h"

#include <string.h>

static const char bom[] = "\xEF\xBB\xBF";

void sse_init(struct sse *s, size_t line_cap, size_t event_cap, sse_visit visit, void *ctx)
{
    *s = (struct sse){.retry_ms = -1, .visit = visit, .ctx = ctx};
    buf_init(&s->line, line_cap);
    buf_init(&s->data, event_cap);
    buf_init(&s->type, line_cap);
    buf_init(&s->id, line_cap);
}

void sse_release(struct sse *s)
{
    buf_release(&s->line);
    buf_release(&s->data);
    buf_release(&s->type);
    buf_release(&s->id);
}

static enum status dispatch(struct sse *s)
{
    enum status st = STATUS_OK;
    if (s->has_data) {
        struct sse_event e = {.type = s->type.len ? buf_str(&s->type) : "message",
            .data = s->fed ? s->fed : buf_str(&s->data),
            .len = s->fed ? s->fed_len : s->data.len,
            .id = buf_str(&s->id)};
        st = s->visit(s->ctx, &e);
    }
    s->has_data = false;
    s->fed = NULL;
    buf_reset(&s->data);
    buf_reset(&s->type);
    return st;
}

/* Copies the data that was left where it was fed, before that is gone. */
static enum status keep_fed(struct sse *s)
{
    const char *fed = s->fed;
    s->fed = NULL;
    return fed ? buf_add(&s->data, fed, s->fed_len) : STATUS_OK;
}

static enum status read_data(struct sse *s, const char *value, size_t len, bool fed)
{
    if (!s->has_data && fed && len <= s->data.cap) {
        s->has_data = true;
        s->fed = value;
        s->fed_len = len;
        return STATUS_OK;
    }
    enum status st = keep_fed(s);
    if (!st && s->has_data)
        st = buf_addc(&s->data, '\n');
    if (st)
        return st;
    s->has_data = true;
    return buf_add(&s->data, value, len);
}

static void read_retry(struct sse *s, const char *value, size_t len)
{
    int64_t ms = 0;
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9' || ms > INT64_MAX / 10 - 10)
            return;
        ms = ms * 10 + (value[i] - '0');
    }
    if (len)
        s->retry_ms = ms;
}

static enum status set(struct buf *field, const char *value, size_t len)
{
    buf_reset(field);
    return buf_add(field, value, len);
}

static bool is(const char *name, size_t len, const char *word)
{
    return len == strlen(word) && !memcmp(name, word, len);
}

/* fed: the line stands in the bytes that are being fed. */
static enum status read_line(struct sse *s, const char *line, size_t len, bool fed)
{
    if (!len)
        return dispatch(s);
    const char *colon = memchr(line, ':', len);
    size_t name = colon ? (size_t)(colon - line) : len;
    const char *value = line + (colon ? name + 1 : len);
    size_t left = len - (size_t)(value - line);
    if (left && *value == ' ') {
        value++;
        left--;
    }
    if (is(line, name, "data"))
        return read_data(s, value, left, fed);
    if (is(line, name, "event"))
        return set(&s->type, value, left);
    if (is(line, name, "id"))
        return memchr(value, 0, left) ? STATUS_OK : set(&s->id, value, left);
    if (is(line, name, "retry"))
        read_retry(s, value, left);
    return STATUS_OK;
}

/* Where the line ends that begins at bytes; NULL if it is not there yet. */
static const char *line_end(const char *bytes, size_t len)
{
    const char *lf = memchr(bytes, '\n', len);
    const char *cr = memchr(bytes, '\r', lf ? (size_t)(lf - bytes) : len);
    return cr ? cr : lf;
}

/* Strips a BOM from the first line, whose beginning is known by then. */
static enum status take_line(struct sse *s, const char *line, size_t len, bool fed)
{
    if (!s->begun && len >= 3 && !memcmp(line, bom, 3)) {
        line += 3;
        len -= 3;
    }
    s->begun = true;
    return read_line(s, line, len, fed);
}

static enum status read_lines(struct sse *s, const char *bytes, size_t len)
{
    const char *at = bytes, *end = len ? bytes + len : bytes;
    while (at < end) {
        if (s->after_cr) {
            s->after_cr = false;
            if (*at == '\n') {
                at++;
                continue;
            }
        }
        const char *stop = line_end(at, (size_t)(end - at));
        size_t piece = (size_t)((stop ? stop : end) - at);
        enum status st = STATUS_OK;
        if (!stop || s->line.len)
            st = buf_add(&s->line, at, piece);
        if (st || !stop)
            return st;
        s->after_cr = *stop == '\r';
        if (s->line.len) {
            st = take_line(s, buf_str(&s->line), s->line.len, false);
            buf_reset(&s->line);
        } else {
            if (piece > s->line.cap)
                return STATUS_TOO_LARGE;
            st = take_line(s, at, piece, true);
        }
        if (st)
            return st;
        at = stop + 1;
    }
    return STATUS_OK;
}

enum status sse_feed(struct sse *s, const char *bytes, size_t len)
{
    enum status st = read_lines(s, bytes, len);
    enum status kept = keep_fed(s);
    return st ? st : kept;
}

void sse_trim(struct sse *s)
{
    if (!s->line.len)
        buf_release(&s->line);
    if (!s->has_data)
        buf_release(&s->data);
}
