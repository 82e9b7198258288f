#include "agent/responses_stream.h"

#include <string.h>

#include "base/strings.h"

/* What matters of an event that comes by the hundred. */
struct piece {
    struct json_slice type, delta, index;
};

static bool scan_piece(const struct sse_event *e, struct piece *p)
{
    struct json_scan scan;
    struct json_slice key, other;
    *p = (struct piece){0};
    json_scan_init(&scan, e->data, e->len);
    if (json_scan_object(&scan)) {
        while (json_scan_member(&scan, &key)) {
            bool type = json_slice_is(&key, "type"), delta = json_slice_is(&key, "delta");
            bool index = !type && !delta && json_slice_is(&key, "output_index");
            json_scan_value(&scan, type    ? &p->type
                                   : delta ? &p->delta
                                   : index ? &p->index
                                           : &other);
        }
    }
    return json_scan_end(&scan);
}

/* ---- text that is in a tree ---- */

static struct json_slice slice_of(const struct json *j)
{
    struct json_slice v = {0};
    v.bytes = json_string(j, &v.len);
    v.kind = v.bytes ? JSON_STRING : JSON_ABSENT;
    return v;
}

static enum status say(struct responses_stream *s, const struct json *text)
{
    struct json_slice v = slice_of(text);
    return s->deltas ? STATUS_OK : stream_say(&s->base, &v);
}

static enum status refuse(struct responses_stream *s, const struct json *reason)
{
    struct json_slice v = slice_of(reason);
    return s->base.refusal.len ? STATUS_OK : stream_refuse(&s->base, &v);
}

static enum status keep_word(char **to, const struct json *j)
{
    const char *word = json_string(j, NULL);
    return !word || !*word || !string_set(to, word) ? STATUS_OK : STATUS_NO_MEMORY;
}

static bool is(const struct json *j, const char *word)
{
    const char *text = json_string(j, NULL);
    return text && !strcmp(text, word);
}

/* ---- events that are rare ---- */

static enum status on_created(struct responses_stream *s, const struct json *event)
{
    const struct json *response = json_get(event, "response");
    enum status st = keep_word(&s->base.id, json_get(response, "id"));
    return st ? st : keep_word(&s->base.model, json_get(response, "model"));
}

static enum status on_text_done(struct responses_stream *s, const struct json *event)
{
    return say(s, json_get(event, "text"));
}

static enum status on_refusal_done(struct responses_stream *s, const struct json *event)
{
    return refuse(s, json_get(event, "refusal"));
}

/* ---- calls ---- */

/* By its index, unless that is another's: then by its id. */
static bool find_call(const struct stream *s, int64_t index, const char *id, size_t *at)
{
    size_t count = stream_calls_count(s);
    if (stream_call_find(s, index, at) && (!id || !strcmp(s->calls->items[*at].id, id)))
        return true;
    for (size_t i = 0; id && i < count; i++) {
        if (!strcmp(s->calls->items[i].id, id)) {
            *at = i;
            return true;
        }
    }
    return false;
}

/* What the item says of a call, which may be new. */
static enum status take_call(struct responses_stream *s, int64_t index, const struct json *item)
{
    size_t at, len = 0;
    enum status st = STATUS_OK;
    const char *id = json_get_string(item, "call_id");
    if (!find_call(&s->base, index, id && *id ? id : NULL, &at)) {
        at = stream_calls_count(&s->base);
        st = stream_call_begin(&s->base, index);
    }
    if (!st)
        st = stream_call_id(&s->base, at, id);
    if (!st)
        st = stream_call_name(&s->base, at, json_get_string(item, "name"));
    const char *arguments = json_string(json_get(item, "arguments"), &len);
    return st || !len ? st : stream_call_set(&s->base, at, arguments, len);
}

static enum status take_item(
    struct responses_stream *s, int64_t index, const struct json *item, bool done)
{
    const struct json *type = json_get(item, "type");
    const char *id = json_get_string(item, "call_id");
    bool is_call = is(type, "function_call");
    if (is(type, "custom_tool_call") || (is_call && !s->base.expects))
        s->base.called = true;
    return is_call && s->base.expects && (done || (id && *id)) ? take_call(s, index, item)
                                                               : STATUS_OK;
}

static enum status on_item(struct responses_stream *s, const struct json *event)
{
    int64_t index = json_int(json_get(event, "output_index"), -1);
    return take_item(s, index, json_get(event, "item"), false);
}

