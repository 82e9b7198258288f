/*
 * What the reader of OpenAI chat completions makes of tool calls, and of all that has to go back
 * with their results.
 *
 * A call comes in pieces by index: its id and name first, then its arguments. Servers differ:
 * pieces without an index, calls that all have the same one, no ids, the name in every piece,
 * arguments that are an object. With the calls go back the content as it was, the reasoning where a
 * provider wants it ("reasoning_content", "reasoning_details"), and what else stands in a call.
 */
#ifndef MAGEC_AGENT_OPENAI_CALLS_H
#define MAGEC_AGENT_OPENAI_CALLS_H

#include "agent/stream.h"

/* Of a call. */
struct openai_part {
    struct buf extra; /* its further members: "key":value,"key":value */
    bool has_id;      /* the provider's */
    bool whole;       /* name and arguments came in one piece */
};

/* A zeroed one is to be used after openai_calls_init. */
struct openai_calls {
    struct stream *stream;
    struct buf content, reasoning; /* as far as they came */
    struct buf details;            /* elements of an array */
    struct openai_part *parts;     /* NULL until there is a call */
};

void openai_calls_init(struct openai_calls *c, struct stream *stream);
void openai_calls_release(struct openai_calls *c); /* works on a zeroed one */

/* A delta's tool_calls (of an array the elements), and its function_call, which came before these.
 */
enum status openai_calls_read(struct openai_calls *c, const struct json_slice *calls);
enum status openai_calls_read_legacy(struct openai_calls *c, const struct json_slice *call);
/* A delta's reasoning_details: of an array the elements are kept. */
void openai_calls_keep_details(struct openai_calls *c, const struct json_slice *details);
/* Writes stream->echo, of what there is by now; nothing when there is no call. */
void openai_calls_echo(struct openai_calls *c);

/* One of the elements of a message's tool_calls. */
void openai_calls_put(struct json_writer *w, const struct tool_call *call, const struct buf *extra);

#endif
