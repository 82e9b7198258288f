#include "agent/tool_tell.h"

#include <stdlib.h>
#include <string.h>

#include "agent/exchange_request.h"
#include "agent/outgoing.h"
#include "agent/protocol.h"
#include "agent/secret.h"
#include "base/utf8.h"
#include "store/exec_tool.h"
#include "store/mcp_server.h"

enum { LOOKED_AT = 8 * TOOL_SHOWN_MAX }; /* bytes in which keys are looked for */

/* ---- keys ---- */

static void add_backend(
    struct tool_tell *t, const struct agent *agent, const struct backend *backend)
{
    const struct protocol *p = protocol_find(backend->type);
    struct exchange_request r = {.ask = NULL};
    struct ask bare = {.agent = agent, .backend = backend, .prompt = ""};
    if (p && p->exchange)
        exchange_request_make(&r, p->exchange, &bare, NULL);
    for (size_t i = 0; i < r.secrets.count; i++)
        strings_add(&t->secrets, r.secrets.items[i]);
    exchange_request_release(&r);
}

static void add_request(struct tool_tell *t, const struct mcp_server *s)
{
    struct buf url;
    struct strings headers = {0};
    buf_init(&url, BUF_SMALL);
    outgoing_url(s->endpoint, &url, &t->secrets, NULL);
    for (size_t i = 0; i < s->headers.count; i++)
        outgoing_header(s->headers.items[i], &headers, &t->secrets, NULL);
    buf_wipe(&url);
    secret_forget(&headers);
}

/* Of an environment: the values whose names say so. */
static void add_environment(struct tool_tell *t, const struct strings *env)
{
    for (size_t i = 0; i < env->count; i++) {
        const char *item = env->items[i], *equals = strchr(item, '=');
        const char *value = equals ? equals + 1 : getenv(item);
        if (value && secret_is_named(item))
            strings_add(&t->secrets, value);
    }
}

static void add_links(struct tool_tell *t, const struct tool_links *links)
{
    for (size_t i = 0; i < links->server_count; i++) {
        const struct mcp_server *s = links->servers[i];
        if (s->endpoint)
            add_request(t, s);
        add_environment(t, &s->env);
    }
    for (size_t i = 0; i < links->exec_count; i++)
        add_environment(t, &links->execs[i]->env);
}

static void look_up(struct tool_tell *t, const struct ask *ask)
{
    if (t->known)
        return;
    t->known = true;
    add_backend(t, ask->agent, ask->backend);
    for (size_t i = 0; i < ask->other_count; i++)
        add_backend(t, ask->others[i].agent, ask->others[i].backend);
    if (ask->links)
        add_links(t, ask->links);
}

/* ---- what is shown ---- */

/* What may be the beginning of a key at the end of a text that was cut. */
static size_t longest(const struct strings *secrets)
{
    size_t most = 0;
    for (size_t i = 0; i < secrets->count; i++)
        if (strlen(secrets->items[i]) > most)
            most = strlen(secrets->items[i]);
    return most;
}

static void show(const struct tool_tell *t, const char *text, size_t len, struct buf *out)
{
    struct buf start, clean;
    buf_init(&start, LOOKED_AT + 1);
    buf_init(&clean, (size_t)4 * LOOKED_AT);
    buf_add(&start, text, utf8_cut(text, len, LOOKED_AT));
    secret_hide(buf_str(&start), &t->secrets, &clean);
    size_t doubtful = start.len < len ? longest(&t->secrets) : 0;
    size_t sure = clean.len > doubtful ? clean.len - doubtful : 0;
    size_t most = sure < TOOL_SHOWN_MAX ? sure : TOOL_SHOWN_MAX;
    size_t cut = utf8_cut(buf_str(&clean), clean.len, most);
    if (!buf_status(&clean))
        buf_add(out, buf_str(&clean), cut);
    if (cut < clean.len || start.len < len)
        buf_adds(out, "...");
    buf_release(&start);
    buf_release(&clean);
}

void tool_tell_event(struct tool_tell *t, const struct ask *ask, struct listener *listener,
    const struct tool_event *e)
{
    struct tool_event shown = *e;
    struct buf name, arguments, result;
    look_up(t, ask);
    buf_init(&name, BUF_SMALL);
    buf_init(&arguments, BUF_SMALL);
    buf_init(&result, BUF_SMALL);
    show(t, e->name, strlen(e->name), &name); /* a model may call what it wants */
    shown.name = buf_str(&name);
    show(t, e->arguments, strlen(e->arguments), &arguments);
    shown.arguments = buf_str(&arguments);
    if (e->ended) {
        show(t, e->result, e->result_len, &result);
        shown.result = buf_str(&result);
        shown.result_len = result.len;
    }
    struct event up = {.type = EVENT_TOOL, .tool = &shown};
    listener->event(listener, &up);
    buf_release(&name);
    buf_release(&arguments);
    buf_release(&result);
}

void tool_tell_hide(struct tool_tell *t, const struct ask *ask, struct error *err)
{
    struct error raw = *err;
    look_up(t, ask);
    secret_redact(err, raw.status, "", raw.text, &t->secrets);
}

void tool_tell_release(struct tool_tell *t)
{
    secret_forget(&t->secrets);
}
