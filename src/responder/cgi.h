/*
 * Plain CGI (RFC 3875): one request, from the environment and standard input.
 */
#ifndef MAGEC_RESPONDER_CGI_H
#define MAGEC_RESPONDER_CGI_H

#include "responder/options.h"

/* Whether this process was started as one. */
bool cgi_is_one(void);
/* Answers the request. Returns the exit status: 0 unless the response was cut off. */
int cgi_main(const struct options *o, struct log *log);

/* It cannot begin: answers 500, and says no more to the caller. Returns the exit status. */
int cgi_unusable(void);

#endif
