/*
 * What fields of several kinds have to be: URLs, headers, environments, paths. All of them are
 * STATUS_BAD_REQUEST when they are not.
 */
#ifndef MAGEC_STORE_CHECKS_H
#define MAGEC_STORE_CHECKS_H

#include "base/status.h"
#include "base/strings.h"

/* http or https. instead says how to give a key, for an URL with a user or password, which it must
 * not have; NULL: it may. */
enum status check_url(const char *url, const char *instead, struct error *err);
/* "Name: value" in one line each; a message does not show them. */
enum status check_headers(const struct strings *lines, struct error *err);
bool check_header_name(const char *name, size_t len);
/* "NAME=value" or "NAME". */
enum status check_env(const struct strings *items, struct error *err);
bool check_variable_name(const char *name, size_t len);
/* Absolute; NULL is fine. what is "client key". */
enum status check_path(const char *what, const char *path, struct error *err);
/* Patterns of tools' names (agent/tool.h). */
enum { PATTERNS_MAX = 64, PATTERN_LEN = 128 };
enum status check_patterns(const struct strings *patterns, struct error *err);

#endif
