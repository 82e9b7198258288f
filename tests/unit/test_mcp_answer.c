#include "agent/mcp_answer.h"

#include "unit.h"

#define EVENTS "text/event-stream"
#define JSON "application/json"

/* Answers to request 7. Messages are written down with a ";" behind each. */
static const struct row {
    const char *name;
    int status;
    const char *type, *body;
    const char *messages;
    const char *error; /* what the sentence contains; NULL: answered */
    const char *last_id;
    int64_t retry; /* 0: as without a word */
} rows[] = {
    {.name = "json",
        .status = 200,
        .type = JSON "; charset=utf-8",
        .body = " {\"id\":7,\"result\":{}} ",
        .messages = "{\"id\":7,\"result\":{}};"},
    {.name = "json error",
        .status = 200,
        .type = JSON,
        .body = "{\"error\":{\"code\":-1},\"id\":7}",
        .messages = "{\"error\":{\"code\":-1},\"id\":7};"},
    {.name = "batch",
        .status = 200,
        .type = JSON,
        .body = "[{\"method\":\"a\"}, 5, {\"id\":7,\"result\":[1]},{\"method\":\"b\"}]",
        .messages = "{\"method\":\"a\"};{\"id\":7,\"result\":[1]};"},
    {.name = "events",
        .status = 200,
        .type = EVENTS,
        .body = "data: {\"id\":7,\"result\":{}}\n\n",
        .messages = "{\"id\":7,\"result\":{}};"},
    {.name = "everything that a stream may have",
        .status = 200,
        .type = EVENTS ";charset=utf-8",
        .body = "\xEF\xBB\xBF: hello\r\nid: a-1\r\nretry: 250\r\ndata: \r\n\r\n"
                "event: ping\r\nid: a-2\r\ndata: not JSON\r\n\r\n"
                "event: message\r\ndata: {\"method\":\"notifications/progress\",\r\n"
                "data: \"params\":{}}\r\nid: a-3\r\n\r\n: ping\r\n\r\n"
                "id: a-4\r\ndata: {\"method\":\"roots/list\",\"id\":7}\r\n\r\n"
                "data: {\"id\":6,\"result\":{}}\r\n\r\n"
                "data: {\"result\":{\"\\u0069d\":7},\"\\u0069d\":7}\r\n\r\n"
                "data: {\"method\":\"late\"}\r\n\r\n",
        .messages = "{\"method\":\"notifications/progress\",\n\"params\":{}};"
                    "{\"method\":\"roots/list\",\"id\":7};{\"id\":6,\"result\":{}};"
                    "{\"result\":{\"\\u0069d\":7},\"\\u0069d\":7};",
        .last_id = "a-4",
        .retry = 250},
    {.name = "a batch in an event",
        .status = 200,
        .type = EVENTS,
        .body = "data: [{\"method\":\"a\"},{\"id\":7}]\n\n",
        .messages = "{\"method\":\"a\"};{\"id\":7};"},
    {.name = "what is wrong, and not with what",
        .status = 200,
        .type = EVENTS,
        .body = "data: {\"id\":null,\"error\":{\"message\":\"no key open-sesame\"}}\n\n",
        .error = "no key [redacted]"},
    {.name = "the same, whole",
        .status = 200,
        .type = JSON,
        .body = "{\"error\":{\"message\":\"no key open-sesame\"}}",
        .error = "HTTP 200: no key [redacted]"},
    {.name = "an event that is not whole has no id",
        .status = 200,
        .type = EVENTS,
        .body = "id: 1\ndata:\n\nid: 2\ndata: {\"id\":7,\"result\":{}}\n",
        .error = "its event stream ended before the answer",
        .last_id = "1"},
    {.name = "an id that is a text",
        .status = 200,
        .type = EVENTS,
        .body = "data: {\"id\":\"7\",\"result\":{}}\n\n",
        .messages = "{\"id\":\"7\",\"result\":{}};",
        .error = "its event stream ended before the answer"},
    {.name = "garbage in a stream",
        .status = 200,
        .type = EVENTS,
        .body = "data: {\"id\":7,\"result\":\n\ndata: {\"id\":7}\n\n",
        .error = "something that is no JSON"},
    {.name = "no JSON", .status = 200, .type = JSON, .body = "{\"id\":7", .error = "no JSON"},
    {.name = "nothing", .status = 200, .type = JSON, .body = "", .error = "no JSON"},
    {.name = "another's answer",
        .status = 200,
        .type = JSON,
        .body = "{\"id\":8,\"result\":{}}",
        .messages = "{\"id\":8,\"result\":{}};",
        .error = "no answer to the request"},
    {.name = "accepted",
        .status = 202,
        .type = "",
        .body = "",
        .error = "HTTP 202 with no content: neither JSON nor an event stream"},
    {.name = "a page",
        .status = 200,
        .type = "text/html",
        .body = "<html><title>Sign in</title>",
        .error = "HTTP 200: Sign in"},
    {.name = "text",
        .status = 200,
        .type = "text/plain",
        .body = "hello",
        .error = "HTTP 200 with text/plain: neither JSON"},
    {.name = "400",
        .status = 400,
        .type = JSON,
        .body = "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32000,\"message\":\"Bad Request: Server "
                "not initialized\"},\"id\":null}",
        .error = "HTTP 400: Bad Request: Server not initialized"},
    {.name = "an answer under 400 is none",
        .status = 400,
        .type = JSON,
        .body = "{\"error\":{\"message\":\"Unsupported\"},\"id\":7}",
        .error = "HTTP 400: Unsupported"},
    {.name = "401",
        .status = 401,
        .type = JSON,
        .body = "{\"error\":\"invalid_token open-sesame\"}",
        .error = "HTTP 401: invalid_token [redacted]"},
    {.name = "401 without a word",
        .status = 401,
        .type = "",
        .body = "",
        .error = "HTTP 401: it wants credentials"},
    {.name = "405", .status = 405, .type = "text/html", .body = "<p>", .error = "is this the URL"},
    {.name = "500",
        .status = 500,
        .type = "text/plain",
        .body = "it exploded",
        .error = "HTTP 500: it exploded"},
    {.name = "502",
        .status = 502,
        .type = "text/html",
        .body = "<TITLE>Bad Gateway</TITLE>",
        .error = "HTTP 502: Bad Gateway"},
    {.name = "503",
        .status = 503,
        .type = EVENTS,
        .body = "data: {\"id\":7}\n\n",
        .error = "HTTP 503"},
    {.name = "redirect",
        .status = 307,
        .type = "",
        .body = "",
        .error = "it points to http://elsewhere/?key=[redacted]"},
};

