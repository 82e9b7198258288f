#include <pthread.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "base/units.h"
#include "store/run.h"
#include "store/writer.h"
#include "unit_store.h"
#include "unit_version1.h"

static void sql(const char *path, const char *text)
{
    sqlite3 *db;
    char *why = NULL;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, &why) == SQLITE_OK, "%s: %s", text, why);
    sqlite3_close(db);
}

static void reopen(void)
{
    store_close(at.store);
    at.store = NULL;
    OK(store_open(&at.store, at.path, STORE_WRITE, &at.err));
}

/* ---- making one ---- */

/* Several processes at once: one makes it, the others are told, and it is whole for all. */
START_TEST(test_race)
{
    enum { MAKERS = 8 };
    char path[UNIT_PATH + 16];
    pid_t pids[MAKERS];
    int made = 0, conflicts = 0, status;
    struct store *s;
    snprintf(path, sizeof path, "%s/new.db", at.folder);
    for (int i = 0; i < MAKERS; i++) {
        pids[i] = fork();
        ck_assert_int_ge(pids[i], 0);
        if (pids[i] == 0) {
            enum status st = store_create(path, NULL);
            bool whole = !store_open(&s, path, STORE_READ, NULL) && !store_ping(s, NULL);
            _exit(whole ? (int)st : 99);
        }
    }
    for (int i = 0; i < MAKERS; i++) {
        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        ck_assert(WIFEXITED(status));
        made += WEXITSTATUS(status) == STATUS_OK;
        conflicts += WEXITSTATUS(status) == STATUS_CONFLICT;
    }
    ck_assert_int_eq(made, 1);
    ck_assert_int_eq(conflicts, MAKERS - 1);
}
END_TEST

/* ---- versions ---- */

START_TEST(test_upgrade)
{
    char path[UNIT_PATH + 16];
    struct store *s = NULL;
    snprintf(path, sizeof path, "%s/old.db", at.folder);
    sql(path, "PRAGMA journal_mode = WAL; PRAGMA application_id = 1835492707");
    FAILS(store_open(&s, path, STORE_READ, &at.err), STATUS_STORE, "older version");
    OK(store_open(&s, path, STORE_WRITE, &at.err));
    store_close(s);
    OK(store_open(&s, path, STORE_READ, &at.err));
    OK(store_ping(s, &at.err));
    store_close(s);
    sql(path, "PRAGMA user_version = -3");
    FAILS(store_open(&s, path, STORE_WRITE, &at.err), STATUS_STORE, "is damaged");
}
END_TEST

static enum status note_run(void *ctx, const struct run_row *r)
{
    return buf_printf(ctx, "%s %s;", r->client, r->status);
}

/* An older store keeps what it has, and counts from then on. */
START_TEST(test_version1)
{
    char path[UNIT_PATH + 16];
    struct run_filter f = {.limit = 9};
    struct client c;
    struct command cmd;
    struct store *s = NULL;
    struct buf runs;
    int64_t generation;
    buf_init(&runs, BUF_SMALL);
    client_init(&c);
    command_init(&cmd);
    snprintf(path, sizeof path, "%s/old.db", at.folder);
    sql(path, unit_version1);
    FAILS(store_open(&s, path, STORE_READ, &at.err), STATUS_STORE, "older version");
    OK(store_open(&s, path, STORE_WRITE, &at.err));
    OK(client_get(s, "stored", &c, &at.err));
    ck_assert_str_eq(c.agents.items[0], "one");
    OK(command_get(s, "sum", &cmd, &at.err));
    ck_assert_str_eq(cmd.agent, "one");
    OK(run_each(s, &f, note_run, &runs, &at.err));
    ck_assert_str_eq(buf_str(&runs), "gone ok;stored running;");
    OK(store_generation(s, &generation, &at.err));
    sql(path, "UPDATE client SET enabled = 0");
    int64_t before = generation;
    OK(store_generation(s, &generation, &at.err));
    ck_assert_int_gt(generation, before);
    store_close(s);
    client_release(&c);
    command_release(&cmd);
    buf_release(&runs);
}
END_TEST

