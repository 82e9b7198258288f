/*
 * What is in a PEM file, told by its frames: what they hold is not understood, but it is seen when
 * a file is something else, was cut, or was damaged when it was copied.
 */
#ifndef MAGEC_NET_PEM_H
#define MAGEC_NET_PEM_H

#include <stdbool.h>
#include <stddef.h>

struct pem {
    size_t certificates;
    size_t keys;    /* private ones */
    bool encrypted; /* one of the keys needs a passphrase */
};

/* Text between the frames and frames of other kinds are passed over. False when a frame is not
 * closed, or does not hold the base64 of one whole DER value; *out is filled as far as it went. */
bool pem_look(const char *text, size_t len, struct pem *out);

#endif
