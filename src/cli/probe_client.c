#include "cli/probe_client.h"

#include <string.h>

#include "store/agent.h"
#include "store/backend.h"

enum {
    DELAY_MS = 100,        /* between two words */
    TOTAL_MS = 3600 * 1000 /* as long as magec probe --silence may be */
};

static enum status taken(const char *what, const char *id, const char *remedy, struct error *err)
{
    return error_set(
        err, STATUS_CONFLICT, "there is a%s \"%s\" that is not for probing%s", what, id, remedy);
}

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

static enum status make_backend(struct store *s, struct backend *b, struct error *err)
{
    if (string_set(&b->id, PROBE_ID) || string_set(&b->type, "echo") ||
        string_set(&b->name, "for magec probe"))
        return no_memory(err);
    b->delay_ms = DELAY_MS;
    b->deadlines.total_ms = TOTAL_MS;
    return backend_add(s, b, err);
}

static enum status need_backend(struct store *s, struct error *err)
{
    struct backend b;
    backend_init(&b);
    enum status st = backend_get(s, PROBE_ID, &b, err);
    if (st == STATUS_NOT_FOUND)
        st = make_backend(s, &b, err);
    else if (!st && (strcmp(b.type, "echo") != 0 || b.delay_ms <= 0))
        st = taken(" backend", PROBE_ID, ": remove it, or add it anew under another id", err);
    backend_release(&b);
    return st;
}

static enum status make_agent(struct store *s, struct agent *a, struct error *err)
{
    if (string_set(&a->id, PROBE_ID) || string_set(&a->backend, PROBE_ID) ||
        string_set(&a->name, "for magec probe"))
        return no_memory(err);
    return agent_add(s, a, err);
}

static enum status need_agent(struct store *s, struct error *err)
{
    struct agent a;
    agent_init(&a);
    enum status st = agent_get(s, PROBE_ID, &a, err);
    if (st == STATUS_NOT_FOUND)
        st = make_agent(s, &a, err);
    else if (!st && strcmp(a.backend, PROBE_ID) != 0)
        st = taken("n agent", PROBE_ID, ": remove it, or add it anew under another id", err);
    agent_release(&a);
    return st;
}

static enum status make_client(struct store *s, struct client *c, struct error *err)
{
    c->passthrough = true;
    c->hash_prompt = true; /* there is nothing in it to be read */
    if (strings_add(&c->agents, PROBE_ID) || string_set(&c->name, "for magec probe"))
        return no_memory(err);
    return client_add(s, c, err);
}

static bool is_probe(const struct client *c)
{
    return c->passthrough && c->enabled && c->agents.count == 1 &&
           !strcmp(c->agents.items[0], PROBE_ID);
}

enum status probe_client_add(struct store *s, struct client *c, bool *made, struct error *err)
{
    struct client there;
    client_init(&there);
    enum status st = need_backend(s, err);
    if (!st)
        st = need_agent(s, err);
    if (!st)
        st = client_get(s, c->id, &there, err);
    *made = st == STATUS_NOT_FOUND;
    if (*made)
        st = make_client(s, c, err);
    else if (!st && !is_probe(&there))
        st = taken(" client", c->id, ", or is disabled: give another id", err);
    else if (!st)
        c->passthrough = true;
    client_release(&there);
    return st;
}
