/*
 * What every call of a process shares: the loop, HTTP out, the writer, the log, the limits.
 */
#ifndef MAGEC_WEBHOOK_SERVICE_H
#define MAGEC_WEBHOOK_SERVICE_H

#include <stdatomic.h>

#include "agent/task.h"
#include "base/log.h"
#include "store/reader.h"
#include "store/writer.h"
#include "webhook/known.h"

/* Every one has a default, an option and a variable in the environment (magec-fcgi(8)). */
struct limits {
    size_t max_body;         /* bytes of a passthrough body */
    size_t max_reply;        /* bytes of one agent's answer */
    size_t max_unsent;       /* bytes of a reply that wait for a slow caller; then agents pause */
    int64_t max_calls;       /* calls in flight */
    int64_t heartbeat_ms;    /* between two SSE comments while nothing else is said; 0: none */
    int64_t read_timeout_ms; /* between two pieces of a request */
    int64_t request_timeout_ms; /* for all of a request to arrive */
    int64_t write_timeout_ms;   /* a caller that takes nothing for so long is dropped */
};

struct service {
    struct agent_env env; /* loop, transport, max_reply, gates, routes */
    struct writer *writer;
    struct reader *reader; /* NULL in a process that has one call: it may wait */
    struct log *log;
    struct limits limits;
    atomic_int_fast64_t calls; /* in flight: admitted and not yet ended */
    atomic_bool stopping;      /* no new calls: the drain time is over */
    struct run *runs;          /* on the loop: all that are recorded and have not ended (run.h) */
    struct known_cache known;  /* on the loop */
    int64_t pace_us;           /* on the loop: how long calls take lately, on average */
    int64_t writing;           /* on the loop: calls that wait for the writer */
    struct buf scratch;        /* on the loop: for what is built and handed on at once */
};

void limits_default(struct limits *l);

struct service_options {
    const char *store; /* path */
    struct limits limits;
    struct writer_options writer;
    struct log *log; /* stays the caller's */
};

/* What a refusal needs: the log and the limits. */
void service_init(struct service *s, const struct service_options *o);
/* What a run needs: opens loop, transport and writer; and a reader, unless the writer works in
 * line. */
enum status service_start(struct service *s, const struct service_options *o, struct error *err);
/* Both. */
enum status service_open(struct service *s, const struct service_options *o, struct error *err);
/* Everything must have ended. Works on a half-opened one; a zeroed one too. */
void service_close(struct service *s);

#endif
