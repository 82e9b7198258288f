#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/units.h"
#include "store/checkpoint.h"
#include "store/run.h"
#include "store/writer.h"
#include "unit_store.h"

enum { WAIT_MS = 30 * 1000 };

/* How jobs went; the writer's thread counts, the test waits. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int done, failed;
    char text[ERROR_TEXT_MAX]; /* of the last that failed */
} seen;

/* A job that adds a command, or fails when it has no id. */
struct job {
    struct write_job write;
    char id[32];
    const char *prompt;
    enum status result;
};

static enum status apply(struct write_job *w, struct store *s, struct error *err)
{
    struct job *job = (struct job *)w;
    struct command c;
    command_init(&c);
    enum status st = string_set(&c.id, job->id);
    if (!st)
        st = string_set(&c.prompt, job->prompt);
    if (!st)
        st = job->id[0] ? command_add(s, &c, err)
                        : error_set(err, STATUS_CONFLICT, "this one is meant to fail");
    command_release(&c);
    return st;
}

static void done(struct write_job *w, enum status result, const struct error *err)
{
    struct job *job = (struct job *)w;
    pthread_mutex_lock(&seen.lock);
    job->result = result;
    seen.done++;
    if (result) {
        seen.failed++;
        snprintf(seen.text, sizeof seen.text, "%s", err ? err->text : "(no text)");
    }
    pthread_cond_signal(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
}

static void wait_for(int count)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += WAIT_MS / 1000;
    pthread_mutex_lock(&seen.lock);
    int rc = 0;
    while (seen.done < count && !rc)
        rc = pthread_cond_timedwait(&seen.changed, &seen.lock, &end);
    pthread_mutex_unlock(&seen.lock);
    ck_assert_msg(!rc, "%d of %d jobs were done in time", seen.done, count);
}

static void make_job(struct job *job, const char *prefix, int i)
{
    *job = (struct job){.write = {.apply = apply, .done = done}, .prompt = "p"};
    snprintf(job->id, sizeof job->id, "%s%05d", prefix, i);
}

static void set_up(void)
{
    unit_store_make();
    memset(&seen, 0, sizeof seen);
    pthread_mutex_init(&seen.lock, NULL);
    pthread_cond_init(&seen.changed, NULL);
}

static void tear_down(void)
{
    pthread_cond_destroy(&seen.changed);
    pthread_mutex_destroy(&seen.lock);
    unit_store_remove();
}

static enum status count_command(void *ctx, const struct command *c)
{
    (void)c;
    ++*(int *)ctx;
    return STATUS_OK;
}

static int count_commands(void)
{
    int n = 0;
    OK(command_each(at.store, count_command, &n, &at.err));
    return n;
}

static enum status count_run(void *ctx, const struct run_row *r)
{
    (void)r;
    ++*(int *)ctx;
    return STATUS_OK;
}

