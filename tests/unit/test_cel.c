#include "base/cel.h"

#include "unit.h"
#include "unit_mutate.h"

static const char state_text[] =
    "{\"valid\":true,\"done\":false,\"count\":3,\"big\":9223372036854775807,\"score\":7.5,"
    "\"review\":\"All of it is APPROVED\",\"empty\":\"\",\"none\":null,\"text\":\"h\\u00e9llo\","
    "\"number\":\"12\",\"two words\":1,"
    "\"list\":[1,\"two\",3.0],\"map\":{\"a\":{\"b\":1},\"n\":null},\"other\":{\"n\":null,\"a\":{"
    "\"b\":"
    "1}}}";

enum wanted { NO, YES, WRONG };

static struct json *state(void)
{
    struct json *j;
    ck_assert_int_eq(json_parse(state_text, strlen(state_text), &j, NULL), STATUS_OK);
    return j;
}

static const struct {
    const char *text;
    enum wanted wanted;
} tests[] = {
    /* literals */
    {"true", YES},
    {"false", NO},
    {"null == null", YES},
    {"0x1F == 31", YES},
    {"31u == 31", YES},
    {"1.5e1 == 15", YES},
    {".5 == 0.5", YES},
    {"5e-1 == 0.5", YES},
    {"'a' == \"a\"", YES},
    {"'''it's''' == \"it's\"", YES},
    {"\"\"\"a\nb\"\"\" == 'a\\nb'", YES},
    {"r'\\n' == '\\\\n'", YES},
    {"R\"a\\\"  == 'a\\\\'", YES},
    {"'\\x41\\u0042\\U00000043\\104' == 'ABCD'", YES},
    {"'\\u00e9' == '\\xe9'", YES},
    {"'' == \"\"", YES},
    {"'\\a\\b\\f\\n\\r\\t\\v\\?\\`' != ''", YES},
    {"[] == []", YES},
    {"[1, 2,] == [1.0, 2u]", YES},
    {"[1] == [1, 2]", NO},
    {"{} == {}", YES},
    {"{'a': 1, 'b': [2]} == {'b': [2], 'a': 1}", YES},
    {"{1: 'x', true: 'y', 2u: 'z'}[1u] == 'x'", YES},
    {"{'a': 1} == {'b': 1}", NO},
    {"{'a': 1, 'a': 2} == {'a': 2}", WRONG},
    /* state */
    {"state.valid", YES},
    {"state.valid == true // and a remark", YES},
    {"state[\"two words\"] == 1", YES},
    {"state.list[0] == 1 && state.list[1] == 'two' && state.list[2] == 3", YES},
    {"state.list[2.0] == 3", YES},
    {"state.list[1u] == 'two'", YES},
    {"state.list[0.5] == 3", WRONG},
    {"state.list[3] == 1", WRONG},
    {"state.list[-1] == 1", WRONG},
    {"state.list['a'] == 1", WRONG},
    {"state.map.a.b == 1", YES},
    {"state.map == state.other", YES},
    {"state.map == {'a': {'b': 1}, 'n': null}", YES},
    {"{'a': {'b': 1}, 'n': null} == state.map", YES},
    {"state.map == {'a': {'b': 2}, 'n': null}", NO},
    {"state.list == [1, 'two', 3]", YES},
    {"state.none == null", YES},
    {"state.missing == 1", WRONG},
    {"state['missing'] == 1", WRONG},
    {"state[state.number] == 1", WRONG},
    {"state.count.x == 1", WRONG},
    {"state.none", WRONG},
    {"state.count", WRONG},
    {"state.review", WRONG},
    {"has(state.valid)", YES},
    {"has(state.missing)", NO},
    {"has(state.none)", YES},
    {"has(state.map.a)", YES},
    {"has(state.map.x)", NO},
    {"has(state.missing.a)", WRONG},
    {"has(state.count.a)", WRONG},
    {"has({'a': 1}.a)", YES},
    {"has(state.done) && state.done == true", NO},
    /* comparison */
    {"1 < 2", YES},
    {"2 < 2", NO},
    {"2 <= 2", YES},
    {"3 > 2", YES},
    {"2 >= 3", NO},
    {"2 >= 2.0", YES},
    {"2u > 1", YES},
    {"-1 < 1u", YES},
    {"1u > -1", YES},
    {"-0.5 < 0u", YES},
    {"18446744073709551615u > 9223372036854775807", YES},
    {"9223372036854775807 < 9223372036854775808.0", YES},
    {"9223372036854775807 == 9223372036854775808.0", NO},
    {"9007199254740993 > 9007199254740992.0", YES},
    {"18446744073709551615u < 1e20", YES},
    {"-9223372036854775808 >= -1e19", YES},
    {"0.0 / 0.0 == 0.0 / 0.0", NO},
    {"0.0 / 0.0 < 1", NO},
    {"1 < 0.0 / 0.0", NO},
    {"1 != 0.0 / 0.0", YES},
    {"'a' < 'b'", YES},
    {"'a' < 'ab'", YES},
    {"'Z' < 'a'", YES},
    {"'' < 'a'", YES},
    {"'b' <= 'a'", NO},
    {"false < true", YES},
    {"state.review < 1", WRONG},
    {"state.none < 1", WRONG},
    {"state.list < state.list", WRONG},
    {"state.review == 1", NO},
    {"state.review != 1", YES},
    {"state.score == 7.5", YES},
    {"state.score >= 7", YES},
    {"state.count == 3.0", YES},
    /* && || ! and errors */
    {"true && false", NO},
    {"true || false", YES},
    {"!false", YES},
    {"!!true", YES},
    {"!state.done", YES},
    {"!state.missing", WRONG},
    {"!state.count", WRONG},
    {"state.missing || true", YES},
    {"true || state.missing", YES},
    {"state.missing && false", NO},
    {"false && state.missing", NO},
    {"state.missing || false", WRONG},
    {"state.missing && true", WRONG},
    {"state.count || true", YES},
    {"state.count && true", WRONG},
    {"1 / 0 == 1 || true", YES},
    /* in */
    {"2 in [1, 2, 3]", YES},
    {"2.0 in [1, 2, 3]", YES},
    {"4 in [1, 2, 3]", NO},
    {"'two' in state.list", YES},
    {"'a' in state.map", YES},
    {"'x' in state.map", NO},
    {"1 in state.map", NO},
    {"'a' in {'a': 1}", YES},
    {"1 in state.count", WRONG},
    {"!('x' in state)", YES},
    /* functions */
    {"size('') == 0", YES},
    {"size(state.text) == 5", YES},
    {"state.text.size() == 5", YES},
    {"size(state.list) == 3", YES},
    {"size(state.map) == 2", YES},
    {"[1, 2].size() == 2", YES},
    {"{'a': 1}.size() == 1", YES},
    {"size(state.count) == 1", WRONG},
    {"size(state.none) == 1", WRONG},
    {"state.review.contains('APPROVED')", YES},
    {"state.review.contains('approved')", NO},
    {"state.review.contains('')", YES},
    {"state.review.startsWith('All')", YES},
    {"state.review.startsWith('of')", NO},
    {"state.review.endsWith('APPROVED')", YES},
    {"state.review.endsWith('APPROVED.')", NO},
    {"'a'.startsWith('aa')", NO},
    {"'a'.endsWith('aa')", NO},
    {"state.count.contains('3')", WRONG},
    {"state.review.contains(state.count)", WRONG},
    {"state.missing.contains('x')", WRONG},
    {"state.review.matches('^All.*(APPROVED|DONE)$')", YES},
    {"state.review.matches('of')", YES},
    {"state.review.matches('^of')", NO},
    {"matches(state.review, '[[:upper:]]{8}')", YES},
    {"'a.b'.matches(r'^a\\.b$')", YES},
    {"'axb'.matches(r'^a\\.b$')", NO},
    {"'a]b'.matches('^a[]x]b$') && 'a^b'.matches('a[^]x]b')", YES},
    {"''.matches('^$')", YES},
    {"'x'.matches(state.number)", NO},
    {"'x12'.matches(state.number)", YES},
    {"'x'.matches(state.number + '(')", WRONG},
    {"state.count.matches('3')", WRONG},
    {"int(state.number) == 12", YES},
    {"int(state.number) + 1 >= 13", YES},
    {"int('x') == 1", WRONG},
    {"int(' 1') == 1", WRONG},
    {"int('') == 1", WRONG},
    {"int('99999999999999999999') == 1", WRONG},
    {"int(7.9) == 7 && int(-7.9) == -7", YES},
    {"int(1e30) == 1", WRONG},
    {"int(3u) == 3", YES},
    {"int(18446744073709551615u) == 3", WRONG},
    {"int(state.list) == 3", WRONG},
    {"double(state.number) == 12.0", YES},
    {"double('1.5x') == 1.5", WRONG},
    {"double(state.count) / 2.0 == 1.5", YES},
    {"string(state.count) == '3'", YES},
    {"string(state.score) == '7.5'", YES},
    {"string(0.1) == '0.1'", YES},
    {"string(true) + string(2u) == 'true2'", YES},
    {"string(state.list) == ''", WRONG},
    /* arithmetic */
    {"1 + 2 * 3 == 7", YES},
    {"(1 + 2) * 3 == 9", YES},
    {"10 - 2 - 3 == 5", YES},
    {"100 / 10 / 2 == 5", YES},
    {"7 / 2 == 3", YES},
    {"-7 / 2 == -3", YES},
    {"7 % 3 == 1", YES},
    {"-7 % 3 == -1", YES},
    {"7u % 4u == 3u", YES},
    {"7.0 / 2.0 == 3.5", YES},
    {"1.0 / 0.0 > 1e300", YES},
    {"-2 - -3 == 1", YES},
    {"- 2 == -2", YES},
    {"-state.count == -3", YES},
    {"-state.score == -7.5", YES},
    {"-state.review == 1", WRONG},
    {"--state.count == 3", YES},
    {"1 / 0 == 1", WRONG},
    {"1 % 0 == 1", WRONG},
    {"1u / 0u == 1u", WRONG},
    {"state.big + 1 > 0", WRONG},
    {"state.big * 2 > 0", WRONG},
    {"-9223372036854775808 - 1 < 0", WRONG},
    {"-9223372036854775808 / -1 > 0", WRONG},
    {"-9223372036854775808 % -1 == 0", WRONG},
    {"-(-9223372036854775808) > 0", WRONG},
    {"0u - 1u > 0u", WRONG},
    {"18446744073709551615u + 1u > 0u", WRONG},
    {"state.score + state.count == 10.5", WRONG},
    {"state.review + 1 == 2", WRONG},
    {"'a' + 'b' == 'ab'", YES},
    {"state.empty + state.text == state.text", YES},
    {"[1] + state.list == [1, 1, 'two', 3]", YES},
    /* ternary and precedence */
    {"true ? true : false", YES},
    {"state.count > 2 ? state.valid : state.missing", YES},
    {"state.count > 3 ? state.missing : state.valid", YES},
    {"state.count ? true : false", WRONG},
    {"false ? true : false ? false : true", YES},
    {"(true ? 1 : 'a') == 1", YES},
    {"true || false && false", YES},
    {"(true || false) && false", NO},
    {"!true || true", YES},
    {"1 + 1 == 2 && 2 < 3", YES},
    {"1 < 2 == true", YES},
    {"-1 + 2 == 1", YES},
    {"2 * -3 == -6", YES},
    {"!has(state.missing) && size(state.review) > 3", YES},
};

