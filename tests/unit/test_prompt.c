#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "webhook/prompt.h"

#define JSON "application/json"
#define FORM "application/x-www-form-urlencoded"
#define MULTI "multipart/form-data; boundary=xx"
#define TEXT "text/plain;charset=UTF-8"
#define EMOJI "\xF0\x9F\x98\x80"
#define BOM "\xEF\xBB\xBF"

/* A body and its length; it may contain NUL. */
#define B(literal) literal, sizeof literal - 1
/* A part of a multipart body, and the end of one. */
#define PART(name, value)                                                                          \
    "--xx\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define LAST "--xx--\r\n"

struct row {
    const char *body;
    size_t len;
    const char *type;
    const char *text;  /* NULL: refused */
    const char *agent; /* or NULL */
    const char *error; /* what the sentence contains */
};

#define SAYS(body, type, text)                                                                     \
    {                                                                                              \
        B(body), type, text, NULL, NULL                                                            \
    }
#define ASKS(body, type, text, agent)                                                              \
    {                                                                                              \
        B(body), type, text, agent, NULL                                                           \
    }
#define REFUSED(body, type, error)                                                                 \
    {                                                                                              \
        B(body), type, NULL, NULL, error                                                           \
    }

static const struct row rows[] = {
    /* a JSON object with a string "prompt", whatever is declared */
    SAYS("{\"prompt\":\"x\"}", JSON, "x"),
    SAYS("{\"prompt\":\"x\"}", FORM, "x"),
    SAYS("{\"prompt\":\"x\"}", TEXT, "x"),
    SAYS("{\"prompt\":\"x\"}", NULL, "x"),
    SAYS("{\"prompt\":\"x\"}", "", "x"),
    SAYS("{\"prompt\":\"x\"}", "application/octet-stream", "x"),
    SAYS("{\"prompt\":\"x\"}", MULTI, "x"),
    SAYS("{\"prompt\":\"a=b&c=%zz\"}", FORM, "a=b&c=%zz"),
    SAYS(" \r\n\t{\"prompt\" : \"x\"}\n", JSON, "x"),
    SAYS("{\"prompt\":\" x \"}", JSON, " x "),
    SAYS("{\"prompt\":\"x\",\"more\":[1,{\"y\":null}]}", JSON, "x"),
    SAYS("{\"prompt\":\"one\",\"prompt\":\"two\"}", JSON, "two"),
    SAYS("{\"prompt\":\"\\u00e9\\n\\\"\"}", JSON, "\xC3\xA9\n\""),
    SAYS("{\"prompt\":\"\\ud83d\\ude00\"}", JSON, EMOJI),
    SAYS("{\"prompt\":\"" EMOJI "\"}", JSON, EMOJI),
    SAYS("{\"prompt\":\"a\\ud83db\"}", JSON,
        "a\xEF\xBF\xBD"
        "b"),
    SAYS("{\"prompt\":\"\\ude00\"}", JSON, "\xEF\xBF\xBD"),
    SAYS(BOM "{\"prompt\":\"x\"}", JSON, "x"),
    SAYS(BOM "{\"prompt\":\"x\"}", FORM, "x"),
    /* the agent it asks for */
    ASKS("{\"prompt\":\"x\",\"agent\":\"ops\"}", JSON, "x", "ops"),
    ASKS("{\"agent\":\"ops\",\"prompt\":\"x\"}", FORM, "x", "ops"),
    ASKS("{\"agent\":\"one\",\"agent\":\"two\",\"prompt\":\"x\"}", JSON, "x", "two"),
    SAYS("{\"prompt\":\"x\",\"agent\":7}", JSON, "x"),
    SAYS("{\"prompt\":\"x\",\"agent\":null}", JSON, "x"),
    SAYS("{\"prompt\":\"x\",\"agent\":\"\"}", JSON, "x"),
    ASKS("{\"alert\":1,\"agent\":\"ops\"}", JSON, "{\"alert\":1,\"agent\":\"ops\"}", "ops"),
    SAYS("[{\"agent\":\"ops\"}]", JSON, "[{\"agent\":\"ops\"}]"),
    /* other JSON: its text, as it was sent */
    SAYS("{\"a\": 1}", JSON, "{\"a\": 1}"),
    SAYS("{\"a\": 1}\n", NULL, "{\"a\": 1}\n"),
    SAYS("{}", JSON, "{}"),
    SAYS("[]", JSON, "[]"),
    SAYS("[1, \"two\"]", JSON, "[1, \"two\"]"),
    SAYS("[1, \"two\"]", TEXT, "[1, \"two\"]"),
    SAYS("{\"prompt\":5}", JSON, "{\"prompt\":5}"),
    SAYS("{\"prompt\":null}", JSON, "{\"prompt\":null}"),
    SAYS("{\"prompt\":[\"x\"]}", JSON, "{\"prompt\":[\"x\"]}"),
    SAYS("{\"Prompt\":\"x\"}", JSON, "{\"Prompt\":\"x\"}"),
    SAYS("{\"a\":{\"prompt\":\"x\"}}", JSON, "{\"a\":{\"prompt\":\"x\"}}"),
    SAYS("{\"big\":123456789012345678901234567890}", JSON,
        "{\"big\":123456789012345678901234567890}"),
    SAYS("{\"a\":\"\\u0000\"}", JSON, "{\"a\":\"\\u0000\"}"),
    SAYS(BOM "[1]", JSON, "[1]"),
    SAYS("\"x\"", JSON, "\"x\""),
    SAYS("\"x\"", NULL, "\"x\""),
    SAYS("42", JSON, "42"),
    SAYS("42", TEXT, "42"),
    SAYS("-1.5e3", JSON, "-1.5e3"),
    SAYS("true", JSON, "true"),
    SAYS("null", JSON, "null"),
    SAYS("{\"a\":1}", "application/cloudevents+json; charset=utf-8", "{\"a\":1}"),
    /* declared JSON that is none */
    REFUSED("hello", JSON, "not JSON at byte 0"),
    REFUSED("{\"prompt\":\"x\"", JSON, "not JSON at byte 13: it ends too early"),
    REFUSED("{\"prompt\":\"x\"} x", JSON, "not JSON at byte"),
    REFUSED("{\"prompt\":\"a\nb\"}", JSON, "not JSON at byte 12"),
    REFUSED("{'prompt':'x'}", JSON, "not JSON at byte 1"),
    REFUSED("[NaN]", JSON, "not JSON at byte 1"),
    REFUSED("[1,]", JSON, "not JSON at byte"),
    REFUSED("/* x */ {}", JSON, "not JSON at byte 0"),
    REFUSED("prompt=x", JSON, "not JSON at byte 0"),
    REFUSED("hello", "APPLICATION/JSON ; charset=utf-8", "not JSON at byte 0"),
    REFUSED("hello", " application/json", "declared \"application/json\""),
    REFUSED("hello", "application/alert+json", "declared \"application/alert+json\""),
    REFUSED(BOM "{x}", JSON, "not JSON at byte 4"),
    /* almost JSON, and not declared so: as it is */
    SAYS("{\"prompt\":\"x\"", TEXT, "{\"prompt\":\"x\""),
    SAYS("[1,]", NULL, "[1,]"),
    SAYS("{not json}", FORM, "{not json}"),
    /* text as it is */
    SAYS("hello", TEXT, "hello"),
    SAYS("hello", NULL, "hello"),
    SAYS(" hello\n", "text/markdown", " hello\n"),
    SAYS("a=b&c=d", TEXT, "a=b&c=d"),
    SAYS("100% \"true\"", TEXT, "100% \"true\""),
    SAYS("<alert/>", "application/xml", "<alert/>"),
    SAYS(BOM "hello", TEXT, "hello"),
    SAYS("{\"a\":1}", "applicat", "{\"a\":1}"),
    SAYS("hello", "+json", "hello"),
    /* forms */
    SAYS("prompt=x", FORM, "x"),
    SAYS("prompt=x", "Application/X-WWW-Form-Urlencoded; charset=UTF-8", "x"),
    SAYS("prompt=a+b%20c%2B%3d", FORM, "a b c+="),
    SAYS("prompt=%C3%A9%f0%9f%98%80", FORM, "\xC3\xA9" EMOJI),
    SAYS("prompt=a=b", FORM, "a=b"),
    SAYS("pro%6Dpt=x", FORM, "x"),
    SAYS("x=1&prompt=p&y=2", FORM, "p"),
    SAYS("prompt=a&prompt=b", FORM, "a\nb"),
    ASKS("prompt=x&agent=ops", FORM, "x", "ops"),
    ASKS("agent=ops&prompt=x", FORM, "x", "ops"),
    SAYS("prompt=x&agent=", FORM, "x"),
    SAYS("agent=ops&message=x", FORM, "agent: ops\nmessage: x"),
    SAYS("name=Ada+L&message=Hello%0Athere", FORM, "name: Ada L\nmessage: Hello\nthere"),
    SAYS("a=&b=1", FORM, "a: \nb: 1"),
    SAYS("a&b=1", FORM, "a: \nb: 1"),
    SAYS("&&a=1&&", FORM, "a: 1"),
    SAYS("=x", FORM, "x"),
    SAYS("a=1&a=2", FORM, "a: 1\na: 2"),
    SAYS("Prompt=x", FORM, "Prompt: x"),
    SAYS("payload=%7B%22a%22%3A1%7D", FORM, "payload: {\"a\":1}"),
    SAYS("no sign at 100%", FORM, "no sign at 100%"),
    SAYS("a=100%", FORM, "a: 100%"),
    SAYS("a=1&b=%4", FORM, "a: 1\nb: %4"),
    SAYS("a=%zz", FORM, "a: %zz"),
    SAYS("disk=91% full", FORM, "disk: 91% full"),
    SAYS("%=1", FORM, "%: 1"),
    REFUSED("a=%FF", FORM, "\"a\" is not valid UTF-8 at byte 0"),
    REFUSED("a=xy%ED%A0%80", FORM, "\"a\" is not valid UTF-8 at byte 2"),
    REFUSED("prompt=x%00y", FORM, "\"prompt\" has a NUL"),
    REFUSED("%FF=1", FORM, "not valid UTF-8"),
    REFUSED("prompt=", FORM, "\"prompt\" is empty"),
    REFUSED("prompt=+%09%0D%0A", FORM, "\"prompt\" is only white space"),
    REFUSED("=", FORM, "fields are empty"),
    REFUSED("prompt=x&agent=a%00b", FORM, "\"agent\" has a NUL"),
    /* multipart forms */
    SAYS(PART("prompt", "x") LAST, MULTI, "x"),
    SAYS(PART("prompt", "x") LAST, "multipart/form-data; boundary=\"xx\"", "x"),
    SAYS(PART("prompt", "x") LAST, "Multipart/Form-Data; charset=utf-8; Boundary=xx", "x"),
    SAYS(PART("prompt", "a\r\n\r\nb\r\n") LAST, MULTI, "a\r\n\r\nb\r\n"),
    SAYS(PART("prompt", "--x\r\n--xy") LAST, MULTI, "--x\r\n--xy"),
    SAYS("a preamble\r\n" PART("prompt", "x") LAST "an epilogue", MULTI, "x"),
    ASKS(PART("prompt", "x") PART("agent", "ops") LAST, MULTI, "x", "ops"),
    SAYS(PART("name", "Ada") PART("message", "Hi\nthere") LAST, MULTI,
        "name: Ada\nmessage: Hi\nthere"),
    SAYS(PART("agent", "ops") PART("message", "x") LAST, MULTI, "agent: ops\nmessage: x"),
    SAYS(PART("a", "") PART("b", "1") LAST, MULTI, "a: \nb: 1"),
    SAYS(PART("prompt", "look:") "--xx\r\nContent-Disposition: form-data; name=\"log\"; "
                                 "filename=\"a;b.txt\"\r\nContent-Type: text/plain\r\n\r\n"
                                 "line\r\n" LAST,
        MULTI, "look:"),
    SAYS("--xx\r\ncontent-type: text/plain\r\nCONTENT-DISPOSITION: form-data; filename=\"l.txt\"; "
         "name=\"log\"\r\n\r\nline\r\n" LAST,
        MULTI, "log: line"),
    REFUSED(PART("prompt", "x") LAST, "multipart/form-data", "no boundary"),
    REFUSED(PART("prompt", "x") LAST, "multipart/form-data; boundary=", "no boundary"),
    REFUSED(PART("prompt", "x"), MULTI, "boundary"),
    REFUSED("hello", MULTI, "boundary"),
    REFUSED("--xx\r\nContent-Type: text/plain\r\n\r\nx\r\n" LAST, MULTI, "has no name"),
    REFUSED("--xx\r\n\r\nx\r\n" LAST, MULTI, "has no name"),
    REFUSED(PART("", "x") LAST, MULTI, "part 1 of the form has no name"),
    REFUSED(PART("a", "1") "--xx\r\nContent-Disposition: form-data; name=\"b\r\n\r\nx\r\n" LAST,
        MULTI, "part 2 of the form has no name"),
    REFUSED(PART("prompt", "x") LAST, "multipart/form-data; boundary=\"xx", "no boundary"),
    REFUSED("--xx\r\n" LAST, MULTI, "part 1 of the form has no name"),
    REFUSED("--xx\r\n--xx\r\n" PART("prompt", "x") LAST, MULTI, "part 1 of the form has no name"),
    REFUSED(PART("prompt", "x") "--xx\r\n\r\n" LAST, MULTI, "part 2 of the form has no name"),
    REFUSED(PART("photo", "\x89PNG") LAST, MULTI, "\"photo\" is not valid UTF-8"),
    REFUSED(PART("prompt", "x") PART("blob", "a\0b") LAST, MULTI, "\"blob\" has a NUL"),
    REFUSED(PART("prompt", " ") LAST, MULTI, "\"prompt\" is only white space"),
    REFUSED(LAST, MULTI, "no fields"),
    /* bytes that are no text */
    REFUSED("\xFFhello", TEXT, "the body is not valid UTF-8 at byte 0"),
    REFUSED("hello\xC3", TEXT, "the body is not valid UTF-8 at byte 5"),
    REFUSED("hel\xC3(lo", JSON, "the body is not valid UTF-8 at byte 3"),
    REFUSED("0123456789abcdefg\xED\xA0\x80", NULL, "the body is not valid UTF-8 at byte 17"),
    REFUSED("ab\xC0\x80", FORM, "the body is not valid UTF-8 at byte 2"),
    REFUSED("\xF4\x90\x80\x80", NULL, "the body is not valid UTF-8 at byte 0"),
    REFUSED("\xFE\xFFx", NULL, "the body is not valid UTF-8 at byte 0"),
    REFUSED("a\0b", TEXT, "the body has a NUL at byte 1"),
    REFUSED("{\"prompt\":\"a\0\"}", JSON, "the body has a NUL at byte 12"),
    REFUSED("\0\xFF", NULL, "the body has a NUL at byte 0"),
    REFUSED("\xFF\0", NULL, "the body is not valid UTF-8 at byte 0"),
    REFUSED("{\"prompt\":\"a\\u0000b\"}", JSON, "\"prompt\" has a NUL at byte 1"),
    REFUSED("{\"prompt\":\"x\",\"agent\":\"a\\u0000\"}", JSON, "\"agent\" has a NUL"),
    /* nothing to ask */
    REFUSED("", JSON, "the body is empty"),
    REFUSED("", NULL, "the body is empty"),
    REFUSED(" \r\n\t", TEXT, "only white space"),
    REFUSED(BOM, TEXT, "only white space"),
    REFUSED("\xC2\xA0\xE2\x80\x83\xE3\x80\x80", TEXT, "only white space"),
    REFUSED("{\"prompt\":\"\"}", JSON, "\"prompt\" is empty"),
    REFUSED("{\"prompt\":\"\"}", FORM, "\"prompt\" is empty"),
    REFUSED("{\"prompt\":\" \\n\\u00a0\"}", JSON, "\"prompt\" is only white space"),
};

