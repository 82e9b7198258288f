#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/anthropic_stream.h"
#include "unit_anthropic.h"
#include "unit_mutate.h"

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

struct row {
    const char *name;
    const char *stream;
    const char *text;
    const char *error;  /* what the sentence contains; NULL: success */
    const char *reason; /* or NULL */
    int64_t input, output;
};

static const struct row rows[] = {
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

enum { ROWS = sizeof rows / sizeof *rows };

static void on_text(void *ctx, const char *bytes, size_t len)
{
    buf_add(ctx, bytes, len);
}

/* One piece, in memory of its exact size. */
static enum status feed(
    struct anthropic_stream *s, const char *bytes, size_t len, struct error *err)
{
    char *copy = malloc(len ? len : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, len);
    enum status st = anthropic_reader.feed(s, copy, len, err);
    free(copy);
    return st;
}

static void check_result(const struct row *r, const struct stream *s, const struct buf *text,
    enum status st, const struct error *err)
{
    ck_assert_msg(!strcmp(buf_str(text), r->text), "%s: said \"%s\"", r->name, buf_str(text));
    ck_assert_msg(st == (r->error ? STATUS_BACKEND : STATUS_OK), "%s: \"%s\"", r->name, err->text);
    ck_assert_msg(!r->error || strstr(err->text, r->error), "%s: \"%s\"", r->name, err->text);
    ck_assert_pstr_eq(s->finish_reason, r->reason);
    ck_assert_msg(s->input_tokens == r->input, "%s: %d in", r->name, (int)s->input_tokens);
    ck_assert_msg(s->output_tokens == r->output, "%s: %d out", r->name, (int)s->output_tokens);
    ck_assert_int_eq(s->said, text->len > 0);
}

/* The stream in pieces of a first length and then of the others. */
static void run_pieces(const struct row *r, size_t first, size_t others)
{
    struct anthropic_stream s;
    struct buf text;
    struct error err = {.text = ""};
    enum status st = STATUS_OK;
    size_t len = strlen(r->stream);
    char *copy = strdup(r->stream);
    ck_assert_ptr_nonnull(copy);
    buf_init(&text, BUF_SMALL);
    anthropic_reader.init(&s, on_text, &text);
    for (size_t at = 0, n = first; at < len && !st; at += n, n = others) {
        if (n > len - at)
            n = len - at;
        st = feed(&s, r->stream + at, n, &err);
    }
    struct buf stream = {.data = copy, .len = len};
    model_check(&stream, &s.base, &text, st);
    if (!st)
        st = anthropic_reader.end(&s, &err);
    check_result(r, &s.base, &text, st, &err);
    anthropic_reader.release(&s);
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

/* A stream that ends anywhere before its stop reason is no success. */
START_TEST(test_every_end)
{
    static const char stream[] = HEAD SAY("a") SAY("b") TAIL("end_turn");
    size_t whole = (size_t)(strstr(stream, "event: message_stop") - stream);
    for (size_t len = 0; len < sizeof stream; len++) {
        struct anthropic_stream s;
        struct buf text;
        struct error err = {.text = ""};
        buf_init(&text, BUF_SMALL);
        anthropic_reader.init(&s, on_text, &text);
        ck_assert_int_eq(feed(&s, stream, len, &err), STATUS_OK);
        ck_assert_int_eq(anthropic_reader.end(&s, &err), len < whole ? STATUS_BACKEND : STATUS_OK);
        ck_assert(len >= whole || strstr(err.text, "truncated"));
        ck_assert_int_eq(s.base.done, len == sizeof stream - 1);
        ck_assert_pstr_eq(s.base.model, len < sizeof START - 1 ? NULL : "m-1");
        anthropic_reader.release(&s);
        buf_release(&text);
    }
}
END_TEST

/* One line, and one event of many lines, over the cap. */
START_TEST(test_caps)
{
    for (int lines = 0; lines < 2; lines++) {
        struct anthropic_stream s;
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
        anthropic_reader.init(&s, on_text, &text);
        for (int i = 0; i < 1100 && !st; i++)
            st = feed(&s, piece, sizeof piece, &err);
        ck_assert_int_eq(st, STATUS_BACKEND);
        ck_assert_msg(strstr(err.text, "larger than 1048576 bytes") != NULL, "%s", err.text);
        anthropic_reader.release(&s);
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
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        struct json *j = NULL;
        ck_assert_int_eq(
            json_parse(documents[i].json, strlen(documents[i].json), &j, NULL), STATUS_OK);
        ck_assert_pstr_eq(anthropic_error_message(j), documents[i].message);
        json_free(j);
    }
}
END_TEST

/* Each odd event alone, and between two others. */
START_TEST(test_odd)
{
    static const char *const names[] = {"", "event: error\n", "event: content_block_delta\n"};
    for (int way = 0; way < 6; way++) {
        struct anthropic_stream s;
        struct buf stream, text;
        struct error err;
        buf_init(&stream, BUF_SMALL);
        buf_init(&text, BUF_SMALL);
        anthropic_reader.init(&s, on_text, &text);
        buf_printf(&stream, "%s%sdata: %s\n\n%s", way < 3 ? "" : SAY("x"), names[way % 3], odd[_i],
            SAY("y"));
        enum status st = feed(&s, stream.data, stream.len, &err);
        model_check(&stream, &s.base, &text, st);
        anthropic_reader.release(&s);
        buf_release(&stream);
        buf_release(&text);
    }
}
END_TEST

/* ---- what a broken gateway may send ---- */

/* A stream of the rows, with odd events before it. */
static void make_stream(struct buf *stream, uint32_t *state)
{
    for (uint32_t n = next_random(state) % 3; n; n--)
        buf_printf(stream, "data: %s\n\n", odd[next_random(state) % (sizeof odd / sizeof *odd)]);
    buf_adds(stream, rows[next_random(state) % ROWS].stream);
}

static void run_mutation(uint32_t *state)
{
    struct anthropic_stream s;
    struct buf stream, text;
    struct error err = {.text = ""};
    enum status st = STATUS_OK;
    buf_init(&stream, BUF_SMALL);
    buf_init(&text, BUF_SMALL);
    make_stream(&stream, state);
    for (uint32_t n = next_random(state) % 4 + 1; n; n--)
        mutate(&stream, state);
    anthropic_reader.init(&s, on_text, &text);
    for (size_t at = 0, n; at < stream.len && !st; at += n) {
        n = next_random(state) % 64 + 1;
        if (n > stream.len - at)
            n = stream.len - at;
        st = feed(&s, stream.data + at, n, &err);
    }
    model_check(&stream, &s.base, &text, st);
    if (!st)
        st = anthropic_reader.end(&s, &err);
    ck_assert(st == STATUS_OK || st == STATUS_BACKEND);
    if (st)
        ck_assert(err.text[0]);
    else
        ck_assert(s.base.finish_reason && *s.base.finish_reason && text.len && !s.base.error);
    anthropic_reader.release(&s);
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
    Suite *suite = suite_create("anthropic_stream");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_every_split, 0, ROWS);
    tcase_add_test(all, test_every_end);
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
