/*
 * The reading side of the Agent Development Kit's run_sse: server-sent events, each an event of the
 * run, its members in camelCase or snake_case. There is no last event: the stream just ends.
 *
 * An agent that streams says pieces ("partial":true), and then an event that repeats all of them;
 * one that does not says that event only. A text is handed on once: pieces as they come, of the
 * event that repeats them what is behind them, if it begins as they did. Several agents may speak
 * at once: the first is heard as it speaks, each other one with its whole text behind it. Between
 * two texts stands ADK_BETWEEN. What a user said, thoughts, and calls of functions and their
 * answers are no text.
 *
 * An errorCode fails it, whatever comes behind; so do an "error", an event named error, a
 * finishReason but STOP and MAX_TOKENS, an end in the middle of a text, and an end at the call of a
 * function that nobody answered. The finish reason may be missing. Tokens are those of all calls of
 * models in the run; the model is the last one's.
 */
#ifndef MAGEC_AGENT_ADK_STREAM_H
#define MAGEC_AGENT_ADK_STREAM_H

#include "agent/stream.h"

#define ADK_BETWEEN "\n---\n"

enum {
    ADK_EVENT_MAX = 8 * 1024 * 1024, /* one has a whole text, or what a tool answered */
    ADK_LATER_MAX = 8 * 1024 * 1024, /* of texts that wait for the one that is heard */
    ADK_SPEAKERS_MAX = 32            /* agents in the middle of a text */
};

/* A text as far as it was said. */
struct adk_said {
    uint64_t hash;
    size_t len;
};

/* An agent in the middle of a text; free when who is 0. */
struct adk_speaker {
    uint64_t who;                        /* its author and branch */
    int64_t input_tokens, output_tokens; /* as a piece told; -1: not */
    bool finished;                       /* a piece had the finish reason */
    bool unheard;                        /* a piece was not handed on: the whole text will be */
};

enum adk_way { ADK_DROP, ADK_PIECE, ADK_WHOLE, ADK_REPEATED, ADK_LATER };

struct adk_stream {
    struct stream stream; /* the first member: functions of agent/stream.h are given the whole */
    stream_text text;
    void *ctx;
    struct adk_speaker speakers[ADK_SPEAKERS_MAX];
    struct adk_speaker *heard; /* whose pieces are handed on, or NULL */
    struct adk_said said;      /* of its text */
    struct buf later;          /* whole texts of others, each behind ADK_BETWEEN */
    uint64_t counted;          /* whose tokens were counted last */
    int64_t counted_input, counted_output;
    bool any;     /* something was handed on */
    bool lost;    /* a text was neither handed on nor repeated */
    bool calling; /* a function, which has not answered */
    /* of the event that is read */
    enum adk_way way;
    struct adk_speaker *speaker;
    struct adk_said repeated;
    bool begun; /* its text */
};

extern const struct stream_reader adk_reader;

#endif
