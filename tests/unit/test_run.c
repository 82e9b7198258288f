#include <signal.h>
#include <sys/wait.h>

#include "base/units.h"
#include "store/internal.h"
#include "store/owner.h"
#include "store/run.h"
#include "store/token.h"
#include "unit_store.h"

/* Run i begins at i seconds; its id ends in i. */
static void make_id(int i, char id[IDENT_UUID_LEN + 1])
{
    snprintf(id, IDENT_UUID_LEN + 1, "%08u-0000-7000-8000-%012u", (unsigned)i / 2 % 100000000,
        (unsigned)i % 100000000);
}

static int64_t insert(int i, const char *client, const char *agents, int64_t owner)
{
    char id[IDENT_UUID_LEN + 1];
    int64_t row = 0;
    make_id(i, id);
    struct run_begin b = {.id = id,
        .client = client,
        .agents = agents,
        .mode = "passthrough",
        .caller = "127.0.0.1",
        .prompt = "p\0q",
        .prompt_len = 3,
        .started_ms = i * 1000,
        .owner = owner};
    OK(run_insert(at.store, &b, &row, &at.err));
    return row;
}

static void finish(int64_t row, enum status status)
{
    struct run_end e = {.row = row,
        .status = status,
        .error = status ? "why" : NULL,
        .response = "r",
        .response_len = 1,
        .finish_reason = "stop",
        .model = "m",
        .answer_id = "a-1",
        .input_tokens = 3,
        .output_tokens = -1,
        .first_byte_ms = 5,
        .duration_ms = 8};
    OK(run_finish(at.store, &e, &at.err));
}

static enum status print_run(void *ctx, const struct run_row *r)
{
    struct json_writer w;
    json_writer_init(&w, ctx);
    run_to_json(r, &w);
    return STATUS_OK;
}

static void check_run(const char *prefix, const char *want)
{
    struct buf out;
    buf_init(&out, BUF_SMALL);
    OK(run_get(at.store, prefix, print_run, &out, &at.err));
    ck_assert_str_eq(buf_str(&out), want);
    buf_release(&out);
}

#define HEAD                                                                                       \
    "{\"id\":\"00000000-0000-7000-8000-000000000001\",\"client\":\"c\",\"agents\":[\"one\"],"      \
    "\"mode\":\"passthrough\",\"caller\":\"127.0.0.1\",\"startedAt\":\"1970-01-01T00:00:01."       \
    "000Z\","

START_TEST(test_record)
{
    int64_t row = insert(1, "c", "[\"one\"]", 7);
    check_run("00000000-0000-7000-8000-000000000001",
        HEAD "\"status\":\"running\",\"prompt\":\"p\\u0000q\"}");
    finish(row, STATUS_OK);
    check_run("00000000",
        HEAD "\"status\":\"ok\",\"httpStatus\":200,\"finishReason\":\"stop\",\"model\":\"m\","
             "\"answerId\":\"a-1\",\"inputTokens\":3,\"firstByteMs\":5,\"durationMs\":8,\"prompt\":"
             "\"p\\u0000q\","
             "\"response\":\"r\"}");
    finish(row, STATUS_TIMEOUT);
    check_run("00000000", HEAD
        "\"status\":\"timeout\",\"httpStatus\":504,\"error\":\"why\",\"finishReason\":\"stop\","
        "\"model\":\"m\",\"answerId\":\"a-1\",\"inputTokens\":3,\"firstByteMs\":5,\"durationMs\":8,"
        "\"prompt\":\"p\\u0000q\",\"response\":\"r\"}");
}
END_TEST

START_TEST(test_hashed)
{
    int64_t row;
    struct run_begin b = {.id = "00000000-0000-7000-8000-000000000001",
        .agents = "[]",
        .mode = "ask",
        .prompt = "abc",
        .prompt_len = 3,
        .hash_prompt = true};
    OK(run_insert(at.store, &b, &row, &at.err));
    check_run("00000000",
        "{\"id\":\"00000000-0000-7000-8000-000000000001\",\"agents\":[],\"mode\":\"ask\","
        "\"startedAt\":\"1970-01-01T00:00:00.000Z\",\"status\":\"running\",\"prompt\":\"sha256:"
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}");
}
END_TEST

