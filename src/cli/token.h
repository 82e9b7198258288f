/*
 * How a new token is shown: once, with a curl line that calls its client.
 */
#ifndef MAGEC_CLI_TOKEN_H
#define MAGEC_CLI_TOKEN_H

#include "cli/options.h"
#include "store/client.h"

/* done is what happened to the client: "added". Of the options, --url and --json count. */
enum status token_print(
    const struct options *o, const struct client *c, const char *token, const char *done);

#endif
