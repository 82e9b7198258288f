#include "webhook/webhook.h"

#include <string.h>

#include "base/strings.h"
#include "store/token.h"
#include "webhook/steps.h"

enum status webhook_begin(const struct request *r, struct admission *a, struct error *err)
{
    *a = (struct admission){.format = accept_format(r->vars[VAR_ACCEPT]), .length = -1};
    a->head_only = !strcmp(request_var_or(r, VAR_METHOD, ""), "HEAD");
    enum status st = step_path(r, a, err);
    if (!st)
        st = step_method(r, a, err);
    if (!st && a->kind == REQUEST_CALL)
        st = step_credentials(r, a, err);
    return st;
}

enum status webhook_ask(
    struct store *s, const struct admission *a, struct known **known, struct error *err)
{
    bool valid;
    *known = NULL;
    if (a->kind == REQUEST_HEALTH)
        return store_ping(s, err);
    enum status st = store_same_file(s, err);
    if (!st)
        st = token_check(s, a->client, a->token, &valid, err);
    if (!st && !valid)
        return known_wrong_token(err);
    if (!st)
        st = known_load(known, s, a->client, err);
    return st == STATUS_NOT_FOUND ? known_wrong_token(err) : st; /* removed since then */
}

static enum status take_room(struct service *service, struct admission *a, struct error *err)
{
    if (atomic_load(&service->stopping))
        return error_set(err, STATUS_UNAVAILABLE, "the responder is stopping; try again");
    int64_t others = atomic_fetch_add(&service->calls, 1);
    a->counted = true;
    if (others >= service->limits.max_calls)
        return error_set(err, STATUS_UNAVAILABLE, "too many calls are in flight (%lld); try again",
            (long long)service->limits.max_calls);
    return STATUS_OK;
}

enum status webhook_admit(
    struct service *service, struct admission *a, const struct known *known, struct error *err)
{
    enum status st = known_admits(known, a->token, err);
    return st ? st : take_room(service, a, err);
}

enum status webhook_expect(struct service *service, const struct request *r, struct admission *a,
    const struct known *known, struct error *err)
{
    enum status st = step_length(r, a, err);
    a->wants_body = known->client.passthrough;
    if (!a->wants_body) /* whatever it is: it means nothing */
        return STATUS_OK;
    return st ? st : step_body(service, r, a, err);
}

enum status webhook_plan(struct service *service, const struct request *r,
    const struct admission *a, struct known *known, const struct buf *body, struct plan *plan,
    struct error *err)
{
    enum status st = STATUS_OK;
    if (a->wants_body)
        st = step_prompt(service, r, a, body, &plan->prompt, err);
    if (!st)
        st = plan_client(plan, known, err);
    if (!st && string_set(&plan->caller, request_var_or(r, VAR_REMOTE_ADDR, "unknown")))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    plan->has_token = true;
    memcpy(plan->token, a->token, sizeof plan->token);
    return st;
}
