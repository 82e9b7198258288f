/*
 * What a run is made of, for the files that are it: run.c asks its agents, run_record.c has the
 * writer record it.
 */
#ifndef MAGEC_WEBHOOK_RUN_INTERNAL_H
#define MAGEC_WEBHOOK_RUN_INTERNAL_H

#include <stddef.h>

#include "webhook/run.h"

#define MEMBER_OF(type, member, pointer)                                                           \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* One agent or flow of a run, and what is told of it. */
struct part {
    struct listener listener;
    struct run *run;
    struct task *task;
    struct ask ask;
    struct flow_ask flow; /* instead, when it is one */
    struct run_agent told;
};

struct run {
    struct service *service;
    struct run_observer *observer;
    struct plan plan;
    struct part *parts;
    size_t part_count; /* as many as the plan has agents */
    size_t unfinished;
    struct run_result result;
    struct buf agents;  /* their ids, as JSON */
    struct buf results; /* their outcomes, as JSON, when there is more to tell than one has */
    bool renewed;       /* the configuration had changed since the plan was made */
    int64_t row;
    int64_t began_unix_ms, began_us;
    enum cancel_reason canceled;
    bool asking; /* the agents are being started */
    struct write_job begin, end;
    struct job job;           /* back on the loop, after a write */
    struct run *next, **self; /* in service->runs */
};

/* Milliseconds since it began. */
int64_t run_since(const struct run *r);
void run_fail(struct run *r, enum status st, const char *text);
/* What of it depends on its plan, anew. */
enum status run_prepare(struct run *r, struct error *err);

/* Has the writer record its beginning, and then its end. run_recorded and run_closed are called
 * on the loop when that was done, or could not be, which the result then says. */
void run_record_begin(struct run *r);
void run_record_end(struct run *r);
void run_recorded(struct run *r);
void run_closed(struct run *r);

#endif
