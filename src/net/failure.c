#include "net/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum status failure_no_descriptor(struct error *err)
{
    return error_set(err, STATUS_UNAVAILABLE,
        "this process has no file descriptor left: raise its limit of open files (LimitNOFILE)");
}

bool failure_is_for_descriptors(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == EMFILE || errno == ENFILE;
    close(fd);
    return false;
}

/* ---- certificates ---- */

#define AUTHORITY                                                                                  \
    "; if it is to be trusted, give the certificate of its authority as the backend's CA file"

static const struct {
    long verify; /* X509_V_ERR_... */
    const char *why;
} distrust[] = {
    {9, "it is not valid yet: look at the clocks here and there"},
    {10, "it has expired: it has to be renewed there (or the clock here is wrong)"},
    {18, "it is signed by itself" AUTHORITY},
    {19, "its authority is not known here" AUTHORITY},
    {20, "its authority is not known here" AUTHORITY},
    {21, "its authority is not known here" AUTHORITY},
    {23, "it was revoked"},
    {26, "it is not meant for servers"},
};

static enum status explain_distrust(const struct failure *f, struct error *err)
{
    const char *why = *f->detail ? f->detail : f->general;
    if (strstr(f->detail, "subject name") || strstr(f->detail, "common name"))
        why = "it is for another host name: use one that it is for in the backend's URL";
    for (size_t i = 0; i < sizeof distrust / sizeof *distrust; i++)
        if (f->verify == distrust[i].verify)
            why = distrust[i].why;
    return error_set(err, STATUS_BACKEND, "the server's certificate is not trusted: %s", why);
}

static enum status explain_client(const struct failure *f, struct error *err)
{
    if (!f->tls.client_key)
        return error_set(err, STATUS_CONFIG,
            "the client certificate \"%s\" cannot be used: it or its key is wrong",
            f->tls.client_cert ? f->tls.client_cert : "");
    return error_set(err, STATUS_CONFIG,
        "the client certificate \"%s\" and its key \"%s\" cannot be used: one of them is wrong, or "
        "they do not belong together",
        f->tls.client_cert ? f->tls.client_cert : "", f->tls.client_key);
}

static enum status explain_ca(const struct failure *f, struct error *err)
{
    const char *file = f->tls.ca_file ? f->tls.ca_file : f->ca_file;
    return error_set(err, STATUS_CONFIG, "the CA file \"%s\" cannot be used: %s", file ? file : "",
        "it is not there, cannot be read, or holds no certificate");
}

/* The alert that the server ended TLS with: "certificate required". NULL: it sent none. */
static const char *find_alert(const struct failure *f)
{
    const char *alert = strstr(f->detail, " alert ");
    return alert ? alert + 7 : NULL;
}

static enum status explain_alert(const struct failure *f, const char *alert, struct error *err)
{
    int len = (int)strcspn(alert, ",");
    if (!f->tls.client_cert && !strncmp(alert, "certificate required", 20))
        return error_set(err, STATUS_BACKEND,
            "the server wants a client certificate, and the backend has none to show");
    return error_set(err, STATUS_BACKEND, "the server refused TLS: %.*s%s", len, alert,
        f->tls.client_cert ? " (is it the client certificate?)" : "");
}

/* ---- all of it ---- */

static enum status explain_proxy(const struct failure *f, struct error *err)
{
    if (f->proxy_status == 407)
        return error_set(err, STATUS_BACKEND,
            "its proxy wants a user and a password, or others (HTTP 407): they belong in the "
            "proxy's URL");
    return error_set(
        err, STATUS_BACKEND, "its proxy did not connect it (HTTP %ld)", f->proxy_status);
}

static enum status explain_connect(const struct failure *f, struct error *err)
{
    return error_set(err, STATUS_BACKEND, "cannot connect%s: %s", f->proxied ? " to its proxy" : "",
        f->os_errno ? strerror((int)f->os_errno) : f->general);
}

static enum status explain_tls(const struct failure *f, struct error *err)
{
    if (strstr(f->detail, "wrong version number") || strstr(f->detail, "packet length too long"))
        return error_set(
            err, STATUS_BACKEND, "the server does not speak TLS there: is its URL an http URL?");
    return error_set(err, STATUS_BACKEND, "TLS failed: %s", *f->detail ? f->detail : f->general);
}

static const char cut_off[] = "the connection was cut off before the answer was complete";
static const char no_url[] = "its URL is not an http or https URL";

/* One row for each code that is not told in libcurl's words. */
static const struct {
    CURLcode code;
    enum status status;
    bool passes;      /* another connection may do better */
    const char *text; /* or: */
    enum status (*explain)(const struct failure *f, struct error *err);
} codes[] = {
    {CURLE_COULDNT_RESOLVE_HOST, STATUS_BACKEND, true, "its host name cannot be resolved", NULL},
    {CURLE_COULDNT_RESOLVE_PROXY, STATUS_BACKEND, true,
        "the host name of its proxy cannot be resolved", NULL},
    {CURLE_COULDNT_CONNECT, STATUS_BACKEND, true, NULL, explain_connect},
    {CURLE_GOT_NOTHING, STATUS_BACKEND, true, "the connection was closed without an answer", NULL},
    {CURLE_PARTIAL_FILE, STATUS_BACKEND, true, cut_off, NULL},
    {CURLE_RECV_ERROR, STATUS_BACKEND, true, cut_off, NULL},
    {CURLE_HTTP2_STREAM, STATUS_BACKEND, true, cut_off, NULL},
    {CURLE_HTTP2, STATUS_BACKEND, true, cut_off, NULL},
    {CURLE_PEER_FAILED_VERIFICATION, STATUS_BACKEND, false, NULL, explain_distrust},
    {CURLE_SSL_CONNECT_ERROR, STATUS_BACKEND, true, NULL, explain_tls},
    {CURLE_SSL_CERTPROBLEM, STATUS_CONFIG, false, NULL, explain_client},
    {CURLE_SSL_CACERT_BADFILE, STATUS_CONFIG, false, NULL, explain_ca},
    {CURLE_UNSUPPORTED_PROTOCOL, STATUS_CONFIG, false, no_url, NULL},
    {CURLE_URL_MALFORMAT, STATUS_CONFIG, false, no_url, NULL},
    {CURLE_OUT_OF_MEMORY, STATUS_NO_MEMORY, false, "out of memory", NULL},
};

/* Codes that are also what the want of a descriptor looks like, where it is not told. */
static bool may_be_for_descriptors(CURLcode code)
{
    return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY ||
           code == CURLE_COULDNT_CONNECT || code == CURLE_SSL_CACERT_BADFILE ||
           code == CURLE_SSL_CERTPROBLEM || code == CURLE_OUT_OF_MEMORY ||
           code == CURLE_FAILED_INIT;
}

enum status failure_explain(const struct failure *f, bool *lost, struct error *err)
{
    const char *alert = find_alert(f);
    *lost = false;
    if (f->no_descriptor || (may_be_for_descriptors(f->code) && failure_is_for_descriptors()))
        return failure_no_descriptor(err);
    if (alert)
        return explain_alert(f, alert, err);
    *lost = f->proxy_status < 400 || f->proxy_status >= 500;
    if (f->proxy_status >= 300)
        return explain_proxy(f, err);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (codes[i].code != f->code)
            continue;
        *lost = codes[i].passes;
        return codes[i].explain ? codes[i].explain(f, err)
                                : error_set(err, codes[i].status, "%s", codes[i].text);
    }
    return error_set(err, STATUS_BACKEND, "%s", f->general);
}
