#include "net/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confined.h"

enum {
    STDERR_KEPT = 500,
    CANNOT_EXECUTE = 126 /* what shells exit with */
};

/* ---- starting ---- */

static int add_files(posix_spawn_file_actions_t *files, const struct spawn_request *req,
    const int child[SPAWN_PIPES])
{
    int rc = 0;
    for (int i = 0; i < SPAWN_PIPES && !rc; i++)
        rc = posix_spawn_file_actions_adddup2(files, child[i], i);
    if (!rc)
        rc = posix_spawn_file_actions_addclosefrom_np(files, SPAWN_PIPES);
    if (!rc && req->folder)
        rc = posix_spawn_file_actions_addchdir_np(files, req->folder);
    return rc;
}

/* Nothing but the three pipes reaches the child, and signals are as a program expects them. */
static int spawn(struct spawned *s, const struct spawn_request *req, const int child[SPAWN_PIPES])
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    if (posix_spawn_file_actions_init(&files))
        return ENOMEM;
    if (posix_spawnattr_init(&attr)) {
        posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    int rc = add_files(&files, req, child);
    posix_spawnattr_setflags(
        &attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    char *empty[] = {NULL};
    if (!rc)
        rc = posix_spawnp(&s->pid, req->argv->items[0], &files, &attr, req->argv->items,
            req->env->items ? req->env->items : empty);
    if (rc)
        s->pid = 0;
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

/* Above 2, so that the child's dup2 never meets its own source. */
static int pipe_above_stdio(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC))
        return -1;
    for (int i = 0; i < 2; i++) {
        if (ends[i] > 2)
            continue;
        int higher = fcntl(ends[i], F_DUPFD_CLOEXEC, 3);
        if (higher < 0) {
            close(ends[0]);
            close(ends[1]);
            return -1;
        }
        close(ends[i]);
        ends[i] = higher;
    }
    return 0;
}

static int open_pipes(struct spawned *s, int child[SPAWN_PIPES])
{
    for (int i = 0; i < SPAWN_PIPES; i++) {
        int ends[2];
        if (pipe_above_stdio(ends))
            return -1;
        int ours = i == SPAWN_IN ? 1 : 0;
        s->pipes[i] = ends[ours];
        child[i] = ends[1 - ours];
        if (fcntl(s->pipes[i], F_SETFL, O_NONBLOCK))
            return -1;
    }
    return 0;
}

static enum status watchable(struct spawned *s, const char *name, struct error *err)
{
    s->pidfd = pidfd_open(s->pid, 0);
    if (s->pidfd < 0)
        return error_set(err, STATUS_UNAVAILABLE, "cannot watch \"%s\": %s", name, strerror(errno));
    fcntl(s->pidfd, F_SETFD, FD_CLOEXEC);
    return STATUS_OK;
}

enum status spawn_program(struct spawned *s, const struct spawn_request *req, struct error *err)
{
    const char *name = req->argv->items[0];
    int child[SPAWN_PIPES] = {-1, -1, -1};
    *s = (struct spawned){.pidfd = -1, .pipes = {-1, -1, -1}};
    int rc = open_pipes(s, child) ? errno : spawn(s, req, child);
    enum status st;
    if (rc && req->folder)
        st = error_set(err, STATUS_CONFIG, "cannot start \"%s\" in \"%s\": %s%s", name, req->folder,
            strerror(rc), confined_hint(rc));
    else if (rc)
        st = error_set(
            err, STATUS_CONFIG, "cannot start \"%s\": %s%s", name, strerror(rc), confined_hint(rc));
    else
        st = watchable(s, name, err);
    for (int i = 0; i < SPAWN_PIPES; i++)
        if (child[i] >= 0)
            close(child[i]);
    if (st)
        spawn_release(s);
    return st;
}

enum status spawn_env(struct strings *env, const struct strings *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *item = list->items[i];
        bool here = !strchr(item, '=') && strncmp(item, "HTTP_", 5) != 0;
        const char *value = here ? getenv(item) : NULL;
        struct buf entry;
        buf_init(&entry, BUF_SMALL);
        buf_adds(&entry, item);
        if (value)
            buf_printf(&entry, "=%s", value);
        enum status st = buf_status(&entry);
        if (!st && strchr(buf_str(&entry), '='))
            st = strings_add(env, buf_str(&entry));
        buf_release(&entry);
        if (st)
            return st;
    }
    return STATUS_OK;
}

/* ---- ending ---- */

void spawn_signal(struct spawned *s, int sig)
{
    if (s->pid > 0)
        kill(-s->pid, sig);
}

bool spawn_reap(struct spawned *s)
{
    if (s->pid > 0 && waitpid(s->pid, &s->wait_status, WNOHANG) != s->pid)
        return false;
    s->pid = 0;
    return true;
}

void spawn_release(struct spawned *s)
{
    if (s->pid > 0) {
        spawn_signal(s, SIGKILL);
        waitpid(s->pid, NULL, 0); /* SIGKILL: soon */
    }
    s->pid = 0;
    for (int i = 0; i < SPAWN_PIPES; i++) {
        if (s->pipes[i] >= 0)
            close(s->pipes[i]);
        s->pipes[i] = -1;
    }
    if (s->pidfd >= 0)
        close(s->pidfd);
    s->pidfd = -1;
}

void spawn_tail_init(struct buf *tail)
{
    buf_init(tail, BUF_SMALL);
}

void spawn_tail_add(struct buf *tail, const char *bytes, size_t len)
{
    size_t skip = len > STDERR_KEPT ? len - STDERR_KEPT : 0;
    buf_add(tail, bytes + skip, len - skip);
    if (tail->len > STDERR_KEPT)
        buf_consume(tail, tail->len - STDERR_KEPT);
}

enum status spawn_explain(const struct spawned *s, struct buf *tail, struct error *err)
{
    int status = s->wait_status;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return STATUS_OK;
    while (tail->len && strchr(" \r\n\t", tail->data[tail->len - 1]))
        buf_truncate(tail, tail->len - 1);
    const char *sep = tail->len ? ": " : "";
    if (WIFSIGNALED(status))
        return error_set(err, STATUS_BACKEND, "the program was killed by signal %d (%s)%s%s",
            WTERMSIG(status), strsignal(WTERMSIG(status)), sep, buf_str(tail));
    return error_set(err, STATUS_BACKEND, "the program exited with status %d%s%s%s",
        WEXITSTATUS(status), sep, buf_str(tail),
        confined_hint(WEXITSTATUS(status) == CANNOT_EXECUTE ? EACCES : 0));
}
