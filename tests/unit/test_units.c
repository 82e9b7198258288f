#include "base/units.h"

#include "unit.h"

static const struct {
    const char *text;
    int64_t ms; /* -1: refused */
} durations[] = {
    {"0", 0},
    {"0ms", 0},
    {"250ms", 250},
    {"20", 20000},
    {"20s", 20000},
    {"5m", 300000},
    {"2h", 7200000},
    {"90d", 7776000000},
    {"007s", 7000},
    {"36500d", 36500 * INT64_C(86400000)},
    {"", -1},
    {"s", -1},
    {"-1", -1},
    {"+1", -1},
    {" 1", -1},
    {"1 s", -1},
    {"1s ", -1},
    {"1.5s", -1},
    {"1S", -1},
    {"1w", -1},
    {"1h30m", -1},
    {"99999999999999999999", -1},
    {"9223372036854775807d", -1},
};

/* What would overflow when it is added to a clock. */
START_TEST(test_too_long)
{
    static const char *const texts[] = {"36501d", "3153600000001ms", "9223372036854775807ms"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        int64_t ms = 7;
        struct error err;
        ck_assert_int_eq(units_duration(texts[i], &ms, &err), STATUS_BAD_REQUEST);
        ck_assert_ptr_nonnull(strstr(err.text, "is too long: a duration is at most 36500d"));
        ck_assert_int_eq(ms, 7);
    }
}
END_TEST

START_TEST(test_duration)
{
    int64_t ms = -1;
    struct error err;
    enum status st = units_duration(durations[_i].text, &ms, &err);
    ck_assert_int_eq(st, durations[_i].ms < 0 ? STATUS_BAD_REQUEST : STATUS_OK);
    if (st)
        ck_assert_ptr_nonnull(strstr(err.text, "is not a duration: write 250ms"));
    else
        ck_assert_int_eq(ms, durations[_i].ms);
}
END_TEST

static const struct {
    int64_t ms;
    const char *text;
} printed[] = {
    {0, "0s"},
    {1, "1ms"},
    {1500, "1500ms"},
    {1000, "1s"},
    {90000, "90s"},
    {60000, "1m"},
    {3600000, "1h"},
    {86400000, "1d"},
    {90000000, "25h"},
};

START_TEST(test_print_duration)
{
    char text[32];
    int64_t back;
    units_print_duration(printed[_i].ms, text);
    ck_assert_str_eq(text, printed[_i].text);
    ck_assert_int_eq(units_duration(text, &back, NULL), STATUS_OK);
    ck_assert_int_eq(back, printed[_i].ms);
}
END_TEST

static const struct {
    const char *text;
    size_t bytes;
    enum status st;
} sizes[] = {
    {"0", 0, STATUS_OK},
    {"512", 512, STATUS_OK},
    {"64k", 65536, STATUS_OK},
    {"64K", 65536, STATUS_OK},
    {"8M", 8388608, STATUS_OK},
    {"1G", 1073741824, STATUS_OK},
    {"", 0, STATUS_BAD_REQUEST},
    {"k", 0, STATUS_BAD_REQUEST},
    {"-1", 0, STATUS_BAD_REQUEST},
    {"1kB", 0, STATUS_BAD_REQUEST},
    {"1T", 0, STATUS_BAD_REQUEST},
    {"9999999999999G", 0, STATUS_BAD_REQUEST},
};

START_TEST(test_size)
{
    size_t bytes = 0;
    ck_assert_int_eq(units_size(sizes[_i].text, &bytes, NULL), sizes[_i].st);
    ck_assert_uint_eq(bytes, sizes[_i].bytes);
}
END_TEST

static const struct {
    const char *text;
    int64_t n; /* 0: refused */
} counts[] = {
    {"1", 1},
    {"100", 100},
    {"0", 0},
    {"101", 0},
    {"-5", 0},
    {"", 0},
    {"5x", 0},
    {"5 ", 0},
    {" 5", 0},
    {"-", 0},
    {"99999999999999999999", 0},
};

START_TEST(test_count)
{
    int64_t n = 0;
    struct error err;
    enum status st = units_count(counts[_i].text, 1, 100, &n, &err);
    ck_assert_int_eq(st, counts[_i].n ? STATUS_OK : STATUS_BAD_REQUEST);
    ck_assert_int_eq(n, counts[_i].n);
    if (st)
        ck_assert_ptr_nonnull(strstr(err.text, "is not a whole number from 1 to 100"));
}
END_TEST

START_TEST(test_time)
{
    char text[32];
    units_print_time(0, text);
    ck_assert_str_eq(text, "1970-01-01T00:00:00.000Z");
    units_print_time(1795511107123, text);
    ck_assert_str_eq(text, "2026-11-24T09:05:07.123Z");
    units_print_time(951782399999, text);
    ck_assert_str_eq(text, "2000-02-28T23:59:59.999Z");
    units_print_time(-1, text);
    ck_assert_str_eq(text, "1969-12-31T23:59:59.999Z");
    int64_t before = units_mono_ms();
    ck_assert_int_ge(units_mono_ms(), before);
    ck_assert_int_gt(units_now_ms(), 1700000000000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("units");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_duration, 0, COUNT(durations));
    tcase_add_test(all, test_too_long);
    tcase_add_loop_test(all, test_print_duration, 0, COUNT(printed));
    tcase_add_loop_test(all, test_size, 0, COUNT(sizes));
    tcase_add_loop_test(all, test_count, 0, COUNT(counts));
    tcase_add_test(all, test_time);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
