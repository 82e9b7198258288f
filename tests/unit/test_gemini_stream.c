#include "unit.h"
#include "unit_gemini.h"
#include "unit_mutate.h"

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

struct row {
    const char *name;
    const char *stream;
    const char *text;
    const char *error;  /* what the sentence contains; NULL: success */
    const char *reason; /* or NULL */
    int64_t input, output;
    bool bare; /* a document stands bare in it, of which the model knows nothing */
};

static const struct row rows[] = {
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
        "Hello world, \xC3\xA9\n", NULL, "STOP", 5, 12, false},
    {"several parts",
        PARTS("{\"text\":\"a\"},{\"text\":\"b\"},{\"text\":\"\"}") STOPPED("c", "STOP"), "abc",
        NULL, "STOP", -1, -1, false},
    {"thoughts are no text, but count",
        PARTS("{\"text\":\"hm\",\"thought\":true},{\"thought\":true,\"text\":\"hm\"}") PARTS(
            "{\"thought\":false,\"text\":\"a\",\"thoughtSignature\":\"x=\"}") FINISH("STOP")
            USAGE("\"promptTokenCount\":1,\"candidatesTokenCount\":2,\"thoughtsTokenCount\":40"),
        "a", NULL, "STOP", 1, 42, false},
    {"usage of thoughts only", SAY("a") FINISH("STOP") USAGE("\"thoughtsTokenCount\":40"), "a",
        NULL, "STOP", -1, 40, false},
    {"the last usage counts",
        SAY("a") USAGE("\"promptTokenCount\":9,\"candidatesTokenCount\":9") STOPPED("b", "STOP")
            USAGE("\"promptTokenCount\":3,\"candidatesTokenCount\":2"),
        "ab", NULL, "STOP", 3, 2, false},
    {"a finish reason in every chunk", STOPPED("a", "STOP") STOPPED("b", "STOP"), "ab", NULL,
        "STOP", -1, -1, false},
    {"no reason before the reason", STOPPED("a", "FINISH_REASON_UNSPECIFIED") FINISH("STOP"), "a",
        NULL, "STOP", -1, -1, false},
    {"as much as it may say", SAY("a") STOPPED("b", "MAX_TOKENS"), "ab", NULL, "MAX_TOKENS", -1, -1,
        false},
    {"other candidates",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"finishReason\":"
        "\"STOP\"},{\"content\":{\"parts\":[{\"text\":\"b\"}]},\"finishReason\":\"SAFETY\"}]}\n\n",
        "a", NULL, "STOP", -1, -1, false},
    {"ratings of a prompt that is not blocked",
        "data: {\"promptFeedback\":{\"safetyRatings\":[]}}\n\n" STOPPED("a", "STOP"), "a", NULL,
        "STOP", -1, -1, false},
    {"code and images are no text",
        PARTS("{\"executableCode\":{\"code\":\"x\"}},{\"inlineData\":{\"data\":\"eA==\"}}")
            STOPPED("a", "STOP"),
        "a", NULL, "STOP", -1, -1, false},
    {"LF, BOM, comments and an event's name",
        "\xEF\xBB\xBF: ping\n\nevent: message\nid: "
        "1\ndata:{\"candidates\":[{\"content\":{\"parts\":"
        "[{\"text\":\"a\"}]},\ndata: \"finishReason\":\"STOP\"}]}\n\n: ping\n\n",
        "a", NULL, "STOP", -1, -1, false},
    {"CR alone",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},"
        "\"finishReason\":\"STOP\"}]}\r\r",
        "a", NULL, "STOP", -1, -1, false},
    {"[DONE], and something behind it",
        STOPPED("a", "STOP") "data: [DONE]\n\n" SAY("b") "data: {\n\n{\n", "a", NULL, "STOP", -1,
        -1, false},
    {"an emoji's halves in two chunks", SAY("\\ud83d") STOPPED("\\ude00", "STOP"),
        "\xED\xA0\xBD\xED\xB8\x80", NULL, "STOP", -1, -1, false},
    {"error null",
        "data: {\"error\":null,\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},"
        "\"finishReason\":\"STOP\"}]}\n\n",
        "a", NULL, "STOP", -1, -1, false},
    /* failures */
    {"nothing", "", "", "truncated", NULL, -1, -1, false},
    {"only comments", ": ping\n\n: ping\n\n", "", "truncated", NULL, -1, -1, false},
    {"HTML", "<html>\n<body>proxy</body>\n\n", "", "truncated", NULL, -1, -1, false},
    {"no finish reason", SAY("a") SAY("b"), "ab", "truncated", NULL, -1, -1, false},
    {"only [DONE]", SAY("a") "data: [DONE]\n\n", "a", "truncated", NULL, -1, -1, false},
    {"only an unspecified reason", STOPPED("a", "FINISH_REASON_UNSPECIFIED"), "a", "truncated",
        NULL, -1, -1, false},
    {"cut off in an event", SAY("a") "data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n", "a",
        "truncated", NULL, -1, -1, false},
    {"empty", FINISH("STOP"), "", "the answer is empty (finish reason \"STOP\")", "STOP", -1, -1,
        false},
    {"all of it was thought", PARTS("{\"text\":\"hm\",\"thought\":true}") FINISH("MAX_TOKENS"), "",
        "the answer is empty (finish reason \"MAX_TOKENS\")", "MAX_TOKENS", -1, -1, false},
    {"SAFETY", SAY("a") STOPPED("b", "SAFETY") STOPPED("c", "STOP"), "ab", STOPS "SAFETY", "SAFETY",
        -1, -1, false},
    {"RECITATION", FINISH("RECITATION"), "", STOPS "RECITATION", "RECITATION", -1, -1, false},
    {"BLOCKLIST", FINISH("BLOCKLIST"), "", STOPS "BLOCKLIST", "BLOCKLIST", -1, -1, false},
    {"PROHIBITED_CONTENT", FINISH("PROHIBITED_CONTENT"), "", STOPS "PROHIBITED_CONTENT",
        "PROHIBITED_CONTENT", -1, -1, false},
    {"SPII", FINISH("SPII"), "", STOPS "SPII", "SPII", -1, -1, false},
    {"LANGUAGE", FINISH("LANGUAGE"), "", STOPS "LANGUAGE", "LANGUAGE", -1, -1, false},
    {"a reason of next year", SAY("a") FINISH("NEXT_YEAR"), "a", STOPS "NEXT_YEAR", "NEXT_YEAR", -1,
        -1, false},
    {"MALFORMED_FUNCTION_CALL, with a sentence and usage",
        "data: {\"candidates\":[{\"content\":{},\"finishReason\":\"MALFORMED_FUNCTION_CALL\","
        "\"finishMessage\":\"Malformed function call: f(\"}],\"usageMetadata\":{"
        "\"promptTokenCount\":7}}\n\n",
        "", STOPS "MALFORMED_FUNCTION_CALL: Malformed function call: f(", "MALFORMED_FUNCTION_CALL",
        7, -1, false},
    {"a function is called",
        PARTS("{\"functionCall\":{\"name\":\"f\",\"args\":{\"text\":\"x\"}}}") FINISH("STOP"), "",
        "the model called a tool", "STOP", -1, -1, false},
    {"a function is called, and the reason says so",
        SAY("a") "data: "
                 "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\"}"
                 "}]},\"finishReason\":\"FUNCTION_CALL\"}]}\n\n",
        "a", "the model called a tool", "FUNCTION_CALL", -1, -1, false},
    {"a blocked prompt",
        "data: {\"promptFeedback\": {\"blockReason\": \"PROHIBITED_CONTENT\"},\"usageMetadata\": {"
        "\"promptTokenCount\": 9,\"totalTokenCount\": 9},\"modelVersion\": \"gemini-x\"}\r\n\r\n",
        "", "the prompt was blocked: PROHIBITED_CONTENT", NULL, 9, -1, false},
    {"a blocked prompt, with a sentence",
        "data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\",\"blockReasonMessage\":\"Not so.\"}}"
        "\n\n",
        "", "the prompt was blocked: SAFETY: Not so.", NULL, -1, -1, false},
    {"not JSON", SAY("a") "data: {\"candidates\"\n\n" FINISH("STOP"), "a", "not JSON", NULL, -1, -1,
        false},
    {"HTML as an event", "data: <html>\n\n", "", "not JSON", NULL, -1, -1, false},
    {"an error",
        "data: {\"error\":{\"code\":400,\"message\":\"API key not valid.\",\"status\":"
        "\"INVALID_ARGUMENT\",\"details\":[]}}\n\n",
        "", "API key not valid.", NULL, -1, -1, false},
    {"an error after a word",
        SAY("a") "data: {\"error\": {\"code\": 503,\"message\": \"overloaded\"}}\r\n\r\n" FINISH(
            "STOP"),
        "a", "overloaded", NULL, -1, -1, false},
    {"an error in an array", SAY("a") "data: [{\"error\":{\"message\":\"exhausted\"}}]\n\n", "a",
        "exhausted", NULL, -1, -1, false},
    {"an error of several lines",
        "event: error\ndata: {\"error\":\ndata: {\"message\":\"gone\"}}\n\n", "", "gone", NULL, -1,
        -1, false},
    {"an error without a message", "data: {\"error\":{\"status\":\"INTERNAL\"}}\n\n", "",
        "INTERNAL", NULL, -1, -1, false},
    {"an error without anything", "data: {\"error\":{}}\n\n", "", "an error without a message",
        NULL, -1, -1, false},
    {"an error behind the finish reason",
        STOPPED("a", "STOP") "data: {\"error\":{\"message\":\"late\"}}\n\n", "a", "late", "STOP",
        -1, -1, false},
    {"a bare error", ERROR_503, "", "The model is [over]loaded. {\"", NULL, -1, -1, true},
    {"a bare error after a word", SAY("a") ERROR_503, "a", "The model is [over]loaded.", NULL, -1,
        -1, true},
    {"a bare error in an array, and more behind it",
        SAY("a") "[" ERROR_503 ",\n{\n  \"error\": 1}]\n\n" SAY("b") FINISH("STOP"), "a",
        "The model is [over]loaded.", NULL, -1, -1, true},
    {"a bare error behind the finish reason", STOPPED("a", "STOP") ERROR_503, "a",
        "The model is [over]loaded.", "STOP", -1, -1, true},
    {"half a bare error", STOPPED("a", "STOP") "{\n  \"error\": {\n    \"mess", "a",
        "a part of the stream is no event", "STOP", -1, -1, true},
    {"a bare chunk", STOPPED("a", "STOP") "{\"candidates\":[]}\n", "a",
        "a part of the stream is no event", "STOP", -1, -1, true},
    {"bare brackets", STOPPED("a", "STOP") "[}\n", "a", "a part of the stream is no event", "STOP",
        -1, -1, true},
};

