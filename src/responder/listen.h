/*
 * Listening sockets: our own, and those that somebody hands us.
 */
#ifndef MAGEC_RESPONDER_LISTEN_H
#define MAGEC_RESPONDER_LISTEN_H

#include <stdbool.h>

#include "base/status.h"

struct listener_socket {
    int fd;           /* -1: none */
    bool own;         /* opened by this process, not handed over */
    const char *path; /* of a unix socket that is ours to remove, else NULL */
};

/* where: "unix:PATH", "HOST:PORT" or "[IPv6]:PORT". A unix socket gets mode 0660; one that a live
 * process owns is refused, a dead one is replaced. TCP without a host is refused: everybody could
 * reach it, and FastCGI knows no credentials. where must outlive the socket. */
enum status listen_open(struct listener_socket *l, const char *where, struct error *err);
/* One handed over: by systemd (LISTEN_FDS), or as standard input (mod_fcgid, lighttpd, spawn-fcgi).
 * False when there is none. */
bool listen_inherited(struct listener_socket *l);
/* Nobody can connect to our own any more; those who wait in it can still be accepted. An inherited
 * one is left alone. */
void listen_stop(struct listener_socket *l);
/* Closes our own, and removes its file. An inherited one stays open: siblings share it. */
void listen_close(struct listener_socket *l);

#endif
