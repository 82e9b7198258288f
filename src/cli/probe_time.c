/* How long a call may be silent, and whether it is noticed that its caller is gone. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cli/probe_listen.h"
#include "store/run.h"

/* ---- silence ---- */

/* A JSON reply is sent when it is complete: until then nothing is. */
static void judge_silence(const struct probe *p, const struct probe_call *c, struct probe_row *row)
{
    char took[32], wanted[32];
    int64_t ms = (c->ended_ms - c->began_ms) / 100 * 100;
    units_print_duration(ms, took);
    units_print_duration(p->silence_ms, wanted);
    bool whole = !c->end && c->status == 200 && is_ours(c);
    if (whole && ms >= p->silence_ms) {
        row_set(row, PROBE_OK, SYMPTOM_NONE, "a JSON reply may be silent for %s", wanted);
    } else if (whole) {
        row_set(row, PROBE_UNKNOWN, SYMPTOM_NONE, "the agent was done after %s already", took);
    } else if ((c->end && c->end != STATUS_TIMEOUT) || (c->status >= 500 && !is_ours(c))) {
        row_set(row, PROBE_WRONG, SYMPTOM_SLOW, "given up after %s of silence: %s%.*d", took,
            c->end ? c->why.text : "HTTP ", c->end ? 0 : 3, c->end ? 0 : c->status);
    } else {
        explain(p, c, row);
    }
}

enum status probe_silence(struct probe *p, struct probe_row *row, struct error *err)
{
    if (!p->silence_ms) {
        row_set(row, PROBE_SKIPPED, SYMPTOM_NONE, "not asked for: --silence 5m");
        return STATUS_OK;
    }
    if (p->delay_ms <= 0) {
        row_set(row, PROBE_UNKNOWN, SYMPTOM_NONE, "it is not known how fast the agent speaks");
        return STATUS_OK;
    }
    struct probe_call c = {.patience_ms = p->silence_ms + p->silence_ms / 4 + p->patience_ms};
    size_t words = (size_t)(p->silence_ms / p->delay_ms) + 2;
    enum status st = probe_words(p, &c, words, "application/json", err);
    if (!st)
        st = probe_call(p, &c, err);
    if (!st)
        judge_silence(p, &c, row);
    probe_call_release(&c);
    return st;
}

/* ---- the hang-up ---- */

enum { LEFT_WORDS = 100, CANCEL_MS = 2000, LOOK_MS = 50 };

static enum status take_status(void *ctx, const struct run_row *r)
{
    snprintf(ctx, 32, "%s", r->status);
    return STATUS_OK;
}

/* What the store says of the run, once it is over or it should have been. */
static enum status watch_run(
    const struct probe *p, const char *run, char status[32], int64_t *after_ms, struct error *err)
{
    struct store *s = NULL;
    int64_t began = units_mono_ms();
    enum status st = store_open(&s, p->store, STORE_READ, err);
    do {
        *after_ms = units_mono_ms() - began;
        if (!st)
            st = run_get(s, run, take_status, status, err);
    } while (!st && !strcmp(status, "running") && *after_ms < CANCEL_MS && !poll(NULL, 0, LOOK_MS));
    store_close(s);
    return st;
}

static enum status judge_hangup(
    const struct probe *p, const char *run, struct probe_row *row, struct error *err)
{
    char status[32] = "";
    int64_t after_ms = 0;
    enum status st = watch_run(p, run, status, &after_ms, err);
    if (st == STATUS_NOT_FOUND) {
        row_set(row, PROBE_UNKNOWN, SYMPTOM_NONE, "the store has no run \"%s\"", run);
        snprintf(row->remedy, sizeof row->remedy, "name the responder's own store with -d");
        return STATUS_OK;
    }
    if (st)
        return st;
    if (!strcmp(status, "canceled"))
        row_set(row, PROBE_OK, SYMPTOM_NONE, "noticed: the run is canceled after %lldms",
            (long long)after_ms);
    else
        row_set(row, PROBE_WRONG, SYMPTOM_HANGUP, "not noticed: after %lldms the run is \"%s\"",
            (long long)after_ms, status);
    return STATUS_OK;
}

/* Over HTTP/1.1, where to go away is to close the connection. */
static enum status hang_up(struct probe *p, struct listener *l, struct error *err)
{
    struct probe_call c = {
        .http1 = true, .see = listener_see, .ctx = l, .patience_ms = LEFT_WORDS * p->delay_ms / 2};
    enum status st = probe_words(p, &c, LEFT_WORDS, "text/event-stream", err);
    if (!st)
        st = probe_call(p, &c, err);
    probe_call_release(&c);
    return st;
}

enum status probe_hangup(struct probe *p, struct probe_row *row, struct error *err)
{
    struct listener l;
    if (!p->streams) {
        row_set(
            row, PROBE_UNKNOWN, SYMPTOM_NONE, "it needs a stream that arrives while it is made");
        return STATUS_OK;
    }
    listener_init(&l);
    l.leave = true;
    enum status st = hang_up(p, &l, err);
    if (!st && !*l.run) {
        row_set(row, PROBE_UNKNOWN, SYMPTOM_NONE, "no word of the stream arrived in time");
    } else if (!st && !p->store) {
        row_set(row, PROBE_UNKNOWN, SYMPTOM_NONE, "only the store knows what became of the run");
        snprintf(row->remedy, sizeof row->remedy,
            "there, look whether it is canceled: magec runs show %s; or probe there, with -d FILE",
            l.run);
    } else if (!st) {
        st = judge_hangup(p, l.run, row, err);
    }
    listener_release(&l);
    return st;
}