static const struct {
    const char *id;
    enum status st;
    const char *says;
} prefixes[] = {
    {"00000001-0000-7000-8000-000000000003", STATUS_OK, ""},
    {"00000001-0000-7000-8000-000000000003x", STATUS_BAD_REQUEST, "is not a run's id"},
    {"00000001-0000-7000-8000-000000000009", STATUS_NOT_FOUND, "no run \"00000001-"},
    {"00000001", STATUS_BAD_REQUEST, "several runs begin with \"00000001\""},
    {"00000000", STATUS_OK, ""},
    {"00000002", STATUS_OK, ""},
    {"00000003", STATUS_NOT_FOUND, "no run \"00000003\""},
    {"%%%%%%%%", STATUS_NOT_FOUND, "no run"},
    {"0000000", STATUS_BAD_REQUEST, "at least its first 8"},
    {"", STATUS_BAD_REQUEST, "is not a run's id"},
};

/* Runs 1 to 4 have three different prefixes of eight. */
START_TEST(test_prefix)
{
    struct buf out;
    buf_init(&out, BUF_SMALL);
    for (int i = 1; i <= 4; i++)
        insert(i, "c", "[]", 7);
    FAILS(run_get(at.store, prefixes[_i].id, print_run, &out, &at.err), prefixes[_i].st,
        prefixes[_i].says);
    buf_release(&out);
}
END_TEST

static enum status note(void *ctx, const struct run_row *r)
{
    ck_assert_ptr_null(r->prompt);
    ck_assert_ptr_null(r->response);
    return buf_printf(ctx, "%c", r->id[IDENT_UUID_LEN - 1]);
}

static void check_list(const struct run_filter *f, const char *want)
{
    struct buf out;
    buf_init(&out, BUF_SMALL);
    OK(run_each(at.store, f, note, &out, &at.err));
    ck_assert_str_eq(buf_str(&out), want);
    buf_release(&out);
}

static const struct {
    struct run_filter f;
    const char *found;
} filters[] = {
    {{.limit = 100}, "654321"},
    {{.limit = 2}, "65"},
    {{.limit = 0}, ""},
    {{.limit = 100, .client = "a"}, "531"},
    {{.limit = 100, .client = "nobody"}, ""},
    {{.limit = 100, .agent = "two"}, "642"},
    {{.limit = 100, .agent = "one"}, "654321"},
    {{.limit = 100, .agent = "o"}, ""},
    {{.limit = 100, .status = "ok"}, "42"},
    {{.limit = 100, .status = "running"}, "651"},
    {{.limit = 100, .status = "backend"}, "3"},
    {{.limit = 100, .since_ms = 4000}, "654"},
    {{.limit = 100, .client = "b", .agent = "two", .status = "ok", .since_ms = 3000}, "4"},
    {{.limit = 1, .client = "a", .status = "running"}, "5"},
};

START_TEST(test_filter)
{
    for (int i = 1; i <= 6; i++) {
        int64_t row = insert(i, i % 2 ? "a" : "b", i % 2 ? "[\"one\"]" : "[\"one\",\"two\"]", 7);
        if (i > 1 && i < 5)
            finish(row, i == 3 ? STATUS_BACKEND : STATUS_OK);
    }
    check_list(&filters[_i].f, filters[_i].found);
}
END_TEST

static enum status refuse(void *ctx, const struct run_row *r)
{
    (void)ctx, (void)r;
    return STATUS_CANCELED;
}

START_TEST(test_visit_ends)
{
    struct run_filter f = {.limit = 10};
    insert(1, "c", "[]", 7);
    insert(2, "c", "[]", 7);
    ck_assert_int_eq(run_each(at.store, &f, refuse, NULL, &at.err), STATUS_CANCELED);
    ck_assert_int_eq(run_get(at.store, "00000000", refuse, NULL, &at.err), STATUS_CANCELED);
    check_list(&f, "21"); /* the statement is free again */
}
END_TEST

START_TEST(test_prune_count)
{
    struct run_filter f = {.limit = 100};
    int64_t deleted;
    for (int i = 1; i <= 8; i++) {
        int64_t row = insert(i, "c", "[]", 7);
        if (i != 2)
            finish(row, STATUS_OK);
    }
    OK(run_prune(at.store, 0, 0, 100, &deleted, &at.err));
    ck_assert_int_eq(deleted, 0);
    OK(run_prune(at.store, 0, 5, 100, &deleted, &at.err)); /* but not the one that is open */
    ck_assert_int_eq(deleted, 2);
    check_list(&f, "876542");
    OK(run_prune(at.store, 0, 2, 3, &deleted, &at.err)); /* in small batches */
    ck_assert_int_eq(deleted, 3);
    check_list(&f, "872");
    OK(run_prune(at.store, 0, 0, 100, &deleted, &at.err));
    ck_assert_int_eq(deleted, 0);
}
END_TEST

