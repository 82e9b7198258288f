#include "agent/openai_stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/strings.h"

const char *openai_error_message(const struct json *j)
{
    enum json_kind error = json_kind(json_get(j, "error"));
    bool is_chunk = error != JSON_STRING && error != JSON_OBJECT && json_get(j, "choices");
    return is_chunk ? NULL : stream_error_message(j);
}

/* What matters of a chunk. */
struct chunk {
    bool has_error, has_choices;
    struct json_slice input_tokens, output_tokens, model, id;
    struct json_slice content, refusal, finish_reason; /* of the first choice */
    struct json_slice reasoning, details, calls, legacy_call;
};

static void scan_usage(struct json_scan *s, struct chunk *c)
{
    struct json_slice key, other;
    c->input_tokens = c->output_tokens = (struct json_slice){0};
    if (!json_scan_object(s))
        return;
    while (json_scan_member(s, &key)) {
        bool input = json_slice_is(&key, "prompt_tokens");
        bool output = json_slice_is(&key, "completion_tokens");
        json_scan_value(s, input ? &c->input_tokens : output ? &c->output_tokens : &other);
    }
}

static void forget_delta(struct chunk *c)
{
    c->content = c->refusal = c->reasoning = c->details = c->calls = c->legacy_call =
        (struct json_slice){0};
}

/* Where a member of a delta belongs, or NULL. */
static struct json_slice *delta_member(struct chunk *c, const struct json_slice *key)
{
    if (json_slice_is(key, "content"))
        return &c->content;
    if (json_slice_is(key, "refusal"))
        return &c->refusal;
    if (json_slice_is(key, "tool_calls"))
        return &c->calls;
    if (json_slice_is(key, "function_call"))
        return &c->legacy_call;
    if (json_slice_is(key, "reasoning_content"))
        return &c->reasoning;
    return json_slice_is(key, "reasoning_details") ? &c->details : NULL;
}

static void scan_delta(struct json_scan *s, struct chunk *c)
{
    struct json_slice key, other;
    forget_delta(c);
    if (!json_scan_object(s))
        return;
    while (json_scan_member(s, &key)) {
        struct json_slice *member = delta_member(c, &key);
        json_scan_value(s, member ? member : &other);
    }
}

static void scan_choice(struct json_scan *s, struct chunk *c)
{
    struct json_slice key, other;
    if (!json_scan_object(s))
        return;
    while (json_scan_member(s, &key)) {
        if (json_slice_is(&key, "delta"))
            scan_delta(s, c);
        else
            json_scan_value(s, json_slice_is(&key, "finish_reason") ? &c->finish_reason : &other);
    }
}

static void scan_choices(struct json_scan *s, struct chunk *c)
{
    struct json_slice other;
    c->has_choices = true;
    forget_delta(c);
    c->finish_reason = (struct json_slice){0};
    if (!json_scan_array(s))
        return;
    for (bool first = true; json_scan_element(s); first = false) {
        if (first)
            scan_choice(s, c);
        else
            json_scan_value(s, &other);
    }
}

/* Of members that come twice the last counts, as in a tree. */
static void scan_member(struct json_scan *s, const struct json_slice *key, struct chunk *c)
{
    struct json_slice other;
    if (json_slice_is(key, "choices")) {
        scan_choices(s, c);
    } else if (json_slice_is(key, "usage")) {
        scan_usage(s, c);
    } else if (json_slice_is(key, "error")) {
        json_scan_value(s, &other);
        c->has_error = other.kind != JSON_NULL;
    } else {
        bool model = json_slice_is(key, "model"), id = json_slice_is(key, "id");
        json_scan_value(s, model ? &c->model : id ? &c->id : &other);
    }
}

static bool scan_chunk(const char *text, size_t len, struct chunk *c)
{
    struct json_scan s;
    struct json_slice key;
    *c = (struct chunk){0};
    json_scan_init(&s, text, len);
    if (json_scan_object(&s)) {
        while (json_scan_member(&s, &key))
            scan_member(&s, &key, c);
    }
    return json_scan_end(&s);
}

/* A chunk that may be an error, which is well-formed; what it says. */
static enum status read_error(struct openai_stream *s, const char *text, size_t len)
{
    struct json *j;
    enum status st = json_parse(text, len, &j, NULL);
    if (st)
        return st;
    const char *message = openai_error_message(j);
    if (message)
        st = stream_fail_as(&s->base, message, j);
    json_free(j);
    return st;
}

static void on_text(void *ctx, const char *bytes, size_t len)
{
    struct openai_stream *s = ctx;
    if (s->base.expects)
        buf_add(&s->calls.content, bytes, len);
    think_feed(&s->think, bytes, len);
}

static enum status say(struct openai_stream *s, const struct json_slice *content)
{
    enum status st = stream_say(&s->base, content);
    s->base.said = s->think.said;
    return st;
}

static enum status read_finish(struct openai_stream *s, const struct json_slice *reason)
{
    if (reason->kind == JSON_STRING)
        think_finish(&s->think);
    s->base.said = s->think.said;
    return stream_word(&s->base, reason, &s->base.finish_reason);
}

