/*
 * A gate for each backend, which all calls of a process go through. It closes when the backend
 * fails so many times in a row that it is taken to be down: then nothing is asked of it for some
 * time, then one call is let through, and what comes of that opens the gate or keeps it closed.
 * Behind a gate there may be room for only so many calls; as many again wait in line.
 *
 * On the loop. A gate is there while it is needed: with calls inside, or with failures to remember.
 */
#ifndef MAGEC_AGENT_GATE_H
#define MAGEC_AGENT_GATE_H

#include <stdbool.h>

#include "base/log.h"
#include "store/backend.h"

enum {
    GATE_FAILURES = 5,          /* in a row */
    GATE_CLOSED_MS = 10 * 1000, /* until the next call is let through */
    GATES_MAX = 1024            /* more backends than these have none */
};

struct gate;

/* Of a gate that has closed, stays closed after a call was let through, or has opened. The strings
 * are valid during the call. */
struct gate_news {
    const char *backend;
    bool closed;
    int failures;      /* in a row */
    const char *error; /* of the last; NULL: not known, or it has opened */
};

/* One for a process; a zeroed one is empty. */
struct gates {
    struct gate *first;
    size_t count;
    struct log *log;                                          /* is told the news; may be NULL */
    void (*changed)(void *ctx, const struct gate_news *news); /* is told too, unless NULL */
    void *ctx;
};

void gates_release(struct gates *g);

/* A call inside or in line; a zeroed one is outside. It stays where it is until it has left. */
struct gate_pass {
    struct gate *gate;
    bool probe;        /* the one that was let through */
    bool waiting;      /* in line */
    int64_t closed_ms; /* when it was refused: how long the gate is closed still, at least 1; 0: the
                        * line was full */
    /* It has come in; or, when gate is NULL, the gate was closed and it is to enter anew. Not from
     * within gate_enter; it calls nothing of the gate. */
    void (*admitted)(struct gate_pass *pass);
    const char *why;        /* of GATE_FAILED, for the news; valid during gate_leave; may be NULL */
    int64_t room;           /* the gate's own */
    struct gate_pass *next; /* the gate's own */
};

enum gate_verdict {
    GATE_WORKED,
    GATE_FAILED,
    GATE_UNKNOWN /* it was canceled, or has failed in a way that says nothing of the backend */
};

/* STATUS_OK: it is inside, or in line. STATUS_UNAVAILABLE: the gate is closed, or the line is full.
 * now_ms is the loop's; pass->admitted is set. */
enum status gate_enter(struct gates *g, const struct backend *b, int64_t now_ms,
    struct gate_pass *pass, struct error *err);
/* Once for each that entered; fine when it is outside. */
void gate_leave(struct gates *g, struct gate_pass *pass, enum gate_verdict verdict, int64_t now_ms);

#endif