struct read {
    struct mcp_answer answer;
    struct strings secrets;
    struct buf messages;
    enum status status;
    struct error err;
};

static enum status write_down(void *ctx, const char *json, size_t len)
{
    struct read *r = ctx;
    buf_add(&r->messages, json, len);
    return buf_addc(&r->messages, ';');
}

static void begin(struct read *r, int64_t id)
{
    *r = (struct read){.answer = {.id = id, .message = write_down, .ctx = r}};
    r->answer.secrets = &r->secrets;
    strings_add(&r->secrets, "open-sesame");
    buf_init(&r->messages, 64 * (size_t)MCP_MESSAGE_MAX);
    mcp_answer_init(&r->answer);
}

static void feed(struct read *r, const char *bytes, size_t len)
{
    char *own = malloc(len ? len : 1); /* so that a read beyond it is seen */
    memcpy(own, bytes, len);
    if (!r->status)
        r->status = mcp_answer_feed(&r->answer, own, len, &r->err);
    free(own);
}

static void end(struct read *r)
{
    if (!r->status)
        r->status = mcp_answer_end(&r->answer, "http://elsewhere/?key=open-sesame", &r->err);
}

static void release(struct read *r)
{
    mcp_answer_release(&r->answer);
    buf_release(&r->messages);
    strings_release(&r->secrets);
}

static void compare(const struct row *row, const struct read *r)
{
    ck_assert_str_eq(buf_str(&r->messages), row->messages ? row->messages : "");
    ck_assert_msg(!r->status == !row->error, "%s: %s", row->name, r->status ? r->err.text : "OK");
    if (row->error)
        ck_assert_msg(strstr(r->err.text, row->error), "%s: %s", row->name, r->err.text);
    ck_assert_str_eq(buf_str(&r->answer.last_id), row->last_id ? row->last_id : "");
    ck_assert_int_eq(r->answer.retry_ms, row->retry ? row->retry : MCP_ANSWER_RETRY_MS);
}

START_TEST(cut_anywhere)
{
    const struct row *row = &rows[_i];
    size_t len = strlen(row->body);
    struct read r;
    for (size_t cut = 0; cut <= len; cut++) {
        begin(&r, 7);
        mcp_answer_begin(&r.answer, row->status, row->type);
        feed(&r, row->body, cut);
        feed(&r, row->body + cut, len - cut);
        end(&r);
        compare(row, &r);
        release(&r);
    }
    begin(&r, 7);
    mcp_answer_begin(&r.answer, row->status, row->type);
    for (size_t i = 0; i < len; i++)
        feed(&r, row->body + i, 1);
    end(&r);
    compare(row, &r);
    release(&r);
}
END_TEST

/* Whatever is missing at its end, it is not answered by half of an answer. */
START_TEST(ends_anywhere)
{
    const struct row *row = &rows[_i];
    struct read whole, r;
    begin(&whole, 7);
    mcp_answer_begin(&whole.answer, row->status, row->type);
    feed(&whole, row->body, strlen(row->body));
    end(&whole);
    for (size_t len = 0; len < strlen(row->body); len++) {
        begin(&r, 7);
        mcp_answer_begin(&r.answer, row->status, row->type);
        feed(&r, row->body, len);
        end(&r);
        ck_assert(!memcmp(buf_str(&r.messages), buf_str(&whole.messages), r.messages.len));
        if (r.answer.answered)
            ck_assert_uint_eq(r.messages.len, whole.messages.len);
        else
            ck_assert_int_ne(r.status, STATUS_OK);
        release(&r);
    }
    release(&whole);
}
END_TEST

