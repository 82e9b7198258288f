/*
 * An agent with tools: asks as agent/attempt.h does; an answer that calls tools has them called,
 * and is asked on with their results; until one calls none, which is the end. What all of them say
 * is the reply, a blank line between two; when a schema is to be matched (agent/checked.h), only
 * what the last one says.
 *
 * Caps. After tool_rounds answers with calls, tool_calls calls or TOOL_TALK_MAX bytes the model is
 * asked to call no more, so that text comes. The total deadline holds for everything together.
 *
 * Who answers with calls is asked first from then on, and who stands behind it in the line takes
 * its place. Those whose backend cannot call tools are not in the line of an agent that links some.
 */
#ifndef MAGEC_AGENT_TOOL_LOOP_H
#define MAGEC_AGENT_TOOL_LOOP_H

#include "agent/protocol.h"

enum { TOOL_ROUNDS = 16, TOOL_CALLS = 128 };

extern const struct protocol tool_loop;

/* Whether an ask is for it. */
bool tool_loop_wanted(const struct ask *ask);
/* STATUS_CONFIG: it is, but the backend cannot call tools. */
enum status tool_loop_able(const struct ask *ask, struct error *err);

#endif
