#include "webhook/arrival.h"

#include <stddef.h>

#define MEMBER_OF(type, member, pointer)                                                           \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* A larger body is looked at by the reader: it may take a while. */
enum { PLAN_HERE_MAX = 64 * 1024 };

void arrival_init(struct arrival *a, struct service *s, void (*go_on)(struct arrival *a))
{
    a->request = (struct request){.needs_length = false};
    a->state = ARRIVAL_NEW;
    a->service = s;
    a->go_on = go_on;
    a->admission = (struct admission){.kind = REQUEST_CALL, .length = -1};
    a->known = NULL;
    a->err.status = STATUS_OK;
    buf_init(&a->body, s->limits.max_body);
    plan_init(&a->plan);
}

void arrival_release(struct arrival *a)
{
    if (a->admission.counted)
        atomic_fetch_sub(&a->service->calls, 1);
    a->admission.counted = false;
    known_release(a->known);
    a->known = NULL;
    buf_release(&a->body);
    plan_release(&a->plan);
}

/* err is filled in. */
static void refused(struct arrival *a, enum status st)
{
    a->err.status = st;
    a->state = ARRIVAL_REFUSED;
    buf_release(&a->body);
}

void arrival_refuse(struct arrival *a, const struct error *why)
{
    if (!a->err.status)
        a->err = *why;
    refused(a, a->err.status);
}

static void ask_reader(
    struct arrival *a, void (*read)(struct read_job *job, struct store *s, const struct error *why))
{
    a->state = ARRIVAL_WAITS;
    a->job.read = read;
    reader_submit(a->service->reader, &a->job);
}

/* ---- admission ---- */

/* With what is known. False: the store has the last word on that. */
static bool admit(struct arrival *a, bool final)
{
    enum status st = webhook_admit(a->service, &a->admission, a->known, &a->err);
    if (!final && (st == STATUS_UNAUTHORIZED || st == STATUS_FORBIDDEN)) {
        known_release(a->known);
        a->known = NULL;
        a->err.status = STATUS_OK;
        return false;
    }
    if (!st)
        st = webhook_expect(a->service, &a->request, &a->admission, a->known, &a->err);
    a->state = ARRIVAL_BODY;
    if (st)
        refused(a, st);
    return true;
}

static void after_asking(struct job *job)
{
    struct arrival *a = MEMBER_OF(struct arrival, back, job);
    if (a->known) {
        known_cache_put(&a->service->known, a->known);
        admit(a, true);
    } else if (a->err.status) {
        refused(a, a->err.status);
    } else { /* health */
        a->state = ARRIVAL_BODY;
    }
    a->go_on(a);
}

/* On the reader's thread. */
static void ask_store(struct read_job *job, struct store *s, const struct error *why)
{
    struct arrival *a = MEMBER_OF(struct arrival, job, job);
    a->err.status = STATUS_OK;
    if (!s)
        a->err = *why;
    else
        a->err.status = webhook_ask(s, &a->admission, &a->known, &a->err);
    a->back.run = after_asking;
    loop_post(a->service->env.loop, &a->back);
}

void arrival_begin(struct arrival *a)
{
    enum status st = webhook_begin(&a->request, &a->admission, &a->err);
    if (st) {
        refused(a, st);
        return;
    }
    struct known *known = a->admission.kind == REQUEST_CALL
                              ? known_cache_get(&a->service->known, a->admission.client)
                              : NULL;
    if (known) {
        a->known = known_hold(known);
        a->remembered = true;
        if (admit(a, false))
            return;
        a->remembered = false;
    }
    ask_reader(a, ask_store);
}

/* ---- body and plan ---- */

static void make_plan(struct arrival *a)
{
    a->err.status =
        webhook_plan(a->service, &a->request, &a->admission, a->known, &a->body, &a->plan, &a->err);
}

static void planned(struct arrival *a)
{
    a->state = ARRIVAL_READY;
    if (a->err.status)
        refused(a, a->err.status);
}

void arrival_body(struct arrival *a, const char *bytes, size_t len)
{
    if (a->state != ARRIVAL_BODY || !a->admission.wants_body || !buf_add(&a->body, bytes, len))
        return;
    make_plan(a); /* which says what is wrong with it */
    refused(a, a->err.status);
}

static void after_planning(struct job *job)
{
    struct arrival *a = MEMBER_OF(struct arrival, back, job);
    if (a->known && !a->remembered)
        known_cache_put(&a->service->known, a->known);
    planned(a);
    a->go_on(a);
}

/* Whether the reason why there is no plan may be gone since. */
static bool may_be_old(const struct arrival *a)
{
    return a->remembered && (a->err.status == STATUS_FORBIDDEN || a->err.status == STATUS_CONFIG);
}

/* With what the store says now. */
static void plan_anew(struct arrival *a, struct store *s)
{
    known_release(a->known);
    a->known = NULL;
    a->remembered = false;
    plan_release(&a->plan);
    plan_init(&a->plan);
    a->err.status = webhook_ask(s, &a->admission, &a->known, &a->err);
    if (!a->err.status)
        a->err.status = known_admits(a->known, a->admission.token, &a->err);
    if (!a->err.status)
        make_plan(a);
}

/* On the reader's thread. */
static void plan_there(struct read_job *job, struct store *s, const struct error *why)
{
    struct arrival *a = MEMBER_OF(struct arrival, job, job);
    if (!may_be_old(a))
        make_plan(a);
    if (may_be_old(a) && s)
        plan_anew(a, s);
    else if (may_be_old(a))
        a->err = *why;
    a->back.run = after_planning;
    loop_post(a->service->env.loop, &a->back);
}

void arrival_complete(struct arrival *a)
{
    if (a->state != ARRIVAL_BODY)
        return;
    bool here = a->body.len <= PLAN_HERE_MAX;
    if (here && a->admission.kind == REQUEST_CALL)
        make_plan(a);
    if (here && !may_be_old(a))
        planned(a);
    else
        ask_reader(a, plan_there);
}

/* ---- the answer ---- */

void arrival_answer(struct arrival *a, struct sink *sink, bool whole)
{
    a->admission.body_read = whole;
    struct reply *reply = reply_new(a->service, sink, &a->admission);
    struct run *run;
    if (!reply) { /* nothing can be said */
        sink->ops->end(sink, false);
        return;
    }
    a->admission.counted = false; /* the reply takes it out */
    enum status st = a->err.status;
    if (!st && a->admission.kind == REQUEST_CALL)
        st = run_new(a->service, &a->plan, reply_observer(reply), &run, &a->err);
    if (!st && a->admission.kind == REQUEST_CALL)
        run_submit(run);
    else
        reply_refuse(reply, st ? &a->err : NULL);
}
