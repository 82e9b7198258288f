/*
 * What would be sent for a prompt, without sending it.
 */
#ifndef MAGEC_CLI_REQUEST_H
#define MAGEC_CLI_REQUEST_H

#include "cli/cli.h"

/* magec agent show ID --request PROMPT: the requests of the agent in the order that they are made,
 * keys replaced by "[redacted]". The backend's own key is not even looked up. */
enum status request_show(struct cli *cli, const struct options *o, struct error *err);

#endif
