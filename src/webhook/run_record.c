#include "base/units.h"
#include "store/run.h"
#include "webhook/run_internal.h"

enum {
    PATIENCE_PART = 4, /* a quarter of a call's duration */
    PATIENCE_MAX_US = 25 * 1000,
    MOMENT_US = 1000,  /* nobody notices it */
    BUSY_LITTLE = 300, /* thousandths of the time: below, nothing waits longer than that */
    BUSY_MUCH = 500,   /* from here on all of the patience */
    PACE_CALLS = 16    /* the average is about so many calls long */
};

/* How long a write may wait for others: a part of what calls take; more than a moment only while
 * the loop is busy. When it is not, there is time for a transaction each, and nobody need wait. Nor
 * when all calls wait for the writer already: then there are no others. */
static int64_t patience(const struct service *s)
{
    if (s->writing >= atomic_load_explicit(&s->calls, memory_order_relaxed))
        return 0;
    int64_t part = s->pace_us / PATIENCE_PART, busy = loop_busy(s->env.loop) - BUSY_LITTLE;
    if (part > PATIENCE_MAX_US)
        part = PATIENCE_MAX_US;
    if (part <= MOMENT_US || busy >= BUSY_MUCH - BUSY_LITTLE)
        return part;
    part = busy > 0 ? part * busy / (BUSY_MUCH - BUSY_LITTLE) : 0;
    return part > MOMENT_US ? part : MOMENT_US;
}

static void keep_pace(const struct run *r)
{
    struct service *s = r->service;
    s->pace_us += (units_mono_us() - r->began_us - s->pace_us) / PACE_CALLS;
}

/* ---- the beginning ---- */

static enum status apply_begin(struct write_job *job, struct store *s, struct error *err)
{
    struct run *r = MEMBER_OF(struct run, begin, job);
    const struct plan *p = &r->plan;
    enum status st = plan_renew(&r->plan, s, &r->renewed, err);
    if (!st && r->renewed)
        st = run_prepare(r, err);
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
    r->service->writing--;
    run_recorded(r);
}

static void done_begin(struct write_job *job, enum status result, const struct error *err)
{
    struct run *r = MEMBER_OF(struct run, begin, job);
    bool ours = result == STATUS_STORE || result == STATUS_NO_MEMORY || result == STATUS_INTERNAL;
    if (result && !ours) { /* the call may not be made any more */
        run_fail(r, result, err->text);
    } else if (result) {
        log_message(r->service->log, LOG_LEVEL_ERROR, "a run could not be recorded", err);
        run_fail(r, STATUS_STORE, "the run could not be recorded, so no agent was asked");
    }
    r->job.run = after_begin;
    loop_post(r->service->env.loop, &r->job);
}

void run_record_begin(struct run *r)
{
    r->service->writing++;
    r->begin = (struct write_job){
        .apply = apply_begin, .done = done_begin, .patience_us = patience(r->service)};
    writer_submit(r->service->writer, &r->begin);
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
        .answer_id = alone ? first->answer_id : NULL,
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
    struct run *r = MEMBER_OF(struct run, job, job);
    r->service->writing--;
    keep_pace(r);
    run_closed(r);
}

static void done_end(struct write_job *job, enum status result, const struct error *err)
{
    struct run *r = MEMBER_OF(struct run, end, job);
    if (result) {
        log_message(r->service->log, LOG_LEVEL_ERROR, "a run's end could not be recorded", err);
        run_fail(r, STATUS_STORE, "the run ended, but its end could not be recorded");
    }
    r->job.run = after_end;
    loop_post(r->service->env.loop, &r->job);
}

void run_record_end(struct run *r)
{
    r->service->writing++;
    r->end = (struct write_job){
        .apply = apply_end, .done = done_end, .patience_us = patience(r->service)};
    writer_submit(r->service->writer, &r->end);
}