/* For the way back, where calls are expected. */
static void keep_item(struct responses_stream *s, const struct json *item)
{
    if (!s->base.expects || json_kind(item) != JSON_OBJECT)
        return;
    if (s->items.len)
        buf_addc(&s->items, ',');
    json_print(item, false, &s->items);
    const char *id = json_get_string(item, "call_id");
    s->kept_calls += is(json_get(item, "type"), "function_call") && id && *id;
}

static enum status on_item_done(struct responses_stream *s, const struct json *event)
{
    const struct json *item = json_get(event, "item");
    s->has_done = true;
    keep_item(s, item);
    return take_item(s, json_int(json_get(event, "output_index"), -1), item, true);
}

static enum status on_arguments_delta(struct responses_stream *s, const struct piece *p)
{
    size_t at;
    if (!stream_call_find(&s->base, json_slice_int(&p->index, -1), &at))
        return STATUS_OK;
    buf_reset(&s->base.decoded);
    enum status st = json_slice_add(&p->delta, &s->base.decoded);
    const struct buf *b = &s->base.decoded;
    return st || !b->len ? st : stream_call_add(&s->base, at, buf_str(b), b->len);
}

static enum status on_arguments_done(struct responses_stream *s, const struct json *event)
{
    size_t at, len = 0;
    const char *arguments = json_string(json_get(event, "arguments"), &len);
    bool known = stream_call_find(&s->base, json_int(json_get(event, "output_index"), -1), &at);
    return known && len ? stream_call_set(&s->base, at, arguments, len) : STATUS_OK;
}

/* Only when all calls are in it, with an id that their results can have. */
static void write_echo(struct responses_stream *s)
{
    struct buf *echo = &s->base.echo;
    size_t count = stream_calls_count(&s->base);
    if (!count || s->kept_calls != count || buf_status(&s->items))
        return;
    buf_addc(echo, '[');
    buf_add(echo, buf_str(&s->items), s->items.len);
    buf_addc(echo, ']');
}

/* ---- the end ---- */

/* The whole answer, in case nothing of it was said yet. */
static enum status read_output(struct responses_stream *s, const struct json *output)
{
    enum status st = STATUS_OK;
    bool said = s->base.said;
    for (size_t i = 0; i < json_count(output) && !st; i++) {
        const struct json *item = json_at(output, i), *content = json_get(item, "content");
        if (!s->has_done) {
            keep_item(s, item);
            st = take_item(s, (int64_t)i, item, true);
        }
        if (!is(json_get(item, "type"), "message"))
            continue;
        for (size_t k = 0; k < json_count(content) && !st; k++) {
            const struct json *part = json_at(content, k);
            if (is(json_get(part, "type"), "refusal"))
                st = refuse(s, json_get(part, "refusal"));
            else if (!said && is(json_get(part, "type"), "output_text"))
                st = say(s, json_get(part, "text"));
        }
    }
    return st;
}

static enum status on_failed(struct responses_stream *s, const struct json *event)
{
    const struct json *response = json_get(event, "response");
    const char *message = stream_error_message(response);
    const struct json *from = message ? response : event;
    if (on_created(s, event))
        return STATUS_NO_MEMORY;
    if (!message)
        message = stream_error_message(event);
    return stream_fail_as(&s->base, message ? message : "an error without a message", from);
}

static enum status on_end(struct responses_stream *s, const struct json *event)
{
    const struct json *response = json_get(event, "response");
    const struct json *usage = json_get(response, "usage"), *status = json_get(response, "status");
    const struct json *details = json_get(response, "incomplete_details");
    struct stream *base = &s->base;
    base->input_tokens = json_int(json_get(usage, "input_tokens"), base->input_tokens);
    base->output_tokens = json_int(json_get(usage, "output_tokens"), base->output_tokens);
    enum status st = on_created(s, event);
    if (!st && is(status, "failed"))
        return on_failed(s, event);
    if (!st)
        st = keep_word(&base->finish_reason, status);
    if (!st)
        st = keep_word(&base->finish_reason, json_get(details, "reason"));
    if (!st && !base->finish_reason) /* the type of the event says it: "response.completed" */
        st = keep_word(&base->finish_reason, json_get(event, "type"));
    if (!st)
        st = read_output(s, json_get(response, "output"));
    write_echo(s);
    base->done = true;
    return st;
}

