#include "cli/session.h"

#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct session {
    struct run_observer observer;
    const struct session_view *view;
    struct service service;
    int signals; /* a descriptor; -1: none */
    struct watch *watch;
    struct run *run; /* NULL behind its end */
    bool canceled;
    enum status result;
    struct error *err;
};

/* ---- signals ---- */

static void on_signal(void *ctx, int events)
{
    struct session *s = ctx;
    struct signalfd_siginfo info;
    (void)events;
    while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (s->canceled)
            _exit(status_exit(STATUS_CANCELED));
        s->canceled = true;
        if (s->run)
            run_cancel(s->run, CANCEL_GONE);
    }
}

static bool is_ignored(int sig)
{
    struct sigaction now;
    return !sigaction(sig, NULL, &now) && now.sa_handler == SIG_IGN;
}

/* Before any thread is started, so that all of them leave the signals to the loop. */
static enum status take_signals(struct session *s, struct error *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (!is_ignored(SIGHUP)) /* nohup */
        sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    s->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (s->signals < 0)
        return error_set(err, STATUS_INTERNAL, "cannot receive signals: %m");
    return STATUS_OK;
}

static enum status watch_signals(struct session *s, struct error *err)
{
    s->watch = watch_new(s->service.env.loop, s->signals, on_signal, s);
    if (!s->watch)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    watch_set(s->watch, WATCH_READ);
    return STATUS_OK;
}

/* ---- the run ---- */

static struct session *session_of(struct run_observer *o)
{
    return (struct session *)(void *)((char *)o - offsetof(struct session, observer));
}

static void on_began(struct run_observer *o, struct run *r)
{
    struct session *s = session_of(o);
    if (s->canceled)
        run_cancel(r, CANCEL_GONE);
}

static void on_event(struct run_observer *o, struct run *r, size_t agent, const struct event *e)
{
    const struct session_view *view = session_of(o)->view;
    if (view->event)
        view->event(view->ctx, r, agent, e);
}

static void on_ended(struct run_observer *o, struct run *r)
{
    struct session *s = session_of(o);
    const struct run_result *result = run_outcome(r);
    s->result = result->status;
    if (result->status == STATUS_CANCELED)
        error_set(s->err, STATUS_CANCELED, "canceled; it is recorded as run %s", run_plan(r)->id);
    else if (result->status)
        error_set(s->err, result->status, "%s", result->error ? result->error : "it failed");
    if (s->view->ended)
        s->view->ended(s->view->ctx, r);
    s->run = NULL;
    loop_stop(s->service.env.loop);
}

static enum status open_service(
    struct session *s, struct cli *cli, struct log *log, struct error *err)
{
    struct service_options opts = {
        .store = cli->db, .log = log, .writer = {.in_line = true, .log = log}};
    limits_default(&opts.limits);
    return service_open(&s->service, &opts, err);
}

enum status session_run(
    struct cli *cli, struct plan *plan, const struct session_view *view, struct error *err)
{
    struct session s = {.observer = {on_began, on_event, on_ended, .whole = false},
        .view = view,
        .signals = -1,
        .err = err};
    struct log *log = NULL;
    enum status st = log_open(&log, "stderr", "magec", err);
    if (!st)
        st = take_signals(&s, err);
    if (!st)
        st = open_service(&s, cli, log, err);
    if (!st)
        st = watch_signals(&s, err);
    if (!st)
        st = run_new(&s.service, plan, &s.observer, &s.run, err);
    if (!st) {
        run_submit(s.run);
        loop_run(s.service.env.loop);
        st = s.result;
    }
    watch_free(s.watch);
    service_close(&s.service);
    if (s.signals >= 0)
        close(s.signals);
    log_close(log);
    return st;
}
