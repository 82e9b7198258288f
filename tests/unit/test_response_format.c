#include "agent/response_format.h"

#include "agent/checked.h"
#include "agent/turns.h"
#include "unit.h"

#define CLOSED(properties, required)                                                               \
    "{\"type\":\"object\",\"properties\":{" properties "},\"required\":[" required                 \
    "],\"additionalProperties\":false}"
#define N "\"n\":{\"type\":\"integer\"}"

static const struct {
    const char *schema;
    bool strict, closed;
} schemas[] = {
    {CLOSED(N, "\"n\""), true, true},
    {CLOSED("", ""), true, true},
    {CLOSED(N, ""), false, true},
    {"{\"type\":\"object\",\"properties\":{" N "},\"required\":[\"n\"]}", false, false},
    {"{\"type\":\"object\",\"additionalProperties\":true}", false, false},
    {"{\"type\":\"array\",\"items\":" CLOSED(N, "\"n\"") "}", false, true},
    {"{\"type\":\"array\",\"items\":{\"type\":[\"object\",\"null\"]}}", false, false},
    {"{\"type\":\"array\",\"items\":true}", false, false},
    {"{\"enum\":[\"a\",null,1]}", false, true},
    {"{\"enum\":[[]]}", false, false},
    {"true", false, false},
    {"{}", false, false},
    {CLOSED("\"n\":{}", "\"n\""), false, false},
    {CLOSED("\"n\":{\"type\":\"integer\",\"minimum\":0}", "\"n\""), true, false},
    {CLOSED("\"n\":{\"type\":\"string\",\"pattern\":\"a\"}", "\"n\""), true, false},
    {CLOSED("\"n\":{\"type\":\"string\",\"minLength\":1}", "\"n\""), false, false},
    {CLOSED("\"n\":{\"type\":\"string\",\"format\":\"date\"}", "\"n\""), true, true},
    {CLOSED("\"n\":{\"type\":\"string\",\"format\":\"own\"}", "\"n\""), false, false},
    {CLOSED("\"n\":{\"type\":\"string\",\"default\":\"a\"}", "\"n\""), false, true},
    {CLOSED("\"n\":{\"anyOf\":[{\"type\":\"null\"}," CLOSED(N, "\"n\"") "]}", "\"n\""), true, true},
    {CLOSED("\"n\":{\"anyOf\":[{\"type\":\"null\"}," CLOSED(N, "") "]}", "\"n\""), false, true},
    {CLOSED("\"n\":{\"allOf\":[{\"type\":\"null\"}]}", "\"n\""), false, false},
    {CLOSED("\"n\":{\"type\":\"string\",\"not\":{\"const\":\"\"}}", "\"n\""), false, false},
    {"{\"$schema\":\"s\",\"title\":\"t\",\"type\":\"object\",\"additionalProperties\":false}", true,
        true},
    {"{\"$defs\":{\"a\":{\"type\":\"null\"}},\"type\":\"object\",\"properties\":{\"n\":{\"$ref\":"
     "\"#/$defs/a\"}},\"required\":[\"n\"],\"additionalProperties\":false}",
        true, true},
    {CLOSED("\"n\":{\"$ref\":\"#\"}", "\"n\""), true, false},
};

START_TEST(test_subset)
{
    const char *text = schemas[_i].schema;
    struct json *schema = NULL;
    ck_assert_int_eq(json_parse(text, strlen(text), &schema, NULL), STATUS_OK);
    ck_assert_msg(response_format_is_strict(schema) == schemas[_i].strict, "%s", text);
    ck_assert_msg(response_format_is_closed(schema) == schemas[_i].closed, "%s", text);
    json_free(schema);
}
END_TEST

/* References that lead to many others are not followed for ever. */
START_TEST(test_wide)
{
    struct buf text;
    struct json *schema = NULL;
    buf_init(&text, BUF_SMALL);
    buf_adds(&text, "{\"$defs\":{");
    for (int i = 0; i < 30; i++)
        buf_printf(&text,
            "\"d%d\":{\"anyOf\":[{\"$ref\":\"#/$defs/d%d\"},{\"$ref\":\"#/$defs/d%d\"}]},", i,
            i + 1, i + 1);
    buf_adds(&text, "\"d30\":{\"type\":\"null\"}},\"$ref\":\"#/$defs/d0\"}");
    ck_assert_int_eq(json_parse(buf_str(&text), text.len, &schema, NULL), STATUS_OK);
    ck_assert(!response_format_is_closed(schema));
    json_free(schema);
    buf_release(&text);
}
END_TEST

static const struct {
    const char *text, *trimmed;
} answers[] = {
    {"", ""},
    {" \r\n\t", ""},
    {"{}", "{}"},
    {" {} \n", "{}"},
    {"```json\n{}\n```", "{}"},
    {"\n```json\r\n{}\r\n```\n\n", "{}"},
    {"```\n[1,\n2]\n```", "[1,\n2]"},
    {"```JSON\n{}```", "{}"},
    {"```json\n```", ""},
    {"```", "```"},
    {"``````", "``````"},
    {"```\n``", "```\n``"},
    {"```json {}\n```", "```json {}\n```"},
    {"```json\n{}", "```json\n{}"},
    {"Here:\n```json\n{}\n```", "Here:\n```json\n{}\n```"},
    {"```json\n{}\n```\nDone.", "```json\n{}\n```\nDone."},
};

START_TEST(test_trim)
{
    const char *text = answers[_i].text, *wanted = answers[_i].trimmed;
    size_t len = strlen(text);
    char *exact = malloc(len + 1); /* so that a byte too far is seen */
    memcpy(exact, text, len);
    char *bytes = realloc(exact, len ? len : 1);
    const char *at = bytes;
    checked_trim(&at, &len);
    ck_assert_msg(
        len == strlen(wanted) && !memcmp(at, wanted, len), "%s: %.*s", text, (int)len, at);
    free(bytes);
}
END_TEST

START_TEST(test_flatten)
{
    const struct turn turns[] = {{.role = TURN_ASSISTANT, .text = "four", .len = 4},
        {.role = TURN_USER, .text = "a number", .len = 8}};
    const struct ask ask = {
        .prompt = "2+2?", .prompt_len = 4, .turns = turns, .turn_count = COUNT(turns)};
    struct buf out;
    buf_init(&out, BUF_SMALL);
    ck_assert_int_eq(turns_flatten(&ask, &out), STATUS_OK);
    ck_assert_str_eq(buf_str(&out), "2+2?\n\n--- You answered:\n\nfour\n\n---\n\na number");
    buf_release(&out);
    buf_init(&out, 10);
    ck_assert_int_eq(turns_flatten(&ask, &out), STATUS_TOO_LARGE);
    buf_release(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("response_format");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_subset, 0, COUNT(schemas));
    tcase_add_test(all, test_wide);
    tcase_add_loop_test(all, test_trim, 0, COUNT(answers));
    tcase_add_test(all, test_flatten);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
