#include "base/json.h"

#include "unit.h"

#define L(s) s, sizeof s - 1

static const struct row {
    const char *in;
    size_t len;
    const char *out; /* printed again, or the end of the error */
} rows[] = {
    {L("null"), "null"},
    {L("true"), "true"},
    {L(" \t\r\n false \n"), "false"},
    {L("0"), "0"},
    {L("-12"), "-12"},
    {L("1.50"), "1.50"},
    {L("-0.5e+10"), "-0.5e+10"},
    {L("2E5"), "2E5"},
    {L("1e400"), "1e400"},
    {L("9223372036854775807"), "9223372036854775807"},
    {L("-9223372036854775808"), "-9223372036854775808"},
    {L("\"\""), "\"\""},
    {L("[ ]"), "[]"},
    {L("{ }"), "{}"},
    {L("[1, [2,{\"a\" : null}] ,\"x\"]"), "[1,[2,{\"a\":null}],\"x\"]"},
    {L("{\"a\":1,\"b\":2,\"a\":3}"), "{\"a\":3,\"b\":2}"},
    {L("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\""), "\"\\\"\\\\/\\b\\f\\n\\r\\t\xC3\xA9\""},
    {L("\"a\\u0000b\""), "\"a\\u0000b\""},
    {L("\"\\ud83d\\ude00\""), "\"\xF0\x9F\x98\x80\""},
    {L("\"\\uD83D\\uDE00\\\\ud83d\""), "\"\xF0\x9F\x98\x80\\\\ud83d\""},
    {L("\"\\ud83d\""), "\"\xEF\xBF\xBD\""},
    {L("\"\\ud83dx\\ude00\""), "\"\xEF\xBF\xBDx\xEF\xBF\xBD\""},
    {L("\"NaN // Infinity 'TRUE' 01 1.\""), "\"NaN // Infinity 'TRUE' 01 1.\""},
    /* what is not JSON, and where */
    {L(""), "byte 0: it ends too early"},
    {L("  "), "byte 2: it ends too early"},
    {L("["), "byte 1: it ends too early"},
    {L("[[]"), "byte 3: it ends too early"},
    {L("{\"a\""), "byte 4: it ends too early"},
    {L("\"a"), "byte 2: it ends too early"},
    {L("\"a\\"), "byte 3: it ends too early"},
    {L("tru"), "byte 3: it ends too early"},
    {L("-"), "byte 1: it ends too early"},
    {L("1."), "byte 2: it ends too early"},
    {L("2e+"), "byte 3: it ends too early"},
    {L("[1,]"), "byte 3: unexpected character"},
    {L("[,1]"), "byte 1: unexpected character"},
    {L("[1 2]"), "byte 3: unexpected character"},
    {L("{\"a\":1,}"), "byte 7: unexpected character"},
    {L("{\"a\":}"), "byte 5: unexpected character"},
    {L("{a:1}"), "byte 1: unexpected character"},
    {L("{'a':1}"), "byte 1: unexpected character"},
    {L("1 2"), "byte 2: unexpected character"},
    {L("[1]]"), "byte 3: unexpected character"},
    {L("nullx"), "byte 4: unexpected character"},
    {L("True"), "byte 0: unexpected character"},
    {L("tRUE"), "byte 1: unexpected character"},
    {L("NaN"), "byte 0: unexpected character"},
    {L("nan"), "byte 1: unexpected character"},
    {L("-Infinity"), "byte 1: unexpected character"},
    {L("-infinity"), "byte 1: unexpected character"},
    {L("+1"), "byte 0: unexpected character"},
    {L(".5"), "byte 0: unexpected character"},
    {L("00"), "byte 1: unexpected character"},
    {L("[-01]"), "byte 3: unexpected character"},
    {L("[1.]"), "byte 3: unexpected character"},
    {L("1.e5"), "byte 2: unexpected character"},
    {L("0x10"), "byte 1: unexpected character"},
    {L("1-2"), "byte 1: unexpected character"},
    {L("--1"), "byte 1: unexpected character"},
    {L("1.2.3"), "byte 3: unexpected character"},
    {L("1e5.5"), "byte 3: unexpected character"},
    {L("// a\n1"), "byte 0: unexpected character"},
    {L("1/* a */"), "byte 1: unexpected character"},
    {L("\"a\nb\""), "byte 2: a control character in a string"},
    {L("\"a\0b\""), "byte 2: a control character in a string"},
    {L("1\0"), "byte 1: unexpected character"},
    {L("\"\\x\""), "byte 2: unexpected character"},
    {L("\"\\u12\""), "byte 5: unexpected character"},
    {L("\"\\u00g0\""), "byte 5: unexpected character"},
    {L("\f1"), "byte 0: unexpected character"},
    {L("\xEF\xBB\xBF{}"), "byte 0: unexpected character"},
    {L("\xFF"), "byte 0: unexpected character"},
    /* the offset is that of the text, also behind halves */
    {L("[\"\\ud83d\\ud83d\" x"), "byte 16: unexpected character"},
    {L("[\"\\ud83d\","), "byte 10: it ends too early"},
};

