#include "net/inspect.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* libcurl tells the version of TLS in its log only. */
static void see_text(struct http_seen *seen, const char *text, size_t len)
{
    static const char before[] = "SSL connection using ";
    size_t skip = sizeof before - 1;
    if (len <= skip || memcmp(text, before, skip) != 0)
        return;
    size_t n = 0;
    while (skip + n < len && n + 1 < sizeof seen->tls && !strchr(" /\n", text[skip + n]))
        n++;
    memcpy(seen->tls, text + skip, n);
    seen->tls[n] = 0;
}

static void see_header(struct http_seen *seen, const char *line, size_t len)
{
    const char *space = len > 5 && !memcmp(line, "HTTP/", 5) ? memchr(line, ' ', len) : NULL;
    if (!space || line + len - space < 4)
        return;
    seen->continued = seen->continued || !memcmp(space, " 100", 4);
    seen->unexpected = seen->unexpected || !memcmp(space, " 417", 4);
}

static int on_debug(CURL *e, curl_infotype type, char *bytes, size_t len, void *ctx)
{
    (void)e;
    if (type == CURLINFO_TEXT)
        see_text(ctx, bytes, len);
    else if (type == CURLINFO_HEADER_IN)
        see_header(ctx, bytes, len);
    return 0;
}

void inspect_begin(const struct curl_api *curl, CURL *e, struct http_seen *seen)
{
    *seen = (struct http_seen){0};
    curl->easy_setopt(e, CURLOPT_DEBUGFUNCTION, on_debug);
    curl->easy_setopt(e, CURLOPT_DEBUGDATA, seen);
    curl->easy_setopt(e, CURLOPT_VERBOSE, 1L);
    curl->easy_setopt(e, CURLOPT_CERTINFO, 1L);
}

static int version_of(long http)
{
    switch (http) {
    case CURL_HTTP_VERSION_1_0:
        return 10;
    case CURL_HTTP_VERSION_1_1:
        return 11;
    case CURL_HTTP_VERSION_2_0:
        return 20;
    case CURL_HTTP_VERSION_3:
        return 30;
    default:
        return 0;
    }
}

/* "Expire date:Nov 24 18:00:00 2026 GMT" */
static int64_t expiry_in(const struct curl_slist *lines)
{
    static const char before[] = "Expire date:";
    for (; lines; lines = lines->next) {
        struct tm tm = {0};
        if (!strncmp(lines->data, before, sizeof before - 1) &&
            strptime(lines->data + sizeof before - 1, " %b %d %H:%M:%S %Y", &tm))
            return (int64_t)timegm(&tm) * 1000;
    }
    return 0;
}

void inspect_end(const struct curl_api *curl, CURL *e, struct http_seen *seen)
{
    long http = 0;
    struct curl_certinfo *chain = NULL;
    curl->easy_getinfo(e, CURLINFO_HTTP_VERSION, &http);
    seen->http = version_of(http);
    if (!curl->easy_getinfo(e, CURLINFO_CERTINFO, &chain) && chain && chain->num_of_certs > 0)
        seen->expires_ms = expiry_in(chain->certinfo[0]);
}
