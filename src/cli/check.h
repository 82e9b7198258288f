/*
 * magec check, inside: what its files share.
 */
#ifndef MAGEC_CLI_CHECK_H
#define MAGEC_CLI_CHECK_H

#include "cli/findings.h"
#include "store/agent.h"
#include "store/backend.h"

/* One check under way: who is there, and who is referred to. */
struct check {
    struct store *s;
    struct findings *f;
    struct error *err;
    struct strings backends, agents, commands; /* that exist; flows are among the agents */
    struct strings asked, reached, run;        /* backends, agents, commands that are used */
    struct strings servers, tools;             /* that agents link */
    bool http;                                 /* something is asked over HTTP */
};

#define ERR(...) findings_add(c->f, FINDING_ERROR, __VA_ARGS__)
#define WARN(...) findings_add(c->f, FINDING_WARNING, __VA_ARGS__)

/* Who a finding is about: backend "x". */
struct subject {
    const char *kind, *id;
};

/* Whether what has ${NAME} in it, or (unless expand_only) is a reference, can be used. */
void check_secret(
    struct check *c, struct subject who, const char *what, const char *reference, bool expand_only);
void check_program(
    struct check *c, struct subject who, const char *program, const struct strings *env);

/* Of an agent: what it links. backend may be NULL. */
enum status check_links(struct check *c, const struct agent *a, const struct backend *backend);
/* When all agents were looked at. */
enum status check_tools(struct check *c);

#endif