static const struct {
    const char *sql;
    bool counts;
} changes[] = {
    {"CREATE TEMP TABLE t AS SELECT * FROM backend WHERE id = 'echo'; UPDATE t SET id = 'new';"
     "INSERT INTO backend SELECT * FROM t",
        true},
    {"UPDATE backend SET url = 'http://localhost'", true},
    {"DELETE FROM backend", true},
    {"CREATE TEMP TABLE t AS SELECT * FROM agent WHERE id = 'one'; UPDATE t SET id = 'new';"
     "INSERT INTO agent SELECT * FROM t",
        true},
    {"UPDATE agent SET model = 'm' WHERE id = 'one'", true},
    {"DELETE FROM agent WHERE id = 'one'", true},
    {"INSERT INTO command (id, prompt) VALUES ('new', 'p')", true},
    {"UPDATE command SET prompt = 'q'", true},
    {"DELETE FROM command", true},
    {"INSERT INTO client (id, enabled, passthrough, continue_when_gone, hash_prompt)"
     " VALUES ('new', 1, 1, 0, 0)",
        true},
    {"UPDATE client SET enabled = 0", true},
    {"DELETE FROM client WHERE id = 'pass'", true},
    {"INSERT INTO mcp (id, type) VALUES ('new', 'http')", true},
    {"INSERT INTO tool (id) VALUES ('new')", true},
    {"INSERT INTO client_agent VALUES ('stored', 9, 'one')", true},
    {"UPDATE client_agent SET position = position + 10", true},
    {"DELETE FROM client_agent", true},
    {"REPLACE INTO client_agent VALUES ('stored', 0, 'two')", true},
    {"INSERT INTO token VALUES (x'01', 'pass', 1, 0, 0)", true},
    {"UPDATE token SET hash = x'02'", true},
    {"UPDATE token SET client = 'stored'", true},
    {"UPDATE token SET created_ms = 2", true},
    {"UPDATE token SET expires_ms = 2", true},
    {"UPDATE token SET last_used_ms = 2, expires_ms = 2", true},
    {"DELETE FROM token", true},
    {"UPDATE token SET last_used_ms = 2", false},
    {"INSERT INTO run (id, agents, mode, started_ms) VALUES ('x', '[]', 'ask', 1)", false},
    {"UPDATE run SET status = 'ok'", false},
    {"DELETE FROM run", false},
};

START_TEST(test_generation)
{
    int64_t before, after;
    unit_store_fill(unit_entities);
    sql(at.path, "INSERT INTO token VALUES (x'00', 'pass', 1, 0, 0);"
                 "INSERT INTO run (id, agents, mode, started_ms) VALUES ('y', '[]', 'ask', 1)");
    OK(store_generation(at.store, &before, &at.err));
    sql(at.path, changes[_i].sql);
    OK(store_generation(at.store, &after, &at.err));
    if (changes[_i].counts)
        ck_assert_int_gt(after, before);
    else
        ck_assert_int_eq(after, before);
}
END_TEST

START_TEST(test_no_generation)
{
    int64_t generation;
    sql(at.path, "DELETE FROM configuration");
    FAILS(store_generation(at.store, &generation, &at.err), STATUS_STORE, "is damaged");
}
END_TEST

/* ---- rows that cannot be ---- */

static enum status each_backend(void)
{
    return backend_each(at.store, NULL, NULL, &at.err);
}

static enum status get_backend(void)
{
    struct backend b;
    backend_init(&b);
    enum status st = backend_get(at.store, "echo", &b, &at.err);
    backend_release(&b);
    return st;
}

static enum status remove_backend(void)
{
    return backend_remove(at.store, "echo", true, &at.err);
}

