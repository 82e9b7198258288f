#include "responder/record.h"

#include <stdint.h>
#include <string.h>

enum { ROLE_RESPONDER = 1, KEEP_CONN = 1, BEGIN_BODY = 8, END_BODY = 8, CANT_MPX_CONN = 1 };

void record_reader_init(struct record_reader *r)
{
    r->id = 0;
    r->keep = r->params_ended = false;
    r->have = r->content = r->padding = r->small_len = 0;
}

bool record_between(const struct record_reader *r)
{
    return r->have == 0;
}

void record_again(struct record_reader *r)
{
    r->id = 0;
    r->params_ended = false;
}

/* ---- names and values ---- */

static bool take_length(const char **at, size_t *left, size_t *length)
{
    const unsigned char *p = (const unsigned char *)*at;
    size_t width = *left && *p & 0x80 ? 4 : 1;
    if (*left < width)
        return false;
    *length = width == 1 ? *p
                         : (size_t)(p[0] & 0x7f) << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 |
                               (size_t)p[3];
    *at += width;
    *left -= width;
    return true;
}

static bool take_piece(const char **at, size_t *left, struct record_piece *piece, size_t len)
{
    if (len > *left)
        return false;
    *piece = (struct record_piece){*at, len};
    *at += len;
    *left -= len;
    return true;
}

bool record_pair(
    const char **at, size_t *left, struct record_piece *name, struct record_piece *value)
{
    size_t name_len, value_len;
    return take_length(at, left, &name_len) && take_length(at, left, &value_len) &&
           take_piece(at, left, name, name_len) && take_piece(at, left, value, value_len);
}

/* ---- what is answered at once ---- */

static void begin_answer(struct record_reader *r, int type, size_t content)
{
    char *a = r->answer;
    memset(a, 0, RECORD_HEADER + content);
    a[0] = FCGI_VERSION;
    a[1] = (char)type;
    a[4] = (char)(content >> 8);
    a[5] = (char)content;
}

static enum record_kind answered(
    const struct record_reader *r, size_t content, struct record_piece *piece)
{
    *piece = (struct record_piece){r->answer, RECORD_HEADER + content};
    return RECORD_ANSWER;
}

/* Section 4.1: the variables asked for, of those that there are. */
static enum record_kind answer_values(struct record_reader *r, struct record_piece *piece)
{
    static const struct {
        const char *name;
        char value;
    } known[] = {{"FCGI_MPXS_CONNS", '0'}};
    const char *at = r->small;
    size_t left = r->small_len, len = 0;
    struct record_piece name, value;
    char *to = r->answer + RECORD_HEADER;
    while (record_pair(&at, &left, &name, &value))
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
            size_t n = strlen(known[i].name);
            if (name.len != n || memcmp(name.bytes, known[i].name, n) ||
                RECORD_HEADER + len + n + 3 > sizeof r->answer)
                continue;
            to[len++] = (char)n;
            to[len++] = 1;
            memcpy(to + len, known[i].name, n);
            len += n;
            to[len++] = known[i].value;
        }
    char kept[sizeof r->answer];
    memcpy(kept, to, len);
    begin_answer(r, FCGI_GET_VALUES_RESULT, len);
    memcpy(to, kept, len);
    return answered(r, len, piece);
}

static enum record_kind answer_unknown(struct record_reader *r, struct record_piece *piece)
{
    begin_answer(r, FCGI_UNKNOWN_TYPE, 8);
    r->answer[RECORD_HEADER] = (char)r->head[1];
    return answered(r, 8, piece);
}

static enum record_kind turn_away(struct record_reader *r, struct record_piece *piece)
{
    begin_answer(r, FCGI_END_REQUEST, END_BODY);
    r->answer[2] = (char)r->head[2];
    r->answer[3] = (char)r->head[3];
    r->answer[RECORD_HEADER + 4] = CANT_MPX_CONN;
    return answered(r, END_BODY, piece);
}

/* ---- records ---- */

static int record_id(const struct record_reader *r)
{
    return r->head[2] << 8 | r->head[3];
}

/* Of what is read whole: requests that begin, and what is asked of the application. */
static bool is_small(const struct record_reader *r)
{
    return r->head[1] == FCGI_BEGIN_REQUEST || r->head[1] == FCGI_GET_VALUES;
}

