/*
 * FastCGI records on their way in (FastCGI 1.0, sections 3 to 5). Pure: given bytes cut anywhere,
 * it says piece by piece what they are. It copies nothing but headers, so a piece points into what
 * was given.
 *
 * A connection carries one request at a time: records of another one are answered with
 * FCGI_CANT_MPX_CONN, and what belongs to no request is skipped.
 */
#ifndef MAGEC_RESPONDER_RECORD_H
#define MAGEC_RESPONDER_RECORD_H

#include <stdbool.h>
#include <stddef.h>

enum { RECORD_HEADER = 8, RECORD_ASKED_MAX = 256 };

/* Types of records (section 8). */
enum {
    FCGI_VERSION = 1,
    FCGI_BEGIN_REQUEST = 1,
    FCGI_ABORT_REQUEST = 2,
    FCGI_END_REQUEST = 3,
    FCGI_PARAMS = 4,
    FCGI_STDIN = 5,
    FCGI_STDOUT = 6,
    FCGI_GET_VALUES = 9,
    FCGI_GET_VALUES_RESULT = 10,
    FCGI_UNKNOWN_TYPE = 11
};

enum record_kind {
    RECORD_MORE,       /* all that was given is used up */
    RECORD_BEGIN,      /* a request: reader->id, reader->keep */
    RECORD_PARAMS,     /* some of its parameters */
    RECORD_PARAMS_END, /* all of them were given */
    RECORD_BODY,       /* some of its body */
    RECORD_BODY_END,   /* all of it was given: the request is complete */
    RECORD_ABORT,      /* the web server wants it no more */
    RECORD_ANSWER,     /* to be sent back as it is */
    RECORD_BROKEN      /* no FastCGI, or a role that is not ours: nothing can follow */
};

struct record_piece {
    const char *bytes;
    size_t len;
};

struct record_reader {
    int id;    /* of the request that began; 0: none */
    bool keep; /* FCGI_KEEP_CONN: the connection is to carry more requests */
    bool params_ended;
    /* The record that is being read. */
    unsigned char head[RECORD_HEADER];
    size_t have; /* of head */
    size_t content, padding;
    char small[RECORD_ASKED_MAX]; /* the content of what is read whole */
    size_t small_len;
    char answer[RECORD_ASKED_MAX];
};

void record_reader_init(struct record_reader *r);
/* Whether bytes given now begin a record. */
bool record_between(const struct record_reader *r);
/* The next piece of *at, which moves forward. RECORD_ANSWER's bytes are the reader's and valid
 * until the next call. */
enum record_kind record_next(
    struct record_reader *r, const char **at, size_t *left, struct record_piece *piece);
/* After RECORD_BODY_END: the next request may begin. */
void record_again(struct record_reader *r);

/* The next name and value (section 3.4) of *at, which moves forward; false at its end or when the
 * rest is no whole pair. Nothing is terminated. */
bool record_pair(
    const char **at, size_t *left, struct record_piece *name, struct record_piece *value);

#endif
