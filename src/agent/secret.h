/*
 * Keys: how a reference becomes a secret, and how a secret is kept out of what people see.
 */
#ifndef MAGEC_AGENT_SECRET_H
#define MAGEC_AGENT_SECRET_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/strings.h"

/* "env:NAME" and "file:PATH" (its content, without white space at the end) are looked up, anything
 * else is itself; ${NAME} and ${NAME:-default} in it are expanded. STATUS_CONFIG names what is
 * missing. In a CGI the caller chooses HTTP_*: these are refused. */
enum status secret_resolve(const char *reference, struct buf *out, struct error *err);
/* Expands ${NAME} and ${NAME:-default} from the environment. values, unless NULL, gets what was put
 * in for each. */
enum status secret_expand(
    const char *text, struct buf *out, struct strings *values, struct error *err);
/* Sets *err to st and "what" before the text, in which every occurrence of a secret is replaced by
 * "[redacted]" before anything is cut. Secrets of fewer than 4 bytes are not looked for. */
enum status secret_redact(struct error *err, enum status st, const char *what, const char *text,
    const struct strings *secrets);
/* Adds the text with every occurrence of a secret replaced. */
enum status secret_hide(const char *text, const struct strings *secrets, struct buf *out);
/* Whether the name in "Name: value" or "NAME=value" says that the value is to be kept. */
bool secret_is_named(const char *line);
/* Releases the list, the bytes overwritten before. */
void secret_forget(struct strings *secrets);

#endif
