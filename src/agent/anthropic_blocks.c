#include "agent/anthropic_blocks.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT, THINKING, SIGNATURE, INPUT };

static const struct {
    const char *delta, *in_delta, *in_block;
    const char *implied; /* the block that a server leaves to its first delta */
} growing[ANTHROPIC_GROWING] = {
    [TEXT] = {"text_delta", "text", "text", "{\"type\":\"text\"}"},
    [THINKING] = {"thinking_delta", "thinking", "thinking", "{\"type\":\"thinking\"}"},
    [SIGNATURE] = {"signature_delta", "signature", "signature", NULL},
    [INPUT] = {"input_json_delta", "partial_json", "input", NULL},
};

static struct json_slice member(const struct json_slice *object, const char *name)
{
    struct json_scan s;
    struct json_slice key, other, value = {0};
    json_scan_init(&s, object->bytes, object->len);
    if (object->kind != JSON_OBJECT || !json_scan_object(&s))
        return value;
    while (json_scan_member(&s, &key))
        json_scan_value(&s, json_slice_is(&key, name) ? &value : &other);
    return value;
}

static struct json_slice start_of(const struct anthropic_block *block)
{
    return (struct json_slice){
        .kind = JSON_OBJECT, .bytes = buf_str(&block->start), .len = block->start.len};
}

void anthropic_blocks_release(struct anthropic_blocks *b)
{
    for (size_t i = 0; i < b->count; i++) {
        buf_release(&b->items[i].start);
        for (size_t k = 0; k < ANTHROPIC_GROWING; k++)
            buf_release(&b->items[i].added[k]);
    }
    free(b->items);
    *b = (struct anthropic_blocks){0};
}

/* ---- what comes ---- */

static enum status keep(struct anthropic_blocks *b, struct buf *to, const char *bytes, size_t len)
{
    b->lost = b->lost || len > STREAM_ECHO_MAX - b->bytes;
    if (b->lost)
        return STATUS_OK;
    b->bytes += len;
    return buf_add(to, bytes, len);
}

static enum status add_block(
    struct anthropic_blocks *b, int64_t index, const char *bytes, size_t len)
{
    if (b->count == ANTHROPIC_BLOCKS_MAX) {
        b->lost = true;
        return STATUS_OK;
    }
    if (!(b->count & (b->count - 1))) { /* a power of two, or none: it is full */
        size_t room = b->count ? 2 * b->count : 1;
        struct anthropic_block *more = realloc(b->items, room * sizeof *more);
        if (!more)
            return STATUS_NO_MEMORY;
        b->items = more;
    }
    struct anthropic_block *block = &b->items[b->count++];
    *block = (struct anthropic_block){.index = index};
    buf_init(&block->start, STREAM_ECHO_MAX);
    for (size_t k = 0; k < ANTHROPIC_GROWING; k++)
        buf_init(&block->added[k], STREAM_ECHO_MAX);
    return keep(b, &block->start, bytes, len);
}

/* The latest of that index, or NULL. */
static struct anthropic_block *find(const struct anthropic_blocks *b, int64_t index)
{
    for (size_t i = b->count; i > 0; i--)
        if (b->items[i - 1].index == index)
            return &b->items[i - 1];
    return NULL;
}

/* With the input that it has already, if any. */
static enum status begin_call(struct stream *s, int64_t index, const struct json_slice *block)
{
    const struct json_slice id = member(block, "id"), name = member(block, "name");
    const struct json_slice input = member(block, "input");
    struct json_slice key;
    struct json_scan scan;
    char *word = NULL;
    enum status st = stream_call_begin(s, index);
    size_t at = st ? 0 : stream_calls_count(s) - 1;
    if (!st)
        st = stream_word(s, &id, &word);
    if (!st)
        st = stream_call_id(s, at, word);
    if (!st)
        st = stream_word(s, &name, &s->calls->items[at].name);
    json_scan_init(&scan, input.bytes, input.len);
    if (!st && input.kind == JSON_OBJECT && json_scan_object(&scan) &&
        json_scan_member(&scan, &key))
        st = stream_call_set(s, at, input.bytes, input.len);
    free(word);
    return st;
}

enum status anthropic_blocks_begin(
    struct anthropic_blocks *b, struct stream *s, int64_t index, const struct json_slice *block)
{
    const struct json_slice type = member(block, "type");
    bool is_call = json_slice_is(&type, "tool_use");
    size_t before = b->count;
    if (block->kind != JSON_OBJECT)
        return STATUS_OK;
    enum status st = is_call ? begin_call(s, index, block) : STATUS_OK;
    if (!st)
        st = add_block(b, index, block->bytes, block->len);
    if (st || !is_call || b->count == before)
        return st;
    b->items[before].is_call = true;
    b->items[before].call = stream_calls_count(s) - 1;
    return STATUS_OK;
}

static enum status keep_input(
    struct anthropic_blocks *b, struct anthropic_block *block, const struct buf *piece)
{
    b->lost = b->lost || piece->len > STREAM_ECHO_MAX - b->bytes;
    if (b->lost)
        return STATUS_OK;
    b->bytes += piece->len;
    enum status st = utf8_feed(&block->cut, buf_str(piece), piece->len, &block->added[INPUT]);
    b->lost = st == STATUS_TOO_LARGE;
    return b->lost ? STATUS_OK : st;
}

