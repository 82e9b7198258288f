/* FastCGI records: the same pieces wherever the bytes are cut; pieces of what was given, or an
 * answer of ours; and the parameters in them. */
#include "fuzz.h"
#include "responder/record.h"

enum { NOTES_MAX = 1024 * 1024 };

struct notes {
    struct buf said;
    struct buf params;
    enum record_kind last;
};

/* Pieces of one stream that follow each other are one. */
static void note(struct notes *n, enum record_kind kind, const struct record_piece *p,
    const struct record_reader *r)
{
    bool bytes = kind == RECORD_PARAMS || kind == RECORD_BODY || kind == RECORD_ANSWER;
    if (n->last != kind || !bytes || kind == RECORD_ANSWER)
        buf_printf(&n->said, "\n%d of %d %d:", kind, r->id, kind == RECORD_BEGIN && r->keep);
    if (bytes)
        FUZZ_CHECK(!buf_add(&n->said, p->bytes, p->len));
    if (kind == RECORD_PARAMS)
        FUZZ_CHECK(!buf_add(&n->params, p->bytes, p->len));
    n->last = kind;
}

/* One record, whole. */
static void check_answer(const struct record_piece *p, const struct record_reader *r)
{
    const unsigned char *head = (const unsigned char *)p->bytes;
    FUZZ_CHECK(fuzz_within(p->bytes, p->len, r->answer, RECORD_ASKED_MAX));
    FUZZ_CHECK(p->len >= RECORD_HEADER && head[0] == FCGI_VERSION);
    FUZZ_CHECK(p->len == RECORD_HEADER + (size_t)(head[4] << 8) + head[5] + head[6]);
}

/* False when it broke. */
static bool read_piece(struct record_reader *r, struct notes *n, const char *bytes, size_t len)
{
    const char *at = bytes;
    size_t left = len;
    struct record_piece p = {0};
    for (enum record_kind k; (k = record_next(r, &at, &left, &p)) != RECORD_MORE;) {
        FUZZ_CHECK(fuzz_within(at, left, bytes, len));
        if (k == RECORD_PARAMS || k == RECORD_BODY)
            FUZZ_CHECK(p.len && fuzz_within(p.bytes, p.len, bytes, len));
        if (k == RECORD_ANSWER)
            check_answer(&p, r);
        note(n, k, &p, r);
        if (k == RECORD_BROKEN)
            return false;
        if (k == RECORD_BODY_END)
            record_again(r);
    }
    FUZZ_CHECK(!left);
    return true;
}

static void read_all(struct notes *n, const uint8_t *bytes, size_t len, size_t piece)
{
    struct record_reader r;
    bool whole = true;
    record_reader_init(&r);
    *n = (struct notes){.last = RECORD_MORE};
    buf_init(&n->said, NOTES_MAX);
    buf_init(&n->params, NOTES_MAX);
    for (size_t at = 0, count; at < len && whole; at += count) {
        count = piece < len - at ? piece : len - at;
        char *copy = fuzz_copy(bytes + at, count);
        whole = read_piece(&r, n, copy, count);
        free(copy);
    }
}

static void check_pairs(const struct buf *params)
{
    char *copy = fuzz_copy(buf_str(params), params->len);
    const char *at = copy;
    size_t left = params->len;
    struct record_piece name, value;
    while (record_pair(&at, &left, &name, &value)) {
        FUZZ_CHECK(fuzz_within(name.bytes, name.len, copy, params->len));
        FUZZ_CHECK(fuzz_within(value.bytes, value.len, copy, params->len));
        FUZZ_CHECK(value.bytes == name.bytes + name.len && at == value.bytes + value.len);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct notes whole, cut;
    if (!len || len > NOTES_MAX / 64)
        return 0;
    read_all(&whole, bytes, len, len);
    check_pairs(&whole.params);
    for (size_t piece = 1; piece <= 3; piece++) {
        read_all(&cut, bytes, len, piece);
        fuzz_same(&whole.said, &cut.said);
        buf_release(&cut.said);
        buf_release(&cut.params);
    }
    buf_release(&whole.said);
    buf_release(&whole.params);
    return 0;
}