START_TEST(test_row)
{
    const struct row *r = &rows[_i];
    struct json *j;
    struct error err = {.text = ""};
    struct buf out;
    char *exact = malloc(r->len ? r->len : 1);
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, r->in, r->len);
    buf_init(&out, BUF_SMALL);
    enum status st = json_parse(exact, r->len, &j, &err);
    if (st) {
        ck_assert_int_eq(st, STATUS_BAD_REQUEST);
        ck_assert_ptr_null(j);
        buf_adds(&out, strncmp(err.text, "not JSON at ", 12) ? err.text : err.text + 12);
    } else {
        json_print(j, false, &out);
        json_free(j);
    }
    ck_assert_str_eq(buf_str(&out), r->out);
    buf_release(&out);
    free(exact);
}
END_TEST

/* No bytes at all, as an empty buf has them. */
START_TEST(test_nothing)
{
    struct buf none, out;
    struct json *j;
    struct error err;
    buf_init(&none, BUF_SMALL);
    buf_init(&out, BUF_SMALL);
    ck_assert_int_eq(json_parse(none.data, none.len, &j, &err), STATUS_BAD_REQUEST);
    ck_assert_str_eq(err.text, "not JSON at byte 0: it ends too early");
    ck_assert_int_eq(json_escape(&out, none.data, none.len), STATUS_OK);
    ck_assert_int_eq(json_indent(none.data, none.len, &out), STATUS_OK);
    ck_assert_uint_eq(out.len, 0);
    buf_release(&out);
}
END_TEST

/* Text that does not fit is not passed off as whole: at every cap. */
START_TEST(test_print_cap)
{
    static const char text[] = "{\"a\":[1,\"\xC3\xA9\",{}],\"b\":null}";
    struct json *j;
    struct buf out;
    ck_assert_int_eq(json_parse(L(text), &j, NULL), STATUS_OK);
    for (int pretty = 0; pretty < 2; pretty++) {
        buf_init(&out, BUF_SMALL);
        ck_assert_int_eq(json_print(j, pretty, &out), STATUS_OK);
        size_t need = out.len;
        buf_release(&out);
        for (size_t cap = 0; cap <= need; cap++) {
            buf_init(&out, cap);
            enum status st = json_print(j, pretty, &out);
            ck_assert_int_eq(st, cap < need ? STATUS_TOO_LARGE : STATUS_OK);
            ck_assert_int_eq(buf_status(&out), st);
            buf_release(&out);
        }
    }
    json_free(j);
}
END_TEST

START_TEST(test_depth)
{
    for (int extra = 0; extra < 2; extra++) {
        struct buf text;
        struct json *j;
        struct error err;
        size_t depth = JSON_DEPTH_MAX - 1 + (size_t)extra * 50000;
        buf_init(&text, 1024 * BUF_SMALL);
        for (size_t i = 0; i < depth; i++)
            buf_addc(&text, '[');
        for (size_t i = 0; i < depth; i++)
            buf_addc(&text, ']');
        enum status st = json_parse(text.data, text.len, &j, &err);
        ck_assert_int_eq(st, extra ? STATUS_BAD_REQUEST : STATUS_OK);
        if (extra)
            ck_assert_ptr_nonnull(strstr(err.text, "nested too deeply"));
        json_free(j);
        buf_release(&text);
    }
}
END_TEST

/* A half is kept as three bytes; two strings, one behind the other, give the character. */
START_TEST(test_halves)
{
    static const char text[] = "[\"a\\ud83d\",\"\\uDE00b\"]";
    struct json *j;
    struct buf both, out;
    size_t len;
    buf_init(&both, BUF_SMALL);
    buf_init(&out, BUF_SMALL);
    ck_assert_int_eq(json_parse(L(text), &j, NULL), STATUS_OK);
    const char *s = json_string(json_at(j, 0), &len);
    ck_assert_uint_eq(len, 4);
    ck_assert_str_eq(s, "a\xED\xA0\xBD");
    buf_add(&both, s, len);
    s = json_string(json_at(j, 1), &len);
    ck_assert_str_eq(s, "\xED\xB8\x80"
                        "b");
    buf_add(&both, s, len);
    json_escape(&out, both.data, both.len);
    ck_assert_str_eq(buf_str(&out), "a\xF0\x9F\x98\x80"
                                    "b");
    json_free(j);
    buf_release(&both);
    buf_release(&out);
}
END_TEST

