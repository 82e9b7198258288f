#include "unit_gemini.h"
#include "unit_stream.h"

/* Chunks as the API sends them, and the lines around. */
#define PARTS(parts)                                                                               \
    "data: {\"candidates\": [{\"content\": {\"parts\": [" parts "],\"role\": \"model\"},"          \
    "\"index\": 0}],\"modelVersion\": \"gemini-x\"}\r\n\r\n"
#define SAY(text) PARTS("{\"text\": \"" text "\"}")
#define STOPPED(text, reason)                                                                      \
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"" text "\"}],\"role\": "      \
    "\"model\"},\"finishReason\": \"" reason "\",\"index\": 0}]}\r\n\r\n"
#define FINISH(reason)                                                                             \
    "data: {\"candidates\": [{\"content\": {\"role\": \"model\"},\"finishReason\": \"" reason      \
    "\"}]}\r\n\r\n"
#define USAGE(members) "data: {\"usageMetadata\": {" members "}}\r\n\r\n"
#define ERROR_503                                                                                  \
    "{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"The model is [over]loaded. {\\\"\"" \
    ",\n    \"status\": \"UNAVAILABLE\"\n  }\n}\n"
#define STOPS "the answer was stopped by the provider: "

static const struct stream_row rows[] = {
    {"as the API streams",
        "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"Hello\"}],\"role\": "
        "\"model\"},\"index\": 0}],\"usageMetadata\": {\"promptTokenCount\": 4,\"totalTokenCount\":"
        " 4,\"promptTokensDetails\": [{\"modality\": \"TEXT\",\"tokenCount\": 4}]},"
        "\"modelVersion\": \"gemini-2.0-flash\",\"responseId\": \"abc\"}\r\n\r\n"
        "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \" world, \\u00e9\\n\"}],"
        "\"role\": \"model\"},\"finishReason\": \"STOP\",\"index\": 0,\"safetyRatings\": [{"
        "\"category\": \"HARM_CATEGORY_HARASSMENT\",\"probability\": \"NEGLIGIBLE\"}]}],"
        "\"usageMetadata\": {\"promptTokenCount\": 5,\"candidatesTokenCount\": 12,"
        "\"totalTokenCount\": 17},\"modelVersion\": \"gemini-2.0-flash\",\"responseId\": \"abc\"}"
        "\r\n\r\n",
        "Hello world, \xC3\xA9\n", NULL, "STOP", 5, 12},
    {"several parts",
        PARTS("{\"text\":\"a\"},{\"text\":\"b\"},{\"text\":\"\"}") STOPPED("c", "STOP"), "abc",
        NULL, "STOP", -1, -1},
    {"thoughts are no text, but count",
        PARTS("{\"text\":\"hm\",\"thought\":true},{\"thought\":true,\"text\":\"hm\"}") PARTS(
            "{\"thought\":false,\"text\":\"a\",\"thoughtSignature\":\"x=\"}") FINISH("STOP")
            USAGE("\"promptTokenCount\":1,\"candidatesTokenCount\":2,\"thoughtsTokenCount\":40"),
        "a", NULL, "STOP", 1, 42},
    {"usage of thoughts only", SAY("a") FINISH("STOP") USAGE("\"thoughtsTokenCount\":40"), "a",
        NULL, "STOP", -1, 40},
    {"the last usage counts",
        SAY("a") USAGE("\"promptTokenCount\":9,\"candidatesTokenCount\":9") STOPPED("b", "STOP")
            USAGE("\"promptTokenCount\":3,\"candidatesTokenCount\":2"),
        "ab", NULL, "STOP", 3, 2},
    {"a finish reason in every chunk", STOPPED("a", "STOP") STOPPED("b", "STOP"), "ab", NULL,
        "STOP", -1, -1},
    {"no reason before the reason", STOPPED("a", "FINISH_REASON_UNSPECIFIED") FINISH("STOP"), "a",
        NULL, "STOP", -1, -1},
    {"as much as it may say", SAY("a") STOPPED("b", "MAX_TOKENS"), "ab", NULL, "MAX_TOKENS", -1,
        -1},
    {"other candidates",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"finishReason\":"
        "\"STOP\"},{\"content\":{\"parts\":[{\"text\":\"b\"}]},\"finishReason\":\"SAFETY\"}]}\n\n",
        "a", NULL, "STOP", -1, -1},
    {"ratings of a prompt that is not blocked",
        "data: {\"promptFeedback\":{\"safetyRatings\":[]}}\n\n" STOPPED("a", "STOP"), "a", NULL,
        "STOP", -1, -1},
    {"code and images are no text",
        PARTS("{\"executableCode\":{\"code\":\"x\"}},{\"inlineData\":{\"data\":\"eA==\"}}")
            STOPPED("a", "STOP"),
        "a", NULL, "STOP", -1, -1},
    {"LF, BOM, comments and an event's name",
        "\xEF\xBB\xBF: ping\n\nevent: message\nid: "
        "1\ndata:{\"candidates\":[{\"content\":{\"parts\":"
        "[{\"text\":\"a\"}]},\ndata: \"finishReason\":\"STOP\"}]}\n\n: ping\n\n",
        "a", NULL, "STOP", -1, -1},
    {"CR alone",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},"
        "\"finishReason\":\"STOP\"}]}\r\r",
        "a", NULL, "STOP", -1, -1},
    {"[DONE], and something behind it",
        STOPPED("a", "STOP") "data: [DONE]\n\n" SAY("b") "data: {\n\n{\n", "a", NULL, "STOP", -1,
        -1},
    {"an emoji's halves in two chunks", SAY("\\ud83d") STOPPED("\\ude00", "STOP"),
        "\xED\xA0\xBD\xED\xB8\x80", NULL, "STOP", -1, -1},
    {"error null",
        "data: {\"error\":null,\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},"
        "\"finishReason\":\"STOP\"}]}\n\n",
        "a", NULL, "STOP", -1, -1},
    /* failures */
    {"nothing", "", "", "truncated", NULL, -1, -1},
    {"only comments", ": ping\n\n: ping\n\n", "", "truncated", NULL, -1, -1},
    {"HTML", "<html>\n<body>proxy</body>\n\n", "", "truncated", NULL, -1, -1},
    {"no finish reason", SAY("a") SAY("b"), "ab", "truncated", NULL, -1, -1},
    {"only [DONE]", SAY("a") "data: [DONE]\n\n", "a", "truncated", NULL, -1, -1},
    {"only an unspecified reason", STOPPED("a", "FINISH_REASON_UNSPECIFIED"), "a", "truncated",
        NULL, -1, -1},
    {"cut off in an event", SAY("a") "data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n", "a",
        "truncated", NULL, -1, -1},
    {"empty", FINISH("STOP"), "", "the answer is empty (finish reason \"STOP\")", "STOP", -1, -1},
    {"all of it was thought", PARTS("{\"text\":\"hm\",\"thought\":true}") FINISH("MAX_TOKENS"), "",
        "the answer is empty (finish reason \"MAX_TOKENS\")", "MAX_TOKENS", -1, -1},
    {"SAFETY", SAY("a") STOPPED("b", "SAFETY") STOPPED("c", "STOP"), "ab", STOPS "SAFETY", "SAFETY",
        -1, -1},
    {"RECITATION", FINISH("RECITATION"), "", STOPS "RECITATION", "RECITATION", -1, -1},
    {"BLOCKLIST", FINISH("BLOCKLIST"), "", STOPS "BLOCKLIST", "BLOCKLIST", -1, -1},
    {"PROHIBITED_CONTENT", FINISH("PROHIBITED_CONTENT"), "", STOPS "PROHIBITED_CONTENT",
        "PROHIBITED_CONTENT", -1, -1},
    {"SPII", FINISH("SPII"), "", STOPS "SPII", "SPII", -1, -1},
    {"LANGUAGE", FINISH("LANGUAGE"), "", STOPS "LANGUAGE", "LANGUAGE", -1, -1},
    {"a reason of next year", SAY("a") FINISH("NEXT_YEAR"), "a", STOPS "NEXT_YEAR", "NEXT_YEAR", -1,
        -1},
    {"MALFORMED_FUNCTION_CALL, with a sentence and usage",
        "data: {\"candidates\":[{\"content\":{},\"finishReason\":\"MALFORMED_FUNCTION_CALL\","
        "\"finishMessage\":\"Malformed function call: f(\"}],\"usageMetadata\":{"
        "\"promptTokenCount\":7}}\n\n",
        "",
        "the model wrote a tool call that cannot be read: MALFORMED_FUNCTION_CALL: Malformed "
        "function call: f(",
        "MALFORMED_FUNCTION_CALL", 7, -1},
    {"UNEXPECTED_TOOL_CALL", FINISH("UNEXPECTED_TOOL_CALL"), "",
        "the model called a tool that it does not have: UNEXPECTED_TOOL_CALL",
        "UNEXPECTED_TOOL_CALL", -1, -1},
    {"a function is called",
        PARTS("{\"functionCall\":{\"name\":\"f\",\"args\":{\"text\":\"x\"}}}") FINISH("STOP"), "",
        "the model called a tool", "STOP", -1, -1},
    {"a function is called, and the reason says so",
        SAY("a") "data: "
                 "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\"}"
                 "}]},\"finishReason\":\"FUNCTION_CALL\"}]}\n\n",
        "a", "the model called a tool", "FUNCTION_CALL", -1, -1},
    {"a blocked prompt",
        "data: {\"promptFeedback\": {\"blockReason\": \"PROHIBITED_CONTENT\"},\"usageMetadata\": {"
        "\"promptTokenCount\": 9,\"totalTokenCount\": 9},\"modelVersion\": \"gemini-x\"}\r\n\r\n",
        "", "the prompt was blocked: PROHIBITED_CONTENT", NULL, 9, -1},
    {"a blocked prompt, with a sentence",
        "data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\",\"blockReasonMessage\":\"Not so.\"}}"
        "\n\n",
        "", "the prompt was blocked: SAFETY: Not so.", NULL, -1, -1},
    {"not JSON", SAY("a") "data: {\"candidates\"\n\n" FINISH("STOP"), "a", "not JSON", NULL, -1,
        -1},
    {"HTML as an event", "data: <html>\n\n", "", "not JSON", NULL, -1, -1},
    {"an error",
        "data: {\"error\":{\"code\":400,\"message\":\"API key not valid.\",\"status\":"
        "\"INVALID_ARGUMENT\",\"details\":[]}}\n\n",
        "", "API key not valid.", NULL, -1, -1},
    {"an error after a word",
        SAY("a") "data: {\"error\": {\"code\": 503,\"message\": \"overloaded\"}}\r\n\r\n" FINISH(
            "STOP"),
        "a", "overloaded", NULL, -1, -1},
    {"an error in an array", SAY("a") "data: [{\"error\":{\"message\":\"exhausted\"}}]\n\n", "a",
        "exhausted", NULL, -1, -1},
    {"an error of several lines",
        "event: error\ndata: {\"error\":\ndata: {\"message\":\"gone\"}}\n\n", "", "gone", NULL, -1,
        -1},
    {"an error without a message", "data: {\"error\":{\"status\":\"INTERNAL\"}}\n\n", "",
        "INTERNAL", NULL, -1, -1},
    {"an error without anything", "data: {\"error\":{}}\n\n", "", "an error without a message",
        NULL, -1, -1},
    {"an error behind the finish reason",
        STOPPED("a", "STOP") "data: {\"error\":{\"message\":\"late\"}}\n\n", "a", "late", "STOP",
        -1, -1},
    {"a bare error", ERROR_503, "", "The model is [over]loaded. {\"", NULL, -1, -1},
    {"a bare error after a word", SAY("a") ERROR_503, "a", "The model is [over]loaded.", NULL, -1,
        -1},
    {"a bare error in an array, and more behind it",
        SAY("a") "[" ERROR_503 ",\n{\n  \"error\": 1}]\n\n" SAY("b") FINISH("STOP"), "a",
        "The model is [over]loaded.", NULL, -1, -1},
    {"a bare error behind the finish reason", STOPPED("a", "STOP") ERROR_503, "a",
        "The model is [over]loaded.", "STOP", -1, -1},
    {"half a bare error", STOPPED("a", "STOP") "{\n  \"error\": {\n    \"mess", "a",
        "a part of the stream is no event", "STOP", -1, -1},
    {"a bare chunk", STOPPED("a", "STOP") "{\"candidates\":[]}\n", "a",
        "a part of the stream is no event", "STOP", -1, -1},
    {"bare brackets", STOPPED("a", "STOP") "[}\n", "a", "a part of the stream is no event", "STOP",
        -1, -1},
};

