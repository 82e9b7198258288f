/*
 * Commands: stored prompts with a name.
 */
#ifndef MAGEC_STORE_COMMAND_H
#define MAGEC_STORE_COMMAND_H

#include "store/entity.h"

struct command {
    char *id;
    char *name;
    char *description;
    char *prompt; /* never empty, valid UTF-8; never expanded */
    char *agent;  /* agentId: the one that runs it, or a flow; NULL: the client's agents */
    char *extra;
};

/* When one is removed by force, the clients that run it are disabled and have no command any more.
 */
ENTITY_API(command)

#endif
