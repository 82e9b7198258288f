#include "net/transport.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/deadline.h"
#include "net/multi.h"

enum {
    IDLE_HANDLES_MAX = 256, /* easy handles kept for the next calls */
    READ_SIZE = 4096,       /* libcurl keeps one such buffer for every transfer */
    SEND_SIZE = 16 * 1024,  /* the same for sending over HTTP/2; there is none that is smaller */
    LINGER_MS = 1000        /* for the end of a body that nobody wants any more */
};

struct transport {
    struct loop *loop;
    struct curl_api curl; /* loaded when multi is open */
    struct multi multi;
    const char *ca_file; /* libcurl's own bundle, or NULL */
    CURL *idle[IDLE_HANDLES_MAX];
    size_t idle_count;
    struct transfer *drained; /* nobody else knows them any more */
};

struct transfer {
    struct transport *transport;
    CURL *easy;
    struct curl_slist *headers;
    char *body;
    const struct http_handler *handler;
    void *ctx;
    struct deadline deadline;
    struct job job;      /* what cannot be done inside libcurl's callbacks */
    enum status stopped; /* STATUS_TIMEOUT or STATUS_CANCELED: why it is taken out */
    bool has_head;
    bool lost; /* the connection */
    bool paused, pause_applied;
    bool ending; /* inside handler->end */
    bool ended;
    bool free_it;
    struct transfer *next, **self; /* in transport->drained */
};

static void transfer_destroy(struct transfer *x)
{
    loop_undefer(x->transport->loop, &x->job);
    deadline_stop(&x->deadline);
    struct transport *t = x->transport;
    const struct curl_api *curl = &t->curl;
    if (x->easy) {
        curl->multi_remove_handle(t->multi.handle, x->easy);
        if (t->idle_count < IDLE_HANDLES_MAX)
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
    if (!x->handler) {
        transfer_destroy(x);
        return;
    }
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
    if (x->has_head || !x->handler)
        return;
    x->has_head = true;
    long code = 0;
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
    return CURL_PREREQFUNC_OK;
}

static void on_expired(void *ctx)
{
    struct transfer *x = ctx;
    if (!x->stopped)
        x->stopped = STATUS_TIMEOUT;
    loop_defer(x->transport->loop, &x->job);
}

/* Outside of libcurl: takes a stopped transfer out, or applies a pause. */
static void run_job(struct job *job)
{
    struct transfer *x = (struct transfer *)((char *)job - offsetof(struct transfer, job));
    const struct curl_api *curl = &x->transport->curl;
    if (x->ended)
        return;
    if (x->stopped) {
        struct error err;
        if (x->stopped == STATUS_TIMEOUT)
            deadline_error(&x->deadline, &err);
        else
            error_set(&err, STATUS_CANCELED, "canceled");
        x->lost = x->stopped == STATUS_TIMEOUT && x->deadline.phase == DEADLINE_CONNECT;
        curl->multi_remove_handle(x->transport->multi.handle, x->easy);
        finish(x, x->stopped, &err);
        return;
    }
    if (x->paused != x->pause_applied) {
        x->pause_applied = x->paused;
        deadline_hold(&x->deadline, x->paused);
        curl->easy_pause(x->easy, x->paused ? CURLPAUSE_RECV : CURLPAUSE_CONT);
    }
}

/* ---- the end of a transfer ---- */

static enum status explain(
    const struct transport *t, CURLcode code, long os_errno, struct error *err)
{
    const char *why = os_errno ? strerror((int)os_errno) : t->curl.easy_strerror(code);
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return error_set(err, STATUS_BACKEND, "its host name cannot be resolved");
    case CURLE_COULDNT_CONNECT:
        return error_set(err, STATUS_BACKEND, "cannot connect: %s", why);
    case CURLE_GOT_NOTHING:
        return error_set(err, STATUS_BACKEND, "the connection was closed without an answer");
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2_STREAM:
    case CURLE_HTTP2:
        return error_set(
            err, STATUS_BACKEND, "the connection was cut off before the answer was complete");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return error_set(err, STATUS_BACKEND, "its certificate cannot be verified");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
        return error_set(err, STATUS_CONFIG, "its URL is not an http or https URL");
    default:
        return error_set(err, STATUS_BACKEND, "%s", t->curl.easy_strerror(code));
    }
}

/* Whether another connection may do better. */
static bool may_pass(CURLcode code)
{
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_OUT_OF_MEMORY:
        return false;
    default:
        return true;
    }
}

static void on_ended(void *transfer, CURLcode code)
{
    struct transfer *x = transfer;
    struct transport *t = x->transport;
    if (x->stopped) { /* its job says so */
        loop_defer(t->loop, &x->job);
        return;
    }
    struct error err;
    enum status result = STATUS_OK;
    if (code == CURLE_OK) {
        say_head(x);
    } else {
        long os_errno = 0;
        t->curl.easy_getinfo(x->easy, CURLINFO_OS_ERRNO, &os_errno);
        result = explain(t, code, os_errno, &err);
        x->lost = may_pass(code);
    }
    finish(x, result, result ? &err : NULL);
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
    t->ca_file = named && *named ? named : t->curl.version_info(CURLVERSION_NOW)->cainfo;
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
    CURL *e = curl->easy_init();
    if (!e)
        return NULL;
    curl->easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(e, CURLOPT_PROXY, "");
    curl->easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
    curl->easy_setopt(e, CURLOPT_BUFFERSIZE, (long)READ_SIZE);
    curl->easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_SIZE);
    curl->easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl->easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl->easy_setopt(e, CURLOPT_WRITEFUNCTION, on_data);
    curl->easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl->easy_setopt(e, CURLOPT_PREREQFUNCTION, on_connected);
    if (t->ca_file) { /* a directory would keep libcurl from caching what it parsed */
        curl->easy_setopt(e, CURLOPT_CAPATH, NULL);
        curl->easy_setopt(e, CURLOPT_CAINFO, t->ca_file);
    }
    return e;
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

enum status transport_post(struct transport *t, const struct http_request *req,
    const struct http_handler *handler, void *ctx, struct transfer **out)
{
    const struct curl_api *curl = &t->curl;
    struct transfer *x = calloc(1, sizeof *x);
    if (!x)
        return STATUS_NO_MEMORY;
    x->transport = t;
    x->handler = handler;
    x->ctx = ctx;
    x->job.run = run_job;
    x->easy = t->idle_count ? t->idle[--t->idle_count] : new_handle(t);
    if (!x->easy || add_headers(x, req->headers) ||
        deadline_start(&x->deadline, t->loop, &req->deadlines, on_expired, x) ||
        curl->easy_setopt(x->easy, CURLOPT_URL, req->url))
        goto fail;
    /* Without TLS there is nothing to share, and libcurl would wait until the first transfer ends.
     */
    curl->easy_setopt(x->easy, CURLOPT_PIPEWAIT, !strncasecmp(req->url, "https:", 6) ? 1L : 0L);
    curl->easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->len);
    curl->easy_setopt(x->easy, CURLOPT_POSTFIELDS, req->body);
    curl->easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
    curl->easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
    curl->easy_setopt(x->easy, CURLOPT_HEADERDATA, x);
    curl->easy_setopt(x->easy, CURLOPT_PREREQDATA, x);
    curl->easy_setopt(x->easy, CURLOPT_PRIVATE, x);
    if (curl->multi_add_handle(t->multi.handle, x->easy) != CURLM_OK)
        goto fail;
    x->body = req->body;
    *out = x;
    return STATUS_OK;
fail:
    transfer_destroy(x);
    return STATUS_NO_MEMORY;
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