static void check_row(const struct row *r)
{
    struct prompt p;
    struct error err = {.text = ""};
    prompt_init(&p, BUF_SMALL);
    /* a copy of the exact size, so that a sanitizer sees a read behind it */
    char *body = malloc(r->len ? r->len : 1);
    ck_assert_ptr_nonnull(body);
    memcpy(body, r->body, r->len);
    enum status st = prompt_from_body(&p, body, r->len, r->type, &err);
    free(body);
    if (r->text) {
        ck_assert_msg(st == STATUS_OK, "\"%s\" was refused: %s", r->body, err.text);
        ck_assert_str_eq(buf_str(&p.text), r->text);
        ck_assert_uint_eq(p.text.len, strlen(r->text));
        ck_assert_pstr_eq(p.agent, r->agent);
    } else {
        ck_assert_msg(st == STATUS_BAD_REQUEST, "\"%s\" gave status %d", r->body, (int)st);
        ck_assert_msg(strstr(err.text, r->error) != NULL, "\"%s\" says \"%s\", not \"%s\"", r->body,
            err.text, r->error);
        ck_assert_msg(!strchr(err.text, '\n'), "more than one line: %s", err.text);
        ck_assert_uint_eq(p.text.len, 0);
        ck_assert_ptr_null(p.agent);
    }
    prompt_release(&p);
}

