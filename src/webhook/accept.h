/*
 * Which form of reply a caller wants (RFC 9110, section 12.5.1, "Accept"). Pure.
 */
#ifndef MAGEC_WEBHOOK_ACCEPT_H
#define MAGEC_WEBHOOK_ACCEPT_H

enum reply_format { REPLY_JSON, REPLY_SSE, REPLY_TEXT };

/* The supported type with the highest quality; of equals the one named first; JSON for NULL, for
 * wildcards and for anything that names none of ours. */
enum reply_format accept_format(const char *accept);

#endif