static void on_text(void *ctx, const char *bytes, size_t len)
{
    ck_assert_uint_gt(len, 0);
    ck_assert_int_eq(buf_add(ctx, bytes, len), STATUS_OK);
}

/* The bytes in memory of their own, so that reading beyond them is noticed. */
static enum status feed(struct gemini_stream *g, const char *bytes, size_t len, struct error *err)
{
    char *copy = malloc(len ? len : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, len);
    enum status st = gemini_reader.feed(g, copy, len, err);
    free(copy);
    return st;
}

static void check_result(const struct row *r, const struct gemini_stream *g, const struct buf *text,
    enum status st, const struct error *err)
{
    struct told told;
    gemini_reader.told(g, &told);
    ck_assert_msg(!strcmp(buf_str(text), r->text), "%s: said \"%s\"", r->name, buf_str(text));
    ck_assert_msg(
        st == (r->error ? STATUS_BACKEND : STATUS_OK), "%s: %d \"%s\"", r->name, st, err->text);
    ck_assert_msg(!r->error || strstr(err->text, r->error), "%s: \"%s\"", r->name, err->text);
    ck_assert_pstr_eq(told.finish_reason, r->reason);
    ck_assert_int_eq(told.input_tokens, r->input);
    ck_assert_int_eq(told.output_tokens, r->output);
    ck_assert_int_eq(g->stream.said, text->len > 0);
}

