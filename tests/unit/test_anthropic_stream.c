#include "agent/anthropic_stream.h"
#include "unit_anthropic.h"
#include "unit_stream.h"

/* What streams are made of: as the provider sends it, with the events' names. */
#define EVENT(name, more) "event: " name "\ndata: {\"type\":\"" name "\"" more "}\n\n"
#define START                                                                                      \
    EVENT("message_start",                                                                         \
        ",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\","              \
        "\"model\":\"m-1\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":25,"    \
        "\"cache_read_input_tokens\":0,\"output_tokens\":1}}")
#define BLOCK(index, block)                                                                        \
    EVENT("content_block_start", ",\"index\":" index ",\"content_block\":" block)
#define TEXT_BLOCK BLOCK("0", "{\"type\":\"text\",\"text\":\"\"}")
#define DELTA(index, delta) EVENT("content_block_delta", ",\"index\":" index ",\"delta\":" delta)
#define SAY(text) DELTA("0", "{\"type\":\"text_delta\",\"text\":\"" text "\"}")
#define BLOCK_STOP EVENT("content_block_stop", ",\"index\":0")
#define FINISH(reason)                                                                             \
    EVENT("message_delta", ",\"delta\":{\"stop_reason\":\"" reason                                 \
                           "\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":15}")
#define STOP EVENT("message_stop", "")
#define PING EVENT("ping", "")
#define HEAD START TEXT_BLOCK PING
#define TAIL(reason)                                                                               \
    BLOCK_STOP FINISH(reason)                                                                      \
    STOP

