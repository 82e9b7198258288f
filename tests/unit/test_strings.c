#include "base/strings.h"

#include "unit.h"

/* The parts between commas, joined with "|". */
static const struct {
    const char *text, *parts;
} splits[] = {
    {"", ""},
    {"a", "a|"},
    {"a,b", "a|b|"},
    {" a , b ", "a|b|"},
    {",a,,b,", "a|b|"},
    {" , ,", ""},
    {"a b,c  d", "a b|c  d|"},
    {"\ta,b", "\ta|b|"},
};

START_TEST(test_split)
{
    struct strings l = {0};
    char joined[64] = "";
    ck_assert_int_eq(strings_split(&l, splits[_i].text, ','), STATUS_OK);
    for (size_t i = 0; i < l.count; i++) {
        strcat(joined, l.items[i]);
        strcat(joined, "|");
    }
    ck_assert_str_eq(joined, splits[_i].parts);
    if (l.items)
        ck_assert_ptr_null(l.items[l.count]);
    strings_release(&l);
}
END_TEST

static const struct {
    const char *word, *nearest;
} words[] = {
    {"summary", "summary"},
    {"sumary", "summary"},
    {"summray", "summary"},
    {"summaries", "summary"},
    {"Triage", "triage"},
    {"traige", "triage"},
    {"triag", "triage"},
    {"release-note", "release-notes"},
    {"og", "go"},
    {"gox", "go"},
    {"zebra", NULL},
    {"", NULL},
    {"x", NULL},
    {"a-word-that-is-far-longer-than-any-id-can-be-and-that-nobody-meant-to-write", NULL},
};

START_TEST(test_nearest)
{
    static const char *const ids[] = {"summary", "triage", "release-notes", "go"};
    struct strings l = {0};
    ck_assert_ptr_null(strings_nearest(&l, words[_i].word));
    for (size_t i = 0; i < COUNT(ids); i++)
        ck_assert_int_eq(strings_add(&l, ids[i]), STATUS_OK);
    ck_assert_pstr_eq(strings_nearest(&l, words[_i].word), words[_i].nearest);
    strings_release(&l);
}
END_TEST

START_TEST(test_list)
{
    struct strings a = {0}, b = {0};
    ck_assert_int_eq(strings_add_len(&a, "onetwo", 3), STATUS_OK);
    ck_assert_int_eq(strings_add(&a, ""), STATUS_OK);
    ck_assert(strings_has(&a, "one") && strings_has(&a, "") && !strings_has(&a, "two"));
    ck_assert_int_eq(strings_add(&b, "old"), STATUS_OK);
    ck_assert_int_eq(strings_copy(&b, &a), STATUS_OK);
    ck_assert_uint_eq(b.count, 2);
    ck_assert_str_eq(b.items[0], "one");
    strings_release(&a);
    ck_assert_uint_eq(a.count, 0);
    ck_assert_int_eq(strings_copy(&b, &a), STATUS_OK);
    ck_assert_uint_eq(b.count, 0);
    strings_release(&b);
    strings_release(&b);
}
END_TEST

START_TEST(test_string)
{
    char *s = NULL;
    ck_assert_int_eq(string_set(&s, "a"), STATUS_OK);
    ck_assert_int_eq(string_set(&s, s), STATUS_OK);
    ck_assert_str_eq(s, "a");
    ck_assert_int_eq(string_set(&s, NULL), STATUS_OK);
    ck_assert_ptr_null(s);
}
END_TEST

static const struct {
    const char *pattern, *text;
    bool fits;
} globs[] = {
    {"", "", true},
    {"", "a", false},
    {"a", "", false},
    {"a", "a", true},
    {"a", "ab", false},
    {"ab", "a", false},
    {"*", "", true},
    {"*", "a/b", true},
    {"**", "", true},
    {"***", "abc", true},
    {"files/*", "files/", true},
    {"files/*", "files/read", true},
    {"files/*", "file/read", false},
    {"*/read", "files/read", true},
    {"*/read", "/read", true},
    {"*/read", "read", false},
    {"*/read", "files/read/", false},
    {"*/read_*", "files/read_file", true},
    {"a*a", "a", false},
    {"a*a", "aa", true},
    {"a*b*c", "abc", true},
    {"a*b*c", "a-b-b-c", true},
    {"a*b*c", "a-c-b", false},
    {"*ab*ab*", "aab", false},
    {"*ab*ab*", "abab", true},
    {"*aab", "aaab", true},
    {"*.txt", "a.txt.txt", true},
    {"a?[b]\\", "a?[b]\\", true}, /* nothing else is special */
    {"?", "a", false},
    {"[a]", "a", false},
    {"A", "a", false},
    {"*\xC3*", "\xC3\xA9", true},
};

START_TEST(test_glob)
{
    ck_assert_msg(strings_glob(globs[_i].pattern, globs[_i].text) == globs[_i].fits,
        "\"%s\" \"%s\"", globs[_i].pattern, globs[_i].text);
}
END_TEST

/* What takes a matcher that tries everything longer than anybody waits. */
START_TEST(test_glob_long)
{
    enum { LEN = 1024 * 1024 };
    char *text = malloc(LEN + 1), pattern[129];
    ck_assert_ptr_nonnull(text);
    memset(text, 'a', LEN);
    text[LEN] = 0;
    for (size_t i = 0; i < 128; i++)
        pattern[i] = i % 2 ? 'a' : '*';
    strcpy(pattern + 126, "*b");
    ck_assert(!strings_glob(pattern, text));
    text[LEN - 1] = 'b';
    ck_assert(strings_glob(pattern, text));
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("strings");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_split, 0, COUNT(splits));
    tcase_add_loop_test(all, test_nearest, 0, COUNT(words));
    tcase_add_loop_test(all, test_glob, 0, COUNT(globs));
    tcase_add_test(all, test_glob_long);
    tcase_add_test(all, test_list);
    tcase_add_test(all, test_string);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
