/*
 * Has the writer record which backends the gates of a process have found to be down, so that the
 * operator can see it. Nothing waits for it.
 */
#ifndef MAGEC_WEBHOOK_DOWN_H
#define MAGEC_WEBHOOK_DOWN_H

#include "webhook/service.h"

/* From now on, until the gates are released. Not for a process that has one call: what it finds out
 * ends with it. */
void down_watch(struct service *s);

#endif
