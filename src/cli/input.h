/*
 * Text that is given with an option or an argument: the text itself, @FILE for a file's content,
 * "-" for standard input; "@@" at the beginning is one "@" of the text itself.
 */
#ifndef MAGEC_CLI_INPUT_H
#define MAGEC_CLI_INPUT_H

#include <stdbool.h>

#include "base/buf.h"

/* Whether it names something to be read. */
bool input_is_named(const char *arg);
/* Adds to out what is meant; over out->cap it is STATUS_BAD_REQUEST. Text that is not UTF-8, or
 * with a NUL, is refused. */
enum status input_read(const char *arg, struct buf *out, struct error *err);
/* Whether the text may be kept: UTF-8, without a NUL. */
enum status input_check(const struct buf *text, struct error *err);
/* The whole content, unchecked; path "-" is standard input. */
enum status input_read_file(const char *path, struct buf *out, struct error *err);

#endif
