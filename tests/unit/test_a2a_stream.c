#include "agent/a2a_stream.h"
#include "unit.h"
#include "unit_stream.h"

/* Version 1.0 as its SDK sends it, and 0.3. */
#define RESULT(result) "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" result "}"
#define EVENT(result) "data: " RESULT(result) "\n\n"
#define TEXT(text) "{\"text\":\"" text "\"}"
#define OLD_TEXT(text) "{\"kind\":\"text\",\"text\":\"" text "\"}"
#define STATUS(state, more)                                                                        \
    "{\"statusUpdate\":{\"taskId\":\"t-1\",\"contextId\":\"c-1\",\"status\":{\"state\":\"TASK_"    \
    "STATE_" state "\"" more "}}}"
#define OLD_STATUS(state, more)                                                                    \
    "{\"kind\":\"status-update\",\"taskId\":\"t-1\",\"contextId\":\"c-1\",\"status\":{\"state\":"  \
    "\"" state "\"" more "},\"final\":true}"
#define SAYS(text)                                                                                 \
    ",\"message\":{\"messageId\":\"m-2\",\"role\":\"ROLE_AGENT\",\"parts\":[" TEXT(text) "]}"
#define OLD_SAYS(text)                                                                             \
    ",\"message\":{\"kind\":\"message\",\"messageId\":\"m-2\",\"role\":\"agent\",\"parts\":"       \
    "[" OLD_TEXT(text) "]}"
#define ARTIFACT(id, text) "{\"artifactId\":\"" id "\",\"parts\":[" TEXT(text) "]}"
#define UPDATE(id, text, more)                                                                     \
    EVENT("{\"artifactUpdate\":{\"taskId\":\"t-1\",\"artifact\":" ARTIFACT(id, text) more "}}")
#define SET(id, text) UPDATE(id, text, "")
#define ADD(id, text) UPDATE(id, text, ",\"append\":true")
#define LAST(id, text) UPDATE(id, text, ",\"lastChunk\":true")
#define END_OF(id, text) UPDATE(id, text, ",\"append\":true,\"lastChunk\":true")
#define OLD_UPDATE(id, text, append, last)                                                         \
    EVENT("{\"kind\":\"artifact-update\",\"taskId\":\"t-1\",\"contextId\":\"c-1\",\"artifact\":"   \
          "{\"artifactId\":\"" id "\",\"parts\":[" OLD_TEXT(text) "]},\"append\":" append          \
                                                                  ",\"lastChunk\":" last "}")
#define TASK(state, more)                                                                          \
    "{\"task\":{\"id\":\"t-1\",\"contextId\":\"c-1\",\"status\":{\"state\":\"TASK_STATE_" state    \
    "\"}" more "}}"
#define OLD_TASK(state, more)                                                                      \
    "{\"kind\":\"task\",\"id\":\"t-1\",\"contextId\":\"c-1\",\"status\":{\"state\":\"" state       \
    "\"}" more "}"
#define MESSAGE(text)                                                                              \
    "{\"message\":{\"messageId\":\"m-1\",\"role\":\"ROLE_AGENT\",\"parts\":[" text "]}}"
#define OLD_MESSAGE(text)                                                                          \
    "{\"kind\":\"message\",\"messageId\":\"m-1\",\"role\":\"agent\",\"parts\":[" text "]}"
#define WORKING EVENT(STATUS("WORKING", ""))
#define DONE EVENT(STATUS("COMPLETED", ""))
#define OLD_DONE EVENT(OLD_STATUS("completed", ""))
#define COMPLETED "TASK_STATE_COMPLETED"
#define BETWEEN A2A_BETWEEN
#define TRUNCATED "truncated: it ended before the task was complete"
#define REPLACED "replaced when it had been handed on"

