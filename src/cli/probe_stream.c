/* Whether a stream arrives while it is made. */
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cli/probe.h"
#include "cli/probe_listen.h"

enum {
    WORDS = 16,
    SPREAD_LEAST_MS = 300 /* less cannot be told from one lump */
};

static enum status see_event(void *ctx, const struct sse_event *e)
{
    struct listener *l = ctx;
    struct json *data = NULL;
    int64_t now = units_mono_ms() - l->began_ms;
    if (json_parse(e->data, e->len, &data, NULL))
        return STATUS_OK;
    if (!strcmp(e->type, "start"))
        snprintf(l->run, sizeof l->run, "%s",
            json_get_string(data, "runId") ? json_get_string(data, "runId") : "");
    if (!strcmp(e->type, "delta")) {
        l->first_ms = l->words++ ? l->first_ms : now;
        l->last_ms = now;
    }
    if (!strcmp(e->type, "done")) {
        l->done = true;
        l->made_ms = json_int(json_get(data, "durationMs"), 0);
    }
    if (!strcmp(e->type, "error"))
        snprintf(l->error, sizeof l->error, "%s",
            json_get_string(data, "detail") ? json_get_string(data, "detail") : "");
    json_free(data);
    return STATUS_OK;
}

void listener_init(struct listener *l)
{
    *l = (struct listener){0};
    sse_init(&l->sse, BUF_SMALL, BUF_SMALL, see_event, l);
}

void listener_release(struct listener *l)
{
    sse_release(&l->sse);
}

bool listener_see(void *ctx, const struct probe_call *c, const char *bytes, size_t len)
{
    struct listener *l = ctx;
    l->began_ms = c->began_ms;
    if (c->status == 200 && sse_feed(&l->sse, bytes, len))
        return false;
    return l->leave && l->words > 0 && *l->run;
}

static void tell_seconds(int64_t ms, char out[32])
{
    snprintf(out, 32, "%lld.%lld s", (long long)(ms / 1000), (long long)(ms % 1000 / 100));
}

static void judge(const struct probe_call *c, const struct listener *l, struct probe_row *row)
{
    char first[32], last[32], made[32];
    int64_t spread = l->last_ms - l->first_ms, wanted = l->made_ms * (WORDS - 1) / WORDS;
    tell_seconds(l->first_ms, first);
    tell_seconds(l->last_ms, last);
    tell_seconds(wanted, made);
    if (wanted < SPREAD_LEAST_MS) {
        row_set(row, PROBE_UNKNOWN, SYMPTOM_NONE,
            "the agent says all of it at once (%s), so that nothing can be seen", made);
        snprintf(row->remedy, sizeof row->remedy, "use a client of magec client add --probe");
    } else if (spread < wanted / 2) {
        row_set(row, PROBE_WRONG, *c->encoding ? SYMPTOM_COMPRESSED : SYMPTOM_LUMP,
            "%zu events that were made over %s arrive in one lump%s%s, after %s", l->words, made,
            *c->encoding ? ", compressed with " : "", c->encoding, last);
    } else {
        row_set(row, PROBE_OK, SYMPTOM_NONE,
            "%zu events arrive while they are made: the first after %s, the last after %s",
            l->words, first, last);
    }
}

enum status probe_stream(struct probe *p, struct probe_row *row, struct error *err)
{
    struct listener l;
    listener_init(&l);
    struct probe_call c = {.see = listener_see, .ctx = &l};
    enum status st = probe_words(p, &c, WORDS, "text/event-stream", err);
    if (!st)
        st = probe_call(p, &c, err);
    if (st)
        goto out;
    if (l.done) {
        p->delay_ms = l.made_ms / WORDS;
        judge(&c, &l, row);
        p->streams = row->result == PROBE_OK;
    } else if (c.status == 200 && !c.end && *l.error) {
        row_set(row, PROBE_WRONG, SYMPTOM_NONE, "the run failed: %s", l.error);
    } else if (c.status == 200 && !c.end) {
        row_set(
            row, PROBE_WRONG, SYMPTOM_NONE, "the stream ends before its end: no event \"done\"");
    } else {
        explain(p, &c, row);
    }
out:
    listener_release(&l);
    probe_call_release(&c);
    return st;
}
