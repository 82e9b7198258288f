/* What the configuration names of the file system. */
#include <string.h>
#include <sys/stat.h>

#include "responder/sandbox.h"
#include "store/backend.h"
#include "store/exec_tool.h"
#include "store/mcp_server.h"

void sandbox_needs_release(struct sandbox_needs *n)
{
    strings_release(&n->programs);
    strings_release(&n->readable);
    strings_release(&n->scripts);
    strings_release(&n->directories);
}

static enum status add_path(struct sandbox_needs *n, const char *path)
{
    struct stat info;
    if (!path || path[0] != '/')
        return STATUS_OK;
    enum status st = strings_add(&n->readable, path);
    if (!st && !stat(path, &info) && S_ISDIR(info.st_mode) && path[1])
        st = strings_add(&n->directories, path);
    return st;
}

static void warn_of_privileges(const struct sandbox_needs *n, const char *program)
{
    struct stat info;
    struct log_line line;
    if (stat(program, &info) || !(info.st_mode & (S_ISUID | S_ISGID)))
        return;
    log_begin(n->log, &line, LOG_LEVEL_WARN, "a program gets no privileges in the sandbox");
    log_str(&line, "program", program);
    log_str(&line, "remedy", "--no-sandbox");
    log_end(n->log, &line);
}

static enum status add_program(struct sandbox_needs *n, const char *program)
{
    if (!program)
        return STATUS_OK;
    warn_of_privileges(n, program);
    return strings_add(&n->programs, program);
}

/* Of a program's arguments some may be files and folders. */
static enum status add_arguments(struct sandbox_needs *n, const struct strings *list, size_t from)
{
    enum status st = STATUS_OK;
    for (size_t i = from; i < list->count && !st; i++) {
        struct stat info;
        const char *path = list->items[i];
        st = add_path(n, path);
        if (!st && path[0] == '/' && !stat(path, &info) && S_ISREG(info.st_mode))
            st = strings_add(&n->scripts, path);
    }
    return st;
}

static enum status add_command(struct sandbox_needs *n, const struct strings *argv)
{
    enum status st = add_program(n, argv->count ? argv->items[0] : NULL);
    return st ? st : add_arguments(n, argv, 1);
}

static enum status add_backend(void *ctx, const struct backend *b)
{
    static const char file[] = "file:";
    struct sandbox_needs *n = ctx;
    const char *const paths[] = {b->ca_file, b->client_cert, b->client_key,
        b->key && !strncmp(b->key, file, sizeof file - 1) ? b->key + sizeof file - 1 : NULL};
    enum status st = add_command(n, &b->argv);
    for (size_t i = 0; i < sizeof paths / sizeof *paths && !st; i++)
        st = add_path(n, paths[i]);
    return st;
}

static enum status add_server(void *ctx, const struct mcp_server *m)
{
    struct sandbox_needs *n = ctx;
    enum status st = add_program(n, m->command);
    if (!st)
        st = add_arguments(n, &m->args, 0);
    if (!st)
        st = add_path(n, m->work_dir);
    return st ? st : add_path(n, m->ca_file);
}

static enum status add_tool(void *ctx, const struct exec_tool *t)
{
    struct sandbox_needs *n = ctx;
    enum status st = add_command(n, &t->argv);
    return st ? st : add_path(n, t->work_dir);
}

enum status sandbox_read_configuration(struct sandbox_needs *n, struct error *err)
{
    struct store *s;
    if (store_open(&s, n->store, STORE_WRITE, NULL))
        return STATUS_OK;
    enum status st = backend_each(s, add_backend, n, err);
    if (!st)
        st = mcp_server_each(s, add_server, n, err);
    if (!st)
        st = exec_tool_each(s, add_tool, n, err);
    store_close(s);
    return st == STATUS_NO_MEMORY ? error_set(err, st, "out of memory for the sandbox") : st;
}
