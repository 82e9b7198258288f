/*
 * What the tool prints. Everything that is shown is a JSON text first, with Magec's field names:
 * --json prints it, and what people see is made from it, so that both say the same.
 */
#ifndef MAGEC_CLI_OUTPUT_H
#define MAGEC_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/json.h"

/* A cap for what is printed at once. */
#define OUTPUT_MAX ((size_t)256 * 1024 * 1024)

enum column_format {
    COLUMN_TEXT,  /* of an array: its elements with commas; of a bool: yes or no */
    COLUMN_WORDS, /* of an array: its elements with spaces */
    COLUMN_TIME,  /* without fractions of a second */
    COLUMN_MS,    /* milliseconds, as seconds */
    COLUMN_DOWN   /* of an object: "down since", its since, and its error */
};

struct column {
    const char *head; /* NULL ends a table */
    const char *path; /* "config.webhook.commandId"; "url|command": the first that is there */
    const char *none; /* shown when it is not there; NULL: "-" */
    enum column_format format;
    size_t width; /* a longer cell is cut; 0: never */
};

/* What is going to be shown: JSON, written with w. */
struct output {
    struct buf json;
    struct json_writer w;
};

void output_begin(struct output *out);
/* The values written are the elements of an array. */
void output_begin_list(struct output *out);

/* These print what was written, unless st says that there is nothing to show, and release it. They
 * return the first failure. */

/* A list of objects as a table; its columns are as wide as what they show. */
enum status output_list(struct output *out, enum status st, const struct column *columns,
    bool as_json, struct error *err);
/* An object, one line for each of its members. */
enum status output_object(struct output *out, enum status st, bool as_json, struct error *err);

#endif
