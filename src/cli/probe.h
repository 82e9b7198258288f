/*
 * magec probe: what a web server does to what is sent through it. A check makes one or two calls of
 * a client that was made for it (cli/probe_client.h), and says in a row what it found.
 */
#ifndef MAGEC_CLI_PROBE_H
#define MAGEC_CLI_PROBE_H

#include "cli/cli.h"
#include "cli/output.h"
#include "net/transport.h"

/* ---- what is wrong, and whose remedy it needs ---- */

enum web_server {
    SERVER_NGINX,
    SERVER_LIGHTTPD,
    SERVER_APACHE,
    SERVER_CADDY,
    SERVER_H2O,
    SERVER_OTHER
};

enum symptom {
    SYMPTOM_NONE,
    SYMPTOM_NOT_ROUTED,  /* the server has something else there, or nothing */
    SYMPTOM_FORBIDDEN,   /* 403 of the server's own */
    SYMPTOM_PATH,        /* it is us, without the path */
    SYMPTOM_CRASHED,     /* 500 of its own */
    SYMPTOM_NOBODY,      /* 502, 503 of its own */
    SYMPTOM_SLOW,        /* 504, or a connection closed, behind a silence */
    SYMPTOM_INTERCEPTED, /* our status, and a page of its own */
    SYMPTOM_OWN_LOGIN,   /* it wants credentials for itself */
    SYMPTOM_CREDENTIALS, /* Authorization does not arrive */
    SYMPTOM_LUMP,        /* a stream that is collected */
    SYMPTOM_COMPRESSED,  /* the same, for compressing it */
    SYMPTOM_CHUNKED,     /* no body in chunks */
    SYMPTOM_LARGE,       /* no large body */
    SYMPTOM_EXPECT,      /* 417 */
    SYMPTOM_HANGUP,      /* the caller is gone, and the run goes on */
    SYMPTOM_COUNT_
};

/* By the Server header, else by the look of an error page. */
enum web_server server_of(const char *header, const char *page);
const char *server_name(enum web_server server);
/* "" for SYMPTOM_NONE. */
const char *remedy_for(enum symptom symptom, enum web_server server);

/* ---- rows ---- */

enum probe_result { PROBE_OK, PROBE_NOTE, PROBE_WRONG, PROBE_UNKNOWN, PROBE_SKIPPED };

struct probe_row {
    enum probe_result result;
    enum symptom symptom; /* its remedy, if there is no other */
    char detail[1024];    /* what was found */
    char remedy[1024];    /* or "" */
};

/* ---- calls ---- */

enum probe_credential { CREDENTIAL_NONE, CREDENTIAL_BEARER, CREDENTIAL_OWN };

struct probe_call {
    /* What is to be done; zeroed is a GET without credentials. */
    enum probe_credential credential;
    const char *accept; /* or NULL */
    const char *header; /* a further one, or NULL */
    bool http1;         /* not over HTTP/2 */
    char *body;         /* allocated, taken over by the call; NULL: GET */
    size_t len;
    int64_t patience_ms; /* 0: the probe's */
    /* Told of what arrives, before it is added to text; true: that is enough. */
    bool (*see)(void *ctx, const struct probe_call *c, const char *bytes, size_t len);
    void *ctx;

    /* What came of it. */
    int status; /* of HTTP; 0: none */
    char server[128], type[128], allow[64], challenge[128], location[512], encoding[32];
    struct buf text;            /* the body's beginning */
    int64_t began_ms, ended_ms; /* units_mono_ms() */
    enum status end;            /* STATUS_CANCELED: enough was seen */
    struct error why;
    struct http_seen seen;

    struct transfer *transfer;
    bool ended, enough;
};

/* How far it got: what comes later needs what came before. */
enum probe_stage { STAGE_BEGUN, STAGE_REACHED, STAGE_ROUTED, STAGE_ADMITTED };

struct probe {
    const char *url;
    const char *client; /* its last part */
    const char *token;
    const char *store;   /* the responder's, or NULL */
    int64_t patience_ms; /* for one call */
    int64_t silence_ms;  /* to be tried; 0: none */
    struct http_tls tls;
    struct loop *loop;
    struct transport *transport;
    enum probe_stage stage;
    bool own_header;  /* Authorization does not arrive, X-Magec-Token does */
    bool streams;     /* events arrive while they are made */
    int64_t delay_ms; /* between two words of the agent, once known */
    enum web_server server;
    struct probe_call first; /* a GET, with what is said of the connection */
};

typedef enum status probe_check(struct probe *p, struct probe_row *row, struct error *err);

/* A failure that is returned ends the program; what is wrong there is in the row. */
probe_check probe_server, probe_path, probe_refusal, probe_credentials; /* probe_arrival.c */
probe_check probe_stream;                                               /* probe_stream.c */
probe_check probe_chunked, probe_large, probe_expect;                   /* probe_bodies.c */
probe_check probe_silence, probe_hangup;                                /* probe_time.c */
probe_check probe_tls, probe_http;                                      /* probe_line.c */

/* Fills the row. */
void row_set(struct probe_row *row, enum probe_result result, enum symptom symptom,
    const char *detail, ...) __attribute__((format(printf, 4, 5)));

/* Makes the call and waits for its end. *c is to be released, whatever is returned. */
enum status probe_call(struct probe *p, struct probe_call *c, struct error *err);
void probe_call_release(struct probe_call *c);
/* With the credential that arrives and a body of these words: "w w w". */
enum status probe_words(
    struct probe *p, struct probe_call *c, size_t words, const char *accept, struct error *err);

/* Whether it is magec-fcgi that answered. */
bool is_ours(const struct probe_call *c);
/* The detail of a problem document, or "". */
void problem_detail(const struct probe_call *c, char out[512]);
/* Whether the answer is the JSON reply of an agent that said the prompt back. */
bool is_echo(const struct probe_call *c, const char *prompt);
/* The row of a call that did not go as it should. */
void explain(const struct probe *p, const struct probe_call *c, struct probe_row *row);

#endif
