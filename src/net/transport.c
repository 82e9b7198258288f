#include "net/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "net/deadline.h"
#include "net/easy.h"
#include "net/failure.h"
#include "net/inspect.h"
#include "net/multi.h"
#include "net/origin.h"

enum {
    IDLE_HANDLES_MAX = 256, /* easy handles kept for the next calls */
    LINGER_MS = 1000        /* for the end of a body that nobody wants any more */
};

struct transport {
    struct loop *loop;
    struct curl_api curl; /* loaded when multi is open */
    struct multi multi;
    const char *ca_file; /* libcurl's own bundle, or NULL */
    bool has_openssl;    /* libcurl */
    CURL *idle[IDLE_HANDLES_MAX];
    size_t idle_count;
    struct origins origins;
    struct transfer *drained; /* nobody else knows them any more */
};

struct transfer {
    struct transport *transport;
    CURL *easy;
    struct curl_slist *headers;
    char *body;
    const struct http_handler *handler;
    void *ctx;
    struct http_tls tls;    /* the caller's strings */
    struct http_seen *seen; /* the caller's, or NULL */
    struct deadline deadline;
    struct seat seat;
    struct job job;      /* what cannot be done inside libcurl's callbacks */
    enum status stopped; /* STATUS_TIMEOUT or STATUS_CANCELED: why it is taken out */
    bool has_head;
    bool lost; /* the connection */
    bool paused, pause_applied;
    bool ending; /* inside handler->end */
    bool ended;
    bool free_it;
    bool own_handle; /* not for others */
    bool proxied;
    bool no_descriptor;
    bool unseated; /* it may not open a connection, and is to be taken out until it may */
    bool may_go;   /* it is to be put in */
    char detail[CURL_ERROR_SIZE];  /* libcurl's words on its failure */
    struct transfer *next, **self; /* in transport->drained */
};

/* Of an HTTP/2 stream that is left in its middle libcurl tells the server with the next thing that
 * it sends on that connection, which may be never: when no other stream is on it, it is closed. */
static void take_out(struct transfer *x)
{
    const struct curl_api *curl = &x->transport->curl;
    curl->easy_setopt(x->easy, CURLOPT_FORBID_REUSE, x->ended ? 0L : 1L);
    curl->multi_remove_handle(x->transport->multi.handle, x->easy);
    curl->easy_setopt(x->easy, CURLOPT_FORBID_REUSE, 0L);
}

static void transfer_destroy(struct transfer *x)
{
    seat_leave(&x->seat);
    loop_undefer(x->transport->loop, &x->job);
    deadline_stop(&x->deadline);
    struct transport *t = x->transport;
    const struct curl_api *curl = &t->curl;
    if (x->easy) {
        take_out(x);
        curl->easy_setopt(x->easy, CURLOPT_ERRORBUFFER, NULL); /* it is in x */
        if (!x->own_handle && t->idle_count < IDLE_HANDLES_MAX)
            t->idle[t->idle_count++] = x->easy;
        else
            curl->easy_cleanup(x->easy);
    }
    if (x->self) {
        *x->self = x->next;
        if (x->next)
            x->next->self = x->self;
    }
    curl->slist_free_all(x->headers);
    free(x->body);
    free(x);
}

static void finish(struct transfer *x, enum status result, const struct error *err)
{
    if (x->ended)
        return;
    x->ended = true;
    deadline_stop(&x->deadline);
    seat_leave(&x->seat);
    if (!x->handler) {
        transfer_destroy(x);
        return;
    }
    if (x->seen)
        inspect_end(&x->transport->curl, x->easy, x->seen);
    x->ending = true;
    x->handler->end(x->ctx, result, err);
    x->ending = false;
    if (x->free_it)
        transfer_destroy(x);
}

/* ---- libcurl's callbacks of one transfer ---- */

static void say_head(struct transfer *x)
{
    const struct curl_api *curl = &x->transport->curl;
    if (x->has_head)
        return;
    x->has_head = true;
    long code = 0;
    if (x->seat.origin) {
        curl->easy_getinfo(x->easy, CURLINFO_HTTP_VERSION, &code);
        seat_answered(&x->seat, code >= CURL_HTTP_VERSION_2_0);
    }
    if (!x->handler)
        return;
    char *type = NULL;
    curl->easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &code);
    curl->easy_getinfo(x->easy, CURLINFO_CONTENT_TYPE, &type);
    x->handler->head(x->ctx, (int)code, type ? type : "");
}