static enum status get_command(void)
{
    struct command c;
    command_init(&c);
    enum status st = command_get(at.store, "sum", &c, &at.err);
    command_release(&c);
    return st;
}

static enum status get_run(void)
{
    return run_get(at.store, "00000001", NULL, NULL, &at.err);
}

static enum status list_runs(void)
{
    struct run_filter f = {.limit = 9};
    return run_each(at.store, &f, NULL, NULL, &at.err);
}

static enum status export(void) {
    struct buf out; buf_init(&out, BUF_SMALL);
    enum status st = store_export(at.store, true, &out, &at.err);
    buf_release(&out);
    return st;
}

static const struct {
    const char *table, *change;
    enum status (*call)(void);
} holes[] = {
    {"backend", "UPDATE backend SET type = NULL", get_backend},
    {"backend", "UPDATE backend SET type = NULL", each_backend},
    {"backend", "UPDATE backend SET id = NULL", each_backend},
    {"backend", "UPDATE backend SET headers = '[\"a'", get_backend},
    {"backend", "UPDATE backend SET argv = '[1]'", get_backend},
    {"agent", "UPDATE agent SET id = NULL", remove_backend},
    {"command", "UPDATE command SET prompt = NULL", get_command},
    {"run", "UPDATE run SET status = NULL", get_run},
    {"run", "UPDATE run SET agents = NULL", list_runs},
    {"run", "UPDATE run SET mode = NULL", list_runs},
    {"kept", "UPDATE kept SET document = NULL", export},
    {"kept", "UPDATE kept SET document = '{\"a'", export},
};

START_TEST(test_hole)
{
    char text[512];
    unit_store_fill(unit_entities);
    struct import_report report = {0};
    OK(store_import(at.store, "{\"hooks\":[1]}", 13, false, &report, &at.err));
    import_report_release(&report);
    sql(at.path, "INSERT INTO run (id, agents, mode, started_ms)"
                 " VALUES ('00000001-0000-7000-8000-000000000001', '[]', 'ask', 1)");
    snprintf(text, sizeof text,
        "CREATE TABLE copy AS SELECT * FROM %1$s; DROP TABLE %1$s; ALTER TABLE copy RENAME TO %1$s;"
        "%2$s",
        holes[_i].table, holes[_i].change); /* a copy has no constraints */
    store_close(at.store);
    at.store = NULL;
    sql(at.path, text);
    reopen();
    FAILS(holes[_i].call(), STATUS_STORE, "is damaged: restore it from a backup");
    ck_assert(!store_in_transaction(at.store));
}
END_TEST

/* ---- transactions ---- */

static void *remove_agent(void *ctx)
{
    struct store *s = ctx;
    static enum status st;
    struct error err;
    st = agent_remove(s, "two", true, &err);
    return &st;
}

/* A change that reads first waits for another's, and is not lost between reading and writing. */
START_TEST(test_read_then_write)
{
    struct store *other;
    struct command c = {.id = strdup("new"), .prompt = strdup("p"), .agent = strdup("two")};
    pthread_t thread;
    void *result;
    unit_store_fill(unit_entities);
    OK(store_open(&other, at.path, STORE_WRITE, &at.err));
    OK(store_begin(at.store, &at.err));
    OK(command_add(at.store, &c, &at.err));
    ck_assert_int_eq(pthread_create(&thread, NULL, remove_agent, other), 0);
    usleep(50 * 1000); /* most likely it is at the lock by now; right it must be in any order */
    OK(store_commit(at.store, &at.err));
    pthread_join(thread, &result);
    ck_assert_int_eq(*(enum status *)result, STATUS_OK);
    OK(command_get(at.store, "new", &c, &at.err));
    ck_assert_ptr_null(c.agent);
    command_release(&c);
    store_close(other);
}
END_TEST

