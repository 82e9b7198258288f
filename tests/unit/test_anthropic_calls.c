/* The reader of Anthropic Messages, where the model has tools. */
#include "agent/anthropic_stream.h"
#include "unit_calls.h"

#define EVENT(name, more) "event: " name "\ndata: {\"type\":\"" name "\"" more "}\n\n"
#define BLOCK(index, block)                                                                        \
    EVENT("content_block_start", ",\"index\":" index ",\"content_block\":" block)
#define DELTA(index, delta) EVENT("content_block_delta", ",\"index\":" index ",\"delta\":" delta)
#define SAY(index, text) DELTA(index, "{\"type\":\"text_delta\",\"text\":\"" text "\"}")
#define PIECE(index, json)                                                                         \
    DELTA(index, "{\"type\":\"input_json_delta\",\"partial_json\":\"" json "\"}")
#define STOP_BLOCK(index) EVENT("content_block_stop", ",\"index\":" index)
#define FINISH(reason)                                                                             \
    EVENT("message_delta", ",\"delta\":{\"stop_reason\":\"" reason "\"}")                          \
    EVENT("message_stop", "")
#define TEXT(text) "{\"type\":\"text\",\"text\":\"" text "\"}"
#define USE(id, name, input)                                                                       \
    "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"" name "\",\"input\":" input "}"
/* As it goes back: the id and the input stand last. */
#define USED(id, name, input)                                                                      \
    "{\"type\":\"tool_use\",\"name\":\"" name "\",\"id\":\"" id "\",\"input\":" input "}"
#define CALL(index, id, name) BLOCK(index, USE(id, name, "{}"))
#define ONE CALL("0", "t1", "f") PIECE("0", "{}") STOP_BLOCK("0")
#define ONE_USED USED("t1", "f", "{}")

