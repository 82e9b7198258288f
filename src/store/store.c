#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/ident.h"
#include "base/units.h"
#include "store/internal.h"

#ifndef MAGEC_DEFAULT_DB
#define MAGEC_DEFAULT_DB "/var/lib/magec/magec.db"
#endif

enum {
    BRIEF_LOG_PAGES = 64, /* the next to open the store reads them all */
    BUSY_PAUSE_NS = 100 * 1000,
    BUSY_TIMES = 8,  /* so many of these, then as many twice as long, */
    BUSY_DOUBLED = 6 /* and so on, so often */
};

static const char set_up[] = "PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL;"
                             "PRAGMA cache_size = -256; PRAGMA temp_store = MEMORY;"
                             "PRAGMA mmap_size = 0; PRAGMA journal_size_limit = 67108864;";

const char *store_default_path(void)
{
    const char *path = getenv("MAGEC_DB");
    return path && *path ? path : MAGEC_DEFAULT_DB;
}

/* Before SQLite's first use: its count of memory has one lock for all threads, taken twice for each
 * allocation, and nobody reads it. */
static void configure(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* SQLite's own way begins with a millisecond, in which another process's writer is done ten times.
 */
static int wait_while_busy(void *ctx, int times)
{
    struct store *s = ctx;
    int64_t now = units_mono_us();
    if (times == 0)
        s->busy_us = now;
    if (now - s->busy_us >= (int64_t)STORE_BUSY_MS * 1000)
        return 0;
    int doubled = times / BUSY_TIMES < BUSY_DOUBLED ? times / BUSY_TIMES : BUSY_DOUBLED;
    struct timespec pause = {.tv_nsec = BUSY_PAUSE_NS << doubled};
    nanosleep(&pause, NULL);
    return 1;
}

static enum status connect(struct store **out, const char *path, struct error *err)
{
    struct store *s = calloc(1, sizeof *s);
    if (!s || !(s->path = strdup(path))) {
        free(s);
        return error_set(err, STATUS_NO_MEMORY, "out of memory for the store");
    }
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    enum status st = STATUS_OK;
    if (sqlite3_open_v2(path, &s->db, flags, NULL) != SQLITE_OK)
        st = sql_error(s, err);
    if (!st) {
        sqlite3_extended_result_codes(s->db, 0);
        sqlite3_busy_handler(s->db, wait_while_busy, s);
        st = sql_exec(s, set_up, err);
    }
    if (st)
        store_close(s);
    else
        *out = s;
    return st;
}

static enum status pragma_int(struct store *s, const char *sql, int *out, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s, sql, err);
    bool row;
    if (!q || sql_step(s, q, &row, err))
        return STATUS_STORE;
    *out = row ? sqlite3_column_int(q, 0) : 0;
    sqlite3_reset(q);
    return STATUS_OK;
}

static enum status check_schema(struct store *s, enum store_mode mode, struct error *err)
{
    int id = 0, version = 0;
    enum status st = pragma_int(s, "PRAGMA application_id", &id, err);
    if (!st)
        st = pragma_int(s, "PRAGMA user_version", &version, err);
    if (st)
        return st;
    if (id != APPLICATION_ID)
        return error_set(err, STATUS_STORE,
            "\"%s\" is not a store of this program: name the right file with -d, or make one with "
            "\"magec init\"",
            s->path);
    if (version > SCHEMA_VERSION)
        return error_set(err, STATUS_STORE,
            "the store \"%s\" was made by a newer version (schema %d, this program knows %d): "
            "upgrade magec-fcgi",
            s->path, version, (int)SCHEMA_VERSION);
    if (version == SCHEMA_VERSION)
        return STATUS_OK;
    if (version < 0)
        return sql_damaged(s, err);
    if (mode == STORE_WRITE)
        return schema_upgrade(s, err);
    return error_set(err, STATUS_STORE,
        "the store \"%s\" was made by an older version: bring it up to date with \"magec check\"",
        s->path);
}

enum status store_open(
    struct store **out, const char *path, enum store_mode mode, struct error *err)
{
    struct stat info;
    if (stat(path, &info)) {
        if (errno == ENOENT)
            return error_set(
                err, STATUS_STORE, "no store at \"%s\": make one with \"magec init\"", path);
        return error_set(err, STATUS_STORE, "the store \"%s\" cannot be opened: %s%s", path,
            strerror(errno),
            errno == EACCES ? "; this user needs permission for it and for its directory" : "");
    }
    if (!S_ISREG(info.st_mode))
        return error_set(err, STATUS_STORE, "the store \"%s\" is not a file", path);
    if (info.st_size == 0)
        return error_set(err, STATUS_STORE,
            "the store \"%s\" is empty: remove the file and run \"magec init\"", path);
    struct store *s = NULL;
    enum status st = connect(&s, path, err);
    if (!st)
        st = check_schema(s, mode, err);
    if (!st)
        s->file = info;
    if (!st && mode == STORE_READ)
        st = sql_exec(s, "PRAGMA query_only = ON", err);
    if (st)
        store_close(s);
    else
        *out = s;
    return st;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->statement_count; i++)
        sqlite3_finalize(s->statements[i].stmt);
    sqlite3_close(s->db);
    free(s->path);
    free(s);
}

