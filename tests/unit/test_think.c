#include "agent/think.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define SPACES_57 "                                                         "

static const struct {
    const char *text, *answer;
    bool ends_inside;
} rows[] = {
    {"", "", false},
    {"a", "a", false},
    {" \n", " \n", false},
    {"<think>a</think>b", "b", false},
    {" \t\r\n<think>a</think> \t\r\nb ", "b ", false},
    {"<think></think>b", "b", false},
    {"<think>a<</think>b", "b", false},
    {"<think>a</</think>b", "b", false},
    {"<think><think>a</think>b</think>c", "b</think>c", false},
    {"<think>a</think><think>b</think>c", "<think>b</think>c", false},
    {"<think>a</think>", "", false},
    {"<think>a</think> \n", "", false},
    {"<think>a</think", "", true},
    {"<think>", "", true},
    {"<think", "<think", false},
    {"< think>a", "< think>a", false},
    {"<<think>a", "<<think>a", false},
    {"<thinking>a", "<thinking>a", false},
    {"<Think>a", "<Think>a", false},
    {"a<think>b</think>c", "a<think>b</think>c", false},
    {"a</think>b", "a</think>b", false},
    {SPACES_57 "<think>a</think>b", "b", false},
    {SPACES_57 " <think>a</think>b", SPACES_57 " <think>a</think>b", false},
};

enum { ROWS = sizeof rows / sizeof *rows };

static void on_text(void *ctx, const char *bytes, size_t len)
{
    ck_assert_uint_gt(len, 0);
    buf_add(ctx, bytes, len);
}

/* In pieces of a first length and then of the others, each in memory of its exact size. */
static void run(size_t row, size_t first, size_t others)
{
    struct buf out;
    struct think t = {.text = on_text, .ctx = &out};
    size_t len = strlen(rows[row].text);
    buf_init(&out, BUF_SMALL);
    for (size_t at = 0, n = first; at < len; at += n, n = others) {
        n = n < len - at ? n : len - at;
        char *copy = malloc(n ? n : 1);
        ck_assert_ptr_nonnull(copy);
        memcpy(copy, rows[row].text + at, n);
        think_feed(&t, copy, n);
        free(copy);
    }
    think_finish(&t);
    ck_assert_str_eq(buf_str(&out), rows[row].answer);
    ck_assert_int_eq(t.said, out.len > 0);
    ck_assert_int_eq(t.state == THINK_INSIDE, rows[row].ends_inside);
    buf_release(&out);
}

START_TEST(test_every_split)
{
    size_t len = strlen(rows[_i].text);
    for (size_t split = 0; split <= len; split++)
        run((size_t)_i, split, len ? len : 1);
    for (size_t n = 1; n <= 8; n++)
        run((size_t)_i, n, n);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("think");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_every_split, 0, ROWS);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
