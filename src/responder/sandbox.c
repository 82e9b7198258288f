#include "responder/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Landlock, as of its sixth version: Debian's headers have the first two. */
enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_REMOVE_DIR = 1 << 4,
    FS_REMOVE_FILE = 1 << 5,
    FS_MAKE_CHAR = 1 << 6,
    FS_MAKE_DIR = 1 << 7,
    FS_MAKE_REG = 1 << 8,
    FS_MAKE_SOCK = 1 << 9,
    FS_MAKE_FIFO = 1 << 10,
    FS_MAKE_BLOCK = 1 << 11,
    FS_MAKE_SYM = 1 << 12,
    FS_REFER = 1 << 13,    /* from version 2 */
    FS_TRUNCATE = 1 << 14, /* from version 3 */

    FS_READ = FS_READ_FILE | FS_READ_DIR,
    FS_CHANGE = FS_WRITE_FILE | FS_TRUNCATE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR |
                FS_MAKE_REG | FS_MAKE_SOCK | FS_MAKE_FIFO | FS_MAKE_SYM | FS_REFER,
    FS_OF_FILES = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE,

    RULE_PATH_BENEATH = 1,
    ASK_VERSION = 1
};

struct ruleset_attr {
    uint64_t handled_access_fs;
};

struct path_beneath_attr {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));

struct ruleset {
    int fd;
    uint64_t handled;
    int failed; /* errno of the first rule that could not be added; 0: none */
};

static long landlock_version(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
}

static uint64_t handled_by(long version)
{
    uint64_t all = FS_EXECUTE | FS_READ | FS_CHANGE | FS_MAKE_CHAR | FS_MAKE_BLOCK;
    if (version < 3)
        all &= ~(uint64_t)FS_TRUNCATE;
    if (version < 2)
        all &= ~(uint64_t)FS_REFER;
    return all;
}

/* What is not there needs no rule. */
static void allow(struct ruleset *r, const char *path, uint64_t access)
{
    struct stat info;
    struct path_beneath_attr rule = {
        .allowed_access = access & r->handled, .parent_fd = open(path, O_PATH | O_CLOEXEC)};
    if (rule.parent_fd < 0)
        return;
    if (!fstat(rule.parent_fd, &info) && !S_ISDIR(info.st_mode))
        rule.allowed_access &= FS_OF_FILES;
    if (syscall(SYS_landlock_add_rule, r->fd, RULE_PATH_BENEATH, &rule, 0) && !r->failed)
        r->failed = errno;
    close(rule.parent_fd);
}

static void allow_parent(struct ruleset *r, const char *path, int levels, uint64_t access)
{
    char copy[PATH_MAX];
    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy)
        return;
    char *folder = copy;
    while (levels-- > 0)
        folder = dirname(folder);
    allow(r, folder, access);
}

static const char *const system_folders[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64",
    "/libx32", "/opt", "/etc", "/run", "/proc", "/sys", "/dev", NULL};
static const char *const program_folders[] = {
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", NULL};
static const char *const temporary_folders[] = {"/tmp", "/var/tmp", "/dev/shm", NULL};
/* Where OpenSSL is told that its authorities are. */
static const char *const certificate_variables[] = {"SSL_CERT_FILE", "SSL_CERT_DIR", NULL};

static void allow_each(struct ruleset *r, const char *const *paths, uint64_t access)
{
    for (; *paths; paths++)
        allow(r, *paths, access);
}

/* What is needed beside a file that is run: node beside npm, a module beside a script; of a tree
 * whose programs are in bin, such as a virtual environment, all of it; of node's packages all. */
static void allow_around(struct ruleset *r, const char *path, uint64_t access)
{
    char folder[PATH_MAX];
    if (snprintf(folder, sizeof folder, "%s", path) >= (int)sizeof folder)
        return;
    allow_parent(r, path, 1, access);
    char *packages = strstr(folder, "/node_modules/");
    if (packages) {
        *packages = 0;
        allow(r, folder, FS_READ);
        return;
    }
    const char *above = dirname(folder);
    if (!strcmp(basename(folder), "bin") && strcmp(above, "/bin") != 0)
        allow_parent(r, path, 2, FS_READ);
}

static void allow_program(struct ruleset *r, const char *path)
{
    char real[PATH_MAX];
    if (path[0] != '/')
        return;
    allow(r, path, FS_EXECUTE | FS_READ);
    allow_around(r, path, FS_EXECUTE | FS_READ);
    if (realpath(path, real) && strcmp(real, path) != 0)
        allow_around(r, real, FS_EXECUTE | FS_READ);
}

static void allow_programs(struct ruleset *r, const struct sandbox_needs *n)
{
    if (!n->programs.count)
        return;
    allow_each(r, program_folders, FS_EXECUTE);
    allow_each(r, temporary_folders, FS_READ | FS_CHANGE);
    for (size_t i = 0; i < n->programs.count; i++)
        allow_program(r, n->programs.items[i]);
    for (size_t i = 0; i < n->scripts.count; i++)
        allow_around(r, n->scripts.items[i], FS_READ);
    for (size_t i = 0; i < n->directories.count; i++)
        allow(r, n->directories.items[i], FS_READ | FS_CHANGE);
}

static void allow_list(struct ruleset *r, const char *paths, uint64_t access)
{
    char path[PATH_MAX];
    while (paths && *paths) {
        size_t len = strcspn(paths, ":");
        if (len && snprintf(path, sizeof path, "%.*s", (int)len, paths) < (int)sizeof path)
            allow(r, path, access);
        paths += len + (paths[len] == ':');
    }
}

static void add_rules(struct ruleset *r, const struct sandbox_needs *n)
{
    allow_each(r, system_folders, FS_READ);
    allow(r, "/dev/null", FS_READ_FILE | FS_WRITE_FILE);
    for (const char *const *v = certificate_variables; *v; v++)
        allow_list(r, getenv(*v), FS_READ);
    allow_parent(r, n->store, 1, FS_READ | FS_CHANGE);
    if (n->socket)
        allow_parent(r, n->socket, 1, FS_REMOVE_FILE);
    allow_list(r, n->writable, FS_READ | FS_CHANGE);
    for (size_t i = 0; i < n->readable.count; i++)
        allow(r, n->readable.items[i], FS_READ);
    allow_programs(r, n);
}

void sandbox_begin(void)
{
    const struct rlimit none = {0, 0};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
    umask(0077);
}

enum status sandbox_enter(const struct sandbox_needs *n, struct error *err)
{
    long version = landlock_version();
    if (version < 1) {
        log_message(
            n->log, LOG_LEVEL_INFO, "this kernel has no Landlock: files are not confined", NULL);
        return STATUS_OK;
    }
    struct ruleset_attr attr = {.handled_access_fs = handled_by(version)};
    struct ruleset r = {.handled = attr.handled_access_fs};
    r.fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    int failed = r.fd < 0 ? errno : 0;
    if (!failed) {
        add_rules(&r, n);
        failed = r.failed;
    }
    if (!failed && syscall(SYS_landlock_restrict_self, r.fd, 0))
        failed = errno;
    if (r.fd >= 0)
        close(r.fd);
    if (failed)
        return error_set(err, STATUS_INTERNAL,
            "cannot enter the sandbox: %s; --no-sandbox goes without it", strerror(failed));
    return STATUS_OK;
}

enum status sandbox_refuses_root(bool allowed, struct error *err)
{
    if (allowed || geteuid() != 0)
        return STATUS_OK;
    return error_set(err, STATUS_CONFIG,
        "it is not to run as root: start it as the user of the store (User= of a systemd unit, "
        "runuser -u USER), or say --allow-root");
}