static const struct calls_row rows[] = {
    {"in pieces",
        CALL("0", "t1", "f") PIECE("0", "") PIECE("0", "{\\\"x\\\": \\\"")
            PIECE("0", "\\u00e9\\\"}") STOP_BLOCK("0") FINISH("tool_use"),
        "", NULL, "t1 f {\"x\": \"\xC3\xA9\"}\n", "[" USED("t1", "f", "{\"x\": \"\xC3\xA9\"}") "]"},
    {"no pieces", CALL("0", "t1", "f") STOP_BLOCK("0") FINISH("tool_use"), "", NULL, "t1 f \n",
        "[" ONE_USED "]"},
    {"whole in its beginning",
        BLOCK("0", USE("t1", "f", "{ \"x\": [1.50] }")) STOP_BLOCK("0") FINISH("tool_use"), "",
        NULL, "t1 f { \"x\": [1.50] }\n", "[" USED("t1", "f", "{ \"x\": [1.50] }") "]"},
    {"pieces take the place of what it began with",
        BLOCK("0", USE("t1", "f", "{\"x\":1}")) PIECE("0", "") PIECE("0", "{") PIECE("0", "}")
            FINISH("tool_use"),
        "", NULL, "t1 f {}\n", "[" ONE_USED "]"},
    {"text, and two that overlap, whose ends come last",
        BLOCK("0", TEXT("")) SAY("0", "so ") SAY("0", "it \\u00e9") SAY("0", "s") CALL("1", "t1",
            "f") CALL("2", "t2", "g") PIECE("1", "{\\\"a\\\"") PIECE("2", "{}") SAY("0", "!")
            PIECE("1", ":1}") STOP_BLOCK("0") STOP_BLOCK("1") STOP_BLOCK("2") FINISH("tool_use"),
        "so it \xC3\xA9s!", NULL, "t1 f {\"a\":1}\nt2 g {}\n",
        "[" TEXT("so it \\u00e9s!") "," USED("t1", "f", "{\"a\":1}") "," USED("t2", "g", "{}") "]"},
    {"a text that begins with some",
        BLOCK("0", "{\"type\":\"text\",\"text\":\"so \",\"citations\":null}") SAY("0", "it")
            CALL("1", "t1", "f") FINISH("tool_use"),
        "so it", NULL, "t1 f \n",
        "[{\"type\":\"text\",\"citations\":null,\"text\":\"so it\"}," ONE_USED "]"},
    {"texts of two blocks in turns",
        BLOCK("0", TEXT("")) BLOCK("1", TEXT("")) SAY("1", "a") SAY("1", "b") SAY("0", "c")
            SAY("0", "d") SAY("1", "e") CALL("2", "t1", "f") FINISH("tool_use"),
        "abcde", NULL, "t1 f \n", "[" TEXT("cd") "," TEXT("abe") "," ONE_USED "]"},
    {"thinking and its signature",
        BLOCK("0", "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}")
            DELTA("0", "{\"type\":\"thinking_delta\",\"thinking\":\"h\\n\"}")
                DELTA("0", "{\"type\":\"thinking_delta\",\"thinking\":\"m\"}") DELTA(
                    "0", "{\"type\":\"signature_delta\",\"signature\":\"Eq/+\"}") STOP_BLOCK("0")
                    BLOCK("1", "{\"type\":\"redacted_thinking\",\"data\":\"x=\"}") STOP_BLOCK("1")
                        CALL("2", "t1", "f") FINISH("tool_use"),
        "", NULL, "t1 f \n",
        "[{\"type\":\"thinking\",\"thinking\":\"h\\nm\",\"signature\":\"Eq/+\"},"
        "{\"type\":\"redacted_thinking\",\"data\":\"x=\"}," ONE_USED "]"},
    {"tools that the provider calls itself",
        BLOCK("0",
            "{\"type\":\"server_tool_use\",\"id\":\"s1\",\"name\":\"web_search\",\"input\":{}}")
            PIECE("0", "{\\\"q\\\":") PIECE("0", "1}") BLOCK("1",
                "{\"type\":\"web_search_tool_result\",\"tool_use_id\":\"s1\",\"content\":"
                "[{\"url\":\"u\"}]}") CALL("2", "t1", "f") FINISH("tool_use"),
        "", NULL, "t1 f \n",
        "[{\"type\":\"server_tool_use\",\"id\":\"s1\",\"name\":\"web_search\",\"input\":{\"q\":1}},"
        "{\"type\":\"web_search_tool_result\",\"tool_use_id\":\"s1\",\"content\":[{\"url\":\"u\"}]}"
        "," ONE_USED "]"},
    {"further members of a call",
        BLOCK("0",
            "{\"type\":\"tool_use\",\"caller\":{\"type\":\"direct\"},\"n\":null,\"id\":\"t1\","
            "\"name\":\"f\",\"input\":{}}") FINISH("tool_use"),
        "", NULL, "t1 f \n",
        "[{\"type\":\"tool_use\",\"caller\":{\"type\":\"direct\"},\"n\":null,\"name\":\"f\","
        "\"id\":\"t1\",\"input\":{}}]"},
    {"texts of blanks are left out",
        BLOCK("0", TEXT("")) BLOCK("1", TEXT(" \\n")) SAY("1", "\\t\\r ") CALL("2", "t1", "f")
            FINISH("tool_use"),
        " \n\t\r ", NULL, "t1 f \n", "[" ONE_USED "]"},
    {"no ids",
        BLOCK("0", "{\"type\":\"tool_use\",\"name\":\"f\"}")
            BLOCK("1", "{\"type\":\"tool_use\",\"id\":\"\",\"name\":\"g\"}") FINISH("tool_use"),
        "", NULL, "call_1 f \ncall_2 g \n",
        "[" USED("call_1", "f", "{}") "," USED("call_2", "g", "{}") "]"},
    {"an id with escapes", BLOCK("0", USE("t\\u0031", "\\u0066", "{}")) FINISH("tool_use"), "",
        NULL, "t1 f \n", "[" USED("t1", "\\u0066", "{}") "]"},
    {"no index",
        "data: {\"type\":\"content_block_start\",\"content_block\":" USE("t1", "f",
            "{}") "}\n\n"
                  "data: "
                  "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"input_json_delta\","
                  "\"partial_json\":\"{}\"}}\n\n"
                  "data: {\"type\":\"content_block_start\",\"content_block\":" USE(
                      "t2", "g", "{}") "}\n\n"
                                       "data: "
                                       "{\"type\":\"content_block_delta\",\"delta\":{\"type\":"
                                       "\"input_json_delta\","
                                       "\"partial_json\":\"{}\"}}\n\n" FINISH("tool_use"),
        "", NULL, "t1 f {}\nt2 g {}\n", "[" ONE_USED "," USED("t2", "g", "{}") "]"},
    {"no beginning of a text", SAY("0", "a") SAY("0", "b") CALL("1", "t1", "f") FINISH("tool_use"),
        "ab", NULL, "t1 f \n", "[" TEXT("ab") "," ONE_USED "]"},
    {"an index that comes again",
        ONE CALL("0", "t2", "g") PIECE("0", "{\\\"x\\\":1}") FINISH("tool_use"), "", NULL,
        "t1 f {}\nt2 g {\"x\":1}\n", "[" ONE_USED "," USED("t2", "g", "{\"x\":1}") "]"},
    {"arguments that are no JSON", CALL("0", "t1", "f") PIECE("0", "{\\\"x") FINISH("tool_use"), "",
        NULL, "t1 f {\"x\n", "[" ONE_USED "]"},
    {"an emoji's halves in two pieces",
        BLOCK("0", TEXT("")) SAY("0", "\\ud83d") SAY("0", "\\ude00") ONE FINISH("tool_use"),
        "\xED\xA0\xBD\xED\xB8\x80", NULL, "t1 f {}\n", "[" TEXT("\\ud83d\\ude00") "," ONE_USED "]"},
    {"an emoji's halves in two pieces of arguments",
        CALL("0", "t1", "f") PIECE("0", "{\\\"x\\\":\\\"\\ud83d") PIECE("0", "\\ude00\\\"}")
            FINISH("tool_use"),
        "", NULL, "t1 f {\"x\":\"\xF0\x9F\x98\x80\"}\n",
        "[" USED("t1", "f", "{\"x\":\"\xF0\x9F\x98\x80\"}") "]"},
    {"another stop reason, and none behind it", ONE FINISH("end_turn"), "", NULL, "t1 f {}\n",
        "[" ONE_USED "]"},
    {"no message_stop", ONE EVENT("message_delta", ",\"delta\":{\"stop_reason\":\"tool_use\"}"), "",
        NULL, "t1 f {}\n", "[" ONE_USED "]"},
    {"no call", BLOCK("0", TEXT("a")) SAY("0", "b") FINISH("end_turn"), "ab", NULL, "", NULL},
    {"pieces of no block", PIECE("7", "{}") BLOCK("0", TEXT("a")) FINISH("end_turn"), "a", NULL, "",
        NULL},
    /* failures */
    {"half a call", CALL("0", "t1", "f") PIECE("0", "{\\\"x\\\":") FINISH("max_tokens"), "",
        "the answer was cut off (finish reason \"max_tokens\") within a tool call", "", NULL},
    {"a call that may be half", BLOCK("0", TEXT("a")) CALL("1", "t1", "f") FINISH("max_tokens"),
        "a", "cut off (finish reason \"max_tokens\")", "", NULL},
    {"the window is full", ONE FINISH("model_context_window_exceeded"), "",
        "cut off (finish reason \"model_context_window_exceeded\") within a tool call", "", NULL},
    {"no stop reason", ONE EVENT("message_stop", ""), "", "truncated", "", NULL},
    {"a pause", ONE FINISH("pause_turn"), "", "the model paused before its answer was complete", "",
        NULL},
    {"a refusal", ONE FINISH("refusal"), "", "the model refused to answer", "", NULL},
    {"a call that does not come", BLOCK("0", TEXT("a")) FINISH("tool_use"), "a",
        "the call did not come (finish reason \"tool_use\")", "", NULL},
    {"a call of nothing",
        BLOCK("0", "{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":5}") FINISH("tool_use"), "",
        "the model called a tool without a name", "", NULL},
    {"a block that is no object", BLOCK("0", "[" USE("t1", "f", "{}") "]") FINISH("tool_use"), "",
        "the call did not come", "", NULL},
    {"an error",
        ONE EVENT("error", ",\"error\":{\"type\":\"overloaded_error\",\"message\":\"late\"}"), "",
        "late (overloaded_error)", "", NULL},
};