/* Every byte, alone and between others. */
START_TEST(test_escape_bytes)
{
    static const char *const named[256] = {['\b'] = "\\b",
        ['\t'] = "\\t",
        ['\n'] = "\\n",
        ['\f'] = "\\f",
        ['\r'] = "\\r",
        ['"'] = "\\\"",
        ['\\'] = "\\\\"};
    for (int c = 0; c < 256; c++) {
        char in[3] = {'<', (char)c, '>'}, one[8], want[12];
        snprintf(one, sizeof one, "%c", c);
        if (named[c])
            snprintf(one, sizeof one, "%s", named[c]);
        else if (c < ' ' || c == 0x7F)
            snprintf(one, sizeof one, "\\u%04x", (unsigned)c);
        else if (c >= 0x80)
            snprintf(one, sizeof one, "\xEF\xBF\xBD");
        for (int around = 0; around < 2; around++) {
            struct buf out;
            buf_init(&out, BUF_SMALL);
            snprintf(want, sizeof want, around ? "<%s>" : "%s", one);
            json_escape(&out, around ? in : in + 1, around ? 3 : 1);
            ck_assert_str_eq(buf_str(&out), want);
            buf_release(&out);
        }
    }
}
END_TEST

static const struct {
    const char *in, *out;
} escapes[] = {
    {"", ""},
    {"\xE2\x80\xA8", "\\u2028"},
    {"a\xE2\x80\xA9z", "a\\u2029z"},
    {"\xE2\x80\xA7\xE2\x80\xAA\xE2\x82\xAC", "\xE2\x80\xA7\xE2\x80\xAA\xE2\x82\xAC"},
    {"\xE2\x80\xA8\xFF\"", "\\u2028\xEF\xBF\xBD\\\""},
    {"</script>", "</script>"},
    {"\xC3\xA9\n", "\xC3\xA9\\n"},
};

START_TEST(test_escape)
{
    struct buf out;
    buf_init(&out, BUF_SMALL);
    ck_assert_int_eq(json_escape(&out, escapes[_i].in, strlen(escapes[_i].in)), STATUS_OK);
    ck_assert_str_eq(buf_str(&out), escapes[_i].out);
    buf_release(&out);
}
END_TEST

/* In two pieces it is the same as at once. */
START_TEST(test_escape_pieces)
{
    static const char *const texts[] = {"", "plain and longer than eight", "a\"b\\\n\x7F\x01z",
        "\xC3\xA9\xE2\x80\xA8\xE2\x82\xAC\xF0\x9F\x98\x80",
        "12345678\xED\xA0\xBD\xED\xB8\x80\n\xED\xA0\xBD", "\xED\xB8\x80\xFF\xC0\"\xE2\x82",
        "1234567\"", "12345678\\9\xF0\x9F"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        size_t len = strlen(texts[i]);
        struct buf once;
        buf_init(&once, BUF_SMALL);
        json_escape(&once, texts[i], len);
        for (size_t split = 0; split <= len; split++) {
            struct utf8_stream u = {{0}, 0};
            struct buf out;
            buf_init(&out, BUF_SMALL);
            ck_assert_int_eq(json_escape_feed(&out, &u, texts[i], split), STATUS_OK);
            ck_assert_int_eq(json_escape_feed(&out, &u, texts[i] + split, len - split), STATUS_OK);
            ck_assert_int_eq(json_escape_finish(&out, &u), STATUS_OK);
            ck_assert_str_eq(buf_str(&out), buf_str(&once));
            buf_release(&out);
        }
        buf_release(&once);
    }
}
END_TEST

