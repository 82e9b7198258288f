#include "agent/gemini_calls.h"

#include <stdlib.h>
#include <string.h>

enum status gemini_keep_part(struct stream *s, const char *part, size_t len)
{
    struct buf *echo = &s->echo;
    if (buf_status(echo))
        return STATUS_OK;
    if (echo->len)
        echo->data[echo->len - 1] = ',';
    else
        buf_addc(echo, '[');
    buf_add(echo, part, len);
    buf_addc(echo, ']');
    return buf_status(echo) == STATUS_NO_MEMORY ? STATUS_NO_MEMORY : STATUS_OK;
}

struct call {
    struct json_slice id, name, args;
};

/* Of the object that comes. */
static void scan_call(struct json_scan *s, struct call *c)
{
    struct json_slice key, other;
    *c = (struct call){0};
    if (!json_scan_object(s))
        return;
    while (json_scan_member(s, &key)) {
        bool id = json_slice_is(&key, "id"), name = json_slice_is(&key, "name");
        bool args = json_slice_is(&key, "args");
        json_scan_value(s, id ? &c->id : name ? &c->name : args ? &c->args : &other);
    }
}

enum status gemini_read_call(struct stream *s, const struct json_slice *call)
{
    struct json_scan scan;
    struct call c;
    char *id = NULL;
    enum status st = stream_call_begin(s, -1);
    if (st)
        return st;
    size_t at = stream_calls_count(s) - 1;
    json_scan_init(&scan, call->bytes, call->len);
    scan_call(&scan, &c);
    st = stream_word(s, &c.id, &id);
    if (!st)
        st = stream_call_id(s, at, id);
    if (!st)
        st = stream_word(s, &c.name, &s->calls->items[at].name);
    if (!st && c.args.kind == JSON_OBJECT)
        st = stream_call_set(s, at, c.args.bytes, c.args.len);
    free(id);
    return st;
}

/* Of the part that comes: whether it is a call, and then which. */
static bool scan_part(struct json_scan *s, struct call *c)
{
    struct json_slice key, value, call = {0};
    struct json_scan within;
    if (!json_scan_object(s))
        return false;
    while (json_scan_member(s, &key)) {
        json_scan_value(s, &value);
        if (json_slice_is(&key, "functionCall"))
            call = value;
    }
    json_scan_init(&within, call.bytes, call.len);
    scan_call(&within, c);
    return call.kind == JSON_OBJECT;
}

bool gemini_call_has_id(const char *echo, size_t place)
{
    struct json_scan s;
    struct call c;
    bool has = false;
    json_scan_init(&s, echo, strlen(echo));
    if (!json_scan_array(&s))
        return false;
    for (size_t calls = 0; json_scan_element(&s);)
        if (scan_part(&s, &c) && calls++ == place)
            has = c.id.kind == JSON_STRING && c.id.len;
    return has;
}