START_TEST(test_every_split)
{
    unit_calls_splits(&anthropic_reader, &rows[_i]);
}
END_TEST

START_TEST(test_mutations)
{
    unit_calls_mutations(&anthropic_reader, rows, COUNT(rows), 20261124u + (uint32_t)_i);
}
END_TEST

/* A stream that ends anywhere before its stop reason tells of no call. */
START_TEST(test_every_end)
{
    static const char stream[] = BLOCK("0", TEXT("a")) CALL("1", "t1", "f") PIECE("1", "{")
        PIECE("1", "}") STOP_BLOCK("1") FINISH("tool_use");
    size_t whole = (size_t)(strstr(stream, "event: message_stop") - stream);
    for (size_t len = 0; len < sizeof stream; len++) {
        struct stream_run r;
        unit_calls_begin(&r, &anthropic_reader);
        unit_stream_feed(&r, stream, len, len, 1);
        struct told told = unit_stream_end(&r);
        ck_assert_int_eq(r.status, len < whole ? STATUS_BACKEND : STATUS_OK);
        ck_assert_uint_eq(told.call_count, len < whole ? 0 : 1);
        unit_stream_release(&r);
    }
}
END_TEST

static void feed_many(struct stream_run *r, const char *event, size_t times)
{
    for (size_t i = 0; i < times && !r->status; i++)
        unit_stream_feed(r, event, strlen(event), strlen(event), 1);
}

