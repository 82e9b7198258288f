/*
 * libcurl's multi handle on the loop: its sockets are watched and its timer is kept, so that its
 * transfers go on and its pool of connections is one for all of them.
 */
#ifndef MAGEC_NET_MULTI_H
#define MAGEC_NET_MULTI_H

#include "net/curl_api.h"
#include "net/loop.h"

struct multi {
    struct loop *loop;
    const struct curl_api *curl;
    CURLM *handle;
    struct timer *timer;
    /* A transfer is over and its handle was taken out; of it comes what is its CURLOPT_PRIVATE. */
    void (*ended)(void *transfer, CURLcode code);
};

/* What is in *m beside handle and timer is set by the caller and outlives it. */
enum status multi_open(struct multi *m, struct error *err);
/* No handle is in it any more. Fine when it is not open. */
void multi_close(struct multi *m);

#endif
