/*
 * A task: anything an agent does. It is started, says events upwards, and ends once. Nothing here
 * knows of a reply, of a web server, or of the store's file: an agent's whole configuration comes
 * in with struct ask.
 *
 * Everything runs on the loop. Events never come from within task_start, and none comes after the
 * end. A listener may cancel or pause a task from within an event; it frees it after the end, from
 * within that event or later.
 */
#ifndef MAGEC_AGENT_TASK_H
#define MAGEC_AGENT_TASK_H

#include "agent/gate.h"
#include "agent/route.h"
#include "agent/tool.h"
#include "net/transport.h"
#include "store/agent.h"
#include "store/backend.h"

struct mcp;
struct protocol;
struct task;

enum event_type {
    EVENT_TEXT,  /* a piece of the answer: bytes, cut anywhere, not necessarily valid UTF-8 */
    EVENT_TOOL,  /* a tool is called, or answered */
    EVENT_AGAIN, /* an attempt failed before anything was said, and there will be another */
    EVENT_STEP,  /* of a flow: a step begins or has ended */
    EVENT_END
};

/* How a task ended. */
struct outcome {
    enum status status;
    const char *error;         /* for people; NULL when OK */
    const char *finish_reason; /* the backend's word ("stop", "length"), or NULL */
    const char *model;         /* the one that answered, as the backend says, or NULL */
    const char *answer_id;     /* the provider's id of the answer, or NULL */
    const char *request_id;    /* the provider's id of the request, or NULL */
    int64_t input_tokens;      /* -1: not told */
    int64_t output_tokens;     /* -1: not told */
    int http_status;           /* of the answer, or what an error in it amounts to; 0: there was
                                * none, or it is not HTTP */
    bool retryable;            /* it failed in a way that may pass */
    int64_t retry_after_ms;    /* the server wants so long a pause, or its gate is closed so long;
                                * 0: not known */
    int attempts;              /* how many there were; 0 or 1: it was the first */
    const struct tool_call *calls; /* of a protocol's task: what the model wants called; then it is
                                    * OK also without text */
    size_t call_count;
    const char *echo; /* with calls: the answer as the protocol sends it back, JSON text; or NULL */
};

/* A step of a flow (agent/flow_task.h) that asks an agent; or, when agent is NULL, what is to be
 * known of another one. */
struct step_event {
    const char *path;     /* "root.steps[1]"; in a flow of it "root.steps[1]/inner/root.steps[0]" */
    const char *agent;    /* that is asked */
    const char *answered; /* END: the one that took its place, or the same */
    const char *note;     /* of a loop: what is wrong with its condition; else NULL */
    int64_t round;        /* of the innermost loop, from 1; 0: it is in none */
    bool ended;           /* event->outcome says how */
    bool response;        /* what it says is the reply's */
    bool optional;        /* the flow may go on without it */
    const char *text;     /* END: what it said */
    size_t len;
    int64_t began_ms, duration_ms; /* since the flow began; END */
};

/* Pointers are valid during the call only. */
struct event {
    enum event_type type;
    const char *text; /* EVENT_TEXT */
    size_t len;
    const struct outcome *outcome; /* EVENT_END; EVENT_AGAIN: of the attempt; EVENT_STEP: an end */
    const struct step_event *step; /* EVENT_STEP; EVENT_TOOL: of a flow's, in which; else NULL */
    const struct tool_event *tool; /* EVENT_TOOL */
    const struct agent *agent;     /* EVENT_AGAIN: that was asked */
    const struct agent *next;      /* EVENT_AGAIN: that is asked next, perhaps the same */
    int64_t wait_ms;               /* EVENT_AGAIN: until the next */
};

struct listener {
    void (*event)(struct listener *self, const struct event *event);
};

/* What tasks need to run; one for a process. */
struct agent_env {
    struct loop *loop;
    struct transport *transport;
    struct log *log;  /* NULL: none */
    struct mcp *mcp;  /* NULL until an agent needs it */
    size_t max_reply; /* most bytes of one agent's answer */
    struct gates gates;
    struct routes routes;
};

struct candidate {
    const struct agent *agent;
    const struct backend *backend;
};

enum turn_role { TURN_USER, TURN_ASSISTANT, TURN_RESULT };

/* What was said in a conversation, by whom; a tool's result is said to the model. All results of an
 * answer's calls follow it, in the order of the calls. */
struct turn {
    enum turn_role role;
    const char *text;
    size_t len;
    const struct tool_call *calls; /* ASSISTANT: that it made */
    size_t call_count;
    const char *echo;             /* ASSISTANT: all of it, as outcome->echo, or NULL */
    const struct protocol *by;    /* whose echo it is; for others the text and the calls */
    const struct tool_call *call; /* RESULT: of which */
    bool failed;                  /* RESULT: it is an error */
};

/* One question to one agent. All of it must outlive the task. */
struct ask {
    const struct agent *agent;
    const struct backend *backend;
    const char *prompt;
    size_t prompt_len;
    const struct turn *turns; /* how the conversation went on behind the prompt */
    size_t turn_count;
    const struct tool_links *links; /* tools of the agent; NULL: none */
    struct tool_state *state;       /* in a flow; else NULL */
    const struct tool *tools; /* for a protocol: that the model may call now; only tool_loop.c sets
                               * them */
    size_t tool_count;
    bool tools_off; /* it is told of them because the turns name some, but text is wanted now: it is
                     * asked to call none. One that does it all the same is OK, and has calls */
    const char *schema;             /* that the answer matches, for who can send it; NULL: none */
    const char *session;            /* of a server that has them: its id; NULL: a new one */
    const struct candidate *others; /* that take its place, in order, while it said nothing */
    size_t other_count;
    bool whole;                /* nobody hears of the text before its end */
    int64_t total_ms;          /* most that is left of the total deadline; 0: it is as configured */
    const struct route *route; /* an exchange's own: where it goes; NULL: as the backend has it */
};

/* Starts it. A failure (a key that cannot be read, a program that is not there) is returned, and no
 * event comes. */
enum status task_start(struct agent_env *env, const struct ask *ask, struct listener *listener,
    struct task **out, struct error *err);
/* The end comes within a second, with STATUS_CANCELED; no text before it. */
void task_cancel(struct task *t);
/* For a reader that is slower than the agent. */
void task_pause(struct task *t, bool paused);
void task_free(struct task *t); /* NULL is fine */

#endif
