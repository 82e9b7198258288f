/*
 * Where a reply's bytes go: a web server's connection, or a CGI's standard output. The bytes are a
 * CGI response (RFC 3875, section 6): header fields, a blank line, the body. On the loop only.
 */
#ifndef MAGEC_WEBHOOK_SINK_H
#define MAGEC_WEBHOOK_SINK_H

#include <stdbool.h>
#include <stddef.h>

struct sink {
    const struct sink_ops *ops;
    /* Set by the reply. Never called from within write or end, nor after end. */
    void (*gone)(void *ctx);    /* nobody takes the bytes any more */
    void (*drained)(void *ctx); /* all that was written has been sent */
    void *ctx;
};

struct sink_ops {
    /* Queues the bytes; they are sent before the loop waits again. */
    void (*write)(struct sink *s, const char *bytes, size_t len);
    /* How much is queued. */
    size_t (*unsent)(const struct sink *s);
    /* No more comes: sends what is queued and frees itself. Not whole: the response was cut off,
     * and must not look complete to the caller. */
    void (*end)(struct sink *s, bool whole);
};

#endif
