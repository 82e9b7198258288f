/*
 * The reading side of OpenAI chat completions, streamed: server-sent events whose data are JSON
 * chunks (choices[0].delta.content, finish_reason, a usage chunk, "[DONE]"). Pure: fed bytes cut
 * anywhere; text is handed on as it completes, where it was fed or decoded, valid only during the
 * call, not terminated.
 *
 * Errors come in four shapes, and under any status: {"error":{"message",…}}, {"error":"…"},
 * {"object":"error","message"} and {"message"}/{"detail"}.
 */
#ifndef MAGEC_AGENT_OPENAI_STREAM_H
#define MAGEC_AGENT_OPENAI_STREAM_H

#include "base/json_alike.h"
#include "base/sse.h"

struct openai_stream {
    struct sse sse;
    void (*text)(void *ctx, const char *bytes, size_t len);
    void *ctx;
    char *finish_reason; /* the last one said, or NULL */
    char *model;         /* that answered, or NULL */
    struct buf refusal;
    struct json_alike said_like;         /* a chunk that only said something: most are like it */
    struct buf decoded;                  /* of one event: a string that had escapes */
    char *error;                         /* what the stream said went wrong, or NULL */
    int64_t input_tokens, output_tokens; /* -1: not told */
    bool done;                           /* "[DONE]" was seen: nothing follows */
    bool said;                           /* some text was handed on */
};

/* Caps of one line and one event; over them, feed says STATUS_TOO_LARGE. */
enum { OPENAI_EVENT_MAX = 1024 * 1024 };

void openai_stream_init(
    struct openai_stream *s, void (*text)(void *ctx, const char *bytes, size_t len), void *ctx);
void openai_stream_release(struct openai_stream *s);
/* OK to go on, also behind the end. STATUS_BACKEND: s->error is set, or err says what is wrong with
 * the stream. */
enum status openai_stream_feed(
    struct openai_stream *s, const char *bytes, size_t len, struct error *err);
/* The stream ended properly on the wire: what that makes of it. OK only with a finish reason and
 * some text; else STATUS_BACKEND and why. */
enum status openai_stream_end(const struct openai_stream *s, struct error *err);

/* The message in an error document of one of the shapes above, or NULL. Owned by j. */
const char *openai_error_message(const struct json *j);

#endif
