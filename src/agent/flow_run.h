/*
 * A running flow, inside: its tree (flow_task.c), the agents at its leaves (flow_leaf.c), and what
 * these say (flow_said.c).
 */
#ifndef MAGEC_AGENT_FLOW_RUN_H
#define MAGEC_AGENT_FLOW_RUN_H

#include "agent/flow_state.h"
#include "agent/flow_task.h"
#include "agent/protocol.h"

/* What one agent said in one step. */
struct said {
    struct said *next;
    struct buf text;
    bool wanted; /* it is the reply's */
    bool sent;
    char who[]; /* the agent's id */
};

/* In order. */
struct said_list {
    struct said *first, **end; /* end NULL: it is empty */
};

struct flow_run;
struct node;
struct leaf;

/* How a step ended. */
struct step_end {
    struct error why; /* status OK: it was good */
    bool retryable;   /* as in struct outcome */
    int64_t retry_after_ms;
};

void said_add(struct said_list *l, struct said *s);
/* All of one to the end of another one. */
void said_move(struct said_list *to, struct said_list *from);
void said_release(struct said_list *l);
/* Sends what is wanted and was not sent. */
void said_send(struct flow_run *r, const struct said_list *l);
/* At the end of a flow, which is the reply's or not: if it has no response steps, what was said
 * last is its reply. */
void said_want_last(const struct flow_step *root, bool replies, const struct said_list *l);

/* A step that has begun. Its children are steps that have begun; only those of a parallel one are
 * several. */
struct node {
    struct flow_run *run;
    const struct flow_step *top; /* the root of the flow that it is in */
    const struct flow_step *step;
    enum flow_type type;           /* AGENT, NESTED: whichever the id is */
    const struct flow_step *inner; /* NESTED */
    const char *wrong;             /* AGENT: why nobody can be asked, or NULL */
    struct node *parent;           /* NULL: the root */
    size_t index;                  /* among its parent's steps */
    int level;
    struct node **kids;
    size_t kid_count, alive;
    size_t at;     /* SEQUENTIAL, LOOP: the step that is next */
    int64_t round; /* LOOP */
    bool exited;   /* LOOP: there is no further round */
    bool held;     /* something here or above may discard or reorder what it says */
    bool last;     /* nothing of its flow comes after it */
    bool chain;    /* what its flow says is the reply's */
    bool stopped;
    struct step_end failed; /* PARALLEL: the first failure, if any */
    struct said_list said;
    struct leaf *leaf; /* AGENT */
};

struct flow_run {
    struct task task;
    const struct flow_ask *ask;
    struct flow_state state;
    struct node *root;
    struct leaf *ended; /* that are to be looked at */
    struct job job;     /* then */
    int64_t began_ms;
    size_t said_bytes;
    const struct leaf *speaking; /* whose text is sent as it comes */
    bool sent;                   /* some of the reply */
    bool begun, paused, canceled, late, done;
    size_t asking; /* leaves that run */
    enum status fatal;
    struct step_end result;
    struct outcome sum; /* tokens and what the last one told; its strings are here: */
    char *finish_reason, *model;
};

/* Milliseconds since it began, and what is left of its time (above 0, or it is late). */
int64_t flow_run_since(const struct flow_run *r);
int64_t flow_run_left(struct flow_run *r);
/* Sends a piece of the reply. leaf is who says it now, or NULL for all of a text. */
void flow_run_send(struct flow_run *r, const struct leaf *leaf, const char *bytes, size_t len);
/* Cancels what runs; the flow ends when that has ended. */
void flow_run_abort(struct flow_run *r, enum status why);

/* Whether what a step says is the reply's. */
bool node_replies(const struct node *n);
/* Where it is; and the round of the innermost loop. */
void node_path(const struct node *n, struct buf *out);
int64_t node_round(const struct node *n);
/* The innermost loop that it is in and that an agent may end; NULL: there is none. */
struct node *node_exit_loop(struct node *n);
/* Adds what was said before it. */
void node_before(const struct node *n, struct buf *out);
/* It has ended: its parent goes on. */
void node_end(struct node *n, const struct step_end *how);

/* Asks the agent of a node; whatever goes wrong comes as its end. */
enum status leaf_begin(struct node *n);
/* Of one that ended: what is told of it, and then node_end. */
void leaf_finish(struct leaf *leaf);
struct leaf *leaf_next(struct leaf *leaf); /* in run->ended */
void leaf_cancel(struct leaf *leaf);
void leaf_pause(struct leaf *leaf, bool paused);
void leaf_free(struct leaf *leaf); /* NULL is fine */

#endif
