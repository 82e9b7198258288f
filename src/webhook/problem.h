/*
 * Problem documents (RFC 9457) and the header fields that go with a status.
 */
#ifndef MAGEC_WEBHOOK_PROBLEM_H
#define MAGEC_WEBHOOK_PROBLEM_H

#include "base/json.h"
#include "webhook/run.h"

/* The document. r may be NULL; else its id and the outcome of each agent are in it. */
void problem_write(const struct error *err, const struct run *r, struct json_writer *w);
/* The header fields of a whole response with that document as its body, and the body. allow is for
 * 405, else NULL. */
void problem_response(
    const struct error *err, const struct run *r, const char *allow, struct buf *out);

#endif