/* The stream in pieces of a first length and then of the others. */
static void run_pieces(const struct row *r, size_t first, size_t others)
{
    struct gemini_stream g;
    struct buf text, stream;
    struct error err = {.text = ""};
    enum status st = STATUS_OK;
    size_t len = strlen(r->stream);
    buf_init(&text, BUF_SMALL);
    buf_init(&stream, BUF_SMALL);
    ck_assert_int_eq(buf_adds(&stream, r->stream), STATUS_OK);
    gemini_reader.init(&g, on_text, &text);
    for (size_t at = 0, n = first; at < len && !st; at += n, n = others) {
        if (n > len - at)
            n = len - at;
        st = feed(&g, r->stream + at, n, &err);
    }
    if (!r->bare)
        model_check(&stream, &g, &text, st);
    if (!st)
        st = gemini_reader.end(&g, &err);
    check_result(r, &g, &text, st, &err);
    gemini_reader.release(&g);
    buf_release(&text);
    buf_release(&stream);
}

START_TEST(test_every_split)
{
    const struct row *r = &rows[_i];
    size_t len = strlen(r->stream);
    for (size_t split = 0; split <= len; split++)
        run_pieces(r, split, len ? len : 1);
    for (size_t n = 1; n <= 16; n++)
        run_pieces(r, n, n);
}
END_TEST

