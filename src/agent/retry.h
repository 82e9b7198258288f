/*
 * Whether a request that failed is worth another try, and after how long.
 */
#ifndef MAGEC_AGENT_RETRY_H
#define MAGEC_AGENT_RETRY_H

#include <stdbool.h>
#include <stdint.h>

enum {
    RETRY_ATTEMPTS = 3,            /* unless the backend says otherwise */
    RETRY_DELAY_MAX_MS = 8 * 1000, /* that we choose */
    RETRY_TOLD_MAX_MS = 60 * 1000  /* that a server may ask for */
};

/* What an answer that is no success means; should_retry is its header x-should-retry, which wins,
 * or NULL. */
bool retry_is_useful(int http_status, const char *should_retry);
/* What its headers retry-after-ms and retry-after (seconds or an HTTP date) ask for, as
 * milliseconds from now_unix_ms, capped; either may be NULL. 0: nothing, or nothing that makes
 * sense. */
int64_t retry_told(const char *ms, const char *after, int64_t now_unix_ms);
/* How long to wait after so many failures (from 1), when told_ms was asked for (0: nothing): twice
 * as long each time, less up to a quarter by chance; what was asked for and up to an eighth more.
 * chance is any number. */
int64_t retry_delay(int failures, int64_t told_ms, uint32_t chance);

#endif
