#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/openai_stream.h"
#include "unit_openai.h"
#include "unit_stream.h"

/* A chunk with some text, and others that streams are made of. */
#define SAY(text)                                                                                  \
    "data: {\"model\":\"m-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"}}]}"   \
    "\n\n"
#define ROLE "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
#define FINISH(reason) "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"" reason "\"}]}\n\n"
#define USAGE "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\n"
#define DONE "data: [DONE]\n\n"

struct row {
    const char *name;
    const char *stream;
    const char *text;
    const char *error;  /* what the sentence contains; NULL: success */
    const char *reason; /* or NULL */
    int64_t input, output;
};

static const struct row rows[] = {
    {"plain", ROLE SAY("Hello") SAY(" world") FINISH("stop") DONE, "Hello world", NULL, "stop", -1,
        -1},
    {"usage", ROLE SAY("Hi") FINISH("stop") USAGE DONE, "Hi", NULL, "stop", 7, 2},
    {"usage in the last chunk",
        SAY("Hi") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":"
                  "{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\n" DONE,
        "Hi", NULL, "stop", 1, 1},
    {"usage null",
        "data: "
        "{\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}],\"usage\":null}"
        "\n\n" FINISH("stop") DONE,
        "Hi", NULL, "stop", -1, -1},
    {"CRLF",
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\r\n\r\n"
        "data: {\"choices\":[{\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}\r\n\r\n"
        "data: [DONE]\r\n\r\n",
        "ab", NULL, "stop", -1, -1},
    {"CR alone",
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\r\r"
        "data: [DONE]\r\r",
        "a", NULL, "stop", -1, -1},
    {"BOM", "\xEF\xBB\xBF" SAY("a") FINISH("stop") DONE, "a", NULL, "stop", -1, -1},
    {"no space behind the colon",
        "data:{\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n"
        "data:[DONE]\n\n",
        "a", NULL, "stop", -1, -1},
    {"data of several lines",
        "data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"a\"},\ndata: "
        "\"finish_reason\":\"stop\"}]}\n\n",
        "a", NULL, "stop", -1, -1},
    {"comments", ": PROCESSING\n\n: ping\n" SAY("a") ":\n\n" FINISH("stop") ": x\n\n" DONE, "a",
        NULL, "stop", -1, -1},
    {"event, id and retry lines",
        "retry: 100\nid: 1\nevent: message\n" SAY("a") "id: 2\n" FINISH("stop") DONE, "a", NULL,
        "stop", -1, -1},
    {"finish reason and usage of a chunk without a delta",
        SAY("a") "data: {\"choices\":[{\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":4,"
                 "\"completion_tokens\":5,\"completion_tokens_details\":{\"reasoning_tokens\":3}}}"
                 "\n\n" DONE,
        "a", NULL, "stop", 4, 5},
    {"first chunk without choices",
        "data: {\"choices\":[],\"prompt_filter_results\":[{\"prompt_index\":0}]}\n\n" ROLE SAY("a")
            FINISH("stop") DONE,
        "a", NULL, "stop", -1, -1},
    {"no [DONE]", SAY("a") FINISH("stop"), "a", NULL, "stop", -1, -1},
    {"something behind [DONE]", SAY("a") FINISH("stop") DONE SAY("b") "data: {\n\n", "a", NULL,
        "stop", -1, -1},
    {"reasoning is no text",
        "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n"
        "data: {\"choices\":[{\"delta\":{\"reasoning\":\"hm\"}}]}\n\n" SAY("a") FINISH("stop") DONE,
        "a", NULL, "stop", -1, -1},
    {"error null",
        "data: "
        "{\"error\":null,\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}"
        "]}\n\n" DONE,
        "a", NULL, "stop", -1, -1},
    {"escapes", SAY("\\u00e9\\n\\\"\\ud83d\\ude00") FINISH("stop") DONE,
        "\xC3\xA9\n\"\xF0\x9F\x98\x80", NULL, "stop", -1, -1},
    {"an emoji's halves in two chunks", SAY("\\ud83d") SAY("\\ude00") FINISH("stop") DONE,
        "\xED\xA0\xBD\xED\xB8\x80", NULL, "stop", -1, -1},
    {"length", SAY("a") FINISH("length") USAGE DONE, "a", NULL, "length", 7, 2},
    {"reasoning in the content",
        SAY("<think>a\\n<b</thin</think>\\n\\n") SAY("c <think>d</think>") FINISH("stop") DONE,
        "c <think>d</think>", NULL, "stop", -1, -1},
    {"reasoning behind white space, escaped",
        ROLE SAY("\\n \\u003cth") SAY("ink\\u003ehm</think> a") FINISH("stop"), "a", NULL, "stop",
        -1, -1},
    {"nearly reasoning", SAY(" <thin") SAY("g> a") FINISH("stop") DONE, " <thing> a", NULL, "stop",
        -1, -1},
    {"only the beginning of a tag", SAY(" <thi") FINISH("stop") DONE, " <thi", NULL, "stop", -1,
        -1},
    {"reasoning later", SAY("a <think>b</think>") FINISH("stop") DONE, "a <think>b</think>", NULL,
        "stop", -1, -1},
    {"the end of reasoning alone", SAY("hm</think>a") FINISH("stop") DONE, "hm</think>a", NULL,
        "stop", -1, -1},
    /* failures */
    {"reasoning that does not end", SAY("<think>a") SAY("b</think") FINISH("length") DONE, "",
        "it ended within its reasoning (finish reason \"length\")", "length", -1, -1},
    {"nothing but reasoning", SAY("<think>a</think>\\n") FINISH("stop") DONE, "",
        "the answer is empty (finish reason \"stop\")", "stop", -1, -1},
    {"nothing", "", "", "truncated", NULL, -1, -1},
    {"only comments", ": ping\n\n: ping\n\n", "", "truncated", NULL, -1, -1},
    {"only [DONE]", DONE, "", "truncated", NULL, -1, -1},
    {"no finish reason", SAY("a") DONE, "a", "truncated", NULL, -1, -1},
    {"cut off between events", SAY("a") SAY("b"), "ab", "truncated", NULL, -1, -1},
    {"cut off in an event",
        SAY("a") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n", "a",
        "truncated", NULL, -1, -1},
    {"empty", ROLE FINISH("stop") DONE, "", "the answer is empty (finish reason \"stop\")", "stop",
        -1, -1},
    {"empty and too long", ROLE FINISH("length") DONE, "", "empty (finish reason \"length\")",
        "length", -1, -1},
    {"content filter", SAY("a") FINISH("content_filter") DONE, "a", "content filter",
        "content_filter", -1, -1},
    {"refusal",
        "data: {\"choices\":[{\"delta\":{\"refusal\":\"I can\"}}]}\n\n"
        "data: {\"choices\":[{\"delta\":{\"refusal\":\"not\"}}]}\n\n" FINISH("stop") DONE,
        "", "the model refused: I cannot", "stop", -1, -1},
    {"tool calls",
        "data: "
        "{\"choices\":[{\"delta\":{\"content\":null,\"tool_calls\":[{\"index\":0,\"id\":\"c1\","
        "\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}}]}\n\n" FINISH(
            "tool_calls") DONE,
        "", "called a tool", "tool_calls", -1, -1},
    {"function call", SAY("a") FINISH("function_call") DONE, "a", "called a tool", "function_call",
        -1, -1},
    {"not JSON", SAY("a") "data: {\"choices\"\n\n" FINISH("stop") DONE, "a", "not JSON", NULL, -1,
        -1},
    {"HTML", "data: <html>\n\n", "", "not JSON", NULL, -1, -1},
    {"error object",
        SAY("a") "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\","
                 "\"code\":529}}\n\n" FINISH("stop") DONE,
        "a", "overloaded", NULL, -1, -1},
    {"error string", "data: {\"error\":\"model not found\"}\n\n", "", "model not found", NULL, -1,
        -1},
    {"error of vLLM", "data: {\"object\":\"error\",\"message\":\"too long\",\"code\":400}\n\n" DONE,
        "", "too long", NULL, -1, -1},
    {"error without a message", "data: {\"error\":{}}\n\n", "", "an error without a message", NULL,
        -1, -1},
    {"error named by an event", "event: error\ndata: {\"error\":{\"message\":\"gone\"}}\n\n", "",
        "gone", NULL, -1, -1},
    {"error of OpenRouter",
        SAY("a") "data: {\"id\":\"g\",\"error\":{\"code\":502,\"message\":\"cut\"},\"choices\":[{"
                 "\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n",
        "a", "cut", NULL, -1, -1},
    {"error for a finish reason", SAY("a") FINISH("error") DONE, "a", "broke the answer off",
        "error", -1, -1},
    {"error behind the finish reason",
        SAY("a") FINISH("stop") "data: {\"error\":{\"message\":\"late\"}}\n\n", "a", "late", "stop",
        -1, -1},
};

