/*
 * The calls of tools in a streamed answer. They come whole or in pieces, and pieces of several may
 * alternate; each is named by a key of the reader's (an index). What came of them so far is in
 * items, as whole calls are told.
 *
 * A call is known by its place, from 0 in the order of their beginnings. Functions that can fail
 * return what stream_fail returned when there are too many calls or they are too long, or
 * STATUS_NO_MEMORY.
 */
#ifndef MAGEC_AGENT_STREAM_CALLS_H
#define MAGEC_AGENT_STREAM_CALLS_H

#include "agent/tool.h"
#include "base/buf.h"
#include "base/utf8.h"

enum { STREAM_CALLS_MAX = 4 * 1024 * 1024 }; /* bytes of one answer's arguments together */

struct stream;

struct stream_calls {
    struct tool_call items[TOOL_CALLS_AT_ONCE_MAX];
    struct buf arguments[TOOL_CALLS_AT_ONCE_MAX];
    struct utf8_stream cut[TOOL_CALLS_AT_ONCE_MAX]; /* a character between two pieces */
    int64_t keys[TOOL_CALLS_AT_ONCE_MAX];
    size_t count;
};

size_t stream_calls_count(const struct stream *s);
/* A new one, at the last place: without a name, and with an id made of its place. Only when calls
 * are expected; else the reader sets s->called. */
enum status stream_call_begin(struct stream *s, int64_t key);
/* Whether one has such a key; *at is the latest that has. */
bool stream_call_find(const struct stream *s, int64_t key, size_t *at);
/* What it is called by now; NULL and "" change nothing. */
enum status stream_call_id(struct stream *s, size_t at, const char *id);
enum status stream_call_name(struct stream *s, size_t at, const char *name);
/* More of its arguments, or (set) all of them instead of what came. They become valid UTF-8, also
 * where a character is cut. */
enum status stream_call_add(struct stream *s, size_t at, const char *bytes, size_t len);
enum status stream_call_set(struct stream *s, size_t at, const char *bytes, size_t len);

/* For stream.c: every call has a name, or STATUS_BACKEND. */
enum status stream_calls_check(const struct stream *s, struct error *err);
void stream_calls_release(struct stream *s);

#endif