static void sql(const char *text)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(at.path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void check_intact(void)
{
    sqlite3 *db;
    sqlite3_stmt *q;
    ck_assert_int_eq(sqlite3_open(at.path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &q, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
    ck_assert_str_eq((const char *)sqlite3_column_text(q, 0), "ok");
    sqlite3_finalize(q);
    sqlite3_close(db);
}

/* ---- many ---- */

enum { THREADS = 4, EACH = 500 };

static struct writer *shared;

static void *submit(void *ctx)
{
    struct job *jobs = ctx;
    for (int i = 0; i < EACH; i++)
        writer_submit(shared, &jobs[i].write);
    return NULL;
}

START_TEST(test_many)
{
    struct writer_options opts = {.keep_count = 0};
    struct job *jobs = calloc((size_t)THREADS * EACH, sizeof *jobs);
    pthread_t threads[THREADS];
    int64_t transactions, applied;
    ck_assert_ptr_nonnull(jobs);
    for (int i = 0; i < THREADS * EACH; i++)
        make_job(&jobs[i], "c", i);
    OK(writer_open(&shared, at.path, &opts, &at.err));
    ck_assert_int_gt(writer_owner(shared), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, submit, jobs + i * EACH), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    wait_for(THREADS * EACH);
    writer_counts(shared, &transactions, &applied);
    writer_close(shared);
    ck_assert_int_eq(seen.failed, 0);
    ck_assert_int_eq(applied, THREADS * EACH);
    ck_assert_int_lt(transactions, THREADS * EACH / 4);
    ck_assert_int_eq(count_commands(), THREADS * EACH);
    free(jobs);
}
END_TEST

/* What waits is applied before the end. */
START_TEST(test_close)
{
    struct writer_options opts = {.keep_count = 0};
    struct job jobs[50];
    struct writer *w;
    OK(writer_open(&w, at.path, &opts, &at.err));
    for (int i = 0; i < 50; i++) {
        make_job(&jobs[i], "c", i);
        writer_submit(w, &jobs[i].write);
    }
    writer_close(w);
    ck_assert_int_eq(seen.done, 50);
    ck_assert_int_eq(count_commands(), 50);
    writer_close(NULL);
}
END_TEST

/* ---- company ---- */

/* Jobs at a pace, as many calls have it: few transactions. One job each, when they have no time.
 * What is counted is how many share one; a slow machine makes the pace slower, so it is ten times
 * what is worth a wait. */
START_TEST(test_company)
{
    enum { JOBS = 1500, PACE_US = 300, PATIENCE_US = 50000 };
    struct writer_options opts = {.discard = true};
    struct timespec pause = {.tv_nsec = PACE_US * 1000};
    struct job *jobs = calloc(JOBS, sizeof *jobs);
    struct writer *w;
    int64_t transactions, applied;
    ck_assert_ptr_nonnull(jobs);
    OK(writer_open(&w, at.path, &opts, &at.err));
    for (int i = 0; i < JOBS; i++) {
        make_job(&jobs[i], "c", i);
        jobs[i].write.patience_us = _i ? PATIENCE_US : 0;
        writer_submit(w, &jobs[i].write);
        nanosleep(&pause, NULL);
    }
    wait_for(JOBS);
    writer_counts(w, &transactions, &applied);
    writer_close(w);
    ck_assert_int_eq(applied, JOBS);
    if (_i)
        ck_assert_int_lt(transactions, JOBS / 4);
    else
        ck_assert_int_gt(transactions, JOBS / 2);
    free(jobs);
}
END_TEST

/* One that cannot wait does not, and takes those along that could; nor does the end wait. */
START_TEST(test_impatient)
{
    enum { JOBS = 1000, PATIENCE_US = 1000 * 1000000 };
    struct writer_options opts = {.discard = true};
    struct job *jobs = calloc(JOBS + 1, sizeof *jobs);
    struct writer *w;
    ck_assert_ptr_nonnull(jobs);
    OK(writer_open(&w, at.path, &opts, &at.err));
    for (int i = 0; i <= JOBS; i++) {
        make_job(&jobs[i], "c", i);
        jobs[i].write.patience_us = i == JOBS / 2 ? 0 : PATIENCE_US;
        writer_submit(w, &jobs[i].write);
        if (i == JOBS / 2)
            wait_for(JOBS / 2 + 1);
    }
    writer_close(w);
    ck_assert_int_eq(seen.done, JOBS + 1);
    free(jobs);
}
END_TEST

START_TEST(test_discard)
{
    struct writer_options opts = {.discard = true, .in_line = _i};
    struct job job;
    struct writer *w;
    OK(writer_open(&w, at.path, &opts, &at.err));
    make_job(&job, "c", 0);
    writer_submit(w, &job.write);
    wait_for(1);
    writer_close(w);
    ck_assert_int_eq(job.result, STATUS_OK);
    ck_assert_int_eq(count_commands(), 0);
}
END_TEST

/* ---- failures ---- */

/* In one transaction, behind the lock of another connection, and inline. */
START_TEST(test_one_fails)
{
    struct writer_options opts = {.in_line = _i};
    struct job jobs[9];
    struct writer *w;
    OK(writer_open(&w, at.path, &opts, &at.err));
    if (!opts.in_line)
        OK(store_begin(at.store, &at.err));
    for (int i = 0; i < 9; i++) {
        make_job(&jobs[i], "c", i == 7 ? 6 : i); /* one with a name that is taken */
        if (i == 4)
            jobs[i].id[0] = 0;
        writer_submit(w, &jobs[i].write);
    }
    if (!opts.in_line)
        store_rollback(at.store);
    wait_for(9);
    for (int i = 0; i < 9; i++)
        ck_assert_int_eq(jobs[i].result, i == 4 || i == 7 ? STATUS_CONFLICT : STATUS_OK);
    ck_assert_ptr_nonnull(strstr(seen.text, "\"c00006\" exists already"));
    ck_assert_int_eq(count_commands(), 7);
    writer_close(w);
}
END_TEST

/* A file that may not grow is what a full disk looks like. */
START_TEST(test_full)
{
    struct writer_options opts = {.keep_count = 0};
    struct rlimit old, small;
    struct job jobs[4], last;
    struct writer *w;
    char *large = malloc(4000001);
    ck_assert_ptr_nonnull(large);
    memset(large, 'x', 4000000);
    large[_i ? 60000 : 4000000] = 0; /* at the commit, or already before it: the cache spills */
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    OK(writer_open(&w, at.path, &opts, &at.err));
    OK(store_begin(at.store, &at.err)); /* so that they are done at once, or one and the rest */
    for (int i = 0; i < 4; i++) {
        make_job(&jobs[i], "large", i);
        jobs[i].prompt = i == 1 ? "small" : large;
    }
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 50000;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (int i = 0; i < 4; i++)
        writer_submit(w, &jobs[i].write);
    store_rollback(at.store);
    wait_for(4);
    setrlimit(RLIMIT_FSIZE, &old);
    ck_assert_int_eq(seen.failed, 4);
    ck_assert_msg(strstr(seen.text, "the disk is full: the store \"") != NULL, "%s", seen.text);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(jobs[i].result, STATUS_STORE);
    ck_assert_int_eq(count_commands(), 0);
    make_job(&last, "after", 0); /* and when there is room again, it goes on */
    writer_submit(w, &last.write);
    wait_for(5);
    ck_assert_int_eq(last.result, STATUS_OK);
    writer_close(w);
    ck_assert_int_eq(count_commands(), 1);
    check_intact();
    signal(SIGXFSZ, handler);
    free(large);
}
END_TEST

/* Another connection keeps the lock for longer than is waited. */
START_TEST(test_locked)
{
    struct writer_options opts = {.keep_count = 0};
    struct job jobs[3];
    struct writer *w;
    OK(writer_open(&w, at.path, &opts, &at.err));
    OK(store_begin(at.store, &at.err));
    make_job(&jobs[0], "c", 0);
    writer_submit(w, &jobs[0].write);
    wait_for(1);
    ck_assert_int_eq(jobs[0].result, STATUS_STORE);
    ck_assert_msg(strstr(seen.text, "is locked: another process") != NULL, "%s", seen.text);
    make_job(&jobs[1], "c", 1); /* this one is in time */
    writer_submit(w, &jobs[1].write);
    store_rollback(at.store);
    wait_for(2);
    ck_assert_int_eq(jobs[1].result, STATUS_OK);
    writer_close(w);
}
END_TEST

/* ---- retention ---- */

START_TEST(test_retention)
{
    struct writer_options opts = {.keep_count = 10, .prune_ms = 20};
    struct run_filter f = {.limit = 10000};
    struct writer *w;
    int n = 0;
    sql("WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 1000)"
        " INSERT INTO run (id, agents, mode, started_ms, status)"
        " SELECT 'x' || n, '[]', 'ask', n, 'ok' FROM i");
    OK(writer_open(&w, at.path, &opts, &at.err));
    for (int64_t end = units_mono_ms() + WAIT_MS; units_mono_ms() < end; usleep(5000)) {
        n = 0;
        OK(run_each(at.store, &f, count_run, &n, &at.err));
        if (n == 10)
            break;
    }
    writer_close(w);
    ck_assert_int_eq(n, 10);
}
END_TEST

/* ---- files that are broken ---- */

static void visit_all(struct store *s)
{
    struct run_filter f = {.limit = 1000};
    struct buf out;
    int n = 0;
    buf_init(&out, 64 * BUF_SMALL);
    store_ping(s, NULL);
    store_export(s, true, &out, NULL);
    run_each(s, &f, count_run, &n, NULL);
    buf_release(&out);
}

/* Whatever the bytes are, there is an answer. */
static void use_broken(void)
{
    struct writer_options opts = {.in_line = true, .keep_count = 1};
    struct store *s;
    struct writer *w;
    struct job job;
    if (!store_open(&s, at.path, STORE_READ, &at.err)) {
        visit_all(s);
        store_close(s);
    }
    if (writer_open(&w, at.path, &opts, &at.err)) {
        ck_assert_str_ne(at.err.text, "");
        return;
    }
    make_job(&job, "x", 0);
    writer_submit(w, &job.write);
    writer_close(w);
}

START_TEST(test_broken)
{
    char wal[sizeof at.path + 8], shm[sizeof at.path + 8];
    static char whole[1 << 20];
    snprintf(wal, sizeof wal, "%s-wal", at.path);
    snprintf(shm, sizeof shm, "%s-shm", at.path);
    unit_store_fill(unit_entities);
    sql("INSERT INTO run (id, agents, mode, started_ms, owner) VALUES ('x', '[]', 'ask', 1, 5)");
    store_close(at.store);
    at.store = NULL;
    int fd = open(at.path, O_RDWR | O_CLOEXEC);
    ssize_t size = read(fd, whole, sizeof whole);
    close(fd);
    ck_assert_int_gt(size, 8192);
    unsigned noise = 12345;
    for (int round = 0; round < 120; round++) {
        unlink(wal);
        unlink(shm);
        fd = open(at.path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        size_t len = round < 40 ? (size_t)(size * round / 40) : (size_t)size;
        ck_assert_int_eq(write(fd, whole, len), (ssize_t)len);
        for (int i = 0; i < 32 && round >= 40; i++) { /* on pages, headers and content alike */
            noise = noise * 1103515245 + 12345;
            off_t where = round % 2 ? noise % (unsigned)size : (noise >> 8) % 4096 * 16 % size;
            char byte = (char)(noise >> 16);
            ck_assert_int_eq(pwrite(fd, &byte, 1, where), 1);
        }
        close(fd);
        use_broken();
    }
}
END_TEST

/* ---- the log ---- */

static long file_size(const char *suffix)
{
    char path[UNIT_PATH + 16];
    struct stat info;
    snprintf(path, sizeof path, "%s%s", at.path, suffix);
    return stat(path, &info) ? -1 : (long)info.st_size;
}

/* Adds commands of a hundred pages, one a commit, until the log is so long or begins anew. */
static int lengthen(struct store *s, struct checkpoints *c, int pages)
{
    static char prompt[400 * 1024];
    static int number;
    memset(prompt, 'p', sizeof prompt - 1);
    int before = store_log_pages(s);
    while (store_log_pages(s) >= before && store_log_pages(s) < pages) {
        struct job job;
        before = store_log_pages(s);
        make_job(&job, "long", number++);
        job.prompt = prompt;
        OK(apply(&job.write, s, &at.err));
        checkpoints_turn(c, s);
    }
    return store_log_pages(s);
}

static void wait_for_reader(struct checkpoints *c)
{
    int64_t end = units_mono_ms() + WAIT_MS;
    while (atomic_load(&c->running) && units_mono_ms() < end)
        sched_yield();
    ck_assert(!atomic_load(&c->running));
}

START_TEST(test_log)
{
    struct checkpoints c = {.reader = NULL};
    struct reader *reader = NULL;
    struct store *s = NULL;
    OK(reader_open(&reader, at.path, &at.err));
    OK(store_open(&s, at.path, STORE_WRITE, &at.err));
    checkpoints_begin(&c, s, reader);
    long before = file_size("");
    ck_assert_int_ge(lengthen(s, &c, CHECKPOINT_PAGES - 110), CHECKPOINT_PAGES - 220);
    ck_assert(!atomic_load(&c.running));
    ck_assert_int_eq(file_size(""), before); /* no commit has written anything back */
    ck_assert_int_ge(lengthen(s, &c, CHECKPOINT_PAGES), CHECKPOINT_PAGES);
    wait_for_reader(&c);
    ck_assert_int_gt(file_size(""), before + (long)900 * 4096);
    ck_assert_int_lt(lengthen(s, &c, CHECKPOINT_RESTART), 220); /* all was: it begins anew */
    ck_assert_int_ge(lengthen(s, &c, CHECKPOINT_PAGES), CHECKPOINT_PAGES); /* and so on */
    wait_for_reader(&c);
    store_close(s);
    reader_close(reader);
}
END_TEST

/* The end, while the reader writes back what the last job made. */
START_TEST(test_log_at_end)
{
    static char prompt[CHECKPOINT_PAGES * 4096 + 1];
    struct reader *reader = NULL;
    struct writer *w = NULL;
    struct job job;
    memset(prompt, 'p', sizeof prompt - 1);
    OK(reader_open(&reader, at.path, &at.err));
    struct writer_options opts = {.reader = reader};
    OK(writer_open(&w, at.path, &opts, &at.err));
    make_job(&job, "last", 0);
    job.prompt = prompt;
    writer_submit(w, &job.write);
    writer_stop(w);
    ck_assert_int_eq(job.result, STATUS_OK);
    reader_close(reader);
    writer_close(w);
}
END_TEST

/* A log that is being read cannot begin anew: nobody waits for that, and no commit tries each
 * time. */
START_TEST(test_log_in_use)
{
    struct checkpoints c = {.reader = NULL};
    struct reader *reader = NULL;
    struct store *s = NULL, *slow = NULL;
    int64_t generation;
    OK(reader_open(&reader, at.path, &at.err));
    OK(store_open(&s, at.path, STORE_WRITE, &at.err));
    OK(store_open(&slow, at.path, STORE_READ, &at.err));
    OK(store_begin_reading(slow, &at.err));
    OK(store_generation(slow, &generation, &at.err));
    checkpoints_begin(&c, s, reader);
    ck_assert_int_ge(lengthen(s, &c, CHECKPOINT_RESTART + 500), CHECKPOINT_RESTART + 500);
    wait_for_reader(&c);
    store_rollback(slow);
    int pages = store_log_pages(s);
    for (int i = 0; i < 8 && pages >= CHECKPOINT_RESTART; i++) {
        pages = lengthen(s, &c, pages + CHECKPOINT_PAGES);
        wait_for_reader(&c);
    }
    ck_assert_int_lt(pages, CHECKPOINT_RESTART);
    store_close(slow);
    store_close(s);
    reader_close(reader);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("writer");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, test_many);
    tcase_add_test(all, test_close);
    tcase_add_loop_test(all, test_company, 0, 2);
    tcase_add_test(all, test_impatient);
    tcase_add_loop_test(all, test_discard, 0, 2);
    tcase_add_loop_test(all, test_one_fails, 0, 2);
    tcase_add_loop_test(all, test_full, 0, 2);
    tcase_add_test(all, test_locked);
    tcase_add_test(all, test_retention);
    tcase_add_test(all, test_broken);
    tcase_add_test(all, test_log);
    tcase_add_test(all, test_log_in_use);
    tcase_add_test(all, test_log_at_end);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
