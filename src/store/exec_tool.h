/*
 * Programs of the operator's as tools of agents: a call's arguments are JSON on its stdin, its
 * stdout is the result. The kind is called "tool".
 */
#ifndef MAGEC_STORE_EXEC_TOOL_H
#define MAGEC_STORE_EXEC_TOOL_H

#include "base/strings.h"
#include "store/entity.h"

enum { EXEC_TOOL_SCHEMA_MAX = 64 * 1024 };

struct exec_tool {
    char *id;            /* what the model calls it */
    char *description;   /* for the model */
    char *parameters;    /* a JSON Schema of its arguments, which are an object; NULL: none */
    struct strings argv; /* the program, an absolute path, and its arguments; no shell */
    struct strings env;  /* its whole environment, "NAME=value"; a bare NAME is passed on */
    char *work_dir;      /* workDir; NULL: "/" */
    int64_t timeout_ms;  /* of one call; 0: the agent's */
    char *extra;
};

/* When one is removed by force, it is taken off the agents that link it. */
ENTITY_API(exec_tool)

#endif
