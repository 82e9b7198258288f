#include "agent/adk_stream.h"
#include "unit.h"
#include "unit_stream.h"

/* Events as Magec and ADK for Go send them. */
#define EVENT(author, more, parts)                                                                 \
    "data: {\"id\":\"e\",\"invocationId\":\"i-1\",\"author\":\"" author "\"" more                  \
    ",\"content\":{\"parts\":[" parts "],\"role\":\"model\"},\"actions\":{\"stateDelta\":{}}}\n\n"
#define TEXT(text) "{\"text\":\"" text "\"}"
#define PIECE_OF(author, text) EVENT(author, ",\"partial\":true", TEXT(text))
#define WHOLE_OF(author, text) EVENT(author, "", TEXT(text))
#define PIECE(text) PIECE_OF("a", text)
#define WHOLE(text) WHOLE_OF("a", text)
#define STOPPED(text) EVENT("a", ",\"partial\":false,\"finishReason\":\"STOP\"", TEXT(text))
#define BARE(more) "data: {\"author\":\"a\"" more "}\n\n"
#define USAGE(in, out)                                                                             \
    ",\"usageMetadata\":{\"promptTokenCount\":" in ",\"candidatesTokenCount\":" out "}"
#define CALL "{\"functionCall\":{\"name\":\"f\",\"args\":{\"text\":\"x\"}}}"
#define ANSWER "{\"functionResponse\":{\"name\":\"f\",\"response\":{\"text\":\"y\"}}}"
#define BETWEEN ADK_BETWEEN
#define STOPS "the answer was stopped by the provider: "
#define MIDDLE "truncated: it ended in the middle of a text"