static const struct {
    const char *type;
    enum status (*read)(struct responses_stream *s, const struct json *event);
} rare[] = {
    {"response.created", on_created},
    {"response.output_text.done", on_text_done},
    {"response.refusal.done", on_refusal_done},
    {"response.output_item.added", on_item},
    {"response.output_item.done", on_item_done},
    {"response.function_call_arguments.done", on_arguments_done},
    {"response.completed", on_end},
    {"response.incomplete", on_end},
    {"response.cancelled", on_end},
    {"response.failed", on_failed},
    {"error", on_failed},
};

/* One of the rare events, or one without a type, which is an error or nothing. */
static enum status read_rare(
    struct responses_stream *s, const struct sse_event *e, const char *type)
{
    struct json *j = NULL;
    enum status st = STATUS_OK;
    for (size_t i = 0; i < sizeof rare / sizeof *rare; i++) {
        if (strcmp(rare[i].type, type) != 0)
            continue;
        st = json_parse(e->data, e->len, &j, NULL);
        if (!st)
            st = rare[i].read(s, j);
        json_free(j);
        return st;
    }
    if (strcmp(type, "message") != 0)
        return STATUS_OK;
    st = json_parse(e->data, e->len, &j, NULL);
    const char *message = stream_error_message(j);
    if (message)
        st = stream_fail_as(&s->base, message, j);
    json_free(j);
    return st;
}

static enum status on_event(void *stream, const struct sse_event *e)
{
    struct responses_stream *s = stream;
    struct piece p;
    char type[64];
    if (e->len == 6 && !memcmp(e->data, "[DONE]", 6)) {
        s->base.done = true;
        return STATUS_OK;
    }
    if (!scan_piece(e, &p))
        return STATUS_BAD_REQUEST;
    if (p.type.kind != JSON_STRING || p.type.escaped)
        p.type = (struct json_slice){.kind = JSON_STRING, .bytes = e->type, .len = strlen(e->type)};
    if (json_slice_is(&p.type, "response.output_text.delta")) {
        s->deltas = s->deltas || (p.delta.kind == JSON_STRING && p.delta.len);
        return stream_say(&s->base, &p.delta);
    }
    if (json_slice_is(&p.type, "response.refusal.delta"))
        return stream_refuse(&s->base, &p.delta);
    if (json_slice_is(&p.type, "response.function_call_arguments.delta"))
        return on_arguments_delta(s, &p);
    if (p.type.len >= sizeof type)
        return STATUS_OK;
    memcpy(type, p.type.bytes, p.type.len);
    type[p.type.len] = 0;
    return read_rare(s, e, type);
}

static void init(void *stream, stream_text text, void *ctx)
{
    struct responses_stream *s = stream;
    stream_init(&s->base, on_event, text, ctx);
    stream_widen(&s->base, RESPONSES_EVENT_MAX);
    buf_init(&s->items, STREAM_ECHO_MAX - 2);
}

static bool is_whole(const char *reason)
{
    return !strcmp(reason, "completed") || !strcmp(reason, "response.completed");
}

static void release(void *stream)
{
    struct responses_stream *s = stream;
    buf_release(&s->items);
    stream_release(stream);
}

static enum status end(const void *stream, struct error *err)
{
    static const char *const fine[] = {
        "completed", "response.completed", "max_output_tokens", "incomplete"};
    const struct responses_stream *s = stream;
    const char *reason = s->base.finish_reason;
    if (!reason || s->base.error || s->base.refusal.len)
        return stream_end(stream, err);
    if (!strcmp(reason, "content_filter"))
        return error_set(
            err, STATUS_BACKEND, "the answer was stopped by the provider's content filter");
    if (stream_calls_count(&s->base) && !is_whole(reason))
        return error_set(err, STATUS_BACKEND,
            "the answer was cut off (finish reason \"%s\") within a tool call", reason);
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        if (!strcmp(reason, fine[i]))
            return stream_end(stream, err);
    return error_set(err, STATUS_BACKEND, "the answer is not complete (\"%s\")", reason);
}

const struct stream_reader responses_reader = {
    .size = sizeof(struct responses_stream),
    .init = init,
    .expect_calls = stream_expect_calls,
    .feed = stream_feed,
    .end = end,
    .told = stream_told,
    .release = release,
};
