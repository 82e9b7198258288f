/*
 * The reading side of Anthropic Messages, streamed: server-sent events whose data are JSON objects
 * with a type (message_start, content_block_delta, message_delta, message_stop, ping, error).
 *
 * Only text is the reply: thinking, signatures, citations, the input of tools, and events or deltas
 * of unknown types are passed over. Text of all blocks is one reply, in the order it comes. When
 * calls are expected, what is to be sent back with them is kept (anthropic_blocks.h).
 *
 * Errors come under any status: {"type":"error","error":{"type","message"}}, and from what stands
 * between as {"error":"…"}, {"message"} and {"detail"}, or as words behind "event: error".
 */
#ifndef MAGEC_AGENT_ANTHROPIC_STREAM_H
#define MAGEC_AGENT_ANTHROPIC_STREAM_H

#include "agent/anthropic_blocks.h"
#include "agent/stream.h"
#include "base/json_alike.h"

struct anthropic_stream {
    struct stream base;
    struct json_alike said_like;    /* a delta of text: most events are like it */
    int64_t said_index;             /* of its block */
    struct anthropic_blocks blocks; /* when calls are expected */
};

/* done with message_stop. An end is OK only with a stop reason that ends an answer. */
extern const struct stream_reader anthropic_reader;

/* The message in an error document of one of the shapes above, or NULL. Owned by j. */
const char *anthropic_error_message(const struct json *j);

#endif
