/*
 * Who is asked in a conversation: an agent, or one of those that take its place (struct ask).
 */
#ifndef MAGEC_AGENT_LINE_H
#define MAGEC_AGENT_LINE_H

#include "agent/task.h"

struct line {
    struct ask *ask; /* of the attempts */
    struct candidate who;
};

void line_init(struct line *l, struct ask *ask);
/* An attempt failed (EVENT_AGAIN), and this one is asked next. */
void line_note(struct line *l, const struct agent *next);
/* Changes the ask: who was asked last is asked first, then those that stand behind it. */
void line_keep(struct line *l);

#endif
