/*
 * The reading side of OpenAI chat completions, streamed: server-sent events whose data are JSON
 * chunks (choices[0].delta.content, finish_reason, a usage chunk, "[DONE]"). A refusal is a failure
 * with the model's reason; reasoning is read over, also where it stands in the content (think.h).
 * Calls of tools are openai_calls.h's.
 *
 * Errors come in four shapes, and under any status: {"error":{"message",…}}, {"error":"…"},
 * {"object":"error","message"} and {"message"}/{"detail"}.
 */
#ifndef MAGEC_AGENT_OPENAI_STREAM_H
#define MAGEC_AGENT_OPENAI_STREAM_H

#include "agent/openai_calls.h"
#include "agent/stream.h"
#include "agent/think.h"
#include "base/json_alike.h"

struct openai_stream {
    struct stream base;
    struct think think; /* what the content goes through */
    struct openai_calls calls;
    struct json_alike said_like; /* a chunk that only said something: most are like it */
};

/* The stream of openai_reader is a struct openai_stream. */
extern const struct stream_reader openai_reader;

/* The message in an error document of one of the shapes above, or NULL. Owned by j. */
const char *openai_error_message(const struct json *j);

#endif
