/*
 * The attempts of one task: starts the protocol's task, and again when it failed in a way that
 * passes and nothing was said yet, as often as the backend allows and while its gate is open; then
 * those of the agents that take its place; all as long as the agent's total deadline, which holds
 * for all of them together, leaves time. This is what task_start starts, but for an agent whose
 * answers are checked or who has tools.
 */
#ifndef MAGEC_AGENT_ATTEMPT_H
#define MAGEC_AGENT_ATTEMPT_H

#include "agent/protocol.h"

extern const struct protocol attempts;

#endif
