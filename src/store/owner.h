/*
 * Which processes are alive that have runs in the store.
 *
 * An owner is a random number; its process holds an open file description lock (fcntl(2),
 * F_OFD_SETLK) on the byte with that number in the file PATH-owners beside the store. The kernel
 * drops it when the process ends, however it ends, so there is nothing to clean up and no pid to be
 * reused. The store's own file cannot be used: closing it would drop SQLite's locks.
 */
#ifndef MAGEC_STORE_OWNER_H
#define MAGEC_STORE_OWNER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct owner;

/* path is the store's. The file is made with mode 0600. */
enum status owner_open(struct owner **out, const char *path, struct error *err);
void owner_close(struct owner *o);
int64_t owner_id(const struct owner *o);
/* Whether some process holds id. When that cannot be found out, it does. */
bool owner_alive(const char *path, int64_t id);

#endif
