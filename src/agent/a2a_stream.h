/*
 * The reading side of A2A, versions 0.3 and 1.0: JSON-RPC answers with a message, a task, or what
 * became of a task. a2a_reader reads them as a stream of events, a2a_whole_reader one as the whole
 * body. What a result is, its members say; both versions are taken in either.
 *
 * The reply is the text of the agent's message, or of the task's artifacts in the order in which
 * they came, A2A_BETWEEN between two; without any, what the end of the task says. An artifact's
 * text that is replaced is not said: it is handed on when something was appended to it, when its
 * last piece came, or when the task is complete, and the second artifact's only behind the whole
 * first. A text that was handed on may be repeated, and be longer then; one that becomes another is
 * a failure, since it cannot be taken back. A reader that waits hands on nothing before the task is
 * complete.
 *
 * Failures are a JSON-RPC error, a task that failed, was rejected or canceled, or wants more input
 * or credentials, and an end before the task's. The finish reason is the task's state as it was
 * written, of a message "message". The id is the task's, or the message's without one.
 */
#ifndef MAGEC_AGENT_A2A_STREAM_H
#define MAGEC_AGENT_A2A_STREAM_H

#include "agent/stream.h"

#define A2A_BETWEEN "\n---\n"

enum {
    A2A_EVENT_MAX = 8 * 1024 * 1024, /* a task has all of its artifacts, and what was said before */
    A2A_HELD_MAX = 8 * 1024 * 1024,  /* of text that is not handed on yet */
    A2A_ARTIFACTS_MAX = 1000
};

/* A text as far as it was handed on. */
struct a2a_said {
    uint64_t hash;
    size_t len;
};

struct a2a_artifact {
    uint64_t who; /* its id; 0: it has none */
    struct a2a_said said;
    struct buf held;     /* what follows it */
    bool appended, last; /* something was appended; nothing is to follow */
};

/* Where a text that is read goes. */
enum a2a_way { A2A_DROP, A2A_ADD, A2A_REPEAT, A2A_EXPLAIN };

struct a2a_stream {
    struct stream stream; /* the first member: functions of agent/stream.h are given the whole */
    stream_text text;
    void *ctx;
    struct a2a_artifact *artifacts;
    size_t count, room;
    size_t at;   /* the one that is handed on; those before it were */
    size_t held; /* bytes of all */
    char *state; /* of the task, as it was written last */
    bool any;    /* something was handed on */
    bool waits;
    bool complete;
    /* of the text that is read */
    enum a2a_way way;
    struct a2a_artifact *artifact;
    struct a2a_said repeated;
    struct buf explained;
    /* of a body that is no stream */
    struct buf body;
    size_t depth;
    bool in_string, after_backslash, whole;
};

extern const struct stream_reader a2a_reader, a2a_whole_reader;

/* What both are made of. STATUS_BAD_REQUEST: a document is not JSON; what other failures are
 * called, the stream has. */
void a2a_stream_init(void *stream, stream_text text, void *ctx);
void a2a_stream_release(void *stream);
enum status a2a_stream_read(struct a2a_stream *g, const char *bytes, size_t len);
/* What it came to; truncated is the sentence when the task was not complete. */
enum status a2a_stream_end(const struct a2a_stream *g, const char *truncated, struct error *err);

#endif
