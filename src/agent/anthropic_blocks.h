/*
 * The content of an answer of Anthropic Messages, block by block, as it is sent back when the model
 * called a tool: text, thinking with its signature, calls, and blocks of other kinds, unchanged and
 * in their order. A block has an index, begins with an object, and grows by deltas; several may be
 * open at once.
 *
 * What is too large is not kept: then there is no content, and the answer is sent back as its text
 * and its calls.
 */
#ifndef MAGEC_AGENT_ANTHROPIC_BLOCKS_H
#define MAGEC_AGENT_ANTHROPIC_BLOCKS_H

#include "agent/stream.h"
#include "base/utf8.h"

enum { ANTHROPIC_BLOCKS_MAX = 1024 };

/* What of a block grows: its text, thinking, signature, input. */
enum { ANTHROPIC_GROWING = 4 };

struct anthropic_block {
    int64_t index;
    struct buf start;                    /* JSON, the object that it began with */
    struct buf added[ANTHROPIC_GROWING]; /* of strings the inside, as JSON; of an input its text */
    struct utf8_stream cut;              /* of the input: a character between two pieces */
    bool is_call;
    bool pieces; /* of its input came, and take the place of what it began with */
    size_t call; /* its place among the calls, which have the input */
};

struct anthropic_blocks {
    struct anthropic_block *items;
    size_t count;
    size_t bytes; /* of all together, at most STREAM_ECHO_MAX */
    bool lost;    /* it is too large */
};

void anthropic_blocks_release(struct anthropic_blocks *b); /* works on a zeroed one */
/* A block begins; a call is one of s, too. */
enum status anthropic_blocks_begin(
    struct anthropic_blocks *b, struct stream *s, int64_t index, const struct json_slice *block);
/* It grows by a delta, an object with a type. */
enum status anthropic_blocks_delta(
    struct anthropic_blocks *b, struct stream *s, int64_t index, const struct json_slice *delta);
/* The same, of a text. */
enum status anthropic_blocks_text(
    struct anthropic_blocks *b, int64_t index, const struct json_slice *text);
/* All of it, an array, to out, which fails when it is too small. Nothing when it was not kept. */
void anthropic_blocks_write(
    const struct anthropic_blocks *b, const struct stream *s, struct buf *out);

#endif
