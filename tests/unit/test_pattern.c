#include "base/pattern.h"

#include "unit.h"
#include "unit_mutate.h"

static const struct {
    const char *pattern, *text;
    bool found;
} found[] = {
    {"", "", true},
    {"a", "bab", true},
    {"^a", "ba", false},
    {"^a$", "a", true},
    {"^a$", "a\n", false},
    {"^...$", "äö😀", true},
    {"^.$", "\n", false},
    {"^[ä-ü]{2}$", "öü", true},
    {"^[^ä]$", "ö", true},
    {"^[A-Za-zÀ-ÿ]+$", "Zoë", true},
    {"^[A-Za-zÀ-ÿ]+$", "Zoë!", false},
    {"^[ -ÿ]+$", "]-[^aé", true},
    {"^[\\u0400-\\u04ff]+$", "мир", true},
    {"^\\d+$", "0123", true},
    {"^\\d+$", "٣", false},
    {"^\\D$", "7", false},
    {"^\\D$", "x", true},
    {"^\\w+$", "a_9", true},
    {"^\\w+$", "ä", false},
    {"^\\W$", "-", true},
    {"^\\s$", "\t", true},
    {"^\\S+$", "a b", false},
    {"^[\\d_]+$", "1_2", true},
    {"^[\\w.-]+@[\\w.-]+$", "a.b-c@d", true},
    {"^[\\s\\d]+$", "1 2\v3", true},
    {"^[\\]]$", "]", true},
    {"^[^\\]]$", "]", false},
    {"^[\\[\\]^-]+$", "[]^-", true},
    {"^[\\^]$", "^", true},
    {"^[\\^]$", "\\", false},
    {"^[\\^-]+$", "-^", true},
    {"^[^^]$", "^", false},
    {"^[a\\-z]+$", "a-z", true},
    {"^[a\\-z]+$", "b", false},
    {"^[-a]+$", "a-", true},
    {"^[[:alpha:]]$", "a]", true},
    {"^[\\\\]$", "\\", true},
    {"^[\\n]$", "\n", true},
    {"^\\u00e4\\x41$", "äA", true},
    {"^[\\u0041-\\u0043]+$", "ABC", true},
    {"^\\.\\*\\+\\?\\(\\)\\[\\]\\{\\}\\|\\^\\$\\\\\\/$", ".*+?()[]{}|^$\\/", true},
    {"^a{2}$", "aa", true},
    {"^a{2,}$", "a", false},
    {"^a{1,2}$", "aaa", false},
    {"^a{,2}$", "a{,2}", true},
    {"^{a}$", "{a}", true},
    {"^x{$", "x{", true},
    {"^(?:a|b)+$", "abba", true},
    {"^(?<year>\\d{4})-(?<month>\\d\\d)$", "2026-11", true},
    {"^a+?$", "", false},
    {"^a+?b*?c??$", "aab", true},
    {"^a{2,3}?$", "a", false},
    {"\\bcat\\b", "a cat", true},
    {"\\bcat\\b", "cats", false},
    {"^(a|)$", "", true},
    {"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "0193a1de-0000-7000-8000-0123456789ab", true},
    {"^/a/$", "/a/", true},
};

START_TEST(test_found)
{
    struct pattern *p = NULL;
    struct error err = {.text = ""};
    const char *text = found[_i].text;
    enum status st = pattern_compile(&p, found[_i].pattern, strlen(found[_i].pattern), &err);
    ck_assert_msg(!st, "%s: %s", found[_i].pattern, err.text);
    ck_assert_msg(pattern_found(p, text, strlen(text)) == found[_i].found, "%s in %s",
        found[_i].pattern, text);
    pattern_free(p);
}
END_TEST

static const struct {
    const char *pattern, *why;
} refused[] = {
    {"(", "\"(\" without \")\" at byte 1"},
    {"a)", "\")\" without \"(\" at byte 2"},
    {"[a", "\"[\" without \"]\" at byte 2"},
    {"[]", "empty brackets"},
    {"[^]", "empty brackets"},
    {"*a", "nothing to repeat at byte 1"},
    {"a**", "nothing to repeat"},
    {"(|*)", "nothing to repeat"},
    {"a\\", "a backslash at the end"},
    {"(?=a)", "looking ahead"},
    {"(?!a)", "looking ahead"},
    {"(?<=a)b", "looking ahead or behind"},
    {"(?<!a)b", "looking ahead or behind"},
    {"(a)\\1", "an escape that is not supported"},
    {"\\p{L}", "an escape that is not supported"},
    {"\\u12", "an escape that is no character"},
    {"\\ud83d", "an escape that is no character"},
    {"\\x00", "an escape that is no character"},
    {"[\\D]", "a negated class in brackets"},
    {"[\\]-a]", "a range that is not supported"},
    {"[a-\\d]", "a range that is not supported"},
    {"[\\u4e00-\\u9fff]", "a range that is not supported"},
    {"[ü-ä]", "a range that is not supported"},
    {"[z-a]", "the pattern cannot be used: "},
    {"a{3,2}", "a repetition that is not supported"},
    {"a{256}", "a repetition that is not supported"},
    {"((a{200}){200}){200}", "too much repetition"},
    {"(((((((((((((((((((((((((((((((((", "too many groups"},
};

START_TEST(test_refused)
{
    struct pattern *p = NULL;
    struct error err = {.text = ""};
    const char *text = refused[_i].pattern;
    ck_assert_int_eq(pattern_compile(&p, text, strlen(text), &err), STATUS_BAD_REQUEST);
    ck_assert_msg(strstr(err.text, refused[_i].why), "%s: %s", text, err.text);
    ck_assert_ptr_null(p);
}
END_TEST

START_TEST(test_nul)
{
    struct pattern *p = NULL;
    ck_assert_int_eq(pattern_compile(&p, "a\0b", 3, NULL), STATUS_BAD_REQUEST);
    ck_assert_int_eq(pattern_compile(&p, "b$", 2, NULL), STATUS_OK);
    ck_assert(pattern_found(p, "a\0b", 3));
    ck_assert(!pattern_found(p, "b\0a", 3));
    pattern_free(p);
}
END_TEST

/* Whatever it is, it is compiled or refused. */
START_TEST(test_mutations)
{
    uint32_t state = (uint32_t)_i + 1;
    for (int round = 0; round < 40; round++) {
        struct buf b;
        struct pattern *p = NULL;
        const char *text = found[(size_t)_i % COUNT(found)].pattern;
        buf_init(&b, BUF_SMALL);
        buf_adds(&b, text);
        for (uint32_t n = unit_random(&state) % 4 + 1; n; n--)
            unit_mutate(&b, &state);
        if (!pattern_compile(&p, buf_str(&b), b.len, NULL))
            pattern_found(p, "a text 2026-11-24 {x}", 21);
        pattern_free(p);
        buf_release(&b);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pattern");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_found, 0, COUNT(found));
    tcase_add_loop_test(all, test_refused, 0, COUNT(refused));
    tcase_add_test(all, test_nul);
    tcase_add_loop_test(all, test_mutations, 0, COUNT(found));
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
