/*
 * The reading side of OpenAI's Responses, streamed: server-sent events that each say their type.
 * The text is what response.output_text.delta says; its repetition in later events is read only
 * when no delta came. A refusal is a failure with the model's reason; reasoning is read over; the
 * provider's own tools (a search) are none of ours. A function that is called is known by its item;
 * as it is when it is done it counts, and what came of it before only if that never comes. With
 * calls all items go back, the reasoning among them, as they came.
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
    bool deltas;       /* text came in deltas: what repeats it is not read */
    bool has_done;     /* some item was told as done */
    struct buf items;  /* those that are done, one behind the other */
    size_t kept_calls; /* among them */
};

extern const struct stream_reader responses_reader;

#endif
