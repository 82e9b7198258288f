/*
 * What is configured of an HTTP request: its URL and its headers, in which ${NAME} and
 * ${NAME:-default} are expanded. What of it is not to be said is added to secrets
 * (agent/secret.h).
 */
#ifndef MAGEC_AGENT_OUTGOING_H
#define MAGEC_AGENT_OUTGOING_H

#include "base/buf.h"
#include "base/strings.h"

bool outgoing_is_http(const char *url);
/* Adds it to out. What is put in for variables in its query is secret. STATUS_CONFIG: a variable
 * that there is not, or no http or https URL. */
enum status outgoing_url(
    const char *text, struct buf *out, struct strings *secrets, struct error *err);
/* Adds "Name: value" to the headers. What is put in for variables is secret, and the last word of a
 * header whose name says so. STATUS_CONFIG: a variable that there is not, or a line break. */
enum status outgoing_header(
    const char *text, struct strings *headers, struct strings *secrets, struct error *err);
/* The same of a line that is not expanded and in which nothing is secret. */
enum status outgoing_line(const struct buf *line, struct strings *headers, struct error *err);
/* Whether there is one of the same name as line. */
bool outgoing_has(const struct strings *headers, const char *line);

#endif
