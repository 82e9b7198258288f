/*
 * Durations and sizes as people write them, and time.
 */
#ifndef MAGEC_BASE_UNITS_H
#define MAGEC_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* The longest duration, a hundred years: added to any clock it is far from an overflow. */
#define UNITS_DURATION_MAX ((int64_t)36500 * 86400000)

/* "250ms", "20s", "5m", "2h", "90d"; a bare number is seconds, "0" is zero. Result in
 * milliseconds. STATUS_BAD_REQUEST names the text and shows what is understood; *ms is then as it
 * was. */
enum status units_duration(const char *text, int64_t *ms, struct error *err);
/* The shortest exact form: 90000 is "90s", 1500 is "1500ms", 0 is "0s". */
void units_print_duration(int64_t ms, char out[32]);
/* "512", "64k", "8M", "1G": powers of 1024. Result in bytes. */
enum status units_size(const char *text, size_t *bytes, struct error *err);
/* A whole number between min and max. */
enum status units_count(
    const char *text, int64_t min, int64_t max, int64_t *out, struct error *err);

/* Milliseconds since the Unix epoch. */
int64_t units_now_ms(void);
/* Milliseconds of a clock that only goes forward. */
int64_t units_mono_ms(void);
/* Its microseconds. */
int64_t units_mono_us(void);
/* RFC 3339 in UTC with milliseconds: "2026-11-24T09:05:07.123Z". */
void units_print_time(int64_t unix_ms, char out[32]);

#endif