START_TEST(test_writer)
{
    struct buf out, pretty;
    struct json_writer w;
    buf_init(&out, BUF_SMALL);
    buf_init(&pretty, BUF_SMALL);
    json_writer_init(&w, &out);
    json_begin_object(&w);
    json_member_string(&w, "s\"", "a,{[\"\\");
    json_member_string(&w, "n", NULL);
    json_member_int(&w, "i", INT64_MIN);
    json_member_bool(&w, "b", true);
    json_key(&w, "e");
    json_begin_array(&w);
    json_end_array(&w);
    json_key(&w, "a");
    json_begin_array(&w);
    json_put_double(&w, 0.5);
    json_put_double(&w, 1.0 / 0.0);
    json_put_raw(&w, L("{\"x\":1}"));
    json_begin_object(&w);
    json_end_object(&w);
    json_put_value(&w, NULL);
    json_end_array(&w);
    json_end_object(&w);
    ck_assert_str_eq(buf_str(&out),
        "{\"s\\\"\":\"a,{[\\\"\\\\\",\"n\":null,\"i\":-9223372036854775808,\"b\":true,\"e\":[],"
        "\"a\":[0.5,null,{\"x\":1},{},null]}");
    ck_assert_int_eq(json_indent(out.data, out.len, &pretty), STATUS_OK);
    ck_assert_str_eq(buf_str(&pretty),
        "{\n  \"s\\\"\": \"a,{[\\\"\\\\\",\n  \"n\": null,\n  \"i\": -9223372036854775808,\n"
        "  \"b\": true,\n  \"e\": [],\n  \"a\": [\n    0.5,\n    null,\n    {\n      \"x\": 1\n"
        "    },\n    {},\n    null\n  ]\n}");
    struct json *j;
    ck_assert_int_eq(json_parse(pretty.data, pretty.len, &j, NULL), STATUS_OK);
    buf_reset(&pretty);
    ck_assert_int_eq(json_print(j, false, &pretty), STATUS_OK);
    ck_assert_str_eq(buf_str(&pretty), buf_str(&out));
    json_free(j);
    buf_release(&out);
    buf_release(&pretty);
}
END_TEST

static enum status unseen(void *ctx, const char *key, struct json *value)
{
    (void)ctx, (void)key, (void)value;
    return STATUS_INTERNAL;
}

static void check_absent(const struct json *j)
{
    ck_assert_ptr_null(json_get(j, "a"));
    ck_assert_ptr_null(json_at(j, 0));
    ck_assert_uint_eq(json_count(j), 0);
    ck_assert_ptr_null(json_string(j, NULL));
    ck_assert_ptr_null(json_get_string(j, "a"));
    ck_assert(json_truth(j, true) && !json_truth(j, false));
    ck_assert_int_eq(json_int(j, -7), -7);
    ck_assert(json_double(j, 2.5) > 2.4);
    ck_assert_int_eq(json_each(j, unseen, NULL), STATUS_OK);
}

START_TEST(test_accessors)
{
    static const char text[] = "{\"n\":null,\"b\":false,\"i\":5,\"d\":1.5,\"s\":\"x\",\"a\":[1],"
                               "\"o\":{\"k\":\"v\"}}";
    struct json *j;
    check_absent(NULL);
    json_free(NULL);
    ck_assert_int_eq(json_kind(NULL), JSON_ABSENT);
    ck_assert_int_eq(json_parse("null", 4, &j, NULL), STATUS_OK);
    check_absent(j);
    json_free(j);
    ck_assert_int_eq(json_parse(L(text), &j, NULL), STATUS_OK);
    check_absent(json_get(j, "n"));
    check_absent(json_get(json_get(json_get(j, "x"), "y"), "z"));
    static const struct {
        const char *key;
        enum json_kind kind;
    } kinds[] = {{"n", JSON_NULL}, {"b", JSON_BOOL}, {"i", JSON_INT}, {"d", JSON_DOUBLE},
        {"s", JSON_STRING}, {"a", JSON_ARRAY}, {"o", JSON_OBJECT}, {"x", JSON_ABSENT}};
    for (size_t i = 0; i < COUNT(kinds); i++)
        ck_assert_int_eq(json_kind(json_get(j, kinds[i].key)), kinds[i].kind);
    ck_assert(!json_truth(json_get(j, "b"), true));
    ck_assert_int_eq(json_int(json_get(j, "i"), 0), 5);
    ck_assert_int_eq(json_int(json_get(j, "d"), 9), 9);
    ck_assert_int_eq(json_int(json_get(j, "s"), 9), 9);
    ck_assert(json_double(json_get(j, "i"), 0) > 4.9);
    ck_assert_uint_eq(json_count(j), 7);
    ck_assert_ptr_null(json_at(json_get(j, "a"), 1));
    ck_assert_ptr_null(json_at(j, 0));
    ck_assert_str_eq(json_get_string(json_get(j, "o"), "k"), "v");
    ck_assert_int_eq(json_each(j, unseen, NULL), STATUS_INTERNAL);
    json_free(j);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_row, 0, COUNT(rows));
    tcase_add_test(all, test_nothing);
    tcase_add_test(all, test_print_cap);
    tcase_add_test(all, test_depth);
    tcase_add_test(all, test_halves);
    tcase_add_test(all, test_escape_bytes);
    tcase_add_loop_test(all, test_escape, 0, COUNT(escapes));
    tcase_add_test(all, test_escape_pieces);
    tcase_add_test(all, test_writer);
    tcase_add_test(all, test_accessors);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