START_TEST(test_row)
{
    check_row(&rows[_i]);
}
END_TEST

/* Every beginning of every body, under every type: no crash, and a sentence for each refusal. */
START_TEST(test_prefixes)
{
    const struct row *r = &rows[_i];
    for (size_t len = 0; len <= r->len; len++) {
        struct prompt p;
        struct error err = {.text = ""};
        char *body = malloc(len ? len : 1);
        ck_assert_ptr_nonnull(body);
        memcpy(body, r->body, len);
        prompt_init(&p, BUF_SMALL);
        enum status st = prompt_from_body(&p, body, len, r->type, &err);
        ck_assert(st == STATUS_OK || st == STATUS_BAD_REQUEST);
        ck_assert_msg(st == STATUS_OK ? p.text.len > 0 : err.text[0] != 0, "byte %zu", len);
        prompt_release(&p);
        free(body);
    }
}
END_TEST

static enum status read_built(struct buf *body, const char *type, size_t cap, struct error *err)
{
    struct prompt p;
    prompt_init(&p, cap);
    enum status st = prompt_from_body(&p, buf_str(body), body->len, type, err);
    prompt_release(&p);
    buf_release(body);
    return st;
}

START_TEST(test_fields_cap)
{
    static const int counts[] = {1000, 1001};
    for (int multipart = 0; multipart < 2; multipart++) {
        for (int i = 0; i < 2; i++) {
            struct buf body;
            struct error err = {.text = ""};
            buf_init(&body, 16 * BUF_SMALL);
            for (int n = 0; n < counts[i]; n++)
                buf_adds(&body, multipart ? PART("a", "1") : "a=1&");
            if (multipart)
                buf_adds(&body, LAST);
            enum status st = read_built(&body, multipart ? MULTI : FORM, 16 * BUF_SMALL, &err);
            ck_assert_int_eq(st, i ? STATUS_BAD_REQUEST : STATUS_OK);
            ck_assert(!i || strstr(err.text, "1000"));
        }
    }
}
END_TEST

