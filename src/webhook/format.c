#include "webhook/format.h"

#include <string.h>

#include "webhook/problem.h"
#include "webhook/run_json.h"

enum { SCRATCH_KEPT = 256 * 1024 };

#define COMMON_HEADERS "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n"

/* The loop's buffer for what is built and written at once. */
static struct buf *scratch(struct reply *r)
{
    buf_shrink(&r->service->scratch, SCRATCH_KEPT);
    return &r->service->scratch;
}

static void write_scratch(struct reply *r)
{
    const struct buf *b = &r->service->scratch;
    reply_write(r, buf_str(b), b->len);
}

static void write_problem(struct reply *r, const struct error *err)
{
    problem_response(err, r->run, NULL, scratch(r));
    write_scratch(r);
}

/* ---- JSON: all at the end, so that the status is the truth ---- */

static void json_began(struct reply *r)
{
    (void)r;
}

static void json_event(struct reply *r, size_t agent, const struct event *e)
{
    (void)r, (void)agent, (void)e;
}

static bool json_ended(struct reply *r, const struct error *err)
{
    if (err) {
        write_problem(r, err);
        return true;
    }
    struct buf body;
    struct json_writer w;
    buf_init(&body, r->service->scratch.cap);
    json_writer_init(&w, &body);
    json_begin_object(&w);
    run_write_members(r->run, false, &w);
    json_end_object(&w);
    buf_addc(&body, '\n');
    struct buf *out = scratch(r);
    buf_adds(out,
        "Status: 200 OK\r\nContent-Type: application/json\r\n" COMMON_HEADERS "Content-Length: ");
    buf_add_int(out, (int64_t)body.len);
    buf_adds(out, "\r\n\r\n");
    buf_add(out, buf_str(&body), body.len);
    buf_release(&body);
    write_scratch(r);
    return true;
}

/* ---- server-sent events ---- */

static void event_begin(struct reply *r, const char *type, struct json_writer *w)
{
    struct buf *out = scratch(r);
    buf_adds(out, "event: ");
    buf_adds(out, type);
    buf_adds(out, "\ndata: ");
    json_writer_init(w, out);
}

static void event_end(struct reply *r)
{
    buf_adds(&r->service->scratch, "\n\n");
    write_scratch(r);
}

static void sse_began(struct reply *r)
{
    static const char head[] =
        "Status: 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n" COMMON_HEADERS
        "\r\n";
    struct json_writer w;
    reply_write(r, head, sizeof head - 1);
    r->head_sent = true;
    event_begin(r, "start", &w);
    json_begin_object(&w);
    json_member_string(&w, "runId", run_plan(r->run)->id);
    json_key(&w, "agents");
    json_begin_array(&w);
    for (size_t i = 0; i < run_agent_count(r->run); i++)
        json_put_cstring(&w, run_agent_at(r->run, i)->id);
    json_end_array(&w);
    json_end_object(&w);
    event_end(r);
}

/* What completes with e of the agent's text, at its end what was held back; straight into the
 * buffer it is written from, since this is done for every piece of every answer. */
static void sse_delta(struct reply *r, size_t agent, const struct event *e)
{
    static const char before_agent[] = "event: delta\ndata: {\"agent\":\"";
    static const char before_text[] = "\",\"text\":\"";
    static const char behind[] = "\"}\n\n";
    const char *id = run_agent_at(r->run, agent)->id;
    struct buf *out = scratch(r);
    buf_add(out, before_agent, sizeof before_agent - 1);
    json_escape(out, id, strlen(id));
    buf_add(out, before_text, sizeof before_text - 1);
    size_t empty = out->len;
    if (e->type == EVENT_TEXT)
        json_escape_feed(out, &r->text[agent], e->text, e->len);
    else
        json_escape_finish(out, &r->text[agent]);
    if (out->len == empty)
        return;
    buf_add(out, behind, sizeof behind - 1);
    write_scratch(r);
}

static void sse_result(struct reply *r, size_t agent)
{
    struct json_writer w;
    event_begin(r, "result", &w);
    json_begin_object(&w);
    run_write_agent(run_agent_at(r->run, agent), FOR_CALLER, false, &w);
    json_end_object(&w);
    event_end(r);
}

