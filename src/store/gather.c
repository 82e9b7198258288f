#include "store/gather.h"

enum {
    GAP_MAX_US = 1000000, /* a longer pause says nothing more */
    QUIET_MIN = 4,        /* in intervals: that none comes in so many by chance is rare */
    QUIET_MAX = 16,
    SKIP_MIN = 8,
    SKIP_MAX = 4096
};

void gather_init(struct gather *g, int64_t now_us)
{
    *g = (struct gather){
        .last_us = now_us, .interval_16 = 16 * (int64_t)GAP_MAX_US, .in_vain = SKIP_MIN};
}

void gather_job(struct gather *g, int64_t now_us)
{
    int64_t gap = now_us - g->last_us;
    if (gap < 0) /* two threads, and the later one was first */
        gap = 0;
    if (gap > GAP_MAX_US)
        gap = GAP_MAX_US;
    g->interval_16 += gap - g->interval_16 / 16;
    g->last_us = now_us;
}

bool gather_begin(struct gather *g, int64_t now_us, int64_t due_us)
{
    int64_t patience = due_us - now_us, interval_16 = g->interval_16 > 0 ? g->interval_16 : 1;
    int64_t enough = patience > GATHER_SHORT_US ? GATHER_MIN : GATHER_MIN_SHORT;
    if (patience <= 0 || patience * 16 / interval_16 < enough)
        return false;
    if (g->skip > 0) {
        g->skip--;
        return false;
    }
    g->quiet_us = patience / 4;
    if (g->quiet_us > QUIET_MAX * interval_16 / 16)
        g->quiet_us = QUIET_MAX * interval_16 / 16;
    if (g->quiet_us < QUIET_MIN * interval_16 / 16)
        g->quiet_us = QUIET_MIN * interval_16 / 16;
    return true;
}

int64_t gather_until(const struct gather *g, int64_t due_us)
{
    int64_t quiet = g->last_us + g->quiet_us;
    return quiet < due_us ? quiet : due_us;
}

void gather_end(struct gather *g, int64_t now_us, int64_t due_us, bool full)
{
    bool in_vain = !full && now_us < due_us;
    if (!in_vain) {
        g->in_vain = SKIP_MIN;
        return;
    }
    g->skip = g->in_vain;
    if (g->in_vain < SKIP_MAX)
        g->in_vain *= 2;
}
