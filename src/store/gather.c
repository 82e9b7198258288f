#include "store/gather.h"

void gather_init(struct gather *g, int64_t now_us)
{
    *g = (struct gather){.since_us = now_us};
}

/* A window that is over becomes the last one; a longer pause counts as what it is. */
static void turn(struct gather *g, int64_t now_us)
{
    int64_t long_us = now_us - g->since_us;
    if (long_us < GATHER_WINDOW_US)
        return;
    g->lately = g->count * GATHER_WINDOW_US / long_us;
    g->since_us = now_us;
    g->count = 0;
}

void gather_job(struct gather *g, int64_t now_us)
{
    turn(g, now_us);
    g->count++;
}

bool gather_pays(const struct gather *g, int64_t now_us, int64_t due_us)
{
    int64_t patience = due_us - now_us;
    int64_t enough = patience > GATHER_SHORT_US ? GATHER_MIN : GATHER_MIN_SHORT;
    return patience > 0 && g->lately * patience >= enough * GATHER_WINDOW_US;
}