START_TEST(test_prune_age)
{
    struct run_filter f = {.limit = 100};
    int64_t deleted, now = units_now_ms();
    for (int i = 1; i <= 4; i++) {
        int64_t row;
        char id[IDENT_UUID_LEN + 1];
        make_id(i, id);
        struct run_begin b = {.id = id,
            .agents = "[]",
            .mode = "ask",
            .prompt = "",
            .started_ms = now - (5 - i) * 3600000};
        OK(run_insert(at.store, &b, &row, &at.err));
        finish(row, STATUS_OK);
    }
    OK(run_prune(at.store, 2 * 3600000 + 1800000, 0, 1, &deleted, &at.err));
    ck_assert_int_eq(deleted, 1);
    check_list(&f, "432");
    OK(run_prune(at.store, 2 * 3600000 + 1800000, 0, 100, &deleted, &at.err));
    ck_assert_int_eq(deleted, 1);
    check_list(&f, "43");
}
END_TEST

/* Many open runs at the head, as a responder with long calls has, do not keep the others. */
START_TEST(test_prune_behind_open)
{
    int64_t deleted = 0, once;
    for (int i = 1; i <= 20; i++) {
        int64_t row = insert(i, "c", "[]", 7);
        if (i > 5)
            finish(row, STATUS_OK);
    }
    for (int i = 0; i < 10; i++) {
        OK(run_prune(at.store, 0, 1, 5, &once, &at.err));
        deleted += once;
    }
    ck_assert_int_eq(deleted, 14);
}
END_TEST

/* ---- many runs ---- */

enum { MANY = 40 * RUN_BLOCK_LEN + 500 };

/* As they come: of two clients; one in 5000 asks "rare"; one in 100 fails, the last did not end. */
static void insert_many(void)
{
    static const char *const agents[] = {"[\"one\"]", "[\"one\",\"rare\"]"};
    OK(store_begin(at.store, &at.err));
    for (int i = 1; i <= MANY; i++) {
        char id[IDENT_UUID_LEN + 1];
        int64_t row;
        unsigned ms = (unsigned)i * 1000;
        snprintf(id, sizeof id, "%08x-%04x-7000-8000-%012u", ms >> 16, ms & 0xffff,
            (unsigned)i % 100000000);
        struct run_begin b = {.id = id,
            .client = i % 2 ? "odd" : "even",
            .agents = agents[i % 5000 == 0],
            .mode = "ask",
            .prompt = "",
            .started_ms = ms,
            .owner = 7};
        OK(run_insert(at.store, &b, &row, &at.err));
        ck_assert_int_eq(row, i);
        if (i < MANY)
            finish(row, i % 100 ? STATUS_OK : STATUS_BACKEND);
    }
    OK(store_commit(at.store, &at.err));
}

static enum status count_run(void *ctx, const struct run_row *r)
{
    (void)r;
    ++*(int *)ctx;
    return STATUS_OK;
}

/* What SQLite did since it was asked last, in steps of its machine. */
static int64_t steps(void)
{
    int64_t sum = 0;
    for (size_t i = 0; i < at.store->statement_count; i++)
        sum += sqlite3_stmt_status(at.store->statements[i].stmt, SQLITE_STMTSTATUS_VM_STEP, 1);
    return sum;
}

static const struct {
    struct run_filter f;
    int found;
} among[] = {
    {{.limit = 20}, 20},
    {{.limit = 20, .client = "odd"}, 20},
    {{.limit = 20, .client = "nobody"}, 0},
    {{.limit = 20, .agent = "one"}, 20},
    {{.limit = 20, .agent = "nobody"}, 0},
    {{.limit = 20, .agent = "one\",\"rare"}, 0},
    {{.limit = 1, .agent = "rare"}, 1},
    {{.limit = 20, .status = "ok"}, 20},
    {{.limit = 20, .status = "backend"}, 20},
    {{.limit = 20, .status = "timeout"}, 0},
    {{.limit = 20, .status = "running"}, 1},
    {{.limit = 20, .status = "interrupted"}, 0},
    {{.limit = 20, .client = "even", .status = "backend"}, 20},
    {{.limit = 20, .client = "odd", .status = "backend"}, 0},
    {{.limit = 20, .client = "odd", .status = "timeout"}, 0},
    {{.limit = 20, .client = "odd", .status = "running"}, 0},
    {{.limit = 20, .client = "odd", .agent = "one"}, 20},
    {{.limit = 20, .client = "nobody", .agent = "one"}, 0},
    {{.limit = 20, .client = "odd", .agent = "nobody"}, 0},
    {{.limit = 20, .since_ms = (MANY - 10) * 1000}, 11},
    {{.limit = 20, .since_ms = (MANY + 10) * 1000}, 0},
};

