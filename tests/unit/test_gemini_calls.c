/* The reader of the Gemini API, where the model has functions. */
#include "agent/gemini_calls.h"
#include "agent/gemini_stream.h"
#include "unit_calls.h"

#define PARTS(parts)                                                                               \
    "data: {\"candidates\": [{\"content\": {\"parts\": [" parts "],\"role\": "                     \
    "\"model\"}}]}\r\n\r\n"
#define FINISH(reason) "data: {\"candidates\": [{\"finishReason\": \"" reason "\"}]}\r\n\r\n"
#define LAST(parts, reason)                                                                        \
    "data: {\"candidates\": [{\"content\": {\"parts\": [" parts "]},\"finishReason\": \"" reason   \
    "\"}]}\r\n\r\n"
#define TEXT(text) "{\"text\": \"" text "\"}"
#define CALL(name, args) "{\"functionCall\": {\"name\": \"" name "\",\"args\": " args "}}"
#define ID_CALL(id, name, args)                                                                    \
    "{\"functionCall\": {\"id\": \"" id "\",\"name\": \"" name "\",\"args\": " args "}}"
#define SIGNED "{\"functionCall\": {\"name\": \"f\"},\"thoughtSignature\": \"s/+=\"}"

static const struct calls_row rows[] = {
    {"as the API streams", LAST(CALL("f", "{\"x\": [1.50, \"\\u00e9\"]}"), "STOP"), "", NULL,
        "call_1 f {\"x\": [1.50, \"\\u00e9\"]}\n",
        "[" CALL("f", "{\"x\": [1.50, \"\\u00e9\"]}") "]"},
    {"with an id", PARTS(ID_CALL("a", "f", "{}")) FINISH("STOP"), "", NULL, "a f {}\n",
        "[" ID_CALL("a", "f", "{}") "]"},
    {"several in a chunk, and another one",
        PARTS(CALL("f", "{}") ", " ID_CALL("b", "f", "{}")) PARTS(CALL("g", "{}")) FINISH("STOP"),
        "", NULL, "call_1 f {}\nb f {}\ncall_3 g {}\n",
        "[" CALL("f", "{}") ", " ID_CALL("b", "f", "{}") "," CALL("g", "{}") "]"},
    {"text, thoughts and signatures",
        PARTS("{\"text\": \"hm\",\"thought\": true}") PARTS(TEXT("so ")) PARTS(TEXT("it \\n is"))
            PARTS(SIGNED) LAST("{\"text\": \"\",\"thoughtSignature\": \"t\"}", "STOP"),
        "so it \n is", NULL, "call_1 f \n",
        "[{\"text\": \"hm\",\"thought\": true}," TEXT("so ") "," TEXT(
            "it \\n is") "," SIGNED ",{\"text\": \"\",\"thoughtSignature\": \"t\"}]"},
    {"a text of nothing is left out", PARTS(TEXT("") "," SIGNED) LAST(TEXT(""), "STOP"), "", NULL,
        "call_1 f \n", "[" SIGNED "]"},
    {"behind the finish reason", FINISH("STOP") PARTS(SIGNED), "", NULL, "call_1 f \n",
        "[" SIGNED "]"},
    {"as much as it may say", LAST(SIGNED, "MAX_TOKENS"), "", NULL, "call_1 f \n", "[" SIGNED "]"},
    {"a reason of compatible servers", LAST(SIGNED, "FUNCTION_CALL"), "", NULL, "call_1 f \n",
        "[" SIGNED "]"},
    {"arguments that are no object", PARTS(CALL("f", "[1]")) FINISH("STOP"), "", NULL,
        "call_1 f \n", "[" CALL("f", "[1]") "]"},
    {"of members that come twice the last",
        PARTS("{\"functionCall\": {\"name\": \"f\",\"args\": {\"x\": 1},\"args\": {},\"name\": "
              "\"g\"}}") FINISH("STOP"),
        "", NULL, "call_1 g {}\n",
        "[{\"functionCall\": {\"name\": \"f\",\"args\": {\"x\": 1},\"args\": {},\"name\": "
        "\"g\"}}]"},
    {"other candidates",
        "data: {\"candidates\":[{\"content\":{\"parts\":[" TEXT(
            "a") "]},\"finishReason\":\"STOP\"},{\"content\":{\"parts\":[" SIGNED "]}}]}\n\n",
        "a", NULL, "", NULL},
    {"no call", PARTS(TEXT("a")) LAST(TEXT("b"), "STOP"), "ab", NULL, "", NULL},
    {"no object for a call", LAST("{\"functionCall\": null,\"text\": \"a\"}", "STOP"), "a", NULL,
        "", NULL},
    /* failures */
    {"cut off", PARTS(SIGNED), "", "truncated", "", NULL},
    {"a call that cannot be read", FINISH("MALFORMED_FUNCTION_CALL"), "",
        "the model wrote a tool call that cannot be read: MALFORMED_FUNCTION_CALL", "", NULL},
    {"one of several that cannot be read", PARTS(SIGNED) FINISH("MALFORMED_FUNCTION_CALL"), "",
        "cannot be read: MALFORMED_FUNCTION_CALL", "", NULL},
    {"a tool that there is not", FINISH("UNEXPECTED_TOOL_CALL"), "",
        "the model called a tool that it does not have: UNEXPECTED_TOOL_CALL", "", NULL},
    {"too many", FINISH("TOO_MANY_TOOL_CALLS"), "",
        "the model called too many tools in a row: TOO_MANY_TOOL_CALLS", "", NULL},
    {"no signature", FINISH("MISSING_THOUGHT_SIGNATURE"), "",
        "was sent back without its signature: MISSING_THOUGHT_SIGNATURE", "", NULL},
    {"stopped", PARTS(SIGNED) FINISH("SAFETY"), "",
        "the answer was stopped by the provider: SAFETY", "", NULL},
    {"a call of nothing", LAST("{\"functionCall\": {}}", "STOP"), "",
        "the model called a tool without a name", "", NULL},
    {"an error", PARTS(SIGNED) FINISH("STOP") "data: {\"error\":{\"message\":\"late\"}}\n\n", "",
        "late", "", NULL},
};

