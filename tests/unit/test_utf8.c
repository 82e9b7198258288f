#include "base/utf8.h"

#include "unit.h"

#define R "\xEF\xBF\xBD"

/* Whole input and what becomes of it. */
static const struct row {
    const char *in, *out;
} rows[] = {
    {"", ""},
    {"plain", "plain"},
    {"a longer line of plain text, over two words", "a longer line of plain text, over two words"},
    {"\xC3\xA9t\xC3\xA9", "\xC3\xA9t\xC3\xA9"},
    {"\xE2\x82\xAC \xF0\x9F\x98\x80!", "\xE2\x82\xAC \xF0\x9F\x98\x80!"},
    {"\xED\x9F\xBF\xEE\x80\x80", "\xED\x9F\xBF\xEE\x80\x80"},
    {"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
    /* Unicode, section 3.9: the tables of maximal subparts */
    {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", R R R R R R R R "A"},
    {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", R R R R R "A" R R "B"},
    {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", R R R R "A"},
    {"\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64", "a" R R R "b" R "c" R R "d"},
    {"\xC1\xBF\xF5\x80\xFE", R R R R R},
    /* unfinished at the end */
    {"a\xC3", "a" R},
    {"a\xE2\x82", "a" R},
    {"a\xF0\x9F\x98", "a" R},
    {"\xED", R},
    /* halves of surrogate pairs: joined, or one replacement each */
    {"\xED\xA0\xBD\xED\xB8\x80", "\xF0\x9F\x98\x80"},
    {"<\xED\xA0\xBD\xED\xB8\x80\xED\xA0\xBD\xED\xB8\x81>", "<\xF0\x9F\x98\x80\xF0\x9F\x98\x81>"},
    {"\xED\xA0\x80\xED\xB0\x80", "\xF0\x90\x80\x80"},
    {"\xED\xAF\xBF\xED\xBF\xBF", "\xF4\x8F\xBF\xBF"},
    {"\xED\xA0\xBD", R},
    {"\xED\xB8\x80", R},
    {"\xED\xB8\x80\xED\xA0\xBD", R R},
    {"\xED\xA0\xBD\xED\xA0\xBD\xED\xB8\x80", R "\xF0\x9F\x98\x80"},
    {"\xED\xA0\xBDx\xED\xB8\x80", R "x" R},
    {"\xED\xA0\xBD\xED\x9F\xBF", R "\xED\x9F\xBF"},
    {"\xED\xA0\xBD\xC3\xA9", R "\xC3\xA9"},
    {"\xED\xA0\xBD\xED\xB8", R R},
    {"\xED\xA0\x41", R R "A"},
};

static void feed(struct utf8_stream *u, const char *s, size_t from, size_t to, struct buf *out)
{
    char *exact = malloc(to - from + 1); /* so that a sanitizer sees what is read behind */
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, s + from, to - from);
    char *piece = realloc(exact, to > from ? to - from : 1);
    ck_assert_int_eq(utf8_feed(u, piece, to - from, out), STATUS_OK);
    ck_assert_uint_le(u->len, 5);
    free(piece);
}

/* In one, two and three pieces, cut everywhere. */
START_TEST(test_row)
{
    const struct row *r = &rows[_i];
    size_t len = strlen(r->in);
    for (size_t a = 0; a <= len; a++) {
        for (size_t b = a; b <= len; b++) {
            struct utf8_stream u = {0};
            struct buf out;
            buf_init(&out, BUF_SMALL);
            feed(&u, r->in, 0, a, &out);
            feed(&u, r->in, a, b, &out);
            feed(&u, r->in, b, len, &out);
            ck_assert_int_eq(utf8_finish(&u, &out), STATUS_OK);
            ck_assert_str_eq(buf_str(&out), r->out);
            ck_assert(utf8_valid(buf_str(&out), out.len, NULL));
            buf_release(&out);
        }
    }
}
END_TEST

static const struct {
    const char *in;
    int bad; /* -1: valid */
} validity[] = {
    {"", -1},
    {"plain text that is longer than a word", -1},
    {"\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", -1},
    {"ab\xC0\x80", 2},
    {"ab\x80", 2},
    {"\xE0\x9F\xBF", 0},
    {"\xED\xA0\x80", 0},
    {"\xF0\x8F\xBF\xBF", 0},
    {"\xF4\x90\x80\x80", 0},
    {"eight by\xFF", 8},
    {"\xC3\xA9\xE2\x82", 2},
};

START_TEST(test_valid)
{
    size_t len = strlen(validity[_i].in), bad = 99;
    bool good = utf8_valid(validity[_i].in, len, &bad);
    ck_assert_int_eq(good, validity[_i].bad < 0);
    ck_assert_uint_eq(bad, good ? len : (size_t)validity[_i].bad);
}
END_TEST

/* Every code point is valid and comes back; every half is not. */
START_TEST(test_encode)
{
    for (unsigned c = 0; c <= 0x10FFFF; c++) {
        char s[4];
        size_t len = utf8_encode(c, s);
        ck_assert_uint_eq(len, c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
        if (utf8_valid(s, len, NULL) != (c < 0xD800 || c > 0xDFFF))
            ck_abort_msg("U+%04X", c);
    }
}
END_TEST

START_TEST(test_cut)
{
    static const char s[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z"; /* 1, 2, 3, 4, 1 bytes */
    static const size_t cuts[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (size_t max = 0; max < COUNT(cuts); max++)
        ck_assert_uint_eq(utf8_cut(s, sizeof s - 1, max), cuts[max]);
    ck_assert_uint_le(utf8_cut("\x80\x80\x80\x80\x80\x80\x80", 7, 6), 6);
}
END_TEST

/* What was failed is said, and nothing is written beyond the cap. */
START_TEST(test_full)
{
    struct utf8_stream u = {0};
    struct buf out;
    buf_init(&out, 4);
    ck_assert_int_eq(utf8_feed(&u, NULL, 0, &out), STATUS_OK);
    ck_assert(utf8_valid(NULL, 0, NULL));
    ck_assert_int_eq(utf8_feed(&u, "\x80\x80", 2, &out), STATUS_TOO_LARGE);
    ck_assert_int_eq(utf8_finish(&u, &out), STATUS_TOO_LARGE);
    ck_assert_uint_le(out.len, 4);
    buf_release(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("utf8");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_row, 0, COUNT(rows));
    tcase_add_loop_test(all, test_valid, 0, COUNT(validity));
    tcase_add_test(all, test_encode);
    tcase_add_test(all, test_cut);
    tcase_add_test(all, test_full);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
