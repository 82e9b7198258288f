#include "webhook/run.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "store/run.h"
#include "webhook/run_json.h"

#define MEMBER_OF(type, member, pointer)                                                           \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

enum {
    PATIENCE_PART = 4, /* a quarter of a call's duration */
    PATIENCE_MAX_US = 25 * 1000,
    MOMENT_US = 1000,  /* nobody notices it */
    BUSY_LITTLE = 300, /* thousandths of the time: below, nothing waits longer than that */
    BUSY_MUCH = 500,   /* from here on all of the patience */
    PACE_CALLS = 16    /* the average is about so many calls long */
};

/* One agent of a run, and what is told of it. */
struct part {
    struct listener listener;
    struct run *run;
    struct task *task;
    struct ask ask;
    struct run_agent told;
};

struct run {
    struct service *service;
    struct run_observer *observer;
    struct plan plan;
    struct part *parts;
    size_t part_count; /* as many as the plan has agents */
    size_t unfinished;
    struct run_result result;
    struct buf agents;  /* their ids, as JSON */
    struct buf results; /* their outcomes, as JSON, when there are several */
    bool renewed;       /* the configuration had changed since the plan was made */
    int64_t row;
    int64_t began_unix_ms, began_us;
    enum cancel_reason canceled;
    bool asking; /* the agents are being started */
    struct write_job begin, end;
    struct job job;           /* back on the loop, after a write */
    struct run *next, **self; /* in service->runs */
};

static void free_parts(struct run *r)
{
    for (size_t i = 0; i < r->part_count; i++) {
        struct part *p = &r->parts[i];
        task_free(p->task);
        buf_release(&p->told.text);
        free(p->told.error);
        free(p->told.finish_reason);
        free(p->told.model);
        buf_release(&p->told.attempts);
    }
    free(r->parts);
    r->parts = NULL;
    r->part_count = 0;
}

static void run_free(struct run *r)
{
    if (!r)
        return;
    free_parts(r);
    free(r->result.error);
    buf_release(&r->result.response);
    buf_release(&r->agents);
    buf_release(&r->results);
    plan_release(&r->plan);
    if (r->self) {
        *r->self = r->next;
        if (r->next)
            r->next->self = r->self;
    }
    free(r);
}

/* Milliseconds since it began. */
static int64_t since(const struct run *r)
{
    return (units_mono_us() - r->began_us) / 1000;
}

static void fail(struct run *r, enum status st, const char *text)
{
    r->result.status = st;
    string_set(&r->result.error, text);
}

/* How long a write may wait for others: a part of what calls take; more than a moment only while
 * the loop is busy. When it is not, there is time for a transaction each, and nobody need wait. */
static int64_t patience(const struct service *s)
{
    int64_t part = s->pace_us / PATIENCE_PART, busy = loop_busy(s->env.loop) - BUSY_LITTLE;
    if (part > PATIENCE_MAX_US)
        part = PATIENCE_MAX_US;
    if (part <= MOMENT_US || busy >= BUSY_MUCH - BUSY_LITTLE)
        return part;
    part = busy > 0 ? part * busy / (BUSY_MUCH - BUSY_LITTLE) : 0;
    return part > MOMENT_US ? part : MOMENT_US;
}

static void keep_pace(struct service *s, const struct run *r)
{
    s->pace_us += (units_mono_us() - r->began_us - s->pace_us) / PACE_CALLS;
}

static void end_run(struct run *r)
{
    keep_pace(r->service, r);
    if (r->observer)
        r->observer->ended(r->observer, r);
    run_free(r);
}

/* ---- the end ---- */