START_TEST(test_every_split)
{
    unit_calls_splits(&gemini_reader, &rows[_i]);
}
END_TEST

START_TEST(test_mutations)
{
    unit_calls_mutations(&gemini_reader, rows, COUNT(rows), 20261124u + (uint32_t)_i);
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
    unit_calls_begin(&r, &gemini_reader);
    feed_many(&r, PARTS(SIGNED), TOOL_CALLS_AT_ONCE_MAX);
    ck_assert_int_eq(r.status, STATUS_OK);
    feed_many(&r, PARTS(SIGNED), 1);
    ck_assert_int_eq(r.status, STATUS_BACKEND);
    ck_assert_str_eq(r.err.text, "the model called more than 64 tools at once");
    unit_stream_release(&r);
}
END_TEST

/* What is too large to be sent back is not, and the calls are still there. */
START_TEST(test_too_large)
{
    struct stream_run r;
    struct buf event;
    buf_init(&event, 16 * BUF_SMALL);
    buf_adds(
        &event, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"thought\":true,\"text\":\"");
    while (event.len < 8 * BUF_SMALL)
        buf_adds(&event, "xxxxxxxxxxxxxxxx");
    buf_adds(&event, "\"}]}}]}\n\n");
    unit_calls_begin(&r, &gemini_reader);
    feed_many(&r, buf_str(&event), STREAM_ECHO_MAX / (8 * BUF_SMALL) + 1);
    feed_many(&r, LAST(SIGNED, "STOP"), 1);
    struct told told = unit_stream_end(&r);
    ck_assert_int_eq(r.status, STATUS_OK);
    ck_assert_uint_eq(told.call_count, 1);
    ck_assert_ptr_null(told.echo);
    unit_stream_release(&r);
    buf_release(&event);
}
END_TEST

START_TEST(test_has_id)
{
    static const char echo[] = "[" TEXT("a") "," CALL("f", "{\"id\":\"x\"}") "," ID_CALL(
        "b", "f", "{}") ",[1]," ID_CALL("", "f", "{}") "," ID_CALL("c", "f", "{}") "]";
    ck_assert(!gemini_call_has_id(echo, 0));
    ck_assert(gemini_call_has_id(echo, 1));
    ck_assert(!gemini_call_has_id(echo, 2));
    ck_assert(gemini_call_has_id(echo, 3));
    ck_assert(!gemini_call_has_id(echo, 4));
    ck_assert(!gemini_call_has_id("{}", 0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gemini_calls");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_every_split, 0, COUNT(rows));
    tcase_add_loop_test(all, test_mutations, 0, 10);
    tcase_add_test(all, test_too_many);
    tcase_add_test(all, test_too_large);
    tcase_add_test(all, test_has_id);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
