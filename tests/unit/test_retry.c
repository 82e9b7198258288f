#include "agent/retry.h"

#include "unit.h"

#define NOW 1795511107000 /* Tue, 24 Nov 2026 09:05:07 GMT */

static const struct {
    const char *ms, *after;
    int64_t told;
} told[] = {
    {NULL, NULL, 0},
    {"1500", NULL, 1500},
    {"1500", "7", 1500},
    {"20.5", NULL, 20},
    {"soon", "7", 7000},
    {"", "7", 7000},
    {NULL, "7", 7000},
    {NULL, "1.5", 1500},
    {NULL, "7 ", 7000},
    {NULL, "7s", 0},
    {NULL, "0", 0},
    {NULL, "-3", 0},
    {NULL, "nan", 0},
    {NULL, "infinity", 0},
    {NULL, "3600", RETRY_TOLD_MAX_MS},
    {NULL, "99999999999999999999999999", RETRY_TOLD_MAX_MS},
    {NULL, "1e999", RETRY_TOLD_MAX_MS},
    {NULL, "Tue, 24 Nov 2026 09:05:17 GMT", 10000},
    {NULL, "Tuesday, 24-Nov-26 09:05:17 GMT", 10000},
    {NULL, "Tue Nov 24 09:05:17 2026", 10000},
    {NULL, "Tue, 24 Nov 2026 09:05:06 GMT", 0},
    {NULL, "Sun, 06 Nov 1994 08:49:37 GMT", 0},
    {NULL, "Fri, 31 Dec 9999 23:59:59 GMT", RETRY_TOLD_MAX_MS},
    {NULL, "Tue, 24 Nov 2026", 0},
    {NULL, "Tue, 24 Nov 2026 09:05:17 GMT and more", 0},
};

START_TEST(test_told)
{
    ck_assert_int_eq(retry_told(told[_i].ms, told[_i].after, NOW), told[_i].told);
}
END_TEST

static const struct {
    int failures;
    int64_t least, most;
} delays[] = {
    {1, 375, 500},
    {2, 750, 1000},
    {3, 1500, 2000},
    {4, 3000, 4000},
    {5, 6000, 8000},
    {6, 6000, 8000},
    {1000, 6000, 8000},
};

START_TEST(test_delay)
{
    ck_assert_int_eq(retry_delay(delays[_i].failures, 0, 0), delays[_i].most);
    ck_assert_int_eq(retry_delay(delays[_i].failures, 0, UINT32_MAX), delays[_i].least);
    int64_t middle = retry_delay(delays[_i].failures, 0, UINT32_MAX / 2);
    ck_assert_int_gt(middle, delays[_i].least);
    ck_assert_int_lt(middle, delays[_i].most);
    ck_assert_int_eq(retry_delay(delays[_i].failures, 800, 0), 800);
    ck_assert_int_eq(retry_delay(delays[_i].failures, 800, UINT32_MAX), 900);
}
END_TEST

static const struct {
    int status;
    const char *should;
    bool useful;
} answers[] = {
    {400, NULL, false},
    {401, NULL, false},
    {404, NULL, false},
    {307, NULL, false},
    {408, NULL, true},
    {409, NULL, true},
    {429, NULL, true},
    {500, NULL, true},
    {503, NULL, true},
    {529, NULL, true},
    {503, "false", false},
    {429, "False", false},
    {400, "true", true},
    {400, "perhaps", false},
    {503, "", true},
};

START_TEST(test_useful)
{
    ck_assert_int_eq(retry_is_useful(answers[_i].status, answers[_i].should), answers[_i].useful);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("retry");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_told, 0, COUNT(told));
    tcase_add_loop_test(all, test_delay, 0, COUNT(delays));
    tcase_add_loop_test(all, test_useful, 0, COUNT(answers));
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
