/*
 * Plain CGI (RFC 3875): one request, from the environment and standard input.
 */
#ifndef MAGEC_RESPONDER_CGI_H
#define MAGEC_RESPONDER_CGI_H

#include "responder/options.h"

/* Whether this process was started as one. */
bool cgi_is_one(void);
/* Answers the request. The exit status is 0 unless the response was cut off: it exits with it, or
 * returns it in programs that look for leaks when they end. */
int cgi_main(const struct options *o, struct log *log);

/* It cannot begin: answers 500, and says no more to the caller. Returns the exit status. */
int cgi_unusable(void);

#endif
