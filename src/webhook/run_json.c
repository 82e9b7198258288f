#include "webhook/run_json.h"

#include <string.h>

static const char hidden[] = "the agent is not set up right: the operator's log says why";

static void write_usage(int64_t input, int64_t output, struct json_writer *w)
{
    if (input < 0 && output < 0)
        return;
    json_key(w, "usage");
    json_begin_object(w);
    if (input >= 0)
        json_member_int(w, "inputTokens", input);
    if (output >= 0)
        json_member_int(w, "outputTokens", output);
    json_end_object(w);
}

static void write_details(const struct run_agent *a, struct json_writer *w)
{
    if (a->model)
        json_member_string(w, "model", a->model);
    if (a->finish_reason)
        json_member_string(w, "finishReason", a->finish_reason);
    write_usage(a->input_tokens, a->output_tokens, w);
}

static void write_id(const struct run_agent *a, struct json_writer *w)
{
    json_member_string(w, "agent", a->id);
    if (strcmp(a->id, a->asked) != 0)
        json_member_string(w, "insteadOf", a->asked);
}

static void write_list(const char *name, const struct buf *items, struct json_writer *w)
{
    if (!items->len || buf_status(items))
        return;
    json_key(w, name);
    json_begin_array(w);
    json_put_raw(w, buf_str(items), items->len);
    json_end_array(w);
}

static void write_ids(const struct run_agent *a, struct json_writer *w)
{
    if (a->answer_id)
        json_member_string(w, "answerId", a->answer_id);
    if (a->request_id)
        json_member_string(w, "requestId", a->request_id);
}

void run_write_agent(
    const struct run_agent *a, enum run_reader reader, bool with_text, struct json_writer *w)
{
    write_id(a, w);
    json_member_bool(w, "ok", !a->status);
    if (with_text && a->text.len) {
        json_key(w, "response");
        json_put_string(w, buf_str(&a->text), a->text.len);
    }
    write_details(a, w);
    if (reader == FOR_OPERATOR) {
        write_ids(a, w);
        write_list("attempts", &a->attempts, w);
        write_list("steps", &a->steps, w);
        run_calls_write(&a->calls, w);
    }
    json_member_int(w, "durationMs", a->duration_ms);
    if (a->status) {
        json_member_int(w, "status", status_http(a->status));
        json_member_string(
            w, "error", reader == FOR_CALLER && status_http(a->status) == 500 ? hidden : a->error);
    }
}

static void write_step_end(const struct event *e, enum run_reader reader, struct json_writer *w)
{
    const struct outcome *o = e->outcome;
    json_member_bool(w, "ok", !o->status);
    if (o->model)
        json_member_string(w, "model", o->model);
    if (o->finish_reason)
        json_member_string(w, "finishReason", o->finish_reason);
    write_usage(o->input_tokens, o->output_tokens, w);
    json_member_int(w, "startedMs", e->step->began_ms);
    json_member_int(w, "durationMs", e->step->duration_ms);
    if (!o->status)
        return;
    json_member_int(w, "status", status_http(o->status));
    json_member_string(
        w, "error", reader == FOR_CALLER && status_http(o->status) == 500 ? hidden : o->error);
}

void run_write_step(const struct event *e, enum run_reader reader, struct json_writer *w)
{
    const struct step_event *s = e->step;
    json_member_string(w, "step", s->path);
    if (s->round)
        json_member_int(w, "round", s->round);
    if (!s->agent) {
        json_member_string(w, "note", s->note);
        return;
    }
    json_member_string(w, "agent", s->answered);
    if (strcmp(s->answered, s->agent) != 0)
        json_member_string(w, "insteadOf", s->agent);
    if (s->ended)
        write_step_end(e, reader, w);
}

void run_write_results(
    const struct run *r, enum run_reader reader, bool with_text, struct json_writer *w)
{
    json_begin_array(w);
    for (size_t i = 0; i < run_agent_count(r); i++) {
        json_begin_object(w);
        run_write_agent(run_agent_at(r, i), reader, with_text, w);
        json_end_object(w);
    }
    json_end_array(w);
}

void run_write_members(const struct run *r, bool without_text, struct json_writer *w)
{
    const struct run_result *result = run_outcome(r);
    json_member_bool(w, "ok", !result->status);
    if (!without_text && !result->status) {
        json_key(w, "response");
        json_put_string(w, buf_str(&result->response), result->response.len);
    }
    json_member_string(w, "runId", run_plan(r)->id);
    if (run_agent_count(r) == 1) {
        write_id(run_agent_at(r, 0), w);
        write_details(run_agent_at(r, 0), w);
    }
    json_member_int(w, "durationMs", result->duration_ms);
    if (run_agent_count(r) > 1) {
        json_key(w, "results");
        run_write_results(r, run_plan(r)->caller ? FOR_CALLER : FOR_OPERATOR, !without_text, w);
    }
    if (result->status)
        json_member_string(w, "error", result->error);
}
