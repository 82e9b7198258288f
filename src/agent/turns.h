/*
 * A conversation for protocols that have only one text.
 */
#ifndef MAGEC_AGENT_TURNS_H
#define MAGEC_AGENT_TURNS_H

#include "agent/task.h"

/* Adds the prompt and what followed it, each turn behind a line that says whose it is. */
enum status turns_flatten(const struct ask *ask, struct buf *out);

#endif
