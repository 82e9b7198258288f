/* The reader of OpenAI chat completions, where the model has tools. */
#include "agent/openai_stream.h"
#include "unit_calls.h"

#define DELTA(delta) "data: {\"choices\":[{\"index\":0,\"delta\":{" delta "}}]}\n\n"
#define CALLS(calls) DELTA("\"tool_calls\":[" calls "]")
#define BEGIN(index, id, name)                                                                     \
    "{\"index\":" index ",\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"" name  \
    "\",\"arguments\":\"\"}}"
#define MORE(index, arguments)                                                                     \
    "{\"index\":" index ",\"function\":{\"arguments\":\"" arguments "\"}}"
#define WHOLE(index, id, name, arguments)                                                          \
    "{" index id "\"function\":{\"name\":\"" name "\",\"arguments\":" arguments "}}"
#define SAY(text) DELTA("\"content\":\"" text "\"")
#define FINISH(reason) "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"" reason "\"}]}\n\n"
#define DONE "data: [DONE]\n\n"
#define ECHO(content, more, calls)                                                                 \
    "{\"role\":\"assistant\",\"content\":" content more ",\"tool_calls\":[" calls "]}"
#define ECHO_CALL(id, name, arguments, more)                                                       \
    "{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"" name                      \
    "\",\"arguments\":\"" arguments "\"}" more "}"

#define F ECHO_CALL("a", "f", "{}", "")
#define ONE WHOLE("\"index\":0,", "\"id\":\"a\",", "f", "\"{}\"")

