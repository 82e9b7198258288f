/*
 * Looks at a transfer's way beside its answer: the versions of HTTP and TLS, the certificate, the
 * interim answers.
 */
#ifndef MAGEC_NET_INSPECT_H
#define MAGEC_NET_INSPECT_H

#include "net/curl_api.h"
#include "net/transport.h"

/* For good: the handle is not for others. *seen is emptied, and written to until the handle is
 * cleaned up. */
void inspect_begin(const struct curl_api *curl, CURL *e, struct http_seen *seen);
/* The transfer is over: what is known only now. */
void inspect_end(const struct curl_api *curl, CURL *e, struct http_seen *seen);

#endif