/* Inside a transaction of the caller a change that fails takes back itself alone. */
START_TEST(test_inside)
{
    struct client c;
    client_init(&c);
    unit_store_fill(unit_entities);
    OK(store_begin(at.store, &at.err));
    OK(agent_remove(at.store, "two", true, &at.err));
    FAILS(agent_remove(at.store, "one", false, &at.err), STATUS_CONFLICT, "is used by");
    OK(backend_remove(at.store, "echo", true, &at.err)); /* several levels deep */
    ck_assert(store_in_transaction(at.store));
    store_rollback(at.store);
    OK(client_get(at.store, "pass", &c, &at.err));
    ck_assert_uint_eq(c.agents.count, 2);
    client_release(&c);
}
END_TEST

static enum status add_half(struct write_job *job, struct store *s, struct error *err)
{
    (void)job;
    struct command c = {.id = strdup("half"), .prompt = strdup("p")};
    enum status st = command_add(s, &c, err);
    if (!st)
        st = command_add(s, &c, err); /* exists by now */
    command_release(&c);
    return st;
}

static enum status last;

static void note(struct write_job *job, enum status result, const struct error *err)
{
    (void)job, (void)err;
    last = result;
}

/* A job that fails in the middle leaves nothing of itself. */
START_TEST(test_job)
{
    struct writer_options opts = {.in_line = true};
    struct write_job job = {.apply = add_half, .done = note};
    struct command c;
    struct writer *w;
    command_init(&c);
    OK(writer_open(&w, at.path, &opts, &at.err));
    writer_submit(w, &job);
    writer_close(w);
    ck_assert_int_eq(last, STATUS_CONFLICT);
    FAILS(command_get(at.store, "half", &c, &at.err), STATUS_NOT_FOUND, "no command");
    command_release(&c);
}
END_TEST

/* ---- runs since a time ---- */

static enum status count(void *ctx, const struct run_row *r)
{
    (void)r;
    ++*(int *)ctx;
    return STATUS_OK;
}

START_TEST(test_since)
{
    /* begun so many minutes ago, in the order in which they were recorded */
    static const int ago[] = {300, 200, 125, 119, 121, 60, 58, 59, 0};
    int64_t now = units_now_ms(), row;
    for (size_t i = 0; i < COUNT(ago); i++) {
        char id[IDENT_UUID_LEN + 1];
        struct run_begin b = {.id = id,
            .client = i % 2 ? "odd" : "even",
            .agents = "[]",
            .mode = "ask",
            .prompt = "",
            .started_ms = now - ago[i] * 60000};
        OK(ident_uuid7(b.started_ms, id, &at.err));
        OK(run_insert(at.store, &b, &row, &at.err));
    }
    static const int since[][3] = {/* minutes ago; runs; of "odd" */
        {1000, 9, 4}, {201, 8, 4}, {120, 5, 3}, {122, 6, 3}, {59, 3, 1}, {58, 2, 0}, {0, 1, 0},
        {-60, 0, 0}};
    for (size_t i = 0; i < COUNT(since); i++) {
        struct run_filter f = {.since_ms = now - since[i][0] * 60000, .limit = 100};
        int all = 0, odd = 0;
        OK(run_each(at.store, &f, count, &all, &at.err));
        f.client = "odd";
        OK(run_each(at.store, &f, count, &odd, &at.err));
        ck_assert_msg(
            all == since[i][1] && odd == since[i][2], "%d minutes: %d, %d", since[i][0], all, odd);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schema");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_checked_fixture(all, unit_store_make, unit_store_remove);
    tcase_add_test(all, test_race);
    tcase_add_test(all, test_upgrade);
    tcase_add_test(all, test_version1);
    tcase_add_loop_test(all, test_generation, 0, COUNT(changes));
    tcase_add_test(all, test_no_generation);
    tcase_add_loop_test(all, test_hole, 0, COUNT(holes));
    tcase_add_test(all, test_read_then_write);
    tcase_add_test(all, test_inside);
    tcase_add_test(all, test_job);
    tcase_add_test(all, test_since);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
