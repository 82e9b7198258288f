/*
 * The prompt of a passthrough call: from a body and what its sender says of it. Pure: no clock, no
 * network, no store.
 *
 * Whatever is sent is forwarded. The declared type is a hint, not a gate: curl's -d says form, a
 * browser's fetch says text/plain, and both send JSON. In this order:
 *   - not UTF-8, or with a NUL: refused, with the byte offset;
 *   - a JSON object with a string "prompt": that string; its "agent", if it is a string, names the
 *     agent. Any other JSON object or array: its text, as it was sent (a string "agent" counts
 * too);
 *   - declared application/json (or any +json) and not JSON: refused, with the byte offset;
 *   - declared form (application/x-www-form-urlencoded) with a "=": its "prompt" field, else its
 *     fields as "name: value" lines; "agent" names the agent when there is a "prompt";
 *   - declared multipart/form-data: the same with its parts;
 *   - anything else: as it is.
 * A prompt of white space alone is empty, and refused.
 */
#ifndef MAGEC_WEBHOOK_PROMPT_H
#define MAGEC_WEBHOOK_PROMPT_H

#include "base/buf.h"

struct prompt {
    struct buf text;
    char *agent; /* the one that the body asks for, or NULL */
};

void prompt_init(struct prompt *p, size_t cap);
void prompt_release(struct prompt *p);
/* content_type may be NULL. STATUS_BAD_REQUEST: one sentence that says what and where. */
enum status prompt_from_body(
    struct prompt *p, const char *body, size_t len, const char *content_type, struct error *err);

#endif
