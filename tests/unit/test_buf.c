#include "base/buf.h"

#include "unit.h"

START_TEST(test_grow)
{
    struct buf b;
    buf_init(&b, 10000);
    ck_assert_str_eq(buf_str(&b), "");
    for (size_t i = 0; i < 10000; i++) {
        ck_assert_int_eq(buf_addc(&b, (char)('a' + i % 26)), STATUS_OK);
        ck_assert_uint_eq(b.len, i + 1);
        ck_assert_int_eq(b.data[b.len], 0);
        ck_assert_uint_gt(b.alloc, b.len);
    }
    ck_assert_uint_le(b.alloc, 10001);
    ck_assert_int_eq(buf_addc(&b, 'x'), STATUS_TOO_LARGE);
    ck_assert_uint_eq(b.len, 10000);
    ck_assert_int_eq(b.data[9999], 'a' + 9999 % 26);
    buf_release(&b);
    ck_assert_uint_eq(b.cap, 10000);
    ck_assert_int_eq(buf_adds(&b, "again"), STATUS_OK);
    buf_release(&b);
    buf_release(&b);
}
END_TEST

/* After a failure nothing is added, whatever it is, until the buffer is reset. */
START_TEST(test_failure)
{
    struct buf b;
    buf_init(&b, 5);
    ck_assert_int_eq(buf_adds(&b, "abc"), STATUS_OK);
    ck_assert_int_eq(buf_adds(&b, "def"), STATUS_TOO_LARGE);
    ck_assert_int_eq(buf_addc(&b, 'd'), STATUS_TOO_LARGE);
    ck_assert_int_eq(buf_printf(&b, "%d", 1), STATUS_TOO_LARGE);
    ck_assert_int_eq(buf_reserve(&b, 0), STATUS_TOO_LARGE);
    ck_assert_int_eq(buf_status(&b), STATUS_TOO_LARGE);
    ck_assert_str_eq(buf_str(&b), "abc");
    buf_reset(&b);
    ck_assert_int_eq(buf_status(&b), STATUS_OK);
    ck_assert_int_eq(buf_printf(&b, "%d-%s", 12, "xy"), STATUS_OK);
    ck_assert_str_eq(buf_str(&b), "12-xy");
    ck_assert_int_eq(buf_printf(&b, "%s", ""), STATUS_OK);
    ck_assert_int_eq(buf_reserve(&b, SIZE_MAX), STATUS_TOO_LARGE);
    ck_assert_ptr_null(buf_detach(&b));
    ck_assert_uint_eq(b.len, 0);
    ck_assert_int_eq(buf_status(&b), STATUS_OK);
    buf_release(&b);
}
END_TEST

START_TEST(test_none)
{
    struct buf b;
    buf_init(&b, 0);
    ck_assert_int_eq(buf_add(&b, NULL, 0), STATUS_OK);
    ck_assert_int_eq(buf_addc(&b, 'a'), STATUS_TOO_LARGE);
    buf_release(&b);
    struct buf zero = {0};
    buf_release(&zero);
    buf_wipe(&zero);
    ck_assert_str_eq(buf_str(&zero), "");
}
END_TEST

START_TEST(test_consume)
{
    struct buf b;
    buf_init(&b, 100);
    buf_consume(&b, 0);
    buf_add(&b, "ab\0cd", 5);
    buf_consume(&b, 2);
    ck_assert_uint_eq(b.len, 3);
    ck_assert_mem_eq(b.data, "\0cd", 4);
    buf_consume(&b, 3);
    ck_assert_uint_eq(b.len, 0);
    ck_assert_str_eq(buf_str(&b), "");
    buf_release(&b);
}
END_TEST

START_TEST(test_reserve)
{
    struct buf b;
    buf_init(&b, 100);
    ck_assert_int_eq(buf_reserve(&b, 100), STATUS_OK);
    memset(b.data, 'x', 100);
    buf_grew(&b, 100);
    ck_assert_uint_eq(strlen(buf_str(&b)), 100);
    buf_shrink(&b, 1000); /* kept */
    ck_assert_ptr_nonnull(b.data);
    ck_assert_uint_eq(b.len, 0);
    buf_shrink(&b, 10); /* given back */
    ck_assert_ptr_null(b.data);
    ck_assert_uint_eq(b.cap, 100);
    buf_release(&b);
}
END_TEST

START_TEST(test_detach)
{
    struct buf b;
    buf_init(&b, 100);
    char *empty = buf_detach(&b);
    ck_assert_str_eq(empty, "");
    free(empty);
    buf_adds(&b, "text");
    char *text = buf_detach(&b);
    ck_assert_str_eq(text, "text");
    free(text);
    ck_assert_ptr_null(b.data);
    buf_adds(&b, "key");
    buf_wipe(&b);
    ck_assert_ptr_null(b.data);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("buf");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_grow);
    tcase_add_test(all, test_failure);
    tcase_add_test(all, test_none);
    tcase_add_test(all, test_consume);
    tcase_add_test(all, test_reserve);
    tcase_add_test(all, test_detach);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
