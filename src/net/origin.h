/*
 * Who may open a connection to a server that speaks HTTP/2, so that many calls at once share few.
 *
 * libcurl opens one for each call that finds those there are full, until one of the new ones
 * stands. Here such calls wait instead, while one opens; if that was not enough, two together open
 * the next ones, then three. A server that is not known to speak HTTP/2 makes nobody wait.
 */
#ifndef MAGEC_NET_ORIGIN_H
#define MAGEC_NET_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "net/tls.h"

enum { ORIGINS_MAX = 64 }; /* known at once; what is beyond is let through */

/* Where a call stands. */
enum seat_state {
    SEAT_OUT,     /* the call is not counted */
    SEAT_WAITING, /* it is not with libcurl */
    SEAT_LOOKING, /* for a connection */
    SEAT_OPENING, /* one of its own */
    SEAT_SEATED,  /* on one */
    SEAT_STATES
};

struct origin;

/* One call's place; embedded in it. Zeroed: out. */
struct seat {
    /* It need not wait any longer: it is looking now. May be called from within any of the
     * functions here, so that it should only make a note of it. */
    void (*go)(struct seat *s);
    struct origin *origin;
    enum seat_state state;
    unsigned began;             /* origin->opened when it began to look */
    struct seat *next, *before; /* of those that wait */
};

struct origin {
    uint64_t key;
    enum { SPEAKS_UNKNOWN, SPEAKS_HTTP1, SPEAKS_HTTP2 } speaks;
    size_t count[SEAT_STATES];
    size_t together, together_max; /* connections of which some are being opened still */
    unsigned opened;               /* connections so far */
    struct seat *alone; /* opened the last of them, which stands: nobody joined or was answered */
    struct seat *first, *last; /* who waits */
};

struct origins {
    struct origin all[ORIGINS_MAX];
    size_t count;
    size_t replaced; /* the last one that had to go */
};

/* Takes a seat for a call to url. Calls may share connections if their tls and proxy (or NULL) are
 * equal. False: it waits, go comes later. */
bool seat_take(struct seat *s, struct origins *origins, const char *url, const struct http_tls *tls,
    const char *proxy);
/* It found no connection with room. False: it must not open one, but be taken out of libcurl and
 * then wait. */
bool seat_may_open(struct seat *s);
void seat_wait(struct seat *s);
/* It has a connection. */
void seat_connected(struct seat *s);
/* The server answered, in HTTP/2 or not. */
void seat_answered(struct seat *s, bool http2);
/* The call is over, or given up, in whatever state. Again does nothing. */
void seat_leave(struct seat *s);

#endif
