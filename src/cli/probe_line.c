/* What the connection itself is: TLS and HTTP. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/units.h"
#include "cli/probe.h"

#define DAY_MS ((int64_t)86400 * 1000)

enum { SOON_DAYS = 14 };

/* Whether the connection leaves the machine: "http://127.0.0.1:80/". */
static bool is_near(const char *url)
{
    static const char *const near[] = {"127.", "localhost", "[::1]", NULL};
    const char *host = strstr(url, "://");
    for (size_t i = 0; host && near[i]; i++)
        if (!strncasecmp(host + 3, near[i], strlen(near[i])))
            return true;
    return false;
}

static void without_tls(const struct probe *p, struct probe_row *row)
{
    if (is_near(p->url)) {
        row_set(row, PROBE_OK, SYMPTOM_NONE, "none, and none is needed: it is this machine");
        return;
    }
    row_set(row, PROBE_NOTE, SYMPTOM_NONE, "none: whoever is on the way can read the tokens");
    snprintf(row->remedy, sizeof row->remedy, "let the web server listen with TLS");
}

enum status probe_tls(struct probe *p, struct probe_row *row, struct error *err)
{
    const struct http_seen *seen = &p->first.seen;
    (void)err;
    if (strncasecmp(p->url, "https:", 6) != 0) {
        without_tls(p, row);
        return STATUS_OK;
    }
    int64_t days = (seen->expires_ms - units_now_ms()) / DAY_MS;
    char until[64] = "";
    if (seen->expires_ms)
        snprintf(until, sizeof until, ", its certificate ends in %lld days", (long long)days);
    bool soon = seen->expires_ms && days < SOON_DAYS;
    row_set(row, soon || p->tls.insecure ? PROBE_NOTE : PROBE_OK, SYMPTOM_NONE, "%s, %s%s",
        *seen->tls ? seen->tls : "TLS 1.2 or newer",
        p->tls.insecure ? "not verified (--insecure)" : "verified", until);
    if (soon)
        snprintf(row->remedy, sizeof row->remedy, "let it be renewed before");
    return STATUS_OK;
}

enum status probe_http(struct probe *p, struct probe_row *row, struct error *err)
{
    int version = p->first.seen.http;
    (void)err;
    if (version == 10)
        row_set(row, PROBE_NOTE, SYMPTOM_NONE, "HTTP/1.0: every call is a connection of its own");
    else if (version)
        row_set(row, PROBE_OK, SYMPTOM_NONE, version >= 20 ? "HTTP/%d" : "HTTP/1.%d",
            version >= 20 ? version / 10 : version - 10);
    else
        row_set(row, PROBE_UNKNOWN, SYMPTOM_NONE, "not told");
    return STATUS_OK;
}
