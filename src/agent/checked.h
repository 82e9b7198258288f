/*
 * An agent whose answers match a JSON Schema: asks as agent/tool_loop.h or agent/attempt.h do,
 * holds the text back until it is whole, and says it at once when it is JSON that matches; a code
 * fence around all of it is taken off. When it does not match, who answered is asked once more, in
 * the same conversation, with what is wrong; EVENT_AGAIN tells of it. When that does not match
 * either, it is STATUS_BACKEND with the answer's beginning in the error.
 *
 * The schema is that of the agent that is asked, also for those that take its place. The total
 * deadline holds for everything together, and the tokens are those of both.
 */
#ifndef MAGEC_AGENT_CHECKED_H
#define MAGEC_AGENT_CHECKED_H

#include "agent/protocol.h"

enum { CHECKED_QUOTE_MAX = 2048 }; /* bytes of an answer in an error */

extern const struct protocol checked;

/* The part of an answer that is to be JSON: without white space around it, and without the fence
 * when all of it is in one. */
void checked_trim(const char **text, size_t *len);

#endif