/* What matters to who has tools: the calls, and what goes back with them. */
static enum status read_calls(struct openai_stream *s, const struct chunk *c)
{
    enum status st = openai_calls_read_legacy(&s->calls, &c->legacy_call);
    if (!st)
        st = openai_calls_read(&s->calls, &c->calls);
    if (st || !s->base.expects)
        return st;
    json_slice_add(&c->reasoning, &s->calls.reasoning);
    openai_calls_keep_details(&s->calls, &c->details);
    if (s->base.finish_reason)
        openai_calls_echo(&s->calls);
    return STATUS_OK;
}

static enum status read_chunk(struct openai_stream *o, const struct chunk *c)
{
    struct stream *s = &o->base;
    enum status st = STATUS_OK;
    s->input_tokens = json_slice_int(&c->input_tokens, s->input_tokens);
    s->output_tokens = json_slice_int(&c->output_tokens, s->output_tokens);
    if (!s->model)
        st = stream_word(s, &c->model, &s->model);
    if (!st && !s->id)
        st = stream_word(s, &c->id, &s->id);
    if (!st)
        st = say(o, &c->content);
    if (!st)
        st = stream_refuse(s, &c->refusal);
    if (!st)
        st = read_finish(o, &c->finish_reason);
    return st ? st : read_calls(o, c);
}

/* A member that may be in every chunk, with nothing in it. */
static bool is_blank(const struct json_slice *v)
{
    return (v->kind != JSON_ARRAY && v->kind != JSON_OBJECT && v->kind != JSON_STRING) ||
           (v->kind == JSON_ARRAY && v->len == 2) || (v->kind == JSON_STRING && !v->len);
}

/* Whether nothing but the content would come of it, were it said again. */
static bool only_says(const struct chunk *c)
{
    return is_blank(&c->calls) && is_blank(&c->legacy_call) && is_blank(&c->reasoning) &&
           is_blank(&c->details) && c->content.kind == JSON_STRING &&
           c->refusal.kind != JSON_STRING && c->finish_reason.kind != JSON_STRING &&
           c->input_tokens.kind != JSON_INT && c->output_tokens.kind != JSON_INT;
}

static enum status on_event(void *stream, const struct sse_event *e)
{
    struct openai_stream *s = stream;
    if (e->len == 6 && !memcmp(e->data, "[DONE]", 6)) {
        s->base.done = true;
        think_finish(&s->think);
        s->base.said = s->think.said;
        return STATUS_OK;
    }
    struct chunk c;
    if (json_alike_match(&s->said_like, e->data, e->len, &c.content))
        return say(s, &c.content);
    enum status st = STATUS_OK;
    if (!scan_chunk(e->data, e->len, &c))
        return STATUS_BAD_REQUEST;
    if (c.has_error || !c.has_choices)
        st = read_error(s, e->data, e->len);
    else if (only_says(&c))
        json_alike_keep(&s->said_like, e->data, e->len, &c.content);
    return st ? st : read_chunk(s, &c);
}

static void init(void *stream, stream_text text, void *ctx)
{
    struct openai_stream *s = stream;
    stream_init(&s->base, on_event, on_text, s);
    s->think = (struct think){.text = text, .ctx = ctx};
    json_alike_init(&s->said_like);
    openai_calls_init(&s->calls, &s->base);
}

static void release(void *stream)
{
    struct openai_stream *s = stream;
    json_alike_release(&s->said_like);
    openai_calls_release(&s->calls);
    stream_release(&s->base);
}

/* Of an answer that is finished. */
static enum status check_calls(const struct openai_stream *s, struct error *err)
{
    const char *reason = s->base.finish_reason;
    if (stream_calls_count(&s->base))
        return strcmp(reason, "length") != 0
                   ? STATUS_OK
                   : error_set(err, STATUS_BACKEND,
                         "the answer was cut off (finish reason \"length\") within a tool call");
    if (strcmp(reason, "tool_calls") != 0 && strcmp(reason, "function_call") != 0)
        return STATUS_OK;
    if (s->base.expects)
        return error_set(err, STATUS_BACKEND,
            "the model called a tool, but the call did not come (finish reason \"%s\")", reason);
    return error_set(err, STATUS_BACKEND, "the model called a tool, but has none");
}

static enum status end(const void *stream, struct error *err)
{
    const struct openai_stream *s = stream;
    const char *reason = s->base.finish_reason;
    if (!reason || s->base.error || s->base.refusal.len)
        return stream_end(stream, err);
    if (!strcmp(reason, "content_filter"))
        return error_set(
            err, STATUS_BACKEND, "the answer was stopped by the provider's content filter");
    if (!strcmp(reason, "error"))
        return error_set(err, STATUS_BACKEND, "the backend broke the answer off with an error");
    enum status st = check_calls(s, err);
    if (st)
        return st;
    if (s->think.state == THINK_INSIDE && !stream_calls_count(&s->base))
        return error_set(err, STATUS_BACKEND,
            "the answer is empty: it ended within its reasoning (finish reason \"%s\")", reason);
    return stream_end(stream, err);
}

const struct stream_reader openai_reader = {
    .size = sizeof(struct openai_stream),
    .init = init,
    .expect_calls = stream_expect_calls,
    .feed = stream_feed,
    .end = end,
    .told = stream_told,
    .release = release,
};
