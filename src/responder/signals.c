#include "responder/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void stop_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
}

void signals_block(void)
{
    sigset_t set;
    stop_signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a store that may not grow is an error like a full disk */
}

static void on_ready(void *ctx, int events)
{
    (void)events;
    struct signals *s = ctx;
    struct signalfd_siginfo info;
    if (read(s->fd, &info, sizeof info) == (ssize_t)sizeof info)
        s->stop(s->ctx);
}

enum status signals_open(
    struct signals *s, struct loop *l, void (*stop)(void *ctx), void *ctx, struct error *err)
{
    sigset_t set;
    stop_signals(&set);
    *s = (struct signals){
        .fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .stop = stop, .ctx = ctx};
    if (s->fd >= 0)
        s->watch = watch_new(l, s->fd, on_ready, s);
    if (!s->watch) {
        signals_close(s);
        return error_set(err, STATUS_INTERNAL, "cannot wait for signals");
    }
    watch_set(s->watch, WATCH_READ);
    return STATUS_OK;
}

void signals_close(struct signals *s)
{
    watch_free(s->watch);
    if (s->fd >= 0)
        close(s->fd);
    *s = (struct signals){.fd = -1};
}