static const struct stream_row rows[] = {
    {"pieces, and all of them",
        PIECE("Hel") PIECE("lo \\u00e9")
            EVENT("a", ",\"finishReason\":\"STOP\",\"modelVersion\":\"m-1\"" USAGE("5", "2"),
                TEXT("Hello \\u00e9")),
        "Hello \xC3\xA9", NULL, "STOP", 5, 2},
    {"as api_server sends it",
        "data: {\"invocationId\":\"e-1\",\"author\":\"greeter\",\"actions\":{\"stateDelta\":{},"
        "\"artifactDelta\":{}},\"longRunningToolIds\":[],\"id\":\"x1\",\"timestamp\":1,\"content\":"
        "{\"role\":\"model\",\"parts\":[{\"text\":\"Good \"}]},\"partial\":true}\n\n"
        "data: {\"invocationId\":\"e-1\",\"author\":\"greeter\",\"id\":\"x2\",\"content\":"
        "{\"role\":\"model\",\"parts\":[{\"text\":\"Good \"},{\"text\":\"day\"}]},\"partial\":"
        "false,\"usageMetadata\":{\"promptTokenCount\":7,\"candidatesTokenCount\":2,"
        "\"thoughtsTokenCount\":3,\"totalTokenCount\":12},\"turnComplete\":true}\n\n",
        "Good day", NULL, NULL, 7, 5},
    {"snake case",
        "data: {\"author\":\"a\",\"invocation_id\":\"i\",\"partial\":true,\"content\":{\"parts\":[{"
        "\"text\":\"a\"}]}}\r\n\r\n"
        "data: {\"author\":\"a\",\"content\":{\"parts\":[{\"text\":\"ab\"}]},\"turn_complete\":"
        "true,\"error_code\":null,\"error_message\":null,\"finish_reason\":\"STOP\",\"usage_"
        "metadata\":{\"prompt_token_count\":1,\"candidates_token_count\":2,\"thoughts_token_"
        "count\":null}}\r\n\r\n",
        "ab", NULL, "STOP", 1, 2},
    {"no pieces", WHOLE("Hello"), "Hello", NULL, NULL, -1, -1},
    {"the last piece only in the whole", PIECE("Hel") WHOLE("Hello"), "Hello", NULL, NULL, -1, -1},
    {"the whole is less", PIECE("Hello\\n") WHOLE("Hello"), "Hello\n", NULL, NULL, -1, -1},
    {"the whole is another", PIECE("Hello") WHOLE("Hullo, all"), "Hello", NULL, NULL, -1, -1},
    {"an empty piece and an empty text", PIECE("") WHOLE("") WHOLE("a"), "a", NULL, NULL, -1, -1},
    {"the whole in parts, a piece's end within one",
        PIECE("ab") PIECE("cd") EVENT("a", "", TEXT("abc") "," TEXT("de")), "abcde", NULL, NULL, -1,
        -1},
    {"the end says nothing again",
        PIECE("Hello") BARE(",\"finishReason\":\"STOP\",\"content\":{\"parts\":[]}"), "Hello", NULL,
        "STOP", -1, -1},
    {"pieces up to a finish reason",
        PIECE("Hel") EVENT("a", ",\"partial\":true,\"finishReason\":\"STOP\"", TEXT("lo")), "Hello",
        NULL, "STOP", -1, -1},
    {"a finish reason, and then the whole",
        EVENT("a", ",\"partial\":true,\"finishReason\":\"STOP\"", TEXT("a")) STOPPED("a"), "a",
        NULL, "STOP", -1, -1},
    {"changes of state between pieces",
        PIECE("a") BARE(",\"actions\":{\"stateDelta\":{\"k\":1}}") PIECE("b") WHOLE("ab"), "ab",
        NULL, NULL, -1, -1},
    {"as much as it may say", EVENT("a", ",\"finishReason\":\"MAX_TOKENS\"", TEXT("a")), "a", NULL,
        "MAX_TOKENS", -1, -1},
    {"no reason", EVENT("a", ",\"finishReason\":\"FINISH_REASON_UNSPECIFIED\"", TEXT("a")), "a",
        NULL, NULL, -1, -1},
    {"thoughts",
        EVENT("a", ",\"partial\":true", "{\"text\":\"hm\",\"thought\":true}") PIECE("a")
            EVENT("a", "", "{\"thought\":true,\"text\":\"hm\"}," TEXT("a")),
        "a", NULL, NULL, -1, -1},
    {"a tool",
        EVENT("a", USAGE("1", "2"), CALL) EVENT("a", "", ANSWER) PIECE("b")
            EVENT("a", USAGE("3", "4"), TEXT("b")),
        "b", NULL, NULL, 4, 6},
    {"a text, a tool and a text",
        PIECE("a") EVENT("a", "", TEXT("a") "," CALL) EVENT("a", "", ANSWER) PIECE("b") WHOLE("b"),
        "a" BETWEEN "b", NULL, NULL, -1, -1},
    {"the text before a call is not repeated with it",
        PIECE("a") WHOLE("a") EVENT("a", "", CALL) EVENT("a", "", ANSWER) WHOLE("b"),
        "a" BETWEEN "b", NULL, NULL, -1, -1},
    {"a call in snake case",
        "data: {\"author\":\"a\",\"content\":{\"parts\":[{\"function_call\":{\"name\":\"f\"}}]}}"
        "\n\ndata: {\"author\":\"a\",\"content\":{\"role\":\"user\",\"parts\":[{\"function_"
        "response\":{}}]}}\n\n" WHOLE("b"),
        "b", NULL, NULL, -1, -1},
    {"one agent after the other", WHOLE("a") PIECE_OF("b", "b") WHOLE_OF("b", "b"), "a" BETWEEN "b",
        NULL, NULL, -1, -1},
    {"the same text of two agents", WHOLE("a") PIECE_OF("b", "a") WHOLE_OF("b", "a"),
        "a" BETWEEN "a", NULL, NULL, -1, -1},
    {"the same text twice", PIECE("a") WHOLE("a") PIECE("a") WHOLE("a"), "a" BETWEEN "a", NULL,
        NULL, -1, -1},
    {"two agents at once",
        PIECE("a") PIECE_OF("b", "x") PIECE("b") PIECE_OF("b", "y") WHOLE("ab") WHOLE_OF("b", "xy"),
        "ab" BETWEEN "xy", NULL, NULL, -1, -1},
    {"two agents at once, the second is ready first",
        PIECE("a") PIECE_OF("b", "x") WHOLE_OF("b", "xy") WHOLE_OF("c", "z") PIECE("b") WHOLE("ab"),
        "ab" BETWEEN "xy" BETWEEN "z", NULL, NULL, -1, -1},
    {"the second goes on when the first has ended",
        PIECE("a") PIECE_OF("b", "x") WHOLE("a") PIECE_OF("b", "y") WHOLE_OF("b", "xy"),
        "a" BETWEEN "xy", NULL, NULL, -1, -1},
    {"two branches of one agent",
        EVENT("a", ",\"branch\":\"p.a\",\"partial\":true", TEXT("1"))
            EVENT("a", ",\"branch\":\"p.b\",\"partial\":true", TEXT("2")) EVENT(
                "a", ",\"branch\":\"p.b\"", TEXT("2")) EVENT("a", ",\"branch\":\"p.a\"", TEXT("1")),
        "1" BETWEEN "2", NULL, NULL, -1, -1},
    {"what the user said", EVENT("user", "", TEXT("q")) WHOLE("a"), "a", NULL, NULL, -1, -1},
    {"usage of a piece", EVENT("a", ",\"partial\":true" USAGE("3", "1"), TEXT("a")) WHOLE("a"), "a",
        NULL, NULL, 3, 1},
    {"usage that is told twice",
        EVENT("a", USAGE("3", "1"), TEXT("a")) EVENT("a", USAGE("3", "1"), CALL)
            EVENT("a", "", ANSWER) EVENT("a", USAGE("3", "1"), TEXT("b")),
        "a" BETWEEN "b", NULL, NULL, 6, 2},
    {"usage of two agents",
        EVENT("a", USAGE("3", "1"), TEXT("a")) EVENT("b", USAGE("3", "1"), TEXT("b")),
        "a" BETWEEN "b", NULL, NULL, 6, 2},
    {"comments, a BOM and names of events",
        "\xEF\xBB\xBF: ping\n\nevent: message\nid: 1\n" WHOLE("a") ": ping\n\n", "a", NULL, NULL,
        -1, -1},
    {"error null", BARE(",\"error\":null,\"errorCode\":\"\"") WHOLE("a"), "a", NULL, NULL, -1, -1},
    {"an emoji's halves", PIECE("\\ud83d") PIECE("\\ude00") WHOLE("\\ud83d\\ude00"),
        "\xED\xA0\xBD\xED\xB8\x80", NULL, NULL, -1, -1},
    /* failures */
    {"nothing", "", "", "the answer is empty (finish reason \"none\")", NULL, -1, -1},
    {"only comments", ": ping\n\n", "", "the answer is empty", NULL, -1, -1},
    {"HTML", "<html>\n<body>proxy</body>\n\n", "", "the answer is empty", NULL, -1, -1},
    {"no text", STOPPED(""), "", "the answer is empty (finish reason \"STOP\")", "STOP", -1, -1},
    {"all of it was thought", EVENT("a", "", "{\"text\":\"hm\",\"thought\":true}"), "",
        "the answer is empty", NULL, -1, -1},
    {"ends within pieces", PIECE("a") PIECE("b"), "ab", MIDDLE, NULL, -1, -1},
    {"ends within the whole",
        PIECE("a") "data: {\"author\":\"a\",\"content\":{\"parts\":[{"
                   "\"text\":\"ab\"}]}}\n",
        "a", MIDDLE, NULL, -1, -1},
    {"ends within the second's pieces", WHOLE("a") PIECE_OF("b", "b"), "a" BETWEEN "b", MIDDLE,
        NULL, -1, -1},
    {"the second's text is never whole", PIECE("a") PIECE_OF("b", "b") WHOLE("a"), "a", MIDDLE,
        NULL, -1, -1},
    {"the second's text is never repeated",
        PIECE("a") PIECE_OF("b", "b") WHOLE("a") "data: "
                                                 "{\"author\":\"b\",\"turnComplete\":true}\n\n",
        "a", MIDDLE, NULL, -1, -1},
    {"ends at a call", WHOLE("a") EVENT("a", "", CALL), "a", "a function call that nobody answered",
        NULL, -1, -1},
    {"an error code",
        PIECE("a") BARE(",\"errorCode\":\"RESOURCE_EXHAUSTED\",\"errorMessage\":\"quota \\u00e9\"")
            WHOLE("a"),
        "a", "RESOURCE_EXHAUSTED: quota \xC3\xA9", NULL, -1, -1},
    {"an error code in snake case", BARE(",\"error_code\":\"SAFETY\"") WHOLE("a"), "", "SAFETY",
        NULL, -1, -1},
    {"an error code beside a text", EVENT("a", ",\"errorCode\":\"MAX_TOKENS\"", TEXT("a")), "",
        "MAX_TOKENS", NULL, -1, -1},
    {"an error code that is a number", BARE(",\"errorCode\":429,\"errorMessage\":\"slow\""), "",
        "429: slow", NULL, -1, -1},
    {"an error message alone", WHOLE("a") BARE(",\"errorMessage\":\"it broke\""), "a", "it broke",
        NULL, -1, -1},
    {"an error", PIECE("a") "data: {\"error\":\"no such model\"}\n\n", "a", "no such model", NULL,
        -1, -1},
    {"an error in an object", "data: {\"error\":{\"code\":500,\"message\":\"it broke\"}}\n\n", "",
        "it broke", NULL, -1, -1},
    {"an error event", WHOLE("a") "event: error\ndata: {\"error\":\"late\"}\n\n" WHOLE("b"), "a",
        "late", NULL, -1, -1},
    {"an error event of plain text", "event: error\ndata: it broke\n\n", "", "it broke", NULL, -1,
        -1},
    {"an error event without a message", "event: error\ndata: {}\n\n", "",
        "an error without a message", NULL, -1, -1},
    {"an error event that is an event", "event: error\n" BARE(",\"errorCode\":\"E1\""), "", "E1",
        NULL, -1, -1},
    {"SAFETY", EVENT("a", ",\"finishReason\":\"SAFETY\"", TEXT("a")), "", STOPS "SAFETY", "SAFETY",
        -1, -1},
    {"not JSON", WHOLE("a") "data: {\"author\":\n\n", "a", "not JSON", NULL, -1, -1},
    {"HTML as an event", "data: <html>\n\n", "", "not JSON", NULL, -1, -1},
    {"another protocol", "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n", "",
        "the answer is empty", NULL, -1, -1},
};

