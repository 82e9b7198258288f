#include "agent/think.h"

#include <string.h>

static const char opening[] = "<think>";
static const char closing[] = "</think>";

static void say(struct think *t, const char *bytes, size_t len)
{
    if (!len)
        return;
    t->said = true;
    t->text(t->ctx, bytes, len);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* It is no reasoning. */
static void release(struct think *t)
{
    t->state = THINK_ANSWER;
    say(t, t->held, t->held_len);
    t->held_len = 0;
}

/* Takes a byte in, or finds that the answer has begun before it. */
static bool at_start(struct think *t, char c)
{
    bool fits = c == opening[t->matched] || (!t->matched && is_space(c));
    if (!fits || t->held_len == THINK_HELD_MAX) {
        release(t);
        return false;
    }
    t->held[t->held_len++] = c;
    t->matched += c == opening[t->matched];
    if (t->matched == sizeof opening - 1) {
        t->state = THINK_INSIDE;
        t->matched = t->held_len = 0;
    }
    return true;
}

/* The tag has no beginning but its first byte within it. */
static void inside(struct think *t, char c)
{
    t->matched = c == closing[t->matched] ? t->matched + 1 : c == closing[0];
    if (t->matched == sizeof closing - 1)
        t->state = THINK_BEHIND;
}

void think_feed(struct think *t, const char *bytes, size_t len)
{
    for (; len && t->state != THINK_ANSWER; bytes++, len--) {
        if (t->state == THINK_INSIDE) {
            inside(t, *bytes);
        } else if (t->state == THINK_BEHIND && !is_space(*bytes)) {
            t->state = THINK_ANSWER;
            break;
        } else if (t->state == THINK_START && !at_start(t, *bytes)) {
            break;
        }
    }
    say(t, bytes, len);
}

void think_finish(struct think *t)
{
    if (t->held_len)
        release(t);
}
