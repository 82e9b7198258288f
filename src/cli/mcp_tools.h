/*
 * magec mcp tools: what a server has to offer.
 */
#ifndef MAGEC_CLI_MCP_TOOLS_H
#define MAGEC_CLI_MCP_TOOLS_H

#include "cli/cli.h"

/* Asks the server that the first word names, and prints its tools. */
enum status mcp_tools(struct cli *cli, const struct options *o, struct error *err);

#endif