/* None of them looks at all runs. */
START_TEST(test_many)
{
    insert_many();
    for (size_t i = 0; i < COUNT(among); i++) {
        int found = 0;
        steps();
        OK(run_each(at.store, &among[i].f, count_run, &found, &at.err));
        int64_t took = steps();
        ck_assert_msg(found == among[i].found && took < 2 * MANY, "%zu: %d found, %lld steps", i,
            found, (long long)took);
    }
    struct run_filter rare = {.limit = 100, .agent = "rare"};
    int found = 0;
    OK(run_each(at.store, &rare, count_run, &found, &at.err));
    ck_assert_int_eq(found, MANY / 5000);
}
END_TEST

/* A call costs the same with many runs as with none. */
START_TEST(test_same_cost)
{
    int64_t costs[2];
    for (int i = 0; i < 2; i++) {
        if (i)
            insert_many();
        finish(insert(90, "c", "[\"one\"]", 7), STATUS_OK); /* prepares */
        steps();
        finish(insert(95, "c", "[\"one\"]", 7), STATUS_OK);
        costs[i] = steps();
        int64_t deleted;
        OK(run_prune(at.store, 0, 1, 100, &deleted, &at.err));
        ck_assert_int_eq(
            sqlite3_exec(at.store->db, "DELETE FROM run", NULL, NULL, NULL), SQLITE_OK);
    }
    ck_assert_int_gt(costs[0], 0);
    ck_assert_int_le(costs[1] * 5, costs[0] * 6);
}
END_TEST

/* Whoever opens the store looks for runs of processes that are gone: among the last ones. */
START_TEST(test_dead_cost)
{
    for (int i = 1; i <= 40; i++)
        finish(insert(i, "c", "[]", 7), STATUS_OK);
    OK(run_interrupt_dead(at.store, NULL, &at.err)); /* prepares */
    steps();
    OK(run_interrupt_dead(at.store, NULL, &at.err));
    int64_t few = steps();
    for (int i = 41; i <= 1000; i++)
        finish(insert(i, "c", "[]", 7), STATUS_OK);
    steps();
    OK(run_interrupt_dead(at.store, NULL, &at.err));
    ck_assert_int_gt(few, 0);
    ck_assert_int_le(steps(), few * 3);
}
END_TEST

static const struct {
    const char *what, *sql; /* done by hand to the runs */
} hands[] = {
    {"nothing", "SELECT 1"},
    {"the newest few are gone", "DELETE FROM run WHERE n > 1024 * 3 + 400"},
    {"the newest blocks are gone", "DELETE FROM run WHERE n > 1500"},
    {"all are gone", "DELETE FROM run"},
};

/* Runs that are open are found wherever they are. */
START_TEST(test_open_found)
{
    static const int more[] = {1, 300, 1024, 3000};
    struct run_filter f = {.limit = 100, .status = "running"};
    int open = 0, found, number = 0;
    for (int i = 1; i <= 1024 * 3 + 500; i++)
        finish(insert(number++, "c", "[]", 7), STATUS_OK);
    ck_assert_int_eq(sqlite3_exec(at.store->db, hands[_i].sql, NULL, NULL, NULL), SQLITE_OK);
    for (size_t i = 0; i < COUNT(more); i++, open++) {
        insert(number++, "c", "[]", 7);
        for (int n = 0; n < more[i]; n++)
            finish(insert(number++, "c", "[]", 7), STATUS_OK);
        found = 0;
        OK(run_each(at.store, &f, count_run, &found, &at.err));
        ck_assert_msg(found == open + 1, "%s: %d of %d", hands[_i].what, found, open + 1);
    }
    int64_t count = 0;
    OK(run_interrupt_dead(at.store, &count, &at.err));
    ck_assert_int_eq(count, open);
    f.status = "interrupted";
    found = 0;
    OK(run_each(at.store, &f, count_run, &found, &at.err));
    ck_assert_int_eq(found, open);
}
END_TEST

