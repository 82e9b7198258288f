#include "agent/openai_calls.h"

#include <stdlib.h>
#include <string.h>

enum { EXTRA_MAX = 256 * 1024 };

/* Keys of calls that have no index. */
enum { NO_INDEX = -1, LEGACY = -2 };

struct piece {
    int64_t key;
    struct json_slice id, name, arguments;
    struct buf extra;
};

void openai_calls_init(struct openai_calls *c, struct stream *stream)
{
    c->stream = stream;
    buf_init(&c->content, STREAM_ECHO_MAX);
    buf_init(&c->reasoning, STREAM_ECHO_MAX);
    buf_init(&c->details, STREAM_ECHO_MAX);
}

void openai_calls_release(struct openai_calls *c)
{
    for (size_t i = 0; c->parts && i < TOOL_CALLS_AT_ONCE_MAX; i++)
        buf_release(&c->parts[i].extra);
    free(c->parts);
    c->parts = NULL;
    buf_release(&c->content);
    buf_release(&c->reasoning);
    buf_release(&c->details);
}

/* ---- one piece ---- */

/* A value as it stands. */
static void add_raw(struct buf *out, const struct json_slice *v)
{
    size_t quote = v->kind == JSON_STRING;
    if (out->len)
        buf_addc(out, ',');
    buf_add(out, v->bytes - quote, v->len + 2 * quote);
}

static void add_extra(struct buf *extra, const struct json_slice *key, const struct json_slice *v)
{
    if (v->kind == JSON_NULL || v->kind == JSON_ABSENT)
        return;
    add_raw(extra, key);
    buf_addc(extra, ':');
    size_t quote = v->kind == JSON_STRING;
    buf_add(extra, v->bytes - quote, v->len + 2 * quote);
}

static void scan_function(struct json_scan *s, struct piece *p)
{
    struct json_slice key, other;
    if (!json_scan_object(s))
        return;
    while (json_scan_member(s, &key)) {
        bool name = json_slice_is(&key, "name"), arguments = json_slice_is(&key, "arguments");
        json_scan_value(s, name ? &p->name : arguments ? &p->arguments : &other);
    }
}

static void scan_piece(struct json_scan *s, struct piece *p)
{
    struct json_slice key, other, index = {0};
    if (!json_scan_object(s))
        return;
    while (json_scan_member(s, &key)) {
        if (json_slice_is(&key, "function")) {
            scan_function(s, p);
        } else if (json_slice_is(&key, "index") || json_slice_is(&key, "id")) {
            json_scan_value(s, json_slice_is(&key, "id") ? &p->id : &index);
        } else {
            json_scan_value(s, &other);
            if (!json_slice_is(&key, "type"))
                add_extra(&p->extra, &key, &other);
        }
    }
    p->key = json_slice_int(&index, NO_INDEX);
}

static bool has_arguments(const struct piece *p)
{
    return p->arguments.kind == JSON_OBJECT ||
           (p->arguments.kind == JSON_STRING && p->arguments.len > 0);
}

/* Of a call that was found, whether this is the first piece of another one: not every server counts
 * its calls, or names them. */
static bool is_another(
    const struct openai_calls *c, size_t at, const struct piece *p, const struct tool_call *words)
{
    const struct tool_call *call = &c->stream->calls->items[at];
    if (!words->name)
        return false;
    if (words->id && c->parts[at].has_id)
        return strcmp(words->id, call->id) != 0;
    if (*call->name && strcmp(words->name, call->name) != 0)
        return true;
    return c->parts[at].whole && has_arguments(p);
}

/* Of pieces without an index: the call that has the id, else the latest. */
static bool find_unnumbered(const struct stream *s, const char *id, size_t *at)
{
    size_t count = stream_calls_count(s);
    *at = count ? count - 1 : 0;
    for (size_t i = count; id && i > 0; i--) {
        if (!strcmp(s->calls->items[i - 1].id, id)) {
            *at = i - 1;
            break;
        }
    }
    return count > 0;
}

/* The place of the call that the piece is of, which may be new. */
static enum status find_place(
    struct openai_calls *c, const struct piece *p, const struct tool_call *words, size_t *at)
{
    struct stream *s = c->stream;
    bool found =
        p->key == NO_INDEX ? find_unnumbered(s, words->id, at) : stream_call_find(s, p->key, at);
    if (found && !is_another(c, *at, p, words))
        return STATUS_OK;
    *at = stream_calls_count(s);
    enum status st = stream_call_begin(s, p->key);
    if (!st)
        buf_init(&c->parts[*at].extra, EXTRA_MAX);
    return st;
}

static enum status add_arguments(struct openai_calls *c, size_t at, const struct piece *p)
{
    struct stream *s = c->stream;
    const struct json_slice *v = &p->arguments;
    if (v->kind == JSON_OBJECT)
        return stream_call_set(s, at, v->bytes, v->len);
    buf_reset(&s->decoded);
    enum status st = json_slice_add(v, &s->decoded);
    return st ? st : stream_call_add(s, at, buf_str(&s->decoded), s->decoded.len);
}

