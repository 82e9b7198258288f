/*
 * The first half of a call's path: from a request to the plan of a run, or to a refusal. Runs on an
 * intake thread (or alone, in a CGI), where blocking is fine.
 */
#ifndef MAGEC_WEBHOOK_WEBHOOK_H
#define MAGEC_WEBHOOK_WEBHOOK_H

#include "store/store.h"
#include "webhook/accept.h"
#include "webhook/plan.h"
#include "webhook/service.h"

/* A request as the web server hands it over (RFC 3875). Filled in by who received it. */
struct request {
    /* A meta-variable, or NULL. */
    const char *(*param)(const struct request *r, const char *name);
    /* The next bytes of the body. OK with *got 0 is its end, whether that is where it should be or
     * not. */
    enum status (*read)(
        struct request *r, char *bytes, size_t room, size_t *got, struct error *err);
    bool needs_length; /* plain CGI: the body ends where CONTENT_LENGTH says */
    void *ctx;
};

enum request_kind { REQUEST_CALL, REQUEST_HEALTH };

/* What was found out on the way; for the reply and the log. */
struct admission {
    enum request_kind kind;
    enum reply_format format;
    char client[IDENT_SLUG_MAX + 1]; /* as in the path, whether there is such a client or not */
    const char *allow;               /* for 405 */
    bool counted;                    /* in service->calls: whoever ends the call takes it out */
    bool body_read;                  /* to its end */
};

/* Where requests are received: a thread, with its own connection to the store. */
struct intake {
    struct service *service;
    struct store *store;             /* NULL when it cannot be opened */
    const struct error *store_error; /* why */
};

/* OK: the plan is filled (a call), or the store can be read (health). Else err says why; what is
 * wrong with the store or with this program is for the log, not for the caller (reply.h). */
enum status webhook_receive(const struct intake *in, struct request *r, struct admission *a,
    struct plan *plan, struct error *err);

#endif
