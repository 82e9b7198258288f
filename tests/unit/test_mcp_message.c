#include "agent/mcp_message.h"

#include "agent/mcp_result.h"
#include "unit.h"
#include "unit_mutate.h"

static struct error err;

#define META                                                                                       \
    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","                       \
    "\"io.modelcontextprotocol/clientInfo\":{\"name\":\"magec\",\"version\":\"" PACKAGE_VERSION    \
    "\"},\"io.modelcontextprotocol/clientCapabilities\":{}}"

static void written(struct buf *out, const char *want)
{
    struct json *j = NULL;
    ck_assert_int_eq(buf_status(out), STATUS_OK);
    ck_assert_str_eq(buf_str(out), want);
    ck_assert_msg(!json_parse(out->data, out->len, &j, &err), "%s", err.text);
    ck_assert_ptr_null(strchr(buf_str(out), '\n'));
    json_free(j);
    buf_release(out);
}

START_TEST(test_write)
{
    struct buf out;
    buf_init(&out, BUF_SMALL);
    mcp_write_initialize(&out, 1);
    written(&out, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
                  "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{"
                  "\"name\":\"magec\",\"version\":\"" PACKAGE_VERSION "\"}}}");
    mcp_write_initialized(&out);
    written(&out, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\",\"params\":{}}");
    mcp_write_discover(&out, 2);
    written(&out,
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"server/discover\",\"params\":{" META "}}");
    mcp_write_listen(&out, 3);
    written(&out,
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"subscriptions/listen\",\"params\":{" META
        ",\"notifications\":{\"toolsListChanged\":true}}}");
    mcp_write_list(&out, 4, false, NULL);
    written(&out, "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"tools/list\",\"params\":{}}");
    mcp_write_list(&out, 5, true, "a\"b");
    written(&out, "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/list\",\"params\":{" META
                  ",\"cursor\":\"a\\\"b\"}}");
    mcp_write_canceled(&out, 6, "why");
    written(&out, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{"
                  "\"requestId\":6,\"reason\":\"why\"}}");
}
END_TEST

START_TEST(test_write_call)
{
    static const char *const wrong[] = {"[]", "{", "{} {}", "null", " ", "{\"a\":\"\n\"}"};
    struct buf out;
    buf_init(&out, BUF_SMALL);
    ck_assert(!mcp_write_call(&out, 7, false, "a\"b", "{\n \"n\":\r\n 1e400}", &err));
    written(&out, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{"
                  "\"name\":\"a\\\"b\",\"arguments\":{  \"n\":   1e400}}}");
    ck_assert(!mcp_write_call(&out, 7, true, "t", "", &err));
    written(&out, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{" META
                  ",\"name\":\"t\",\"arguments\":{}}}");
    for (size_t i = 0; i < COUNT(wrong); i++) {
        ck_assert_int_eq(mcp_write_call(&out, 7, true, "t", wrong[i], &err), STATUS_BAD_REQUEST);
        ck_assert_uint_eq(out.len, 0);
    }
    buf_release(&out);
}
END_TEST

static enum mcp_kind reads(struct mcp_reading *r, const char *text)
{
    return mcp_read(r, text, strlen(text));
}

static void says(const struct json_slice *v, const char *want)
{
    ck_assert_msg(
        v->len == strlen(want) && !memcmp(v->bytes, want, v->len), "%.*s", (int)v->len, v->bytes);
}

START_TEST(test_read)
{
    static const char *const nonsense[] = {"", "hello", "[]", "{", "{}", "{\"id\":1}", "1",
        "{\"error\":7,\"id\":1}", "{\"method\":7}", "{\"id\":1,\"result\":{}} x"};
    struct mcp_reading r;
    ck_assert_int_eq(
        reads(&r, "{\"jsonrpc\":\"2.0\",\"id\":12,\"result\":{\"a\":1}}\r"), MCP_ANSWER);
    ck_assert_int_eq(r.id, 12);
    says(&r.body, "{\"a\":1}");
    ck_assert_int_eq(reads(&r, "{\"id\":\"x\",\"result\":null}"), MCP_ANSWER);
    ck_assert_int_eq(r.id, -1);
    ck_assert_int_eq(reads(&r, "{\"id\":null,\"error\":{\"code\":1}}"), MCP_ERROR);
    ck_assert_int_eq(r.id, -1);
    ck_assert_int_eq(reads(&r, "{\"method\":\"notifications/x\",\"params\":{}}"), MCP_NOTIFICATION);
    ck_assert(json_slice_is(&r.method, "notifications/x"));
    ck_assert_int_eq(reads(&r, "{\"method\":\"ping\",\"id\":\"a\\\"1\"}"), MCP_REQUEST);
    for (size_t i = 0; i < COUNT(nonsense); i++)
        ck_assert_msg(reads(&r, nonsense[i]) == MCP_NONSENSE, "%s", nonsense[i]);
}
END_TEST

static void replies(const char *request, const char *want)
{
    struct mcp_reading r;
    struct buf out;
    buf_init(&out, BUF_SMALL);
    ck_assert_int_eq(reads(&r, request), MCP_REQUEST);
    mcp_write_reply(&out, &r);
    written(&out, want);
}

START_TEST(test_reply)
{
    replies("{\"method\":\"ping\",\"id\":\"a\\\"1\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"a\\\"1\",\"result\":{}}");
    replies("{\"method\":\"roots/list\",\"id\":0}",
        "{\"jsonrpc\":\"2.0\",\"id\":0,\"error\":{\"code\":-32601,\"message\":\"Method not "
        "found\"}}");
    replies("{\"method\":\"sampling/createMessage\",\"id\":7,\"params\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32601,\"message\":\"Method not "
        "found\"}}");
}
END_TEST

static struct json_slice slice(const char *text)
{
    struct json_scan s;
    struct json_slice v;
    json_scan_init(&s, text, strlen(text));
    json_scan_value(&s, &v);
    ck_assert_msg(json_scan_end(&s), "%s", text);
    return v;
}

START_TEST(test_fault)
{
    struct mcp_fault f;
    struct json_slice v = slice("{\"code\":-32022,\"message\":\"Unsupported \\ud83d\",\"data\":{"
                                "\"supported\":[\"2025-11-25\",7,\"2099-01-01\"]}}");
    ck_assert(mcp_read_fault(&v, &f));
    ck_assert_int_eq(f.code, MCP_WRONG_REVISION);
    ck_assert_str_eq(f.message, "Unsupported \xEF\xBF\xBD");
    ck_assert_str_eq(f.supported, "2025-11-25, 2099-01-01");
    ck_assert(f.takes_legacy && !f.takes_modern && mcp_fault_is_modern(&f));
    v = slice("{\"code\":-32601,\"message\":7}");
    ck_assert(mcp_read_fault(&v, &f) && !mcp_fault_is_modern(&f));
    ck_assert_str_eq(f.message, "");
    v = slice("{\"code\":\"x\"}");
    ck_assert(!mcp_read_fault(&v, &f));
    v = slice("null");
    ck_assert(!mcp_read_fault(&v, &f));
}
END_TEST

START_TEST(test_hello)
{
    struct mcp_hello h;
    struct json_slice v = slice("{\"protocolVersion\":\"2024-11-05\",\"capabilities\":{\"tools\":{"
                                "\"listChanged\":true}}}");
    ck_assert(mcp_read_hello(&v, &h) && h.known && h.list_changes);
    ck_assert_str_eq(h.revision, "2024-11-05");
    v = slice("{\"protocolVersion\":\"2030-01-01\",\"capabilities\":{}}");
    ck_assert(mcp_read_hello(&v, &h) && !h.known && !h.list_changes);
    v = slice("{\"supportedVersions\":[\"2026-07-28\",\"2025-11-25\"],\"capabilities\":{\"tools\":"
              "{}}}");
    ck_assert(mcp_read_hello(&v, &h) && h.known && h.takes_legacy && !h.list_changes);
    ck_assert_str_eq(h.revision, MCP_MODERN);
    v = slice("{\"supportedVersions\":[\"2030-01-01\"]}");
    ck_assert(mcp_read_hello(&v, &h) && !h.known);
    ck_assert_str_eq(h.supported, "2030-01-01");
    v = slice("{}");
    ck_assert(!mcp_read_hello(&v, &h));
}
END_TEST

/* ---- results ---- */

static const struct {
    const char *result, *text;
    bool failed;
} results[] = {
    {"{}", "", false},
    {"{\"content\":[{\"type\":\"text\",\"text\":\"a\\u00e9\"},{\"type\":\"text\",\"text\":\"b\"}]}",
        "a\xC3\xA9\nb", false},
    {"{\"isError\":true,\"content\":[{\"type\":\"text\",\"text\":\"no\"}],\"structuredContent\":1}",
        "no", true},
    {"{\"resultType\":\"complete\",\"content\":[],\"structuredContent\":{\"a\":[1]}}",
        "{\"a\":[1]}", false},
    {"{\"content\":[{\"type\":\"image\",\"mimeType\":\"image/png\",\"data\":\"AAAAAAA=\"}]}",
        "[image, image/png, 5 bytes]", false},
    {"{\"content\":[{\"type\":\"audio\",\"data\":\"AAAA\"}]}", "[audio, 3 bytes]", false},
    {"{\"content\":[{\"type\":\"resource\",\"resource\":{\"uri\":\"x:1\",\"text\":\"T\"}},"
     "{\"type\":\"resource\",\"resource\":{\"uri\":\"x:2\",\"mimeType\":\"a/b\",\"blob\":\"AA==\"}"
     "},{\"type\":\"resource_link\",\"uri\":\"f:///m\",\"name\":\"m\"}]}",
        "T\n[resource x:2, a/b, 1 bytes]\n[resource_link m f:///m]", false},
    {"{\"content\":[7,{\"type\":\"hologram\"},{\"type\":\"resource\"}]}", "[hologram]\n[resource]",
        false},
    {"{\"content\":[{\"type\":\"text\",\"text\":\"\\ud83d\xFF\"}]}", "\xEF\xBF\xBD\xEF\xBF\xBD",
        false},
};

START_TEST(test_result)
{
    struct buf out;
    bool failed;
    struct json_slice v = slice(results[_i].result);
    buf_init(&out, BUF_SMALL);
    ck_assert_msg(!mcp_read_call(&v, 1000, &failed, &out, &err), "%s", err.text);
    ck_assert_str_eq(buf_str(&out), results[_i].text);
    ck_assert_int_eq(failed, results[_i].failed);
    buf_release(&out);
}
END_TEST

START_TEST(test_result_cut)
{
    struct buf out;
    bool failed;
    struct json_slice v = slice("{\"content\":[{\"type\":\"text\",\"text\":\"aa\xC3\xA9zzz\"}]}");
    buf_init(&out, BUF_SMALL);
    ck_assert(!mcp_read_call(&v, 3, &failed, &out, &err));
    ck_assert_str_eq(buf_str(&out), "aa\n[5 more bytes are left out]");
    buf_reset(&out);
    ck_assert(!mcp_read_call(&v, 7, &failed, &out, &err));
    ck_assert_str_eq(buf_str(&out), "aa\xC3\xA9zzz");
    buf_reset(&out);
    ck_assert(!mcp_read_call(&v, 0, &failed, &out, &err));
    ck_assert_str_eq(buf_str(&out), "[7 more bytes are left out]");
    buf_release(&out);
}
END_TEST

START_TEST(test_result_wrong)
{
    static const char *const wrong[][2] = {{"null", "no object"},
        {"{\"resultType\":\"input_required\"}", "there is none (input_required)"},
        {"{\"resultType\":\"task\"}", "unknown type, \"task\""},
        {"{\"resultType\":{\"a\":1}}", "unknown type"}};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct buf out;
        bool failed;
        struct json_slice v = slice(wrong[i][0]);
        buf_init(&out, BUF_SMALL);
        ck_assert_int_eq(mcp_read_call(&v, 100, &failed, &out, &err), STATUS_BACKEND);
        ck_assert_msg(strstr(err.text, wrong[i][1]), "%s", err.text);
        ck_assert_uint_eq(out.len, 0);
    }
}
END_TEST

START_TEST(test_list)
{
    struct mcp_tools *t = mcp_tools_new();
    struct mcp_page page;
    buf_init(&page.cursor, BUF_SMALL);
    struct json_slice v = slice(
        "{\"tools\":[{\"name\":\"a\",\"description\":\"A \\u00e9\",\"inputSchema\":{\"type\":"
        "\"object\",\"x\":[1, 2]}},{\"name\":\"b\"},{\"name\":\"c\",\"execution\":{\"taskSupport\":"
        "\"required\"}},{\"name\":\"d\",\"inputSchema\":7,\"execution\":{\"taskSupport\":"
        "\"optional\"}},{\"name\":\"\"},7,{}],\"nextCursor\":\"n\\\"1\",\"ttlMs\":5}");
    ck_assert_msg(!mcp_read_page(&v, t, &page, &err), "%s", err.text);
    ck_assert_str_eq(buf_str(&page.cursor), "n\"1");
    ck_assert_int_eq(page.ttl_ms, 5);
    ck_assert_uint_eq(t->count, 3);
    ck_assert_str_eq(t->items[0].description, "A \xC3\xA9");
    ck_assert_str_eq(t->items[0].schema, "{\"type\":\"object\",\"x\":[1, 2]}");
    ck_assert_ptr_null(t->items[1].description);
    ck_assert_str_eq(t->items[1].schema, "{\"type\":\"object\"}");
    ck_assert_str_eq(t->items[2].name, "d");
    v = slice("{\"tools\":[]}");
    ck_assert(!mcp_read_page(&v, t, &page, &err));
    ck_assert_uint_eq(page.cursor.len, 0);
    ck_assert_int_eq(page.ttl_ms, -1);
    v = slice("{\"tools\":{}}");
    ck_assert_int_eq(mcp_read_page(&v, t, &page, &err), STATUS_BACKEND);
    v = slice("{\"tools\":[],\"ttlMs\":-7}");
    ck_assert(!mcp_read_page(&v, t, &page, &err));
    ck_assert_int_eq(page.ttl_ms, 0);
    struct mcp_tools *shared = mcp_tools_share(t);
    mcp_tools_drop(t);
    ck_assert_str_eq(shared->items[0].name, "a");
    mcp_tools_drop(shared);
    buf_release(&page.cursor);
}
END_TEST

START_TEST(test_list_too_long)
{
    struct mcp_tools *t = mcp_tools_new();
    struct mcp_page page;
    struct buf text;
    buf_init(&page.cursor, BUF_SMALL);
    buf_init(&text, BUF_SMALL);
    buf_adds(&text, "{\"tools\":[");
    for (int i = 0; i <= MCP_TOOLS_MAX; i++)
        buf_printf(&text, "%s{\"name\":\"t%d\"}", i ? "," : "", i);
    buf_adds(&text, "]}");
    struct json_slice v = slice(buf_str(&text));
    ck_assert_int_eq(mcp_read_page(&v, t, &page, &err), STATUS_BACKEND);
    ck_assert_str_eq(err.text, "more than 512 tools");
    mcp_tools_drop(t);
    buf_release(&page.cursor);
    buf_release(&text);
}
END_TEST

/* ---- whatever comes ---- */

static void take(const char *text, size_t len)
{
    struct mcp_reading r;
    struct mcp_fault f;
    struct mcp_hello h;
    struct mcp_page page;
    struct mcp_tools *t = mcp_tools_new();
    struct buf out;
    bool failed;
    buf_init(&out, BUF_SMALL);
    buf_init(&page.cursor, BUF_SMALL);
    if (mcp_read(&r, text, len) == MCP_REQUEST)
        mcp_write_reply(&out, &r);
    mcp_read_fault(&r.body, &f);
    mcp_read_hello(&r.body, &h);
    buf_reset(&out);
    if (!mcp_read_call(&r.body, 50, &failed, &out, &err)) {
        ck_assert_uint_lt(out.len, 100);
        ck_assert(utf8_valid(buf_str(&out), out.len, NULL));
    }
    mcp_read_page(&r.body, t, &page, &err);
    mcp_tools_drop(t);
    buf_release(&page.cursor);
    buf_release(&out);
}

START_TEST(test_mutated)
{
    static const char *const seeds[] = {
        "{\"result\":{\"content\":[{\"type\":\"resource\",\"resource\":{\"blob\":\"AA==\"}}]}}",
        "{\"id\":1,\"result\":{\"tools\":[{\"name\":\"n\",\"description\":\"d\"}]}}",
        "{\"id\":1,\"error\":{\"code\":-32022,\"data\":{\"supported\":[\"2025-11-25\"]}}}",
        "{\"id\":[7],\"method\":\"ping\",\"params\":{}}",
        "{\"id\":1,\"result\":{\"protocolVersion\":\"2\",\"supportedVersions\":[\"x\"]}}"};
    uint32_t state = (uint32_t)_i + 1;
    for (int round = 0; round < 3000; round++) {
        struct buf b;
        buf_init(&b, BUF_SMALL);
        buf_adds(&b, seeds[_i]);
        for (uint32_t n = unit_random(&state) % 4; n; n--)
            unit_mutate(&b, &state);
        take(buf_str(&b), b.len);
        buf_release(&b);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("mcp_message");
    TCase *c = tcase_create("messages");
    tcase_add_test(c, test_write);
    tcase_add_test(c, test_write_call);
    tcase_add_test(c, test_read);
    tcase_add_test(c, test_reply);
    tcase_add_test(c, test_fault);
    tcase_add_test(c, test_hello);
    tcase_add_loop_test(c, test_result, 0, (int)COUNT(results));
    tcase_add_test(c, test_result_cut);
    tcase_add_test(c, test_result_wrong);
    tcase_add_test(c, test_list);
    tcase_add_test(c, test_list_too_long);
    tcase_add_loop_test(c, test_mutated, 0, 5);
    suite_add_tcase(s, c);
    return unit_run(s);
}
