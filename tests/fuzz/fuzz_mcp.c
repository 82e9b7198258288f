/* Messages of MCP servers: whatever comes, what is told of it is valid UTF-8, within its caps, and
 * what is sent back is one line of JSON. */
#include "agent/mcp_result.h"
#include "fuzz.h"

enum { KEPT = 40, NOTE_MAX = 60 };

static void check_reply(const struct mcp_reading *r)
{
    struct buf out;
    struct json *j = NULL;
    buf_init(&out, BUF_SMALL);
    mcp_write_reply(&out, r);
    FUZZ_CHECK(!json_parse(buf_str(&out), out.len, &j, NULL));
    FUZZ_CHECK(!memchr(buf_str(&out), '\n', out.len));
    json_free(j);
    buf_release(&out);
}

static void check_call(const struct json_slice *result)
{
    struct buf out;
    struct error err = {.text = ""};
    bool failed;
    buf_init(&out, BUF_SMALL);
    if (mcp_read_call(result, KEPT, &failed, &out, &err))
        FUZZ_CHECK(err.text[0]);
    FUZZ_CHECK(out.len <= KEPT + NOTE_MAX);
    FUZZ_CHECK(utf8_valid(buf_str(&out), out.len, NULL));
    buf_release(&out);
}

static void check_list(const struct json_slice *result)
{
    struct mcp_page page;
    struct error err = {.text = ""};
    struct mcp_tools *t = mcp_tools_new();
    FUZZ_CHECK(t);
    buf_init(&page.cursor, BUF_SMALL);
    if (mcp_read_page(result, t, &page, &err))
        FUZZ_CHECK(err.text[0]);
    for (size_t i = 0; i < t->count; i++) {
        struct json *j = NULL;
        FUZZ_CHECK(
            *t->items[i].name && utf8_valid(t->items[i].name, strlen(t->items[i].name), NULL));
        FUZZ_CHECK(!json_parse(t->items[i].schema, strlen(t->items[i].schema), &j, NULL));
        FUZZ_CHECK(json_kind(j) == JSON_OBJECT);
        json_free(j);
    }
    mcp_tools_drop(t);
    buf_release(&page.cursor);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct mcp_reading r;
    struct mcp_fault f;
    struct mcp_hello h;
    if (len > BUF_SMALL / 8)
        return 0;
    char *text = fuzz_copy(bytes, len);
    enum mcp_kind kind = mcp_read(&r, text, len);
    FUZZ_CHECK(kind == r.kind);
    if (kind == MCP_REQUEST)
        check_reply(&r);
    if (mcp_read_fault(&r.body, &f))
        FUZZ_CHECK(utf8_valid(f.message, strlen(f.message), NULL));
    if (mcp_read_hello(&r.body, &h))
        FUZZ_CHECK(!h.known || *h.revision);
    check_call(&r.body);
    check_list(&r.body);
    free(text);
    return 0;
}