static const struct stream_row rows[] = {
    {"plain", HEAD SAY("Hello") SAY(" world") TAIL("end_turn"), "Hello world", NULL, "end_turn", 25,
        15},
    {"CRLF",
        "event: content_block_delta\r\ndata: {\"type\":\"content_block_delta\",\"delta\":"
        "{\"type\":\"text_delta\",\"text\":\"a\"}}\r\n\r\nevent: message_delta\r\ndata: "
        "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\r\n\r\n",
        "a", NULL, "end_turn", -1, -1},
    {"no names of events",
        "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":"
        "\"a\"}}\n\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n"
        "data: {\"type\":\"message_stop\"}\n\n",
        "a", NULL, "end_turn", -1, -1},
    {"no types in the data",
        "event: content_block_delta\ndata: {\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}\n\n"
        "event: ping\ndata: {}\n\nevent: message_delta\ndata: {\"delta\":{\"stop_reason\":"
        "\"end_turn\"}}\n\nevent: message_stop\ndata: {}\n\n",
        "a", NULL, "end_turn", -1, -1},
    {"data of several lines",
        "data: {\"type\":\"content_block_delta\",\ndata: \"delta\":{\"type\":\"text_delta\",\n"
        "data: \"text\":\"a\"}}\n\n" TAIL("end_turn"),
        "a", NULL, "end_turn", -1, 15},
    {"pings and comments anywhere",
        PING START PING TEXT_BLOCK ": x\n\n" PING SAY("a") PING SAY("b")
            PING BLOCK_STOP PING FINISH("end_turn") PING STOP,
        "ab", NULL, "end_turn", 25, 15},
    {"thinking is no text",
        START BLOCK("0", "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}")
            DELTA("0", "{\"type\":\"thinking_delta\",\"thinking\":\"hm\"}")
                DELTA("0", "{\"type\":\"signature_delta\",\"signature\":\"EqQB\"}")
                    BLOCK_STOP BLOCK("1", "{\"type\":\"redacted_thinking\",\"data\":\"x\"}")
                        BLOCK_STOP BLOCK("2", "{\"type\":\"text\",\"text\":\"\"}") SAY("a")
                            TAIL("end_turn"),
        "a", NULL, "end_turn", 25, 15},
    {"citations and news are no text",
        HEAD SAY("a") DELTA("0",
            "{\"type\":\"citations_delta\",\"citation\":{\"cited_text\":\"c\",\"text\":\"d\"}}")
            DELTA("0", "{\"type\":\"news_delta\",\"text\":\"e\"}") EVENT(
                "news", ",\"delta\":{\"type\":\"text_delta\",\"text\":\"f\"}") TAIL("end_turn"),
        "a", NULL, "end_turn", 25, 15},
    {"a block begins with text",
        START BLOCK("0", "{\"type\":\"text\",\"text\":\"He\"}") SAY("llo") TAIL("end_turn"),
        "Hello", NULL, "end_turn", 25, 15},
    {"two blocks, overlapping",
        HEAD SAY("a") BLOCK("1", "{\"type\":\"text\",\"text\":\"\"}") DELTA(
            "1", "{\"type\":\"text_delta\",\"text\":\"b\"}") SAY("c") BLOCK_STOP TAIL("end_turn"),
        "abc", NULL, "end_turn", 25, 15},
    {"usage is told twice",
        HEAD SAY("a") EVENT("message_delta",
            ",\"delta\":{},\"usage\":{\"output_tokens\":3}") "event: message_delta\ndata: "
                                                             "{\"type\":\"message_delta\","
                                                             "\"delta\":{\"stop_reason\":\"end_"
                                                             "turn\"},\"usage\":{\"input_tokens\":"
                                                             "30,\"output_tokens\":4}}\n\n" STOP,
        "a", NULL, "end_turn", 30, 4},
    {"escapes", HEAD SAY("\\u00e9\\n\\\"\\ud83d\\ude00") TAIL("end_turn"),
        "\xC3\xA9\n\"\xF0\x9F\x98\x80", NULL, "end_turn", 25, 15},
    {"an emoji's halves in two deltas", HEAD SAY("\\ud83d") SAY("\\ude00") TAIL("end_turn"),
        "\xED\xA0\xBD\xED\xB8\x80", NULL, "end_turn", 25, 15},
    {"usage of a cache",
        START SAY("a") EVENT("message_delta",
            ",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"input_tokens\":3,"
            "\"cache_creation_input_tokens\":20,\"cache_read_input_tokens\":100,"
            "\"output_tokens\":4}") STOP,
        "a", NULL, "end_turn", 123, 4},
    {"the same data, of which the name says the type",
        "event: content_block_delta\ndata: {\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}"
        "\n\nevent: news\ndata: {\"delta\":{\"type\":\"text_delta\",\"text\":\"b\"}}\n\n" TAIL(
            "end_turn"),
        "a", NULL, "end_turn", -1, 15},
    {"max_tokens", HEAD SAY("a") TAIL("max_tokens"), "a", NULL, "max_tokens", 25, 15},
    {"stop_sequence", HEAD SAY("a") TAIL("stop_sequence"), "a", NULL, "stop_sequence", 25, 15},
    {"context window", HEAD SAY("a") TAIL("model_context_window_exceeded"), "a", NULL,
        "model_context_window_exceeded", 25, 15},
    {"a reason that is not known", HEAD SAY("a") TAIL("news"), "a", NULL, "news", 25, 15},
    {"no message_stop", HEAD SAY("a") BLOCK_STOP FINISH("end_turn"), "a", NULL, "end_turn", 25, 15},
    {"something behind message_stop", HEAD SAY("a") TAIL("end_turn") SAY("b") "data: {\n\n", "a",
        NULL, "end_turn", 25, 15},
    {"error null",
        "data: {\"type\":\"content_block_delta\",\"error\":null,\"delta\":{\"type\":\"text_delta\","
        "\"text\":\"a\"}}\n\n" TAIL("end_turn"),
        "a", NULL, "end_turn", -1, 15},
    /* failures */
    {"nothing", "", "", "truncated", NULL, -1, -1},
    {"only pings", PING PING, "", "truncated", NULL, -1, -1},
    {"only message_stop", STOP, "", "truncated", NULL, -1, -1},
    {"no stop reason", HEAD SAY("a") BLOCK_STOP STOP, "a", "without a finish reason", NULL, 25, 1},
    {"cut off between events", HEAD SAY("a") SAY("b"), "ab", "truncated", NULL, 25, 1},
    {"cut off in an event",
        HEAD SAY("a") "event: message_delta\ndata: {\"type\":\"message_delta\","
                      "\"delta\":{\"stop_reason\":\"end_turn\"}}\n",
        "a", "truncated", NULL, 25, 1},
    {"empty", HEAD TAIL("end_turn"), "", "the answer is empty (finish reason \"end_turn\")",
        "end_turn", 25, 15},
    {"only thinking",
        START BLOCK("0", "{\"type\":\"thinking\",\"thinking\":\"\"}")
            DELTA("0", "{\"type\":\"thinking_delta\",\"thinking\":\"hm\"}") TAIL("max_tokens"),
        "", "empty (finish reason \"max_tokens\")", "max_tokens", 25, 15},
    {"refusal", HEAD SAY("a") TAIL("refusal"), "a", "the model refused to answer", "refusal", 25,
        15},
    {"refusal with a reason",
        START EVENT("message_delta",
            ",\"delta\":{\"stop_reason\":\"refusal\",\"stop_details\":{\"type\":\"refusal\","
            "\"category\":\"cyber\",\"explanation\":\"It could do harm.\"}}") STOP,
        "", "the model refused: It could do harm.", "refusal", 25, 1},
    {"refusal with a category",
        START EVENT("message_delta",
            ",\"delta\":{\"stop_reason\":\"refusal\",\"stop_details\":{\"type\":\"refusal\","
            "\"category\":\"cyber\",\"explanation\":null}}") STOP,
        "", "the model refused: cyber", "refusal", 25, 1},
    {"tool use",
        HEAD SAY("a") BLOCK_STOP BLOCK(
            "1", "{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"f\",\"input\":{}}")
            DELTA("1", "{\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}") TAIL("tool_use"),
        "a", "called a tool", "tool_use", 25, 15},
    {"pause", HEAD SAY("a") TAIL("pause_turn"), "a", "paused", "pause_turn", 25, 15},
    {"not JSON", HEAD SAY("a") "data: {\"type\"\n\n" TAIL("end_turn"), "a", "not JSON", NULL, 25,
        1},
    {"HTML", "data: <html>\n\n", "", "not JSON", NULL, -1, -1},
    {"overloaded",
        HEAD SAY("a")
            EVENT("error", ",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}")
                TAIL("end_turn"),
        "a", "Overloaded (overloaded_error)", NULL, 25, 1},
    {"overloaded at once",
        EVENT("error", ",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}"), "",
        "Overloaded (overloaded_error)", NULL, -1, -1},
    {"error behind the stop reason",
        HEAD SAY("a") FINISH("end_turn")
            EVENT("error", ",\"error\":{\"type\":\"api_error\",\"message\":\"late\"}"),
        "a", "late (api_error)", "end_turn", 25, 15},
    {"error by its type alone", "data: {\"type\":\"error\",\"error\":{\"message\":\"gone\"}}\n\n",
        "", "gone", NULL, -1, -1},
    {"error by its name alone", "event: error\ndata: {\"reason\":\"gone\"}\n\n", "",
        "an error without a message", NULL, -1, -1},
    {"the same data, named an error",
        SAY("a") "event: error\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
                 "{\"type\":\"text_delta\",\"text\":\"b\"}}\n\n",
        "a", "an error without a message", NULL, -1, -1},
    {"error in words", SAY("a") "event: error\ndata: upstream timed out\n\n", "a",
        "upstream timed out", NULL, -1, -1},
    {"error without a message", "data: {\"type\":\"error\",\"error\":{}}\n\n", "",
        "an error without a message", NULL, -1, -1},
    {"error string", "data: {\"error\":\"model not found\"}\n\n", "", "model not found", NULL, -1,
        -1},
    {"error of a gateway", "data: {\"detail\":\"no credit\"}\n\n", "", "no credit", NULL, -1, -1},
};

