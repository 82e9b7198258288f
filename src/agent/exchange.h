/*
 * One HTTP exchange with a provider: what the protocols that POST a document and read a streamed
 * answer have in common. It expands ${NAME} in the URL, the headers and the key, builds and sends
 * the request, feeds a reader (agent/stream.h) when the answer is an event stream, explains any
 * other answer as the failure that it is, and ends the task once. Keys are redacted from all that
 * it says.
 *
 * A protocol is then const data and a few functions over struct ask. Its row has
 *
 *     .exchange = &kind, EXCHANGE_TASK
 */
#ifndef MAGEC_AGENT_EXCHANGE_H
#define MAGEC_AGENT_EXCHANGE_H

#include "agent/exchange_request.h"
#include "agent/protocol.h"
#include "agent/stream.h"
#include "base/ident.h"

enum { EXCHANGE_ID_MAX = 128 }; /* bytes of a request id, with its end; a longer one is cut */

/* What a task of such a protocol is; private to exchange.c, but for its size. */
struct exchange {
    struct task task;
    const struct exchange_kind *kind;
    void *stream; /* the reader's */
    struct transfer *transfer;
    struct exchange_request request;
    struct buf answer; /* the beginning of one that is no event stream */
    int http_status;
    char request_id[EXCHANGE_ID_MAX]; /* the provider's; "": it told none */
    bool may_pass;                    /* what went wrong */
    int64_t retry_after_ms;           /* as the answer asks */
    bool is_stream, is_text, ended;
    struct ask ask; /* the task's, with a session */
    char session[IDENT_UUID_LEN + 1];
    int64_t began_ms;
    const struct exchange_kind *opening; /* of what comes first, while that is asked; or NULL */
    struct route route;                  /* that was told or known */
    bool paused;
};

/* An exchange backend has a URL and no program. */
enum status exchange_check(
    const struct exchange_kind *kind, const struct backend *b, struct error *err);

/* The functions of struct protocol, whose .exchange is set. */
enum status exchange_start(struct task *t, struct error *err);
void exchange_cancel(struct task *t);
void exchange_pause(struct task *t, bool paused);
void exchange_release(struct task *t);
#define EXCHANGE_TASK                                                                              \
    .start = exchange_start, .cancel = exchange_cancel, .pause = exchange_pause,                   \
    .release = exchange_release, .size = sizeof(struct exchange)

#endif
