/*
 * What the files of store/ share: the connection, its prepared statements, and SQL in few words.
 */
#ifndef MAGEC_STORE_INTERNAL_H
#define MAGEC_STORE_INTERNAL_H

#include <sqlite3.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/deadlines.h"
#include "base/ident.h"
#include "base/json.h"
#include "base/strings.h"
#include "store/store.h"

enum {
    STATEMENTS_MAX = 128,
    TOUCHED_MAX = 16,
    SCHEMA_VERSION = 9,
    APPLICATION_ID = 0x6d676563 /* "mgec" */
};

/* A token and when it was touched last, so that it need not be looked up. */
struct touch {
    unsigned char hash[IDENT_HASH_LEN];
    int64_t at_ms;
};

struct store {
    sqlite3 *db;
    char *path;
    struct stat file; /* as it was opened */
    struct {
        const char *key; /* an address that stays */
        sqlite3_stmt *stmt;
    } statements[STATEMENTS_MAX];
    size_t statement_count;
    struct touch touched[TOUCHED_MAX];
    int log_pages;     /* behind the last commit, once that is counted */
    int64_t busy_us;   /* since when somebody else writes */
    size_t savepoints; /* sql_begin inside a transaction */
};

/* The newest schema, from whatever is there, in one transaction. */
enum status schema_upgrade(struct store *s, struct error *err);

/* What runs are looked for by is noted apart, since an index of run costs every call a tenth of its
 * recording, and one of many clients has each call on another page:
 * - run_failed has those that failed;
 * - run_block has whose agents were asked and by which clients: 1024 numbers are a block, and when
 *   the first of a block begins, this is noted of the block before. Clients are hashes of three
 *   bytes, one after the other: some blocks are looked at for nothing;
 * - run_settled is the first run that had not ended at some time: it is noted every 32 numbers,
 *   since whoever opens the store to write, and be it for one call, looks at all runs since then.
 * Somebody may have deleted the newest runs by hand, and their numbers are used again: then what
 * is noted as settled is behind the last one, or at most 32 too far. */
#define RUN_BLOCK "1024"
#define RUN_SETTLED "32"
enum { RUN_BLOCK_LEN = 1024, RUN_SETTLED_LEN = 32 };
#define RUN_FIRST_OPEN                                                                             \
    "(SELECT CASE WHEN n > (SELECT max(n) FROM run) THEN 0 ELSE n - " RUN_SETTLED " END"           \
    " FROM run_settled)"

enum { RUN_HASH_LEN = 3 };
void run_hash_client(const char *client, unsigned char out[RUN_HASH_LEN]);
/* Of all blocks, for a store that has no such notes yet. */
enum status run_note_blocks(struct store *s, struct error *err);

/* The flows with a step that names an id. */
#define FLOWS_THAT_USE                                                                             \
    "SELECT id FROM flow WHERE EXISTS (SELECT 1 FROM json_tree(flow.root)"                         \
    " WHERE key IN ('agentId', 'flowId') AND value = ?) ORDER BY id"

/* What SQLite's last failure on s means, as a sentence with the file and the remedy. */
enum status sql_error(const struct store *s, struct error *err);
/* The same for a row that cannot be. */
enum status sql_damaged(const struct store *s, struct error *err);
/* A statement, prepared once and kept; sql must be a literal, since its address is the key. NULL
 * and err on failure. */
sqlite3_stmt *sql_prepare(struct store *s, const char *sql, struct error *err);
/* The same for text that is put together: what is kept under the address, or NULL; and keeps it. */
sqlite3_stmt *sql_prepared(const struct store *s, const char *key);
sqlite3_stmt *sql_prepare_as(struct store *s, const char *key, const char *sql, struct error *err);
/* Steps once. *row says whether there is one; the statement is reset unless there is. */
enum status sql_step(struct store *s, sqlite3_stmt *q, bool *row, struct error *err);
/* For what gives no row: steps and resets. */
enum status sql_run(struct store *s, sqlite3_stmt *q, struct error *err);
/* Executes text without parameters. */
enum status sql_exec(struct store *s, const char *sql, struct error *err);
/* How many rows the last change touched. */
int sql_changes(const struct store *s);

/* Parameters count from 1. NULL binds NULL. The bytes must live until the statement is reset. */
void sql_bind_text(sqlite3_stmt *q, int at, const char *text);
void sql_bind_int(sqlite3_stmt *q, int at, int64_t v);
/* Columns count from 0. */
const char *sql_text(sqlite3_stmt *q, int at);

/* Lists are kept as JSON text. */
enum status sql_bind_list(sqlite3_stmt *q, int at, const struct strings *l);
enum status sql_read_list(sqlite3_stmt *q, int at, struct strings *l);
/* A change that takes the id in its parameter off the agents' lists of such a column. */
#define TAKE_OFF_AGENTS(column)                                                                    \
    ("UPDATE agent SET " column " = (SELECT json_group_array(value) FROM json_each(" column ")"    \
     " WHERE value <> ?1) WHERE EXISTS (SELECT 1 FROM json_each(" column ") WHERE value = ?1)")
/* Runs each of the changes, ended by NULL, with the id as its parameter. */
enum status sql_run_each(
    struct store *s, const char *const changes[], const char *id, struct error *err);

/* All or nothing for several statements, also inside a transaction. */
enum status sql_begin(struct store *s, struct error *err);
enum status sql_end(struct store *s, enum status so_far, struct error *err);

/* A value, the member key of an object. Without secrets what looks like one is null. */
void value_to_json(const char *key, const struct json *value, bool secrets, struct json_writer *w);
/* The value, and where value_to_json left a secret out of old, that secret. */
void value_recall(
    const char *key, const struct json *value, const struct json *old, struct json_writer *w);
/* Whether a key, or the value of a header, says where the secret is and is none itself. */
bool is_reference(const char *key);
/* Whether a user or password stands in the URL itself. */
bool url_has_secret(const char *url);

/* Rows of kept: what an import could not take. */
enum kept_part {
    KEPT_WHOLE,   /* a member of the document that is no list */
    KEPT_ELEMENT, /* an element of a list */
    KEPT_REST     /* what of an entity that was taken has no place in it; has its id */
};

#endif