START_TEST(test_result)
{
    struct json *j = state();
    struct cel *expr = NULL;
    struct error err = {0};
    bool result = true;
    ck_assert_msg(!cel_parse(tests[_i].text, &expr, &err), "%s: %s", tests[_i].text, err.text);
    enum status st = cel_test(expr, j, &result, &err);
    enum wanted got = st ? WRONG : result ? YES : NO;
    ck_assert_msg(got == tests[_i].wanted, "%s: got %d (%s)", tests[_i].text, got, err.text);
    if (st)
        ck_assert(!result && *err.text);
    cel_free(expr);
    json_free(j);
}
END_TEST

static const struct {
    const char *text, *said;
} wrong[] = {
    {"", "column 1: expected a value, found the end"},
    {"  // nothing", "column 13: expected a value, found the end"},
    {"state.x ===", "column 11: found \"=\"; did you mean \"==\"?"},
    {"state.x ==", "column 11: expected a value, found the end"},
    {"state.x = 1", "column 9: found \"=\"; did you mean \"==\"?"},
    {"state.a & state.b", "column 9: found \"&\"; did you mean \"&&\"?"},
    {"state.a | state.b", "column 9: found \"|\"; did you mean \"||\"?"},
    {"state.a and state.b", "column 9: found \"and\"; did you mean \"&&\"?"},
    {"not state.a", "column 1: found \"not\"; did you mean \"!\"?"},
    {"state.a state.b", "column 9: expected an operator or the end, found \"state\""},
    {"(state.a", "column 9: expected \")\", found the end"},
    {"state.a)", "column 8: expected an operator or the end, found \")\""},
    {"&& true", "column 1: expected a value, found \"&&\""},
    {"true && in", "column 9: expected a value, found \"in\""},
    {"state.", "column 7: expected a key or a function behind \".\", found the end"},
    {"state.1", "column 6: expected an operator or the end, found \".1\""},
    {"state[", "column 7: expected a value, found the end"},
    {"state['a'", "column 10: expected \"]\", found the end"},
    {"[1 2] == []", "column 4: expected \",\" or \"]\", found \"2\""},
    {"{'a' 1} == {}", "column 6: expected \":\", found \"1\""},
    {"{'a': 1 'b': 2} == {}", "column 9: expected \",\" or \"}\", found \"'b'\""},
    {"{1.5: 1} == {}", "column 2: the key of a map does not go with a double"},
    {"true ? false", "column 13: expected \":\", found the end"},
    {"'abc", "column 1: the string does not end"},
    {"'a\nb'", "column 1: the string does not end"},
    {"state.a == '\\d'", "column 13: no such escape"},
    {"'\\xG1' == ''", "column 2: expected 2 hexadecimal digits"},
    {"'\\u12' == ''", "column 2: expected 4 hexadecimal digits"},
    {"'\\08' == ''", "column 2: expected 3 octal digits"},
    {"'\\ud800' == ''", "column 2: no character has this number"},
    {"'\\U00110000' == ''", "column 2: no character has this number"},
    {"b'abc' == b'abc'", "column 1: no strings with \"b\" before them"},
    {"5x == 1", "column 2: expected the end of the number"},
    {"0x == 1", "column 2: expected the end of the number"},
    {"9223372036854775808 > 1", "column 1: the number is too large"},
    {"-9223372036854775809 > 1", "column 2: the number is too large"},
    {"18446744073709551616u > 1u", "column 1: the number is too large"},
    {"a == 1", "column 1: no variable \"a\"; there is state: state.a"},
    {"state.a == done", "column 12: no variable \"done\""},
    {"siez(state.a) == 1", "column 1: no function \"siez\"; did you mean \"size\"?"},
    {"state.a.startswith('a')",
        "column 9: no function \"startswith\"; did you mean \"startsWith\"?"},
    {"contains(state.a, 'a')", "column 1: no function \"contains\""},
    {"state.list.exists(x, x == 1)", "column 12: no function \"exists\"; there are has"},
    {"timestamp('x') == 1", "column 1: no function \"timestamp\""},
    {"size() == 1", "column 6: expected a value, found \")\""},
    {"size(1, 2) == 1", "column 6: size does not go with an int"},
    {"size(state.a, 2) == 1", "column 13: expected \")\", found \",\""},
    {"state.a.contains()", "column 18: expected a value, found \")\""},
    {"state.a.contains(1)", "column 18: contains does not go with an int"},
    {"matches(state.a)", "column 16: expected \",\" and another argument, found \")\""},
    {"has(state)", "column 5: has() is asked of one key"},
    {"has(state['a'])", "column 5: has() is asked of one key"},
    {"has('a')", "column 5: has() is asked of one key"},
    {"state.a.matches('(')", "column 17: the pattern cannot be used: at 1: the \"(\" has no"},
    {"1", "the expression is an int: it has to be true or false"},
    {"'a'", "the expression is a string"},
    {"state", "the expression is a map"},
    {"1 + 1", "the expression is an int"},
    {"'a' + 1 == 'a1'", "column 5: \"+\" does not go with a string and an int"},
    {"1 + 1.0 == 2.0", "column 3: \"+\" does not go with an int and a double"},
    {"1.5 % 2 == 1", "column 5: \"%\" does not go with a double"},
    {"true + true", "column 6: \"+\" does not go with a bool"},
    {"1 && true", "column 3: \"&&\" does not go with an int"},
    {"!1", "column 1: \"!\" does not go with an int"},
    {"-'a' == 1", "column 1: \"-\" does not go with a string"},
    {"-1u == 1", "column 1: \"-\" does not go with a uint"},
    {"1 == 'a'", "column 3: \"==\" does not go with an int and a string"},
    {"'a' < 1", "column 5: \"<\" does not go with a string and an int"},
    {"1 < 2 < 3", "column 7: \"<\" does not go with a bool and an int"},
    {"1 in 2", "column 3: \"in\" does not go with an int"},
    {"1 ? true : false", "column 3: \"?\" does not go with an int"},
    {"'a'.b == 1", "column 5: a key does not go with a string"},
    {"1[0] == 1", "column 2: [...] does not go with an int"},
    {"[1]['a'] == 1", "column 5: [...] does not go with a string"},
    {"true # yes", "column 6: unexpected character \"#\""},
    {"'\xc3\xa9' == \xc3\xa9", "column 8: unexpected character \"\xc3\xa9\""},
    {"true &&\n  fals", "line 2, column 3: no variable \"fals\""},
    {"state.a == \x01", "column 12: a control character"},
    {"'\xff' == ''", "the expression is not UTF-8"},
};