static enum status take(
    struct openai_calls *c, size_t at, const struct piece *p, const struct tool_call *words)
{
    struct stream *s = c->stream;
    struct tool_call *call = &s->calls->items[at];
    struct openai_part *part = &c->parts[at];
    bool first = !*call->arguments;
    enum status st = stream_call_id(s, at, words->id);
    part->has_id = part->has_id || words->id;
    if (!st && !*call->name)
        st = stream_call_name(s, at, words->name);
    if (!st)
        st = add_arguments(c, at, p);
    if (first && has_arguments(p) && !st && words->name)
        part->whole = tool_call_object(call) == call->arguments;
    if (!part->extra.len && !buf_status(&p->extra))
        buf_add(&part->extra, buf_str(&p->extra), p->extra.len);
    return st;
}

static enum status read_piece(struct openai_calls *c, const struct piece *p)
{
    struct tool_call words = {0}; /* what the piece says */
    struct stream *s = c->stream;
    size_t at;
    if (!c->parts)
        c->parts = calloc(TOOL_CALLS_AT_ONCE_MAX, sizeof *c->parts);
    enum status st = c->parts ? STATUS_OK : STATUS_NO_MEMORY;
    if (!st)
        st = stream_word(s, &p->id, &words.id);
    if (!st)
        st = stream_word(s, &p->name, &words.name);
    if (!st)
        st = find_place(c, p, &words, &at);
    if (!st)
        st = take(c, at, p, &words);
    tool_call_release(&words);
    return st;
}

/* ---- the pieces of a delta ---- */

/* The value that comes. */
static enum status read_one(struct openai_calls *c, struct json_scan *scan, bool legacy)
{
    struct piece p = {.key = LEGACY};
    struct stream *s = c->stream;
    enum status st = STATUS_OK;
    buf_init(&p.extra, EXTRA_MAX);
    if (legacy)
        scan_function(scan, &p);
    else
        scan_piece(scan, &p);
    if (!s->expects)
        s->called = true;
    else
        st = read_piece(c, &p);
    buf_release(&p.extra);
    return st;
}

enum status openai_calls_read(struct openai_calls *c, const struct json_slice *calls)
{
    struct json_scan scan;
    enum status st = STATUS_OK;
    if (calls->kind != JSON_ARRAY)
        return STATUS_OK;
    json_scan_init(&scan, calls->bytes, calls->len);
    if (!json_scan_array(&scan))
        return STATUS_OK;
    while (!st && json_scan_element(&scan))
        st = read_one(c, &scan, false);
    return st;
}

enum status openai_calls_read_legacy(struct openai_calls *c, const struct json_slice *call)
{
    struct json_scan scan;
    if (call->kind != JSON_OBJECT)
        return STATUS_OK;
    json_scan_init(&scan, call->bytes, call->len);
    return read_one(c, &scan, true);
}

void openai_calls_keep_details(struct openai_calls *c, const struct json_slice *details)
{
    struct json_scan scan;
    struct json_slice element;
    if (details->kind != JSON_ARRAY)
        return;
    json_scan_init(&scan, details->bytes, details->len);
    if (!json_scan_array(&scan))
        return;
    while (json_scan_element(&scan)) {
        json_scan_value(&scan, &element);
        add_raw(&c->details, &element);
    }
}

/* ---- the way back ---- */

void openai_calls_put(struct json_writer *w, const struct tool_call *call, const struct buf *extra)
{
    json_begin_object(w);
    json_member_string(w, "id", call->id);
    json_member_string(w, "type", "function");
    json_key(w, "function");
    json_begin_object(w);
    json_member_string(w, "name", call->name);
    json_member_string(w, "arguments", tool_call_object(call));
    json_end_object(w);
    if (extra && extra->len) {
        buf_addc(w->out, ',');
        buf_add(w->out, extra->data, extra->len);
    }
    json_end_object(w);
}

static void put_reasoning(struct openai_calls *c, struct json_writer *w)
{
    if (c->reasoning.len) {
        json_key(w, "reasoning_content");
        json_put_string(w, c->reasoning.data, c->reasoning.len);
    }
    if (c->details.len) {
        json_key(w, "reasoning_details");
        json_begin_array(w);
        json_put_raw(w, c->details.data, c->details.len);
        json_end_array(w);
    }
}

void openai_calls_echo(struct openai_calls *c)
{
    struct stream *s = c->stream;
    struct json_writer w;
    if (!stream_calls_count(s))
        return;
    buf_release(&s->echo);
    if (buf_status(&c->content) || buf_status(&c->reasoning) || buf_status(&c->details))
        return;
    json_writer_init(&w, &s->echo);
    json_begin_object(&w);
    json_member_string(&w, "role", "assistant");
    json_key(&w, "content");
    if (c->content.len)
        json_put_string(&w, c->content.data, c->content.len);
    else
        json_put_null(&w);
    put_reasoning(c, &w);
    json_key(&w, "tool_calls");
    json_begin_array(&w);
    for (size_t i = 0; i < s->calls->count; i++)
        openai_calls_put(&w, &s->calls->items[i], &c->parts[i].extra);
    json_end_array(&w);
    json_end_object(&w);
}
