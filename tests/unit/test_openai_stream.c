#include "agent/openai_stream.h"
#include "unit_openai.h"
#include "unit_stream.h"

/* A chunk with some text, and others that streams are made of. */
#define SAY(text)                                                                                  \
    "data: {\"model\":\"m-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"}}]}"   \
    "\n\n"
#define ROLE "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
#define FINISH(reason) "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"" reason "\"}]}\n\n"
#define USAGE "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\n"
#define DONE "data: [DONE]\n\n"

static const struct stream_row rows[] = {
    {"plain", ROLE SAY("Hello") SAY(" world") FINISH("stop") DONE, "Hello world", NULL, "stop", -1,
        -1},
    {"usage", ROLE SAY("Hi") FINISH("stop") USAGE DONE, "Hi", NULL, "stop", 7, 2},
    {"usage in the last chunk",
        SAY("Hi") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":"
                  "{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\n" DONE,
        "Hi", NULL, "stop", 1, 1},
    {"usage null",
        "data: "
        "{\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}],\"usage\":null}"
        "\n\n" FINISH("stop") DONE,
        "Hi", NULL, "stop", -1, -1},
    {"CRLF",
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\r\n\r\n"
        "data: {\"choices\":[{\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}\r\n\r\n"
        "data: [DONE]\r\n\r\n",
        "ab", NULL, "stop", -1, -1},
    {"CR alone",
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\r\r"
        "data: [DONE]\r\r",
        "a", NULL, "stop", -1, -1},
    {"BOM", "\xEF\xBB\xBF" SAY("a") FINISH("stop") DONE, "a", NULL, "stop", -1, -1},
    {"no space behind the colon",
        "data:{\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n"
        "data:[DONE]\n\n",
        "a", NULL, "stop", -1, -1},
    {"data of several lines",
        "data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"a\"},\ndata: "
        "\"finish_reason\":\"stop\"}]}\n\n",
        "a", NULL, "stop", -1, -1},
    {"comments", ": PROCESSING\n\n: ping\n" SAY("a") ":\n\n" FINISH("stop") ": x\n\n" DONE, "a",
        NULL, "stop", -1, -1},
    {"event, id and retry lines",
        "retry: 100\nid: 1\nevent: message\n" SAY("a") "id: 2\n" FINISH("stop") DONE, "a", NULL,
        "stop", -1, -1},
    {"finish reason and usage of a chunk without a delta",
        SAY("a") "data: {\"choices\":[{\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":4,"
                 "\"completion_tokens\":5,\"completion_tokens_details\":{\"reasoning_tokens\":3}}}"
                 "\n\n" DONE,
        "a", NULL, "stop", 4, 5},
    {"first chunk without choices",
        "data: {\"choices\":[],\"prompt_filter_results\":[{\"prompt_index\":0}]}\n\n" ROLE SAY("a")
            FINISH("stop") DONE,
        "a", NULL, "stop", -1, -1},
    {"no [DONE]", SAY("a") FINISH("stop"), "a", NULL, "stop", -1, -1},
    {"something behind [DONE]", SAY("a") FINISH("stop") DONE SAY("b") "data: {\n\n", "a", NULL,
        "stop", -1, -1},
    {"reasoning is no text",
        "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n"
        "data: {\"choices\":[{\"delta\":{\"reasoning\":\"hm\"}}]}\n\n" SAY("a") FINISH("stop") DONE,
        "a", NULL, "stop", -1, -1},
    {"error null",
        "data: "
        "{\"error\":null,\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}"
        "]}\n\n" DONE,
        "a", NULL, "stop", -1, -1},
    {"escapes", SAY("\\u00e9\\n\\\"\\ud83d\\ude00") FINISH("stop") DONE,
        "\xC3\xA9\n\"\xF0\x9F\x98\x80", NULL, "stop", -1, -1},
    {"an emoji's halves in two chunks", SAY("\\ud83d") SAY("\\ude00") FINISH("stop") DONE,
        "\xED\xA0\xBD\xED\xB8\x80", NULL, "stop", -1, -1},
    {"length", SAY("a") FINISH("length") USAGE DONE, "a", NULL, "length", 7, 2},
    {"reasoning in the content",
        SAY("<think>a\\n<b</thin</think>\\n\\n") SAY("c <think>d</think>") FINISH("stop") DONE,
        "c <think>d</think>", NULL, "stop", -1, -1},
    {"reasoning behind white space, escaped",
        ROLE SAY("\\n \\u003cth") SAY("ink\\u003ehm</think> a") FINISH("stop"), "a", NULL, "stop",
        -1, -1},
    {"nearly reasoning", SAY(" <thin") SAY("g> a") FINISH("stop") DONE, " <thing> a", NULL, "stop",
        -1, -1},
    {"only the beginning of a tag", SAY(" <thi") FINISH("stop") DONE, " <thi", NULL, "stop", -1,
        -1},
    {"reasoning later", SAY("a <think>b</think>") FINISH("stop") DONE, "a <think>b</think>", NULL,
        "stop", -1, -1},
    {"the end of reasoning alone", SAY("hm</think>a") FINISH("stop") DONE, "hm</think>a", NULL,
        "stop", -1, -1},
    /* failures */
    {"reasoning that does not end", SAY("<think>a") SAY("b</think") FINISH("length") DONE, "",
        "it ended within its reasoning (finish reason \"length\")", "length", -1, -1},
    {"nothing but reasoning", SAY("<think>a</think>\\n") FINISH("stop") DONE, "",
        "the answer is empty (finish reason \"stop\")", "stop", -1, -1},
    {"nothing", "", "", "truncated", NULL, -1, -1},
    {"only comments", ": ping\n\n: ping\n\n", "", "truncated", NULL, -1, -1},
    {"only [DONE]", DONE, "", "truncated", NULL, -1, -1},
    {"no finish reason", SAY("a") DONE, "a", "truncated", NULL, -1, -1},
    {"cut off between events", SAY("a") SAY("b"), "ab", "truncated", NULL, -1, -1},
    {"cut off in an event",
        SAY("a") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n", "a",
        "truncated", NULL, -1, -1},
    {"empty", ROLE FINISH("stop") DONE, "", "the answer is empty (finish reason \"stop\")", "stop",
        -1, -1},
    {"empty and too long", ROLE FINISH("length") DONE, "", "empty (finish reason \"length\")",
        "length", -1, -1},
    {"content filter", SAY("a") FINISH("content_filter") DONE, "a", "content filter",
        "content_filter", -1, -1},
    {"refusal",
        "data: {\"choices\":[{\"delta\":{\"refusal\":\"I can\"}}]}\n\n"
        "data: {\"choices\":[{\"delta\":{\"refusal\":\"not\"}}]}\n\n" FINISH("stop") DONE,
        "", "the model refused: I cannot", "stop", -1, -1},
    {"tool calls",
        "data: "
        "{\"choices\":[{\"delta\":{\"content\":null,\"tool_calls\":[{\"index\":0,\"id\":\"c1\","
        "\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}}]}\n\n" FINISH(
            "tool_calls") DONE,
        "", "called a tool", "tool_calls", -1, -1},
    {"function call", SAY("a") FINISH("function_call") DONE, "a", "called a tool", "function_call",
        -1, -1},
    {"not JSON", SAY("a") "data: {\"choices\"\n\n" FINISH("stop") DONE, "a", "not JSON", NULL, -1,
        -1},
    {"HTML", "data: <html>\n\n", "", "not JSON", NULL, -1, -1},
    {"error object",
        SAY("a") "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\","
                 "\"code\":529}}\n\n" FINISH("stop") DONE,
        "a", "overloaded", NULL, -1, -1},
    {"error string", "data: {\"error\":\"model not found\"}\n\n", "", "model not found", NULL, -1,
        -1},
    {"error of vLLM", "data: {\"object\":\"error\",\"message\":\"too long\",\"code\":400}\n\n" DONE,
        "", "too long", NULL, -1, -1},
    {"error without a message", "data: {\"error\":{}}\n\n", "", "an error without a message", NULL,
        -1, -1},
    {"error named by an event", "event: error\ndata: {\"error\":{\"message\":\"gone\"}}\n\n", "",
        "gone", NULL, -1, -1},
    {"error of OpenRouter",
        SAY("a") "data: {\"id\":\"g\",\"error\":{\"code\":502,\"message\":\"cut\"},\"choices\":[{"
                 "\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n",
        "a", "cut", NULL, -1, -1},
    {"error for a finish reason", SAY("a") FINISH("error") DONE, "a", "broke the answer off",
        "error", -1, -1},
    {"error behind the finish reason",
        SAY("a") FINISH("stop") "data: {\"error\":{\"message\":\"late\"}}\n\n", "a", "late", "stop",
        -1, -1},
};

