#include <check.h>
#include <stdlib.h>

#include "webhook/accept.h"

static const struct row {
    const char *accept;
    enum reply_format format;
} rows[] = {
    {NULL, REPLY_JSON},
    {"", REPLY_JSON},
    {" ", REPLY_JSON},
    {"*/*", REPLY_JSON},
    {"application/*", REPLY_JSON},
    {"application/json", REPLY_JSON},
    {"application/problem+json", REPLY_JSON},
    {"image/png", REPLY_JSON},
    {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", REPLY_JSON},
    {"text/event-stream", REPLY_SSE},
    {"Text/Event-Stream", REPLY_SSE},
    {"text/event-stream; charset=utf-8", REPLY_SSE},
    {"text/event-stream, */*", REPLY_SSE},
    {"*/*, text/event-stream", REPLY_SSE},
    {"text/plain", REPLY_TEXT},
    {"text/plain;charset=utf-8", REPLY_TEXT},
    {"text/plain, */*;q=0.1", REPLY_TEXT},
    {"\ttext/plain ;q=1", REPLY_TEXT},
    /* the highest quality */
    {"application/json;q=0.5, text/plain;q=0.9", REPLY_TEXT},
    {"text/event-stream;q=0.2, application/json;q=0.3", REPLY_JSON},
    {"text/plain; Q=0.4, text/event-stream; q=0.41", REPLY_SSE},
    {"text/plain;q=0.999, text/event-stream", REPLY_SSE},
    {"text/plain;q=0, application/json;q=0.1", REPLY_JSON},
    {"text/plain;q=0", REPLY_JSON},
    {"text/plain;q=0.000, text/event-stream;q=0.001", REPLY_SSE},
    /* of equals the one named first */
    {"application/json, text/event-stream", REPLY_JSON},
    {"text/event-stream, application/json", REPLY_SSE},
    {"text/plain, text/event-stream", REPLY_TEXT},
    {"text/event-stream;q=0.5, text/plain;q=0.5", REPLY_SSE},
    {"text/html, text/plain;q=0.7, application/json;q=0.7", REPLY_TEXT},
    /* broken ones */
    {",,,", REPLY_JSON},
    {";q=1", REPLY_JSON},
    {"text", REPLY_JSON},
    {"text/plainer", REPLY_JSON},
    {"text/plai", REPLY_JSON},
    {", text/plain", REPLY_TEXT},
    {"text/plain;q=7", REPLY_TEXT},
    {"text/plain;q=-1", REPLY_JSON},
};

START_TEST(test_row)
{
    const struct row *r = &rows[_i];
    enum reply_format got = accept_format(r->accept);
    ck_assert_msg(got == r->format, "\"%s\" gave %d, not %d", r->accept ? r->accept : "(null)",
        (int)got, (int)r->format);
}
END_TEST

/* What a quality says that is no number does not matter, as long as nothing breaks. */
START_TEST(test_garbage)
{
    static const char *const garbage[] = {"text/plain;q=nan", "text/plain;q=inf",
        "text/plain;q=", "text/plain;q", "text/plain;", "text/plain;q=1e999", "text/plain;q=\"",
        "a/b;c=\"d,e;q=0"};
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        enum reply_format got = accept_format(garbage[i]);
        ck_assert(got == REPLY_TEXT || got == REPLY_JSON);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("accept");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_row, 0, sizeof rows / sizeof *rows);
    tcase_add_test(all, test_garbage);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
