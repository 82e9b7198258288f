#include "agent/mcp_result.h"

#include <stdlib.h>

#include "agent/tool.h"
#include "base/utf8.h"

/* Under every cap of a message a text grows to three times its bytes at most, where none of them
 * is UTF-8. */
#define GROWN(len) (3 * (len) + BUF_SMALL)

/* ---- text ---- */

/* Adds what a string says, made valid. */
static void add_text(struct buf *out, const struct json_slice *v)
{
    struct buf said;
    struct utf8_stream u = {0};
    if (v->kind != JSON_STRING)
        return;
    buf_init(&said, v->len);
    if (json_slice_add(v, &said))
        out->failed = STATUS_NO_MEMORY;
    utf8_feed(&u, buf_str(&said), said.len, out);
    utf8_finish(&u, out);
    buf_release(&said);
}

static size_t base64_size(const struct json_slice *v)
{
    size_t len = v->len;
    while (len && v->bytes[len - 1] == '=')
        len--;
    return len / 4 * 3 + (len % 4 ? len % 4 - 1 : 0);
}

/* A part of the note, if it is there. */
static void add_word(struct buf *out, const char *before, const struct json_slice *v)
{
    if (v->kind != JSON_STRING || !v->len)
        return;
    buf_adds(out, before);
    add_text(out, v);
}

enum { TYPE, TEXT, DATA, MIME, RESOURCE, URI, NAME, BLOB, ITEM_NAMES };
static const char *const item_names[] = {
    "type", "text", "data", "mimeType", "resource", "uri", "name", "blob"};

/* "[image, image/png, 1234 bytes]" */
static void add_note(
    struct buf *out, const struct json_slice v[ITEM_NAMES], const struct json_slice *data)
{
    buf_addc(out, '[');
    add_text(out, &v[TYPE]);
    add_word(out, " ", &v[NAME]);
    add_word(out, " ", &v[URI]);
    add_word(out, ", ", &v[MIME]);
    if (data->kind == JSON_STRING)
        buf_printf(out, ", %zu bytes", base64_size(data));
    buf_addc(out, ']');
}

static void add_item(struct buf *out, const struct json_slice *item)
{
    struct json_slice v[ITEM_NAMES], inner[ITEM_NAMES];
    if (!mcp_members(item, item_names, v, ITEM_NAMES))
        return;
    if (out->len)
        buf_addc(out, '\n');
    if (json_slice_is(&v[TYPE], "text")) {
        add_text(out, &v[TEXT]);
    } else if (!json_slice_is(&v[TYPE], "resource")) {
        add_note(out, v, &v[DATA]);
    } else {
        mcp_members(&v[RESOURCE], item_names, inner, ITEM_NAMES);
        inner[TYPE] = v[TYPE];
        if (inner[TEXT].kind == JSON_STRING)
            add_text(out, &inner[TEXT]);
        else
            add_note(out, inner, &inner[BLOB]);
    }
}

/* False: there is none. */
static bool add_content(struct buf *out, const struct json_slice *content)
{
    struct json_scan s;
    struct json_slice item;
    bool any = false;
    if (content->kind != JSON_ARRAY)
        return false;
    json_scan_init(&s, content->bytes, content->len);
    if (!json_scan_array(&s))
        return false;
    while (json_scan_element(&s)) {
        json_scan_value(&s, &item);
        add_item(out, &item);
        any = true;
    }
    return any;
}

static void add_json(struct buf *out, const struct json_slice *v)
{
    struct utf8_stream u = {0};
    if (v->kind == JSON_STRING) {
        add_text(out, v);
        return;
    }
    utf8_feed(&u, v->bytes, v->len, out);
    utf8_finish(&u, out);
}

static void add_cut(struct buf *out, const struct buf *text, size_t max)
{
    size_t kept = text->len > max ? utf8_cut(text->data, text->len, max) : text->len;
    buf_add(out, buf_str(text), kept);
    if (kept < text->len)
        buf_printf(out, "%s[%zu more bytes are left out]", kept ? "\n" : "", text->len - kept);
}

/* Whether it is the result itself and not what has to be done before there is one. */
static enum status check_type(const struct json_slice *type, struct error *err)
{
    struct buf said;
    if (type->kind == JSON_ABSENT || json_slice_is(type, "complete"))
        return STATUS_OK;
    if (json_slice_is(type, "input_required"))
        return error_set(err, STATUS_BACKEND,
            "it wants to ask the person behind the client, and there is none (input_required)");
    buf_init(&said, GROWN(type->len));
    add_json(&said, type);
    enum status st =
        error_set(err, STATUS_BACKEND, "a result of an unknown type, \"%.100s\"", buf_str(&said));
    buf_release(&said);
    return st;
}

enum status mcp_read_call(
    const struct json_slice *result, size_t max, bool *failed, struct buf *out, struct error *err)
{
    static const char *const names[] = {"resultType", "content", "structuredContent", "isError"};
    struct json_slice v[4];
    struct buf text;
    *failed = false;
    if (!mcp_members(result, names, v, 4))
        return error_set(err, STATUS_BACKEND, "a result that is no object");
    enum status st = check_type(&v[0], err);
    if (st)
        return st;
    buf_init(&text, GROWN(result->len));
    if (!add_content(&text, &v[1]) && v[2].kind != JSON_ABSENT)
        add_json(&text, &v[2]);
    *failed = v[3].kind == JSON_BOOL && *v[3].bytes == 't';
    if (!buf_status(&text))
        add_cut(out, &text, max);
    if (buf_status(&text) || buf_status(out))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory for a result");
    buf_release(&text);
    return st;
}