static enum status apply_end(struct write_job *job, struct store *s, struct error *err)
{
    struct run *r = MEMBER_OF(struct run, end, job);
    const struct run_agent *first = &r->parts[0].told;
    bool alone = r->part_count == 1;
    struct run_end e = {.row = r->row,
        .status = r->result.status,
        .error = r->result.error,
        .response = buf_str(&r->result.response),
        .response_len = r->result.response.len,
        .results = r->results.len ? buf_str(&r->results) : NULL,
        .finish_reason = alone ? first->finish_reason : NULL,
        .model = alone ? first->model : NULL,
        .input_tokens = -1,
        .output_tokens = -1,
        .first_byte_ms = -1,
        .duration_ms = r->result.duration_ms};
    for (size_t i = 0; i < r->part_count; i++) {
        const struct run_agent *a = &r->parts[i].told;
        if (a->input_tokens >= 0)
            e.input_tokens = a->input_tokens + (e.input_tokens > 0 ? e.input_tokens : 0);
        if (a->output_tokens >= 0)
            e.output_tokens = a->output_tokens + (e.output_tokens > 0 ? e.output_tokens : 0);
        if (a->first_byte_ms >= 0 && (e.first_byte_ms < 0 || a->first_byte_ms < e.first_byte_ms))
            e.first_byte_ms = a->first_byte_ms;
    }
    return run_finish(s, &e, err);
}

static void after_end(struct job *job)
{
    end_run(MEMBER_OF(struct run, job, job));
}

static void done_end(struct write_job *job, enum status result, const struct error *err)
{
    struct run *r = MEMBER_OF(struct run, end, job);
    if (result) {
        log_message(r->service->log, LOG_LEVEL_ERROR, "a run's end could not be recorded", err);
        fail(r, STATUS_STORE, "the run ended, but its end could not be recorded");
    }
    r->job.run = after_end;
    loop_post(r->service->env.loop, &r->job);
}

static void sum_up(struct run *r)
{
    const struct run_agent *failed = NULL;
    size_t successes = 0;
    for (size_t i = 0; i < r->part_count; i++) {
        struct run_agent *a = &r->parts[i].told;
        if (a->status) {
            failed = failed ? failed : a;
            continue;
        }
        if (successes++)
            buf_adds(&r->result.response, "\n---\n");
        buf_add(&r->result.response, buf_str(&a->text), a->text.len);
    }
    if (r->canceled == CANCEL_SHUTDOWN && failed)
        fail(r, STATUS_UNAVAILABLE, "the responder is stopping; try again");
    else if (r->canceled == CANCEL_GONE && failed)
        fail(r, STATUS_CANCELED, "the caller hung up");
    else if (!successes && failed)
        fail(r, failed->status, failed->error);
    if (buf_status(&r->result.response))
        fail(r, STATUS_NO_MEMORY, "out of memory for the response");
    if (failed && r->part_count == 1) /* what was said before it failed */
        buf_add(&r->result.response, buf_str(&failed->text), failed->text.len);
    r->result.duration_ms = since(r);
    bool several = r->part_count > 1;
    if (several || r->parts[0].told.attempts.len) {
        struct json_writer w;
        json_writer_init(&w, &r->results);
        run_write_results(r, FOR_OPERATOR, several, &w);
    }
}

static void check_ended(struct run *r)
{
    if (r->unfinished || r->asking)
        return;
    sum_up(r);
    r->end.patience_us = patience(r->service);
    writer_submit(r->service->writer, &r->end);
}

/* ---- the agents ---- */

static void tell(struct part *p, const struct event *e)
{
    struct run *r = p->run;
    if (r->observer)
        r->observer->event(r->observer, r, (size_t)(p - r->parts), e);
}

/* An attempt that failed, for the log and for who looks at the run. */
static void part_again(struct part *p, const struct event *e)
{
    struct run *r = p->run;
    struct buf *all = &p->told.attempts;
    struct json_writer w;
    struct log_line line;
    if (all->len)
        buf_addc(all, ',');
    json_writer_init(&w, all);
    json_begin_object(&w);
    json_member_string(&w, "agent", e->agent->id);
    json_member_string(&w, "error", e->outcome->error);
    json_member_int(&w, "endedMs", since(r));
    json_end_object(&w);
    log_begin(r->service->log, &line, LOG_LEVEL_WARN, "attempt failed");
    log_str(&line, "run", r->plan.id);
    log_str(&line, "agent", e->agent->id);
    log_int(&line, "next_ms", e->wait_ms);
    log_str(&line, "error", e->outcome->error);
    if (strcmp(e->next->id, e->agent->id) != 0)
        log_str(&line, "next", e->next->id);
    log_end(r->service->log, &line);
    p->told.id = e->next->id;
}

