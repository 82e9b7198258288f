/*
 * What can go wrong, in one enum, and the sentence that says it to a person.
 *
 * A function that can fail returns enum status and, where it takes a struct error, fills it. The
 * status decides the HTTP status for a caller and the exit status for a shell; the text is lower
 * case, cause first, the subject quoted, and says what to do when that is known. The text may
 * reach an operator's terminal or log; what a caller of a webhook is told is decided in webhook/.
 */
#ifndef MAGEC_BASE_STATUS_H
#define MAGEC_BASE_STATUS_H

#include <stdarg.h>

enum status {
    STATUS_OK,
    STATUS_BAD_REQUEST,        /* 400: the input cannot be understood */
    STATUS_UNAUTHORIZED,       /* 401: no valid token */
    STATUS_FORBIDDEN,          /* 403: disabled, or an agent that is not allowed */
    STATUS_NOT_FOUND,          /* 404: no such path; in the operator's tool: no such entity */
    STATUS_METHOD_NOT_ALLOWED, /* 405 */
    STATUS_CONFLICT,           /* 409: exists already, or others refer to it */
    STATUS_LENGTH_REQUIRED,    /* 411: plain CGI cannot read a body of unknown length */
    STATUS_TOO_LARGE,          /* 413: over a limit that can be set */
    STATUS_UNSUPPORTED_MEDIA,  /* 415: an encoding that is not understood */
    STATUS_INTERNAL,           /* 500: a mistake of ours */
    STATUS_NO_MEMORY,          /* 500 */
    STATUS_CONFIG,             /* 500: the operator has something to set right */
    STATUS_STORE,              /* 500: the store cannot be used */
    STATUS_BACKEND,            /* 502: the backend failed */
    STATUS_UNAVAILABLE,        /* 503: too busy, or shutting down; try again */
    STATUS_TIMEOUT,            /* 504: a deadline passed */
    STATUS_CANCELED,           /* nobody waits for the answer any more; recorded as 499 */
    STATUS_COUNT_
};

/* The HTTP status code (RFC 9110); 200 for STATUS_OK, 499 for STATUS_CANCELED. */
int status_http(enum status s);
/* The reason phrase that goes with it, as in RFC 9110 ("Bad Gateway"). */
const char *status_title(enum status s);
/* The word for it in logs and records: "ok", "bad-request", "backend", ... */
const char *status_name(enum status s);
/* The exit status of a program that ends with it (magec(1), EXIT STATUS). */
int status_exit(enum status s);

enum { ERROR_TEXT_MAX = 3072 };

/* One failure. Lives on the stack of whoever asks; text is always NUL-terminated. */
struct error {
    enum status status;
    char text[ERROR_TEXT_MAX];
};

/* Fills *err (may be NULL) and returns s, so that a failure is one line: return error_set(...).
 * A text over the maximum is cut at a character boundary and ends in "...". */
enum status error_set(struct error *err, enum status s, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
enum status error_vset(struct error *err, enum status s, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
/* Puts "what: " before the text that is there. */
void error_prefix(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
