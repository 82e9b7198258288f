/*
 * libcurl, loaded when it is first needed: with the thirty libraries that it needs it takes longer
 * to load than anything else a CGI does, and most calls that are refused need none of it.
 */
#ifndef MAGEC_NET_CURL_API_H
#define MAGEC_NET_CURL_API_H

#include <curl/curl.h>

#include "base/status.h"

/* What is used of it: X(its name without curl_). */
#define CURL_API(X)                                                                                \
    X(easy_cleanup)                                                                                \
    X(easy_getinfo)                                                                                \
    X(easy_header)                                                                                 \
    X(easy_init)                                                                                   \
    X(easy_pause)                                                                                  \
    X(easy_setopt)                                                                                 \
    X(easy_strerror)                                                                               \
    X(global_cleanup)                                                                              \
    X(global_init)                                                                                 \
    X(multi_add_handle)                                                                            \
    X(multi_assign)                                                                                \
    X(multi_cleanup)                                                                               \
    X(multi_info_read)                                                                             \
    X(multi_init)                                                                                  \
    X(multi_remove_handle)                                                                         \
    X(multi_setopt)                                                                                \
    X(multi_socket_action)                                                                         \
    X(slist_append)                                                                                \
    X(slist_free_all)                                                                              \
    X(version_info)

struct curl_api {
#define CURL_API_MEMBER(name) __typeof__(curl_##name) *name;
    CURL_API(CURL_API_MEMBER)
#undef CURL_API_MEMBER
};

/* Loads and initialises it; it stays loaded. STATUS_CONFIG when it is not there or too old;
 * STATUS_UNAVAILABLE without file descriptors. */
enum status curl_api_load(struct curl_api *api, struct error *err);

#endif
