#include "net/easy.h"

enum {
    READ_SIZE = 4096,      /* libcurl keeps one such buffer for every transfer */
    SEND_SIZE = 16 * 1024, /* the same for sending over HTTP/2; there is none that is smaller */
    CA_COPIED_MAX = 16 * 1024
};

CURL *easy_new(const struct curl_api *curl, const char *ca_file)
{
    CURL *e = curl->easy_init();
    if (!e)
        return NULL;
    curl->easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(e, CURLOPT_PROXY, "");   /* whatever the environment says */
    curl->easy_setopt(e, CURLOPT_NOPROXY, ""); /* the same */
    curl->easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
    curl->easy_setopt(e, CURLOPT_BUFFERSIZE, (long)READ_SIZE);
    curl->easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_SIZE);
    curl->easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl->easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl->easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    if (ca_file) { /* a directory would keep libcurl from caching what it parsed */
        curl->easy_setopt(e, CURLOPT_CAPATH, NULL);
        curl->easy_setopt(e, CURLOPT_CAINFO, ca_file);
        curl->easy_setopt(e, CURLOPT_PROXY_CAPATH, NULL);
        curl->easy_setopt(e, CURLOPT_PROXY_CAINFO, ca_file);
    }
    return e;
}

/* libcurl keeps one file of authorities parsed. That is to be the process's, which is large; so
 * small ones are given as they are. A large one takes turns with the process's. */
static CURLcode set_ca(
    const struct curl_api *curl, CURL *e, const char *ca_file, struct buf *text, bool proxied)
{
    struct curl_blob blob = {.data = text->data, .len = text->len, .flags = CURL_BLOB_COPY};
    CURLcode code = curl->easy_setopt(e, CURLOPT_CAPATH, NULL);
    if (!code && text->len <= CA_COPIED_MAX)
        code = curl->easy_setopt(e, CURLOPT_CAINFO_BLOB, &blob);
    else if (!code)
        code = curl->easy_setopt(e, CURLOPT_CAINFO, ca_file);
    if (code || !proxied)
        return code;
    code = curl->easy_setopt(e, CURLOPT_PROXY_CAPATH, NULL);
    return code ? code : curl->easy_setopt(e, CURLOPT_PROXY_CAINFO, ca_file);
}

static CURLcode set_client(const struct curl_api *curl, CURL *e, const struct http_tls *tls)
{
    const char *key = tls->client_key ? tls->client_key : tls->client_cert;
    CURLcode code = curl->easy_setopt(e, CURLOPT_SSLCERT, tls->client_cert);
    if (!code)
        code = curl->easy_setopt(e, CURLOPT_SSLKEY, key);
    /* Without one OpenSSL would ask whoever sits at the terminal. */
    return code ? code : curl->easy_setopt(e, CURLOPT_KEYPASSWD, "");
}

enum status easy_set_own(const struct curl_api *curl, CURL *e, const struct http_tls *tls,
    const char *proxy, struct error *err)
{
    struct buf ca;
    CURLcode code = CURLE_OK;
    buf_init(&ca, TLS_FILE_MAX);
    enum status st = tls_look(tls, &ca, err);
    if (st)
        goto out;
    if (proxy)
        code = curl->easy_setopt(e, CURLOPT_PROXY, proxy);
    if (!code && tls->ca_file)
        code = set_ca(curl, e, tls->ca_file, &ca, proxy);
    if (!code && tls->client_cert)
        code = set_client(curl, e, tls);
    if (!code && tls->insecure) {
        if (!tls->ca_file) /* they would be parsed for nothing */
            curl->easy_setopt(e, CURLOPT_CAINFO, NULL);
        curl->easy_setopt(e, CURLOPT_CAPATH, NULL);
        curl->easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
        curl->easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (proxy)
        curl->easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (code)
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
out:
    buf_release(&ca);
    return st;
}
