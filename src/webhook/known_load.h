/*
 * The parts of known.h that are read for an agent or a flow.
 */
#ifndef MAGEC_WEBHOOK_KNOWN_LOAD_H
#define MAGEC_WEBHOOK_KNOWN_LOAD_H

#include "webhook/known.h"

/* Frees what is in it. */
void known_forget_agent(struct known_agent *a);
/* The MCP servers and programs that the agent, which was read, links. */
enum status known_load_links(
    struct known *k, struct known_agent *a, struct store *s, struct error *err);

#endif
