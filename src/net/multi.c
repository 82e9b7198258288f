#include "net/multi.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>

enum {
    IDLE_CONNECTIONS_MAX = 1024, /* connections kept open */
    STREAMS_MAX = 1000           /* calls that share one, if its server takes so many */
};

static void collect_ended(struct multi *m)
{
    int left;
    for (CURLMsg *told; (told = m->curl->multi_info_read(m->handle, &left));) {
        if (told->msg != CURLMSG_DONE)
            continue;
        CURLcode code = told->data.result;
        void *transfer = NULL;
        m->curl->easy_getinfo(told->easy_handle, CURLINFO_PRIVATE, &transfer);
        m->curl->multi_remove_handle(m->handle, told->easy_handle); /* told is gone */
        m->ended(transfer, code);
    }
}

struct sock {
    struct watch *watch;
    struct multi *multi;
    curl_socket_t fd;
};

static void on_socket_ready(void *ctx, int events)
{
    struct sock *s = ctx;
    struct multi *m = s->multi;
    int what =
        (events & WATCH_READ ? CURL_CSELECT_IN : 0) | (events & WATCH_WRITE ? CURL_CSELECT_OUT : 0);
    int running;
    m->curl->multi_socket_action(m->handle, s->fd, what, &running); /* may free s */
    collect_ended(m);
}

static void sock_free(struct sock *s)
{
    if (!s)
        return;
    watch_free(s->watch);
    free(s);
}

/* A stream's pieces are small and far apart, and the kernel would acknowledge each one when it is
 * read: a quarter of what reading it costs. This makes it every second one, or 40 ms later. */
static void delay_acks(curl_socket_t fd)
{
    int off = 0;
    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *assigned)
{
    (void)easy;
    struct multi *m = ctx;
    struct sock *s = assigned;
    if (what == CURL_POLL_REMOVE) {
        sock_free(s);
        m->curl->multi_assign(m->handle, fd, NULL);
        return 0;
    }
    if (!s) {
        s = calloc(1, sizeof *s);
        if (!s)
            return -1;
        s->multi = m;
        s->fd = fd;
        s->watch = watch_new(m->loop, fd, on_socket_ready, s);
        if (!s->watch) {
            free(s);
            return -1;
        }
        m->curl->multi_assign(m->handle, fd, s);
    }
    if (what & CURL_POLL_IN)
        delay_acks(fd);
    watch_set(s->watch,
        (what & CURL_POLL_IN ? WATCH_READ : 0) | (what & CURL_POLL_OUT ? WATCH_WRITE : 0));
    return 0;
}

static int on_timer(CURLM *handle, long ms, void *ctx)
{
    (void)handle;
    struct multi *m = ctx;
    if (ms < 0)
        timer_stop(m->timer);
    else
        timer_start(m->timer, ms);
    return 0;
}

static void on_timer_fired(void *ctx)
{
    struct multi *m = ctx;
    int running;
    m->curl->multi_socket_action(m->handle, CURL_SOCKET_TIMEOUT, 0, &running);
    collect_ended(m);
}

enum status multi_open(struct multi *m, struct error *err)
{
    const struct curl_api *curl = m->curl;
    m->timer = timer_new(m->loop, on_timer_fired, m);
    m->handle = m->timer ? curl->multi_init() : NULL;
    if (!m->handle) {
        multi_close(m);
        return error_set(err, STATUS_NO_MEMORY, "out of memory for HTTP");
    }
    curl->multi_setopt(m->handle, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl->multi_setopt(m->handle, CURLMOPT_SOCKETDATA, m);
    curl->multi_setopt(m->handle, CURLMOPT_TIMERFUNCTION, on_timer);
    curl->multi_setopt(m->handle, CURLMOPT_TIMERDATA, m);
    curl->multi_setopt(m->handle, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS_MAX);
    curl->multi_setopt(m->handle, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)STREAMS_MAX);
    return STATUS_OK;
}

void multi_close(struct multi *m)
{
    if (m->handle)
        m->curl->multi_cleanup(m->handle);
    timer_free(m->timer);
    m->handle = NULL;
    m->timer = NULL;
}
