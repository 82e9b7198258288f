/*
 * One connection to a web server, after its request was read: a sink that frames what it is given
 * as FastCGI records (FastCGI 1.0, section 3.3), or, for a CGI, writes it as it is. Non-blocking,
 * on the loop; notices a hang-up while it has nothing to say.
 */
#ifndef MAGEC_RESPONDER_CONN_H
#define MAGEC_RESPONDER_CONN_H

#include "base/buf.h"
#include "net/loop.h"
#include "webhook/sink.h"

/* Connections that are open; on the loop. */
struct conn_list {
    struct conn *first;
};

enum conn_framing { CONN_FASTCGI, CONN_PLAIN };

struct conn_options {
    int fd; /* closed by the connection, but for CONN_PLAIN */
    enum conn_framing framing;
    struct watch *watch;      /* of fd; the connection's from now on. NULL: it makes its own */
    int request_id;           /* FastCGI's */
    bool linger;              /* some of the request was not read: read it away before closing */
    bool keep;                /* FCGI_KEEP_CONN, and nothing of the request is left unread */
    int64_t write_timeout_ms; /* a server that takes nothing for so long is gone */
    size_t cap;               /* most bytes that wait */
    struct conn_list *list;   /* to be in while it is open; may be NULL */
    /* The last call; may be NULL. */
    void (*closed)(void *ctx, bool whole);
    /* The last call instead of closed, when the reply is whole and keep is set: the descriptor and
     * its watch are the callee's again. */
    void (*again)(void *ctx, int fd, struct watch *watch);
    void *ctx;
};

/* NULL when out of memory: fd and watch are then still the caller's. Frees itself behind
 * sink->ops->end. */
struct sink *conn_new(struct loop *l, const struct conn_options *o);
/* Gives up those whose reply ended so long ago and is still not sent. */
void conn_list_drop(struct conn_list *list, int64_t after_ms);

#endif
