#include <stdio.h>

#include "store/rest.h"

#define COUNT(table, name, event)                                                                  \
    "CREATE TRIGGER " table "_" name " AFTER " event " ON " table                                  \
    " BEGIN UPDATE configuration SET generation = generation + 1; END;"
#define COUNTS(table, update)                                                                      \
    COUNT(table, "added", "INSERT")                                                                \
    COUNT(table, "changed", update) COUNT(table, "removed", "DELETE")

/* One text a version; the file's user_version says how many were applied. */
/* clang-format off */
static const char *const migrations[SCHEMA_VERSION] = {
    "CREATE TABLE backend ("
    " id TEXT PRIMARY KEY, name TEXT, type TEXT NOT NULL, url TEXT, api_key TEXT,"
    " headers TEXT, argv TEXT, env TEXT, delay_ms INTEGER NOT NULL DEFAULT 0,"
    " connect_ms INTEGER NOT NULL, first_byte_ms INTEGER NOT NULL, idle_ms INTEGER NOT NULL,"
    " total_ms INTEGER NOT NULL, extra TEXT) WITHOUT ROWID;"
    "CREATE TABLE agent ("
    " id TEXT PRIMARY KEY, name TEXT, description TEXT,"
    " backend TEXT NOT NULL REFERENCES backend(id), model TEXT, system_prompt TEXT,"
    " max_tokens INTEGER NOT NULL DEFAULT 0,"
    " connect_ms INTEGER NOT NULL, first_byte_ms INTEGER NOT NULL, idle_ms INTEGER NOT NULL,"
    " total_ms INTEGER NOT NULL, extra TEXT) WITHOUT ROWID;"
    "CREATE INDEX agent_backend ON agent(backend);"
    "CREATE TABLE command ("
    " id TEXT PRIMARY KEY, name TEXT, description TEXT, prompt TEXT NOT NULL,"
    " agent TEXT REFERENCES agent(id), extra TEXT) WITHOUT ROWID;"
    "CREATE INDEX command_agent ON command(agent);"
    "CREATE TABLE client ("
    " id TEXT PRIMARY KEY, name TEXT, enabled INTEGER NOT NULL, passthrough INTEGER NOT NULL,"
    " command TEXT REFERENCES command(id), continue_when_gone INTEGER NOT NULL,"
    " hash_prompt INTEGER NOT NULL, extra TEXT) WITHOUT ROWID;"
    "CREATE INDEX client_command ON client(command);"
    "CREATE TABLE client_agent ("
    " client TEXT NOT NULL REFERENCES client(id) ON DELETE CASCADE, position INTEGER NOT NULL,"
    " agent TEXT NOT NULL REFERENCES agent(id), PRIMARY KEY (client, position)) WITHOUT ROWID;"
    "CREATE INDEX client_agent_agent ON client_agent(agent);"
    "CREATE TABLE token ("
    " hash BLOB PRIMARY KEY, client TEXT NOT NULL REFERENCES client(id) ON DELETE CASCADE,"
    " created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, last_used_ms INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE INDEX token_client ON token(client);"
    "CREATE TABLE run ("
    " n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, client TEXT, agents TEXT NOT NULL,"
    " mode TEXT NOT NULL, caller TEXT, started_ms INTEGER NOT NULL,"
    " owner INTEGER, status TEXT NOT NULL DEFAULT 'running', http INTEGER NOT NULL DEFAULT 0,"
    " finish_reason TEXT, model TEXT, input_tokens INTEGER, output_tokens INTEGER,"
    " first_byte_ms INTEGER, duration_ms INTEGER, error TEXT,"
    " prompt TEXT, response TEXT, results TEXT);" /* what may be long is last: lists skip it */
    "CREATE INDEX run_client ON run(client, n);"
    "CREATE INDEX run_open ON run(owner) WHERE owner IS NOT NULL;"
    "CREATE TABLE kept ("
    " n INTEGER PRIMARY KEY, collection TEXT NOT NULL, part INTEGER NOT NULL, id TEXT NOT NULL,"
    " document TEXT NOT NULL, UNIQUE (collection, part, id));",
    /* Counts what was changed in the configuration, by whatever program. */
    "CREATE TABLE configuration ("
    " only INTEGER PRIMARY KEY CHECK (only = 1), generation INTEGER NOT NULL);"
    "INSERT INTO configuration VALUES (1, 1);"
    COUNTS("backend", "UPDATE") COUNTS("agent", "UPDATE") COUNTS("command", "UPDATE")
    COUNTS("client", "UPDATE") COUNTS("client_agent", "UPDATE")
    COUNTS("token", "UPDATE OF hash, client, created_ms, expires_ms"),
    /* What is looked for in runs: no index of the run's own, which every call would
     * pay for: see internal.h. */
    "DROP INDEX run_open;"
    "CREATE TABLE run_failed (run INTEGER PRIMARY KEY, whose TEXT, why TEXT NOT NULL);"
    "CREATE INDEX run_failed_why ON run_failed(why);"
    "CREATE INDEX run_failed_whose ON run_failed(whose, why);"
    "INSERT INTO run_failed SELECT n, client, status FROM run WHERE http > 299;"
    "DROP INDEX run_client;"
    "CREATE TABLE run_block (block INTEGER PRIMARY KEY, agents TEXT, clients BLOB);"
    "CREATE TABLE run_settled (only INTEGER PRIMARY KEY CHECK (only = 1), n INTEGER NOT NULL);"
    "INSERT INTO run_settled SELECT 1, coalesce((SELECT min(n) FROM run WHERE owner IS NOT NULL),"
    " (SELECT max(n) FROM run), 0);",
    /* How a backend wants its key and the most tokens named, and what else an agent asks for. */
    "ALTER TABLE backend ADD COLUMN key_header TEXT;"
    "ALTER TABLE backend ADD COLUMN max_tokens_as TEXT;"
    "ALTER TABLE agent ADD COLUMN options TEXT;",
    /* What is done when a backend fails. */
    "ALTER TABLE backend ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE backend ADD COLUMN max_calls INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE agent ADD COLUMN fallbacks TEXT;",
    /* TLS of a backend, what an answer must look like, and which backends are down, as the
     * processes that ask them see it. */
    "ALTER TABLE backend ADD COLUMN ca_file TEXT;"
    "ALTER TABLE backend ADD COLUMN client_cert TEXT;"
    "ALTER TABLE backend ADD COLUMN client_key TEXT;"
    "ALTER TABLE backend ADD COLUMN proxy TEXT;"
    "ALTER TABLE backend ADD COLUMN insecure INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE agent ADD COLUMN response_schema TEXT;"
    "ALTER TABLE agent ADD COLUMN tags TEXT;"
    "ALTER TABLE run ADD COLUMN answer_id TEXT;"
    "CREATE TABLE backend_down ("
    " backend TEXT NOT NULL, owner INTEGER NOT NULL, since_ms INTEGER NOT NULL,"
    " failures INTEGER NOT NULL, error TEXT, PRIMARY KEY (backend, owner)) WITHOUT ROWID;",
    /* Agents that work together. */
    "CREATE TABLE flow ("
    " id TEXT PRIMARY KEY, name TEXT, description TEXT, root TEXT NOT NULL, extra TEXT)"
    " WITHOUT ROWID;" COUNTS("flow", "UPDATE")
    /* Of a client they may be flows. */
    "CREATE TABLE client_reach ("
    " client TEXT NOT NULL REFERENCES client(id) ON DELETE CASCADE, position INTEGER NOT NULL,"
    " agent TEXT NOT NULL, PRIMARY KEY (client, position)) WITHOUT ROWID;"
    "INSERT INTO client_reach SELECT client, position, agent FROM client_agent;"
    "DROP TABLE client_agent;"
    "ALTER TABLE client_reach RENAME TO client_agent;"
    "CREATE INDEX client_agent_agent ON client_agent(agent);"
    COUNTS("client_agent", "UPDATE")
    "ALTER TABLE agent ADD COLUMN output_key TEXT;"
    "UPDATE agent SET output_key = json_extract(extra, '$.outputKey'),"
    " extra = nullif(json_remove(extra, '$.outputKey'), '{}')"
    " WHERE json_type(extra, '$.outputKey') = 'text';",
    /* What agents act with. What was only kept of it is adopted when all of this is there. */
    "CREATE TABLE mcp ("
    " id TEXT PRIMARY KEY, name TEXT, type TEXT NOT NULL, endpoint TEXT, headers TEXT,"
    " ca_file TEXT, insecure INTEGER NOT NULL DEFAULT 0, command TEXT, args TEXT, env TEXT,"
    " work_dir TEXT, timeout_ms INTEGER NOT NULL DEFAULT 0, list_ms INTEGER NOT NULL DEFAULT 0,"
    " extra TEXT) WITHOUT ROWID;"
    COUNTS("mcp", "UPDATE")
    "CREATE TABLE tool ("
    " id TEXT PRIMARY KEY, description TEXT, parameters TEXT, argv TEXT, env TEXT, work_dir TEXT,"
    " timeout_ms INTEGER NOT NULL DEFAULT 0, extra TEXT) WITHOUT ROWID;"
    COUNTS("tool", "UPDATE")
    "ALTER TABLE agent ADD COLUMN mcp_servers TEXT;"
    "ALTER TABLE agent ADD COLUMN tools TEXT;"
    "ALTER TABLE agent ADD COLUMN allowed_tools TEXT;"
    "ALTER TABLE agent ADD COLUMN tool_rounds INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE agent ADD COLUMN tool_calls INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE agent ADD COLUMN tool_result_bytes INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE agent ADD COLUMN tool_timeout_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE client ADD COLUMN allowed_tools TEXT;",
    /* How long a flow may take; and of a command, too, it may be one. */
    "ALTER TABLE flow ADD COLUMN total_ms INTEGER NOT NULL DEFAULT 0;"
    "DROP INDEX command_agent;"
    "ALTER TABLE command RENAME COLUMN agent TO old_agent;"
    "ALTER TABLE command ADD COLUMN agent TEXT;"
    "UPDATE command SET agent = old_agent;"
    "ALTER TABLE command DROP COLUMN old_agent;"
    "CREATE INDEX command_agent ON command(agent);",
};
/* clang-format on */

static enum status read_version(struct store *s, int *version, struct error *err)
{
    sqlite3_stmt *q = sql_prepare(s, "PRAGMA user_version", err);
    bool row;
    if (!q || sql_step(s, q, &row, err))
        return STATUS_STORE;
    *version = row ? sqlite3_column_int(q, 0) : 0;
    sqlite3_reset(q);
    return STATUS_OK;
}

enum status schema_upgrade(struct store *s, struct error *err)
{
    int version = 0;
    enum status st = store_begin(s, err);
    if (st)
        return st;
    st = read_version(s, &version, err); /* again, now that nobody else changes it */
    if (!st && version < 0)
        st = sql_damaged(s, err);
    bool older = version < SCHEMA_VERSION;
    for (int i = version; i < SCHEMA_VERSION && !st; i++)
        st = sql_exec(s, migrations[i], err);
    if (!st && older)
        st = run_note_blocks(s, err);
    if (!st && older)
        st = kept_adopt(s, err);
    char pragma[64];
    snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", (int)SCHEMA_VERSION);
    if (!st && older)
        st = sql_exec(s, pragma, err);
    if (!st)
        st = store_commit(s, err);
    if (st)
        store_rollback(s);
    return st;
}
