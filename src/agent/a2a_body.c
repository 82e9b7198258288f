/*
 * a2a_whole_reader: one answer as the whole body. It is read when its last bracket closes, so that
 * its text need not wait for the end of the body.
 */
#include <string.h>

#include "agent/a2a_stream.h"

/* Up to the end of the one value that a body is, or all. */
static size_t find_end(struct a2a_stream *g, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = bytes[i];
        if (g->in_string) {
            g->in_string = g->after_backslash || c != '"';
            g->after_backslash = !g->after_backslash && c == '\\';
        } else if (c == '"') {
            g->in_string = true;
        } else if (c == '{' || c == '[') {
            g->depth++;
        } else if ((c == '}' || c == ']') && --g->depth == 0) {
            g->whole = true;
            return i + 1;
        }
    }
    return len;
}

static size_t skip_space(const char *bytes, size_t len)
{
    size_t n = 0;
    while (n < len && memchr(" \t\r\n", bytes[n], 4))
        n++;
    return n;
}

static enum status feed_body(struct a2a_stream *g, const char *bytes, size_t len)
{
    size_t from = g->depth ? 0 : skip_space(bytes, len);
    if (from == len)
        return STATUS_OK;
    if (g->whole || (!g->depth && bytes[from] != '{'))
        return STATUS_BAD_REQUEST;
    size_t n = find_end(g, bytes + from, len - from);
    enum status st = buf_add(&g->body, bytes + from, n);
    if (!st && g->whole)
        st = a2a_stream_read(g, buf_str(&g->body), g->body.len);
    from += n;
    if (!st && !g->stream.done && from + skip_space(bytes + from, len - from) < len)
        st = STATUS_BAD_REQUEST;
    return st;
}

static enum status feed_whole(void *stream, const char *bytes, size_t len, struct error *err)
{
    struct a2a_stream *g = stream;
    enum status st = g->stream.done ? STATUS_OK : feed_body(g, bytes, len);
    if (!st)
        return STATUS_OK;
    if (g->stream.error)
        return error_set(err, STATUS_BACKEND, "%s", g->stream.error);
    if (st == STATUS_TOO_LARGE)
        return error_set(
            err, STATUS_BACKEND, "the answer is larger than %d bytes", (int)A2A_EVENT_MAX);
    if (st == STATUS_NO_MEMORY)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return error_set(err, STATUS_BACKEND, "the answer is not JSON");
}

static enum status end_whole(const void *stream, struct error *err)
{
    const struct a2a_stream *g = stream;
    if (g->whole || g->stream.done)
        return a2a_stream_end(g, "the agent answered before the task was complete", err);
    return error_set(err, STATUS_BACKEND, "the answer was truncated: it is no whole JSON");
}

const struct stream_reader a2a_whole_reader = {
    .size = sizeof(struct a2a_stream),
    .init = a2a_stream_init,
    .feed = feed_whole,
    .end = end_whole,
    .told = stream_told,
    .release = a2a_stream_release,
};
