/*
 * What an answer of the Gemini API is sent back as when the model called a function: its parts,
 * each exactly as it came, since a signature of thoughts holds for the part that it stands in.
 */
#ifndef MAGEC_AGENT_GEMINI_CALLS_H
#define MAGEC_AGENT_GEMINI_CALLS_H

#include "agent/stream.h"

/* One more part: its text, at the end of the echo. Too much of it: there is no echo. */
enum status gemini_keep_part(struct stream *s, const char *part, size_t len);
/* A functionCall, an object. */
enum status gemini_read_call(struct stream *s, const struct json_slice *call);
/* Whether the provider gave an id to a call of an echo, by its place among them. */
bool gemini_call_has_id(const char *echo, size_t place);

#endif
