/*
 * How a schema that answers are to match is sent: each provider has a member of the request for it,
 * and a part of JSON Schema that it takes. An agent's options win over all of it.
 */
#ifndef MAGEC_AGENT_RESPONSE_FORMAT_H
#define MAGEC_AGENT_RESPONSE_FORMAT_H

#include "agent/task.h"
#include "base/json_scan.h"

/* Whether a schema is of the part that OpenAI takes as strict: all members required and no others
 * allowed, and only what it knows. */
bool response_format_is_strict(const struct json *schema);
/* Whether it is of the part that Anthropic takes: no other members allowed, no references in a
 * circle, no limits. */
bool response_format_is_closed(const struct json *schema);

/* Adds member: {"type":"json_schema","json_schema":{...}}, openai's own. */
void response_format_add_openai(const struct ask *ask, struct json_writer *w);
/* Add member "text" (responses) and "output_config" (anthropic) with a "format" and whatever else
 * the options have in it; if so, the options are to be added without theirs. */
bool response_format_add_responses(const struct ask *ask, struct json_writer *w);
bool response_format_add_anthropic(const struct ask *ask, struct json_writer *w);
/* Adds the members of generationConfig (gemini) unless given, the options' own, has them. */
void response_format_add_gemini(
    const struct ask *ask, const struct json_slice *given, struct json_writer *w);

/* What the system prompt of an anthropic agent has to say because the request does not: whether
 * there is something, and adds it to out. */
bool response_format_needs_words(const struct ask *ask);
void response_format_add_words(const struct ask *ask, struct buf *out);

#endif
