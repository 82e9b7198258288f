/*
 * The options for deadlines, which backends and agents share.
 */
#ifndef MAGEC_CLI_DEADLINES_H
#define MAGEC_CLI_DEADLINES_H

#include "base/deadlines.h"
#include "cli/options.h"

/* clang-format off */
#define DEADLINE_OPTIONS                                                                           \
    {.name = "connect-timeout", .value = "TIME", .kind = OPTION_DURATION,                          \
        .help = "until the connection stands (10s)"},                                              \
    {.name = "first-byte-timeout", .value = "TIME", .kind = OPTION_DURATION,                       \
        .help = "from there until the first byte of the answer (120s)"},                           \
    {.name = "idle-timeout", .value = "TIME", .kind = OPTION_DURATION,                             \
        .help = "between two bytes of the answer (120s)"},                                         \
    {.name = "total-timeout", .value = "TIME", .kind = OPTION_DURATION,                            \
        .help = "for the whole of it (900s)"}
/* clang-format on */

static inline void deadlines_take(const struct options *o, struct deadlines *d)
{
    options_take_duration(o, "connect-timeout", DEADLINE_UNSET, &d->connect_ms);
    options_take_duration(o, "first-byte-timeout", DEADLINE_UNSET, &d->first_byte_ms);
    options_take_duration(o, "idle-timeout", DEADLINE_UNSET, &d->idle_ms);
    options_take_duration(o, "total-timeout", DEADLINE_UNSET, &d->total_ms);
}

#endif