static const struct stream_row rows[] = {
    {"a message", EVENT(MESSAGE(TEXT("Hello \\u00e9"))), "Hello \xC3\xA9", NULL, "message", -1, -1},
    {"a message of 0.3", EVENT(OLD_MESSAGE(OLD_TEXT("Hel") "," OLD_TEXT("lo"))), "Hello", NULL,
        "message", -1, -1},
    {"a message, and what else is in it",
        EVENT(MESSAGE("{\"data\":{\"text\":\"x\"}}," TEXT("a") ",{\"url\":\"http://h/\"},{\"raw\":"
                                                               "\"AA==\"}")),
        "a", NULL, "message", -1, -1},
    {"a task of 1.0",
        EVENT(TASK("SUBMITTED", ",\"history\":[{\"role\":\"ROLE_USER\",\"parts\":[" TEXT(
                                    "q") "]}]")) EVENT(STATUS("WORKING", SAYS("hm")))
            SET("a", "Hel") ADD("a", "lo") END_OF("a", "!") DONE,
        "Hello!", NULL, COMPLETED, -1, -1},
    {"a task of 0.3",
        EVENT(OLD_TASK("submitted", ",\"artifacts\":[],\"history\":[]"))
            EVENT("{\"kind\":\"status-update\",\"taskId\":\"t-1\",\"status\":{\"state\":\"working\""
                  "},\"final\":false}") OLD_UPDATE("a", "Hel", "false", "false")
                OLD_UPDATE("a", "lo", "true", "true") OLD_DONE,
        "Hello", NULL, "completed", -1, -1},
    {"a text that is replaced", SET("a", "draft") SET("a", "final") DONE, "final", NULL, COMPLETED,
        -1, -1},
    {"a text of 0.3 that is replaced",
        OLD_UPDATE("a", "draft", "false", "false") OLD_UPDATE("a", "final", "false", "true")
            OLD_DONE,
        "final", NULL, "completed", -1, -1},
    {"replaced, and then longer", SET("a", "draft") SET("a", "one ") ADD("a", "two") DONE,
        "one two", NULL, COMPLETED, -1, -1},
    {"replaced by nothing", SET("a", "draft") LAST("b", "b") SET("a", "") DONE, "b", NULL,
        COMPLETED, -1, -1},
    {"the last piece repeats all", SET("a", "one ") ADD("a", "two") LAST("a", "one two") DONE,
        "one two", NULL, COMPLETED, -1, -1},
    {"the last piece repeats all, and more",
        SET("a", "one ") ADD("a", "two") LAST("a", "one two three") DONE, "one two three", NULL,
        COMPLETED, -1, -1},
    {"repeated in parts that are cut elsewhere",
        SET("a", "ab") ADD("a", "cd")
            EVENT("{\"artifactUpdate\":{\"artifact\":{\"artifactId\":\"a\",\"parts\":[" TEXT(
                "abc") "," TEXT("de") "]}}}") DONE,
        "abcde", NULL, COMPLETED, -1, -1},
    {"the task repeats what was said",
        SET("a", "one ") ADD("a", "two") LAST("b", "b") EVENT(TASK(
            "COMPLETED", ",\"artifacts\":[" ARTIFACT("a", "one two") "," ARTIFACT("b", "b") "]")),
        "one two" BETWEEN "b", NULL, COMPLETED, -1, -1},
    {"the task has the artifacts",
        EVENT(TASK("COMPLETED", ",\"artifacts\":[" ARTIFACT("a", "a") "," ARTIFACT("b", "b") "]")),
        "a" BETWEEN "b", NULL, COMPLETED, -1, -1},
    {"the state comes before the artifacts",
        EVENT("{\"kind\":\"task\",\"status\":{\"state\":\"completed\"},\"id\":\"t\",\"artifacts\":"
              "[" ARTIFACT("a", "a") "]}"),
        "a", NULL, "completed", -1, -1},
    {"two artifacts at once",
        SET("a", "1") SET("b", "x") ADD("a", "2") ADD("b", "y") END_OF("b", "z") END_OF("a", "3")
            DONE,
        "123" BETWEEN "xyz", NULL, COMPLETED, -1, -1},
    {"the second is replaced while the first is said",
        SET("a", "1") ADD("a", "2") ADD("b", "draft") SET("b", "final") DONE, "12" BETWEEN "final",
        NULL, COMPLETED, -1, -1},
    {"an artifact without text between", SET("a", "1") SET("b", "") SET("c", "3") DONE,
        "1" BETWEEN "3", NULL, COMPLETED, -1, -1},
    {"every piece is the last", LAST("a", "1") END_OF("a", "2") END_OF("a", "3") DONE, "123", NULL,
        COMPLETED, -1, -1},
    {"something is appended to nothing", ADD("a", "1") ADD("a", "2") DONE, "12", NULL, COMPLETED,
        -1, -1},
    {"artifacts beside the task, without ids",
        EVENT("{\"task\":{\"id\":\"t-1\",\"status\":{\"state\":\"TASK_STATE_WORKING\"}}}") EVENT(
            "{\"task\":{\"id\":\"t-1\",\"status\":{\"state\":\"TASK_STATE_WORKING\"}},"
            "\"artifact\":{\"parts\":[" TEXT("one") "],\"name\":\"n\",\"append\":false}}")
            EVENT("{\"task\":{\"id\":\"t-1\",\"status\":{\"state\":\"TASK_STATE_WORKING\"}},"
                  "\"artifact\":{\"parts\":[" TEXT(" two") "],\"append\":true,\"lastChunk\":"
                                                           "true}}") EVENT(TASK("COMPLETED", "")),
        "one two", NULL, COMPLETED, -1, -1},
    {"artifacts without ids",
        EVENT(TASK("COMPLETED",
            ",\"artifacts\":[{\"parts\":[" TEXT("a") "]},{\"parts\":[" TEXT("b") "]}]")),
        "a" BETWEEN "b", NULL, COMPLETED, -1, -1},
    {"the end says it", WORKING EVENT(STATUS("COMPLETED", SAYS("all of it"))), "all of it", NULL,
        COMPLETED, -1, -1},
    {"the end of 0.3 says it", EVENT(OLD_STATUS("completed", OLD_SAYS("all of it"))), "all of it",
        NULL, "completed", -1, -1},
    {"the end says something besides", SET("a", "a") EVENT(STATUS("COMPLETED", SAYS("bye"))), "a",
        NULL, COMPLETED, -1, -1},
    {"something follows the end", SET("a", "a") DONE END_OF("a", "b") DONE, "ab", NULL, COMPLETED,
        -1, -1},
    {"what follows the final event", OLD_UPDATE("a", "a", "false", "true") OLD_DONE "data: {\n\n",
        "a", NULL, "completed", -1, -1},
    {"the user's message",
        EVENT("{\"message\":{\"role\":\"ROLE_USER\",\"parts\":[" TEXT("q") "]}}")
            EVENT("{\"kind\":\"message\",\"role\":\"user\",\"parts\":[" TEXT("q") "]}")
                EVENT(MESSAGE(TEXT("a"))),
        "a", NULL, "message", -1, -1},
    {"comments, a BOM and other line ends",
        "\xEF\xBB\xBF: ping\r\n\r\nid: 1\r\ndata: " RESULT(MESSAGE(TEXT("a"))) "\r\n\r\n", "a",
        NULL, "message", -1, -1},
    {"an error that is null", "data: {\"error\":null,\"result\":" MESSAGE(TEXT("a")) "}\n\n", "a",
        NULL, "message", -1, -1},
    {"an emoji's halves", SET("a", "\\ud83d") ADD("a", "\\ude00") DONE, "\xED\xA0\xBD\xED\xB8\x80",
        NULL, COMPLETED, -1, -1},
    /* failures */
    {"nothing", "", "", TRUNCATED, NULL, -1, -1},
    {"HTML", "<html>\n<body>proxy</body>\n\n", "", TRUNCATED, NULL, -1, -1},
    {"the task is only taken", EVENT(TASK("SUBMITTED", "")), "",
        TRUNCATED ": the state of the task was \"TASK_STATE_SUBMITTED\"", NULL, -1, -1},
    {"ends within an artifact", WORKING SET("a", "one ") ADD("a", "two"), "one two",
        TRUNCATED ": the state of the task was \"TASK_STATE_WORKING\"", NULL, -1, -1},
    {"ends before an artifact's second piece", SET("a", "one "), "", TRUNCATED, NULL, -1, -1},
    {"ends behind the last piece", LAST("a", "one"), "one", TRUNCATED, NULL, -1, -1},
    {"0.3: the stream is over, and the task is not", SET("a", "a") EVENT(OLD_STATUS("working", "")),
        "", "the task was \"working\"", NULL, -1, -1},
    {"no text", EVENT(STATUS("WORKING", SAYS("hm"))) DONE, "", "the answer is empty", COMPLETED, -1,
        -1},
    {"a message without text", EVENT(MESSAGE("{\"data\":{}}")), "", "the answer is empty",
        "message", -1, -1},
    {"failed", SET("a", "1") ADD("a", "2") EVENT(STATUS("FAILED", SAYS("it \\\"broke\\\""))), "12",
        "the task failed: it \"broke\"", NULL, -1, -1},
    {"failed in 0.3", EVENT(OLD_STATUS("failed", OLD_SAYS("it broke"))), "",
        "the task failed: it broke", NULL, -1, -1},
    {"failed, nobody says why", EVENT(TASK("FAILED", ",\"artifacts\":[]")), "", "the task failed",
        NULL, -1, -1},
    {"failed, and then complete", EVENT(STATUS("FAILED", "")) SET("a", "a") DONE, "",
        "the task failed", NULL, -1, -1},
    {"rejected", EVENT(STATUS("REJECTED", SAYS("not for me"))), "",
        "the agent rejected the task: not for me", NULL, -1, -1},
    {"canceled", EVENT(STATUS("CANCELED", "")), "", "the agent canceled the task", NULL, -1, -1},
    {"asks back", EVENT(STATUS("INPUT_REQUIRED", SAYS("which one?"))), "",
        "the agent asks back, and nobody is there to answer: which one?", NULL, -1, -1},
    {"asks back in 0.3", EVENT(OLD_STATUS("input-required", OLD_SAYS("which one?"))), "",
        "nobody is there to answer: which one?", NULL, -1, -1},
    {"asks for credentials", EVENT(STATUS("AUTH_REQUIRED", SAYS("log in"))), "",
        "nobody is there to give them: log in", NULL, -1, -1},
    {"asks for credentials in 0.3", EVENT(OLD_STATUS("auth-required", "")), "",
        "the agent asks for credentials", NULL, -1, -1},
    {"a text that was said becomes another",
        SET("a", "one ") ADD("a", "two") SET("a", "three") DONE, "one two", REPLACED, NULL, -1, -1},
    {"a text that was said becomes less", SET("a", "one ") ADD("a", "two") SET("a", "one ") DONE,
        "one two", REPLACED, NULL, -1, -1},
    {"the task has another text",
        LAST("a", "one")
            EVENT(TASK("COMPLETED", ",\"artifacts\":[" ARTIFACT("a", "two, at last") "]")),
        "one", REPLACED, NULL, -1, -1},
    {"one goes on behind another", LAST("a", "1") LAST("b", "2") END_OF("a", "3") DONE,
        "1" BETWEEN "2", "went on when another had been handed on", NULL, -1, -1},
    {"an error",
        "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601,\"message\":\"no "
        "such method\"}}\n\n",
        "", "no such method", NULL, -1, -1},
    {"an error in between",
        SET("a", "1") ADD("a", "2") "event: error\ndata: {\"error\":{\"code\":-32603,\"message\":"
                                    "\"it broke\"}}\n\n" DONE,
        "12", "it broke", NULL, -1, -1},
    {"an error without a message", "data: {\"error\":{\"code\":1}}\n\n", "",
        "an error without a message", NULL, -1, -1},
    {"an error that is nothing known", "data: {\"error\":7}\n\n", "", "an error without a message",
        NULL, -1, -1},
    {"not JSON", SET("a", "1") "data: {\"result\":\n\n", "", "not JSON", NULL, -1, -1},
    {"HTML as an event", "data: <html>\n\n", "", "not JSON", NULL, -1, -1},
    {"another protocol", "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n", "", TRUNCATED,
        NULL, -1, -1},
};

