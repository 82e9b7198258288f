/*
 * FastCGI in, on the loop: accepts connections, reads one request at a time from each, and hands
 * the connection to a reply. Nothing here waits: what needs the store is asked of the service's
 * reader, unless the client is known.
 *
 * A connection is kept for another request only when the web server wants that and every byte of
 * the last one was read: the rest of a body cannot pass for a request.
 */
#ifndef MAGEC_RESPONDER_INTAKE_H
#define MAGEC_RESPONDER_INTAKE_H

#include "webhook/webhook.h"

struct intake;

struct intake_options {
    int fd;      /* a listening socket; is made non-blocking */
    bool shared; /* siblings take what comes while this process stops. Else whoever stops shuts it
                  * down first, and those who wait in it are told to try again */
    size_t max_params;
};

enum status intake_start(
    struct intake **out, struct service *s, const struct intake_options *o, struct error *err);
/* Takes no more connections, and finishes what is being received. In a hurry what was not received
 * by now is dropped, and so are those who take nothing for a while. To be called again and again
 * until it says that every connection is closed. */
bool intake_stop(struct intake *in, bool hurry);
/* After intake_stop said so. NULL is fine. */
void intake_free(struct intake *in);

#endif
