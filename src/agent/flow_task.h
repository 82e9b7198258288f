/*
 * A flow that runs: a task whose events are those of its steps. A step that asks an agent is a task
 * of its own; the others are its parents, which start their children and are told when each ends.
 *
 * Data. Each agent is asked the prompt and what the steps before it said, marked by who said it;
 * steps of a parallel one are asked the same, and what they said is joined as they are listed. An
 * agent's output key keeps what it said in the state, which system prompts refer to
 * (agent/flow_state.h) and loops end by.
 *
 * Text. What response steps say is the reply, in order, FLOW_BETWEEN between two of them; when a
 * flow has none, it is what its last agent said. It comes live, but from within parallel and
 * optional steps when these have ended.
 *
 * End. A step that fails ends the flow, unless it or one that it is in is optional. What else runs
 * is canceled then, and waited for. The outcome's error names the step, the agent and the cause;
 * whether it may pass, and when, is what the step says; its tokens are those of all steps.
 */
#ifndef MAGEC_AGENT_FLOW_TASK_H
#define MAGEC_AGENT_FLOW_TASK_H

#include "agent/task.h"
#include "store/flow_tree.h"

#define FLOW_BETWEEN "\n---\n"

enum {
    FLOW_TOTAL_MS = 3600 * 1000,      /* of a flow, unless it is asked for something else */
    FLOW_SAID_MAX = 16 * 1024 * 1024, /* bytes that all steps say */
    FLOW_LEVELS_MAX = FLOW_DEPTH_MAX * FLOW_NESTED_MAX
};

/* Who is asked in a step. */
struct flow_agent {
    const struct agent *agent;
    const struct backend *backend;
    const struct candidate *others; /* as in struct ask */
    size_t other_count;
    const struct tool_links *links; /* as in struct ask */
    const char *output_key;         /* NULL: what it says is not kept in the state */
};

/* All of it must outlive the task. */
struct flow_ask {
    const struct flow_step *root;
    const char *prompt;
    size_t prompt_len;
    int64_t total_ms; /* 0: FLOW_TOTAL_MS */
    /* What is named in it: an agent, and the root of a flow; NULL: it is not there. */
    const struct flow_agent *(*agent)(void *ctx, const char *id);
    const struct flow_step *(*nested)(void *ctx, const char *id);
    void *ctx;
};

/* As task_start. */
enum status flow_start(struct agent_env *env, const struct flow_ask *ask, struct listener *listener,
    struct task **out, struct error *err);

#endif