static const struct stream_row bodies[] = {
    {"a message", RESULT(MESSAGE(TEXT("a \\\"}\\\\"))) "\n", "a \"}\\", NULL, "message", -1, -1},
    {"a message of 0.3", "\r\n " RESULT(OLD_MESSAGE(OLD_TEXT("a"))), "a", NULL, "message", -1, -1},
    {"a task",
        RESULT(TASK("COMPLETED", ",\"artifacts\":[" ARTIFACT("a", "a") "," ARTIFACT("b", "b") "]")),
        "a" BETWEEN "b", NULL, COMPLETED, -1, -1},
    {"a task of 0.3", RESULT(OLD_TASK("completed", ",\"artifacts\":[" ARTIFACT("a", "a") "]")), "a",
        NULL, "completed", -1, -1},
    /* failures */
    {"nothing", "", "", "truncated: it is no whole JSON", NULL, -1, -1},
    {"the half", "{\"result\":{\"message\":", "", "truncated: it is no whole JSON", NULL, -1, -1},
    {"HTML", "<html>", "", "not JSON", NULL, -1, -1},
    {"an array", "[{}]", "", "not JSON", NULL, -1, -1},
    {"mixed up", "{\"a\":]", "", "not JSON", NULL, -1, -1},
    {"more than one", "{} {}", "", "not JSON", NULL, -1, -1},
    {"nothing in it", "{}", "", "answered before the task was complete", NULL, -1, -1},
    {"an error", "{\"error\":{\"code\":-32000,\"message\":\"no\"}}", "", "no", NULL, -1, -1},
    {"goes on", RESULT(TASK("WORKING", "")), "",
        "answered before the task was complete: the state of the task was \"TASK_STATE_WORKING\"",
        NULL, -1, -1},
    {"failed", RESULT(TASK("FAILED", "")), "", "the task failed", NULL, -1, -1},
    {"asks back",
        RESULT("{\"task\":{\"id\":\"t\",\"status\":{\"state\":\"TASK_STATE_INPUT_REQUIRED\"" SAYS(
            "which?") "}}}"),
        "", "answer: which?", NULL, -1, -1},
};

