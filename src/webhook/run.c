#include "webhook/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "webhook/run_internal.h"
#include "webhook/run_json.h"

static void free_parts(struct run *r)
{
    for (size_t i = 0; i < r->part_count; i++) {
        struct part *p = &r->parts[i];
        task_free(p->task);
        buf_release(&p->told.text);
        free(p->told.error);
        free(p->told.finish_reason);
        free(p->told.model);
        free(p->told.answer_id);
        free(p->told.request_id);
        buf_release(&p->told.attempts);
        buf_release(&p->told.steps);
        run_calls_release(&p->told.calls);
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

int64_t run_since(const struct run *r)
{
    return (units_mono_us() - r->began_us) / 1000;
}

void run_fail(struct run *r, enum status st, const char *text)
{
    r->result.status = st;
    string_set(&r->result.error, text);
}

void run_closed(struct run *r)
{
    if (r->observer)
        r->observer->ended(r->observer, r);
    run_free(r);
}

/* ---- the end ---- */

static void run_fail_as(struct run *r, const struct run_agent *failed)
{
    run_fail(r, failed->status, failed->error);
    r->result.retry_after_ms = failed->retry_after_ms;
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
        run_fail(r, STATUS_UNAVAILABLE, "the responder is stopping; try again");
    else if (r->canceled == CANCEL_GONE && failed)
        run_fail(r, STATUS_CANCELED, "the caller hung up");
    else if (!successes && failed)
        run_fail_as(r, failed);
    if (buf_status(&r->result.response))
        run_fail(r, STATUS_NO_MEMORY, "out of memory for the response");
    if (failed && r->part_count == 1) /* what was said before it failed */
        buf_add(&r->result.response, buf_str(&failed->text), failed->text.len);
    r->result.duration_ms = run_since(r);
    bool several = r->part_count > 1;
    const struct run_agent *first = &r->parts[0].told;
    if (several || first->attempts.len || first->steps.len || first->calls.bytes ||
        first->request_id) {
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
    run_record_end(r);
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
    if (e->outcome->request_id)
        json_member_string(&w, "requestId", e->outcome->request_id);
    json_member_int(&w, "endedMs", run_since(r));
    json_end_object(&w);
    log_begin(r->service->log, &line, LOG_LEVEL_WARN, "attempt failed");
    log_str(&line, "run", r->plan.id);
    log_str(&line, "agent", e->agent->id);
    log_int(&line, "next_ms", e->wait_ms);
    log_str(&line, "error", e->outcome->error);
    if (strcmp(e->next->id, e->agent->id) != 0)
        log_str(&line, "next", e->next->id);
    log_end(r->service->log, &line);
    if (!p->told.is_flow)
        p->told.id = e->next->id;
}

/* A step of a flow that has ended, for who looks at the run. */
static void part_step(struct part *p, const struct event *e)
{
    struct buf *all = &p->told.steps;
    struct json_writer w;
    if (e->step->ended) {
        if (all->len)
            buf_addc(all, ',');
        json_writer_init(&w, all);
        json_begin_object(&w);
        run_write_step(e, FOR_OPERATOR, &w);
        run_calls_write_step(&p->told.calls, e->step->path, &w);
        json_end_object(&w);
    }
    if (!p->run->canceled)
        tell(p, e);
}

static void part_tool(struct part *p, const struct event *e)
{
    if (e->tool->ended)
        run_calls_add(&p->told.calls, e, run_since(p->run));
    if (!p->run->canceled)
        tell(p, e);
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
            a->status = error_set(&err, o->status, "%s \"%s\" failed: %s",
                a->is_flow ? "flow" : "agent", a->id, o->error);
        string_set(&a->error, err.text);
    }
    string_set(&a->finish_reason, o->finish_reason);
    string_set(&a->model, o->model);
    string_set(&a->answer_id, o->answer_id);
    string_set(&a->request_id, o->request_id);
    if (o->retryable || o->status == STATUS_UNAVAILABLE)
        a->retry_after_ms = o->retry_after_ms;
    a->input_tokens = o->input_tokens;
    a->output_tokens = o->output_tokens;
    a->duration_ms = run_since(p->run);
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
        a->first_byte_ms = run_since(p->run);
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
    else if (e->type == EVENT_STEP)
        part_step(p, e);
    else if (e->type == EVENT_TOOL)
        part_tool(p, e);
}

static enum status ask_one(struct part *p, struct error *err)
{
    struct agent_env *env = &p->run->service->env;
    if (p->run->canceled)
        return error_set(err, STATUS_CANCELED, "canceled");
    return p->told.is_flow ? flow_start(env, &p->flow, &p->listener, &p->task, err)
                           : task_start(env, &p->ask, &p->listener, &p->task, err);
}

static void ask_agents(struct run *r)
{
    r->asking = true;
    for (size_t i = 0; i < r->part_count; i++) {
        struct part *p = &r->parts[i];
        struct error err;
        enum status st = ask_one(p, &err);
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
        .links = known_links(a),
        .prompt = buf_str(&r->plan.prompt.text),
        .prompt_len = r->plan.prompt.text.len,
        .whole = r->observer && r->observer->whole};
    if (a->flow)
        p->flow = (struct flow_ask){.root = &a->flow->root,
            .prompt = p->ask.prompt,
            .prompt_len = p->ask.prompt_len,
            .total_ms = a->flow->total_ms,
            .agent = known_step_agent,
            .nested = known_step_flow,
            .ctx = r->plan.known};
    p->told = (struct run_agent){.is_flow = a->flow != NULL,
        .id = a->agent.id,
        .asked = a->agent.id,
        .input_tokens = -1,
        .output_tokens = -1,
        .first_byte_ms = -1};
    buf_init(&p->told.text, r->service->env.max_reply);
    buf_init(&p->told.attempts, BUF_SMALL);
    buf_init(&p->told.steps, 64 * BUF_SMALL + 2 * RUN_CALLS_BYTES_MAX);
}

/* What of a run depends on its plan. */
enum status run_prepare(struct run *r, struct error *err)
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

void run_recorded(struct run *r)
{
    if (r->result.status) {
        run_closed(r);
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
    enum status st = run_prepare(r, err);
    if (st)
        run_free(r);
    else
        *out = r;
    return st;
}

void run_submit(struct run *r)
{
    run_record_begin(r);
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
