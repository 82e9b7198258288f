/*
 * Flows as they are kept: agents that work together. Their steps are in flow_tree.h.
 */
#ifndef MAGEC_STORE_FLOW_H
#define MAGEC_STORE_FLOW_H

#include "store/entity.h"
#include "store/flow_tree.h"

enum { FLOW_ROOT_MAX = 1024 * 1024 };

struct flow {
    char *id; /* no agent has it */
    char *name;
    char *description;
    char *root;       /* JSON as it was given, compact */
    int64_t total_ms; /* deadlines.total, of one that is asked itself; 0: see flow_task.h */
    char *extra;
};

/* What is wrong with the root is STATUS_BAD_REQUEST with its path. A flow whose agents were removed
 * by force stays, and says so when it runs. */
ENTITY_API(flow)

/* Says that the id is neither an agent's nor a flow's, with the nearest one that is: where either
 * will do. Returns STATUS_NOT_FOUND. */
enum status flow_or_agent_missing(struct store *s, const char *id, struct error *err);

#endif