static void check_model(const struct buf *stream, const struct stream_run *r)
{
    model_check(stream, &((const struct anthropic_stream *)r->stream)->base, &r->text, r->status);
}

static const struct stream_kind kind = {.reader = &anthropic_reader,
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

/* A stream that ends anywhere before its stop reason is no success. */
START_TEST(test_every_end)
{
    static const char stream[] = HEAD SAY("a") SAY("b") TAIL("end_turn");
    size_t whole = (size_t)(strstr(stream, "event: message_stop") - stream);
    for (size_t len = 0; len < sizeof stream; len++) {
        struct stream_run r;
        unit_stream_begin(&r, &anthropic_reader);
        unit_stream_feed(&r, stream, len, len, 1);
        ck_assert_int_eq(r.status, STATUS_OK);
        struct told told = unit_stream_end(&r);
        ck_assert_int_eq(r.status, len < whole ? STATUS_BACKEND : STATUS_OK);
        ck_assert(len >= whole || strstr(r.err.text, "truncated"));
        ck_assert_int_eq(told.done, len == sizeof stream - 1);
        ck_assert_pstr_eq(told.model, len < sizeof START - 1 ? NULL : "m-1");
        unit_stream_release(&r);
    }
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
        {"{\"type\":\"error\",\"error\":{\"type\":\"t\",\"message\":\"a\"}}", "a"},
        {"{\"type\":\"error\",\"error\":{\"type\":\"t\"}}", "t"},
        {"{\"type\":\"error\",\"error\":{\"message\":5}}", "an error without a message"},
        {"{\"type\":\"error\",\"message\":\"b\"}", "b"},
        {"{\"type\":\"error\"}", "an error without a message"},
        {"{\"error\":{\"message\":\"c\"}}", "c"},
        {"{\"error\":\"d\"}", "d"},
        {"{\"error\":\"\"}", "an error without a message"},
        {"{\"message\":\"e\"}", "e"},
        {"{\"detail\":\"f\"}", "f"},
        {"{\"type\":\"message\",\"message\":\"g\"}", NULL},
        {"{\"error\":null}", NULL},
        {"{\"error\":false}", NULL},
        {"{}", NULL},
        {"[1]", NULL},
        {"\"x\"", NULL},
    };
    unit_stream_messages(anthropic_error_message, documents, COUNT(documents));
}
END_TEST

START_TEST(test_odd)
{
    static const char *const names[] = {"", "event: error\n", "event: content_block_delta\n"};
    for (size_t i = 0; i < COUNT(names); i++)
        unit_stream_odd(&kind, _i, names[i], SAY("x"), SAY("y"));
}
END_TEST

START_TEST(test_mutations)
{
    unit_stream_mutations(&kind, 20260101u + (uint32_t)_i);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("anthropic_stream");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_every_split, 0, COUNT(rows));
    tcase_add_test(all, test_every_end);
    tcase_add_test(all, test_caps);
    tcase_add_test(all, test_error_message);
    tcase_add_loop_test(all, test_odd, 0, COUNT(odd));
    tcase_add_loop_test(all, test_mutations, 0, 10);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
