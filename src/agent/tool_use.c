#include "agent/tool_use.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/flow_state.h"
#include "agent/mcp.h"
#include "agent/tool_state.h"
#include "base/json_schema.h"
#include "base/units.h"
#include "base/utf8.h"
#include "net/process.h"
#include "net/spawn.h"
#include "store/exec_tool.h"

enum { MCP_NOTE_MAX = 256 }; /* bytes of an MCP request's own note of what was cut off */

/* How one kind of tool is called. */
struct tool_runner {
    /* What keeps it from being called is told to the model. */
    enum status (*start)(struct tool_use *u, struct error *err);
    void (*cancel)(struct tool_use *u);
};

struct tool_use {
    struct agent_env *env;
    struct tool_use_request req;
    const struct tool_use_handler *handler;
    void *ctx;
    const struct tool_runner *runner; /* NULL: nothing runs */
    const char *text;                 /* of the arguments */
    struct json *arguments;
    struct job job; /* it is over */
    struct buf said;
    size_t all; /* bytes that there were */
    bool failed, over;
    int64_t timeout_ms;
    struct mcp_request *request;
    struct mcp_call call;
    struct process *process;
    struct strings env_list;
};

static size_t result_max(const struct tool_use *u)
{
    int64_t bytes = u->req.agent->tool_result_bytes;
    return bytes > 0 ? (size_t)bytes : TOOL_RESULT_BYTES;
}

/* ---- the end ---- */

/* NUL is valid, but not what providers and programs expect in a text. */
static void add_without_nul(struct buf *out, const char *bytes, size_t len)
{
    while (len) {
        size_t part = strnlen(bytes, len);
        buf_add(out, bytes, part);
        if (part < len)
            buf_adds(out, "\xef\xbf\xbd");
        part += part < len;
        bytes += part;
        len -= part;
    }
}

void tool_use_clean(const char *bytes, size_t len, size_t all, size_t max, struct buf *out)
{
    struct utf8_stream u = {0};
    struct buf valid, clean;
    buf_init(&valid, SIZE_MAX / 2);
    buf_init(&clean, SIZE_MAX / 2);
    utf8_feed(&u, bytes, len, &valid);
    if (all <= len) /* else a character may be cut in two, and goes with the rest */
        utf8_finish(&u, &valid);
    add_without_nul(&clean, buf_str(&valid), valid.len);
    size_t kept = utf8_cut(buf_str(&clean), clean.len, max);
    buf_add(out, buf_str(&clean), kept);
    if (all > len || kept < clean.len)
        buf_printf(out, "\n[cut: this is the beginning of %zu bytes]", all);
    buf_release(&valid);
    buf_release(&clean);
}

static void over(struct job *job)
{
    struct tool_use *u = (struct tool_use *)(void *)((char *)job - offsetof(struct tool_use, job));
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    size_t max = result_max(u) + (u->request ? MCP_NOTE_MAX : 0);
    tool_use_clean(buf_str(&u->said), u->said.len, u->all, max, &text);
    if (buf_status(&text)) {
        u->failed = true;
        u->handler->done(u->ctx, true, "out of memory", strlen("out of memory"));
    } else {
        u->handler->done(u->ctx, u->failed, buf_str(&text), text.len);
    }
    buf_release(&text);
}

static void end(struct tool_use *u, bool failed)
{
    u->failed = failed;
    u->over = true;
    if (u->all < u->said.len)
        u->all = u->said.len;
    loop_defer(u->env->loop, &u->job);
}

static void end_with(struct tool_use *u, const char *why)
{
    buf_reset(&u->said);
    buf_adds(&u->said, why);
    u->all = u->said.len;
    end(u, true);
}

/* ---- a program ---- */

static void on_data(void *ctx, const char *bytes, size_t len)
{
    struct tool_use *u = ctx;
    size_t room = u->said.cap - u->said.len;
    buf_add(&u->said, bytes, len < room ? len : room);
    u->all += len;
    if (u->all > TOOL_OUTPUT_MAX)
        process_cancel(u->process);
}

/* What a failing program wrote may say more than how it ended. */
static void end_failed(struct tool_use *u, const char *why)
{
    struct buf out = u->said;
    size_t all = u->all;
    buf_init(&u->said, out.cap + ERROR_TEXT_MAX);
    buf_adds(&u->said, why);
    if (out.len)
        buf_addc(&u->said, '\n');
    buf_add(&u->said, buf_str(&out), out.len);
    u->all = u->said.len - out.len + all;
    buf_release(&out);
    end(u, true);
}

static void on_end(void *ctx, enum status result, const struct error *err)
{
    struct tool_use *u = ctx;
    char time[32], why[96];
    if (result == STATUS_TIMEOUT) {
        units_print_duration(u->timeout_ms, time);
        snprintf(why, sizeof why, "the tool did not finish within %s", time);
        end_failed(u, why);
    } else if (result == STATUS_CANCELED && u->all > TOOL_OUTPUT_MAX) {
        end_failed(u, "the tool wrote too much, and was ended");
    } else if (result) {
        end_failed(u, err->text);
    } else {
        end(u, false);
    }
}

static const struct process_handler process_handler = {on_data, on_end};

static enum status start_exec(struct tool_use *u, struct error *err)
{
    const struct exec_tool *x = u->req.tool->exec;
    if (spawn_env(&u->env_list, &x->env))
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    struct process_request req = {.argv = &x->argv,
        .env = &u->env_list,
        .folder = x->work_dir ? x->work_dir : "/",
        .input = u->text,
        .len = strlen(u->text),
        .deadlines = {.total_ms = u->timeout_ms}};
    return process_start(u->env->loop, &req, &process_handler, u, &u->process, err);
}

