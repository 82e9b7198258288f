/*
 * libcurl's easy handles as transfers need them: what is the same for every request, and what is
 * particular to the TLS and the proxy of some.
 */
#ifndef MAGEC_NET_EASY_H
#define MAGEC_NET_EASY_H

#include "net/curl_api.h"
#include "net/tls.h"

/* With the authorities in ca_file (NULL: libcurl's own). NULL when out of memory. */
CURL *easy_new(const struct curl_api *curl, const char *ca_file);
/* For good: the handle is not for requests with others. proxy may be NULL. STATUS_CONFIG names a
 * file that cannot be used. */
enum status easy_set_own(const struct curl_api *curl, CURL *e, const struct http_tls *tls,
    const char *proxy, struct error *err);

#endif
