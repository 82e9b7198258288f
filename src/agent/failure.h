/*
 * What a provider's error document means: whether the failure may pass, in the words that providers
 * have for it. An error under HTTP 200 has no other sign of it.
 */
#ifndef MAGEC_AGENT_FAILURE_H
#define MAGEC_AGENT_FAILURE_H

#include "base/json.h"

/* The HTTP status that the error of a document amounts to, if that may pass: 408, 409, 429 or 500
 * and above; else 0. Its words are "type", "code" and "status", of "error" or of the document
 * itself; one that is final wins over the others. */
int failure_status(const struct json *document);
/* The same of one word, or of a number as text. */
int failure_word_status(const char *word);
/* Whether the document says that what may be spent is spent: waiting does not help, whatever its
 * status. */
bool failure_is_spent(const struct json *document);
/* The title of an HTML page, such as servers send for errors, cut to size. */
bool failure_title(const char *page, char *out, size_t size);

#endif
