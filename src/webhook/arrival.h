/*
 * A request on its way to an answer, whoever receives it: admitted with what is known of the client
 * or with what the store says, its body collected, its run planned. On the loop; never waits: when
 * the store must be asked, or a large body be looked at, the service's reader does it, and go_on is
 * called behind that.
 */
#ifndef MAGEC_WEBHOOK_ARRIVAL_H
#define MAGEC_WEBHOOK_ARRIVAL_H

#include "webhook/reply.h"
#include "webhook/webhook.h"

enum arrival_state {
    ARRIVAL_NEW,
    ARRIVAL_WAITS,   /* for the reader; go_on comes */
    ARRIVAL_BODY,    /* admitted: arrival_body and arrival_complete are next */
    ARRIVAL_REFUSED, /* what of the body still comes is for nothing */
    ARRIVAL_READY    /* planned */
};

struct arrival {
    struct request request; /* filled in before arrival_begin; its texts live as long */
    enum arrival_state state;
    /* The rest is the arrival's own. */
    struct service *service;
    void (*go_on)(struct arrival *a);
    struct admission admission;
    struct known *known;
    bool remembered; /* that is what was known, not what the store says now */
    struct buf body;
    struct plan plan;
    struct error err; /* why it is refused */
    struct read_job job;
    struct job back;
};

void arrival_init(struct arrival *a, struct service *s, void (*go_on)(struct arrival *a));
/* Also of one that was not answered. Not while it waits. */
void arrival_release(struct arrival *a);

/* The request's variables are there. */
void arrival_begin(struct arrival *a);
/* Some of the body. Nothing, where no body is wanted. */
void arrival_body(struct arrival *a, const char *bytes, size_t len);
/* All of it. */
void arrival_complete(struct arrival *a);
/* It is refused for this reason, unless it is already. */
void arrival_refuse(struct arrival *a, const struct error *why);
/* Begins the run, or says why there is none; whole: the request was read to its end. The sink is
 * taken over. */
void arrival_answer(struct arrival *a, struct sink *sink, bool whole);

#endif