START_TEST(test_wrong)
{
    struct cel *expr = NULL;
    struct error err = {0};
    enum status st = cel_parse(wrong[_i].text, &expr, &err);
    ck_assert_msg(st == STATUS_BAD_REQUEST, "%s: %d", wrong[_i].text, (int)st);
    ck_assert_msg(!strncmp(err.text, wrong[_i].said, strlen(wrong[_i].said)), "%s: %s",
        wrong[_i].text, err.text);
    ck_assert_ptr_null(expr);
    ck_assert_int_eq(cel_parse(wrong[_i].text, &expr, NULL), STATUS_BAD_REQUEST);
}
END_TEST

static const struct {
    const char *text, *said;
} failures[] = {
    {"true && state.gone == 1", "column 15: no key \"gone\""},
    {"state['gone'] == 1", "column 6: no key \"gone\""},
    {"state.count.x == 1", "column 13: a key does not go with an int"},
    {"1 / (state.count - 3) == 1", "column 3: division by zero"},
    {"state.big + 1 == 1", "column 11: the number is too large"},
    {"state.score + state.count > 1.0", "column 13: \"+\" does not go with a double and an int"},
    {"state.review < 3", "column 14: a string and an int have no order"},
    {"state.count.contains('a')", "column 13: expected a string, found an int"},
    {"int(state.review) > 1", "column 1: \"All of it is APPROVED\" is no int"},
    {"state.count", "the expression is an int: it has to be true or false"},
    {"state.list[7] == 1", "column 11: the list has only 3 items"},
};

