/*
 * The frame of the tool: a table of families ("backend"), each a table of verbs ("add"), and what
 * every verb is given.
 */
#ifndef MAGEC_CLI_CLI_H
#define MAGEC_CLI_CLI_H

#include "cli/options.h"
#include "store/store.h"

enum {
    EXIT_USAGE = 64,
    EXIT_FINDINGS = 1 /* check or probe found something to set right */
};

struct cli {
    const char *db;              /* the store's path */
    const struct family *family; /* the one that was called */
    int exit;                    /* when not 0: the exit status, whatever was returned */
};

struct verb {
    const char *name;                  /* "": the family is this one verb */
    const char *synopsis;              /* what stands behind the names */
    const char *summary;               /* for lists: no full stop */
    const char *details;               /* further lines for --help, or NULL */
    const struct option_spec *options; /* or NULL */
    const char *required;              /* an option that must be given, or NULL */
    const char *word; /* what the first word is ("a client"), for messages; NULL: none is taken */
    size_t min_words, max_words;
    bool program;            /* behind "--" comes a program */
    void (*more)(FILE *out); /* further lines for --help, or NULL */
    enum status (*run)(struct cli *cli, const struct options *o, struct error *err);
};

struct family {
    const char *name;
    const char *summary;
    const struct verb *verbs;    /* ended by one without a name */
    const struct entity *entity; /* cli/entity.h, or NULL */
};

extern const struct family family_init, family_backend, family_mcp, family_tool, family_agent,
    family_flow, family_command, family_client, family_run, family_ask, family_runs, family_import,
    family_export, family_check, family_probe;

/* A failure that is the command line's: the tool ends with EXIT_USAGE. */
enum status cli_usage(struct cli *cli, struct error *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The store, opened; and a transaction begun in it. */
enum status cli_open(struct cli *cli, enum store_mode mode, struct store **out, struct error *err);
enum status cli_begin(struct cli *cli, struct store **out, struct error *err);
/* Commits when all is well, else rolls back; closes. NULL is fine. */
enum status cli_end(struct store *s, enum status so_far, struct error *err);
/* The first word, or NULL. */
const char *cli_word(const struct options *o);

/* Options that several verbs take. */
#define OPTION_END                                                                                 \
    {                                                                                              \
        .name = NULL                                                                               \
    }
#define OPTION_JSON                                                                                \
    {                                                                                              \
        .name = "json", .help = "print JSON"                                                       \
    }
#define OPTION_FORCE(what)                                                                         \
    {                                                                                              \
        .name = "force", .help = what                                                              \
    }

#endif
