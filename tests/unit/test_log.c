#include "base/log.h"
#include "base/utf8.h"

#include "unit.h"

/* What goes to fd 2 is caught in a file. */
static struct {
    FILE *file;
    int saved;
} caught;

static void catch (void)
{
    caught.file = tmpfile();
    ck_assert_ptr_nonnull(caught.file);
    caught.saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    ck_assert_int_ge(dup2(fileno(caught.file), STDERR_FILENO), 0);
}

static void release(char *text, size_t size)
{
    dup2(caught.saved, STDERR_FILENO);
    close(caught.saved);
    ssize_t n = pread(fileno(caught.file), text, size - 1, 0);
    text[n < 0 ? 0 : n] = 0;
    fclose(caught.file);
}

static const struct {
    const char *value, *written;
} values[] = {
    {NULL, ""},
    {"plain", " v=plain"},
    {"/a/b:c,d", " v=/a/b:c,d"},
    {"\xC3\xA9", " v=\xC3\xA9"},
    {"", " v=\"\""},
    {"two words", " v=\"two words\""},
    {"a=b", " v=\"a=b\""},
    {"say \"x\"", " v=\"say \\\"x\\\"\""},
    {"a\nlevel=error", " v=\"a\\nlevel=error\""},
    {"\x1b[31m\r\t\x7f", " v=\"\\x1b[31m\\x0d\\x09\\x7f\""},
    {"csi\xC2\x9B"
     "31m\xC2\xA0",
        " v=\"csi\\x9b31m\xC2\xA0\""},
    {"back \\ slash", " v=\"back \\\\ slash\""},
    {"bad\xFFutf", " v=\"bad\xEF\xBF\xBDutf\""},
};

/* Every status has its HTTP status, phrase, word and exit status. */
START_TEST(test_status)
{
    ck_assert_int_eq(status_http(STATUS_OK), 200);
    ck_assert_int_eq(status_exit(STATUS_OK), 0);
    ck_assert_str_eq(status_name(STATUS_OK), "ok");
    for (int i = 1; i < STATUS_COUNT_; i++) {
        enum status s = (enum status)i;
        ck_assert(status_http(s) >= 400 && status_http(s) < 600);
        ck_assert(status_exit(s) == 130 || (status_exit(s) >= 64 && status_exit(s) <= 78));
        ck_assert_uint_gt(strlen(status_title(s)), 0);
        for (int other = 0; other < i; other++)
            ck_assert_str_ne(status_name(s), status_name((enum status)other));
    }
    ck_assert_int_eq(status_http(STATUS_CANCELED), 499);
    ck_assert_int_eq(status_exit(STATUS_CONFIG), 78);
    ck_assert_str_eq(status_title(STATUS_BACKEND), "Bad Gateway");
}
END_TEST

/* An error's text: whole up to the maximum, then cut between characters, wherever they stand. */
START_TEST(test_error_cut)
{
    char text[2 * ERROR_TEXT_MAX];
    struct error err;
    for (size_t shift = 0; shift < 8; shift++) {
        memset(text, 'x', shift);
        for (size_t i = shift; i < sizeof text; i += 4)
            snprintf(text + i, sizeof text - i, "\xF0\x9F\x98\x80");
        ck_assert_int_eq(error_set(&err, STATUS_BACKEND, "%s", text), STATUS_BACKEND);
        size_t len = strlen(err.text);
        ck_assert_uint_lt(len, ERROR_TEXT_MAX);
        ck_assert_uint_ge(len, ERROR_TEXT_MAX - 4);
        ck_assert_str_eq(err.text + len - 3, "...");
        ck_assert(utf8_valid(err.text, len, NULL));
    }
    text[ERROR_TEXT_MAX - 1] = 0;
    memset(text, 'x', ERROR_TEXT_MAX - 1);
    error_set(&err, STATUS_STORE, "%s", text);
    ck_assert_str_eq(err.text, text);
    ck_assert_int_eq(error_set(NULL, STATUS_STORE, "nobody asks"), STATUS_STORE);
}
END_TEST

