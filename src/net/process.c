#include "net/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/confined.h"
#include "base/utf8.h"
#include "net/deadline.h"

enum {
    KILL_AFTER_MS = 500, /* between SIGTERM and SIGKILL */
    LINGER_MS = 1000,    /* for the output of a program that is gone: others may hold the pipe */
    STDERR_KEPT = 500,   /* the tail that goes into the error */
    READ_SIZE = 16 * 1024
};

enum { IN, OUT, ERR, PIPES };

struct process {
    struct loop *loop;
    const struct process_handler *handler;
    void *ctx;
    pid_t pid; /* also its group's; 0 when reaped */
    int pidfd;
    int wait_status;
    int pipes[PIPES]; /* our ends; -1 when closed */
    struct watch *watches[PIPES];
    struct watch *exit_watch;
    struct timer *timer; /* to SIGKILL, or for the rest of the output */
    struct deadline deadline;
    struct buf tail; /* of stderr */
    const char *input;
    size_t left;
    enum status stopped;
    bool paused, ended;
    struct job job;
};

static void close_pipe(struct process *p, int which)
{
    watch_free(p->watches[which]);
    p->watches[which] = NULL;
    if (p->pipes[which] >= 0)
        close(p->pipes[which]);
    p->pipes[which] = -1;
}

static void kill_group(struct process *p, int sig)
{
    if (p->pid > 0)
        kill(-p->pid, sig);
}

static enum status explain(struct process *p, struct error *err)
{
    if (p->stopped == STATUS_TIMEOUT)
        return deadline_error(&p->deadline, err);
    if (p->stopped)
        return error_set(err, p->stopped, "canceled");
    int status = p->wait_status;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return STATUS_OK;
    while (p->tail.len && strchr(" \r\n\t", p->tail.data[p->tail.len - 1]))
        p->tail.len--;
    const char *sep = p->tail.len ? ": " : "";
    if (WIFSIGNALED(status))
        return error_set(err, STATUS_BACKEND, "the program was killed by signal %d (%s)%s%.*s",
            WTERMSIG(status), strsignal(WTERMSIG(status)), sep, (int)p->tail.len,
            buf_str(&p->tail));
    return error_set(err, STATUS_BACKEND, "the program exited with status %d%s%.*s",
        WEXITSTATUS(status), sep, (int)p->tail.len, buf_str(&p->tail));
}

static void finish(struct job *job)
{
    struct process *p = (struct process *)((char *)job - offsetof(struct process, job));
    if (p->ended)
        return;
    p->ended = true;
    for (int i = 0; i < PIPES; i++)
        close_pipe(p, i);
    timer_stop(p->timer);
    struct error err;
    enum status result = explain(p, &err);
    deadline_stop(&p->deadline);
    p->handler->end(p->ctx, result, result ? &err : NULL); /* may free p */
}

/* It ends when the program is gone and all it wrote was read. */
static void check_ended(struct process *p)
{
    if (p->pid == 0 && p->pipes[OUT] < 0 && p->pipes[ERR] < 0)
        loop_defer(p->loop, &p->job);
}

static void on_exit_ready(void *ctx, int events)
{
    (void)events;
    struct process *p = ctx;
    if (waitpid(p->pid, &p->wait_status, WNOHANG) != p->pid)
        return;
    if (p->stopped)
        kill_group(p, SIGKILL); /* whoever is left in it */
    p->pid = 0;
    watch_free(p->exit_watch);
    p->exit_watch = NULL;
    close_pipe(p, IN);
    if (p->stopped) {
        close_pipe(p, OUT);
        close_pipe(p, ERR);
    } else if (!p->paused) {
        timer_start(p->timer, LINGER_MS);
    }
    check_ended(p);
}

static void on_timer(void *ctx)
{
    struct process *p = ctx;
    if (p->pid > 0) {
        kill_group(p, SIGKILL);
        return;
    }
    close_pipe(p, OUT);
    close_pipe(p, ERR);
    check_ended(p);
}

static void stop(struct process *p, enum status why)
{
    if (p->stopped || p->ended)
        return;
    p->stopped = why;
    if (p->pid > 0) {
        kill_group(p, SIGTERM);
        kill_group(p, SIGCONT);
        timer_start(p->timer, KILL_AFTER_MS);
    } else {
        close_pipe(p, OUT);
        close_pipe(p, ERR);
        check_ended(p);
    }
}

static void on_expired(void *ctx)
{
    stop(ctx, STATUS_TIMEOUT);
}

static void on_in_ready(void *ctx, int events)
{
    (void)events;
    struct process *p = ctx;
    while (p->left) {
        ssize_t n = write(p->pipes[IN], p->input, p->left);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n < 0) /* it does not want to read it all: its own affair */
            break;
        p->input += n;
        p->left -= (size_t)n;
    }
    close_pipe(p, IN);
}

static void on_out_ready(void *ctx, int events)
{
    (void)events;
    struct process *p = ctx;
    char bytes[READ_SIZE];
    ssize_t n = read(p->pipes[OUT], bytes, sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close_pipe(p, OUT);
        check_ended(p);
        return;
    }
    deadline_phase(&p->deadline, DEADLINE_IDLE);
    if (!p->stopped)
        p->handler->data(p->ctx, bytes, (size_t)n);
}

