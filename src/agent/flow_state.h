/*
 * What the agents of a flow share: texts by their keys.
 */
#ifndef MAGEC_AGENT_FLOW_STATE_H
#define MAGEC_AGENT_FLOW_STATE_H

#include "base/buf.h"
#include "base/cel.h"

enum {
    FLOW_KEYS_MAX = 256,
    FLOW_KEY_MAX = 256,                  /* bytes */
    FLOW_STATE_MAX = 16 * 1024 * 1024,   /* bytes of all texts */
    FLOW_EXPANDED_MAX = 16 * 1024 * 1024 /* bytes of a prompt with texts in it */
};

struct flow_value {
    char *key;
    char *text;
    size_t len;
};

/* A zeroed one is empty. */
struct flow_state {
    struct flow_value *values;
    size_t count, bytes;
};

void flow_state_release(struct flow_state *s);
/* The key gets this text, instead of what it had. STATUS_TOO_LARGE. */
enum status flow_state_set(
    struct flow_state *s, const char *key, const char *text, size_t len, struct error *err);
/* NULL when there is none. */
const struct flow_value *flow_state_get(const struct flow_state *s, const char *key, size_t len);
/* Whether there is something to expand in the text; NULL is fine. */
bool flow_state_wanted(const char *text);
/* Adds the text, each {{agent.output:KEY}} in it replaced by the key's text (nothing, when it has
 * none). Texts are not expanded again, and nothing else is. */
enum status flow_state_expand(const struct flow_state *s, const char *text, struct buf *out);
/* Whether a condition is true of it: cel_test. */
enum status flow_state_test(
    const struct flow_state *s, const struct cel *condition, bool *result, struct error *err);

#endif
