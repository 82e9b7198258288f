/*
 * The tools that an agent's request tells the model of.
 */
#ifndef MAGEC_CLI_REQUEST_TOOLS_H
#define MAGEC_CLI_REQUEST_TOOLS_H

#include "agent/tool_set.h"
#include "cli/cli.h"

/* Those that the ask's agent would have, if it may have some: its MCP servers are asked for theirs.
 * What an agent would say of one that does not list them is said on stderr, and the tool will end
 * with the exit status of that. Release the set, whatever is returned. STATUS_CONFIG: the backend
 * cannot call tools, or there are too many. */
enum status request_tools(
    struct cli *cli, const struct ask *ask, struct tool_set *set, struct error *err);

#endif
