#include "agent/mcp_message.h"

#include <stdio.h>

#include "base/utf8.h"

static const char *const legacy[] = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};

/* ---- writing ---- */

static void begin(struct json_writer *w, struct buf *out, int64_t id, const char *method)
{
    json_writer_init(w, out);
    json_begin_object(w);
    json_member_string(w, "jsonrpc", "2.0");
    if (id)
        json_member_int(w, "id", id);
    json_member_string(w, "method", method);
    json_key(w, "params");
    json_begin_object(w);
}

static void end(struct json_writer *w)
{
    json_end_object(w);
    json_end_object(w);
}

static void write_client(struct json_writer *w, const char *key)
{
    json_key(w, key);
    json_begin_object(w);
    json_member_string(w, "name", "magec");
    json_member_string(w, "version", PACKAGE_VERSION);
    json_end_object(w);
}

static void write_nothing(struct json_writer *w, const char *key)
{
    json_key(w, key);
    json_begin_object(w);
    json_end_object(w);
}

static void write_meta(struct json_writer *w)
{
    json_key(w, "_meta");
    json_begin_object(w);
    json_member_string(w, "io.modelcontextprotocol/protocolVersion", MCP_MODERN);
    write_client(w, "io.modelcontextprotocol/clientInfo");
    write_nothing(w, "io.modelcontextprotocol/clientCapabilities");
    json_end_object(w);
}

void mcp_write_initialize(struct buf *out, int64_t id)
{
    struct json_writer w;
    begin(&w, out, id, "initialize");
    json_member_string(&w, "protocolVersion", MCP_REVISION);
    write_nothing(&w, "capabilities");
    write_client(&w, "clientInfo");
    end(&w);
}

void mcp_write_initialized(struct buf *out)
{
    struct json_writer w;
    begin(&w, out, 0, "notifications/initialized");
    end(&w);
}

void mcp_write_discover(struct buf *out, int64_t id)
{
    struct json_writer w;
    begin(&w, out, id, "server/discover");
    write_meta(&w);
    end(&w);
}

void mcp_write_listen(struct buf *out, int64_t id)
{
    struct json_writer w;
    begin(&w, out, id, "subscriptions/listen");
    write_meta(&w);
    json_key(&w, "notifications");
    json_begin_object(&w);
    json_member_bool(&w, "toolsListChanged", true);
    json_end_object(&w);
    end(&w);
}

void mcp_write_list(struct buf *out, int64_t id, bool modern, const char *cursor)
{
    struct json_writer w;
    begin(&w, out, id, "tools/list");
    if (modern)
        write_meta(&w);
    if (cursor && *cursor)
        json_member_string(&w, "cursor", cursor);
    end(&w);
}

static bool is_object(const char *text)
{
    struct json_scan s;
    struct json_slice v;
    json_scan_init(&s, text, strlen(text));
    json_scan_value(&s, &v);
    return v.kind == JSON_OBJECT && json_scan_end(&s);
}

/* In JSON an end of line is white space. */
static void write_on_one_line(struct json_writer *w, const char *json)
{
    size_t before = w->out->len;
    json_put_raw(w, json, strlen(json));
    for (size_t i = before; i < w->out->len; i++)
        if (w->out->data[i] == '\n' || w->out->data[i] == '\r')
            w->out->data[i] = ' ';
}

enum status mcp_write_call(struct buf *out, int64_t id, bool modern, const char *tool,
    const char *arguments, struct error *err)
{
    struct json_writer w;
    if (*arguments && !is_object(arguments))
        return error_set(err, STATUS_BAD_REQUEST, "the arguments are no JSON object");
    begin(&w, out, id, "tools/call");
    if (modern)
        write_meta(&w);
    json_member_string(&w, "name", tool);
    json_key(&w, "arguments");
    write_on_one_line(&w, *arguments ? arguments : "{}");
    end(&w);
    return STATUS_OK;
}

void mcp_write_canceled(struct buf *out, int64_t id, const char *reason)
{
    struct json_writer w;
    begin(&w, out, 0, "notifications/cancelled");
    json_member_int(&w, "requestId", id);
    json_member_string(&w, "reason", reason);
    end(&w);
}

void mcp_write_reply(struct buf *out, const struct mcp_reading *request)
{
    struct json_writer w;
    json_writer_init(&w, out);
    json_begin_object(&w);
    json_member_string(&w, "jsonrpc", "2.0");
    json_key(&w, "id");
    if (request->ask_id.kind == JSON_STRING)
        buf_printf(out, "\"%.*s\"", (int)request->ask_id.len, request->ask_id.bytes);
    else
        buf_add(out, request->ask_id.bytes, request->ask_id.len);
    w.comma = true;
    if (json_slice_is(&request->method, "ping")) {
        write_nothing(&w, "result");
    } else {
        json_key(&w, "error");
        json_begin_object(&w);
        json_member_int(&w, "code", MCP_NO_METHOD);
        json_member_string(&w, "message", "Method not found");
        json_end_object(&w);
    }
    json_end_object(&w);
}

/* ---- reading ---- */

bool mcp_members(const struct json_slice *object, const char *const *names,
    struct json_slice *values, size_t count)
{
    struct json_scan s;
    struct json_slice key, other;
    memset(values, 0, count * sizeof *values);
    if (object->kind != JSON_OBJECT)
        return false;
    json_scan_init(&s, object->bytes, object->len);
    if (json_scan_object(&s)) {
        while (json_scan_member(&s, &key)) {
            size_t i = 0;
            while (i < count && !json_slice_is(&key, names[i]))
                i++;
            json_scan_value(&s, i < count ? &values[i] : &other);
        }
    }
    return json_scan_end(&s);
}

