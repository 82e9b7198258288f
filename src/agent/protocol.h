/*
 * The protocols that a backend can speak: one file each, one row each in the table of protocol.c.
 */
#ifndef MAGEC_AGENT_PROTOCOL_H
#define MAGEC_AGENT_PROTOCOL_H

#include "agent/task.h"

/* What every task begins with; a protocol's own struct has it as its first member. */
struct task {
    const struct protocol *protocol;
    struct agent_env *env;
    const struct ask *ask;
    struct listener *listener;
};

struct exchange_kind;

struct protocol {
    const char *name;
    const char *summary; /* one line for --help */
    /* Whether the backend's fields make sense for it, before it is stored. */
    enum status (*check)(const struct backend *b, struct error *err);
    const struct exchange_kind *exchange; /* of one that is an HTTP exchange (exchange.h) */
    enum status (*start)(struct task *t, struct error *err); /* t->... is filled in */
    void (*cancel)(struct task *t);
    void (*pause)(struct task *t, bool paused);
    void (*release)(struct task *t); /* also after a failed start, and of a running task */
    size_t size;                     /* of its struct */
    bool tools; /* its models can call tools: it sends ask->tools, and turns with calls and results
                 */
    bool turns; /* it sends turns as what they are; for others they are put into the prompt */
};

/* By name, or NULL. */
const struct protocol *protocol_find(const char *name);
/* All of them, ended by NULL. */
const struct protocol *const *protocol_all(void);
/* protocol_find(b->type) and its check; an unknown type suggests the nearest. */
enum status protocol_check(const struct backend *b, struct error *err);

/* Whether it has a field that only means something to who is asked over HTTP. */
bool protocol_has_http_fields(const struct backend *b);
/* Whether the agent's options can be given to the backend; STATUS_BAD_REQUEST names one that
 * cannot. */
enum status protocol_check_options(
    const struct backend *b, const struct agent *a, struct error *err);

/* task_start for what is not checked (agent/checked.h): with its tools (agent/tool_loop.h). */
enum status task_start_unchecked(struct agent_env *env, const struct ask *ask,
    struct listener *listener, struct task **out, struct error *err);
/* Without tools either: its attempts only. */
enum status task_start_attempts(struct agent_env *env, const struct ask *ask,
    struct listener *listener, struct task **out, struct error *err);
/* Without a second attempt: the protocol's own task. */
enum status task_start_once(struct agent_env *env, const struct ask *ask, struct listener *listener,
    struct task **out, struct error *err);

/* For protocols: events to the listener. */
void task_say(struct task *t, const char *bytes, size_t len);
void task_end(struct task *t, const struct outcome *o);

/* The effective deadlines: agent over backend over default, and no more than is left. */
struct deadlines task_deadlines(const struct ask *ask);

#endif
