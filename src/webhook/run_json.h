/*
 * A run in JSON, as it is in replies, events and records.
 */
#ifndef MAGEC_WEBHOOK_RUN_JSON_H
#define MAGEC_WEBHOOK_RUN_JSON_H

#include "base/json.h"
#include "webhook/run.h"

/* For whom it is written: a caller is not told what is wrong with our set-up. */
enum run_reader { FOR_CALLER, FOR_OPERATOR };

/* The members of one agent's outcome: agent, insteadOf (the one that was asked, when it is
 * another), ok, response (with_text), model, finishReason, usage, durationMs, error and status (of
 * one that failed); for the operator also answerId and requestId (the provider's), the attempts
 * that failed before, and the tools that it called. Into an object that was begun. */
void run_write_agent(
    const struct run_agent *a, enum run_reader reader, bool with_text, struct json_writer *w);
/* The members of a step of a flow that begins or has ended: step (where it is), round (of a loop),
 * agent, insteadOf; of one that ended ok, model, finishReason, usage, startedMs, durationMs, status
 * and error; of what is only to be known: note. */
void run_write_step(const struct event *e, enum run_reader reader, struct json_writer *w);
/* An array of them, in the listed order. */
void run_write_results(
    const struct run *r, enum run_reader reader, bool with_text, struct json_writer *w);

#endif
