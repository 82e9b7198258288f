#include "agent/tool_talk.h"

#include <stdlib.h>
#include <string.h>

struct talk_answer {
    struct talk_answer *next;
    struct strings words; /* the text, the echo, the results */
    size_t call_count;
    struct tool_call calls[];
};

static enum status add_turn(struct tool_talk *t, const struct turn *turn)
{
    struct turn *more = realloc(t->turns, (t->count + 1) * sizeof *more);
    if (!more)
        return STATUS_NO_MEMORY;
    t->turns = more;
    more[t->count++] = *turn;
    return STATUS_OK;
}

enum status tool_talk_begin(struct tool_talk *t, const struct ask *ask)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; i < ask->turn_count && !st; i++)
        st = add_turn(t, &ask->turns[i]);
    return st;
}

static enum status keep(struct tool_talk *t, const char *bytes, size_t len, const char **out)
{
    struct strings *words = &t->answers->words;
    enum status st = strings_add_len(words, bytes, len);
    if (st)
        return st;
    t->bytes += len;
    *out = words->items[words->count - 1];
    return STATUS_OK;
}

static enum status copy_word(struct tool_talk *t, char **to, const char *s)
{
    t->bytes += s ? strlen(s) : 0;
    return string_set(to, s ? s : "");
}

static enum status copy_calls(struct tool_talk *t, const struct outcome *o)
{
    struct talk_answer *a = t->answers;
    enum status st = STATUS_OK;
    for (; a->call_count < o->call_count && !st; a->call_count++) {
        struct tool_call *c = &a->calls[a->call_count];
        const struct tool_call *from = &o->calls[a->call_count];
        st = copy_word(t, &c->id, from->id);
        if (!st)
            st = copy_word(t, &c->name, from->name);
        if (!st)
            st = copy_word(t, &c->arguments, from->arguments);
    }
    return st;
}

enum status tool_talk_answer(
    struct tool_talk *t, const struct buf *text, const struct outcome *o, const struct protocol *by)
{
    struct talk_answer *a = calloc(1, sizeof *a + o->call_count * sizeof a->calls[0]);
    struct turn turn = {
        .role = TURN_ASSISTANT, .len = text->len, .call_count = o->call_count, .by = by};
    if (!a)
        return STATUS_NO_MEMORY;
    a->next = t->answers;
    t->answers = a;
    enum status st = keep(t, buf_str(text), text->len, &turn.text);
    if (!st && o->echo)
        st = keep(t, o->echo, strlen(o->echo), &turn.echo);
    if (!st)
        st = copy_calls(t, o);
    turn.calls = a->calls;
    return st ? st : add_turn(t, &turn);
}

const struct tool_call *tool_talk_calls(const struct tool_talk *t, size_t *count)
{
    *count = t->answers->call_count;
    return t->answers->calls;
}

enum status tool_talk_result(
    struct tool_talk *t, const struct tool_call *call, bool failed, const struct buf *text)
{
    struct turn turn = {.role = TURN_RESULT, .len = text->len, .call = call, .failed = failed};
    enum status st = keep(t, buf_str(text), text->len, &turn.text);
    return st ? st : add_turn(t, &turn);
}

void tool_talk_release(struct tool_talk *t)
{
    for (struct talk_answer *a = t->answers, *next; a; a = next) {
        next = a->next;
        for (size_t i = 0; i < a->call_count; i++)
            tool_call_release(&a->calls[i]);
        strings_release(&a->words);
        free(a);
    }
    free(t->turns);
    *t = (struct tool_talk){0};
}