void store_brief(struct store *s)
{
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_wal_autocheckpoint(s->db, BRIEF_LOG_PAGES);
}

static int note_log(void *ctx, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    struct store *s = ctx;
    s->log_pages = pages;
    return SQLITE_OK;
}

void store_keep_log(struct store *s)
{
    sqlite3_wal_hook(s->db, note_log, s); /* which also ends SQLite's own way */
}

int store_log_pages(const struct store *s)
{
    return s->log_pages;
}

void store_checkpoint(struct store *s)
{
    sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

const char *store_path(const struct store *s)
{
    return s->path;
}

enum status store_same_file(const struct store *s, struct error *err)
{
    struct stat info;
    if (stat(s->path, &info))
        return error_set(err, STATUS_STORE, "no store at \"%s\" any more", s->path);
    if (info.st_ino != s->file.st_ino || info.st_dev != s->file.st_dev)
        return error_set(err, STATUS_STORE,
            "the store \"%s\" was replaced by another file: restart the responder", s->path);
    return STATUS_OK;
}

enum status store_ping(struct store *s, struct error *err)
{
    int any;
    enum status st = store_same_file(s, err);
    return st ? st
              : pragma_int(s, "SELECT count(*) FROM (SELECT 1 FROM client LIMIT 1)", &any, err);
}

enum status store_generation(struct store *s, int64_t *generation, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s, "SELECT generation FROM configuration WHERE only = 1", err);
    bool row;
    if (!q || sql_step(s, q, &row, err))
        return STATUS_STORE;
    if (!row)
        return sql_damaged(s, err);
    *generation = sqlite3_column_int64(q, 0);
    sqlite3_reset(q);
    return STATUS_OK;
}

enum status store_begin(struct store *s, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s, "BEGIN IMMEDIATE", err);
    return q ? sql_run(s, q, err) : STATUS_STORE;
}

enum status store_begin_reading(struct store *s, struct error *err)
{
    return sql_exec(s, "BEGIN", err);
}

enum status store_commit(struct store *s, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s, "COMMIT", err);
    return q ? sql_run(s, q, err) : STATUS_STORE;
}

bool store_in_transaction(const struct store *s)
{
    return !sqlite3_get_autocommit(s->db);
}

void store_rollback(struct store *s)
{
    if (store_in_transaction(s))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

/* ---- making one ---- */

static enum status fill(const char *path, struct error *err)
{
    struct store *s = NULL;
    char pragma[96];
    snprintf(pragma, sizeof pragma, "PRAGMA application_id = %d; PRAGMA journal_mode = WAL",
        (int)APPLICATION_ID);
    enum status st = connect(&s, path, err);
    if (!st)
        st = sql_exec(s, pragma, err);
    if (!st)
        st = schema_upgrade(s, err);
    store_close(s); /* the last connection: nothing stays in the log */
    return st;
}

static enum status cannot_make(const char *path, struct error *err)
{
    if (errno == EEXIST)
        return error_set(err, STATUS_CONFLICT, "the store \"%s\" exists already", path);
    if (errno == ENOENT)
        return error_set(err, STATUS_STORE,
            "cannot make the store \"%s\": %s; make its directory first", path, strerror(errno));
    return error_set(err, STATUS_STORE, "cannot make the store \"%s\": %s", path, strerror(errno));
}

/* Never replaces. */
static int appear(const char *temporary, const char *path)
{
    int rc = link(temporary, path);
    if (rc && (errno == EPERM || errno == EOPNOTSUPP || errno == EMLINK)) /* no hard links here */
        rc = renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE);
    return rc;
}

static void remove_all(const char *temporary)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
    char name[4096 + 16];
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        snprintf(name, sizeof name, "%s%s", temporary, tails[i]);
        unlink(name);
    }
}

enum status store_create(const char *path, struct error *err)
{
    char temporary[4096];
    unsigned char noise[8];
    char hex[2 * sizeof noise + 1];
    enum status st = ident_random(noise, sizeof noise, err);
    if (st)
        return st;
    if (!access(path, F_OK)) {
        errno = EEXIST;
        return cannot_make(path, err);
    }
    ident_hex(noise, sizeof noise, hex);
    if (snprintf(temporary, sizeof temporary, "%s.%s", path, hex) >= (int)sizeof temporary)
        return error_set(err, STATUS_BAD_REQUEST, "the path of the store is too long");
    int fd = open(temporary, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return cannot_make(path, err);
    close(fd);
    st = fill(temporary, err);
    if (!st && appear(temporary, path))
        st = cannot_make(path, err);
    remove_all(temporary);
    return st;
}
