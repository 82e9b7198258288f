/*
 * The steps of webhook_receive, in the order of the checks; each is OK or says why not.
 */
#ifndef MAGEC_WEBHOOK_STEPS_H
#define MAGEC_WEBHOOK_STEPS_H

#include "webhook/webhook.h"

/* The client's id: what follows /api/v1/webhooks/ in SCRIPT_NAME and PATH_INFO, wherever that
 * stands, else PATH_INFO. GET …/health is its own kind. STATUS_NOT_FOUND. */
enum status step_path(const struct request *r, struct admission *a, struct error *err);
/* POST for a call, GET or HEAD for health. STATUS_METHOD_NOT_ALLOWED. */
enum status step_method(const struct request *r, struct admission *a, struct error *err);
/* Whether the store can be read. STATUS_STORE. */
enum status step_store(const struct intake *in, struct error *err);
/* The token, from HTTP_AUTHORIZATION, REDIRECT_HTTP_AUTHORIZATION or HTTP_X_MAGEC_TOKEN.
 * STATUS_UNAUTHORIZED. Fills the plan's token. */
enum status step_credentials(const struct request *r, struct store *s, const struct admission *a,
    struct plan *plan, struct error *err);
/* STATUS_FORBIDDEN for a disabled client. */
enum status step_client(
    struct store *s, const struct admission *a, struct client *c, struct error *err);
/* STATUS_UNAVAILABLE when too many calls are in flight or the process is stopping; counts it. */
enum status step_room(struct service *service, struct admission *a, struct error *err);
/* Passthrough: reads the body under the cap, and its prompt. Command mode: reads it away. */
enum status step_body(struct service *service, struct request *r, const struct client *c,
    struct admission *a, struct plan *plan, struct error *err);

#endif
