/*
 * Server-sent events, the reading side (WHATWG HTML, section 9.2 "Server-sent events"). Pure: fed
 * bytes cut anywhere, it calls back for every event dispatched.
 *
 * One leading BOM is stripped; a line ends at LF, CRLF or a lone CR; lines that begin with a colon
 * are comments; one space behind the colon is stripped; several data lines join with LF; an event
 * is dispatched at a blank line if data was seen; an unterminated last event is discarded; an id
 * that contains NUL is ignored; retry is digits only.
 */
#ifndef MAGEC_BASE_SSE_H
#define MAGEC_BASE_SSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct sse_event {
    const char *type; /* "message" when the stream names none */
    const char *data; /* not terminated: where it was fed, if it came whole */
    size_t len;
    const char *id; /* the last id seen in the stream, "" before the first */
};

/* Returns STATUS_OK to go on; anything else ends the feeding and is returned by sse_feed. */
typedef enum status (*sse_visit)(void *ctx, const struct sse_event *event);

struct sse {
    struct buf line; /* an unfinished line: empty when lines come whole */
    struct buf data; /* the data of the event so far, unless fed has it */
    const char *fed; /* during sse_feed: the event's only data line, in the bytes fed; or NULL */
    size_t fed_len;
    struct buf type;
    struct buf id;
    int64_t retry_ms; /* -1 until the stream says it */
    bool has_data;
    bool begun;    /* a BOM can no longer come */
    bool after_cr; /* an LF now belongs to the line end before */
    sse_visit visit;
    void *ctx;
};

/* line_cap bounds one line, event_cap the data of one event; over one, sse_feed says
 * STATUS_TOO_LARGE. */
void sse_init(struct sse *s, size_t line_cap, size_t event_cap, sse_visit visit, void *ctx);
void sse_release(struct sse *s);
/* Lines that arrive whole are read in place, and an event of one data line that arrives whole is
 * not copied either; what is passed to visit is valid only during the call. */
enum status sse_feed(struct sse *s, const char *bytes, size_t len);
/* Frees what the buffers hold between events when it is empty; for calls that wait long. */
void sse_trim(struct sse *s);

#endif
