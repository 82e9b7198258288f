/*
 * What the readers of streamed answers have in common. A reader is pure: it is fed an answer's
 * bytes, cut anywhere, and hands on the text as it completes; what else the answer told is asked
 * for at the end. The caps of one line and one event are STREAM_EVENT_MAX.
 *
 * struct stream is what most readers are made of: server-sent events whose data are JSON. A reader
 * has one as its first member, visits its events, and says what it found with the functions below:
 *
 *     static enum status on_event(void *stream, const struct sse_event *event);
 *     void x_stream_init(void *stream, text, ctx) { stream_init(stream, on_event, text, ctx); }
 *     const struct stream_reader x_reader = {.size = sizeof(struct x_stream), .init =
 * x_stream_init, .feed = stream_feed, .end = stream_end, .told = stream_told, .release =
 * stream_release};
 *
 * on_event returns STATUS_OK to go on, what one of these functions returned, or STATUS_BAD_REQUEST
 * for data that are not JSON.
 */
#ifndef MAGEC_AGENT_STREAM_H
#define MAGEC_AGENT_STREAM_H

#include "agent/stream_calls.h"
#include "base/json_scan.h"
#include "base/sse.h"

enum { STREAM_EVENT_MAX = 1024 * 1024, STREAM_ECHO_MAX = 16 * 1024 * 1024 };

/* The text is where it was fed or decoded: valid during the call, not terminated, never empty. */
typedef void (*stream_text)(void *ctx, const char *bytes, size_t len);

/* What an answer told so far; the strings are the reader's, or NULL. */
struct told {
    const char *finish_reason;
    const char *model; /* that answered */
    const char *id;    /* the provider's, of this answer */
    const char *error; /* its own words for what went wrong: then it failed */
    int error_status;  /* the HTTP status that the error amounts to, when it may pass; else 0 */
    int64_t input_tokens, output_tokens; /* -1: not told */
    const struct tool_call *calls;       /* the model's, of an answer that is finished */
    size_t call_count;
    const char *echo; /* with calls: as outcome->echo, or NULL */
    bool done;        /* nothing follows: what is sent still can be ignored */
};

/* One kind of reader; stream points to size zeroed bytes, and then to what init made of them. */
struct stream_reader {
    size_t size;
    void (*init)(void *stream, stream_text text, void *ctx);
    /* Nobody hears of the text before the end: what can still change is held back. NULL where
     * nothing does. Before the first feed. */
    void (*wait)(void *stream);
    /* The model has tools: its calls are kept, and an answer of nothing else is OK. NULL where
     * there are none: it is not called then, and a call is a failure. Before the first feed. */
    void (*expect_calls)(void *stream);
    /* OK to go on, also behind the end. STATUS_BACKEND: told has an error, or err says what is
     * wrong with the stream. */
    enum status (*feed)(void *stream, const char *bytes, size_t len, struct error *err);
    /* The stream ended properly on the wire: what that makes of it. OK only when it was finished
     * and said something or called a tool; else STATUS_BACKEND and why. */
    enum status (*end)(const void *stream, struct error *err);
    void (*told)(const void *stream, struct told *told);
    void (*release)(void *stream); /* also when only zeroed */
};

struct stream {
    struct sse sse;
    sse_visit visit;
    stream_text text;
    void *ctx;
    struct buf decoded; /* of one event: a string that had escapes */
    struct buf refusal; /* the model's reason not to answer */
    char *finish_reason, *model, *id, *error;
    int error_status; /* as told */
    int64_t input_tokens, output_tokens;
    struct stream_calls *calls; /* NULL: none yet (stream_calls.h) */
    struct buf echo;            /* once the answer is finished; what makes it too large: none */
    size_t event_max;
    bool done;    /* events that still come are not visited */
    bool said;    /* some text was handed on */
    bool expects; /* calls; else they are a failure, and nothing is kept of them */
    bool called;  /* without being expected */
};

/* visit gets the struct stream. */
void stream_init(struct stream *s, sse_visit visit, stream_text text, void *ctx);
/* Other caps than STREAM_EVENT_MAX; right after stream_init. */
void stream_widen(struct stream *s, size_t event_max);
void stream_release(void *stream);
/* Of a reader whose model may have tools. */
void stream_expect_calls(void *stream);
enum status stream_feed(void *stream, const char *bytes, size_t len, struct error *err);
/* The checks that are the same everywhere: an error, a refusal, no finish reason, a call that is
 * not expected or has no name, neither text nor a call. */
enum status stream_end(const void *stream, struct error *err);
void stream_told(const void *stream, struct told *told);

/* Hands on what a string says; other kinds and an empty one say nothing. */
enum status stream_say(struct stream *s, const struct json_slice *text);
/* Adds what a string says to the refusal. */
enum status stream_refuse(struct stream *s, const struct json_slice *reason);
/* Sets *to (one of the words of s) to what a string says, unless it is empty or no string. */
enum status stream_word(struct stream *s, const struct json_slice *v, char **to);
/* The answer failed, in its own words: STATUS_BACKEND. */
enum status stream_fail(struct stream *s, const char *message);
/* The same, by a document whose words say whether that may pass (failure.h). */
enum status stream_fail_as(struct stream *s, const char *message, const struct json *document);

/* The message of an error document of any provider, or NULL: {"error":{"message"}},
 * {"error":"..."},
 * {"message"}, {"detail"}; an "error" object without one is "an error without a message". Owned by
 * j. */
const char *stream_error_message(const struct json *j);

#endif