/* A stream that ends anywhere is no success, unless its finish reason was heard. */
START_TEST(test_every_cut)
{
    const struct row *r = &rows[_i];
    for (size_t len = 0; len <= strlen(r->stream); len++) {
        struct gemini_stream g;
        struct buf text;
        struct error err = {.text = ""};
        buf_init(&text, BUF_SMALL);
        gemini_reader.init(&g, on_text, &text);
        enum status st = feed(&g, r->stream, len, &err);
        if (!st)
            st = gemini_reader.end(&g, &err);
        ck_assert(st == STATUS_BACKEND ? err.text[0] : st == STATUS_OK);
        ck_assert(st || (g.stream.finish_reason && text.len && !g.called));
        gemini_reader.release(&g);
        buf_release(&text);
    }
}
END_TEST

START_TEST(test_told)
{
    struct gemini_stream g;
    struct buf text;
    struct error err;
    struct told told;
    static const char stream[] = "data: {\"modelVersion\":\"m-1\",\"responseId\":\"r-1\"}\n\n"
                                 "data: {\"modelVersion\":\"m-2\",\"responseId\":\"r-2\"}\n\n";
    buf_init(&text, BUF_SMALL);
    gemini_reader.init(&g, on_text, &text);
    ck_assert_int_eq(feed(&g, stream, sizeof stream - 1, &err), STATUS_OK);
    gemini_reader.told(&g, &told);
    ck_assert_str_eq(told.model, "m-1");
    ck_assert_str_eq(told.id, "r-1");
    ck_assert(!told.done);
    ck_assert_int_eq(feed(&g, "data: [DONE]\n\n", 14, &err), STATUS_OK);
    gemini_reader.told(&g, &told);
    ck_assert(told.done);
    gemini_reader.release(&g);
    buf_release(&text);
}
END_TEST

