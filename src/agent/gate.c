#include "agent/gate.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"

struct gate {
    struct gate *next;
    char *backend; /* its id */
    size_t inside;
    int64_t in_line;
    struct gate_pass *first; /* of those in line */
    int failures;            /* in a row */
    int64_t next_ms;         /* when it is closed: until then nobody is let through */
    bool closed, probing;
};

static void gate_free(struct gate *gate)
{
    free(gate->backend);
    free(gate);
}

void gates_release(struct gates *g)
{
    while (g->first) {
        struct gate *gate = g->first;
        g->first = gate->next;
        gate_free(gate);
    }
    g->count = 0;
}

/* Where it is linked; where NULL is when there is none. */
static struct gate **find(struct gates *g, const char *backend)
{
    struct gate **at = &g->first;
    while (*at && strcmp((*at)->backend, backend) != 0)
        at = &(*at)->next;
    return at;
}

static struct gate *make(struct gates *g, const char *backend)
{
    struct gate *gate = g->count < GATES_MAX ? calloc(1, sizeof *gate) : NULL;
    if (!gate || string_set(&gate->backend, backend)) {
        free(gate);
        return NULL;
    }
    gate->next = g->first;
    g->first = gate;
    g->count++;
    return gate;
}

static void say(struct gates *g, const struct gate *gate, const char *what, const char *why)
{
    struct gate_news news = {gate->backend, gate->closed, gate->failures, why};
    struct log_line line;
    log_begin(g->log, &line, gate->closed ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, what);
    log_str(&line, "backend", gate->backend);
    if (gate->failures)
        log_int(&line, "failures", gate->failures);
    log_str(&line, "error", why);
    log_end(g->log, &line);
    if (g->changed)
        g->changed(g->ctx, &news);
}

static enum status refuse(
    const struct gate *gate, int64_t now_ms, struct gate_pass *pass, struct error *err)
{
    char time[32];
    int64_t left = gate->next_ms - now_ms;
    pass->closed_ms = left > 0 ? left : 1; /* the probe's end opens it, perhaps */
    units_print_duration((pass->closed_ms + 999) / 1000 * 1000, time);
    return error_set(err, STATUS_UNAVAILABLE,
        "backend \"%s\" is taken to be down: it failed %d times in a row; it is asked again in %s",
        gate->backend, gate->failures, time);
}

/* ---- the line ---- */

static enum status stand_in_line(
    struct gate *gate, const struct backend *b, struct gate_pass *pass, struct error *err)
{
    struct gate_pass **last = &gate->first;
    if (gate->in_line >= b->max_calls)
        return error_set(err, STATUS_UNAVAILABLE,
            "backend \"%s\" has %lld calls in flight and as many waiting; try again", b->id,
            (long long)b->max_calls);
    while (*last)
        last = &(*last)->next;
    *last = pass;
    gate->in_line++;
    pass->gate = gate;
    pass->waiting = true;
    pass->room = b->max_calls;
    return STATUS_OK;
}

static void step_out(struct gate_pass *pass)
{
    struct gate_pass **at = &pass->gate->first;
    while (*at != pass)
        at = &(*at)->next;
    *at = pass->next;
    pass->gate->in_line--;
    pass->waiting = false;
    pass->next = NULL;
}

static void admit(struct gate *gate)
{
    for (struct gate_pass *pass; (pass = gate->first);) {
        if (!gate->closed && gate->inside >= (size_t)pass->room)
            return;
        step_out(pass);
        if (gate->closed)
            pass->gate = NULL;
        else
            gate->inside++;
        pass->admitted(pass);
    }
}

/* ---- in and out ---- */

enum status gate_enter(struct gates *g, const struct backend *b, int64_t now_ms,
    struct gate_pass *pass, struct error *err)
{
    struct gate *gate = *find(g, b->id);
    *pass = (struct gate_pass){.admitted = pass->admitted};
    if (gate && gate->closed && (gate->probing || now_ms < gate->next_ms))
        return refuse(gate, now_ms, pass, err);
    if (gate && b->max_calls > 0 && gate->inside >= (size_t)b->max_calls)
        return stand_in_line(gate, b, pass, err);
    if (!gate)
        gate = make(g, b->id);
    if (!gate) /* it does without */
        return STATUS_OK;
    pass->gate = gate;
    pass->probe = gate->closed;
    gate->probing = gate->closed;
    gate->inside++;
    return STATUS_OK;
}

static void fail(struct gates *g, struct gate *gate, const struct gate_pass *pass, int64_t now_ms)
{
    gate->failures++;
    if (gate->closed ? !pass->probe : gate->failures < GATE_FAILURES)
        return;
    bool still = gate->closed;
    gate->closed = true;
    gate->next_ms = now_ms + GATE_CLOSED_MS;
    say(g, gate, still ? "a backend is still down" : "a backend is taken to be down", pass->why);
}

static void work(struct gates *g, struct gate *gate)
{
    bool back = gate->closed;
    gate->failures = 0;
    gate->closed = false;
    if (back)
        say(g, gate, "a backend is back", NULL);
}

void gate_leave(struct gates *g, struct gate_pass *pass, enum gate_verdict verdict, int64_t now_ms)
{
    struct gate *gate = pass->gate;
    if (!gate)
        return;
    if (pass->waiting) {
        step_out(pass);
        pass->gate = NULL;
        return;
    }
    gate->inside--;
    if (pass->probe)
        gate->probing = false;
    if (verdict == GATE_FAILED)
        fail(g, gate, pass, now_ms);
    else if (verdict == GATE_WORKED)
        work(g, gate);
    pass->gate = NULL;
    admit(gate);
    if (gate->inside || gate->failures)
        return;
    *find(g, gate->backend) = gate->next;
    g->count--;
    gate_free(gate);
}