START_TEST(test_failure)
{
    struct json *j = state();
    struct cel *expr = NULL;
    struct error err = {0};
    bool result = true;
    ck_assert_int_eq(cel_parse(failures[_i].text, &expr, NULL), STATUS_OK);
    ck_assert_int_eq(cel_test(expr, j, &result, &err), STATUS_BAD_REQUEST);
    ck_assert_str_eq(err.text, failures[_i].said);
    ck_assert(!result);
    cel_free(expr);
    json_free(j);
}
END_TEST

/* before + middle so often + after */
static void repeat(
    struct buf *out, const char *before, const char *middle, int times, const char *after)
{
    buf_init(out, BUF_SMALL);
    buf_adds(out, before);
    for (int i = 0; i < times; i++)
        buf_adds(out, middle);
    buf_adds(out, after);
    ck_assert_int_eq(buf_status(out), STATUS_OK);
}

static enum status parse_repeated(
    const char *before, const char *middle, int times, const char *after, struct error *err)
{
    struct buf text;
    struct cel *expr = NULL;
    repeat(&text, before, middle, times, after);
    enum status st = cel_parse(buf_str(&text), &expr, err);
    cel_free(expr);
    buf_release(&text);
    return st;
}

START_TEST(test_caps)
{
    struct error err;
    ck_assert_int_eq(parse_repeated("", "(", 2000, "true", &err), STATUS_BAD_REQUEST);
    ck_assert_ptr_nonnull(strstr(err.text, "64 levels"));
    ck_assert_int_eq(parse_repeated("", "!", 2000, "true", &err), STATUS_BAD_REQUEST);
    ck_assert_int_eq(parse_repeated("", "[", 2000, "", &err), STATUS_BAD_REQUEST);
    ck_assert_int_eq(parse_repeated("true", " || true", 62, "", &err), STATUS_OK);
    ck_assert_int_eq(parse_repeated("true", " || true", 64, "", &err), STATUS_BAD_REQUEST);
    ck_assert_int_eq(parse_repeated("state", ".a", 100, "", &err), STATUS_BAD_REQUEST);
    ck_assert_int_eq(parse_repeated("", "true ? true : ", 70, "true", &err), STATUS_BAD_REQUEST);
    ck_assert_int_eq(parse_repeated("true", " ", CEL_TEXT_MAX - 4, "", &err), STATUS_OK);
    ck_assert_int_eq(parse_repeated("true", " ", CEL_TEXT_MAX, "", &err), STATUS_BAD_REQUEST);
    ck_assert_int_eq(parse_repeated("1 in [", "'a',", 1000, "]", &err), STATUS_OK);
}
END_TEST

