/*
 * What an agent card of A2A says of how the agent is to be asked. Pure.
 *
 * A card of version 1.0 lists its interfaces in supportedInterfaces, the preferred one first: the
 * first that is JSONRPC of version 1 is taken, else the first of version 0.3. Older cards have url,
 * preferredTransport (JSONRPC if there is none), additionalInterfaces and protocolVersion; 0.2 is
 * asked as 0.3 is.
 */
#ifndef MAGEC_AGENT_A2A_CARD_H
#define MAGEC_AGENT_A2A_CARD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum { A2A_CARD_MAX = 256 * 1024, A2A_URL_MAX = 2048 };

enum a2a_version { A2A_0_3, A2A_1_0 };

struct a2a_card {
    char *url;    /* begins with http:// or https://, or is a path, which begins with a slash */
    char *tenant; /* to be said with each request; or NULL */
    enum a2a_version version;
    bool streaming; /* it can answer with a stream of events */
};

/* Release it whatever is returned. STATUS_BACKEND says why the agent cannot be asked. */
enum status a2a_card_read(struct a2a_card *c, const char *text, size_t len, struct error *err);
void a2a_card_release(struct a2a_card *c); /* works on a zeroed one */

#endif
