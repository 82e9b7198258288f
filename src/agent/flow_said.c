/* What the steps of a flow say: to those behind them, and to who asked. */
#include <stdlib.h>

#include "agent/flow_run.h"

/* ---- what was said ---- */

void said_add(struct said_list *l, struct said *s)
{
    struct said **end = l->end ? l->end : &l->first;
    *end = s;
    l->end = &s->next;
}

void said_move(struct said_list *to, struct said_list *from)
{
    if (!from->first)
        return;
    *(to->end ? to->end : &to->first) = from->first;
    to->end = from->end;
    *from = (struct said_list){NULL, NULL};
}

void said_release(struct said_list *l)
{
    for (struct said *s = l->first, *next; s; s = next) {
        next = s->next;
        buf_release(&s->text);
        free(s);
    }
    *l = (struct said_list){NULL, NULL};
}

void node_before(const struct node *n, struct buf *out)
{
    if (!n->parent)
        return;
    node_before(n->parent, out);
    if (n->parent->type == FLOW_PARALLEL)
        return;
    for (const struct said *s = n->parent->said.first; s; s = s->next) {
        buf_printf(out, "\n\n[%s] said:\n", s->who);
        buf_add(out, buf_str(&s->text), s->text.len);
    }
}

/* ---- the reply ---- */

void flow_run_send(struct flow_run *r, const struct leaf *leaf, const char *bytes, size_t len)
{
    if (!len || r->canceled)
        return;
    if (r->sent && (!leaf || r->speaking != leaf))
        task_say(&r->task, FLOW_BETWEEN, sizeof FLOW_BETWEEN - 1);
    r->speaking = leaf;
    r->sent = true;
    task_say(&r->task, bytes, len);
}

void said_send(struct flow_run *r, const struct said_list *l)
{
    for (struct said *s = l->first; s; s = s->next) {
        if (s->wanted && !s->sent)
            flow_run_send(r, NULL, buf_str(&s->text), s->text.len);
        s->sent = s->sent || s->wanted;
    }
}

static bool has_marks(const struct flow_step *s)
{
    bool marks = s->response;
    for (size_t i = 0; i < s->step_count && !marks; i++)
        marks = has_marks(&s->steps[i]);
    return marks;
}

bool node_replies(const struct node *n)
{
    return n->chain && (has_marks(n->top) ? n->step->response : n->last);
}

void said_want_last(const struct flow_step *root, bool replies, const struct said_list *l)
{
    struct said *last = NULL;
    for (struct said *s = l->first; s; s = s->next) {
        if (s->wanted)
            return;
        last = s;
    }
    if (last && replies && !has_marks(root))
        last->wanted = true;
}