/* ---- lists ---- */

struct mcp_tools *mcp_tools_new(void)
{
    struct mcp_tools *t = calloc(1, sizeof *t);
    if (t)
        t->readers = 1;
    return t;
}

struct mcp_tools *mcp_tools_share(struct mcp_tools *t)
{
    t->readers++;
    return t;
}

void mcp_tools_drop(struct mcp_tools *t)
{
    if (!t || --t->readers)
        return;
    strings_release(&t->texts);
    free(t->items);
    free(t);
}

static bool grow(struct mcp_tools *t)
{
    if (t->count < t->alloc)
        return true;
    size_t alloc = t->alloc ? 2 * t->alloc : 16;
    struct mcp_tool *items = realloc(t->items, alloc * sizeof *items);
    if (!items)
        return false;
    t->items = items;
    t->alloc = alloc;
    return true;
}

/* A string's text, up to a NUL; of another value its JSON. NULL: out of memory. */
static const char *keep(const struct json_slice *v, struct mcp_tools *t)
{
    struct buf text;
    buf_init(&text, GROWN(v->len));
    add_json(&text, v);
    enum status st = buf_status(&text);
    if (!st)
        st = strings_add(&t->texts, buf_str(&text));
    t->bytes += text.len;
    buf_release(&text);
    return st ? NULL : t->texts.items[t->texts.count - 1];
}

enum { T_NAME, T_DESCRIPTION, T_SCHEMA, T_EXECUTION, TOOL_NAMES };

static enum status keep_tool(
    const struct json_slice v[TOOL_NAMES], struct mcp_tools *t, struct error *err)
{
    static const struct json_slice any = {JSON_OBJECT, false, "{\"type\":\"object\"}", 17};
    if (t->count == MCP_TOOLS_MAX)
        return error_set(err, STATUS_BACKEND, "more than %d tools", MCP_TOOLS_MAX);
    if (!grow(t))
        return error_set(err, STATUS_NO_MEMORY, "out of memory for a list of tools");
    bool described = v[T_DESCRIPTION].kind == JSON_STRING;
    struct mcp_tool tool = {.name = keep(&v[T_NAME], t),
        .description = described ? keep(&v[T_DESCRIPTION], t) : NULL,
        .schema = keep(v[T_SCHEMA].kind == JSON_OBJECT ? &v[T_SCHEMA] : &any, t)};
    if (!tool.name || !tool.schema || (described && !tool.description))
        return error_set(err, STATUS_NO_MEMORY, "out of memory for a list of tools");
    if (t->bytes > MCP_LIST_MAX)
        return error_set(err, STATUS_BACKEND, "a list of tools of over %d bytes", MCP_LIST_MAX);
    if (*tool.name)
        t->items[t->count++] = tool;
    return STATUS_OK;
}

static enum status add_tool(const struct json_slice *item, struct mcp_tools *t, struct error *err)
{
    static const char *const names[] = {"name", "description", "inputSchema", "execution"};
    static const char *const in_execution[] = {"taskSupport"};
    struct json_slice v[TOOL_NAMES], task;
    if (!mcp_members(item, names, v, TOOL_NAMES) || v[T_NAME].kind != JSON_STRING)
        return STATUS_OK;
    mcp_members(&v[T_EXECUTION], in_execution, &task, 1);
    if (json_slice_is(&task, "required") || !v[T_NAME].len || v[T_NAME].len > MCP_NAME_MAX ||
        v[T_SCHEMA].len > TOOL_SCHEMA_MAX)
        return STATUS_OK;
    return keep_tool(v, t, err);
}

static enum status add_tools(const struct json_slice *list, struct mcp_tools *t, struct error *err)
{
    struct json_scan s;
    struct json_slice item;
    enum status st = STATUS_OK;
    if (list->kind != JSON_ARRAY)
        return error_set(err, STATUS_BACKEND, "a list of tools without tools");
    json_scan_init(&s, list->bytes, list->len);
    json_scan_array(&s);
    while (json_scan_element(&s) && !st) {
        json_scan_value(&s, &item);
        st = add_tool(&item, t, err);
    }
    return st;
}

enum status mcp_read_page(const struct json_slice *result, struct mcp_tools *tools,
    struct mcp_page *page, struct error *err)
{
    static const char *const names[] = {"resultType", "tools", "nextCursor", "ttlMs"};
    struct json_slice v[4];
    buf_reset(&page->cursor);
    page->ttl_ms = -1;
    if (!mcp_members(result, names, v, 4))
        return error_set(err, STATUS_BACKEND, "a list of tools that is no object");
    enum status st = check_type(&v[0], err);
    if (!st)
        st = add_tools(&v[1], tools, err);
    if (st)
        return st;
    if (v[2].kind == JSON_STRING)
        json_slice_add(&v[2], &page->cursor);
    if (v[3].kind == JSON_INT || v[3].kind == JSON_DOUBLE)
        page->ttl_ms = json_slice_int(&v[3], 0);
    if (page->ttl_ms < 0 && v[3].kind != JSON_ABSENT)
        page->ttl_ms = 0;
    if (buf_status(&page->cursor))
        return error_set(err, STATUS_BACKEND, "a cursor of over %zu bytes", page->cursor.cap);
    return STATUS_OK;
}
