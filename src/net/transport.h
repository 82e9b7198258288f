/*
 * HTTP out: one shared connection pool on the loop. The only files that know libcurl are
 * transport.c, multi, easy, failure, inspect and curl_api.
 *
 * Only http and https; no redirects are followed (a key never travels to another host); no proxy
 * is taken from the environment, where a caller's Proxy: header may have put it. Requests share a
 * connection only when their TLS and their proxy are the same.
 */
#ifndef MAGEC_NET_TRANSPORT_H
#define MAGEC_NET_TRANSPORT_H

#include "base/deadlines.h"
#include "base/strings.h"
#include "net/loop.h"
#include "net/tls.h"

struct transport;
struct transfer;

/* Called on the loop, never from within transport_post. */
struct http_handler {
    /* The final status line and headers are there; content_type may be "". */
    void (*head)(void *ctx, int status, const char *content_type);
    /* Some of the body. */
    void (*data)(void *ctx, const char *bytes, size_t len);
    /* The last call. OK: the body is complete, whatever the status. STATUS_BACKEND: not reached,
     * not trusted, or cut off; STATUS_CONFIG: what is to be set right here; STATUS_UNAVAILABLE:
     * this process has no descriptor left; STATUS_TIMEOUT: which deadline; STATUS_CANCELED. err
     * says it, without the URL. */
    void (*end)(void *ctx, enum status result, const struct error *err);
};

/* What is seen of a transfer's way, beside the answer. */
struct http_seen {
    int http;           /* 10, 11, 20, 30: the version of HTTP; 0: no answer came */
    bool continued;     /* "100 Continue" came before the answer */
    bool unexpected;    /* a 417 came, and the body was sent again without Expect */
    char tls[16];       /* "TLSv1.3"; "": none, or the connection was made before */
    int64_t expires_ms; /* Unix time, of the server's certificate; 0: as above */
};

struct http_request {
    const char *url;
    const struct strings *headers; /* "Name: value" */
    const char *method;            /* NULL: POST, or without a body GET */
    char *body;                    /* allocated, or NULL */
    size_t len;
    struct deadlines deadlines;
    const char *proxy;   /* URL of the HTTP proxy to go through; NULL: none */
    struct http_tls tls; /* its strings outlive handler->end */
    /* Filled in before handler->end, outlives the transfer; NULL: nobody looks, which is cheaper.
     */
    struct http_seen *seen;
    bool http1; /* HTTP/1.1 also where the server has a newer one */
    const struct http_handler *handler;
    void *ctx; /* the handler's */
};

/* Costs next to nothing: libcurl comes with transport_load. */
enum status transport_open(struct transport **out, struct loop *l, struct error *err);
/* Loads libcurl, once; blocks for some milliseconds. To be called before transport_post.
 * STATUS_CONFIG when it cannot be loaded. */
enum status transport_load(struct transport *t, struct error *err);
/* Whether it could be loaded. */
enum status transport_usable(struct error *err);
/* All transfers must have ended or been freed. Drained ones are given up; what was not yet sent of
 * them is, if that can be done without waiting. */
void transport_close(struct transport *t);

/* Starts it. On OK the transfer is the caller's until transfer_free or
 * transfer_drain, and the body is taken over. STATUS_CONFIG: a file of req->tls cannot be used. */
enum status transport_post(
    struct transport *t, const struct http_request *req, struct transfer **out, struct error *err);
/* Within handler->head and later: a header of the answer by its name, the first of several, or
 * NULL. Valid until the transfer is freed. */
const char *transfer_header(struct transfer *x, const char *name);
/* Within handler->end, of a failure: whether it is the connection that could not be made or was
 * lost, so that another one may do better. */
bool transfer_lost(const struct transfer *x);
/* Ends it soon: handler->end comes with STATUS_CANCELED, not from within this call. */
void transfer_cancel(struct transfer *x);
/* Stops and resumes reading from the other side. */
void transfer_pause(struct transfer *x, bool paused);
/* The caller has all it wants and frees it, but the end of the body is close: waits a second for
 * it, so that the connection can be used again. May be called from within handler->data. */
void transfer_drain(struct transfer *x);
/* After end, or at any time outside of handler->head and data: nothing is called any more. */
void transfer_free(struct transfer *x);

#endif
