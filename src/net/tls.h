/*
 * What is particular to the TLS of some requests, and the PEM files that this needs.
 */
#ifndef MAGEC_NET_TLS_H
#define MAGEC_NET_TLS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/status.h"

/* A zeroed one is as most are. */
struct http_tls {
    const char *ca_file;     /* the only authorities that are trusted; NULL: the process's */
    const char *client_cert; /* shown to a server that asks for one; NULL: none */
    const char *client_key;  /* its key; NULL: it is in client_cert */
    bool insecure;           /* whoever answers is believed */
};

enum { TLS_FILE_MAX = 1024 * 1024 };

/* Whether it says anything. */
bool tls_is_own(const struct http_tls *tls);
/* Looks into its files, as far as this can be done without the certificates being understood. ca,
 * unless NULL, is initialised and gets the content of ca_file. STATUS_CONFIG names the file and
 * says what is wrong with it; STATUS_UNAVAILABLE: there is no file descriptor left. */
enum status tls_look(const struct http_tls *tls, struct buf *ca, struct error *err);

#endif
