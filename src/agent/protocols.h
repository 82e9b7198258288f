/* The rows of the protocol table: one per file. */
#ifndef MAGEC_AGENT_PROTOCOLS_H
#define MAGEC_AGENT_PROTOCOLS_H

#include "agent/protocol.h"

extern const struct protocol protocol_openai;
extern const struct protocol protocol_responses;
extern const struct protocol protocol_anthropic;
extern const struct protocol protocol_gemini;
extern const struct protocol protocol_adk;
extern const struct protocol protocol_a2a;
extern const struct protocol protocol_exec;
extern const struct protocol protocol_echo;

#endif
