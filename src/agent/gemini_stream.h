/*
 * The reading side of Google's Gemini API, streamed (streamGenerateContent?alt=sse): server-sent
 * events whose data are JSON chunks. The text of all parts of candidates[0] is the reply, in order,
 * without those that are thoughts. There is no last event: a stream is finished when a
 * finishReason was said, STOP or MAX_TOKENS; any other fails it, as a blocked prompt does
 * (promptFeedback.blockReason). A function's call is whole in its part. Of usageMetadata the last
 * counts; thoughts count as output.
 *
 * Errors come as {"error":{"code","message","status"}}, alone or as the first of an array, under
 * any status, as an event, and also bare among the lines of a stream.
 */
#ifndef MAGEC_AGENT_GEMINI_STREAM_H
#define MAGEC_AGENT_GEMINI_STREAM_H

#include "agent/stream.h"

struct gemini_stream {
    struct stream stream; /* the first member: functions of agent/stream.h are given the whole */
    int64_t candidate_tokens, thought_tokens; /* -1: not told */
    bool in_line;                             /* the next byte does not begin a line */
    struct buf bare;                          /* a document without "data:", as far as it came */
    unsigned bare_depth;                      /* its containers that are open */
    bool bare_string, bare_escape;            /* where its last byte stands */
};

/* The cap of a bare document. */
enum { GEMINI_BARE_MAX = 16 * 1024 };

extern const struct stream_reader gemini_reader;

/* The message in an error document of one of the shapes above, or NULL. Owned by j. */
const char *gemini_error_message(const struct json *j);

#endif