START_TEST(test_too_many)
{
    struct stream_run r;
    unit_calls_begin(&r, &anthropic_reader);
    feed_many(&r, ONE, TOOL_CALLS_AT_ONCE_MAX);
    ck_assert_int_eq(r.status, STATUS_OK);
    feed_many(&r, ONE, 1);
    ck_assert_int_eq(r.status, STATUS_BACKEND);
    ck_assert_str_eq(r.err.text, "the model called more than 64 tools at once");
    unit_stream_release(&r);
}
END_TEST

/* What is too large to be sent back is not, and the calls are still there. */
static void run_lost(const char *event, size_t times)
{
    struct stream_run r;
    unit_calls_begin(&r, &anthropic_reader);
    feed_many(&r, event, times);
    feed_many(&r, CALL("7", "t1", "f") PIECE("7", "{}") FINISH("tool_use"), 1);
    struct told told = unit_stream_end(&r);
    ck_assert_int_eq(r.status, STATUS_OK);
    ck_assert_uint_eq(told.call_count, 1);
    ck_assert_str_eq(told.calls[0].arguments, "{}");
    ck_assert_ptr_null(told.echo);
    unit_stream_release(&r);
}

START_TEST(test_too_large)
{
    struct buf event;
    buf_init(&event, 16 * BUF_SMALL);
    buf_adds(&event, "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
                     "\"thinking_delta\",\"thinking\":\"");
    while (event.len < 8 * BUF_SMALL)
        buf_adds(&event, "xxxxxxxxxxxxxxxx");
    buf_adds(&event, "\"}}\n\n");
    run_lost(buf_str(&event), STREAM_ECHO_MAX / (8 * BUF_SMALL) + 1);
    run_lost(BLOCK("0", TEXT("a")), ANTHROPIC_BLOCKS_MAX + 1);
    buf_release(&event);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("anthropic_calls");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_every_split, 0, COUNT(rows));
    tcase_add_loop_test(all, test_mutations, 0, 10);
    tcase_add_test(all, test_every_end);
    tcase_add_test(all, test_too_many);
    tcase_add_test(all, test_too_large);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
