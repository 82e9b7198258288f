/*
 * Reasoning that stands in an answer's text: servers without a parser for it pass on the
 * "<think>...</think>" with which some models begin. A filter that is pure: it is fed the text, cut
 * anywhere, and hands on what is the answer.
 *
 * Only what stands at the very beginning counts, behind white space at most. The white space behind
 * the end of the reasoning goes with it.
 */
#ifndef MAGEC_AGENT_THINK_H
#define MAGEC_AGENT_THINK_H

#include "agent/stream.h"

enum { THINK_HELD_MAX = 64 }; /* bytes held back until it is known what they are */

enum think_state {
    THINK_START,  /* white space, or the beginning of the opening tag: held back */
    THINK_INSIDE, /* reasoning */
    THINK_BEHIND, /* white space behind it */
    THINK_ANSWER  /* all that comes is handed on */
};

/* A zeroed one, with text and ctx set, is at the start. */
struct think {
    stream_text text; /* is told what is the answer */
    void *ctx;
    enum think_state state;
    size_t matched; /* bytes of the tag that is looked for */
    size_t held_len;
    char held[THINK_HELD_MAX];
    bool said; /* something was handed on */
};

void think_feed(struct think *t, const char *bytes, size_t len);
/* No more text is expected: what is held back is the answer. */
void think_finish(struct think *t);

#endif
