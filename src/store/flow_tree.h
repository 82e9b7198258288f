/*
 * The steps of a flow, as a tree.
 *
 *   STEP = {"type":"agent","agentId","responseAgent"} | {"type":"flow","flowId","responseAgent"} |
 *          {"type":"sequential"|"parallel","steps":[STEP,…]} |
 *          {"type":"loop","steps":[STEP,…],"maxIterations","exitLoop" or "exitWhen"}
 *
 * and "optional" in each of them: the flow goes on when it fails. An agentId may name a flow. What
 * is wrong is STATUS_BAD_REQUEST with the path to it: "root.steps[1].agentId: no agent "reviewr";
 * did you mean "reviewer"?".
 */
#ifndef MAGEC_STORE_FLOW_TREE_H
#define MAGEC_STORE_FLOW_TREE_H

#include "base/buf.h"
#include "base/cel.h"
#include "base/json.h"
#include "base/strings.h"

enum {
    FLOW_STEPS_MAX = 256,      /* of one flow */
    FLOW_DEPTH_MAX = 16,       /* steps in steps */
    FLOW_ITERATIONS_MAX = 100, /* of a loop */
    FLOW_NESTED_MAX = 8,       /* flows in flows */
    FLOW_CALLS_MAX = 10000     /* of agents, with all loops and flows in it */
};

enum flow_type { FLOW_AGENT, FLOW_SEQUENTIAL, FLOW_PARALLEL, FLOW_LOOP, FLOW_NESTED };

struct flow_step {
    enum flow_type type;
    char *id;      /* AGENT, NESTED: of the agent or flow */
    bool response; /* AGENT, NESTED: what it says is the reply's */
    bool optional;
    bool exit_loop;         /* LOOP: an agent in it may end it */
    int64_t max_iterations; /* LOOP */
    char *exit_when;        /* LOOP: an expression, or NULL */
    struct cel *condition;  /* the same, parsed */
    struct flow_step *steps;
    size_t step_count;
};

/* The word for a type in JSON. */
const char *flow_type_name(enum flow_type type);

/* A root, as JSON text: everything but whether what is named exists. *out must be zeroed or
 * released. */
enum status flow_tree_parse(const char *text, struct flow_step *out, struct error *err);
void flow_tree_release(struct flow_step *root); /* zeroed afterwards */

/* What there is. */
struct flow_names {
    const struct strings *agents, *flows;
    /* The root of a flow with an id of flows; NULL when it cannot be had. */
    const struct flow_step *(*flow)(void *ctx, const char *id);
    void *ctx;
};

/* Whether all that is named exists, no flow is in itself, and the caps over all flows in it hold.
 * id is the flow's own, which need not be among the names. */
enum status flow_tree_check(const char *id, const struct flow_step *root,
    const struct flow_names *names, struct error *err);

/* Adds the tree for people, a line for each step. */
enum status flow_tree_draw(const struct flow_step *root, struct buf *out);

#endif