static void check_model(const struct buf *stream, const struct stream_run *r)
{
    model_check(stream, r->stream, &r->text, r->status);
}

static const struct stream_kind kind = {.reader = &openai_reader,
    .rows = rows,
    .count = COUNT(rows),
    .event_max = STREAM_EVENT_MAX,
    .odd = odd,
    .odds = COUNT(odd),
    .model = check_model};

START_TEST(test_every_split)
{
    unit_stream_splits(&kind, _i);
}
END_TEST

START_TEST(test_model)
{
    static const char stream[] = "data: {\"id\":\"\",\"model\":\"\",\"choices\":[]}\n\n" SAY(
        "a") "data: {\"id\":\"c-1\",\"model\":\"m-2\",\"choices\":[]}\n\n"
             "data: {\"id\":\"c-2\",\"choices\":[]}\n\n" FINISH("stop");
    struct stream_run r;
    struct told told;
    unit_stream_begin(&r, &openai_reader);
    unit_stream_feed(&r, stream, strlen(stream), 1000, 1000);
    r.reader->told(r.stream, &told);
    ck_assert_str_eq(told.model, "m-1");
    ck_assert_str_eq(told.id, "c-1");
    ck_assert(!told.done);
    unit_stream_feed(&r, DONE, strlen(DONE), 1000, 1000);
    r.reader->told(r.stream, &told);
    ck_assert(told.done);
    ck_assert_int_eq(r.status, STATUS_OK);
    unit_stream_release(&r);
}
END_TEST

