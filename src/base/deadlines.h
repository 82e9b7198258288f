/*
 * How long an agent may take, in milliseconds. Settable per backend and per agent; the agent's
 * word wins, then the backend's, then the default.
 */
#ifndef MAGEC_BASE_DEADLINES_H
#define MAGEC_BASE_DEADLINES_H

#include <stdint.h>

struct deadlines {
    int64_t connect_ms;    /* until the connection stands, TLS included */
    int64_t first_byte_ms; /* from there until the first byte of the answer */
    int64_t idle_ms;       /* between two bytes; comments and pings count as life */
    int64_t total_ms;      /* the whole of it */
};

enum { DEADLINE_UNSET = -1 };

#define DEADLINES_UNSET                                                                            \
    {                                                                                              \
        DEADLINE_UNSET, DEADLINE_UNSET, DEADLINE_UNSET, DEADLINE_UNSET                             \
    }
#define DEADLINES_DEFAULT                                                                          \
    {                                                                                              \
        10 * 1000, 120 * 1000, 120 * 1000, 900 * 1000                                              \
    }

#endif
