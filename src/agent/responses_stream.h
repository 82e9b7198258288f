/*
 * The reading side of OpenAI's Responses, streamed: server-sent events that each say their type.
 * The text is what response.output_text.delta says; its repetition in later events is read only
 * when no delta came. A refusal is a failure with the model's reason; reasoning is read over; the
 * provider's own tools (a search) are none of ours, but a function that is called is a failure.
 *
 * It ends with response.completed, .incomplete, .failed or .cancelled, or with an error.
 */
#ifndef MAGEC_AGENT_RESPONSES_STREAM_H
#define MAGEC_AGENT_RESPONSES_STREAM_H

#include "agent/stream.h"

/* An event may repeat the instructions, and the last one the whole answer. */
enum { RESPONSES_EVENT_MAX = 8 * 1024 * 1024 };

struct responses_stream {
    struct stream base;
    bool deltas; /* text came in deltas: what repeats it is not read */
    bool called; /* a function */
};

extern const struct stream_reader responses_reader;

#endif
