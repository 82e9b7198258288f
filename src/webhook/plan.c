#include "webhook/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/utf8.h"

enum { PROMPT_MAX = 64 * 1024 * 1024 }; /* the body's own cap comes first */

void plan_init(struct plan *p)
{
    *p = (struct plan){.mode = "ask"};
    prompt_init(&p->prompt, PROMPT_MAX);
}

void plan_release(struct plan *p)
{
    known_release(p->known);
    free(p->caller);
    prompt_release(&p->prompt);
    plan_init(p);
}

static void use(struct plan *p, struct known *known, const struct known_agent *first, size_t count)
{
    known_hold(known);
    known_release(p->known);
    p->known = known;
    p->agents = first;
    p->agent_count = count;
}

static enum status take_prompt(struct plan *p, const struct known *known, struct error *err)
{
    const char *id = known->client.id;
    if (!known->command.id)
        return error_set(err, STATUS_CONFIG,
            "client \"%s\" has no command: set one with \"magec client set %s --command ID\"", id,
            id);
    buf_reset(&p->prompt.text);
    return buf_adds(&p->prompt.text, known->command.prompt)
               ? error_set(err, STATUS_NO_MEMORY, "out of memory")
               : STATUS_OK;
}

static enum status choose_agents(struct plan *p, struct known *known, struct error *err)
{
    const struct client *c = &known->client;
    const char *named = c->passthrough ? p->prompt.agent : NULL;
    if (known->command.agent) {
        use(p, known, &known->agents[c->agents.count], 1);
        return STATUS_OK;
    }
    if (named) {
        const struct known_agent *one = known_find(known, named);
        if (!one)
            return error_set(err, STATUS_FORBIDDEN,
                "agent \"%.*s\" is not one that this webhook may use",
                (int)utf8_cut(named, strlen(named), IDENT_SLUG_MAX), named);
        use(p, known, one, 1);
        return STATUS_OK;
    }
    if (!c->agents.count)
        return error_set(err, STATUS_CONFIG,
            "client \"%s\" has no agents: give it some with \"magec client set %s --agents ID,ID\"",
            c->id, c->id);
    use(p, known, known->agents, c->agents.count);
    return STATUS_OK;
}

static enum status plan_with(struct plan *p, struct known *known, struct error *err)
{
    const struct client *c = &known->client;
    enum status st = c->passthrough ? STATUS_OK : take_prompt(p, known, err);
    if (!st)
        st = choose_agents(p, known, err);
    if (st)
        return st;
    p->client = c->id;
    p->mode = c->passthrough ? "passthrough" : "command";
    p->hash_prompt = c->hash_prompt;
    p->continue_when_gone = c->continue_when_gone;
    return STATUS_OK;
}

enum status plan_client(struct plan *p, struct known *known, struct error *err)
{
    enum status st = plan_with(p, known, err);
    return st ? st : ident_uuid7(units_now_ms(), p->id, err);
}

enum status plan_agents(struct plan *p, struct known *known, struct error *err)
{
    use(p, known, known->agents, known->agent_count);
    return ident_uuid7(units_now_ms(), p->id, err);
}

enum status plan_ask(struct plan *p, struct store *s, const char *agent, struct error *err)
{
    struct known *known = known_new(1);
    if (!known)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    enum status st = known_load_agent(known, 0, s, agent, err);
    if (!st)
        st = plan_agents(p, known, err);
    known_release(known);
    return st;
}

enum status plan_renew(struct plan *p, struct store *s, bool *changed, struct error *err)
{
    int64_t now;
    struct known *known;
    *changed = false;
    if (!p->client) /* what is asked from the terminal was read just now */
        return STATUS_OK;
    enum status st = store_generation(s, &now, err);
    if (st || now == p->known->generation)
        return st;
    st = known_load(&known, s, p->client, err);
    if (st)
        return st == STATUS_NOT_FOUND ? known_wrong_token(err) : st;
    if (p->has_token)
        st = known_admits(known, p->token, err);
    if (!st && !strcmp(p->mode, "passthrough") != known->client.passthrough)
        st = error_set(
            err, STATUS_UNAVAILABLE, "this webhook was changed while it was called; try again");
    if (!st)
        st = plan_with(p, known, err);
    *changed = !st;
    known_release(known);
    return st;
}