enum { ROWS = sizeof rows / sizeof *rows };

static void on_text(void *ctx, const char *bytes, size_t len)
{
    buf_add(ctx, bytes, len);
}

/* One piece, in memory of its exact size. */
static enum status feed(struct openai_stream *s, const char *bytes, size_t len, struct error *err)
{
    char *copy = malloc(len ? len : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, len);
    enum status st = openai_reader.feed(s, copy, len, err);
    free(copy);
    return st;
}

static void check_result(const struct row *r, const struct openai_stream *s, const struct buf *text,
    enum status st, const struct error *err)
{
    ck_assert_msg(!strcmp(buf_str(text), r->text), "%s: said \"%s\"", r->name, buf_str(text));
    ck_assert_int_eq(st, r->error ? STATUS_BACKEND : STATUS_OK);
    ck_assert_msg(!r->error || strstr(err->text, r->error), "%s: \"%s\"", r->name, err->text);
    ck_assert_pstr_eq(s->base.finish_reason, r->reason);
    ck_assert_int_eq(s->base.input_tokens, r->input);
    ck_assert_int_eq(s->base.output_tokens, r->output);
    ck_assert_int_eq(s->base.said, text->len > 0);
}

/* The stream in pieces of a first length and then of the others. */
static void run_pieces(const struct row *r, size_t first, size_t others)
{
    struct openai_stream s;
    struct buf text;
    struct error err = {.text = ""};
    enum status st = STATUS_OK;
    size_t len = strlen(r->stream);
    char *copy = strdup(r->stream);
    ck_assert_ptr_nonnull(copy);
    buf_init(&text, BUF_SMALL);
    openai_reader.init(&s, on_text, &text);
    for (size_t at = 0, n = first; at < len && !st; at += n, n = others) {
        if (n > len - at)
            n = len - at;
        st = feed(&s, r->stream + at, n, &err);
    }
    struct buf stream = {.data = copy, .len = len};
    model_check(&stream, &s, &text, st);
    if (!st)
        st = openai_reader.end(&s, &err);
    check_result(r, &s, &text, st, &err);
    openai_reader.release(&s);
    buf_release(&text);
    free(copy);
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

START_TEST(test_model)
{
    struct openai_stream s;
    struct buf text;
    struct error err;
    static const char stream[] = "data: {\"id\":\"\",\"model\":\"\",\"choices\":[]}\n\n" SAY(
        "a") "data: {\"id\":\"c-1\",\"model\":\"m-2\",\"choices\":[]}\n\n"
             "data: {\"id\":\"c-2\",\"choices\":[]}\n\n" FINISH("stop");
    buf_init(&text, BUF_SMALL);
    openai_reader.init(&s, on_text, &text);
    ck_assert_int_eq(feed(&s, stream, sizeof stream - 1, &err), STATUS_OK);
    ck_assert_str_eq(s.base.model, "m-1");
    ck_assert_str_eq(s.base.id, "c-1");
    ck_assert(!s.base.done);
    ck_assert_int_eq(feed(&s, DONE, strlen(DONE), &err), STATUS_OK);
    ck_assert(s.base.done);
    openai_reader.release(&s);
    buf_release(&text);
}
END_TEST

/* One line, and one event of many lines, over the cap. */
START_TEST(test_caps)
{
    for (int lines = 0; lines < 2; lines++) {
        struct openai_stream s;
        struct buf text;
        struct error err = {.text = ""};
        char piece[1024];
        enum status st = STATUS_OK;
        memset(piece, 'x', sizeof piece);
        if (lines) {
            memcpy(piece, "data: ", 6);
            piece[sizeof piece - 1] = '\n';
        }
        buf_init(&text, BUF_SMALL);
        openai_reader.init(&s, on_text, &text);
        for (int i = 0; i < 1100 && !st; i++)
            st = feed(&s, piece, sizeof piece, &err);
        ck_assert_int_eq(st, STATUS_BACKEND);
        ck_assert_msg(strstr(err.text, "larger than 1048576 bytes") != NULL, "%s", err.text);
        openai_reader.release(&s);
        buf_release(&text);
    }
}
END_TEST

START_TEST(test_error_message)
{
    static const struct {
        const char *json;
        const char *message;
    } documents[] = {
        {"{\"error\":{\"message\":\"a\"}}", "a"},
        {"{\"error\":{\"message\":5}}", "an error without a message"},
        {"{\"error\":\"b\"}", "b"},
        {"{\"object\":\"error\",\"message\":\"c\"}", "c"},
        {"{\"message\":\"d\"}", "d"},
        {"{\"detail\":\"e\"}", "e"},
        {"{\"object\":\"chat.completion.chunk\",\"choices\":[],\"message\":\"f\"}", NULL},
        {"{\"error\":null}", NULL},
        {"{\"error\":false}", NULL},
        {"{}", NULL},
        {"[1]", NULL},
        {"\"x\"", NULL},
    };
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        struct json *j = NULL;
        ck_assert_int_eq(
            json_parse(documents[i].json, strlen(documents[i].json), &j, NULL), STATUS_OK);
        ck_assert_pstr_eq(openai_error_message(j), documents[i].message);
        json_free(j);
    }
}
END_TEST

