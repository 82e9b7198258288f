/*
 * A run in flight: asks the agents of a plan at the same time, collects what they say, is recorded
 * before and after, and can be canceled. It knows of its audience only as an observer, which can be
 * taken away without the run noticing.
 *
 *   run_submit (any thread) -> writer: row committed -> loop: observer->began, agents asked,
 *   observer->event … -> all ended -> writer: row completed -> loop: observer->ended, run freed.
 */
#ifndef MAGEC_WEBHOOK_RUN_H
#define MAGEC_WEBHOOK_RUN_H

#include "webhook/plan.h"
#include "webhook/run_calls.h"
#include "webhook/service.h"

enum cancel_reason {
    CANCEL_NONE,
    CANCEL_GONE,    /* the caller hung up, or takes nothing */
    CANCEL_SHUTDOWN /* the process is stopping and the drain time is over */
};

/* One agent's part in a run. Valid until observer->ended returns. */
struct run_agent {
    const char *id;    /* of the one that answers, or was asked last */
    const char *asked; /* of the one in whose place it does: mostly the same */
    struct buf text;   /* all it said so far */
    bool ended;
    enum status status;
    char *error;                         /* NULL when OK */
    char *finish_reason;                 /* or NULL */
    char *model;                         /* or NULL */
    char *answer_id, *request_id;        /* the provider's, of the last attempt; or NULL */
    int64_t input_tokens, output_tokens; /* -1: not told */
    int64_t retry_after_ms; /* of one that failed in a way that may pass: as asked for; or 0 */
    bool is_flow;
    struct buf steps;       /* of a flow, that have ended: JSON objects with commas between them */
    struct buf attempts;    /* that failed before: JSON objects with commas between them */
    struct run_calls calls; /* of tools */
    int64_t first_byte_ms, duration_ms; /* from the start; first_byte -1: said nothing */
};

/* The whole. status is OK when at least one agent succeeded; else the first agent's in order, or
 * what kept the run from being recorded. */
struct run_result {
    enum status status;
    char *error;         /* NULL when OK */
    struct buf response; /* the successes joined with "\n---\n" */
    int64_t duration_ms;
    int64_t retry_after_ms; /* of the failure: after so long it may be gone; 0: not known */
};

struct run;

/* All called on the loop, in this order. event->type EVENT_END is an agent's end. */
struct run_observer {
    /* Recorded; the agents are asked next. Not called when recording failed. */
    void (*began)(struct run_observer *o, struct run *r);
    void (*event)(struct run_observer *o, struct run *r, size_t agent, const struct event *e);
    /* The row says how it ended (or could not be written: the result says so). The run is freed
     * after this returns. */
    void (*ended)(struct run_observer *o, struct run *r);
    bool whole; /* of what is said it tells nobody before the end */
};

/* Takes over what is in the plan (it is empty afterwards). observer may be NULL. */
enum status run_new(struct service *s, struct plan *plan, struct run_observer *observer,
    struct run **out, struct error *err);
/* Gives it to the writer; from then on it is the loop's and frees itself. */
void run_submit(struct run *r);
/* On the loop: ends its agents soon; the first reason counts. */
void run_cancel(struct run *r, enum cancel_reason reason);
/* On the loop: nobody listens any more. */
void run_detach(struct run *r);
/* On the loop: pauses and resumes the agents, for a slow reader. */
void run_pause(struct run *r, bool paused);
/* On the loop: cancels every run of the process. */
void run_cancel_all(struct service *s, enum cancel_reason reason);

const struct plan *run_plan(const struct run *r);
size_t run_agent_count(const struct run *r);
const struct run_agent *run_agent_at(const struct run *r, size_t i);
/* In observer->ended only. */
const struct run_result *run_outcome(const struct run *r);

/* The members that a finished run has in a JSON reply, in an SSE done event and in magec's --json:
 * ok, response (unless without_text), runId, agent or agents, model, finishReason, usage,
 * durationMs, results[] for several agents, error. Adds them to an object that was begun. */
void run_write_members(const struct run *r, bool without_text, struct json_writer *w);

#endif