/* A thousand times the same piece: what the caps make of it. */
static void run_cap(const char *begin, const char *piece, const char *error)
{
    struct gemini_stream g;
    struct buf text;
    struct error err = {.text = ""};
    buf_init(&text, BUF_SMALL);
    gemini_reader.init(&g, on_text, &text);
    enum status st = feed(&g, begin, strlen(begin), &err);
    for (int i = 0; i < 70000 && !st; i++)
        st = feed(&g, piece, strlen(piece), &err);
    ck_assert_int_eq(st, STATUS_BACKEND);
    ck_assert_msg(strstr(err.text, error) != NULL, "%s", err.text);
    gemini_reader.release(&g);
    buf_release(&text);
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
    static const struct {
        const char *json;
        const char *message;
    } documents[] = {
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
    for (size_t i = 0; i < COUNT(documents); i++) {
        struct json *j = NULL;
        ck_assert_int_eq(
            json_parse(documents[i].json, strlen(documents[i].json), &j, NULL), STATUS_OK);
        ck_assert_pstr_eq(gemini_error_message(j), documents[i].message);
        json_free(j);
    }
}
END_TEST

/* ---- what a broken gateway may send ---- */

/* A stream of the rows, with odd chunks in it. */
static void make_stream(struct buf *stream, uint32_t *state)
{
    for (uint32_t n = next_random(state) % 3; n; n--)
        buf_printf(stream, "data: %s\n\n", odd[next_random(state) % COUNT(odd)]);
    buf_adds(stream, rows[next_random(state) % COUNT(rows)].stream);
}

/* Each odd chunk alone, and between two others. */
START_TEST(test_odd)
{
    for (int alone = 0; alone < 2; alone++) {
        struct gemini_stream g;
        struct buf stream, text;
        struct error err;
        buf_init(&stream, BUF_SMALL);
        buf_init(&text, BUF_SMALL);
        gemini_reader.init(&g, on_text, &text);
        buf_printf(&stream, "%sdata: %s\n\n%s", alone ? "" : SAY("x"), odd[_i], SAY("y"));
        enum status st = feed(&g, stream.data, stream.len, &err);
        model_check(&stream, &g, &text, st);
        gemini_reader.release(&g);
        buf_release(&stream);
        buf_release(&text);
    }
}
END_TEST

/* Whether a line of it begins as a document does. */
static bool has_bare(const struct buf *stream)
{
    for (size_t i = 0; i < stream->len; i++)
        if ((i == 0 || stream->data[i - 1] == '\n') && strchr("{[", stream->data[i]) &&
            stream->data[i])
            return true;
    return false;
}

static enum status feed_randomly(
    struct gemini_stream *g, const struct buf *stream, uint32_t *state, struct error *err)
{
    enum status st = STATUS_OK;
    for (size_t at = 0, n; at < stream->len && !st; at += n) {
        n = next_random(state) % 64 + 1;
        if (n > stream->len - at)
            n = stream->len - at;
        st = feed(g, stream->data + at, n, err);
    }
    return st;
}

static void run_mutation(uint32_t *state)
{
    struct gemini_stream g;
    struct buf stream, text;
    struct error err = {.text = ""};
    buf_init(&stream, BUF_SMALL);
    buf_init(&text, BUF_SMALL);
    make_stream(&stream, state);
    for (uint32_t n = next_random(state) % 4 + 1; n; n--)
        mutate(&stream, state);
    gemini_reader.init(&g, on_text, &text);
    enum status st = feed_randomly(&g, &stream, state, &err);
    if (!has_bare(&stream))
        model_check(&stream, &g, &text, st);
    if (!st)
        st = gemini_reader.end(&g, &err);
    ck_assert(st == STATUS_OK || st == STATUS_BACKEND);
    if (st)
        ck_assert(err.text[0] || (g.stream.error && !*g.stream.error));
    else
        ck_assert(g.stream.finish_reason && text.len && !g.stream.error && !g.called);
    gemini_reader.release(&g);
    buf_release(&stream);
    buf_release(&text);
}

START_TEST(test_mutations)
{
    uint32_t state = 20260101u + (uint32_t)_i;
    for (int i = 0; i < 1000; i++)
        run_mutation(&state);
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
