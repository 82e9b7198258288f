/* What the store says of agents and flows, with all that these need. */
#include "webhook/known_load.h"

#include <stdlib.h>
#include <string.h>

#include "store/flow.h"

/* ---- agents ---- */

static size_t length(const char *s)
{
    return s ? strlen(s) + 1 : 0;
}

static enum status read_agent(
    struct known *k, struct known_agent *a, struct store *s, const char *id, struct error *err)
{
    enum status st = agent_get(s, id, &a->agent, err);
    if (!st)
        st = backend_get(s, a->agent.backend, &a->backend, err);
    if (!st)
        st = known_load_links(k, a, s, err);
    k->size += sizeof *a + length(a->agent.system_prompt) + length(a->agent.extra);
    return st;
}

/* One that others fall back on, read once. */
static enum status find_spare(
    struct known *k, struct store *s, const char *id, struct known_agent **out, struct error *err)
{
    for (size_t i = 0; i < k->spare_count; i++)
        if (!strcmp((*out = k->spares[i])->agent.id, id))
            return STATUS_OK;
    struct known_agent **more = realloc(k->spares, (k->spare_count + 1) * sizeof *more);
    if (!more)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    k->spares = more;
    struct known_agent *a = calloc(1, sizeof *a);
    if (!a)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    agent_init(&a->agent);
    backend_init(&a->backend);
    enum status st = read_agent(k, a, s, id, err);
    if (st) {
        known_forget_agent(a);
        free(a);
        return st;
    }
    k->spares[k->spare_count++] = *out = a;
    return STATUS_OK;
}

static bool has_other(const struct known_agent *a, const char *id)
{
    for (size_t i = 0; i < a->other_count; i++)
        if (!strcmp(a->others[i].agent->id, id))
            return true;
    return !strcmp(a->agent.id, id);
}

/* Those named and behind each its own, as deep as there is room: a circle ends where it began. */
static enum status add_others(struct known *k, struct known_agent *a, struct store *s,
    const struct strings *named, struct error *err)
{
    for (size_t i = 0; i < named->count && a->other_count < AGENT_FALLBACKS_MAX; i++) {
        struct known_agent *spare = NULL;
        if (has_other(a, named->items[i]))
            continue;
        enum status st = find_spare(k, s, named->items[i], &spare, err);
        if (st)
            return st;
        a->others[a->other_count++] = (struct candidate){&spare->agent, &spare->backend};
        st = add_others(k, a, s, &spare->agent.fallbacks, err);
        if (st)
            return st;
    }
    return STATUS_OK;
}

static enum status find_others(
    struct known *k, struct known_agent *a, struct store *s, struct error *err)
{
    if (!a->agent.fallbacks.count || a->others)
        return STATUS_OK;
    a->others = calloc(AGENT_FALLBACKS_MAX, sizeof *a->others);
    if (!a->others)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return add_others(k, a, s, &a->agent.fallbacks, err);
}

/* ---- flows ---- */

static enum status load_flow(struct known *k, struct store *s, const char *id,
    const struct known_flow **out, struct error *err);

/* One that a step asks; one that is gone is not there, which the step will say. */
static enum status load_step_agent(
    struct known *k, struct store *s, const char *id, struct error *err)
{
    struct known_agent *a = NULL;
    enum status st = find_spare(k, s, id, &a, err);
    if (!st)
        st = find_others(k, a, s, err);
    if (!st)
        a->step = (struct flow_agent){.agent = &a->agent,
            .backend = &a->backend,
            .others = a->others,
            .other_count = a->other_count,
            .links = known_links(a),
            .output_key = a->agent.output_key};
    return st;
}

static enum status load_steps(
    struct known *k, struct store *s, const struct flow_step *step, struct error *err)
{
    const struct known_flow *inner;
    enum status st = STATUS_OK;
    for (size_t i = 0; i < step->step_count && !st; i++)
        st = load_steps(k, s, &step->steps[i], err);
    if (!step->id)
        return st;
    st = step->type == FLOW_AGENT ? load_step_agent(k, s, step->id, err) : STATUS_NOT_FOUND;
    if (st == STATUS_NOT_FOUND)
        st = load_flow(k, s, step->id, &inner, err);
    return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

static struct known_flow *new_flow(struct known *k, const char *id)
{
    struct known_flow **more = realloc(k->flows, (k->flow_count + 1) * sizeof *more);
    struct known_flow *f = more ? calloc(1, sizeof *f) : NULL;
    k->flows = more ? more : k->flows;
    if (f && string_set(&f->id, id)) {
        free(f);
        return NULL;
    }
    return f ? k->flows[k->flow_count++] = f : NULL;
}

/* Known before its steps are: a flow that is in itself by now does not go round for ever. */
static enum status load_flow(struct known *k, struct store *s, const char *id,
    const struct known_flow **out, struct error *err)
{
    struct flow stored;
    for (size_t i = 0; i < k->flow_count; i++)
        if (!strcmp((*out = k->flows[i])->id, id))
            return STATUS_OK;
    flow_init(&stored);
    enum status st = flow_get(s, id, &stored, err);
    struct known_flow *f = st ? NULL : new_flow(k, id);
    if (!st && !f)
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (!st)
        st = flow_tree_parse(stored.root, &f->root, err);
    if (!st) {
        f->total_ms = stored.total_ms;
        k->size += sizeof *f + 2 * length(stored.root);
        st = load_steps(k, s, &f->root, err);
        *out = f;
    }
    flow_release(&stored);
    return st;
}

/* ---- what is named ---- */

enum status known_load_agent(
    struct known *k, size_t i, struct store *s, const char *id, struct error *err)
{
    struct known_agent *a = &k->agents[i];
    struct error none;
    enum status st = read_agent(k, a, s, id, err);
    if (!st)
        return find_others(k, a, s, err);
    if (st != STATUS_NOT_FOUND)
        return st;
    st = load_flow(k, s, id, &a->flow, &none);
    if (st == STATUS_NOT_FOUND)
        return flow_or_agent_missing(s, id, err);
    if (st)
        return error_set(err, st, "%s", none.text);
    return string_set(&a->agent.id, id) ? error_set(err, STATUS_NO_MEMORY, "out of memory") : st;
}

/* ---- for a flow that runs ---- */

const struct flow_agent *known_step_agent(void *known, const char *id)
{
    const struct known *k = known;
    for (size_t i = 0; i < k->spare_count; i++)
        if (k->spares[i]->step.agent && !strcmp(k->spares[i]->agent.id, id))
            return &k->spares[i]->step;
    return NULL;
}

const struct flow_step *known_step_flow(void *known, const char *id)
{
    const struct known *k = known;
    for (size_t i = 0; i < k->flow_count; i++)
        if (!strcmp(k->flows[i]->id, id))
            return &k->flows[i]->root;
    return NULL;
}
