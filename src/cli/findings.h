/*
 * What check has to say: one line each, or a JSON array of objects with "level" and "message".
 */
#ifndef MAGEC_CLI_FINDINGS_H
#define MAGEC_CLI_FINDINGS_H

#include "cli/cli.h"
#include "cli/output.h"

enum finding_level {
    FINDING_OK,
    FINDING_WARNING, /* may be meant */
    FINDING_ERROR    /* something does not work */
};

struct findings {
    struct output out;
    bool json;
    size_t count[FINDING_ERROR + 1];
};

void findings_begin(struct findings *f, bool json);
void findings_add(struct findings *f, enum finding_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Prints what is left to be printed; releases. */
enum status findings_end(struct findings *f, enum status st, struct error *err);

/* check --online: asks every backend for one word, at the same time. */
enum status online_check(struct cli *cli, struct store *s, struct findings *f, struct error *err);

#endif
