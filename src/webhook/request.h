/*
 * A request as a web server hands it over: the meta-variables (RFC 3875, section 4.1) that matter
 * here. Filled in by who received it; the body is theirs until webhook_plan.
 */
#ifndef MAGEC_WEBHOOK_REQUEST_H
#define MAGEC_WEBHOOK_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

enum request_var {
    VAR_METHOD,
    VAR_SCRIPT_NAME,
    VAR_PATH_INFO,
    VAR_ACCEPT,
    VAR_AUTHORIZATION,
    VAR_REDIRECTED_AUTHORIZATION, /* where Apache puts it behind an internal redirect */
    VAR_MAGEC_TOKEN,
    VAR_CONTENT_LENGTH,
    VAR_CONTENT_TYPE,
    VAR_CONTENT_ENCODING,
    VAR_TRANSFER_ENCODING,
    VAR_REMOTE_ADDR,
    VAR_COUNT_
};

struct request {
    const char *vars[VAR_COUNT_]; /* NULL: not sent */
    bool needs_length;            /* plain CGI: the body ends where CONTENT_LENGTH says */
};

/* "REQUEST_METHOD", … */
const char *request_var_name(enum request_var v);
/* VAR_COUNT_ for one that does not matter. */
enum request_var request_var_find(const char *name, size_t len);
/* Never NULL. */
const char *request_var_or(const struct request *r, enum request_var v, const char *otherwise);

#endif
