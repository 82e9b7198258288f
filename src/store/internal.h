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
    STATEMENTS_MAX = 64,
    TOUCHED_MAX = 16,
    SCHEMA_VERSION = 6,
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
        const char *sql; /* a literal: its address is the key */
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
 * - run_settled is the first run that had not ended at that time.
 * Somebody may have deleted the newest runs by hand, and their numbers are used again: then what
 * is noted as settled is behind the last one, or at most a block too far. */
#define RUN_BLOCK "1024"
enum { RUN_BLOCK_LEN = 1024 };
#define RUN_FIRST_OPEN                                                                             \
    "(SELECT CASE WHEN n > (SELECT max(n) FROM run) THEN 0 ELSE n - " RUN_BLOCK " END"             \
    " FROM run_settled)"

enum { RUN_HASH_LEN = 3 };
void run_hash_client(const char *client, unsigned char out[RUN_HASH_LEN]);
/* Of all blocks, for a store that has no such notes yet. */
enum status run_note_blocks(struct store *s, struct error *err);

/* What SQLite's last failure on s means, as a sentence with the file and the remedy. */
enum status sql_error(const struct store *s, struct error *err);
/* The same for a row that cannot be. */
enum status sql_damaged(const struct store *s, struct error *err);
/* A statement, prepared once and kept; sql must be a literal. NULL and err on failure. */
sqlite3_stmt *sql_prepare(struct store *s, const char *sql, struct error *err);
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
/* Columns count from 0. Copies; NULL for NULL. A failure is remembered in *st. */
void sql_read_text(sqlite3_stmt *q, int at, char **to, enum status *st);
/* For a column that is never NULL in a whole store: NULL is STATUS_STORE. */
void sql_need_text(sqlite3_stmt *q, int at, char **to, enum status *st);
const char *sql_text(sqlite3_stmt *q, int at);

/* Lists and deadlines are kept as JSON text. */
enum status sql_bind_list(sqlite3_stmt *q, int at, const struct strings *l);
void sql_read_list(sqlite3_stmt *q, int at, struct strings *l, enum status *st);

/* What is said of an id that is not there, with the nearest one that is. kind is a table of
 * entities: "backend", "agent", "command" or "client". */
enum status sql_missing(
    struct store *s, const char *kind, const char *id, enum status what, struct error *err);
/* Whether the table has the id. */
enum status sql_exists(
    struct store *s, const char *kind, const char *id, bool *exists, struct error *err);
/* Checks the id of an entity that is to be added, or makes one. */
enum status sql_new_id(struct store *s, const char *kind, char **id, struct error *err);
/* Adds the ids that query gives for id, quoted, to text: 'client "a", client "b"'. */
enum status sql_users(struct store *s, const char *query, const char *id, const char *kind,
    struct buf *text, struct error *err);
/* Four columns and four parameters: the deadlines. */
void sql_bind_deadlines(sqlite3_stmt *q, int at, const struct deadlines *d);
void sql_read_deadlines(sqlite3_stmt *q, int at, struct deadlines *d);

/* How an entity is read: a row into an initialised struct, which is then seen and released. */
struct entity_reader {
    void *entity;
    enum status (*read)(sqlite3_stmt *q, void *entity);
    enum status (*seen)(void *ctx, const void *entity);
    void *ctx;
    enum status verdict; /* what seen said last */
};
/* Reads every row of the query into the same struct. */
enum status sql_each(
    struct store *s, sqlite3_stmt *q, struct entity_reader *reader, struct error *err);
/* Reads the row with the id; STATUS_NOT_FOUND. */
enum status sql_get(struct store *s, const char *sql, const char *kind, const char *id,
    struct entity_reader *reader, struct error *err);
/* Deletes the row with the id; STATUS_NOT_FOUND. */
enum status sql_delete(
    struct store *s, const char *sql, const char *kind, const char *id, struct error *err);

/* All or nothing for several statements, also inside a transaction. */
enum status sql_begin(struct store *s, struct error *err);
enum status sql_end(struct store *s, enum status so_far, struct error *err);

/* The members of an object that have no meaning here, as JSON text, or NULL when there are none.
 * known names the others and is ended by NULL; "llm.model" is a member of the member "llm". */
enum status extra_from_json(
    const struct json *j, const char *const known[], char **extra, struct error *err);
bool extra_has(const char *extra, const char *key);
/* Writes back those of the member at path ("" is the object itself) into an object that was begun.
 */
void extra_to_json(const char *extra, const char *const known[], const char *path, bool secrets,
    struct json_writer *w);
/* A value, the member key of an object. Without secrets what looks like one is null. */
void value_to_json(const char *key, const struct json *value, bool secrets, struct json_writer *w);
/* The value, and where value_to_json left a secret out of old, that secret. */
void value_recall(
    const char *key, const struct json *value, const struct json *old, struct json_writer *w);
/* Whether a key, or the value of a header, says where the secret is and is none itself. */
bool is_reference(const char *key);
/* Whether a user or password stands in the URL itself. */
bool url_has_secret(const char *url);
/* A text member into *to; a value of another type is STATUS_BAD_REQUEST; null and absent: NULL. */
enum status text_from_json(const struct json *j, const char *key, char **to, struct error *err);
enum status list_from_json(
    const struct json *j, const char *key, struct strings *to, struct error *err);
/* Lines as we write them, or Magec's object of names and values; a value that is null is unknown.
 */
enum status headers_from_json(
    const struct json *j, const char *key, struct strings *to, struct error *err);
void list_to_json(const char *key, const struct strings *l, struct json_writer *w);
/* A duration ("20ms") or a number of seconds. */
enum status duration_from_json(
    const struct json *j, const char *key, int64_t *ms, struct error *err);
void duration_to_json(const char *key, int64_t ms, struct json_writer *w);
/* A whole number; absent and null: 0. */
enum status count_from_json(const struct json *j, const char *key, int64_t *to, struct error *err);
enum status bool_from_json(const struct json *j, const char *key, bool *to, struct error *err);

void deadlines_to_json(const struct deadlines *d, struct json_writer *w);
enum status deadlines_from_json(const struct json *j, struct deadlines *d, struct error *err);
/* Text for people and models: valid UTF-8. NULL is fine. */
enum status check_text(const char *what, const char *text, struct error *err);

/* As their _to_json, which leave out what looks like a secret in members without a meaning. The
 * client's members go into an object that was begun. */
struct agent;
struct command;
struct client;
void agent_export(const struct agent *a, bool secrets, struct json_writer *w);
void command_export(const struct command *c, bool secrets, struct json_writer *w);
void client_export_members(const struct client *c, bool secrets, struct json_writer *w);

/* Rows of kept: what an import could not take. */
enum kept_part {
    KEPT_WHOLE,   /* a member of the document that is no list */
    KEPT_ELEMENT, /* an element of a list */
    KEPT_REST     /* what of an entity that was taken has no place in it; has its id */
};

#endif
