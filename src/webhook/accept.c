#include "webhook/accept.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *type;
    enum reply_format format;
} types[] = {
    {"application/json", REPLY_JSON},
    {"text/event-stream", REPLY_SSE},
    {"text/plain", REPLY_TEXT},
};

/* The value of q among the parameters, in thousandths; 1000 without one. */
static int quality(const char *params, const char *end)
{
    for (const char *p = params; p < end; p++) {
        if (*p != ';')
            continue;
        p++;
        while (p < end && (*p == ' ' || *p == '\t'))
            p++;
        if (end - p < 3 || (*p != 'q' && *p != 'Q') || p[1] != '=')
            continue;
        double q = strtod(p + 2, NULL);
        return q >= 1 ? 1000 : q > 0 ? (int)(q * 1000) : 0;
    }
    return 1000;
}

enum reply_format accept_format(const char *accept)
{
    enum reply_format best = REPLY_JSON;
    int best_quality = 0;
    for (const char *at = accept, *end; at && *at; at = *end ? end + 1 : end) {
        at += strspn(at, " \t");
        end = strchrnul(at, ',');
        size_t len = strcspn(at, ",; \t");
        for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
            if (len != strlen(types[i].type) || strncasecmp(at, types[i].type, len))
                continue;
            int q = quality(at + len, end);
            if (q > best_quality) {
                best_quality = q;
                best = types[i].format;
            }
        }
    }
    return best;
}
