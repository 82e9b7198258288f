#include "agent/responses_stream.h"
#include "unit_stream.h"

#define EVENT(type, more) "event: " type "\ndata: {\"type\":\"" type "\"" more "}\n\n"
#define RESPONSE(status, more)                                                                     \
    ",\"sequence_number\":9,\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"model\":"    \
    "\"m-1\",\"status\":\"" status "\"" more "}"
#define CREATED                                                                                    \
    EVENT("response.created", RESPONSE("in_progress", ",\"error\":null,\"output\":[]"))            \
    EVENT("response.in_progress", RESPONSE("in_progress", ",\"output\":[]"))
#define PLACE ",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0"
#define ITEM                                                                                       \
    EVENT("response.output_item.added",                                                            \
        ",\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"status\":"          \
        "\"in_progress\",\"role\":\"assistant\",\"content\":[]}")                                  \
    EVENT("response.content_part.added", PLACE ",\"part\":{\"type\":\"output_text\",\"text\":"     \
                                               "\"\"}")
#define SAY(text)                                                                                  \
    EVENT("response.output_text.delta",                                                            \
        PLACE ",\"delta\":\"" text "\",\"logprobs\":[],\"obfuscation\":\"x\"")
#define SAID(text)                                                                                 \
    EVENT("response.output_text.done", PLACE ",\"text\":\"" text "\"")                             \
    EVENT("response.content_part.done",                                                            \
        PLACE ",\"part\":{\"type\":\"output_text\",\"text\":\"" text "\"}")                        \
    EVENT("response.output_item.done",                                                             \
        ",\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"content\":[{"       \
        "\"type\":\"output_text\",\"text\":\"" text "\"}]}")
#define OUTPUT(text)                                                                               \
    ",\"output\":[{\"type\":\"reasoning\",\"summary\":[]},{\"type\":\"message\",\"content\":[{"    \
    "\"type\":\"output_text\",\"text\":\"" text "\"}]}]"
#define USAGE                                                                                      \
    ",\"usage\":{\"input_tokens\":7,\"input_tokens_details\":{\"cached_tokens\":0},"               \
    "\"output_tokens\":2,\"output_tokens_details\":{\"reasoning_tokens\":1},\"total_tokens\":9}"
#define COMPLETED(text) EVENT("response.completed", RESPONSE("completed", OUTPUT(text) USAGE))
#define REASONING                                                                                  \
    EVENT("response.output_item.added", ",\"item\":{\"type\":\"reasoning\",\"id\":\"rs_1\"}")      \
    EVENT("response.reasoning_summary_text.delta", ",\"item_id\":\"rs_1\",\"delta\":\"hm\"")       \
    EVENT("response.reasoning_text.delta", ",\"item_id\":\"rs_1\",\"delta\":\"hm\"")               \
    EVENT("response.reasoning_summary_text.done", ",\"item_id\":\"rs_1\",\"text\":\"hm\"")
#define INCOMPLETE(reason)                                                                         \
    EVENT("response.incomplete",                                                                   \
        RESPONSE("incomplete", ",\"incomplete_details\":{\"reason\":\"" reason "\"}" USAGE))

