/*
 * The first half of a call's path: from a request to the plan of a run, or to a refusal, in the
 * order of the checks. Each part is OK or says why not; nothing here waits for a connection, so
 * that the responder can do it on the loop, and a CGI from top to bottom:
 *
 *   webhook_begin   path, method, credentials   -> which client, with which token
 *   webhook_ask     what the store says         -> known      (may block: never on the loop)
 *   webhook_admit   token, enabled, room        -> a call
 *   webhook_expect  length and encoding         -> a body of up to so many bytes
 *   webhook_plan    body or command, agents     -> the plan
 */
#ifndef MAGEC_WEBHOOK_WEBHOOK_H
#define MAGEC_WEBHOOK_WEBHOOK_H

#include "store/store.h"
#include "webhook/accept.h"
#include "webhook/plan.h"
#include "webhook/request.h"
#include "webhook/service.h"

enum request_kind { REQUEST_CALL, REQUEST_HEALTH };

/* What was found out on the way; for the reply and the log. */
struct admission {
    enum request_kind kind;
    enum reply_format format;
    char client[IDENT_SLUG_MAX + 1];     /* as in the path, whether there is such a client or not */
    unsigned char token[IDENT_HASH_LEN]; /* the hash of the one that was sent */
    const char *allow;                   /* for 405 */
    int64_t length;                      /* of the body as declared; -1: it was not */
    bool wants_body;                     /* it is the prompt: else it is read away */
    bool counted;                        /* in service->calls: whoever ends the call takes it out */
    bool body_read;                      /* to its end */
    bool head_only;                      /* HEAD: the reply has no body */
};

/* The client's id: what follows /api/v1/webhooks/ in SCRIPT_NAME and PATH_INFO, wherever that
 * stands, else PATH_INFO. GET …/health is its own kind and needs no credentials. The token comes
 * from Authorization, where Apache puts it behind a redirect, or X-Magec-Token.
 * STATUS_NOT_FOUND, STATUS_METHOD_NOT_ALLOWED, STATUS_UNAUTHORIZED. */
enum status webhook_begin(const struct request *r, struct admission *a, struct error *err);
/* What the store says of the client, if the token is one of its own. For health: whether it can be
 * asked; *known is then NULL. A wrong token and an unknown client cost the same and are the same
 * STATUS_UNAUTHORIZED. */
enum status webhook_ask(
    struct store *s, const struct admission *a, struct known **known, struct error *err);
/* STATUS_UNAUTHORIZED and STATUS_FORBIDDEN are final only for what was asked just now. Without a
 * failure the call is counted, or it is STATUS_UNAVAILABLE. */
enum status webhook_admit(
    struct service *service, struct admission *a, const struct known *known, struct error *err);
/* STATUS_BAD_REQUEST, STATUS_LENGTH_REQUIRED, STATUS_TOO_LARGE, STATUS_UNSUPPORTED_MEDIA. */
enum status webhook_expect(struct service *service, const struct request *r, struct admission *a,
    const struct known *known, struct error *err);
/* body: its cap is limits.max_body; that more came is known from its failure. Fills the plan, which
 * holds known. */
enum status webhook_plan(struct service *service, const struct request *r,
    const struct admission *a, struct known *known, const struct buf *body, struct plan *plan,
    struct error *err);

#endif
