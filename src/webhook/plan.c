#include "webhook/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/utf8.h"
#include "store/command.h"

enum { PROMPT_MAX = 64 * 1024 * 1024 }; /* the body's own cap comes first */

void plan_init(struct plan *p)
{
    *p = (struct plan){.mode = "ask"};
    prompt_init(&p->prompt, PROMPT_MAX);
}

void plan_release(struct plan *p)
{
    for (size_t i = 0; i < p->agent_count; i++) {
        agent_release(&p->agents[i].agent);
        backend_release(&p->agents[i].backend);
    }
    free(p->agents);
    free(p->client);
    free(p->caller);
    prompt_release(&p->prompt);
    plan_init(p);
}

static enum status add_agents(
    struct plan *p, struct store *s, const struct strings *ids, struct error *err)
{
    p->agents = calloc(ids->count, sizeof *p->agents);
    if (!p->agents)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < ids->count; i++) {
        struct plan_agent *a = &p->agents[i];
        agent_init(&a->agent);
        backend_init(&a->backend);
        p->agent_count = i + 1;
        enum status st = agent_get(s, ids->items[i], &a->agent, err);
        if (!st)
            st = backend_get(s, a->agent.backend, &a->backend, err);
        if (st) /* the store's references hold, so it was removed just now */
            return st == STATUS_NOT_FOUND
                       ? error_set(err, STATUS_CONFIG, "agent \"%s\" is gone", ids->items[i])
                       : st;
    }
    return ident_uuid7(units_now_ms(), p->id, err);
}

static enum status read_command(
    struct plan *p, struct store *s, const struct client *c, char **agent, struct error *err)
{
    struct command cmd;
    command_init(&cmd);
    enum status st = c->command ? command_get(s, c->command, &cmd, err) : STATUS_NOT_FOUND;
    if (st == STATUS_NOT_FOUND)
        st = error_set(err, STATUS_CONFIG,
            "client \"%s\" has no command: set one with \"magec client set %s --command ID\"",
            c->id, c->id);
    if (!st && buf_adds(&p->prompt.text, cmd.prompt))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (!st && cmd.agent && string_set(agent, cmd.agent))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    command_release(&cmd);
    return st;
}

enum status plan_client(struct plan *p, struct store *s, const struct client *c, struct error *err)
{
    char *own = NULL;
    struct strings one = {0};
    enum status st = STATUS_OK;
    p->mode = c->passthrough ? "passthrough" : "command";
    p->hash_prompt = c->hash_prompt;
    p->continue_when_gone = c->continue_when_gone;
    if (string_set(&p->client, c->id))
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (!c->passthrough)
        st = read_command(p, s, c, &own, err);
    const char *named = c->passthrough ? p->prompt.agent : NULL;
    if (!st && named && !strings_has(&c->agents, named))
        st = error_set(err, STATUS_FORBIDDEN, "agent \"%.*s\" is not one that this webhook may use",
            (int)utf8_cut(named, strlen(named), IDENT_SLUG_MAX), named);
    if (!named)
        named = own;
    if (!st && !named && !c->agents.count)
        st = error_set(err, STATUS_CONFIG,
            "client \"%s\" has no agents: give it some with \"magec client set %s --agents ID,ID\"",
            c->id, c->id);
    if (!st && named && strings_add(&one, named))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (!st)
        st = add_agents(p, s, named ? &one : &c->agents, err);
    strings_release(&one);
    free(own);
    return st;
}

enum status plan_ask(struct plan *p, struct store *s, const char *agent, struct error *err)
{
    struct agent known;
    struct strings one = {0};
    agent_init(&known);
    p->mode = "ask";
    enum status st = agent_get(s, agent, &known, err);
    if (!st && strings_add(&one, agent))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (!st)
        st = add_agents(p, s, &one, err);
    agent_release(&known);
    strings_release(&one);
    return st;
}
