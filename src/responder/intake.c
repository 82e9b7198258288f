#include "responder/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "responder/incoming.h"

enum {
    /* As many as can wait: behind them the calls in flight have a turn, which is long when there
     * are thousands, and who comes meanwhile must find room. */
    ACCEPT_BATCH = 4096,
    BACK_OFF_MS = 50, /* when no descriptor is left */
    TAKE_MS = 1000    /* in a hurry: for what is still to be sent */
};

struct intake {
    struct intake_options o;
    struct incoming_env env;
    struct watch *listener; /* NULL: no more connections are taken */
    struct timer *back_off;
};

static void stop_listening(struct intake *in)
{
    watch_free(in->listener);
    in->listener = NULL;
}

static void on_back_off(void *ctx)
{
    struct intake *in = ctx;
    if (in->listener)
        watch_set(in->listener, WATCH_READ);
}

static void on_connection(void *ctx, int events)
{
    (void)events;
    struct intake *in = ctx;
    for (int i = 0; i < ACCEPT_BATCH && in->listener; i++) {
        int fd = accept4(in->o.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            incoming_new(&in->env, fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            watch_set(in->listener, 0);
            timer_start(in->back_off, BACK_OFF_MS);
            return;
        } else if (errno == EINVAL || errno == EBADF) {
            stop_listening(in); /* it is no listening socket any more */
        } else if (errno == EAGAIN) {
            if (in->env.closing) /* it is empty, and nobody comes to it any more */
                stop_listening(in);
            return;
        }
    }
}

enum status intake_start(
    struct intake **out, struct service *s, const struct intake_options *o, struct error *err)
{
    struct intake *in = calloc(1, sizeof *in);
    if (!in)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    in->o = *o;
    in->env.service = s;
    in->env.max_params = o->max_params;
    fcntl(o->fd, F_SETFL, fcntl(o->fd, F_GETFL) | O_NONBLOCK);
    in->listener = watch_new(s->env.loop, o->fd, on_connection, in);
    in->back_off = timer_new(s->env.loop, on_back_off, in);
    if (!in->listener || !in->back_off || !watch_set(in->listener, WATCH_READ)) {
        intake_free(in);
        return error_set(err, STATUS_INTERNAL, "cannot watch the listening socket");
    }
    *out = in;
    return STATUS_OK;
}

bool intake_stop(struct intake *in, bool hurry)
{
    in->env.closing = true;
    if (in->listener && in->o.shared)
        stop_listening(in);
    if (in->listener) /* those who wait in it are the last */
        on_connection(in, 0);
    incoming_drop(&in->env, hurry);
    if (hurry)
        conn_list_drop(&in->env.replying, TAKE_MS);
    return !in->listener && in->env.open == 0;
}

void intake_free(struct intake *in)
{
    if (!in)
        return;
    stop_listening(in);
    timer_free(in->back_off);
    free(in);
}
