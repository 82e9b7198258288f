/*
 * What goes back to the caller, in the form that was asked for. It observes a run, and can lose its
 * caller without the run noticing. On the loop.
 */
#ifndef MAGEC_WEBHOOK_REPLY_H
#define MAGEC_WEBHOOK_REPLY_H

#include "webhook/run.h"
#include "webhook/sink.h"
#include "webhook/webhook.h"

struct reply;

/* NULL when out of memory; the sink is then still the caller's. */
struct reply *reply_new(struct service *s, struct sink *sink, const struct admission *a);
/* To give to run_new. */
struct run_observer *reply_observer(struct reply *r);
/* The response to a request that became no run: a refusal (an application/problem+json document,
 * RFC 9457, with Magec's "ok" and "error" beside it), or health. err is NULL when all is well.
 * Needs no loop. It is logged. */
void reply_refusal(
    struct service *s, const struct admission *a, const struct error *err, struct buf *out);
/* Sends that, and frees the reply. */
void reply_refuse(struct reply *r, const struct error *err);

/* What a caller is told of a failure: what is wrong with the store, with this program or with the
 * set-up of an agent stays in the log. run_id may be NULL. */
void reply_public_error(const struct error *err, const char *run_id, struct error *out);

#endif
