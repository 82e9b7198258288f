/*
 * The three forms of a reply, one row each in a table: JSON, server-sent events, plain text.
 */
#ifndef MAGEC_WEBHOOK_FORMAT_H
#define MAGEC_WEBHOOK_FORMAT_H

#include "base/utf8.h"
#include "webhook/reply.h"

/* What the forms share of a reply; the rest is reply.c's. */
struct reply {
    struct run_observer observer;
    struct service *service;
    struct sink *sink; /* NULL: the caller is gone */
    struct run *run;   /* NULL before it began, and behind its end */
    const struct format *format;
    struct admission admission;
    struct timer *heartbeat;
    int64_t last_ms;          /* when something was written */
    struct utf8_stream *text; /* one for each agent: characters cut in two */
    size_t bytes;             /* written so far */
    bool head_sent;
    bool paused;
};

struct format {
    bool heartbeats;
    /* The run is recorded. */
    void (*began)(struct reply *r);
    /* An agent said something, or ended. */
    void (*event)(struct reply *r, size_t agent, const struct event *e);
    /* The whole run ended; err is what the caller is told, NULL when it succeeded. Whether the
     * response is whole. */
    bool (*ended)(struct reply *r, const struct error *err);
};

const struct format *format_of(enum reply_format f);

/* For the forms: bytes to the caller, if there still is one. */
void reply_write(struct reply *r, const char *bytes, size_t len);

#endif