START_TEST(test_depth)
{
    static const int depths[] = {100, 100000};
    for (int i = 0; i < 2; i++) {
        for (int declared = 0; declared < 2; declared++) {
            struct buf body;
            struct error err = {.text = ""};
            buf_init(&body, 16 * BUF_SMALL);
            for (int n = 0; n < depths[i]; n++)
                buf_addc(&body, '[');
            for (int n = 0; n < depths[i]; n++)
                buf_addc(&body, ']');
            enum status st = read_built(&body, declared ? JSON : TEXT, 16 * BUF_SMALL, &err);
            ck_assert_int_eq(st, i && declared ? STATUS_BAD_REQUEST : STATUS_OK);
            ck_assert(!st || strstr(err.text, "nested too deeply"));
        }
    }
}
END_TEST

START_TEST(test_size_cap)
{
    struct buf body;
    struct error err = {.text = ""};
    buf_init(&body, BUF_SMALL);
    buf_adds(&body, "0123456789a");
    ck_assert_int_eq(read_built(&body, TEXT, 10, &err), STATUS_TOO_LARGE);
    ck_assert_msg(strstr(err.text, "10 bytes") != NULL, "%s", err.text);
}
END_TEST

int main(void)
{
    enum { ROWS = sizeof rows / sizeof *rows };
    Suite *suite = suite_create("prompt");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_row, 0, ROWS);
    tcase_add_loop_test(all, test_prefixes, 0, ROWS);
    tcase_add_test(all, test_fields_cap);
    tcase_add_test(all, test_depth);
    tcase_add_test(all, test_size_cap);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