START_TEST(notification)
{
    const struct row *row = &rows[_i];
    struct read r;
    begin(&r, 0);
    mcp_answer_begin(&r.answer, row->status, row->type);
    feed(&r, row->body, strlen(row->body));
    end(&r);
    ck_assert_int_eq(r.status, STATUS_OK);
    ck_assert_uint_eq(r.messages.len, 0);
    release(&r);
}
END_TEST

START_TEST(goes_on)
{
    static const char cut[] =
        "id: 1\nretry: 5\ndata:\n\nid: 2\ndata: {\"method\":\"a\"}\n\nid: 3\nda";
    static const char rest[] = "data: {\"id\":7,\"result\":{}}\nid: 3\n\n";
    struct read r;
    begin(&r, 7);
    mcp_answer_begin(&r.answer, 200, EVENTS);
    feed(&r, cut, sizeof cut - 1);
    ck_assert_str_eq(buf_str(&r.answer.last_id), "2");
    ck_assert_uint_eq(r.answer.events, 2);
    mcp_answer_begin(&r.answer, 200, EVENTS);
    ck_assert_int_eq(r.answer.retry_ms, 5);
    feed(&r, rest, sizeof rest - 1);
    ck_assert(r.answer.answered);
    ck_assert_str_eq(buf_str(&r.messages), "{\"method\":\"a\"};{\"id\":7,\"result\":{}};");
    ck_assert_str_eq(buf_str(&r.answer.last_id), "3");
    release(&r);
}
END_TEST

/* The same bytes again and again, until something is said of it. */
static void flood(struct read *r, const char *type, const char *first, const char *again)
{
    size_t fed = 0;
    begin(r, 7);
    mcp_answer_begin(&r->answer, 200, type);
    feed(r, first, strlen(first));
    for (; !r->status && fed < 2 * (size_t)MCP_ANSWER_MAX; fed += strlen(again)) {
        r->status = mcp_answer_feed(&r->answer, again, strlen(again), &r->err);
        ck_assert_uint_le(r->answer.sse.line.len, MCP_MESSAGE_MAX);
        ck_assert_uint_le(r->answer.body.len, MCP_MESSAGE_MAX);
    }
    ck_assert_uint_le(fed, MCP_ANSWER_MAX + 64 * 1024);
    ck_assert_int_eq(r->status, STATUS_BACKEND);
}

START_TEST(floods)
{
    static const struct {
        const char *type, *first, *event, *error;
    } cases[] = {
        {JSON, "[", "{\"id\":7}, ", "a message of more than 4 MB"},
        {EVENTS, "data: \"", "0123456789", "a message of more than 4 MB"},
        {EVENTS, "", "data: 0123456789\n", "a message of more than 4 MB"},
        {EVENTS, "", "data: {\"method\":\"a\"}\n\n", "more than 16 MB without the answer"},
        {EVENTS, "", ": ping\n\n", "more than 16 MB without the answer"},
        {"text/html", "", "<br>", "more than 16 MB without the answer"},
    };
    char again[32 * 1024];
    struct read r;
    size_t len = strlen(cases[_i].event), at = 0;
    for (; at + len < sizeof again; at += len)
        memcpy(again + at, cases[_i].event, len);
    again[at] = 0;
    flood(&r, cases[_i].type, cases[_i].first, again);
    ck_assert_msg(strstr(r.err.text, cases[_i].error), "%s", r.err.text);
    release(&r);
}
END_TEST

/* A message of just the size that there may be. */
START_TEST(largest)
{
    static const char before[] = "{\"id\":7,\"result\":\"", after[] = "\"}";
    size_t len = MCP_MESSAGE_MAX - (_i ? sizeof "data: " - 1 : 0);
    char *text = malloc(len);
    struct read r;
    memset(text, 'x', len);
    memcpy(text, before, sizeof before - 1);
    memcpy(text + len - 2, after, 2);
    begin(&r, 7);
    mcp_answer_begin(&r.answer, 200, _i ? EVENTS : JSON);
    if (_i)
        feed(&r, "data: ", 6);
    feed(&r, text, len);
    if (_i)
        feed(&r, "\n\n", 2);
    end(&r);
    ck_assert_msg(!r.status, "%s", r.err.text);
    ck_assert_uint_eq(r.messages.len, len + 1);
    release(&r);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mcp_answer");
    TCase *tests = tcase_create("mcp_answer");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, cut_anywhere, 0, (int)COUNT(rows));
    tcase_add_loop_test(tests, ends_anywhere, 0, (int)COUNT(rows));
    tcase_add_loop_test(tests, notification, 0, (int)COUNT(rows));
    tcase_add_test(tests, goes_on);
    tcase_add_loop_test(tests, floods, 0, 6);
    tcase_add_loop_test(tests, largest, 0, 2);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