static void cancel_exec(struct tool_use *u)
{
    process_cancel(u->process);
}

/* ---- an MCP server ---- */

static void on_called(void *ctx, bool failed, const char *text, size_t len)
{
    struct tool_use *u = ctx;
    buf_add(&u->said, text, len);
    end(u, failed);
}

static const struct mcp_handler mcp_handler = {.called = on_called};

static enum status start_mcp(struct tool_use *u, struct error *err)
{
    u->said.cap = SIZE_MAX / 2; /* the server's note is in it */
    u->call = (struct mcp_call){.server = u->req.tool->server,
        .tool = u->req.tool->remote,
        .arguments = u->text,
        .result_max = result_max(u),
        .timeout_ms = u->timeout_ms};
    return mcp_call(u->env->mcp, &u->call, &mcp_handler, u, &u->request, err);
}

static void cancel_mcp(struct tool_use *u)
{
    mcp_request_free(u->request);
    u->request = NULL;
    end_with(u, "canceled");
}

/* ---- the state ---- */

static enum status start_state(struct tool_use *u, struct error *err)
{
    (void)err;
    u->said.cap = (size_t)8 * FLOW_STATE_MAX;
    end(u, !tool_state_call(u->req.state, u->req.tool->title, u->arguments, &u->said));
    return STATUS_OK;
}

static const struct tool_runner runners[] = {
    [TOOL_STATE] = {start_state, NULL},
    [TOOL_EXEC] = {start_exec, cancel_exec},
    [TOOL_MCP] = {start_mcp, cancel_mcp},
};

/* ---- the beginning ---- */

/* A program's own wins over the agent's; a server's is of all requests to it, and not exceeded. */
static int64_t timeout_of(const struct tool_use *u)
{
    const struct tool_entry *e = u->req.tool;
    int64_t agents = u->req.agent->tool_timeout_ms;
    int64_t ms = agents > 0 ? agents : TOOL_TIMEOUT_MS;
    if (e->exec && e->exec->timeout_ms > 0)
        ms = e->exec->timeout_ms;
    if (e->server && e->server->timeout_ms > 0 && (agents <= 0 || e->server->timeout_ms < agents))
        ms = e->server->timeout_ms;
    return ms < u->req.left_ms ? ms : u->req.left_ms;
}

/* A schema that cannot be checked is the tool's own affair. State tools look for themselves. */
static enum status check_schema(const struct tool_use *u, struct error *err)
{
    const char *text = tool_set_told(u->req.set, u->req.tool)->schema;
    struct json *schema = NULL;
    struct error why;
    enum status st = STATUS_OK;
    if (u->req.tool->kind == TOOL_STATE)
        return st;
    if (!json_parse(text, strlen(text), &schema, NULL) && !json_schema_check(schema, NULL))
        st = json_schema_validate(schema, u->arguments, &why);
    json_free(schema);
    return st ? error_set(err, st, "the arguments do not match the tool's schema: %s", why.text)
              : STATUS_OK;
}

static enum status read_arguments(struct tool_use *u, struct error *err)
{
    struct error why;
    const char *text = u->req.call->arguments ? u->req.call->arguments : "";
    size_t len = strlen(text);
    u->text = text[strspn(text, " \t\r\n")] ? text : "{}";
    if (len > TOOL_ARGUMENTS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "the arguments have more than %d bytes",
            (int)TOOL_ARGUMENTS_MAX);
    if (!utf8_valid(text, len, NULL))
        return error_set(err, STATUS_BAD_REQUEST, "the arguments are not valid UTF-8");
    enum status st = json_parse(u->text, strlen(u->text), &u->arguments, &why);
    if (st)
        return error_set(err, st, "the arguments are not valid: %s", why.text);
    if (json_kind(u->arguments) == JSON_OBJECT)
        return check_schema(u, err);
    return error_set(err, STATUS_BAD_REQUEST, "the arguments are not a JSON object");
}

static void begin(struct tool_use *u)
{
    struct error err;
    enum status st = STATUS_OK;
    if (!u->req.tool) {
        st = error_set(&err, STATUS_NOT_FOUND, "there is no tool \"%s\"", u->req.call->name);
    } else {
        st = read_arguments(u, &err);
        u->timeout_ms = timeout_of(u);
    }
    if (!st) {
        u->runner = &runners[u->req.tool->kind];
        st = u->runner->start(u, &err);
    }
    if (st) {
        u->runner = NULL;
        end_with(u, err.text);
    }
}

enum status tool_use_start(struct agent_env *env, const struct tool_use_request *r,
    const struct tool_use_handler *handler, void *ctx, struct tool_use **out)
{
    struct tool_use *u = calloc(1, sizeof *u);
    if (!u)
        return STATUS_NO_MEMORY;
    *u = (struct tool_use){
        .env = env, .req = *r, .handler = handler, .ctx = ctx, .job = {.run = over}};
    buf_init(&u->said, result_max(u));
    *out = u;
    begin(u);
    return STATUS_OK;
}

void tool_use_cancel(struct tool_use *u)
{
    if (!u->over && u->runner && u->runner->cancel)
        u->runner->cancel(u);
}

void tool_use_free(struct tool_use *u)
{
    if (!u)
        return;
    loop_undefer(u->env->loop, &u->job);
    mcp_request_free(u->request);
    process_free(u->process);
    strings_release(&u->env_list);
    json_free(u->arguments);
    buf_release(&u->said);
    free(u);
}