static void sse_step(struct reply *r, size_t agent, const struct event *e)
{
    struct json_writer w;
    if (!e->step->agent)
        return; /* a note: the operator's */
    event_begin(r, "step", &w);
    json_begin_object(&w);
    json_member_string(&w, "flow", run_agent_at(r->run, agent)->id);
    json_member_string(&w, "state", e->step->ended ? "end" : "begin");
    run_write_step(e, FOR_CALLER, &w);
    json_end_object(&w);
    event_end(r);
}

static void sse_tool(struct reply *r, size_t agent, const struct event *e)
{
    const char *id = run_agent_at(r->run, agent)->id;
    struct json_writer w;
    event_begin(r, "tool", &w);
    json_begin_object(&w);
    if (e->step) {
        json_member_string(&w, "flow", id);
        json_member_string(&w, "step", e->step->path);
        if (e->step->round)
            json_member_int(&w, "round", e->step->round);
    }
    json_member_string(&w, "agent", e->step ? e->step->answered : id);
    json_member_string(&w, "state", e->tool->ended ? "end" : "begin");
    json_member_string(&w, "id", e->tool->id);
    run_write_call(e->tool, &w);
    json_end_object(&w);
    event_end(r);
}

static void sse_event(struct reply *r, size_t agent, const struct event *e)
{
    if (e->type == EVENT_STEP) {
        sse_step(r, agent, e);
        return;
    }
    if (e->type == EVENT_TOOL) {
        sse_tool(r, agent, e);
        return;
    }
    if (e->type == EVENT_TEXT || r->text[agent].len)
        sse_delta(r, agent, e);
    if (e->type == EVENT_END && run_agent_count(r->run) > 1)
        sse_result(r, agent);
}

static bool sse_ended(struct reply *r, const struct error *err)
{
    struct json_writer w;
    if (!r->head_sent) {
        write_problem(r, err);
        return true;
    }
    event_begin(r, err ? "error" : "done", &w);
    if (err) {
        problem_write(err, r->run, &w);
    } else {
        json_begin_object(&w);
        run_write_members(r->run, true, &w);
        json_end_object(&w);
    }
    event_end(r);
    return true;
}

/* ---- plain text: the text and nothing else ---- */

static void text_head(struct reply *r)
{
    static const char head[] =
        "Status: 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n" COMMON_HEADERS "\r\n";
    if (!r->head_sent)
        reply_write(r, head, sizeof head - 1);
    r->head_sent = true;
}

static void text_began(struct reply *r)
{
    (void)r; /* until there is text, a failure can have its own status */
}

/* What completes with e of the agent's text; at its end what was held back. */
static void complete(struct reply *r, size_t agent, const struct event *e, struct buf *out)
{
    if (e->type == EVENT_TEXT)
        utf8_feed(&r->text[agent], e->text, e->len, out);
    else
        utf8_finish(&r->text[agent], out);
}

static void text_event(struct reply *r, size_t agent, const struct event *e)
{
    if (e->type == EVENT_TOOL || e->type == EVENT_STEP || run_agent_count(r->run) > 1)
        return; /* several at once are told apart at the end */
    struct buf *text = scratch(r);
    complete(r, agent, e, text);
    if (text->len) {
        text_head(r);
        write_scratch(r);
    }
}

static bool text_ended(struct reply *r, const struct error *err)
{
    if (err && !r->head_sent) {
        write_problem(r, err);
        return true;
    }
    if (!err && run_agent_count(r->run) > 1) {
        struct utf8_stream u = {0};
        const struct buf *all = &run_outcome(r->run)->response;
        struct buf *out = scratch(r);
        utf8_feed(&u, buf_str(all), all->len, out);
        utf8_finish(&u, out);
        text_head(r);
        write_scratch(r);
    }
    return !err;
}

static const struct format formats[] = {
    [REPLY_JSON] = {false, json_began, json_event, json_ended},
    [REPLY_SSE] = {true, sse_began, sse_event, sse_ended},
    [REPLY_TEXT] = {false, text_began, text_event, text_ended},
};

const struct format *format_of(enum reply_format f)
{
    return &formats[f];
}