START_TEST(test_error_prefix)
{
    struct error err;
    error_set(&err, STATUS_CONFIG, "no key \"%s\"", "A");
    error_prefix(&err, "backend \"%s\"", "b");
    ck_assert_str_eq(err.text, "backend \"b\": no key \"A\"");
    ck_assert_int_eq(err.status, STATUS_CONFIG);
    for (int i = 0; i < ERROR_TEXT_MAX; i++)
        error_prefix(&err, "\xC3\xA9");
    ck_assert_str_eq(err.text + strlen(err.text) - 3, "...");
    ck_assert(utf8_valid(err.text, strlen(err.text), NULL));
    error_prefix(NULL, "nobody asks");
}
END_TEST

START_TEST(test_value)
{
    char text[4096], want[256];
    struct log *log;
    struct log_line line;
    ck_assert_int_eq(log_open(&log, "stderr", "test", NULL), STATUS_OK);
    catch ();
    log_begin(log, &line, LOG_LEVEL_WARN, "it happened");
    log_str(&line, "v", values[_i].value);
    log_int(&line, "n", -5);
    log_end(log, &line);
    release(text, sizeof text);
    log_close(log);
    ck_assert(!strncmp(text, "time=2", 6));
    ck_assert_int_eq(text[28], 'Z');
    snprintf(want, sizeof want, " level=warn msg=\"it happened\"%s n=-5\n", values[_i].written);
    ck_assert_str_eq(text + 29, want);
}
END_TEST

/* A long value is cut at a character; a line is one line. */
START_TEST(test_long)
{
    char text[8192], value[3000];
    struct log *log;
    struct log_line line;
    value[0] = 'x';
    for (size_t i = 1; i + 2 < sizeof value; i += 2)
        memcpy(value + i, "\xC3\xA9", 3);
    ck_assert_int_eq(log_open(&log, "stderr", "test", NULL), STATUS_OK);
    catch ();
    log_begin(log, &line, LOG_LEVEL_INFO, "m");
    log_str(&line, "v", value);
    log_end(log, &line);
    release(text, sizeof text);
    log_close(log);
    const char *v = strstr(text, " v=");
    ck_assert_ptr_nonnull(v);
    ck_assert_uint_eq(strlen(v), strlen(" v=") + 1023 + 1);
    ck_assert_int_eq(v[strlen(v) - 1], '\n');
}
END_TEST

START_TEST(test_none)
{
    char text[4096];
    struct log *log, *other = NULL;
    struct error err = {.text = "why"};
    ck_assert_int_eq(log_open(&log, "none", "test", NULL), STATUS_OK);
    catch ();
    log_message(log, LOG_LEVEL_ERROR, "m", &err);
    log_message(NULL, LOG_LEVEL_ERROR, "m", &err);
    release(text, sizeof text);
    ck_assert_str_eq(text, "");
    log_close(log);
    log_close(NULL);
    ck_assert_int_eq(log_open(&other, "file", "test", &err), STATUS_BAD_REQUEST);
    ck_assert_str_eq(err.text, "no log \"file\": there are stderr, syslog and none");
}
END_TEST

START_TEST(test_message)
{
    char text[4096];
    struct log *log;
    struct error err = {.text = "the cause: \"x\""};
    ck_assert_int_eq(log_open(&log, "stderr", "test", NULL), STATUS_OK);
    catch ();
    log_message(log, LOG_LEVEL_ERROR, "failed", &err);
    log_message(log, LOG_LEVEL_INFO, "fine", NULL);
    release(text, sizeof text);
    log_close(log);
    ck_assert_ptr_nonnull(strstr(text, " level=error msg=failed error=\"the cause: \\\"x\\\"\"\n"));
    ck_assert_ptr_nonnull(strstr(text, " level=info msg=fine\n"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_status);
    tcase_add_test(all, test_error_cut);
    tcase_add_test(all, test_error_prefix);
    tcase_add_loop_test(all, test_value, 0, COUNT(values));
    tcase_add_test(all, test_long);
    tcase_add_test(all, test_none);
    tcase_add_test(all, test_message);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