static enum status test_with(const char *expr_text, const struct buf *json, struct error *err)
{
    struct json *j;
    struct cel *expr = NULL;
    bool result;
    ck_assert_int_eq(json_parse(buf_str(json), json->len, &j, NULL), STATUS_OK);
    ck_assert_int_eq(cel_parse(expr_text, &expr, err), STATUS_OK);
    enum status st = cel_test(expr, j, &result, err);
    cel_free(expr);
    json_free(j);
    return st;
}

/* What is large is looked at only so far. */
START_TEST(test_work)
{
    struct buf json;
    struct error err;
    repeat(&json, "{\"t\":\"", "0123456789", 6000, "\"}");
    ck_assert_int_eq(test_with("state.t.matches('9$')", &json, &err), STATUS_OK);
    buf_release(&json);
    buf_init(&json, (size_t)4 * 1024 * 1024);
    buf_adds(&json, "{\"t\":\"");
    for (int i = 0; i < 100 * 1000; i++)
        buf_adds(&json, "0123456789");
    buf_adds(&json, "\"}");
    ck_assert_int_eq(test_with("state.t.contains('90')", &json, &err), STATUS_OK);
    ck_assert_int_eq(test_with("state.t.matches('(0|1)*2$')", &json, &err), STATUS_BAD_REQUEST);
    ck_assert_str_eq(err.text, "column 9: it takes too much work");
    ck_assert_int_eq(
        test_with("state.t + state.t + state.t + state.t == ''", &json, &err), STATUS_BAD_REQUEST);
    ck_assert_str_eq(err.text, "column 19: it takes too much memory");
    ck_assert_int_eq(test_with("size(state.t) + size(state.t) + size(state.t) + size(state.t) + "
                               "size(state.t) > 1",
                         &json, &err),
        STATUS_BAD_REQUEST);
    ck_assert_ptr_nonnull(strstr(err.text, "it takes too much work"));
    buf_release(&json);
}
END_TEST

