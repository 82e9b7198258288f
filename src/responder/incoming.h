/*
 * A connection while a request comes in on it: parameters, what the store says of the client, the
 * body, the plan. Then it is answered, and this one is gone.
 */
#ifndef MAGEC_RESPONDER_INCOMING_H
#define MAGEC_RESPONDER_INCOMING_H

#include "responder/conn.h"
#include "webhook/webhook.h"

struct incoming;

struct incoming_list {
    struct incoming *first;
};

enum { INCOMING_READ_SIZE = 64 * 1024 };

/* What all connections share; the intake's. */
struct incoming_env {
    struct service *service;
    size_t max_params;
    struct incoming_list coming;    /* those that are being received */
    struct conn_list replying;      /* those that are being answered */
    size_t open;                    /* both */
    bool closing;                   /* no connection is kept */
    char bytes[INCOMING_READ_SIZE]; /* for what is read and looked at at once */
};

/* Takes the descriptor over, and reads what is there. */
void incoming_new(struct incoming_env *env, int fd);
/* Drops those that wait for a request; in a hurry also those that are in the middle of one. */
void incoming_drop(struct incoming_env *env, bool hurry);

#endif
