/*
 * One connection to the store: an SQLite file in WAL mode with foreign keys on. Not shared between
 * threads: every thread that reads has its own.
 *
 * Every failure names the file and what to do about it (missing, unreadable, locked, full, corrupt,
 * made by a newer version) and is STATUS_STORE; STATUS_NOT_FOUND, STATUS_CONFLICT and
 * STATUS_BAD_REQUEST are about the entity asked for. Callers of webhooks never see these texts.
 */
#ifndef MAGEC_STORE_STORE_H
#define MAGEC_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct store;

enum store_mode {
    STORE_READ, /* entities and runs are read; nothing is changed */
    STORE_WRITE
};

enum { STORE_BUSY_MS = 5000 }; /* how long a locked file is waited for */

/* Where the store is when -d does not say: $MAGEC_DB, else the place chosen at build time. */
const char *store_default_path(void);
/* Makes the file, mode 0600, with the newest schema, in one step: a name that appears is complete.
 * STATUS_CONFLICT when it exists already; it is left as it is. */
enum status store_create(const char *path, struct error *err);
/* Opens an existing one. STORE_WRITE brings an older schema up to date; STORE_READ asks for that.
 */
enum status store_open(
    struct store **out, const char *path, enum store_mode mode, struct error *err);
void store_close(struct store *s);
/* For a process that lives as long as one call: its log is not written back when the store is
 * closed, which costs a few syncs, but by the commit that makes it longer than a few calls. */
void store_brief(struct store *s);
/* Its log grows until store_checkpoint is called, by whichever connection. */
void store_keep_log(struct store *s);
/* How many pages the log had behind the last commit of this connection, after store_keep_log. */
int store_log_pages(const struct store *s);
/* Writes back what of the log nobody reads any more; nothing when somebody else does so. */
void store_checkpoint(struct store *s);
const char *store_path(const struct store *s);
/* Whether the path still names the file that is open. */
enum status store_same_file(const struct store *s, struct error *err);
/* Whether the file can be read right now: one small query. */
enum status store_ping(struct store *s, struct error *err);

/* A number that grows with every change of the configuration (backends, agents, commands, clients,
 * tokens), whichever program makes it, and with nothing else: neither with runs nor with the time
 * that a token was last used. What was read at one number is still true at the same number, if it
 * is asked first. One row of one small table, by a statement that is prepared once. */
enum status store_generation(struct store *s, int64_t *generation, struct error *err);

/* A transaction around several changes; they do not nest. Without one, each change is its own. */
enum status store_begin(struct store *s, struct error *err);
/* The same for several readings that must agree with each other: ended by store_rollback. */
enum status store_begin_reading(struct store *s, struct error *err);
enum status store_commit(struct store *s, struct error *err);
void store_rollback(struct store *s);
/* False also when SQLite has given up the transaction after a failure. */
bool store_in_transaction(const struct store *s);

#endif
