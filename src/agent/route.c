#include "agent/route.h"

#include <stdlib.h>
#include <string.h>

struct kept_route {
    struct kept_route *next;
    char *backend, *backend_url;
    struct route route;
    int64_t until_ms;
};

void route_release(struct route *r)
{
    free(r->url);
    free(r->tenant);
    *r = (struct route){0};
}

static enum status copy(struct route *to, const struct route *from)
{
    to->kind = from->kind;
    if (string_set(&to->url, from->url) || string_set(&to->tenant, from->tenant)) {
        route_release(to);
        return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

static void kept_free(struct kept_route *k)
{
    route_release(&k->route);
    free(k->backend);
    free(k->backend_url);
    free(k);
}

void routes_release(struct routes *all)
{
    while (all->first) {
        struct kept_route *k = all->first;
        all->first = k->next;
        kept_free(k);
    }
    all->count = 0;
}

static struct kept_route **find(struct routes *all, const struct backend *b)
{
    struct kept_route **at = &all->first;
    while (*at && strcmp((*at)->backend, b->id) != 0)
        at = &(*at)->next;
    return at;
}

bool routes_find(struct routes *all, const struct backend *b, int64_t now_ms, struct route *out)
{
    const struct kept_route *k = *find(all, b);
    if (!k || !b->url || now_ms >= k->until_ms || strcmp(k->backend_url, b->url) != 0)
        return false;
    return !copy(out, &k->route);
}

void routes_forget(struct routes *all, const struct backend *b)
{
    struct kept_route **at = find(all, b), *k = *at;
    if (!k)
        return;
    *at = k->next;
    all->count--;
    kept_free(k);
}

void routes_keep(
    struct routes *all, const struct backend *b, const struct route *route, int64_t now_ms)
{
    routes_forget(all, b);
    if (!b->url)
        return;
    if (all->count == ROUTES_MAX)
        routes_release(all);
    struct kept_route *k = calloc(1, sizeof *k);
    if (!k)
        return;
    if (string_set(&k->backend, b->id) || string_set(&k->backend_url, b->url) ||
        copy(&k->route, route)) {
        kept_free(k);
        return;
    }
    k->until_ms = now_ms + ROUTE_KEPT_MS;
    k->next = all->first;
    all->first = k;
    all->count++;
}
