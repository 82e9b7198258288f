/* Short texts: durations, sizes and numbers as people write them, what headers of HTTP say (Accept,
 * Retry-After), names of meta-variables. */
#include "agent/retry.h"
#include "base/units.h"
#include "fuzz.h"
#include "webhook/accept.h"
#include "webhook/request.h"

#define NOW_MS ((int64_t)1767225600000) /* 2026-01-01 */

static void check_units(const char *text)
{
    struct error err = {.text = ""};
    int64_t ms = -7, again = -7, count = -7;
    size_t bytes = 77;
    char printed[32];
    if (units_duration(text, &ms, &err)) {
        FUZZ_CHECK(ms == -7 && err.text[0]);
    } else {
        FUZZ_CHECK(ms >= 0 && ms <= UNITS_DURATION_MAX);
        units_print_duration(ms, printed);
        FUZZ_CHECK(!units_duration(printed, &again, &err) && again == ms);
    }
    FUZZ_CHECK(!units_size(text, &bytes, &err) || (bytes == 77 && err.text[0]));
    FUZZ_CHECK(bytes <= INT64_MAX);
    if (units_count(text, -5, 1000, &count, &err))
        FUZZ_CHECK(count == -7 && err.text[0]);
    else
        FUZZ_CHECK(count >= -5 && count <= 1000);
}

static void check_retry(const char *text)
{
    int64_t after = retry_told(NULL, text, NOW_MS), ms = retry_told(text, NULL, NOW_MS);
    FUZZ_CHECK(after >= 0 && after <= RETRY_TOLD_MAX_MS);
    FUZZ_CHECK(ms >= 0 && ms <= RETRY_TOLD_MAX_MS);
    retry_told(text, text, NOW_MS);
    retry_is_useful(400, text);
}

static void check_accept(const char *text)
{
    enum reply_format format = accept_format(text);
    size_t len = strlen(text);
    char *more = malloc(len + 16);
    FUZZ_CHECK(more);
    FUZZ_CHECK(format == REPLY_JSON || format == REPLY_SSE || format == REPLY_TEXT);
    strcpy(stpcpy(more, text), ", image/x-none");
    FUZZ_CHECK(accept_format(more) == format);
    free(more);
}

static void check_variable(const char *text)
{
    enum request_var v = request_var_find(text, strlen(text));
    FUZZ_CHECK(v == VAR_COUNT_ || !strcmp(request_var_name(v), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const char *at = (const char *)bytes;
    char *line = fuzz_line(&at, &len);
    char *text = fuzz_copy(line, strlen(line) + 1);
    check_units(text);
    check_retry(text);
    check_accept(text);
    check_variable(text);
    free(text);
    free(line);
    return 0;
}
