#include "webhook/service.h"

#include <string.h>

#include "agent/mcp.h"
#include "webhook/down.h"

void limits_default(struct limits *l)
{
    *l = (struct limits){
        .max_body = (size_t)4 * 1024 * 1024,
        .max_reply = (size_t)8 * 1024 * 1024,
        .max_unsent = (size_t)256 * 1024,
        .max_calls = 10000,
        .heartbeat_ms = 15 * 1000,
        .read_timeout_ms = 30 * 1000,
        .request_timeout_ms = 5 * 60 * 1000,
        .write_timeout_ms = 60 * 1000,
    };
}

void service_init(struct service *s, const struct service_options *o)
{
    memset(s, 0, sizeof *s);
    s->log = o->log;
    s->limits = o->limits;
    s->env.max_reply = o->limits.max_reply;
    s->env.gates.log = s->env.log = o->log;
    buf_init(&s->scratch, 8 * o->limits.max_reply + BUF_SMALL);
}

enum status service_start(struct service *s, const struct service_options *o, struct error *err)
{
    enum status st = loop_open(&s->env.loop, err);
    if (!st)
        st = transport_open(&s->env.transport, s->env.loop, err);
    struct writer_options writer = o->writer;
    if (!st && !writer.in_line)
        st = reader_open(&s->reader, o->store, err);
    writer.reader = s->reader;
    if (!st)
        st = writer_open(&s->writer, o->store, &writer, err);
    if (!st && !o->writer.in_line)
        down_watch(s);
    if (st)
        service_close(s);
    return st;
}

enum status service_open(struct service *s, const struct service_options *o, struct error *err)
{
    service_init(s, o);
    return service_start(s, o, err);
}

void service_close(struct service *s)
{
    writer_stop(s->writer); /* which the reader works for */
    reader_close(s->reader);
    writer_close(s->writer);
    known_cache_clear(&s->known);
    gates_release(&s->env.gates);
    routes_release(&s->env.routes);
    mcp_close(s->env.mcp);
    transport_close(s->env.transport);
    loop_close(s->env.loop);
    buf_release(&s->scratch);
    s->reader = NULL;
    s->writer = NULL;
    s->env.mcp = NULL;
    s->env.transport = NULL;
    s->env.loop = NULL;
}