static const struct stream_kind kind = {
    .reader = &a2a_reader, .rows = rows, .count = COUNT(rows), .event_max = A2A_EVENT_MAX};
static const struct stream_kind body_kind = {
    .reader = &a2a_whole_reader, .rows = bodies, .count = COUNT(bodies)};

START_TEST(test_every_split)
{
    unit_stream_splits(&kind, _i);
}
END_TEST

START_TEST(test_every_split_of_a_body)
{
    unit_stream_splits(&body_kind, _i);
}
END_TEST

/* What ends anywhere is no success, unless the task was complete. */
static void cut(const struct stream_reader *reader, const struct stream_row *row)
{
    for (size_t len = 0; len <= strlen(row->stream); len++) {
        struct stream_run r;
        unit_stream_begin(&r, reader);
        unit_stream_feed(&r, row->stream, len, len, 1);
        struct told told = unit_stream_end(&r);
        ck_assert(r.status == STATUS_OK || r.err.text[0]);
        ck_assert(r.status || (r.text.len && told.finish_reason));
        unit_stream_release(&r);
    }
}

START_TEST(test_every_cut)
{
    cut(&a2a_reader, &rows[_i]);
}
END_TEST

START_TEST(test_every_cut_of_a_body)
{
    cut(&a2a_whole_reader, &bodies[_i]);
}
END_TEST