static void part_ended(struct part *p, const struct outcome *o)
{
    struct run_agent *a = &p->told;
    a->ended = true;
    if (!a->status && o->status) {
        struct error err;
        if (o->attempts > 1 && o->status == STATUS_BACKEND)
            a->status = error_set(
                &err, o->status, "agent \"%s\" failed %d times: %s", a->id, o->attempts, o->error);
        else
            a->status = error_set(&err, o->status, "agent \"%s\" failed: %s", a->id, o->error);
        string_set(&a->error, err.text);
    }
    string_set(&a->finish_reason, o->finish_reason);
    string_set(&a->model, o->model);
    a->input_tokens = o->input_tokens;
    a->output_tokens = o->output_tokens;
    a->duration_ms = since(p->run);
    tell(p, &(struct event){.type = EVENT_END, .outcome = o});
    p->run->unfinished--;
    check_ended(p->run);
}

static void part_said(struct part *p, const struct event *e)
{
    struct run_agent *a = &p->told;
    if (p->run->canceled || a->status)
        return;
    if (a->first_byte_ms < 0)
        a->first_byte_ms = since(p->run);
    if (buf_add(&a->text, e->text, e->len)) {
        struct error err;
        a->status = error_set(&err, STATUS_BACKEND,
            "agent \"%s\" failed: the answer is larger than the limit of %zu bytes", a->id,
            p->run->service->env.max_reply);
        string_set(&a->error, err.text);
        task_cancel(p->task);
        return;
    }
    tell(p, e);
}

static void on_event(struct listener *l, const struct event *e)
{
    struct part *p = MEMBER_OF(struct part, listener, l);
    if (e->type == EVENT_END)
        part_ended(p, e->outcome);
    else if (e->type == EVENT_TEXT)
        part_said(p, e);
    else if (e->type == EVENT_AGAIN)
        part_again(p, e);
    else
        tell(p, e);
}

static void ask_agents(struct run *r)
{
    r->asking = true;
    for (size_t i = 0; i < r->part_count; i++) {
        struct part *p = &r->parts[i];
        struct error err;
        enum status st = r->canceled
                             ? error_set(&err, STATUS_CANCELED, "canceled")
                             : task_start(&r->service->env, &p->ask, &p->listener, &p->task, &err);
        if (st)
            part_ended(
                p, &(struct outcome){
                       .status = st, .error = err.text, .input_tokens = -1, .output_tokens = -1});
    }
    r->asking = false;
    check_ended(r);
}

/* ---- the beginning ---- */

static enum status list_agents(struct run *r)
{
    struct json_writer w;
    buf_reset(&r->agents);
    json_writer_init(&w, &r->agents);
    json_begin_array(&w);
    for (size_t i = 0; i < r->plan.agent_count; i++)
        json_put_cstring(&w, r->plan.agents[i].agent.id);
    json_end_array(&w);
    return buf_status(&r->agents);
}

static void init_part(struct run *r, struct part *p, const struct known_agent *a)
{
    p->listener.event = on_event;
    p->run = r;
    p->ask = (struct ask){.agent = &a->agent,
        .backend = &a->backend,
        .others = a->others,
        .other_count = a->other_count,
        .prompt = buf_str(&r->plan.prompt.text),
        .prompt_len = r->plan.prompt.text.len};
    p->told = (struct run_agent){.id = a->agent.id,
        .asked = a->agent.id,
        .input_tokens = -1,
        .output_tokens = -1,
        .first_byte_ms = -1};
    buf_init(&p->told.text, r->service->env.max_reply);
    buf_init(&p->told.attempts, BUF_SMALL);
}

/* What of a run depends on its plan. */
static enum status prepare(struct run *r, struct error *err)
{
    free_parts(r);
    r->parts = calloc(r->plan.agent_count, sizeof *r->parts);
    if (!r->parts || list_agents(r))
        return error_set(err, STATUS_NO_MEMORY, "out of memory for a run");
    r->part_count = r->unfinished = r->plan.agent_count;
    for (size_t i = 0; i < r->part_count; i++)
        init_part(r, &r->parts[i], &r->plan.agents[i]);
    return STATUS_OK;
}

