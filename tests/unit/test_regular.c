#include "base/regular.h"

#include "unit.h"
#include "unit_mutate.h"

static const struct {
    const char *pattern, *text;
    bool found;
} searches[] = {
    {"", "", true},
    {"", "abc", true},
    {"b", "abc", true},
    {"bc", "abc", true},
    {"ac", "abc", false},
    {"^b", "abc", false},
    {"^ab", "abc", true},
    {"bc$", "abc", true},
    {"ab$", "abc", false},
    {"^$", "", true},
    {"^$", "a", false},
    {"^", "a", true},
    {"a|^b$|c", "b", true},
    {"a|^b$|c", "bb", false},
    {"a|^b$|c", "bbc", true},
    {"^(a|b|c)$", "b", true},
    {"^(a|)$", "", true},
    {"^a(|b)c$", "ac", true},
    {"^a(|b)c$", "abc", true},
    {"^a.c$", "abc", true},
    {"^a.c$", "a\nc", false},
    {"^.$", "\xc3\xa9", true},
    {"^..$", "\xc3\xa9", false},
    {"^.$", "\xf0\x9f\x98\x80", true},
    {"^..$", "\xc3\x28", true},
    {"^.$", "\xff", true},
    {"\xc3\xa9+$", "\xc3\xa9\xc3\xa9", true},
    {"[\xc3\xa0-\xc3\xaf]", "\xc3\xa9", true},
    {"[\xc3\xa0-\xc3\xa8]", "\xc3\xa9", false},
    {"^ab*c$", "ac", true},
    {"^ab*c$", "abbbc", true},
    {"^ab+c$", "ac", false},
    {"^ab+c$", "abbc", true},
    {"^ab?c$", "ac", true},
    {"^ab?c$", "abbc", false},
    {"^(ab)*c$", "ababc", true},
    {"^(ab)*c$", "abac", false},
    {"^a{3}$", "aaa", true},
    {"^a{3}$", "aa", false},
    {"^a{3}$", "aaaa", false},
    {"^a{2,}$", "a", false},
    {"^a{2,}$", "aaaa", true},
    {"^a{2,3}$", "aaaa", false},
    {"^a{2,3}$", "aaa", true},
    {"^a{2,3}$", "aa", true},
    {"^a{0}b$", "b", true},
    {"^a{0}b$", "ab", false},
    {"^a{0,1}b$", "ab", true},
    {"^(a|bc){2}$", "bca", true},
    {"^((a|b){2}c){2}$", "abcbac", true},
    {"^a*?b$", "aab", true},
    {"^a+?$", "aa", true},
    {"^a??$", "a", true},
    {"^(a*)*$", "aaa", true},
    {"^(a*)*$", "aab", false},
    {"^(a?)+$", "", true},
    {"^(?:ab)+$", "abab", true},
    {"[abc]", "xbx", true},
    {"^[^abc]$", "b", false},
    {"^[^abc]$", "x", true},
    {"^[^abc]$", "\n", true},
    {"^[a-c]+$", "abc", true},
    {"^[a-c]+$", "abd", false},
    {"^[]a]+$", "]a", true},
    {"^[^]a]$", "]", false},
    {"^[a-]+$", "a-", true},
    {"^[-a]+$", "a-", true},
    {"^[.*]+$", ".*", true},
    {"^[\\]\\\\]+$", "]\\", true},
    {"^[\\d-]+$", "1-2", true},
    {"^[[:alpha:][:digit:]]+$", "aZ9", true},
    {"^[[:alnum:]]+$", "a_", false},
    {"^[^[:space:]]+$", "a b", false},
    {"^[[:upper:]]{8}$", "APPROVED", true},
    {"^\\d+\\.\\d+$", "1.50", true},
    {"^\\D$", "1", false},
    {"^\\D$", "\xc3\xa9", true},
    {"^\\w+$", "a_9", true},
    {"^\\w$", "-", false},
    {"^\\W\\S$", "-x", true},
    {"^a\\sb$", "a\tb", true},
    {"^a\\tb\\n$", "a\tb\n", true},
    {"^\\$\\^\\(\\)\\{\\}\\|\\*\\+\\?\\/$", "$^(){}|*+?/", true},
    {"a}b", "a}b", true},
};

START_TEST(test_search)
{
    struct regular *p = NULL;
    struct error err = {0};
    size_t work = 100 * 1000;
    bool found = false;
    enum status st = regular_compile(searches[_i].pattern, strlen(searches[_i].pattern), &p, &err);
    ck_assert_msg(!st, "%s: %s", searches[_i].pattern, err.text);
    ck_assert_int_eq(
        regular_find(p, searches[_i].text, strlen(searches[_i].text), &work, &found), STATUS_OK);
    ck_assert_msg(found == searches[_i].found, "%s in %s", searches[_i].pattern, searches[_i].text);
    regular_free(p);
}
END_TEST