/* What has been said after each event, in pieces of whole events. */
START_TEST(test_when)
{
    static const struct {
        const char *event, *text;
    } steps[] = {{EVENT(TASK("WORKING", "")), ""}, {SET("a", "draft"), ""}, {SET("a", "one"), ""},
        {ADD("a", " two"), "one two"}, {SET("b", "x"), "one two"}, {ADD("b", "y"), "one two"},
        {END_OF("a", "!"), "one two!" BETWEEN "xy"}, {ADD("b", "z"), "one two!" BETWEEN "xyz"},
        {SET("b", "xyz and"), "one two!" BETWEEN "xyz"},
        {END_OF("b", " on"), "one two!" BETWEEN "xyz and on"}, {SET("c", "c"), NULL}, {DONE, NULL}};
    struct stream_run r;
    unit_stream_begin(&r, &a2a_reader);
    for (size_t i = 0; i < COUNT(steps); i++) {
        unit_stream_feed(&r, steps[i].event, strlen(steps[i].event), 1000, 1000);
        ck_assert_int_eq(r.status, STATUS_OK);
        if (steps[i].text)
            ck_assert_str_eq(buf_str(&r.text), steps[i].text);
    }
    ck_assert_str_eq(buf_str(&r.text), "one two!" BETWEEN "xyz and on" BETWEEN "c");
    unit_stream_end(&r);
    ck_assert_int_eq(r.status, STATUS_OK);
    unit_stream_release(&r);
}
END_TEST

/* Who waits has what everything was in the end. */
START_TEST(test_wait)
{
    static const char *const steps[] = {EVENT(TASK("WORKING", "")), SET("a", "one"),
        ADD("a", " two"), SET("b", "b"), END_OF("b", "!"), SET("a", "three"), ADD("a", "!")};
    struct stream_run r;
    unit_stream_begin(&r, &a2a_reader);
    a2a_reader.wait(r.stream);
    for (size_t i = 0; i < COUNT(steps); i++) {
        unit_stream_feed(&r, steps[i], strlen(steps[i]), 1000, 1000);
        ck_assert_int_eq(r.status, STATUS_OK);
        ck_assert_uint_eq(r.text.len, 0);
    }
    unit_stream_feed(&r, DONE, strlen(DONE), 1000, 1000);
    unit_stream_end(&r);
    ck_assert_int_eq(r.status, STATUS_OK);
    ck_assert_str_eq(buf_str(&r.text), "three!" BETWEEN "b!");
    unit_stream_release(&r);
}
END_TEST

