#include "responder/intake.h"

#include <errno.h>
#include <fcgiapp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "responder/conn.h"
#include "webhook/reply.h"

#define WAKE_READ (SIGRTMIN + 1)

enum {
    THREADS_MIN = 2,
    THREADS_IDLE_MAX = 4,
    STACK_SIZE = 256 * 1024,
    BACK_OFF_MS = 50, /* when no descriptor is left */
    TAKE_MS = 1000,   /* in a hurry: for what is still to be sent */
    WAKE_ACCEPT = SIGUSR2
};

struct intake_pool {
    struct service *service;
    struct intake_options o;
    pthread_mutex_t lock;
    pthread_t *threads;       /* max_threads; those that run */
    size_t count, busy;       /* under lock */
    bool stopping;            /* under lock */
    atomic_int_fast64_t open; /* connections */
    struct conn_list conns;   /* on the loop: those handed over to it */
};

/* ---- one request ---- */

static const char *param(const struct request *r, const char *name)
{
    FCGX_Request *f = r->ctx;
    return FCGX_GetParam(name, f->envp);
}

static enum status read_some(
    struct request *r, char *bytes, size_t room, size_t *got, struct error *err)
{
    FCGX_Request *f = r->ctx;
    int n = FCGX_GetStr(bytes, (int)room, f->in);
    *got = n > 0 ? (size_t)n : 0;
    if (n <= 0 && FCGX_GetError(f->in))
        return error_set(err, STATUS_BAD_REQUEST, "the body was cut off on its way");
    return STATUS_OK;
}

static size_t params_size(char *const *envp)
{
    size_t size = 0;
    for (; envp && *envp; envp++)
        size += strlen(*envp) + 1;
    return size;
}

static void on_closed(void *ctx, bool whole)
{
    (void)whole;
    struct intake_pool *p = ctx;
    atomic_fetch_sub(&p->open, 1);
}

/* Whether all parameters arrived, and they are a request's. libfcgi takes other roles too. */
static bool is_request(const FCGX_Request *f)
{
    const char *role = FCGX_GetParam("FCGI_ROLE", f->envp);
    return !FCGX_GetError(f->in) && role && !strcmp(role, "RESPONDER") &&
           FCGX_GetParam("REQUEST_METHOD", f->envp);
}

/* Takes the connection out of libfcgi: from here on the records are our own. */
static struct sink *take_over(struct intake_pool *p, FCGX_Request *f, bool body_read)
{
    struct conn_options o = {.fd = f->ipcFd,
        .framing = CONN_FASTCGI,
        .request_id = f->requestId,
        .linger = !body_read,
        .write_timeout_ms = p->service->limits.write_timeout_ms,
        .cap = p->service->scratch.cap,
        .list = &p->conns,
        .closed = on_closed,
        .ctx = p};
    FCGX_Free(f, 0);
    f->ipcFd = -1;
    f->keepConnection = 0;
    return conn_new(p->service->env.loop, &o);
}

static void answer(struct intake_pool *p, FCGX_Request *f, const struct admission *a,
    struct plan *plan, struct error *err)
{
    int fd = f->ipcFd;
    struct sink *sink = take_over(p, f, a->body_read);
    struct reply *reply = sink ? reply_new(p->service, sink, a) : NULL;
    struct run *run;
    if (!reply) { /* nothing can be said */
        free(sink);
        close(fd);
        if (a->counted)
            atomic_fetch_sub(&p->service->calls, 1);
        atomic_fetch_sub(&p->open, 1);
        return;
    }
    enum status st = err->status;
    if (!st && a->kind == REQUEST_CALL)
        st = run_new(p->service, plan, reply_observer(reply), &run, err);
    if (!st && a->kind == REQUEST_CALL)
        run_submit(run);
    else
        reply_refuse(reply, st ? err : NULL);
}

