/*
 * Listens to the events of one call.
 */
#ifndef MAGEC_CLI_PROBE_LISTEN_H
#define MAGEC_CLI_PROBE_LISTEN_H

#include "base/sse.h"
#include "cli/probe.h"

struct listener {
    struct sse sse;
    bool leave;       /* to be left when its first word is there */
    int64_t began_ms; /* units_mono_ms() */
    int64_t first_ms; /* from there: the first word, the last one so far */
    int64_t last_ms;
    int64_t made_ms; /* how long the run took, as it says itself at its end */
    size_t words;
    bool done;
    char run[64];    /* its id, once it is known */
    char error[512]; /* that it ended with, or "" */
};

void listener_init(struct listener *l);
void listener_release(struct listener *l);
/* For struct probe_call; ctx is the listener. */
bool listener_see(void *ctx, const struct probe_call *c, const char *bytes, size_t len);

#endif