/* The first piece takes the place of what it began with, which says nothing. */
static enum status add_input(
    struct anthropic_blocks *b, struct stream *s, int64_t index, const struct json_slice *piece)
{
    struct anthropic_block *block = find(b, index);
    size_t at;
    if (!piece->len || piece->kind != JSON_STRING)
        return STATUS_OK;
    buf_reset(&s->decoded);
    enum status st = json_slice_add(piece, &s->decoded);
    if (st)
        return st;
    if (block && !block->is_call)
        return keep_input(b, block, &s->decoded);
    if (!stream_call_find(s, index, &at))
        return STATUS_OK;
    bool first = block && !block->pieces;
    if (first)
        block->pieces = true;
    return (first ? stream_call_set : stream_call_add)(s, at, buf_str(&s->decoded), s->decoded.len);
}

static enum status add_string(
    struct anthropic_blocks *b, int64_t index, size_t kind, const struct json_slice *piece)
{
    struct anthropic_block *block = find(b, index);
    const char *implied = growing[kind].implied;
    enum status st = STATUS_OK;
    if (piece->kind != JSON_STRING || b->lost)
        return STATUS_OK;
    if (!block && implied) {
        st = add_block(b, index, implied, strlen(implied));
        block = find(b, index);
    }
    return st || !block ? st : keep(b, &block->added[kind], piece->bytes, piece->len);
}

enum status anthropic_blocks_delta(
    struct anthropic_blocks *b, struct stream *s, int64_t index, const struct json_slice *delta)
{
    const struct json_slice type = member(delta, "type");
    for (size_t k = 0; k < ANTHROPIC_GROWING; k++) {
        if (!json_slice_is(&type, growing[k].delta))
            continue;
        const struct json_slice piece = member(delta, growing[k].in_delta);
        return k == INPUT ? add_input(b, s, index, &piece) : add_string(b, index, k, &piece);
    }
    return STATUS_OK;
}

enum status anthropic_blocks_text(
    struct anthropic_blocks *b, int64_t index, const struct json_slice *text)
{
    return add_string(b, index, TEXT, text);
}

/* ---- what is sent back ---- */

/* Whether nothing but blanks is in a string's inside, which the protocol takes for no text. */
static bool is_blank(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\\' && i + 1 < len && strchr("nrt", bytes[i + 1]))
            i++;
        else if (!strchr(" \n\r\t", bytes[i]) || !bytes[i])
            return false;
    }
    return true;
}

static bool is_left_out(const struct anthropic_block *block)
{
    const struct json_slice start = start_of(block);
    const struct json_slice type = member(&start, "type"), text = member(&start, "text");
    return json_slice_is(&type, "text") &&
           is_blank(text.bytes, text.kind == JSON_STRING ? text.len : 0) &&
           is_blank(buf_str(&block->added[TEXT]), block->added[TEXT].len);
}

/* What became of one that grows, or NULL: it is as it began. */
static const struct buf *grown(
    const struct anthropic_block *block, const struct stream *s, size_t kind)
{
    if (kind == INPUT && block->is_call)
        return &s->calls->arguments[block->call];
    return block->added[kind].len ? &block->added[kind] : NULL;
}

static void put_string(
    struct json_writer *w, const struct json_slice *began, const struct buf *added)
{
    json_put_raw(w, "\"", 1);
    if (began->kind == JSON_STRING)
        buf_add(w->out, began->bytes, began->len);
    buf_add(w->out, buf_str(added), added->len);
    buf_addc(w->out, '"');
}

static void put_input(struct json_writer *w, const struct buf *input)
{
    const struct tool_call call = {.arguments = input->data};
    const char *object = tool_call_object(&call);
    json_put_raw(w, object, strlen(object));
}

static void put_grown(
    struct json_writer *w, const struct anthropic_block *block, const struct stream *s)
{
    const struct json_slice start = start_of(block);
    for (size_t k = 0; k < ANTHROPIC_GROWING; k++) {
        const struct json_slice began = member(&start, growing[k].in_block);
        const struct buf *all = grown(block, s, k);
        if (!all)
            continue;
        json_key(w, growing[k].in_block);
        if (k == INPUT)
            put_input(w, all);
        else
            put_string(w, &began, all);
    }
}

/* Whether it is written as what became of it. */
static bool is_replaced(
    const struct anthropic_block *block, const struct stream *s, const struct json_slice *key)
{
    for (size_t k = 0; k < ANTHROPIC_GROWING; k++)
        if (json_slice_is(key, growing[k].in_block) && grown(block, s, k))
            return true;
    return block->is_call && json_slice_is(key, "id");
}

static void put_unchanged(
    struct json_writer *w, const struct anthropic_block *block, const struct stream *s)
{
    struct json_scan scan;
    struct json_slice key, value;
    json_scan_init(&scan, buf_str(&block->start), block->start.len);
    if (!json_scan_object(&scan))
        return;
    while (json_scan_member(&scan, &key)) {
        json_scan_value(&scan, &value);
        if (is_replaced(block, s, &key))
            continue;
        size_t quote = value.kind == JSON_STRING;
        json_put_raw(w, key.bytes - 1, key.len + 2);
        buf_addc(w->out, ':');
        w->comma = false;
        json_put_raw(w, value.bytes - quote, value.len + 2 * quote);
    }
}

static void put_block(
    struct json_writer *w, const struct anthropic_block *block, const struct stream *s)
{
    json_begin_object(w);
    put_unchanged(w, block, s);
    if (block->is_call)
        json_member_string(w, "id", s->calls->items[block->call].id);
    put_grown(w, block, s);
    json_end_object(w);
}

void anthropic_blocks_write(
    const struct anthropic_blocks *b, const struct stream *s, struct buf *out)
{
    struct json_writer w;
    buf_reset(out);
    if (b->lost)
        return;
    json_writer_init(&w, out);
    json_begin_array(&w);
    for (size_t i = 0; i < b->count; i++)
        if (!is_left_out(&b->items[i]))
            put_block(&w, &b->items[i], s);
    json_end_array(&w);
}