static bool is_id(const struct json_slice *v)
{
    return v->kind == JSON_INT || v->kind == JSON_STRING || v->kind == JSON_DOUBLE;
}

enum mcp_kind mcp_read(struct mcp_reading *r, const char *text, size_t len)
{
    static const char *const names[] = {"id", "method", "params", "result", "error"};
    enum { ID, METHOD, PARAMS, RESULT, ERROR, NAMES };
    struct json_slice v[NAMES], whole = {.kind = JSON_OBJECT, .bytes = text, .len = len};
    *r = (struct mcp_reading){.kind = MCP_NONSENSE, .id = -1};
    if (!mcp_members(&whole, names, v, NAMES))
        return MCP_NONSENSE;
    if (v[METHOD].kind == JSON_STRING) {
        r->kind = is_id(&v[ID]) ? MCP_REQUEST : MCP_NOTIFICATION;
        r->ask_id = v[ID];
        r->method = v[METHOD];
        r->body = v[PARAMS];
    } else if (v[ERROR].kind == JSON_OBJECT) {
        r->kind = MCP_ERROR;
        r->body = v[ERROR];
    } else if (v[RESULT].kind != JSON_ABSENT) {
        r->kind = MCP_ANSWER;
        r->body = v[RESULT];
    }
    if ((r->kind == MCP_ANSWER || r->kind == MCP_ERROR) && v[ID].kind == JSON_INT)
        r->id = json_slice_int(&v[ID], -1);
    return r->kind;
}

/* What a string says, as much as fits. */
static void copy_text(const struct json_slice *v, char *to, size_t size)
{
    struct buf said, clean;
    struct utf8_stream u = {0};
    *to = 0;
    if (v->kind != JSON_STRING)
        return;
    buf_init(&said, v->len);
    buf_init(&clean, 3 * v->len + 8);
    json_slice_add(v, &said);
    utf8_feed(&u, buf_str(&said), said.len, &clean);
    utf8_finish(&u, &clean);
    size_t len = utf8_cut(buf_str(&clean), clean.len, size - 1);
    snprintf(to, size, "%.*s", (int)len, buf_str(&clean));
    buf_release(&said);
    buf_release(&clean);
}

static bool is_legacy(const char *revision)
{
    for (size_t i = 0; i < sizeof legacy / sizeof *legacy; i++)
        if (!strcmp(legacy[i], revision))
            return true;
    return false;
}

/* The revisions in an array: as text, and whether one is spoken here. */
static void read_revisions(
    const struct json_slice *list, char text[256], bool *takes_legacy, bool *takes_modern)
{
    struct json_scan s;
    struct json_slice v;
    size_t used = 0;
    *text = 0;
    *takes_legacy = *takes_modern = false;
    if (list->kind != JSON_ARRAY)
        return;
    json_scan_init(&s, list->bytes, list->len);
    if (!json_scan_array(&s))
        return;
    while (json_scan_element(&s)) {
        char one[32];
        json_scan_value(&s, &v);
        copy_text(&v, one, sizeof one);
        *takes_legacy = *takes_legacy || is_legacy(one);
        *takes_modern = *takes_modern || !strcmp(one, MCP_MODERN);
        if (*one && used + sizeof one + 2 < 256)
            used += (size_t)snprintf(text + used, 256 - used, "%s%s", used ? ", " : "", one);
    }
}

bool mcp_read_fault(const struct json_slice *error, struct mcp_fault *f)
{
    static const char *const names[] = {"code", "message", "data"};
    static const char *const in_data[] = {"supported"};
    struct json_slice v[3], supported;
    *f = (struct mcp_fault){0};
    if (!mcp_members(error, names, v, 3) || v[0].kind != JSON_INT)
        return false;
    f->code = json_slice_int(&v[0], 0);
    copy_text(&v[1], f->message, sizeof f->message);
    mcp_members(&v[2], in_data, &supported, 1);
    read_revisions(&supported, f->supported, &f->takes_legacy, &f->takes_modern);
    return true;
}

bool mcp_fault_is_modern(const struct mcp_fault *f)
{
    return f->code <= MCP_WRONG_HEADERS && f->code >= MCP_WRONG_REVISION;
}

bool mcp_read_hello(const struct json_slice *result, struct mcp_hello *h)
{
    static const char *const names[] = {"protocolVersion", "supportedVersions", "capabilities"};
    static const char *const in_capabilities[] = {"tools"};
    static const char *const in_tools[] = {"listChanged"};
    struct json_slice v[3], tools, changes;
    bool takes_modern;
    *h = (struct mcp_hello){.revision = ""};
    if (!mcp_members(result, names, v, 3))
        return false;
    mcp_members(&v[2], in_capabilities, &tools, 1);
    mcp_members(&tools, in_tools, &changes, 1);
    h->list_changes = changes.kind == JSON_BOOL && *changes.bytes == 't';
    if (v[1].kind == JSON_ARRAY) {
        read_revisions(&v[1], h->supported, &h->takes_legacy, &takes_modern);
        snprintf(h->revision, sizeof h->revision, "%s", takes_modern ? MCP_MODERN : "");
        h->known = takes_modern;
        return true;
    }
    copy_text(&v[0], h->revision, sizeof h->revision);
    h->known = is_legacy(h->revision);
    return v[0].kind == JSON_STRING;
}