static enum status apply_begin(struct write_job *job, struct store *s, struct error *err)
{
    struct run *r = MEMBER_OF(struct run, begin, job);
    const struct plan *p = &r->plan;
    enum status st = plan_renew(&r->plan, s, &r->renewed, err);
    if (!st && r->renewed)
        st = prepare(r, err);
    if (st)
        return st;
    struct run_begin b = {.id = p->id,
        .client = p->client,
        .agents = buf_str(&r->agents),
        .mode = p->mode,
        .caller = p->caller,
        .prompt = buf_str(&p->prompt.text),
        .prompt_len = p->prompt.text.len,
        .hash_prompt = p->hash_prompt,
        .started_ms = r->began_unix_ms,
        .owner = writer_owner(r->service->writer),
        .token = p->has_token ? p->token : NULL};
    return run_insert(s, &b, &r->row, err);
}

static void after_begin(struct job *job)
{
    struct run *r = MEMBER_OF(struct run, job, job);
    if (r->result.status) {
        end_run(r);
        return;
    }
    r->next = r->service->runs;
    r->self = &r->service->runs;
    if (r->next)
        r->next->self = &r->next;
    r->service->runs = r;
    if (r->renewed)
        known_cache_put(&r->service->known, r->plan.known);
    if (r->observer)
        r->observer->began(r->observer, r);
    ask_agents(r);
}

static void done_begin(struct write_job *job, enum status result, const struct error *err)
{
    struct run *r = MEMBER_OF(struct run, begin, job);
    bool ours = result == STATUS_STORE || result == STATUS_NO_MEMORY || result == STATUS_INTERNAL;
    if (result && !ours) { /* the call may not be made any more */
        fail(r, result, err->text);
    } else if (result) {
        log_message(r->service->log, LOG_LEVEL_ERROR, "a run could not be recorded", err);
        fail(r, STATUS_STORE, "the run could not be recorded, so no agent was asked");
    }
    r->job.run = after_begin;
    loop_post(r->service->env.loop, &r->job);
}

enum status run_new(struct service *s, struct plan *plan, struct run_observer *observer,
    struct run **out, struct error *err)
{
    struct run *r = calloc(1, sizeof *r);
    if (!r)
        return error_set(err, STATUS_NO_MEMORY, "out of memory for a run");
    r->service = s;
    r->observer = observer;
    r->plan = *plan;
    plan_init(plan);
    buf_init(&r->agents, 64 * BUF_SMALL);
    buf_init(&r->results, SIZE_MAX / 2);
    buf_init(&r->result.response, SIZE_MAX / 2);
    r->began_unix_ms = units_now_ms();
    r->began_us = units_mono_us();
    r->begin = (struct write_job){.apply = apply_begin, .done = done_begin};
    r->end = (struct write_job){.apply = apply_end, .done = done_end};
    enum status st = prepare(r, err);
    if (st)
        run_free(r);
    else
        *out = r;
    return st;
}

void run_submit(struct run *r)
{
    r->begin.patience_us = patience(r->service);
    writer_submit(r->service->writer, &r->begin);
}

void run_cancel(struct run *r, enum cancel_reason reason)
{
    if (r->canceled)
        return;
    r->canceled = reason;
    for (size_t i = 0; i < r->part_count; i++)
        if (r->parts[i].task && !r->parts[i].told.ended)
            task_cancel(r->parts[i].task);
}

void run_detach(struct run *r)
{
    r->observer = NULL;
}

void run_pause(struct run *r, bool paused)
{
    for (size_t i = 0; i < r->part_count; i++)
        if (r->parts[i].task && !r->parts[i].told.ended)
            task_pause(r->parts[i].task, paused);
}

void run_cancel_all(struct service *s, enum cancel_reason reason)
{
    for (struct run *r = s->runs, *next; r; r = next) {
        next = r->next;
        run_cancel(r, reason);
    }
}

const struct plan *run_plan(const struct run *r)
{
    return &r->plan;
}

size_t run_agent_count(const struct run *r)
{
    return r->part_count;
}

const struct run_agent *run_agent_at(const struct run *r, size_t i)
{
    return &r->parts[i].told;
}

const struct run_result *run_outcome(const struct run *r)
{
    return &r->result;
}