static enum record_kind begin_request(struct record_reader *r, struct record_piece *piece)
{
    if (r->small_len < BEGIN_BODY || !record_id(r))
        return RECORD_BROKEN;
    if (r->id && r->id != record_id(r))
        return turn_away(r, piece);
    if (r->id || r->small[0] != 0 || r->small[1] != ROLE_RESPONDER)
        return RECORD_BROKEN;
    r->id = record_id(r);
    r->keep = r->small[2] & KEEP_CONN;
    return RECORD_BEGIN;
}

/* What a record means whose content was read whole, or is empty. RECORD_MORE: nothing. */
static enum record_kind meaning(struct record_reader *r, struct record_piece *piece)
{
    int type = r->head[1];
    bool ours = r->id && record_id(r) == r->id;
    if (type == FCGI_BEGIN_REQUEST)
        return begin_request(r, piece);
    if (type == FCGI_GET_VALUES)
        return answer_values(r, piece);
    if (!record_id(r))
        return answer_unknown(r, piece);
    if (!ours)
        return RECORD_MORE;
    if (type == FCGI_ABORT_REQUEST)
        return RECORD_ABORT;
    if (type == FCGI_PARAMS && !r->params_ended) {
        r->params_ended = true;
        return RECORD_PARAMS_END;
    }
    return type == FCGI_STDIN && r->params_ended ? RECORD_BODY_END : RECORD_MORE;
}

/* A stream's piece that has content; RECORD_MORE for what is skipped. */
static enum record_kind stream_kind(const struct record_reader *r)
{
    if (!r->id || record_id(r) != r->id)
        return RECORD_MORE;
    if (r->head[1] == FCGI_PARAMS)
        return r->params_ended ? RECORD_MORE : RECORD_PARAMS;
    return r->head[1] == FCGI_STDIN && r->params_ended ? RECORD_BODY : RECORD_MORE;
}

static size_t take(const char **at, size_t *left, size_t most)
{
    size_t n = most < *left ? most : *left;
    *at += n;
    *left -= n;
    return n;
}

/* False: no FastCGI. */
static bool read_head(struct record_reader *r, const char **at, size_t *left)
{
    const char *from = *at;
    size_t n = take(at, left, RECORD_HEADER - r->have);
    memcpy(r->head + r->have, from, n);
    r->have += n;
    if (r->have < RECORD_HEADER)
        return true;
    r->content = (size_t)r->head[4] << 8 | r->head[5];
    r->padding = r->head[6];
    r->small_len = 0;
    return r->head[0] == FCGI_VERSION;
}

/* Some of the content. */
static enum record_kind read_content(
    struct record_reader *r, const char **at, size_t *left, struct record_piece *piece)
{
    const char *from = *at;
    size_t n = take(at, left, r->content);
    r->content -= n;
    if (is_small(r)) {
        size_t room = sizeof r->small - r->small_len, fits = n < room ? n : room;
        memcpy(r->small + r->small_len, from, fits);
        r->small_len += fits;
        return RECORD_MORE;
    }
    *piece = (struct record_piece){from, n};
    return stream_kind(r);
}

/* Whether the record's meaning is in what it says as a whole: it is empty, or small, or answered.
 */
static bool speaks_whole(const struct record_reader *r)
{
    bool empty = !(r->head[4] | r->head[5]);
    return empty || is_small(r) || !record_id(r) || r->head[1] == FCGI_ABORT_REQUEST;
}

enum record_kind record_next(
    struct record_reader *r, const char **at, size_t *left, struct record_piece *piece)
{
    *piece = (struct record_piece){NULL, 0};
    while (*left || r->have == RECORD_HEADER) {
        enum record_kind kind = RECORD_MORE;
        if (r->have < RECORD_HEADER) {
            if (!read_head(r, at, left))
                return RECORD_BROKEN;
            continue;
        }
        if (r->content && !*left)
            return RECORD_MORE;
        if (r->content) {
            kind = read_content(r, at, left, piece);
            if (kind != RECORD_MORE)
                return kind;
            continue;
        }
        if (r->padding && !*left)
            return RECORD_MORE;
        r->padding -= take(at, left, r->padding);
        if (r->padding)
            return RECORD_MORE;
        r->have = 0;
        if (speaks_whole(r))
            kind = meaning(r, piece);
        if (kind != RECORD_MORE)
            return kind;
    }
    return RECORD_MORE;
}
