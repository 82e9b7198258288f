#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct unit {
    const char *suffix;
    int64_t factor;
};

static const struct unit durations[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {"", 1000}, {NULL, 0}};
static const struct unit sizes[] = {{"", 1}, {"k", 1024}, {"K", 1024}, {"m", 1024 * 1024},
    {"M", 1024 * 1024}, {"g", 1024 * 1024 * 1024}, {"G", 1024 * 1024 * 1024}, {NULL, 0}};

/* A whole number and a unit; false when it is none, or too large. */
static bool read_number(const char *text, const struct unit *units, int64_t *out)
{
    if (*text < '0' || *text > '9')
        return false;
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    for (const struct unit *u = units; u->suffix; u++)
        if (!errno && !strcmp(end, u->suffix))
            return !__builtin_mul_overflow((int64_t)n, u->factor, out);
    return false;
}

enum status units_duration(const char *text, int64_t *ms, struct error *err)
{
    int64_t n;
    if (!read_number(text, durations, &n))
        return error_set(err, STATUS_BAD_REQUEST,
            "\"%s\" is not a duration: write 250ms, 20s, 5m, 2h or 90d", text);
    if (n > UNITS_DURATION_MAX)
        return error_set(
            err, STATUS_BAD_REQUEST, "\"%s\" is too long: a duration is at most 36500d", text);
    *ms = n;
    return STATUS_OK;
}

void units_print_duration(int64_t ms, char out[32])
{
    if (ms == 0) {
        strcpy(out, "0s");
        return;
    }
    for (const struct unit *u = durations; u->suffix; u++) {
        if (ms % u->factor == 0) {
            snprintf(out, 32, "%lld%s", (long long)(ms / u->factor), u->suffix);
            return;
        }
    }
}

enum status units_size(const char *text, size_t *bytes, struct error *err)
{
    int64_t n;
    if (!read_number(text, sizes, &n))
        return error_set(err, STATUS_BAD_REQUEST,
            "\"%s\" is not a size in bytes: write 512, 64k, 8M or 1G", text);
    *bytes = (size_t)n;
    return STATUS_OK;
}

enum status units_count(const char *text, int64_t min, int64_t max, int64_t *out, struct error *err)
{
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (errno || end == text || isspace((unsigned char)*text) || *end || n < min || n > max)
        return error_set(err, STATUS_BAD_REQUEST, "\"%s\" is not a whole number from %lld to %lld",
            text, (long long)min, (long long)max);
    *out = n;
    return STATUS_OK;
}

static int64_t clock_ms(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t units_now_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

int64_t units_mono_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t units_mono_ms(void)
{
    return units_mono_us() / 1000;
}

static char *put_digits(char *to, int value, int width)
{
    for (int i = width; i-- > 0; value /= 10)
        to[i] = (char)('0' + value % 10);
    return to + width;
}

void units_print_time(int64_t unix_ms, char out[32])
{
    int ms = (int)((unix_ms % 1000 + 1000) % 1000);
    time_t s = (time_t)((unix_ms - ms) / 1000);
    struct tm tm;
    gmtime_r(&s, &tm);
    const struct {
        int value, width;
        char behind;
    } parts[] = {{tm.tm_year + 1900, 4, '-'}, {tm.tm_mon + 1, 2, '-'}, {tm.tm_mday, 2, 'T'},
        {tm.tm_hour, 2, ':'}, {tm.tm_min, 2, ':'}, {tm.tm_sec, 2, '.'}, {ms, 3, 'Z'}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        out = put_digits(out, parts[i].value, parts[i].width);
        *out++ = parts[i].behind;
    }
    *out = 0;
}