START_TEST(test_told)
{
    static const struct {
        const char *stream, *id;
        bool done;
    } told_rows[] = {{WORKING SET("a", "a") DONE, "t-1", false},
        {EVENT(TASK("COMPLETED", "")), "t-1", false},
        {EVENT(OLD_TASK("submitted", "")) OLD_DONE, "t-1", true},
        {EVENT(MESSAGE(TEXT("a"))), "m-1", true},
        {EVENT("{\"kind\":\"message\",\"messageId\":\"m\",\"taskId\":\"t\",\"parts\":[]}"), "t",
            true}};
    for (size_t i = 0; i < COUNT(told_rows); i++) {
        struct stream_run r;
        unit_stream_begin(&r, &a2a_reader);
        unit_stream_feed(&r, told_rows[i].stream, strlen(told_rows[i].stream), 1000, 1000);
        struct told told = unit_stream_end(&r);
        ck_assert_pstr_eq(told.id, told_rows[i].id);
        ck_assert_int_eq(told.done, told_rows[i].done);
        ck_assert_ptr_null(told.model);
        unit_stream_release(&r);
    }
}
END_TEST

/* More artifacts than there is room for. */
START_TEST(test_crowd)
{
    for (int all = A2A_ARTIFACTS_MAX; all <= A2A_ARTIFACTS_MAX + 1; all++) {
        struct stream_run r;
        char event[256];
        unit_stream_begin(&r, &a2a_reader);
        for (int i = 0; i < all; i++) {
            snprintf(event, sizeof event, LAST("artifact %d", "a"), i);
            unit_stream_feed(&r, event, strlen(event), sizeof event, 1);
        }
        ck_assert_int_eq(r.status, all > A2A_ARTIFACTS_MAX ? STATUS_BACKEND : STATUS_OK);
        unit_stream_release(&r);
    }
}
END_TEST

/* Text that waits, and a body, over the cap. */
START_TEST(test_other_caps)
{
    static const char begin[] = "data: {\"result\":{\"artifact\":{\"artifactId\":\"a\",\"parts\":"
                                "[{\"text\":\"";
    static const char end[] = "\"}]}}}\n\n", body[] = "{\"a\":\"";
    static char piece[512 * 1024];
    for (int whole = 0; whole < 2; whole++) {
        struct stream_run r;
        unit_stream_begin(&r, whole ? &a2a_whole_reader : &a2a_reader);
        if (whole)
            unit_stream_feed(&r, body, sizeof body - 1, sizeof body, 1);
        for (int i = 0; i < 20 && !r.status; i++) {
            memset(piece, 'x', sizeof piece);
            if (!whole) {
                memcpy(piece, begin, sizeof begin - 1);
                piece[strstr(piece, "\"a\"") + 1 - piece] = (char)('a' + i);
                memcpy(piece + sizeof piece - sizeof end + 1, end, sizeof end - 1);
            }
            unit_stream_feed(&r, piece, sizeof piece, sizeof piece, 1);
        }
        ck_assert_int_eq(r.status, STATUS_BACKEND);
        const char *sentence = whole ? "larger than 8388608 bytes" : "too much text waits";
        ck_assert_msg(strstr(r.err.text, sentence) != NULL, "%s", r.err.text);
        unit_stream_release(&r);
    }
}
END_TEST

START_TEST(test_caps)
{
    unit_stream_caps(&kind);
}
END_TEST

START_TEST(test_mutations)
{
    unit_stream_mutations(&kind, 20261124u + (uint32_t)_i);
}
END_TEST

START_TEST(test_mutations_of_bodies)
{
    unit_stream_mutations(&body_kind, 20261125u + (uint32_t)_i);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("a2a_stream");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_every_split, 0, COUNT(rows));
    tcase_add_loop_test(all, test_every_split_of_a_body, 0, COUNT(bodies));
    tcase_add_loop_test(all, test_every_cut, 0, COUNT(rows));
    tcase_add_loop_test(all, test_every_cut_of_a_body, 0, COUNT(bodies));
    tcase_add_test(all, test_when);
    tcase_add_test(all, test_wait);
    tcase_add_test(all, test_told);
    tcase_add_test(all, test_crowd);
    tcase_add_test(all, test_caps);
    tcase_add_test(all, test_other_caps);
    tcase_add_loop_test(all, test_mutations, 0, 10);
    tcase_add_loop_test(all, test_mutations_of_bodies, 0, 10);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