static size_t on_data(char *bytes, size_t size, size_t count, void *ctx)
{
    struct transfer *x = ctx;
    size_t len = size * count;
    deadline_phase(&x->deadline, DEADLINE_IDLE);
    say_head(x);
    if (x->handler && !x->stopped)
        x->handler->data(x->ctx, bytes, len);
    return len;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *ctx)
{
    (void)bytes;
    struct transfer *x = ctx;
    deadline_phase(&x->deadline, DEADLINE_IDLE);
    return size * count;
}

static int on_connected(void *ctx, char *to_ip, char *from_ip, int to_port, int from_port)
{
    (void)to_ip, (void)from_ip, (void)to_port, (void)from_port;
    struct transfer *x = ctx;
    deadline_phase(&x->deadline, DEADLINE_FIRST_BYTE);
    seat_connected(&x->seat);
    return CURL_PREREQFUNC_OK;
}

static curl_socket_t on_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct transfer *x = ctx;
    if (x->unseated || !seat_may_open(&x->seat)) {
        x->unseated = true;
        loop_defer(x->transport->loop, &x->job);
        return CURL_SOCKET_BAD;
    }
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    x->no_descriptor = fd < 0 && (errno == EMFILE || errno == ENFILE);
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static void on_expired(void *ctx)
{
    struct transfer *x = ctx;
    if (!x->stopped)
        x->stopped = STATUS_TIMEOUT;
    loop_defer(x->transport->loop, &x->job);
}

static void end_stopped(struct transfer *x)
{
    struct error err;
    if (x->stopped == STATUS_TIMEOUT)
        deadline_error(&x->deadline, &err);
    else
        error_set(&err, STATUS_CANCELED, "canceled");
    x->lost = x->stopped == STATUS_TIMEOUT && x->deadline.phase == DEADLINE_CONNECT;
    take_out(x);
    finish(x, x->stopped, &err);
}

static void may_go(struct seat *seat)
{
    struct transfer *x = (struct transfer *)((char *)seat - offsetof(struct transfer, seat));
    x->may_go = true;
    loop_defer(x->transport->loop, &x->job);
}

/* Between libcurl and the others that wait until they may open a connection. False: it ended. */
static bool take_turns(struct transfer *x)
{
    const struct curl_api *curl = &x->transport->curl;
    CURLM *multi = x->transport->multi.handle;
    struct error err;
    if (x->unseated) {
        x->unseated = false;
        curl->multi_remove_handle(multi, x->easy);
        seat_wait(&x->seat);
    }
    if (!x->may_go)
        return true;
    x->may_go = false;
    if (curl->multi_add_handle(multi, x->easy) == CURLM_OK)
        return true;
    error_set(&err, STATUS_NO_MEMORY, "out of memory");
    finish(x, STATUS_NO_MEMORY, &err);
    return false;
}

/* Outside of libcurl: takes a transfer out or puts it in, or applies a pause. */
static void run_job(struct job *job)
{
    struct transfer *x = (struct transfer *)((char *)job - offsetof(struct transfer, job));
    const struct curl_api *curl = &x->transport->curl;
    if (x->ended)
        return;
    if (x->stopped) {
        end_stopped(x);
        return;
    }
    if ((x->unseated || x->may_go) && !take_turns(x))
        return;
    if (x->paused != x->pause_applied) {
        x->pause_applied = x->paused;
        deadline_hold(&x->deadline, x->paused);
        curl->easy_pause(x->easy, x->paused ? CURLPAUSE_RECV : CURLPAUSE_CONT);
    }
}

/* ---- the end of a transfer ---- */

