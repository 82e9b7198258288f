/*
 * Why an HTTP transfer failed: libcurl's codes as sentences for people, and whether another attempt
 * may do better.
 */
#ifndef MAGEC_NET_FAILURE_H
#define MAGEC_NET_FAILURE_H

#include "net/curl_api.h"
#include "net/tls.h"

/* What is known of one. */
struct failure {
    CURLcode code;
    long os_errno;       /* of the connection; 0: none */
    long proxy_status;   /* HTTP status of the proxy's answer to CONNECT; 0: none */
    long verify;         /* OpenSSL's word on the certificate; 0: none, or not OpenSSL's */
    const char *detail;  /* in libcurl's words; may be "" */
    const char *general; /* what the code means, in libcurl's words */
    const char *ca_file; /* that was used, or NULL */
    struct http_tls tls; /* of the request */
    bool proxied;        /* there is a proxy */
    bool no_descriptor;  /* a socket could not be made for want of one */
};

/* Returns the status. *lost: another connection may do better. Neither the URL nor the proxy's is
 * in the text. */
enum status failure_explain(const struct failure *f, bool *lost, struct error *err);

/* STATUS_UNAVAILABLE: this process has as many files open as it may. */
enum status failure_no_descriptor(struct error *err);
/* Whether that is so now, for where others open files and do not say why they failed. */
bool failure_is_for_descriptors(void);

#endif