static void serve(struct intake_pool *p, const struct intake *in, int fd)
{
    FCGX_Request f;
    struct request r = {.param = param, .read = read_some, .ctx = &f};
    struct admission a = {.kind = REQUEST_CALL};
    struct plan plan;
    struct error err = {.status = STATUS_OK};
    struct timeval wait = {.tv_sec = p->service->limits.read_timeout_ms / 1000,
        .tv_usec = p->service->limits.read_timeout_ms % 1000 * 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    FCGX_InitRequest(&f, -1, 0); /* it finds the connection open and accepts none */
    f.ipcFd = fd;
    f.keepConnection = 1;
    if (FCGX_Accept_r(&f) != 0) { /* which has closed it */
        atomic_fetch_sub(&p->open, 1);
        return;
    }
    f.keepConnection = 0;
    plan_init(&plan);
    if (!is_request(&f)) {
        FCGX_Free(&f, 1);
        atomic_fetch_sub(&p->open, 1);
        plan_release(&plan);
        return;
    }
    if (params_size(f.envp) > p->o.max_params)
        error_set(&err, STATUS_BAD_REQUEST,
            "the request's header fields are larger than the limit of %zu bytes", p->o.max_params);
    else
        err.status = webhook_receive(in, &r, &a, &plan, &err);
    answer(p, &f, &a, &plan, &err);
    plan_release(&plan);
}

/* ---- the threads ---- */

static void *work(void *ctx);

/* Under the lock. */
static bool add_thread(struct intake_pool *p)
{
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    bool started = !pthread_create(&p->threads[p->count], &attr, work, p);
    pthread_attr_destroy(&attr);
    if (started)
        p->count++;
    return started;
}

static void begin_work(struct intake_pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->busy++;
    if (p->busy == p->count && (int64_t)p->count < p->o.max_threads && !p->stopping)
        add_thread(p);
    pthread_mutex_unlock(&p->lock);
}

/* Under the lock. Our own socket is emptied first. */
static bool leaves(const struct intake_pool *p)
{
    return p->stopping && p->o.shared;
}

static bool is_leaving(struct intake_pool *p)
{
    pthread_mutex_lock(&p->lock);
    bool leaving = leaves(p);
    pthread_mutex_unlock(&p->lock);
    return leaving;
}

/* Whether this thread goes on. */
static bool end_work(struct intake_pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->busy--;
    bool go_on = !leaves(p) && p->count - p->busy <= THREADS_IDLE_MAX;
    pthread_mutex_unlock(&p->lock);
    return go_on;
}

static void leave(struct intake_pool *p)
{
    pthread_mutex_lock(&p->lock);
    size_t i = 0;
    while (i < p->count && !pthread_equal(p->threads[i], pthread_self()))
        i++;
    p->threads[i] = p->threads[p->count - 1];
    p->count--;
    pthread_mutex_unlock(&p->lock);
}

/* The signal that wakes a thread is let through only here: it must not cut a request that is being
 * received. */
static int wakeable_accept(int listener)
{
    sigset_t wake;
    sigemptyset(&wake);
    sigaddset(&wake, WAKE_ACCEPT);
    pthread_sigmask(SIG_UNBLOCK, &wake, NULL);
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    int why = errno;
    if (fd < 0 && why == EAGAIN) { /* whoever handed it over made it non-blocking */
        struct pollfd p = {.fd = listener, .events = POLLIN};
        poll(&p, 1, -1);
    }
    pthread_sigmask(SIG_BLOCK, &wake, NULL);
    errno = why;
    return fd;
}

/* A connection, or -1 when the pool is stopping. */
static int accept_one(struct intake_pool *p)
{
    while (!is_leaving(p)) {
        int fd = wakeable_accept(p->o.fd);
        if (fd >= 0)
            return fd;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            struct timespec pause = {.tv_nsec = BACK_OFF_MS * 1000000L};
            nanosleep(&pause, NULL);
        } else if (errno == EINVAL || errno == EBADF) {
            return -1; /* it is no listening socket any more */
        }
    }
    return -1;
}

static void open_store(struct intake *in, const char *path, struct error *err)
{
    if (!in->store && store_open(&in->store, path, STORE_READ, err))
        in->store = NULL;
}

static void *work(void *ctx)
{
    struct intake_pool *p = ctx;
    struct error why = {.text = ""};
    struct intake in = {.service = p->service, .store_error = &why};
    for (bool go_on = true; go_on;) {
        int fd = accept_one(p);
        if (fd < 0)
            break;
        atomic_fetch_add(&p->open, 1);
        begin_work(p);
        open_store(&in, p->o.store, &why);
        serve(p, &in, fd);
        go_on = end_work(p);
    }
    store_close(in.store);
    leave(p);
    return NULL;
}

static void woken(int sig)
{
    (void)sig; /* accept or read returns */
}

/* The threads inherit that only the second one is let through. */
static void handle_wakes(void)
{
    struct sigaction wake = {.sa_handler = woken};
    sigset_t blocked;
    sigaction(WAKE_ACCEPT, &wake, NULL);
    sigaction(WAKE_READ, &wake, NULL);
    sigemptyset(&blocked);
    sigaddset(&blocked, WAKE_ACCEPT);
    pthread_sigmask(SIG_BLOCK, &blocked, NULL);
}

enum status intake_start(
    struct intake_pool **out, struct service *s, const struct intake_options *o, struct error *err)
{
    struct intake_pool *p = calloc(1, sizeof *p);
    if (!p)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    p->service = s;
    p->o = *o;
    if (p->o.max_threads < THREADS_MIN)
        p->o.max_threads = THREADS_MIN;
    pthread_mutex_init(&p->lock, NULL);
    atomic_init(&p->open, 0);
    p->threads = calloc((size_t)p->o.max_threads, sizeof *p->threads);
    if (!p->threads || FCGX_Init()) {
        intake_free(p);
        return error_set(err, STATUS_INTERNAL, "cannot start libfcgi");
    }
    handle_wakes();
    pthread_mutex_lock(&p->lock);
    while (p->count < THREADS_MIN && add_thread(p))
        ;
    bool started = p->count > 0;
    pthread_mutex_unlock(&p->lock);
    if (!started) {
        intake_free(p);
        return error_set(err, STATUS_INTERNAL, "cannot start a thread");
    }
    *out = p;
    return STATUS_OK;
}

bool intake_stop(struct intake_pool *p, bool hurry)
{
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    for (size_t i = 0; i < p->count; i++) { /* again until it has met them where they wait */
        pthread_kill(p->threads[i], WAKE_ACCEPT);
        if (hurry)
            pthread_kill(p->threads[i], WAKE_READ);
    }
    bool ended = p->count == 0;
    pthread_mutex_unlock(&p->lock);
    if (hurry)
        conn_list_drop(&p->conns, TAKE_MS);
    return ended && atomic_load(&p->open) == 0;
}

void intake_free(struct intake_pool *p)
{
    if (!p)
        return;
    pthread_mutex_destroy(&p->lock);
    free(p->threads);
    free(p);
}
