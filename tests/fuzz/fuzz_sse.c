/* Server-sent events: the same ones wherever the bytes are cut, none over the caps. */
#include "base/sse.h"
#include "fuzz.h"

enum { LINE_CAP = 100, EVENT_CAP = 150, NOTES_MAX = 1024 * 1024 };

static enum status note(void *ctx, const struct sse_event *e)
{
    FUZZ_CHECK(e->len <= EVENT_CAP);
    FUZZ_CHECK(strlen(e->type) <= LINE_CAP && strlen(e->id) <= LINE_CAP);
    buf_printf(ctx, "%s %s %zu ", e->type, e->id, e->len);
    return buf_add(ctx, e->data, e->len);
}

/* In pieces of so many bytes, 0: all at once. */
static enum status feed(struct buf *notes, const uint8_t *bytes, size_t len, size_t piece)
{
    struct sse s;
    enum status st = STATUS_OK;
    buf_init(notes, NOTES_MAX);
    sse_init(&s, LINE_CAP, EVENT_CAP, note, notes);
    for (size_t at = 0, n; at < len && !st; at += n) {
        n = piece && piece < len - at ? piece : len - at;
        char *copy = fuzz_copy(bytes + at, n);
        st = sse_feed(&s, copy, n);
        free(copy);
        sse_trim(&s);
    }
    FUZZ_CHECK(s.line.len <= LINE_CAP && s.data.len <= EVENT_CAP);
    buf_printf(notes, "retry %lld", (long long)s.retry_ms);
    sse_release(&s);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct buf whole, cut;
    if (len > NOTES_MAX / 512)
        return 0;
    enum status st = feed(&whole, bytes, len, 0);
    FUZZ_CHECK(st == STATUS_OK || st == STATUS_TOO_LARGE);
    for (size_t piece = 1; piece <= 3; piece++) {
        FUZZ_CHECK(feed(&cut, bytes, len, piece) == st);
        fuzz_same(&whole, &cut);
        buf_release(&cut);
    }
    buf_release(&whole);
    return 0;
}
