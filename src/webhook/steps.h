/*
 * The single checks of webhook.c; each is OK or says why not.
 */
#ifndef MAGEC_WEBHOOK_STEPS_H
#define MAGEC_WEBHOOK_STEPS_H

#include "webhook/webhook.h"

/* webhook_begin's three. */
enum status step_path(const struct request *r, struct admission *a, struct error *err);
enum status step_method(const struct request *r, struct admission *a, struct error *err);
enum status step_credentials(const struct request *r, struct admission *a, struct error *err);
/* What CONTENT_LENGTH declares. STATUS_BAD_REQUEST. */
enum status step_length(const struct request *r, struct admission *a, struct error *err);
/* Whether a body as declared can be a prompt, before it is read. */
enum status step_body(
    struct service *service, const struct request *r, const struct admission *a, struct error *err);
/* Whether it is all there, and its prompt. */
enum status step_prompt(struct service *service, const struct request *r, const struct admission *a,
    const struct buf *body, struct prompt *prompt, struct error *err);

#endif