static const struct stream_kind kind = {.reader = &adk_reader,
    .rows = rows,
    .count = COUNT(rows),
    .event_max = ADK_EVENT_MAX,
    .reasonless = true};

START_TEST(test_every_split)
{
    unit_stream_splits(&kind, _i);
}
END_TEST

/* A stream that ends anywhere is no success, unless its last text is whole. */
START_TEST(test_every_cut)
{
    const struct stream_row *row = &rows[_i];
    for (size_t len = 0; len <= strlen(row->stream); len++) {
        struct stream_run r;
        unit_stream_begin(&r, &adk_reader);
        unit_stream_feed(&r, row->stream, len, len, 1);
        unit_stream_end(&r);
        const struct adk_stream *g = r.stream;
        ck_assert(r.status == STATUS_OK || r.err.text[0]);
        ck_assert(r.status || (r.text.len && !g->heard) || g->stream.finish_reason);
        unit_stream_release(&r);
    }
}
END_TEST

START_TEST(test_told)
{
    static const char stream[] = EVENT("a", ",\"modelVersion\":\"m-1\"", TEXT("a"))
        EVENT("b", ",\"modelVersion\":\"m-2\"", TEXT("b"));
    struct stream_run r;
    unit_stream_begin(&r, &adk_reader);
    unit_stream_feed(&r, stream, strlen(stream), 1000, 1000);
    struct told told = unit_stream_end(&r);
    ck_assert_str_eq(told.id, "i-1");
    ck_assert_str_eq(told.model, "m-2");
    ck_assert(!told.done);
    unit_stream_release(&r);
}
END_TEST

