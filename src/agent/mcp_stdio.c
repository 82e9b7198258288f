/*
 * MCP over the stdin and stdout of a child process: one message a line. Its stderr is only its
 * tail, in errors.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/mcp.h"
#include "agent/mcp_wire.h"
#include "net/child.h"

struct stdio {
    struct mcp_wire wire;
    struct child *child;
    struct buf line; /* that has begun */
    bool lost;       /* nothing it says counts any more */
    bool busy;       /* a listener is being told something */
    bool closed;     /* and closed it */
};

static void release(struct stdio *s)
{
    buf_release(&s->line);
    free(s);
}

static void lose(struct stdio *s, const struct error *why)
{
    s->lost = true;
    s->wire.listener->lost(s->wire.ctx, why);
}

static void deliver(struct stdio *s, const char *line, size_t len)
{
    while (len && strchr("\r ", line[len - 1]))
        len--;
    if (len)
        s->wire.listener->message(s->wire.ctx, line, len);
}

static void keep(struct stdio *s, const char *bytes, size_t len)
{
    struct error err;
    enum status st = buf_add(&s->line, bytes, len);
    if (st == STATUS_TOO_LARGE)
        error_set(&err, STATUS_BACKEND, "it sent a message of over %d bytes", MCP_MESSAGE_MAX);
    else if (st)
        error_set(&err, st, "out of memory for its message");
    if (st)
        lose(s, &err);
}

static void on_data(void *ctx, const char *bytes, size_t len)
{
    struct stdio *s = ctx;
    s->busy = true;
    for (const char *nl; !s->closed && !s->lost && (nl = memchr(bytes, '\n', len));) {
        size_t n = (size_t)(nl - bytes);
        if (!s->line.len) {
            deliver(s, bytes, n);
        } else {
            keep(s, bytes, n);
            if (!s->lost)
                deliver(s, s->line.data, s->line.len);
            buf_shrink(&s->line, BUF_SMALL);
        }
        bytes += n + 1;
        len -= n + 1;
    }
    if (!s->closed && !s->lost && len)
        keep(s, bytes, len);
    s->busy = false;
    if (s->closed)
        release(s);
}

static void on_end(void *ctx, const struct error *why)
{
    struct stdio *s = ctx;
    if (!s->lost)
        lose(s, why); /* which may close it */
}

static const struct child_handler handler = {on_data, on_end};

static enum status send(struct mcp_wire *w, const struct mcp_message *m, struct error *err)
{
    struct stdio *s = (struct stdio *)w;
    struct buf line;
    buf_init(&line, CHILD_QUEUE_MAX);
    buf_add(&line, m->json, m->len);
    buf_addc(&line, '\n');
    enum status st = buf_status(&line);
    if (st)
        error_set(err, st, "a message of %zu bytes is too long", m->len);
    else
        st = child_write(s->child, line.data, line.len, err);
    buf_release(&line);
    return st;
}

static void forget(struct mcp_wire *w, int64_t id)
{
    (void)w;
    (void)id;
}

static void close_stdio(struct mcp_wire *w)
{
    struct stdio *s = (struct stdio *)w;
    child_close(s->child);
    s->closed = true;
    if (!s->busy)
        release(s);
}

static const struct mcp_wire_ops ops = {send, forget, close_stdio};

static enum status start(
    struct stdio *s, struct children *children, const struct mcp_server *server, struct error *err)
{
    struct strings argv = {0}, env = {0};
    struct spawn_request program = {
        .argv = &argv, .env = &env, .folder = server->work_dir ? server->work_dir : "/"};
    enum status st = strings_add(&argv, server->command);
    for (size_t i = 0; i < server->args.count && !st; i++)
        st = strings_add(&argv, server->args.items[i]);
    if (!st)
        st = spawn_env(&env, &server->env);
    if (st)
        error_set(err, st, "out of memory for a program");
    else
        st = child_start(children, &program, &handler, s, &s->child, err);
    strings_release(&argv);
    strings_release(&env);
    return st;
}

enum status mcp_stdio_open(struct children *children, const struct mcp_server *server,
    const struct mcp_wire_listener *listener, void *ctx, struct mcp_wire **out, struct error *err)
{
    if (!server->command || !*server->command)
        return error_set(err, STATUS_CONFIG, "it has no program");
    struct stdio *s = calloc(1, sizeof *s);
    if (!s)
        return error_set(err, STATUS_NO_MEMORY, "out of memory for a connection");
    s->wire = (struct mcp_wire){.ops = &ops, .listener = listener, .ctx = ctx};
    buf_init(&s->line, MCP_MESSAGE_MAX);
    enum status st = start(s, children, server, err);
    if (st)
        release(s);
    else
        *out = &s->wire;
    return st;
}