static void on_err_ready(void *ctx, int events)
{
    (void)events;
    struct process *p = ctx;
    char bytes[READ_SIZE];
    ssize_t n = read(p->pipes[ERR], bytes, sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close_pipe(p, ERR);
        check_ended(p);
        return;
    }
    size_t len = (size_t)n, skip = len > STDERR_KEPT ? len - STDERR_KEPT : 0;
    buf_add(&p->tail, bytes + skip, len - skip);
    if (p->tail.len > STDERR_KEPT)
        buf_consume(&p->tail, p->tail.len - STDERR_KEPT);
}

/* Nothing but the three pipes reaches the child, and signals are as a program expects them. */
static int spawn(struct process *p, const struct process_request *req, const int child[PIPES])
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
    int rc = 0;
    for (int i = 0; i < PIPES && !rc; i++)
        rc = posix_spawn_file_actions_adddup2(&files, child[i], i);
    if (!rc)
        rc = posix_spawn_file_actions_addclosefrom_np(&files, PIPES);
    posix_spawnattr_setflags(
        &attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    char *empty[] = {NULL};
    if (!rc)
        rc = posix_spawnp(&p->pid, req->argv->items[0], &files, &attr, req->argv->items,
            req->env->items ? req->env->items : empty);
    if (rc)
        p->pid = 0;
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

static int open_pipes(struct process *p, int child[PIPES])
{
    for (int i = 0; i < PIPES; i++) {
        int ends[2];
        if (pipe_above_stdio(ends))
            return -1;
        int ours = i == IN ? 1 : 0;
        p->pipes[i] = ends[ours];
        child[i] = ends[1 - ours];
        if (fcntl(p->pipes[i], F_SETFL, O_NONBLOCK))
            return -1;
    }
    return 0;
}

static bool watch_all(struct process *p)
{
    static void (*const ready[PIPES])(void *, int) = {on_in_ready, on_out_ready, on_err_ready};
    for (int i = 0; i < PIPES; i++) {
        p->watches[i] = watch_new(p->loop, p->pipes[i], ready[i], p);
        if (!p->watches[i])
            return false;
        watch_set(p->watches[i], i == IN ? WATCH_WRITE : WATCH_READ);
    }
    p->pidfd = pidfd_open(p->pid, 0);
    if (p->pidfd < 0)
        return false;
    fcntl(p->pidfd, F_SETFD, FD_CLOEXEC);
    p->exit_watch = watch_new(p->loop, p->pidfd, on_exit_ready, p);
    if (!p->exit_watch)
        return false;
    watch_set(p->exit_watch, WATCH_READ);
    return true;
}

enum status process_start(struct loop *l, const struct process_request *req,
    const struct process_handler *handler, void *ctx, struct process **out, struct error *err)
{
    struct process *p = calloc(1, sizeof *p);
    if (!p)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    *p = (struct process){.loop = l,
        .handler = handler,
        .ctx = ctx,
        .pidfd = -1,
        .pipes = {-1, -1, -1},
        .input = req->input,
        .left = req->len,
        .job = {.run = finish}};
    buf_init(&p->tail, BUF_SMALL);
    int child[PIPES] = {-1, -1, -1};
    enum status st = STATUS_NO_MEMORY;
    p->timer = timer_new(l, on_timer, p);
    if (!p->timer || deadline_start(&p->deadline, l, &req->deadlines, on_expired, p)) {
        error_set(err, st, "out of memory");
        goto out;
    }
    deadline_phase(&p->deadline, DEADLINE_FIRST_BYTE);
    int rc = open_pipes(p, child) ? errno : spawn(p, req, child);
    if (rc) {
        st = error_set(err, STATUS_CONFIG, "cannot start \"%s\": %s%s", req->argv->items[0],
            strerror(rc), confined_hint(rc));
        goto out;
    }
    if (!watch_all(p)) {
        st = error_set(err, STATUS_UNAVAILABLE, "cannot watch \"%s\": %s", req->argv->items[0],
            strerror(errno));
        goto out;
    }
    st = STATUS_OK;
    *out = p;
out:
    for (int i = 0; i < PIPES; i++)
        if (child[i] >= 0)
            close(child[i]);
    if (st)
        process_free(p);
    return st;
}

void process_cancel(struct process *p)
{
    stop(p, STATUS_CANCELED);
}

void process_pause(struct process *p, bool paused)
{
    p->paused = paused;
    deadline_hold(&p->deadline, paused);
    if (p->watches[OUT])
        watch_set(p->watches[OUT], paused ? 0 : WATCH_READ);
    if (p->pid == 0 && !paused)
        timer_start(p->timer, LINGER_MS);
}

void process_free(struct process *p)
{
    if (!p)
        return;
    loop_undefer(p->loop, &p->job);
    if (p->pid > 0) {
        kill_group(p, SIGKILL);
        waitpid(p->pid, NULL, 0); /* SIGKILL: soon */
    }
    for (int i = 0; i < PIPES; i++)
        close_pipe(p, i);
    watch_free(p->exit_watch);
    if (p->pidfd >= 0)
        close(p->pidfd);
    timer_free(p->timer);
    deadline_stop(&p->deadline);
    buf_release(&p->tail);
    free(p);
}