static void explain(struct transfer *x, CURLcode code, struct error *err)
{
    const struct transport *t = x->transport;
    const struct curl_api *curl = &t->curl;
    struct failure f = {.code = code,
        .detail = x->detail,
        .general = curl->easy_strerror(code),
        .ca_file = t->ca_file,
        .tls = x->tls,
        .proxied = x->proxied,
        .no_descriptor = x->no_descriptor};
    curl->easy_getinfo(x->easy, CURLINFO_OS_ERRNO, &f.os_errno);
    curl->easy_getinfo(x->easy, CURLINFO_HTTP_CONNECTCODE, &f.proxy_status);
    if (t->has_openssl)
        curl->easy_getinfo(x->easy, CURLINFO_SSL_VERIFYRESULT, &f.verify);
    failure_explain(&f, &x->lost, err);
}

static void on_ended(void *transfer, CURLcode code)
{
    struct transfer *x = transfer;
    if (x->stopped || x->unseated) { /* its job says so */
        loop_defer(x->transport->loop, &x->job);
        return;
    }
    struct error err = {.status = STATUS_OK};
    if (code == CURLE_OK)
        say_head(x);
    else if (x->handler) /* else nobody asks, and what the request was is gone */
        explain(x, code, &err);
    finish(x, err.status, err.status ? &err : NULL);
}

enum status transport_open(struct transport **out, struct loop *l, struct error *err)
{
    struct transport *t = calloc(1, sizeof *t);
    if (!t)
        return error_set(err, STATUS_NO_MEMORY, "out of memory for HTTP");
    t->loop = l;
    *out = t;
    return STATUS_OK;
}

enum status transport_load(struct transport *t, struct error *err)
{
    if (t->multi.handle)
        return STATUS_OK;
    enum status st = curl_api_load(&t->curl, err);
    if (st)
        return st;
    t->multi = (struct multi){.loop = t->loop, .curl = &t->curl, .ended = on_ended};
    st = multi_open(&t->multi, err);
    if (st) {
        t->curl.global_cleanup();
        return st;
    }
    const char *named = getenv("SSL_CERT_FILE"); /* OpenSSL's own variable */
    const curl_version_info_data *version = t->curl.version_info(CURLVERSION_NOW);
    t->ca_file = named && *named ? named : version->cainfo;
    t->has_openssl = version->ssl_version && !strncmp(version->ssl_version, "OpenSSL", 7);
    return STATUS_OK;
}

enum status transport_usable(struct error *err)
{
    struct curl_api curl;
    enum status st = curl_api_load(&curl, err);
    if (!st)
        curl.global_cleanup();
    return st;
}

static void unload(struct transport *t)
{
    const struct curl_api *curl = &t->curl;
    int running;
    if (t->drained)
        curl->multi_socket_action(t->multi.handle, CURL_SOCKET_TIMEOUT, 0, &running);
    while (t->drained)
        transfer_destroy(t->drained);
    while (t->idle_count)
        curl->easy_cleanup(t->idle[--t->idle_count]);
    multi_close(&t->multi);
    curl->global_cleanup();
}

void transport_close(struct transport *t)
{
    if (t && t->multi.handle)
        unload(t);
    free(t);
}

/* What is the same for every transfer is set once for a handle and kept. */
static CURL *new_handle(const struct transport *t)
{
    const struct curl_api *curl = &t->curl;
    CURL *e = easy_new(curl, t->ca_file);
    if (!e)
        return NULL;
    curl->easy_setopt(e, CURLOPT_WRITEFUNCTION, on_data);
    curl->easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl->easy_setopt(e, CURLOPT_PREREQFUNCTION, on_connected);
    curl->easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    return e;
}

