#include "net/process.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/deadline.h"
#include "net/spawn.h"

enum {
    KILL_AFTER_MS = 500, /* between SIGTERM and SIGKILL */
    LINGER_MS = 1000,    /* for the output of a program that is gone: others may hold the pipe */
    READ_SIZE = 16 * 1024
};

enum { IN = SPAWN_IN, OUT = SPAWN_OUT, ERR = SPAWN_ERR, PIPES = SPAWN_PIPES };

struct process {
    struct loop *loop;
    const struct process_handler *handler;
    void *ctx;
    struct spawned child;
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
    if (p->child.pipes[which] >= 0)
        close(p->child.pipes[which]);
    p->child.pipes[which] = -1;
}

static enum status explain(struct process *p, struct error *err)
{
    if (p->stopped == STATUS_TIMEOUT)
        return deadline_error(&p->deadline, err);
    if (p->stopped)
        return error_set(err, p->stopped, "canceled");
    return spawn_explain(&p->child, &p->tail, err);
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
    if (p->child.pid == 0 && p->child.pipes[OUT] < 0 && p->child.pipes[ERR] < 0)
        loop_defer(p->loop, &p->job);
}

static void on_exit_ready(void *ctx, int events)
{
    (void)events;
    struct process *p = ctx;
    if (p->stopped)
        spawn_signal(&p->child, SIGKILL); /* whoever is left in its group */
    if (!spawn_reap(&p->child))
        return;
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
    if (p->child.pid > 0) {
        spawn_signal(&p->child, SIGKILL);
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
    if (p->child.pid > 0) {
        spawn_signal(&p->child, SIGTERM);
        spawn_signal(&p->child, SIGCONT);
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
        ssize_t n = write(p->child.pipes[IN], p->input, p->left);
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
    ssize_t n = read(p->child.pipes[OUT], bytes, sizeof bytes);
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
    ssize_t n = read(p->child.pipes[ERR], bytes, sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close_pipe(p, ERR);
        check_ended(p);
        return;
    }
    spawn_tail_add(&p->tail, bytes, (size_t)n);
}

static bool watch_all(struct process *p)
{
    static void (*const ready[PIPES])(void *, int) = {on_in_ready, on_out_ready, on_err_ready};
    for (int i = 0; i < PIPES; i++) {
        p->watches[i] = watch_new(p->loop, p->child.pipes[i], ready[i], p);
        if (!p->watches[i])
            return false;
        watch_set(p->watches[i], i == IN ? WATCH_WRITE : WATCH_READ);
    }
    p->exit_watch = watch_new(p->loop, p->child.pidfd, on_exit_ready, p);
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
        .child = {.pidfd = -1, .pipes = {-1, -1, -1}},
        .input = req->input,
        .left = req->len,
        .job = {.run = finish}};
    spawn_tail_init(&p->tail);
    enum status st = STATUS_NO_MEMORY;
    p->timer = timer_new(l, on_timer, p);
    if (!p->timer || deadline_start(&p->deadline, l, &req->deadlines, on_expired, p)) {
        error_set(err, st, "out of memory");
        goto out;
    }
    deadline_phase(&p->deadline, DEADLINE_FIRST_BYTE);
    struct spawn_request program = {.argv = req->argv, .env = req->env, .folder = req->folder};
    st = spawn_program(&p->child, &program, err);
    if (!st && !watch_all(p))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory for a program");
    if (!st)
        *out = p;
out:
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
    if (p->child.pid == 0 && !paused)
        timer_start(p->timer, LINGER_MS);
}

void process_free(struct process *p)
{
    if (!p)
        return;
    loop_undefer(p->loop, &p->job);
    for (int i = 0; i < PIPES; i++)
        close_pipe(p, i);
    watch_free(p->exit_watch);
    spawn_release(&p->child);
    timer_free(p->timer);
    deadline_stop(&p->deadline);
    buf_release(&p->tail);
    free(p);
}
