/*
 * The words behind a subcommand. What may stand there is a table: parsing, --help and every usage
 * error come from it, so they cannot disagree.
 *
 * Options may stand anywhere before "--": --name VALUE, --name=VALUE, -x VALUE, -xVALUE. An option
 * that was given with an empty value is meant to clear something.
 */
#ifndef MAGEC_CLI_OPTIONS_H
#define MAGEC_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/strings.h"

enum option_kind {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_INPUT,    /* text, @FILE or "-" (cli/input.h), at most max bytes */
    OPTION_DURATION, /* base/units.h */
    OPTION_COUNT,    /* a whole number from 0 to max */
    OPTION_IDS,      /* ids with commas between several */
    OPTION_WORD      /* one of words */
};

struct option_spec {
    const char *name;  /* without the dashes; NULL ends a table */
    const char *value; /* what --help calls the value; NULL for a flag */
    const char *help;
    enum option_kind kind;
    bool repeated; /* may be given several times */
    char letter;   /* of the short form, or 0 */
    size_t max;
    const char *const *words; /* ended by NULL */
    const char *field;        /* of an entity: what it sets (cli/entity.h), or NULL */
    const char *set;          /* what a flag sets it to */
};

enum { OPTIONS_MAX = 32 };

struct option_given {
    const struct option_spec *spec;
    struct strings values; /* what was read, for OPTION_INPUT */
    bool literal;          /* OPTION_INPUT: it stood on the command line itself */
    bool given;
};

struct options {
    struct option_given given[OPTIONS_MAX];
    size_t count;
    struct strings words;   /* the others, in order */
    struct strings program; /* behind "--", where a program is expected */
    bool has_program;
};

/* What is expected. */
struct option_rules {
    const struct option_spec *specs;  /* or NULL */
    const struct option_spec *common; /* of all subcommands */
    bool program;                     /* behind "--" comes a program, not further words */
};

/* STATUS_BAD_REQUEST is a usage error; it names the nearest option where there is one. *o must be
 * zeroed; it is to be released whatever is returned. */
enum status options_parse(
    struct options *o, const struct option_rules *rules, char **args, struct error *err);
void options_release(struct options *o);
/* Replaces the OPTION_INPUT values @FILE and "-" by what they name. */
enum status options_read_inputs(struct options *o, struct error *err);

bool options_given(const struct options *o, const char *name);
/* The last value, or NULL when it was not given. */
const char *options_text(const struct options *o, const char *name);
const struct strings *options_list(const struct options *o, const char *name);
/* Whether the value of an OPTION_INPUT stood on the command line itself. */
bool options_literal(const struct options *o, const char *name);

/* These change *to only when the option was given; an empty value clears: to NULL, to cleared. The
 * only failure is STATUS_NO_MEMORY. */
enum status options_take_text(const struct options *o, const char *name, char **to);
void options_take_duration(const struct options *o, const char *name, int64_t cleared, int64_t *to);
void options_take_count(const struct options *o, const char *name, int64_t cleared, int64_t *to);

/* The lines of --help. */
void options_help(FILE *out, const struct option_spec *specs);

#endif
