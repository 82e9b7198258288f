#include "responder/options.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strings.h"
#include "base/units.h"
#include "store/store.h"

enum kind { TEXT, SIZE, COUNT, DURATION, FLAG };

struct option {
    const char *name;
    const char *variable;
    enum kind kind;
    size_t at;
    const char *value; /* as named in --help */
    const char *help;
};

#define FIELD(name) offsetof(struct options, name)

static const struct option table[] = {
    {"store", "MAGEC_DB", TEXT, FIELD(store), "FILE", "the store (also: -d FILE)"},
    {"listen", "MAGEC_LISTEN", TEXT, FIELD(listen), "WHERE",
        "unix:PATH or HOST:PORT; without it: the socket on standard input"},
    {"log", "MAGEC_LOG", TEXT, FIELD(log), "WHERE", "stderr, syslog or none (stderr)"},
    {"max-body", "MAGEC_MAX_BODY", SIZE, FIELD(limits.max_body), "SIZE",
        "most bytes of a passthrough body (4M)"},
    {"max-reply", "MAGEC_MAX_REPLY", SIZE, FIELD(limits.max_reply), "SIZE",
        "most bytes of one agent's answer (8M)"},
    {"max-unsent", "MAGEC_MAX_UNSENT", SIZE, FIELD(limits.max_unsent), "SIZE",
        "bytes that wait for a slow caller before its agents pause (256k)"},
    {"max-params", "MAGEC_MAX_PARAMS", SIZE, FIELD(max_params), "SIZE",
        "most bytes of a request's parameters (128k)"},
    {"max-calls", "MAGEC_MAX_CALLS", COUNT, FIELD(limits.max_calls), "N",
        "calls in flight; more are told to try again (10000)"},
    {"heartbeat", "MAGEC_HEARTBEAT", DURATION, FIELD(limits.heartbeat_ms), "TIME",
        "between two comments in a silent event stream; 0: none (15s)"},
    {"read-timeout", "MAGEC_READ_TIMEOUT", DURATION, FIELD(limits.read_timeout_ms), "TIME",
        "between two pieces of a request (30s)"},
    {"request-timeout", "MAGEC_REQUEST_TIMEOUT", DURATION, FIELD(limits.request_timeout_ms), "TIME",
        "for a whole request to arrive (5m)"},
    {"write-timeout", "MAGEC_WRITE_TIMEOUT", DURATION, FIELD(limits.write_timeout_ms), "TIME",
        "a caller that takes nothing for so long is dropped (60s)"},
    {"drain", "MAGEC_DRAIN", DURATION, FIELD(drain_ms), "TIME",
        "for calls in flight when told to stop (30s)"},
    {"keep-runs-for", "MAGEC_KEEP_RUNS_FOR", DURATION, FIELD(keep_runs_ms), "TIME",
        "older runs are deleted; 0: never (90d)"},
    {"keep-runs", "MAGEC_KEEP_RUNS", COUNT, FIELD(keep_runs), "N",
        "only so many of the newest runs are kept; 0: all (0)"},
    {"allow-write", "MAGEC_ALLOW_WRITE", TEXT, FIELD(writable), "PATHS",
        "folders that programs of agents may change, separated by \":\""},
    {"no-sandbox", "MAGEC_NO_SANDBOX", FLAG, FIELD(no_sandbox), NULL,
        "keep what it does not need of the file system"},
    {"allow-root", "MAGEC_ALLOW_ROOT", FLAG, FIELD(allow_root), NULL, "run although it is root"},
    {"help", NULL, FLAG, FIELD(help), NULL, "print this"},
    {"version", NULL, FLAG, FIELD(version), NULL, "print the version"},
};

enum { OPTIONS = sizeof table / sizeof *table };

static void defaults(struct options *o)
{
    *o = (struct options){.store = store_default_path(),
        .log = "stderr",
        .max_params = (size_t)128 * 1024,
        .drain_ms = 30 * 1000,
        .keep_runs_ms = (int64_t)90 * 24 * 3600 * 1000};
    limits_default(&o->limits);
}

static enum status set(
    struct options *o, const struct option *opt, const char *value, struct error *err)
{
    void *field = (char *)o + opt->at;
    switch (opt->kind) {
    case TEXT:
        *(const char **)field = value;
        return STATUS_OK;
    case SIZE:
        return units_size(value, field, err);
    case COUNT:
        return units_count(value, 0, INT64_MAX, field, err);
    case DURATION:
        return units_duration(value, field, err);
    default: /* only the environment has a value for it */
        *(bool *)field = !value || (strcmp(value, "0") != 0 && strcmp(value, "no") != 0);
        return STATUS_OK;
    }
}

static enum status from_environment(struct options *o, struct error *err)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const char *value = table[i].variable ? getenv(table[i].variable) : NULL;
        if (value && *value && set(o, &table[i], value, err)) {
            error_prefix(err, "%s", table[i].variable);
            return STATUS_BAD_REQUEST;
        }
    }
    return STATUS_OK;
}

static enum status unknown(const char *word, struct error *err)
{
    struct strings names = {0};
    for (size_t i = 0; i < OPTIONS; i++)
        strings_add(&names, table[i].name);
    const char *near = strings_nearest(&names, word);
    if (near)
        error_set(
            err, STATUS_BAD_REQUEST, "no option \"--%s\"; did you mean \"--%s\"?", word, near);
    else
        error_set(err, STATUS_BAD_REQUEST, "no option \"--%s\"; --help shows what there is", word);
    strings_release(&names);
    return STATUS_BAD_REQUEST;
}

static const struct option *find(const char *name, size_t len)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (strlen(table[i].name) == len && !memcmp(table[i].name, name, len))
            return &table[i];
    return NULL;
}

enum status options_parse(struct options *o, int argc, char **argv, struct error *err)
{
    defaults(o);
    enum status st = from_environment(o, err);
    for (int i = 1; i < argc && !st; i++) {
        const char *arg = argv[i];
        bool short_store = !strcmp(arg, "-d");
        if (!short_store && strncmp(arg, "--", 2) != 0)
            return error_set(err, STATUS_BAD_REQUEST, "unexpected argument \"%s\"", arg);
        const char *name = short_store ? "store" : arg + 2;
        size_t len = strcspn(name, "=");
        const struct option *opt = find(name, len);
        if (!opt)
            return unknown(name, err);
        const char *value = name[len] ? name + len + 1 : NULL;
        if (opt->kind != FLAG && !value && !(value = argv[++i]))
            return error_set(
                err, STATUS_BAD_REQUEST, "the option \"--%s\" needs a %s", opt->name, opt->value);
        if (opt->kind == FLAG && value)
            return error_set(
                err, STATUS_BAD_REQUEST, "the option \"--%s\" takes no value", opt->name);
        st = set(o, opt, value, err);
        if (st)
            error_prefix(err, "--%s", opt->name);
    }
    return st;
}

void options_help(struct buf *out)
{
    buf_adds(out,
        "usage: magec-fcgi [OPTION...]\n\n"
        "Answers webhooks as a FastCGI responder or a plain CGI; it finds out which.\n\n");
    for (size_t i = 0; i < OPTIONS; i++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", table[i].name, table[i].value ? " " : "",
            table[i].value ? table[i].value : "");
        buf_printf(out, "  %-22s %s\n", left, table[i].help);
    }
    buf_adds(out, "\nEach can also be set in the environment: --max-body is MAGEC_MAX_BODY.\n");
}
