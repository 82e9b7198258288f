/*
 * Text for people: how wide it is, and how it is written without harm.
 */
#ifndef MAGEC_CLI_TEXT_H
#define MAGEC_CLI_TEXT_H

#include <stdio.h>

#include "base/buf.h"

/* How many columns of a terminal UTF-8 text takes. */
size_t text_width(const char *text, size_t len);
/* Cuts what is wider, and ends it with an ellipsis. */
void text_cut(struct buf *text, size_t width);
/* Writes it; to a terminal, without the control characters that could command it. */
void text_write(FILE *out, const char *text, size_t len);
/* "magec: what\n" to stderr, always without them. */
void text_error(const char *text);
/* The same: "magec: warning: ...". */
void text_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
