/*
 * FastCGI in: a few threads that accept connections, read one request from each with libfcgi, and
 * hand the connection to the loop. The only file that knows libfcgi is intake.c.
 *
 * A connection carries one request: what follows on it is never read, so that the rest of a body
 * cannot pass for a request.
 */
#ifndef MAGEC_RESPONDER_INTAKE_H
#define MAGEC_RESPONDER_INTAKE_H

#include "webhook/webhook.h"

struct intake_pool;

struct intake_options {
    int fd;      /* a listening socket */
    bool shared; /* siblings take what comes while this process stops. Else whoever stops shuts it
                  * down first, and those who wait in it are told to try again */
    const char *store;
    size_t max_params;
    int64_t max_threads;
};

/* Starts the first threads; more come while all are busy, and go when idle. */
enum status intake_start(
    struct intake_pool **out, struct service *s, const struct intake_options *o, struct error *err);
/* On the loop. Asks the threads to end: they take no more connections, and finish what they read.
 * In a hurry what was not received by now is dropped, and so are those who take nothing for a
 * while. To be called again and again until it says that all have ended and every connection is
 * closed. */
bool intake_stop(struct intake_pool *p, bool hurry);
/* After intake_stop said so. */
void intake_free(struct intake_pool *p);

#endif