static const struct {
    const char *pattern, *said;
} wrong[] = {
    {"a(b", "at 2: the \"(\" has no \")\""},
    {"a)b", "at 2: the \")\" has no \"(\""},
    {"a[b", "at 2: the \"[\" has no \"]\""},
    {"a[]", "at 2: the \"[\" has no \"]\""},
    {"[z-a]", "at 2: no such range"},
    {"[a-\\d]", "at 2: no such range"},
    {"[[:letter:]]", "at 2: no such class"},
    {"*a", "at 1: nothing stands before"},
    {"a|+", "at 3: nothing stands before"},
    {"a{", "at 2: behind \"{\" stands no number"},
    {"a{,5}", "at 2: behind \"{\" stands no number"},
    {"a{2", "at 2: expected {2}"},
    {"a{5,2}", "at 2: expected {2}"},
    {"a{1001}", "at 2: more than 1000 repetitions"},
    {"a{99999999999}", "at 2: more than 1000 repetitions"},
    {"((a{100}){100}){100}", "at 14: it is too large"},
    {"a\\", "at 2: a backslash without"},
    {"\\bword\\b", "at 1: this backslash means nothing"},
    {"(a)\\1", "at 4: this backslash means nothing"},
    {"\\p{L}", "at 1: this backslash means nothing"},
    {"(?i)a", "at 2: groups with \"(?\""},
    {"(?<n>a)", "at 2: groups with \"(?\""},
};

START_TEST(test_wrong)
{
    struct regular *p = NULL;
    struct error err = {0};
    ck_assert_int_eq(regular_compile(wrong[_i].pattern, strlen(wrong[_i].pattern), &p, &err),
        STATUS_BAD_REQUEST);
    ck_assert_msg(!strncmp(err.text, wrong[_i].said, strlen(wrong[_i].said)), "%s: %s",
        wrong[_i].pattern, err.text);
    ck_assert_ptr_null(p);
}
END_TEST

/* Patterns that take other programs minutes: the work grows with the text only. */
static const char *const hard[] = {
    "(a|b)*a(a|b){32}c",
    "[ab]*a[ab]{200}c",
    "((a|b)*a){16}c",
    "(a*)*(a*)*b(a|b|ab)*c",
    "(a?){100}a{100}c",
    "(((a+)+)+)+c",
};

START_TEST(test_hard)
{
    enum { LEN = 2000 };
    char text[LEN];
    struct regular *p = NULL;
    bool found = true;
    uint32_t random = 1;
    size_t all = (size_t)LEN * REGULAR_STEPS_MAX, work = all;
    for (size_t i = 0; i < LEN; i++)
        text[i] = unit_random(&random) & 1 ? 'a' : 'b';
    ck_assert_int_eq(regular_compile(hard[_i], strlen(hard[_i]), &p, NULL), STATUS_OK);
    ck_assert_int_eq(regular_find(p, text, LEN, &work, &found), STATUS_OK);
    ck_assert(!found);
    size_t whole = all - work;
    work = all;
    ck_assert_int_eq(regular_find(p, text, LEN / 2, &work, &found), STATUS_OK);
    ck_assert_uint_gt(all - work, whole / 3);
    ck_assert_uint_lt(all - work, whole * 2 / 3);
    work = 1000;
    ck_assert_int_eq(regular_find(p, text, LEN, &work, &found), STATUS_TOO_LARGE);
    ck_assert(!found && !work);
    regular_free(p);
}
END_TEST

START_TEST(test_mutations)
{
    static const char signs[] = "()[]{}*+?|.^$\\-,:0129ad";
    uint32_t random = 11;
    for (size_t i = 0; i < COUNT(searches); i++)
        for (int round = 0; round < 100; round++) {
            struct buf text;
            struct regular *p = NULL;
            struct error err;
            bool found;
            size_t work = 100 * 1000;
            buf_init(&text, BUF_SMALL);
            buf_adds(&text, searches[i].pattern);
            buf_addc(&text, signs[unit_random(&random) % (sizeof signs - 1)]);
            text.data[unit_random(&random) % text.len] =
                signs[unit_random(&random) % (sizeof signs - 1)];
            if (round % 2)
                unit_mutate(&text, &random);
            if (!regular_compile(buf_str(&text), text.len, &p, &err))
                regular_find(p, searches[i].text, strlen(searches[i].text), &work, &found);
            regular_free(p);
            buf_release(&text);
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("regular");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_search, 0, COUNT(searches));
    tcase_add_loop_test(all, test_wrong, 0, COUNT(wrong));
    tcase_add_loop_test(all, test_hard, 0, COUNT(hard));
    tcase_add_test(all, test_mutations);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
