/*
 * What is configured of an MCP server, of our own: the connection may outlive the run that asked
 * for it.
 */
#ifndef MAGEC_AGENT_MCP_COPY_H
#define MAGEC_AGENT_MCP_COPY_H

#include "base/strings.h"

struct mcp_server;

/* to is zeroed. STATUS_NO_MEMORY: it is still to be released. */
enum status mcp_copy_make(struct mcp_server *to, const struct mcp_server *from);
void mcp_copy_release(struct mcp_server *copy);
/* Whether a connection to one is a connection to the other. */
bool mcp_copy_alike(const struct mcp_server *a, const struct mcp_server *b);

#endif
