/*
 * How a conversation with tools went on behind the question: the turns that the next request has,
 * with all that is in them.
 */
#ifndef MAGEC_AGENT_TOOL_TALK_H
#define MAGEC_AGENT_TOOL_TALK_H

#include "agent/task.h"

enum { TOOL_TALK_MAX = 32 * 1024 * 1024 }; /* bytes; when they are used up, no tool is called */

struct talk_answer;

/* A zeroed one is empty. */
struct tool_talk {
    struct turn *turns;
    size_t count;
    size_t bytes; /* of what is its own */
    struct talk_answer *answers;
};

/* Begins with the turns of an ask, which outlive it. STATUS_NO_MEMORY, as in the others. */
enum status tool_talk_begin(struct tool_talk *t, const struct ask *ask);
/* An answer with calls, copied. by is who said it; text may be NULL. */
enum status tool_talk_answer(struct tool_talk *t, const struct buf *text, const struct outcome *o,
    const struct protocol *by);
/* The calls of the last answer. */
const struct tool_call *tool_talk_calls(const struct tool_talk *t, size_t *count);
/* The result of one of them, copied. */
enum status tool_talk_result(
    struct tool_talk *t, const struct tool_call *call, bool failed, const struct buf *text);
void tool_talk_release(struct tool_talk *t);

#endif