/* More agents at once than there is room for. */
START_TEST(test_crowd)
{
    for (int agents = ADK_SPEAKERS_MAX; agents <= ADK_SPEAKERS_MAX + 1; agents++) {
        struct stream_run r;
        char piece[256];
        unit_stream_begin(&r, &adk_reader);
        for (int i = 0; i < agents; i++) {
            snprintf(piece, sizeof piece,
                "data: {\"author\":\"agent %d\",\"partial\":true,\"content\":{\"parts\":[{"
                "\"text\":\"a\"}]}}\n\n",
                i);
            unit_stream_feed(&r, piece, strlen(piece), sizeof piece, 1);
        }
        ck_assert_int_eq(r.status, agents > ADK_SPEAKERS_MAX ? STATUS_BACKEND : STATUS_OK);
        ck_assert_str_eq(buf_str(&r.text), "a");
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
    unit_stream_mutations(&kind, 20260301u + (uint32_t)_i);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("adk_stream");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_every_split, 0, COUNT(rows));
    tcase_add_loop_test(all, test_every_cut, 0, COUNT(rows));
    tcase_add_test(all, test_told);
    tcase_add_test(all, test_crowd);
    tcase_add_test(all, test_caps);
    tcase_add_loop_test(all, test_mutations, 0, 10);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