/* ---- what a broken gateway may send ---- */

/* A stream of the rows, with odd chunks in it. */
static void make_stream(struct buf *stream, uint32_t *state)
{
    for (uint32_t n = unit_random(state) % 3; n; n--)
        buf_printf(stream, "data: %s\n\n", odd[unit_random(state) % (sizeof odd / sizeof *odd)]);
    buf_adds(stream, rows[unit_random(state) % ROWS].stream);
}

/* Each odd chunk alone, and between two others. */
START_TEST(test_odd)
{
    for (int alone = 0; alone < 2; alone++) {
        struct openai_stream s;
        struct buf stream, text;
        struct error err;
        buf_init(&stream, BUF_SMALL);
        buf_init(&text, BUF_SMALL);
        openai_reader.init(&s, on_text, &text);
        buf_printf(&stream, "%sdata: %s\n\n%s", alone ? "" : SAY("x"), odd[_i], SAY("y"));
        enum status st = feed(&s, stream.data, stream.len, &err);
        model_check(&stream, &s, &text, st);
        openai_reader.release(&s);
        buf_release(&stream);
        buf_release(&text);
    }
}
END_TEST

static void run_mutation(uint32_t *state)
{
    struct openai_stream s;
    struct buf stream, text;
    struct error err = {.text = ""};
    enum status st = STATUS_OK;
    buf_init(&stream, BUF_SMALL);
    buf_init(&text, BUF_SMALL);
    make_stream(&stream, state);
    for (uint32_t n = unit_random(state) % 4 + 1; n; n--)
        unit_mutate(&stream, state);
    openai_reader.init(&s, on_text, &text);
    for (size_t at = 0, n; at < stream.len && !st; at += n) {
        n = unit_random(state) % 64 + 1;
        if (n > stream.len - at)
            n = stream.len - at;
        st = feed(&s, stream.data + at, n, &err);
    }
    model_check(&stream, &s, &text, st);
    if (!st)
        st = openai_reader.end(&s, &err);
    ck_assert(st == STATUS_OK || st == STATUS_BACKEND);
    if (st)
        ck_assert(err.text[0] || (s.base.error && !*s.base.error));
    else
        ck_assert(s.base.finish_reason && *s.base.finish_reason && text.len && !s.base.error);
    openai_reader.release(&s);
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
    Suite *suite = suite_create("openai_stream");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_every_split, 0, ROWS);
    tcase_add_test(all, test_model);
    tcase_add_test(all, test_caps);
    tcase_add_test(all, test_error_message);
    tcase_add_loop_test(all, test_odd, 0, sizeof odd / sizeof *odd);
    tcase_add_loop_test(all, test_mutations, 0, 10);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
