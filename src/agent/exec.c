/*
 * exec: a program of the operator's. The prompt is its stdin, its stdout is the answer as it comes,
 * the tail of its stderr explains a failure. No shell; its environment is what the backend lists.
 */
#include "agent/protocols.h"
#include "net/process.h"
#include "net/spawn.h"

struct exec {
    struct task task;
    struct strings env;
    struct process *process;
    bool said;
};

static void on_data(void *ctx, const char *bytes, size_t len)
{
    struct exec *x = ctx;
    x->said = true;
    task_say(&x->task, bytes, len);
}

static void on_end(void *ctx, enum status result, const struct error *err)
{
    struct exec *x = ctx;
    struct outcome o = {.status = result, .input_tokens = -1, .output_tokens = -1};
    if (result) {
        o.error = err->text;
    } else if (!x->said) {
        o.status = STATUS_BACKEND;
        o.error = "the program said nothing";
    } else {
        o.finish_reason = "stop";
    }
    task_end(&x->task, &o);
}

static const struct process_handler handler = {on_data, on_end};

static enum status start(struct task *t, struct error *err)
{
    struct exec *x = (struct exec *)t;
    const struct backend *b = t->ask->backend;
    if (!b->argv.count)
        return error_set(err, STATUS_CONFIG, "backend \"%s\" has no program", b->id);
    if (spawn_env(&x->env, &b->env))
        return error_set(err, STATUS_NO_MEMORY, "out of memory for an environment");
    struct process_request req = {.argv = &b->argv,
        .env = &x->env,
        .input = t->ask->prompt,
        .len = t->ask->prompt_len,
        .deadlines = task_deadlines(t->ask)};
    return process_start(t->env->loop, &req, &handler, x, &x->process, err);
}

static void cancel(struct task *t)
{
    process_cancel(((struct exec *)t)->process);
}

static void pause_exec(struct task *t, bool paused)
{
    process_pause(((struct exec *)t)->process, paused);
}

static void release(struct task *t)
{
    struct exec *x = (struct exec *)t;
    process_free(x->process);
    strings_release(&x->env);
}

static enum status check(const struct backend *b, struct error *err)
{
    if (protocol_has_http_fields(b))
        return error_set(err, STATUS_BAD_REQUEST,
            "an exec backend has nothing of HTTP, such as a URL or a key: name its program behind "
            "\"--\"");
    if (!b->argv.count || !*b->argv.items[0])
        return error_set(err, STATUS_BAD_REQUEST,
            "an exec backend needs a program: name it and its arguments behind \"--\"");
    if (b->argv.items[0][0] != '/')
        return error_set(err, STATUS_BAD_REQUEST,
            "the program \"%s\" is not an absolute path: a web server has another PATH than you",
            b->argv.items[0]);
    return STATUS_OK;
}

const struct protocol protocol_exec = {
    .name = "exec",
    .summary = "a program: prompt on its stdin, reply on its stdout",
    .check = check,
    .start = start,
    .cancel = cancel,
    .pause = pause_exec,
    .release = release,
    .size = sizeof(struct exec),
};
