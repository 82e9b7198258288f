/* The reader of OpenAI's Responses, where the model has tools. */
#include "agent/responses_stream.h"
#include "unit_calls.h"

#define EVENT(type, more) "event: " type "\ndata: {\"type\":\"" type "\"" more "}\n\n"
#define CALL(more, id, name, arguments)                                                            \
    "{\"type\":\"function_call\"" more ",\"call_id\":\"" id "\",\"name\":\"" name                  \
    "\",\"arguments\":\"" arguments "\"}"
#define REASONING                                                                                  \
    "{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[],\"encrypted_content\":\"g+/=\"}"
#define MESSAGE(text)                                                                              \
    "{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\","         \
    "\"text\":\"" text "\"}]}"
#define INDEX(n) ",\"output_index\":" n
#define ADDED(n, item) EVENT("response.output_item.added", INDEX(n) ",\"item\":" item)
#define DONE(n, item) EVENT("response.output_item.done", INDEX(n) ",\"item\":" item)
#define MORE(n, piece)                                                                             \
    EVENT("response.function_call_arguments.delta", INDEX(n) ",\"delta\":\"" piece "\"")
#define ALL(n, arguments)                                                                          \
    EVENT("response.function_call_arguments.done", INDEX(n) ",\"arguments\":\"" arguments "\"")
#define SAY(text) EVENT("response.output_text.delta", ",\"delta\":\"" text "\"")
#define OVER(status, more)                                                                         \
    EVENT("response." status, ",\"response\":{\"status\":\"" status "\"" more "}")
#define COMPLETED OVER("completed", "")
#define OUTPUT(items) OVER("completed", ",\"output\":[" items "]")

#define FC CALL(",\"id\":\"fc_1\"", "a", "f", "{}")

static const struct calls_row rows[] = {
    {"in pieces, behind reasoning",
        ADDED("0", "{\"type\":\"reasoning\",\"id\":\"rs_1\"}") DONE("0", REASONING)
            ADDED("1", CALL("", "a", "f", "")) MORE("1", "{\\\"x\\\":") MORE("1", "1}")
                ALL("1", "{\\\"x\\\":1}") DONE("1", CALL("", "a", "f", "{\\\"x\\\":1}"))
                    OUTPUT(REASONING "," CALL("", "a", "f", "{\\\"x\\\":1}")),
        "", NULL, "a f {\"x\":1}\n", "[" REASONING "," CALL("", "a", "f", "{\\\"x\\\":1}") "]"},
    {"the item that is done counts",
        ADDED("0", CALL("", "a", "g", "")) MORE("0", "{1") DONE("0", FC) COMPLETED, "", NULL,
        "a f {}\n", "[" FC "]"},
    {"two that alternate, and text",
        ADDED("0", CALL("", "a", "f", "")) ADDED("1", CALL("", "b", "g", "")) MORE("1", "{}")
            SAY("so") MORE("0", "{}") DONE("2", MESSAGE("so")) DONE("1", CALL("", "b", "g", "{}"))
                DONE("0", FC) COMPLETED,
        "so", NULL, "a f {}\nb g {}\n", "[" MESSAGE("so") "," CALL("", "b", "g", "{}") "," FC "]"},
    {"only added, and deltas", ADDED("0", CALL("", "a", "f", "")) MORE("0", "{}") COMPLETED, "",
        NULL, "a f {}\n", NULL},
    {"only at the end", OUTPUT(REASONING "," FC "," CALL("", "b", "g", "")), "", NULL,
        "a f {}\nb g \n", "[" REASONING "," FC "," CALL("", "b", "g", "") "]"},
    {"only done, no index",
        EVENT("response.output_item.done", ",\"item\":" FC)
            EVENT("response.output_item.done", ",\"item\":" CALL("", "b", "f", "{}")) COMPLETED,
        "", NULL, "a f {}\nb f {}\n", "[" FC "," CALL("", "b", "f", "{}") "]"},
    {"all of one index",
        ADDED("0", CALL("", "a", "f", "")) DONE("0", FC) ADDED("0", CALL("", "b", "f", ""))
            MORE("0", "{}") DONE("0", CALL("", "b", "f", "{}")) COMPLETED,
        "", NULL, "a f {}\nb f {}\n", "[" FC "," CALL("", "b", "f", "{}") "]"},
    {"no id", ADDED("0", CALL("", "", "f", "")) DONE("0", CALL("", "", "f", "{}")) COMPLETED, "",
        NULL, "call_1 f {}\n", NULL},
    {"the provider's own tools", DONE("0", "{\"type\":\"web_search_call\"}") SAY("a") COMPLETED,
        "a", NULL, "", NULL},
    {"deltas of nothing", MORE("3", "{}") ALL("3", "{}") SAY("a") COMPLETED, "a", NULL, "", NULL},
    /* failures */
    {"cut off",
        DONE("0", FC) OVER("incomplete", ",\"incomplete_details\":{\"reason\":"
                                         "\"max_output_tokens\"}"),
        "", "the answer was cut off (finish reason \"max_output_tokens\") within a tool call", "",
        NULL},
    {"truncated", DONE("0", FC), "", "truncated", "", NULL},
    {"a tool that is not ours", DONE("0", "{\"type\":\"custom_tool_call\"}") COMPLETED, "",
        "called a tool", "", NULL},
    {"a call of nothing", DONE("0", CALL("", "a", "", "{}")) COMPLETED, "", "without a name", "",
        NULL},
    {"failed",
        DONE("0", FC) EVENT("response.failed", ",\"response\":{\"error\":{\"message\":\"no\"}}"),
        "", "no", "", NULL},
};

START_TEST(test_every_split)
{
    unit_calls_splits(&responses_reader, &rows[_i]);
}
END_TEST

START_TEST(test_mutations)
{
    unit_calls_mutations(&responses_reader, rows, COUNT(rows), 20261125u + (uint32_t)_i);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("responses_calls");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_every_split, 0, COUNT(rows));
    tcase_add_loop_test(all, test_mutations, 0, 10);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
