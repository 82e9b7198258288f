/*
 * The terminal as the place where a run's reply goes.
 */
#ifndef MAGEC_CLI_TERMINAL_H
#define MAGEC_CLI_TERMINAL_H

#include "cli/cli.h"
#include "webhook/plan.h"

/* Runs the plan (and takes over what is in it). The text is printed as it comes, a header line
 * before each agent's when there are several; as JSON: the reply's object, at the end. Returns how
 * it ended. */
enum status terminal_converse(struct cli *cli, struct plan *plan, bool json, struct error *err);

#endif
