/*
 * Where the questions to a backend go when it has to be asked for that first: what it told, kept
 * for a while in a process, so that not every call asks again. On the loop.
 */
#ifndef MAGEC_AGENT_ROUTE_H
#define MAGEC_AGENT_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/backend.h"

enum {
    ROUTE_KEPT_MS = 5 * 60 * 1000,
    ROUTES_MAX = 256 /* one more, and all are forgotten */
};

struct exchange_kind;

struct route {
    const struct exchange_kind *kind; /* how the question is asked */
    char *url;                        /* whole, or a path of the backend's own server */
    char *tenant;                     /* who is asked of several that are there; or NULL */
};

void route_release(struct route *r); /* works on a zeroed one */

struct kept_route;

/* One for a process; a zeroed one is empty. */
struct routes {
    struct kept_route *first;
    size_t count;
};

void routes_release(struct routes *all);
/* Whether one is known of the backend, with the URL that it has. out is zeroed, and the caller's;
 * without memory none is known. now_ms is the loop's. */
bool routes_find(struct routes *all, const struct backend *b, int64_t now_ms, struct route *out);
/* Keeps a copy, if there is memory. */
void routes_keep(
    struct routes *all, const struct backend *b, const struct route *route, int64_t now_ms);
void routes_forget(struct routes *all, const struct backend *b);

#endif