START_TEST(test_caps)
{
    unit_stream_caps(&kind);
}
END_TEST

START_TEST(test_error_message)
{
    static const struct stream_message documents[] = {
        {"{\"error\":{\"message\":\"a\"}}", "a"},
        {"{\"error\":{\"message\":5}}", "an error without a message"},
        {"{\"error\":\"b\"}", "b"},
        {"{\"object\":\"error\",\"message\":\"c\"}", "c"},
        {"{\"message\":\"d\"}", "d"},
        {"{\"detail\":\"e\"}", "e"},
        {"{\"object\":\"chat.completion.chunk\",\"choices\":[],\"message\":\"f\"}", NULL},
        {"{\"error\":null}", NULL},
        {"{\"error\":false}", NULL},
        {"{}", NULL},
        {"[1]", NULL},
        {"\"x\"", NULL},
    };
    unit_stream_messages(openai_error_message, documents, COUNT(documents));
}
END_TEST

START_TEST(test_odd)
{
    unit_stream_odd(&kind, _i, "", SAY("x"), SAY("y"));
}
END_TEST

START_TEST(test_mutations)
{
    unit_stream_mutations(&kind, 20260101u + (uint32_t)_i);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("openai_stream");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_every_split, 0, COUNT(rows));
    tcase_add_test(all, test_model);
    tcase_add_test(all, test_caps);
    tcase_add_test(all, test_error_message);
    tcase_add_loop_test(all, test_odd, 0, COUNT(odd));
    tcase_add_loop_test(all, test_mutations, 0, 10);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