static enum status get_handle(struct transfer *x, const struct http_request *req, struct error *err)
{
    struct transport *t = x->transport;
    x->tls = req->tls;
    x->proxied = req->proxy;
    x->seen = req->seen;
    x->own_handle = req->proxy || req->seen || req->http1 || tls_is_own(&req->tls);
    x->easy = t->idle_count && !x->own_handle ? t->idle[--t->idle_count] : new_handle(t);
    if (!x->easy)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (x->seen)
        inspect_begin(&t->curl, x->easy, x->seen);
    if (req->http1)
        t->curl.easy_setopt(x->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    return x->own_handle ? easy_set_own(&t->curl, x->easy, &req->tls, req->proxy, err) : STATUS_OK;
}

static enum status add_headers(struct transfer *x, const struct strings *headers)
{
    for (size_t i = 0; headers && i < headers->count; i++) {
        struct curl_slist *more = x->transport->curl.slist_append(x->headers, headers->items[i]);
        if (!more)
            return STATUS_NO_MEMORY;
        x->headers = more;
    }
    return STATUS_OK;
}

static void set_request(struct transfer *x, const struct http_request *req)
{
    const struct curl_api *curl = &x->transport->curl;
    /* Without TLS there is nothing to share, and libcurl would wait until the first transfer ends.
     */
    curl->easy_setopt(x->easy, CURLOPT_PIPEWAIT, !strncasecmp(req->url, "https:", 6) ? 1L : 0L);
    curl->easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->len);
    curl->easy_setopt(x->easy, CURLOPT_POSTFIELDS, req->body);
    if (!req->body)
        curl->easy_setopt(x->easy, CURLOPT_HTTPGET, 1L);
    curl->easy_setopt(x->easy, CURLOPT_CUSTOMREQUEST, req->method); /* NULL undoes the last one */
    curl->easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
    curl->easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
    curl->easy_setopt(x->easy, CURLOPT_HEADERDATA, x);
    curl->easy_setopt(x->easy, CURLOPT_PREREQDATA, x);
    curl->easy_setopt(x->easy, CURLOPT_OPENSOCKETDATA, x);
    curl->easy_setopt(x->easy, CURLOPT_ERRORBUFFER, x->detail);
    curl->easy_setopt(x->easy, CURLOPT_PRIVATE, x);
}

static enum status begin(struct transfer *x, const struct http_request *req)
{
    struct transport *t = x->transport;
    if (add_headers(x, req->headers) ||
        deadline_start(&x->deadline, t->loop, &req->deadlines, on_expired, x) ||
        t->curl.easy_setopt(x->easy, CURLOPT_URL, req->url))
        return STATUS_NO_MEMORY;
    set_request(x, req);
    x->seat.go = may_go;
    if (!seat_take(&x->seat, &t->origins, req->url, &req->tls, req->proxy))
        return STATUS_OK;
    return t->curl.multi_add_handle(t->multi.handle, x->easy) == CURLM_OK ? STATUS_OK
                                                                          : STATUS_NO_MEMORY;
}

enum status transport_post(
    struct transport *t, const struct http_request *req, struct transfer **out, struct error *err)
{
    struct transfer *x = calloc(1, sizeof *x);
    if (!x)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    x->transport = t;
    x->handler = req->handler;
    x->ctx = req->ctx;
    x->job.run = run_job;
    enum status st = get_handle(x, req, err);
    if (!st && begin(x, req))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (st) {
        transfer_destroy(x);
        return st;
    }
    x->body = req->body;
    *out = x;
    return STATUS_OK;
}

const char *transfer_header(struct transfer *x, const char *name)
{
    struct curl_header *found;
    return x->transport->curl.easy_header(x->easy, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK
               ? found->value
               : NULL;
}

bool transfer_lost(const struct transfer *x)
{
    return x->lost;
}

void transfer_cancel(struct transfer *x)
{
    if (x->ended)
        return;
    if (!x->stopped)
        x->stopped = STATUS_CANCELED;
    loop_defer(x->transport->loop, &x->job);
}

void transfer_pause(struct transfer *x, bool paused)
{
    x->paused = paused;
    if (!x->ended)
        loop_defer(x->transport->loop, &x->job);
}

void transfer_drain(struct transfer *x)
{
    if (x->ended || x->stopped) {
        transfer_free(x);
        return;
    }
    struct transport *t = x->transport;
    x->handler = NULL;
    x->self = &t->drained;
    x->next = t->drained;
    if (x->next)
        x->next->self = &x->next;
    t->drained = x;
    x->deadline.limits.total_ms = loop_now(t->loop) - x->deadline.began_ms + LINGER_MS;
    x->paused = false;
    deadline_rearm(&x->deadline);
    loop_defer(t->loop, &x->job);
}

void transfer_free(struct transfer *x)
{
    if (!x)
        return;
    if (x->ending)
        x->free_it = true;
    else
        transfer_destroy(x);
}
