#include "agent/retry.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { FIRST_DELAY_MS = 500 };

bool retry_is_useful(int http_status, const char *should_retry)
{
    if (should_retry && !strcasecmp(should_retry, "true"))
        return true;
    if (should_retry && !strcasecmp(should_retry, "false"))
        return false;
    return http_status == 408 || http_status == 409 || http_status == 429 || http_status >= 500;
}

static bool read_number(const char *text, double *number)
{
    char *end;
    if (!text || !isdigit((unsigned char)*text))
        return false;
    double read = strtod(text, &end);
    if (end[strspn(end, " \t")])
        return false;
    *number = read;
    return true;
}

/* The three forms of RFC 9110; the names of days and months are English, since the locale is set
 * for characters only. */
static bool read_date(const char *text, double *unix_ms)
{
    static const char *const forms[] = {
        "%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"};
    for (size_t i = 0; text && i < sizeof forms / sizeof *forms; i++) {
        struct tm tm = {0};
        const char *end = strptime(text, forms[i], &tm);
        if (!end || end[strspn(end, " \t")])
            continue;
        *unix_ms = (double)timegm(&tm) * 1000;
        return true;
    }
    return false;
}

int64_t retry_told(const char *ms, const char *after, int64_t now_unix_ms)
{
    double told = 0;
    if (!read_number(ms, &told)) {
        if (read_number(after, &told))
            told *= 1000;
        else if (read_date(after, &told))
            told -= (double)now_unix_ms;
    }
    return told > RETRY_TOLD_MAX_MS ? RETRY_TOLD_MAX_MS : told > 0 ? (int64_t)told : 0;
}

/* A part of ms. */
static int64_t some_of(int64_t ms, uint32_t chance)
{
    return (int64_t)((double)ms * chance / UINT32_MAX);
}

int64_t retry_delay(int failures, int64_t told_ms, uint32_t chance)
{
    if (told_ms > 0)
        return told_ms + some_of(told_ms / 8, chance);
    int64_t ms = FIRST_DELAY_MS;
    while (--failures > 0 && ms < RETRY_DELAY_MAX_MS)
        ms *= 2;
    if (ms > RETRY_DELAY_MAX_MS)
        ms = RETRY_DELAY_MAX_MS;
    return ms - some_of(ms / 4, chance);
}
