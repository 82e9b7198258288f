/*
 * SIGTERM and SIGINT as something that happens on the loop.
 */
#ifndef MAGEC_RESPONDER_SIGNALS_H
#define MAGEC_RESPONDER_SIGNALS_H

#include "net/loop.h"

struct signals {
    int fd;
    struct watch *watch;
    void (*stop)(void *ctx);
    void *ctx;
};

/* Before any thread is started: they inherit that these signals are blocked. SIGPIPE and
 * SIGXFSZ are ignored. */
void signals_block(void);
enum status signals_open(
    struct signals *s, struct loop *l, void (*stop)(void *ctx), void *ctx, struct error *err);
void signals_close(struct signals *s);

#endif
