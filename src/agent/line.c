#include "agent/line.h"

void line_init(struct line *l, struct ask *ask)
{
    *l = (struct line){.ask = ask, .who = {ask->agent, ask->backend}};
}

void line_note(struct line *l, const struct agent *next)
{
    for (size_t i = 0; i < l->ask->other_count; i++)
        if (l->ask->others[i].agent == next)
            l->who = l->ask->others[i];
}

void line_keep(struct line *l)
{
    struct ask *ask = l->ask;
    for (size_t i = 0; i < ask->other_count; i++)
        if (ask->others[i].agent == l->who.agent) {
            ask->others += i + 1;
            ask->other_count -= i + 1;
            break;
        }
    ask->agent = l->who.agent;
    ask->backend = l->who.backend;
}
