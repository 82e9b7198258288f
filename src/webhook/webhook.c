#include "webhook/webhook.h"

#include "base/strings.h"
#include "webhook/steps.h"

enum status webhook_receive(const struct intake *in, struct request *r, struct admission *a,
    struct plan *plan, struct error *err)
{
    struct client client;
    client_init(&client);
    *a = (struct admission){.format = accept_format(r->param(r, "HTTP_ACCEPT"))};
    enum status st = step_path(r, a, err);
    if (!st)
        st = step_method(r, a, err);
    if (!st)
        st = step_store(in, err);
    if (!st && a->kind == REQUEST_CALL) {
        st = step_credentials(r, in->store, a, plan, err);
        if (!st)
            st = step_client(in->store, a, &client, err);
        if (!st)
            st = step_room(in->service, a, err);
        if (!st)
            st = step_body(in->service, r, &client, a, plan, err);
        if (!st)
            st = plan_client(plan, in->store, &client, err);
        const char *caller = r->param(r, "REMOTE_ADDR");
        if (!st && string_set(&plan->caller, caller ? caller : "unknown"))
            st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    client_release(&client);
    return st;
}
