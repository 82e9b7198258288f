#include "agent/turns.h"

enum status turns_flatten(const struct ask *ask, struct buf *out)
{
    buf_add(out, ask->prompt, ask->prompt_len);
    for (size_t i = 0; i < ask->turn_count; i++) {
        const struct turn *t = &ask->turns[i];
        buf_adds(out, t->role == TURN_ASSISTANT ? "\n\n--- You answered:\n\n" : "\n\n---\n\n");
        buf_add(out, t->text, t->len);
    }
    return buf_status(out);
}
