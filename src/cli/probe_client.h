/*
 * The client that magec probe calls: a passthrough webhook of an echo agent that takes its time.
 */
#ifndef MAGEC_CLI_PROBE_CLIENT_H
#define MAGEC_CLI_PROBE_CLIENT_H

#include "store/client.h"

/* Its id, when it is given none; and that of its agent and of its backend. */
#define PROBE_ID "probe"

/* In a transaction: makes the client c, of which only the id is set, with its backend and its
 * agent, unless they are there; *made says whether the client was. STATUS_CONFLICT names what has
 * an id and is something else. */
enum status probe_client_add(struct store *s, struct client *c, bool *made, struct error *err);

#endif
