#include "agent/stream_calls.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/stream.h"
#include "base/strings.h"

size_t stream_calls_count(const struct stream *s)
{
    return s->calls ? s->calls->count : 0;
}

static enum status too_many(struct stream *s)
{
    char words[64];
    snprintf(words, sizeof words, "the model called more than %d tools at once",
        (int)TOOL_CALLS_AT_ONCE_MAX);
    return stream_fail(s, words);
}

static enum status too_long(struct stream *s)
{
    return stream_fail(s, "the arguments of the tools that the model called are too long");
}

enum status stream_call_begin(struct stream *s, int64_t key)
{
    char id[32];
    if (!s->calls)
        s->calls = calloc(1, sizeof *s->calls);
    if (!s->calls)
        return STATUS_NO_MEMORY;
    struct stream_calls *c = s->calls;
    size_t at = c->count;
    if (at == TOOL_CALLS_AT_ONCE_MAX)
        return too_many(s);
    c->count++;
    c->keys[at] = key;
    buf_init(&c->arguments[at], TOOL_ARGUMENTS_MAX);
    snprintf(id, sizeof id, "call_%zu", c->count);
    if (string_set(&c->items[at].id, id) || string_set(&c->items[at].name, ""))
        return STATUS_NO_MEMORY;
    return stream_call_set(s, at, "", 0);
}

bool stream_call_find(const struct stream *s, int64_t key, size_t *at)
{
    for (size_t i = stream_calls_count(s); i > 0; i--) {
        if (s->calls->keys[i - 1] == key) {
            *at = i - 1;
            return true;
        }
    }
    return false;
}

static enum status set_word(char **to, const char *word)
{
    return word && *word ? string_set(to, word) : STATUS_OK;
}

enum status stream_call_id(struct stream *s, size_t at, const char *id)
{
    return set_word(&s->calls->items[at].id, id);
}

enum status stream_call_name(struct stream *s, size_t at, const char *name)
{
    return set_word(&s->calls->items[at].name, name);
}

static size_t all_bytes(const struct stream_calls *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->count; i++)
        n += c->arguments[i].len;
    return n;
}

enum status stream_call_add(struct stream *s, size_t at, const char *bytes, size_t len)
{
    struct stream_calls *c = s->calls;
    struct buf *b = &c->arguments[at];
    if (len > STREAM_CALLS_MAX - all_bytes(c))
        return too_long(s);
    enum status st = buf_reserve(b, len);
    if (!st)
        st = utf8_feed(&c->cut[at], bytes, len, b);
    if (st)
        return st == STATUS_TOO_LARGE ? too_long(s) : st;
    c->items[at].arguments = b->data;
    return STATUS_OK;
}

enum status stream_call_set(struct stream *s, size_t at, const char *bytes, size_t len)
{
    buf_reset(&s->calls->arguments[at]);
    s->calls->cut[at] = (struct utf8_stream){0};
    return stream_call_add(s, at, bytes, len);
}

enum status stream_calls_check(const struct stream *s, struct error *err)
{
    for (size_t i = 0; i < s->calls->count; i++)
        if (!*s->calls->items[i].name)
            return error_set(err, STATUS_BACKEND, "the model called a tool without a name");
    return STATUS_OK;
}

void stream_calls_release(struct stream *s)
{
    for (size_t i = 0; i < stream_calls_count(s); i++) {
        s->calls->items[i].arguments = NULL; /* the buffer's */
        tool_call_release(&s->calls->items[i]);
        buf_release(&s->calls->arguments[i]);
    }
    free(s->calls);
    s->calls = NULL;
}