static const struct stream_row rows[] = {
    {"plain", CREATED ITEM SAY("Hello") SAY(" world") SAID("Hello world") COMPLETED("Hello world"),
        "Hello world", NULL, "completed", 7, 2},
    {"escapes", CREATED SAY("\\u00e9\\n\\\"\\ud83d\\ude00") COMPLETED("x"),
        "\xC3\xA9\n\"\xF0\x9F\x98\x80", NULL, "completed", 7, 2},
    {"UTF-8", CREATED SAY("\xC3\xA9 \xF0\x9F\x98\x80") COMPLETED("x"), "\xC3\xA9 \xF0\x9F\x98\x80",
        NULL, "completed", 7, 2},
    {"comments and [DONE]", ": ping\n\n" SAY("a") ": ping\n" COMPLETED("a") "data: [DONE]\n\n", "a",
        NULL, "completed", 7, 2},
    {"something behind the end", SAY("a") COMPLETED("a") SAY("b") "data: {\n\n", "a", NULL,
        "completed", 7, 2},
    {"CRLF",
        "event: response.output_text.delta\r\ndata: {\"type\":\"response.output_text.delta\","
        "\"delta\":\"a\"}\r\n\r\ndata: {\"type\":\"response.completed\",\"response\":{\"status\":"
        "\"completed\"}}\r\n\r\n",
        "a", NULL, "completed", -1, -1},
    {"no event lines",
        "data: {\"delta\":\"a\",\"type\":\"response.output_text.delta\"}\n\n"
        "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n",
        "a", NULL, "completed", -1, -1},
    {"types only in the event lines",
        "event: response.output_text.delta\ndata: {\"delta\":\"a\"}\n\n"
        "event: response.completed\ndata: {\"response\":{\"status\":\"completed\"}}\n\n",
        "a", NULL, "completed", -1, -1},
    {"no status",
        SAY("a") "data: {\"type\":\"response.completed\",\"response\":{\"usage\":null}}\n\n", "a",
        NULL, "response.completed", -1, -1},
    {"reasoning is no text", CREATED REASONING SAY("a") COMPLETED("a"), "a", NULL, "completed", 7,
        2},
    {"the provider's own tools",
        CREATED EVENT("response.output_item.added", ",\"item\":{\"type\":\"web_search_call\"}")
            EVENT("response.web_search_call.searching", "") SAY("a") COMPLETED("a"),
        "a", NULL, "completed", 7, 2},
    {"types that are not known",
        EVENT("response.new.delta", ",\"delta\":\"x\"") EVENT("keepalive", "") SAY("a")
            COMPLETED("a"),
        "a", NULL, "completed", 7, 2},
    {"no deltas, but their end", CREATED ITEM SAID("Hello") COMPLETED("Hello"), "Hello", NULL,
        "completed", 7, 2},
    {"no deltas, two parts",
        EVENT("response.output_text.done", ",\"content_index\":0,\"text\":\"a\"") EVENT(
            "response.output_text.done", ",\"content_index\":1,\"text\":\"b\"") COMPLETED("ab"),
        "ab", NULL, "completed", 7, 2},
    {"only the whole answer", CREATED COMPLETED("Hello"), "Hello", NULL, "completed", 7, 2},
    {"empty deltas, then the whole", SAY("") COMPLETED("Hello"), "Hello", NULL, "completed", 7, 2},
    {"too many tokens", SAY("a") INCOMPLETE("max_output_tokens"), "a", NULL, "max_output_tokens", 7,
        2},
    {"incomplete without details",
        SAY("a") EVENT("response.completed", RESPONSE("incomplete", USAGE)), "a", NULL,
        "incomplete", 7, 2},
    /* failures */
    {"nothing", "", "", "truncated", NULL, -1, -1},
    {"only comments", ": ping\n\n", "", "truncated", NULL, -1, -1},
    {"cut off", CREATED SAY("a"), "a", "truncated", NULL, -1, -1},
    {"cut off in the last event",
        SAY("a") "data: "
                 "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n",
        "a", "truncated", NULL, -1, -1},
    {"only [DONE]", SAY("a") "data: [DONE]\n\n", "a", "truncated", NULL, -1, -1},
    {"empty", CREATED COMPLETED(""), "", "empty (finish reason \"completed\")", "completed", 7, 2},
    {"thought until the end", CREATED REASONING INCOMPLETE("max_output_tokens"), "",
        "empty (finish reason \"max_output_tokens\")", "max_output_tokens", 7, 2},
    {"content filter", SAY("a") INCOMPLETE("content_filter"), "a", "content filter",
        "content_filter", 7, 2},
    {"incomplete for another reason", SAY("a") INCOMPLETE("maintenance"), "a",
        "not complete (\"maintenance\")", "maintenance", 7, 2},
    {"cancelled", SAY("a") EVENT("response.cancelled", RESPONSE("cancelled", "")), "a",
        "not complete (\"cancelled\")", "cancelled", -1, -1},
    {"refusal",
        CREATED EVENT("response.refusal.delta", PLACE ",\"delta\":\"I can\"")
            EVENT("response.refusal.delta", PLACE ",\"delta\":\"not\"")
                EVENT("response.refusal.done", PLACE ",\"refusal\":\"I cannot\"") COMPLETED(""),
        "", "the model refused: I cannot", "completed", 7, 2},
    {"refusal without deltas", EVENT("response.refusal.done", ",\"refusal\":\"no\"") COMPLETED(""),
        "", "the model refused: no", "completed", 7, 2},
    {"refusal only in the whole answer",
        EVENT("response.completed",
            RESPONSE("completed", ",\"output\":[{\"type\":\"message\",\"content\":[{\"type\":"
                                  "\"refusal\",\"refusal\":\"never\"}]}]")),
        "", "the model refused: never", "completed", -1, -1},
    {"function call",
        CREATED EVENT("response.output_item.added",
            ",\"item\":{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"c1\",\"name\":"
            "\"f\",\"arguments\":\"\"}") EVENT("response.function_call_arguments.delta",
            ",\"item_id\":\"fc_1\",\"delta\":\"{}\"")
            EVENT("response.completed", RESPONSE("completed", ",\"output\":[]")),
        "", "called a tool", "completed", -1, -1},
    {"function call only in the whole answer",
        SAY("a") EVENT("response.completed",
            RESPONSE("completed", ",\"output\":[{\"type\":\"function_call\",\"name\":\"f\"}]")),
        "a", "called a tool", "completed", -1, -1},
    {"failed",
        CREATED SAY("a") EVENT("response.failed",
            RESPONSE("failed", ",\"error\":{\"code\":\"server_error\",\"message\":\"it broke\"}")),
        "a", "it broke", NULL, -1, -1},
    {"failed without a reason", EVENT("response.failed", RESPONSE("failed", ",\"error\":null")), "",
        "an error without a message", NULL, -1, -1},
    {"failed, said by the status alone",
        SAY("a") EVENT("response.completed", RESPONSE("failed", ",\"error\":{\"message\":\"no\"}")),
        "a", "no", NULL, -1, -1},
    {"failed, with the error beside",
        EVENT("response.failed", ",\"error\":{\"message\":\"beside\"}"), "", "beside", NULL, -1,
        -1},
    {"error",
        SAY("a")
            EVENT("error", ",\"code\":\"rate_limit\",\"message\":\"slow down\",\"param\":null"),
        "a", "slow down", NULL, -1, -1},
    {"error in an object",
        EVENT("error", ",\"error\":{\"type\":\"too_many\",\"message\":\"slow down\"}"), "",
        "slow down", NULL, -1, -1},
    {"error without a type", "data: {\"error\":{\"message\":\"a gateway's\",\"code\":502}}\n\n", "",
        "a gateway's", NULL, -1, -1},
    {"error named by the event", "event: error\ndata: {\"message\":\"gone\"}\n\n", "", "gone", NULL,
        -1, -1},
    {"not JSON", SAY("a") "data: {\"type\":\n\n", "a", "not JSON", NULL, -1, -1},
    {"HTML", "data: <html>\n\n", "", "not JSON", NULL, -1, -1},
    {"chat completions", "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n", "",
        "truncated", NULL, -1, -1},
};

static const struct stream_kind kind = {.reader = &responses_reader,
    .rows = rows,
    .count = COUNT(rows),
    .event_max = RESPONSES_EVENT_MAX};

START_TEST(test_every_split)
{
    unit_stream_splits(&kind, _i);
}
END_TEST

START_TEST(test_told)
{
    static const char stream[] = CREATED SAY("a") COMPLETED("a");
    struct stream_run r;
    struct told told;
    unit_stream_begin(&r, &responses_reader);
    unit_stream_feed(&r, stream, strlen(CREATED SAY("a")), 1000, 1000);
    r.reader->told(r.stream, &told);
    ck_assert_str_eq(told.id, "resp_1");
    ck_assert_str_eq(told.model, "m-1");
    ck_assert(!told.done);
    unit_stream_feed(&r, COMPLETED("a"), strlen(COMPLETED("a")), 1000, 1000);
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

START_TEST(test_mutations)
{
    unit_stream_mutations(&kind, 20260201u + (uint32_t)_i);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("responses_stream");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_every_split, 0, COUNT(rows));
    tcase_add_test(all, test_told);
    tcase_add_test(all, test_caps);
    tcase_add_loop_test(all, test_mutations, 0, 10);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
