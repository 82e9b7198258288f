/* What the configuration names of the file system. */
#include <string.h>
#include <sys/stat.h>

#include "responder/sandbox.h"
#include "store/backend.h"

void sandbox_needs_release(struct sandbox_needs *n)
{
    strings_release(&n->programs);
    strings_release(&n->readable);
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

/* argv[0] is the program; others may be files and folders. */
static enum status add_command(struct sandbox_needs *n, const struct strings *argv)
{
    enum status st = STATUS_OK;
    if (argv->count) {
        warn_of_privileges(n, argv->items[0]);
        st = strings_add(&n->programs, argv->items[0]);
    }
    for (size_t i = 1; i < argv->count && !st; i++)
        st = add_path(n, argv->items[i]);
    return st;
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

enum status sandbox_read_configuration(struct sandbox_needs *n, struct error *err)
{
    struct store *s;
    if (store_open(&s, n->store, STORE_WRITE, NULL))
        return STATUS_OK;
    enum status st = backend_each(s, add_backend, n, err);
    store_close(s);
    return st == STATUS_NO_MEMORY ? error_set(err, st, "out of memory for the sandbox") : st;
}