/* Nothing that is nearly an expression does harm. */
START_TEST(test_mutations)
{
    static const char signs[] = "()[]{}'\"\\.!&|<>=+-*/%?:,019ux ";
    uint32_t random = 7;
    struct json *j = state();
    for (size_t i = 0; i < COUNT(tests); i++)
        for (int round = 0; round < 60; round++) {
            struct buf text;
            struct cel *expr = NULL;
            struct error err;
            bool result;
            buf_init(&text, BUF_SMALL);
            buf_adds(&text, tests[i].text);
            for (int n = 0; n <= round % 3; n++)
                if (round % 2 && text.len)
                    text.data[unit_random(&random) % text.len] =
                        signs[unit_random(&random) % (sizeof signs - 1)];
                else
                    unit_mutate(&text, &random);
            buf_addc(&text, 0);
            if (cel_parse(buf_str(&text), &expr, &err))
                ck_assert(*err.text);
            else
                cel_test(expr, j, &result, &err);
            cel_free(expr);
            buf_release(&text);
        }
    json_free(j);
}
END_TEST

START_TEST(test_no_object)
{
    struct cel *expr = NULL;
    bool result = true;
    ck_assert_int_eq(cel_parse("true", &expr, NULL), STATUS_OK);
    ck_assert_int_eq(cel_test(expr, NULL, &result, NULL), STATUS_BAD_REQUEST);
    ck_assert(!result);
    cel_free(expr);
    cel_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cel");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_result, 0, COUNT(tests));
    tcase_add_loop_test(all, test_wrong, 0, COUNT(wrong));
    tcase_add_loop_test(all, test_failure, 0, COUNT(failures));
    tcase_add_test(all, test_caps);
    tcase_add_test(all, test_work);
    tcase_add_test(all, test_mutations);
    tcase_add_test(all, test_no_object);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
