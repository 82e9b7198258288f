#include "cli/terminal.h"

#include "base/utf8.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/text.h"

/* Agents answer at the same time, and are shown one after the other: the first as it speaks, the
 * others when those before them have ended. */
struct terminal {
    bool json;
    size_t current; /* who is shown */
    struct utf8_stream utf8;
    struct buf text;
    bool line_open; /* something stands behind the last line's end */
    bool broken;    /* nobody reads it */
};

static void flush_text(struct terminal *t, struct run *r)
{
    if (t->text.len) {
        text_write(stdout, t->text.data, t->text.len);
        t->line_open = t->text.data[t->text.len - 1] != '\n';
    }
    buf_reset(&t->text);
    if (!t->broken && (fflush(stdout) || ferror(stdout))) {
        t->broken = true;
        run_cancel(r, CANCEL_GONE);
    }
}

static void begin_agent(struct terminal *t, struct run *r)
{
    const struct run_agent *a = run_agent_at(r, t->current);
    if (run_agent_count(r) > 1)
        buf_printf(&t->text, "%s==> %s <==\n", t->current ? "\n" : "", a->id);
}

static void say(struct terminal *t, struct run *r, const char *bytes, size_t len)
{
    utf8_feed(&t->utf8, bytes, len, &t->text);
    flush_text(t, r);
}

static void end_agent(struct terminal *t, struct run *r)
{
    const struct run_agent *a = run_agent_at(r, t->current);
    utf8_finish(&t->utf8, &t->text);
    flush_text(t, r);
    if (t->line_open)
        buf_addc(&t->text, '\n');
    flush_text(t, r);
    if (a->status && a->status != STATUS_CANCELED && run_agent_count(r) > 1 && a->error)
        text_error(a->error);
}

static void on_event(void *ctx, struct run *r, size_t agent, const struct event *e)
{
    struct terminal *t = ctx;
    if (t->json || agent != t->current)
        return;
    if (e->type == EVENT_TEXT) {
        if (run_agent_at(r, agent)->text.len == e->len) /* the first of it */
            begin_agent(t, r);
        say(t, r, e->text, e->len);
    }
    if (e->type != EVENT_END)
        return;
    if (!run_agent_at(r, agent)->text.len)
        begin_agent(t, r);
    end_agent(t, r);
    for (t->current++; t->current < run_agent_count(r); t->current++) {
        const struct run_agent *next = run_agent_at(r, t->current);
        if (!next->ended && !next->text.len)
            return;
        begin_agent(t, r);
        say(t, r, buf_str(&next->text), next->text.len);
        if (!next->ended)
            return;
        end_agent(t, r);
    }
}

static void on_ended(void *ctx, struct run *r)
{
    struct terminal *t = ctx;
    struct output out;
    if (!t->json)
        return;
    output_begin(&out);
    json_begin_object(&out.w);
    run_write_members(r, false, &out.w);
    json_end_object(&out.w);
    output_object(&out, STATUS_OK, true, NULL);
}

enum status terminal_converse(struct cli *cli, struct plan *plan, bool json, struct error *err)
{
    struct terminal t = {.json = json};
    const struct session_view view = {on_event, on_ended, &t};
    buf_init(&t.text, OUTPUT_MAX);
    enum status st = session_run(cli, plan, &view, err);
    buf_release(&t.text);
    return st;
}