static int64_t count_rows(const char *sql)
{
    sqlite3_stmt *q;
    ck_assert_int_eq(sqlite3_prepare_v2(at.store->db, sql, -1, &q, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return n;
}

/* What was noted of runs goes with them. */
START_TEST(test_notes_forgotten)
{
    int64_t deleted;
    insert_many();
    ck_assert_int_ge(count_rows("SELECT count(*) FROM run_block"), MANY / RUN_BLOCK_LEN);
    OK(run_prune(at.store, 0, 1500, MANY, &deleted, &at.err));
    ck_assert_int_eq(deleted, MANY - 1500);
    ck_assert_int_le(count_rows("SELECT count(*) FROM run_block"), 3);
    ck_assert_int_eq(count_rows("SELECT count(*) FROM run_failed"), 15);
}
END_TEST

/* A child that holds an owner and has a run is killed: only then its run is interrupted. */
START_TEST(test_interrupt)
{
    int pipes[2];
    int64_t mine, count = -1;
    char byte;
    struct owner *own;
    ck_assert_int_eq(pipe(pipes), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct store *s = NULL;
        struct owner *o = NULL;
        int64_t row;
        struct run_begin b = {.id = "00000000-0000-7000-8000-000000000001",
            .agents = "[]",
            .mode = "ask",
            .prompt = "",
            .started_ms = 1};
        alarm(60);
        if (store_open(&s, at.path, STORE_WRITE, NULL) || owner_open(&o, at.path, NULL))
            _exit(1);
        b.owner = owner_id(o);
        if (run_insert(s, &b, &row, NULL) || write(pipes[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(pipes[1]);
    ck_assert_int_eq(read(pipes[0], &byte, 1), 1);
    close(pipes[0]);
    OK(owner_open(&own, at.path, &at.err));
    mine = owner_id(own);
    ck_assert_int_gt(mine, 0);
    ck_assert(owner_alive(at.path, mine));
    ck_assert(!owner_alive(at.path, mine + 1));
    insert(2, "c", "[]", mine);
    OK(run_interrupt_dead(at.store, &count, &at.err));
    ck_assert_int_eq(count, 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    OK(run_interrupt_dead(at.store, &count, &at.err));
    ck_assert_int_eq(count, 1);
    check_run("00000000",
        "{\"id\":\"00000000-0000-7000-8000-000000000001\",\"agents\":[],\"mode\":\"ask\","
        "\"startedAt\":\"1970-01-01T00:00:00.001Z\",\"status\":\"interrupted\",\"httpStatus\":500,"
        "\"error\":\"the process ended before the run did\",\"prompt\":\"\"}");
    owner_close(own);
    ck_assert(!owner_alive(at.path, mine));
    OK(run_interrupt_dead(at.store, NULL, &at.err));
    struct run_filter f = {.limit = 9, .status = "interrupted"};
    check_list(&f, "21");
}
END_TEST

START_TEST(test_touches_token)
{
    char token[IDENT_TOKEN_LEN + 1];
    unsigned char hash[IDENT_HASH_LEN];
    int64_t row;
    unit_store_fill(unit_entities);
    OK(token_issue(at.store, "pass", 0, token, &at.err));
    ident_hash(token, IDENT_TOKEN_LEN, hash);
    struct run_begin b = {.id = "00000000-0000-7000-8000-000000000001",
        .client = "pass",
        .agents = "[]",
        .mode = "passthrough",
        .prompt = "",
        .started_ms = 123456,
        .token = hash};
    OK(run_insert(at.store, &b, &row, &at.err));
    struct run_filter f = {.limit = 9, .client = "pass"};
    OK(client_remove(at.store, "pass", false, &at.err));
    check_list(&f, "1");                                                  /* runs stay */
    ck_assert_int_ne(run_insert(at.store, &b, &row, &at.err), STATUS_OK); /* the id is taken */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_checked_fixture(all, unit_store_make, unit_store_remove);
    tcase_add_test(all, test_record);
    tcase_add_test(all, test_hashed);
    tcase_add_loop_test(all, test_prefix, 0, COUNT(prefixes));
    tcase_add_loop_test(all, test_filter, 0, COUNT(filters));
    tcase_add_test(all, test_visit_ends);
    tcase_add_test(all, test_prune_count);
    tcase_add_test(all, test_prune_age);
    tcase_add_test(all, test_prune_behind_open);
    tcase_add_test(all, test_many);
    tcase_add_test(all, test_same_cost);
    tcase_add_test(all, test_dead_cost);
    tcase_add_loop_test(all, test_open_found, 0, COUNT(hands));
    tcase_add_test(all, test_notes_forgotten);
    tcase_add_test(all, test_interrupt);
    tcase_add_test(all, test_touches_token);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
