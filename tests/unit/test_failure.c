#include "agent/failure.h"

#include <string.h>

#include "agent/adk_stream.h"
#include "agent/anthropic_stream.h"
#include "agent/gemini_stream.h"
#include "agent/openai_stream.h"
#include "agent/responses_stream.h"
#include "unit.h"
#include "unit_stream.h"

static const struct {
    const char *json;
    int status;
} rows[] = {
    {"{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"m\"}}", 529},
    {"{\"error\":{\"type\":\"rate_limit_error\"}}", 429},
    {"{\"error\":{\"type\":\"api_error\"}}", 500},
    {"{\"error\":{\"type\":\"server_error\",\"code\":null}}", 500},
    {"{\"error\":{\"type\":\"requests\",\"code\":\"rate_limit_exceeded\"}}", 429},
    {"{\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\"}}", 503},
    {"{\"error\":{\"code\":502,\"message\":\"m\"}}", 502},
    {"{\"error\":{\"code\":\"529\"}}", 529},
    {"{\"error\":{\"code\":429}}", 429},
    {"{\"error\":{\"code\":408}}", 408},
    {"{\"error\":{\"status\":\"resource_exhausted\"}}", 429},
    {"{\"object\":\"error\",\"message\":\"m\",\"type\":\"InternalServerError\",\"code\":500}", 500},
    {"{\"type\":\"error\",\"code\":\"server_error\",\"message\":\"m\"}", 500},
    {"{\"error\":{\"type\":\"invalid_request_error\"}}", 0},
    {"{\"error\":{\"type\":\"authentication_error\"}}", 0},
    {"{\"error\":{\"type\":\"invalid_request_error\",\"code\":\"rate_limit_exceeded\"}}", 0},
    {"{\"error\":{\"type\":\"server_error\",\"code\":400}}", 0},
    {"{\"error\":{\"type\":\"server_error\"},\"code\":401}", 0},
    {"{\"error\":{\"type\":\"rate_limit_error\",\"code\":\"insufficient_quota\"}}", 0},
    {"{\"error\":{\"type\":\"rate_limit_error\",\"details\":{\"error_code\":"
     "\"enforced_spend_limit_reached\"}}}",
        0},
    {"{\"object\":\"error\",\"message\":\"m\",\"code\":400}", 0},
    {"{\"error\":{\"type\":\"scripted\"}}", 0},
    {"{\"error\":{\"code\":1234}}", 0},
    {"{\"error\":{\"code\":5e2}}", 0},
    {"{\"error\":{\"code\":\"5029x\"}}", 0},
    {"{\"error\":{\"code\":600}}", 0},
    {"{\"error\":\"overloaded_error\"}", 0},
    {"{\"error\":{}}", 0},
    {"{}", 0},
    {"[]", 0},
};

START_TEST(test_documents)
{
    struct json *j;
    ck_assert_int_eq(json_parse(rows[_i].json, strlen(rows[_i].json), &j, NULL), STATUS_OK);
    ck_assert_msg(failure_status(j) == rows[_i].status, "%s: %d", rows[_i].json, failure_status(j));
    json_free(j);
}
END_TEST

START_TEST(test_words)
{
    ck_assert_int_eq(failure_word_status("RESOURCE_EXHAUSTED"), 429);
    ck_assert_int_eq(failure_word_status("503"), 503);
    ck_assert_int_eq(failure_word_status("400"), 0);
    ck_assert_int_eq(failure_word_status("SAFETY"), 0);
    ck_assert_int_eq(failure_word_status("not_found"), 0);
    ck_assert_int_eq(failure_word_status(""), 0);
    ck_assert_int_eq(failure_word_status(NULL), 0);
}
END_TEST

static const struct {
    const struct stream_reader *reader;
    const char *stream;
    int status;
} streams[] = {
    {&openai_reader, "data: {\"error\":{\"type\":\"server_error\",\"message\":\"m\"}}\n\n", 500},
    {&openai_reader, "data: {\"object\":\"error\",\"message\":\"m\",\"code\":400}\n\n", 0},
    {&openai_reader, "data: {\"error\":\"m\"}\n\n", 0},
    {&responses_reader,
        "data: {\"type\":\"error\",\"code\":\"rate_limit_exceeded\",\"message\":\"m\"}\n\n", 429},
    {&responses_reader,
        "data: {\"type\":\"response.failed\",\"response\":{\"status\":\"failed\","
        "\"error\":{\"code\":\"server_error\",\"message\":\"m\"}}}\n\n",
        500},
    {&responses_reader, "data: {\"error\":{\"message\":\"m\",\"code\":502}}\n\n", 502},
    {&responses_reader,
        "data: {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":"
        "\"m\"}}\n\n",
        0},
    {&anthropic_reader,
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
        "\"message\":\"m\"}}\n\n",
        529},
    {&anthropic_reader,
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"permission_error\","
        "\"message\":\"m\"}}\n\n",
        0},
    {&gemini_reader,
        "data: {\"error\":{\"code\":503,\"message\":\"m\",\"status\":\"UNAVAILABLE\"}}\n\n", 503},
    {&gemini_reader, "[{\"error\":{\"code\":429,\"message\":\"m\"}}]\n", 429},
    {&gemini_reader, "data: {\"error\":{\"code\":400,\"message\":\"m\"}}\n\n", 0},
    {&adk_reader, "data: {\"errorCode\":\"RESOURCE_EXHAUSTED\"}\n\n", 429},
    {&adk_reader, "data: {\"errorCode\":503,\"errorMessage\":\"m\"}\n\n", 503},
    {&adk_reader, "data: {\"errorCode\":\"SAFETY\"}\n\n", 0},
    {&adk_reader, "data: {\"error\":{\"code\":500,\"message\":\"m\"}}\n\n", 500},
};

START_TEST(test_streams)
{
    struct stream_run r;
    unit_stream_begin(&r, streams[_i].reader);
    unit_stream_feed(&r, streams[_i].stream, strlen(streams[_i].stream), 7, 7);
    struct told told = unit_stream_end(&r);
    ck_assert_int_eq(r.status, STATUS_BACKEND);
    ck_assert_ptr_nonnull(told.error);
    ck_assert_msg(told.error_status == streams[_i].status, "%s", streams[_i].stream);
    unit_stream_release(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("failure");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_documents, 0, sizeof rows / sizeof *rows);
    tcase_add_test(all, test_words);
    tcase_add_loop_test(all, test_streams, 0, sizeof streams / sizeof *streams);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