/* Whether a line of it begins as a document does. */
static bool has_bare(const struct buf *stream)
{
    for (size_t i = 0; i < stream->len; i++)
        if ((i == 0 || stream->data[i - 1] == '\n') && strchr("{[", stream->data[i]) &&
            stream->data[i])
            return true;
    return false;
}

/* The model knows nothing of documents that stand bare among the lines. */
static void check_model(const struct buf *stream, const struct stream_run *r)
{
    const struct gemini_stream *g = r->stream;
    ck_assert_int_eq(g->stream.said, r->text.len > 0);
    if (!has_bare(stream))
        model_check(stream, g, &r->text, r->status);
}

static const struct stream_kind kind = {.reader = &gemini_reader,
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

/* A stream that ends anywhere is no success, unless its finish reason was heard. */
START_TEST(test_every_cut)
{
    const struct stream_row *row = &rows[_i];
    for (size_t len = 0; len <= strlen(row->stream); len++) {
        struct stream_run r;
        unit_stream_begin(&r, &gemini_reader);
        unit_stream_feed(&r, row->stream, len, len, 1);
        struct told told = unit_stream_end(&r);
        const struct gemini_stream *g = r.stream;
        ck_assert(r.status == STATUS_BACKEND ? r.err.text[0] : r.status == STATUS_OK);
        ck_assert(r.status || (told.finish_reason && r.text.len && !g->stream.called));
        unit_stream_release(&r);
    }
}
END_TEST

START_TEST(test_told)
{
    static const char stream[] = "data: {\"modelVersion\":\"m-1\",\"responseId\":\"r-1\"}\n\n"
                                 "data: {\"modelVersion\":\"m-2\",\"responseId\":\"r-2\"}\n\n";
    struct stream_run r;
    struct told told;
    unit_stream_begin(&r, &gemini_reader);
    unit_stream_feed(&r, stream, strlen(stream), 1000, 1000);
    r.reader->told(r.stream, &told);
    ck_assert_str_eq(told.model, "m-1");
    ck_assert_str_eq(told.id, "r-1");
    ck_assert(!told.done);
    unit_stream_feed(&r, "data: [DONE]\n\n", 14, 14, 1);
    r.reader->told(r.stream, &told);
    ck_assert(told.done);
    ck_assert_int_eq(r.status, STATUS_OK);
    unit_stream_release(&r);
}
END_TEST

/* A thousand times the same piece: what the caps make of it. */
static void run_cap(const char *begin, const char *piece, const char *error)
{
    struct stream_run r;
    unit_stream_begin(&r, &gemini_reader);
    unit_stream_feed(&r, begin, strlen(begin), strlen(begin), 1);
    for (int i = 0; i < 70000 && !r.status; i++)
        unit_stream_feed(&r, piece, strlen(piece), strlen(piece), 1);
    ck_assert_int_eq(r.status, STATUS_BACKEND);
    ck_assert_msg(strstr(r.err.text, error) != NULL, "%s", r.err.text);
    unit_stream_release(&r);
}

START_TEST(test_caps)
{
    run_cap("data: ", "xxxxxxxxxxxxxxxx", "larger than 1048576 bytes");
    run_cap("", "data: xxxxxxxxxxxxxxxx\n", "larger than 1048576 bytes");
    run_cap("{\"error\":{\"message\":\"", "xxxxxxxxxxxxxxxx", "a part of the stream is no event");
    run_cap("", "[", "a part of the stream is no event");
}
END_TEST

START_TEST(test_error_message)
{
    static const struct stream_message documents[] = {
        {"{\"error\":{\"code\":429,\"message\":\"a\",\"status\":\"RESOURCE_EXHAUSTED\"}}", "a"},
        {"[{\"error\":{\"code\":429,\"message\":\"a\"}}]", "a"},
        {"[{\"error\":{\"status\":\"INTERNAL\"}},{\"error\":{\"message\":\"a\"}}]", "INTERNAL"},
        {"{\"error\":{\"message\":5}}", "an error without a message"},
        {"{\"error\":\"b\"}", "b"},
        {"{\"message\":\"d\"}", "d"},
        {"{\"detail\":\"e\"}", "e"},
        {"{\"error\":null}", NULL},
        {"{\"error\":false}", NULL},
        {"{}", NULL},
        {"[]", NULL},
        {"[1]", NULL},
        {"[[{\"error\":\"b\"}]]", NULL},
        {"\"x\"", NULL},
    };
    unit_stream_messages(gemini_error_message, documents, COUNT(documents));
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
    Suite *suite = suite_create("gemini_stream");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_every_split, 0, COUNT(rows));
    tcase_add_loop_test(all, test_every_cut, 0, COUNT(rows));
    tcase_add_test(all, test_told);
    tcase_add_test(all, test_caps);
    tcase_add_test(all, test_error_message);
    tcase_add_loop_test(all, test_odd, 0, COUNT(odd));
    tcase_add_loop_test(all, test_mutations, 0, 10);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