static const struct calls_row rows[] = {
    {"in pieces",
        DELTA("\"role\":\"assistant\",\"content\":null") CALLS(BEGIN("0", "a", "f")) CALLS(MORE(
            "0", "{\\\"x\\\"")) CALLS(MORE("0", ":\\\"\\u00e9\\\"}")) FINISH("tool_calls") DONE,
        "", NULL, "a f {\"x\":\"\xC3\xA9\"}\n",
        ECHO("null", "", ECHO_CALL("a", "f", "{\\\"x\\\":\\\"\xC3\xA9\\\"}", ""))},
    {"two that alternate, text before and between",
        SAY("so") CALLS(BEGIN("0", "a", "f")) CALLS(BEGIN("1", "b", "g")) CALLS(MORE("0", "{"))
            SAY(" it is") CALLS(MORE("1", "{\\\"y\\\":1") "," MORE("0", "}")) CALLS(MORE("1", "}"))
                FINISH("tool_calls") DONE,
        "so it is", NULL, "a f {}\nb g {\"y\":1}\n",
        ECHO("\"so it is\"", "", F "," ECHO_CALL("b", "g", "{\\\"y\\\":1}", ""))},
    {"whole, at the end and in its chunk",
        "data: {\"choices\":[{\"finish_reason\":\"tool_calls\",\"delta\":{\"tool_calls\":[" ONE
        "]}}]}\n\n",
        "", NULL, "a f {}\n", ECHO("null", "", F)},
    {"behind the finish reason", FINISH("stop") CALLS(ONE) DONE, "", NULL, "a f {}\n",
        ECHO("null", "", F)},
    {"finish reason stop", CALLS(ONE) FINISH("stop") DONE, "", NULL, "a f {}\n",
        ECHO("null", "", F)},
    {"no arguments", CALLS(BEGIN("0", "a", "f")) FINISH("tool_calls") DONE, "", NULL, "a f \n",
        ECHO("null", "", F)},
    {"arguments that are no JSON",
        CALLS(BEGIN("0", "a", "f")) CALLS(MORE("0", "{\\\"x")) FINISH("tool_calls") DONE, "", NULL,
        "a f {\"x\n", ECHO("null", "", F)},
    {"all of index 0, with other ids",
        CALLS(ONE) CALLS(WHOLE("\"index\":0,", "\"id\":\"b\",", "f", "\"{}\"")) FINISH("tool_calls")
            DONE,
        "", NULL, "a f {}\nb f {}\n", ECHO("null", "", F "," ECHO_CALL("b", "f", "{}", ""))},
    {"all of index 0, without ids",
        CALLS(WHOLE("\"index\":0,", "", "f", "\"{}\"")) CALLS(WHOLE("\"index\":0,", "\"id\":\"\",",
            "f", "\"{}\"")) CALLS(WHOLE("\"index\":0,", "", "g", "\"{}\"")) FINISH("stop") DONE,
        "", NULL, "call_1 f {}\ncall_2 f {}\ncall_3 g {}\n",
        ECHO("null", "",
            ECHO_CALL("call_1", "f", "{}", "") "," ECHO_CALL("call_2", "f", "{}", "") "," ECHO_CALL(
                "call_3", "g", "{}", ""))},
    {"no index, whole",
        CALLS(WHOLE("", "\"id\":\"a\",", "f", "\"{}\"") "," WHOLE(
            "\"index\":null,", "\"id\":null,", "f", "\"{}\"")) FINISH("stop") DONE,
        "", NULL, "a f {}\ncall_2 f {}\n",
        ECHO("null", "", F "," ECHO_CALL("call_2", "f", "{}", ""))},
    {"no index, in pieces by id",
        CALLS(WHOLE("", "\"id\":\"a\",", "f", "\"{\"")) CALLS(WHOLE(
            "", "\"id\":\"b\",", "f", "\"{\"")) CALLS(WHOLE("", "\"id\":\"a\",", "f", "\"}\""))
            CALLS("{\"function\":{\"arguments\":\"\"}}")
                CALLS("{\"id\":\"b\",\"function\":{\"arguments\":\"}\"}}") FINISH("stop") DONE,
        "", NULL, "a f {}\nb f {}\n", ECHO("null", "", F "," ECHO_CALL("b", "f", "{}", ""))},
    {"no index but in the first piece",
        CALLS(BEGIN("0", "a", "f")) CALLS("{\"function\":{\"arguments\":\"{\"}}")
            CALLS("{\"function\":{\"arguments\":\"}\"}}") FINISH("stop") DONE,
        "", NULL, "a f {}\n", ECHO("null", "", F)},
    {"the name in every piece",
        CALLS(WHOLE("\"index\":0,", "\"id\":\"a\",", "f", "\"\"")) CALLS(WHOLE("\"index\":0,",
            "\"id\":\"a\",", "f", "\"{\"")) CALLS(WHOLE("\"index\":0,", "", "f", "\"}\""))
            CALLS(WHOLE("\"index\":0,", "", "f", "\"\"")) FINISH("tool_calls") DONE,
        "", NULL, "a f {}\n", ECHO("null", "", F)},
    {"an id that comes late",
        CALLS(WHOLE("\"index\":0,", "", "f", "\"{\""))
            CALLS(WHOLE("\"index\":0,", "\"id\":\"a\",", "f", "\"}\"")) FINISH("tool_calls") DONE,
        "", NULL, "a f {}\n", ECHO("null", "", F)},
    {"arguments that are an object",
        CALLS(WHOLE("\"index\":0,", "\"id\":\"a\",", "f", "{ \"x\":[1.50] }"))
            CALLS(WHOLE("\"index\":1,", "\"id\":\"b\",", "f", "null")) FINISH("stop") DONE,
        "", NULL, "a f { \"x\":[1.50] }\nb f \n",
        ECHO("null", "",
            ECHO_CALL("a", "f", "{ \\\"x\\\":[1.50] }", "") "," ECHO_CALL("b", "f", "{}", ""))},
    {"further members of a call",
        CALLS("{\"index\":0,\"id\":\"a\",\"extra_content\":{\"google\":{\"thought_signature\":"
              "\"s\\u00e9/+\"}},\"x\":null,\"y\":\"z\",\"function\":{\"name\":\"f\","
              "\"arguments\":\"{}\"}}") CALLS("{\"index\":0,\"y\":1}") FINISH("tool_calls") DONE,
        "", NULL, "a f {}\n",
        ECHO("null", "",
            ECHO_CALL("a", "f", "{}",
                ",\"extra_content\":{\"google\":{\"thought_signature\":\"s\\u00e9/+\"}},\"y\":"
                "\"z\""))},
    {"reasoning goes back as it came",
        DELTA("\"content\":\"\",\"reasoning_content\":\"h\\n\"")
            DELTA("\"reasoning_content\":\"m\",\"reasoning\":\"m\"")
                DELTA("\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"h\"}]") DELTA(
                    "\"reasoning_details\":[{\"index\":1},2]") CALLS(ONE) FINISH("tool_calls") DONE,
        "", NULL, "a f {}\n",
        ECHO("null",
            ",\"reasoning_content\":\"h\\nm\",\"reasoning_details\":[{\"type\":\"reasoning.text\","
            "\"text\":\"h\"},{\"index\":1},2]",
            F)},
    {"reasoning in the content goes back, too",
        SAY("<think>hm") SAY("</think>\\n\\n") CALLS(ONE) FINISH("tool_calls") DONE, "", NULL,
        "a f {}\n", ECHO("\"<think>hm</think>\\n\\n\"", "", F)},
    {"reasoning that a call ends", SAY("<think>hm") CALLS(ONE) FINISH("tool_calls") DONE, "", NULL,
        "a f {}\n", ECHO("\"<think>hm\"", "", F)},
    {"an emoji's halves in two pieces",
        SAY("\\ud83d") SAY("\\ude00") CALLS(ONE) FINISH("tool_calls") DONE,
        "\xED\xA0\xBD\xED\xB8\x80", NULL, "a f {}\n", ECHO("\"\xF0\x9F\x98\x80\"", "", F)},
    {"an emoji's halves in two pieces of arguments",
        CALLS(BEGIN("0", "a", "f")) CALLS(MORE("0", "{\\\"x\\\":\\\"\\ud83d"))
            CALLS(MORE("0", "\\ude00\\\"}")) FINISH("tool_calls") DONE,
        "", NULL, "a f {\"x\":\"\xF0\x9F\x98\x80\"}\n",
        ECHO("null", "", ECHO_CALL("a", "f", "{\\\"x\\\":\\\"\xF0\x9F\x98\x80\\\"}", ""))},
    {"legacy",
        DELTA("\"function_call\":{\"name\":\"f\",\"arguments\":\"\"}")
            DELTA("\"function_call\":{\"arguments\":\"{}\"}") FINISH("function_call") DONE,
        "", NULL, "call_1 f {}\n", ECHO("null", "", ECHO_CALL("call_1", "f", "{}", ""))},
    {"no call",
        SAY("a") DELTA("\"content\":\"b\",\"tool_calls\":[]")
            DELTA("\"content\":\"c\",\"tool_calls\":[]") FINISH("stop") DONE,
        "abc", NULL, "", NULL},
    {"chunks that differ in the call only",
        DELTA("\"content\":\"x\",\"tool_calls\":[" ONE "]") DELTA(
            "\"content\":\"x\",\"tool_calls\":[" ONE "]") SAY("y") SAY("z") FINISH("stop") DONE,
        "xxyz", NULL, "a f {}{}\n", ECHO("\"xxyz\"", "", F)},
    /* failures */
    {"cut off", CALLS(ONE) FINISH("length") DONE, "",
        "the answer was cut off (finish reason \"length\") within a tool call", "", NULL},
    {"cut off between", SAY("a") CALLS(ONE) DONE, "a", "truncated", "", NULL},
    {"filtered", CALLS(ONE) FINISH("content_filter") DONE, "", "content filter", "", NULL},
    {"a call that does not come", SAY("a") FINISH("tool_calls") DONE, "a",
        "the call did not come (finish reason \"tool_calls\")", "", NULL},
    {"a call of nothing", CALLS(MORE("0", "{}")) FINISH("tool_calls") DONE, "",
        "the model called a tool without a name", "", NULL},
    {"calls that are no objects", CALLS("1,\"a\",[]") FINISH("tool_calls") DONE, "",
        "without a name", "", NULL},
    {"calls that are no array", DELTA("\"tool_calls\":{\"index\":0}") FINISH("stop") DONE, "",
        "empty", "", NULL},
    {"a refusal", CALLS(ONE) DELTA("\"refusal\":\"no\"") FINISH("stop") DONE, "",
        "the model refused: no", "", NULL},
    {"an error", CALLS(ONE) FINISH("tool_calls") "data: {\"error\":{\"message\":\"late\"}}\n\n", "",
        "late", "", NULL},
};

