#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli/findings.h"
#include "cli/session.h"
#include "cli/text.h"

static const char question[] = "Reply with one word: ok";

enum { PATIENCE_MS = 60 * 1000, SHOWN_WIDTH = 40 };

/* ---- whom to ask ---- */

struct search {
    const char *backend;
    struct strings found; /* agents of it */
};

static enum status see_agent(void *ctx, const struct agent *a)
{
    struct search *search = ctx;
    return strcmp(a->backend, search->backend) ? STATUS_OK : strings_add(&search->found, a->id);
}

static enum status see_backend(void *ctx, const struct backend *b)
{
    return strings_add(ctx, b->id);
}

/* One answer is all there is to see, and soon. */
static void limit(struct known_agent *p)
{
    int64_t *own = &p->agent.deadlines.total_ms, whole = p->backend.deadlines.total_ms;
    if (*own == DEADLINE_UNSET)
        *own = whole;
    if (*own <= 0 || *own > PATIENCE_MS)
        *own = PATIENCE_MS;
    p->backend.attempts = 1;
}

/* An agent of the backend, for its model; without one, the backend as it is. */
static enum status add_agent(
    struct known_agent *p, struct store *s, const char *backend, struct error *err)
{
    struct search search = {.backend = backend};
    enum status st = backend_get(s, backend, &p->backend, err);
    if (!st)
        st = agent_each(s, see_agent, &search, err);
    if (!st && search.found.count)
        st = agent_get(s, search.found.items[0], &p->agent, err);
    else if (!st && (string_set(&p->agent.id, backend) || string_set(&p->agent.backend, backend)))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    strings_release(&search.found);
    if (!st)
        st = string_set(&p->agent.system_prompt, NULL);
    limit(p);
    return st;
}

static enum status fill_plan(
    struct plan *plan, struct store *s, const struct strings *backends, struct error *err)
{
    struct known *known = known_new(backends->count);
    if (!known || buf_adds(&plan->prompt.text, question)) {
        known_release(known);
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    enum status st = STATUS_OK;
    for (size_t i = 0; i < backends->count && !st; i++)
        st = add_agent(&known->agents[i], s, backends->items[i], err);
    if (!st)
        st = plan_agents(plan, known, err);
    known_release(known);
    return st;
}

/* ---- what they say ---- */

struct online {
    struct findings *f;
    const struct strings *backends;
    bool ended;
};

static void on_ended(void *ctx, struct run *r)
{
    struct online *online = ctx;
    online->ended = true;
    for (size_t i = 0; i < run_agent_count(r); i++) {
        const struct run_agent *a = run_agent_at(r, i);
        const char *backend = online->backends->items[i];
        struct buf text;
        if (a->status || !a->ended) {
            findings_add(online->f, FINDING_ERROR, "backend \"%s\" does not answer: %s", backend,
                a->error ? a->error : "the run could not be recorded");
            continue;
        }
        buf_init(&text, OUTPUT_MAX);
        buf_add(&text, buf_str(&a->text), a->text.len);
        text_cut(&text, SHOWN_WIDTH);
        findings_add(online->f, FINDING_OK, "backend \"%s\" answered in %lldms: %s", backend,
            (long long)a->duration_ms, buf_str(&text));
        buf_release(&text);
    }
}

enum status online_check(struct cli *cli, struct store *s, struct findings *f, struct error *err)
{
    struct plan plan;
    struct strings backends = {0};
    struct online online = {.f = f, .backends = &backends};
    const struct session_view view = {NULL, on_ended, &online};
    plan_init(&plan);
    enum status st = backend_each(s, see_backend, &backends, err);
    if (!st && backends.count)
        st = fill_plan(&plan, s, &backends, err);
    if (!st && backends.count)
        st = session_run(cli, &plan, &view, err);
    if (online.ended && st != STATUS_CANCELED) /* it is in the findings */
        st = STATUS_OK;
    plan_release(&plan);
    strings_release(&backends);
    return st;
}
