#include "agent/protocol.h"

#include <stdlib.h>
#include <string.h>

#include "agent/attempt.h"
#include "agent/checked.h"
#include "agent/exchange_request.h"
#include "agent/protocols.h"
#include "agent/tool_loop.h"

static const struct protocol *const protocols[] = {
    &protocol_openai,
    &protocol_responses,
    &protocol_anthropic,
    &protocol_gemini,
    &protocol_adk,
    &protocol_a2a,
    &protocol_exec,
    &protocol_echo,
    NULL,
};

const struct protocol *const *protocol_all(void)
{
    return protocols;
}

const struct protocol *protocol_find(const char *name)
{
    for (const struct protocol *const *p = protocols; *p; p++)
        if (name && !strcmp((*p)->name, name))
            return *p;
    return NULL;
}

/* "a, b and c" */
static void list_names(const struct strings *names, struct buf *out)
{
    for (size_t i = 0; i < names->count; i++)
        buf_printf(out, "%s%s", !i ? "" : i + 1 < names->count ? ", " : " and ", names->items[i]);
}

bool protocol_has_http_fields(const struct backend *b)
{
    return b->url || b->key || b->key_header || b->max_tokens_as || b->headers.count ||
           b->ca_file || b->client_cert || b->client_key || b->proxy || b->insecure;
}

enum status protocol_check(const struct backend *b, struct error *err)
{
    const struct protocol *p = protocol_find(b->type);
    if (p)
        return p->check(b, err);
    struct strings names = {0};
    struct buf list;
    buf_init(&list, BUF_SMALL);
    for (const struct protocol *const *all = protocols; *all; all++)
        strings_add(&names, (*all)->name);
    list_names(&names, &list);
    const char *near = b->type ? strings_nearest(&names, b->type) : NULL;
    if (near)
        error_set(
            err, STATUS_BAD_REQUEST, "no backend type \"%s\"; did you mean \"%s\"?", b->type, near);
    else
        error_set(err, STATUS_BAD_REQUEST, "no backend type \"%s\"; there are %s",
            b->type ? b->type : "", buf_str(&list));
    buf_release(&list);
    strings_release(&names);
    return STATUS_BAD_REQUEST;
}

enum status protocol_check_options(
    const struct backend *b, const struct agent *a, struct error *err)
{
    const struct protocol *p = protocol_find(b->type);
    return p && p->exchange && exchange_check_options(p->exchange, a->options, err)
               ? STATUS_BAD_REQUEST
               : STATUS_OK;
}

static enum status start(
    const struct protocol *p, const struct task *with, struct task **out, struct error *err)
{
    struct task *t = calloc(1, p->size);
    if (!t)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    *t = *with;
    t->protocol = p;
    enum status st = p->start(t, err);
    if (st)
        task_free(t);
    else
        *out = t;
    return st;
}

enum status task_start(struct agent_env *env, const struct ask *ask, struct listener *listener,
    struct task **out, struct error *err)
{
    const struct task with = {.env = env, .ask = ask, .listener = listener};
    if (ask->agent->response_schema)
        return start(&checked, &with, out, err);
    return task_start_unchecked(env, ask, listener, out, err);
}

enum status task_start_unchecked(struct agent_env *env, const struct ask *ask,
    struct listener *listener, struct task **out, struct error *err)
{
    const struct task with = {.env = env, .ask = ask, .listener = listener};
    return start(tool_loop_wanted(ask) ? &tool_loop : &attempts, &with, out, err);
}

enum status task_start_attempts(struct agent_env *env, const struct ask *ask,
    struct listener *listener, struct task **out, struct error *err)
{
    const struct task with = {.env = env, .ask = ask, .listener = listener};
    return start(&attempts, &with, out, err);
}

enum status task_start_once(struct agent_env *env, const struct ask *ask, struct listener *listener,
    struct task **out, struct error *err)
{
    const struct task with = {.env = env, .ask = ask, .listener = listener};
    const struct protocol *p = protocol_find(ask->backend->type);
    if (!p)
        return error_set(err, STATUS_CONFIG,
            "backend \"%s\" has the type \"%s\", which this program does not speak",
            ask->backend->id, ask->backend->type);
    return start(p, &with, out, err);
}

void task_cancel(struct task *t)
{
    t->protocol->cancel(t);
}

void task_pause(struct task *t, bool paused)
{
    t->protocol->pause(t, paused);
}

void task_free(struct task *t)
{
    if (!t)
        return;
    t->protocol->release(t);
    free(t);
}

void task_say(struct task *t, const char *bytes, size_t len)
{
    if (!len)
        return;
    struct event e = {.type = EVENT_TEXT, .text = bytes, .len = len};
    t->listener->event(t->listener, &e);
}

void task_end(struct task *t, const struct outcome *o)
{
    struct event e = {.type = EVENT_END, .outcome = o};
    t->listener->event(t->listener, &e);
}

static int64_t first_set(int64_t a, int64_t b, int64_t c)
{
    return a != DEADLINE_UNSET ? a : b != DEADLINE_UNSET ? b : c;
}

struct deadlines task_deadlines(const struct ask *ask)
{
    const struct deadlines standard = DEADLINES_DEFAULT;
    const struct deadlines *a = &ask->agent->deadlines, *b = &ask->backend->deadlines;
    struct deadlines d = {
        .connect_ms = first_set(a->connect_ms, b->connect_ms, standard.connect_ms),
        .first_byte_ms = first_set(a->first_byte_ms, b->first_byte_ms, standard.first_byte_ms),
        .idle_ms = first_set(a->idle_ms, b->idle_ms, standard.idle_ms),
        .total_ms = first_set(a->total_ms, b->total_ms, standard.total_ms),
    };
    if (ask->total_ms > 0 && (d.total_ms <= 0 || d.total_ms > ask->total_ms))
        d.total_ms = ask->total_ms;
    return d;
}