START_TEST(test_every_split)
{
    unit_calls_splits(&openai_reader, &rows[_i]);
}
END_TEST

START_TEST(test_mutations)
{
    unit_calls_mutations(&openai_reader, rows, COUNT(rows), 20261124u + (uint32_t)_i);
}
END_TEST

/* A stream of many chunks, all the same. */
static void feed_many(struct stream_run *r, const char *chunk, size_t times)
{
    unit_calls_begin(r, &openai_reader);
    for (size_t i = 0; i < times && !r->status; i++)
        unit_stream_feed(r, chunk, strlen(chunk), strlen(chunk), 1);
}

START_TEST(test_too_many)
{
    static const char chunk[] = CALLS(WHOLE("", "", "f", "\"{}\""));
    struct stream_run r;
    feed_many(&r, chunk, TOOL_CALLS_AT_ONCE_MAX);
    ck_assert_int_eq(r.status, STATUS_OK);
    unit_stream_release(&r);
    feed_many(&r, chunk, TOOL_CALLS_AT_ONCE_MAX + 1);
    ck_assert_int_eq(r.status, STATUS_BACKEND);
    ck_assert_str_eq(r.err.text, "the model called more than 64 tools at once");
    unit_stream_release(&r);
}
END_TEST

START_TEST(test_too_long)
{
    struct stream_run r;
    struct buf chunk;
    buf_init(&chunk, 2 * BUF_SMALL);
    buf_adds(&chunk, "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{"
                     "\"name\":\"f\",\"arguments\":\"");
    while (chunk.len < BUF_SMALL)
        buf_addc(&chunk, 'x');
    buf_adds(&chunk, "\"}}]}}]}\n\n");
    feed_many(&r, buf_str(&chunk), TOOL_ARGUMENTS_MAX / BUF_SMALL - 1);
    ck_assert_int_eq(r.status, STATUS_OK);
    unit_stream_release(&r);
    feed_many(&r, buf_str(&chunk), TOOL_ARGUMENTS_MAX / BUF_SMALL + 2);
    ck_assert_int_eq(r.status, STATUS_BACKEND);
    ck_assert_str_eq(r.err.text, "the arguments of the tools that the model called are too long");
    unit_stream_release(&r);
    buf_release(&chunk);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("openai_calls");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_every_split, 0, COUNT(rows));
    tcase_add_loop_test(all, test_mutations, 0, 10);
    tcase_add_test(all, test_too_many);
    tcase_add_test(all, test_too_long);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
