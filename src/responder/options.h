/*
 * The options of magec-fcgi. Each can be given on the command line and in the environment, since a
 * web server that starts the program often has a place for one of them only.
 */
#ifndef MAGEC_RESPONDER_OPTIONS_H
#define MAGEC_RESPONDER_OPTIONS_H

#include "webhook/service.h"

struct options {
    const char *store;
    const char *listen; /* NULL: inherited, or a CGI */
    const char *log;    /* NULL: stderr */
    struct limits limits;
    size_t max_params;    /* bytes of a request's parameters */
    int64_t drain_ms;     /* for calls in flight when the process is told to stop */
    int64_t keep_runs_ms; /* 0: for ever */
    int64_t keep_runs;    /* 0: all */
    const char *writable; /* folders that programs may change, separated by ":"; NULL: none */
    bool no_sandbox, allow_root;
    bool help, version;
};

/* Defaults, then the environment, then the arguments. STATUS_BAD_REQUEST: a usage error. */
enum status options_parse(struct options *o, int argc, char **argv, struct error *err);
/* What --help prints; from the same table. */
void options_help(struct buf *out);

#endif
