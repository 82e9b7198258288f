#include "agent/anthropic_stream.h"

#include <string.h>

#include "agent/failure.h"

static const char unexplained[] = "an error without a message";

static const char *filled(const char *text)
{
    return text && *text ? text : NULL;
}

const char *anthropic_error_message(const struct json *j)
{
    const struct json *error = json_get(j, "error");
    const char *type = json_get_string(j, "type");
    const char *message = filled(json_string(error, NULL));
    bool is_error = type && !strcmp(type, "error");
    if (!message)
        message = filled(json_get_string(error, "message"));
    if (!message)
        message = filled(json_get_string(error, "type"));
    if (message)
        return message;
    if (json_kind(error) == JSON_OBJECT || json_kind(error) == JSON_STRING)
        return unexplained;
    if (type && !is_error)
        return NULL;
    message = filled(json_get_string(j, "message"));
    if (!message)
        message = filled(json_get_string(j, "detail"));
    return message || !is_error ? message : unexplained;
}

/* ---- members ---- */

enum { MEMBERS_MAX = 7 };

/* The values of an object's members, absent ones for what it lacks; whether text is well-formed. Of
 * members that come twice the last counts, as in a tree. */
static bool read_members(
    const char *text, size_t len, const char *const *keys, struct json_slice *values)
{
    struct json_scan s;
    struct json_slice key, other;
    size_t i;
    for (i = 0; keys[i]; i++)
        values[i] = (struct json_slice){0};
    json_scan_init(&s, text, len);
    if (json_scan_object(&s)) {
        while (json_scan_member(&s, &key)) {
            for (i = 0; keys[i] && !json_slice_is(&key, keys[i]);)
                i++;
            json_scan_value(&s, keys[i] ? &values[i] : &other);
        }
    }
    return json_scan_end(&s);
}

static void open_object(
    const struct json_slice *object, const char *const *keys, struct json_slice *values)
{
    bool is_object = object->kind == JSON_OBJECT;
    read_members(is_object ? object->bytes : "", is_object ? object->len : 0, keys, values);
}

enum { TYPE, DELTA, MESSAGE, USAGE, BLOCK, ERROR, INDEX };
static const char *const event_keys[] = {
    "type", "delta", "message", "usage", "content_block", "error", "index", NULL};

/* ---- the events ---- */

static int64_t sum(int64_t a, int64_t b)
{
    int64_t both;
    return __builtin_add_overflow(a, b, &both) ? INT64_MAX : both;
}

/* Each count is that of the whole answer so far; the provider tells apart what a cache took or
 * gave, which was read all the same. */
static void read_usage(struct stream *s, const struct json_slice *usage)
{
    static const char *const keys[] = {"output_tokens", "input_tokens",
        "cache_creation_input_tokens", "cache_read_input_tokens", NULL};
    struct json_slice counts[MEMBERS_MAX];
    open_object(usage, keys, counts);
    s->output_tokens = json_slice_int(&counts[0], s->output_tokens);
    if (counts[1].kind != JSON_INT)
        return;
    s->input_tokens = json_slice_int(&counts[1], 0);
    for (size_t i = 2; keys[i]; i++)
        s->input_tokens = sum(s->input_tokens, json_slice_int(&counts[i], 0));
}

static enum status read_message_start(struct anthropic_stream *a, const struct json_slice *event)
{
    struct stream *s = &a->base;
    static const char *const keys[] = {"id", "model", "usage", NULL};
    struct json_slice message[MEMBERS_MAX];
    open_object(&event[MESSAGE], keys, message);
    read_usage(s, &message[2]);
    enum status st = stream_word(s, &message[0], &s->id);
    return st ? st : stream_word(s, &message[1], &s->model);
}

/* A block may begin with text. */
static enum status read_block_start(struct anthropic_stream *a, const struct json_slice *event)
{
    static const char *const keys[] = {"type", "text", NULL};
    struct stream *s = &a->base;
    struct json_slice block[MEMBERS_MAX];
    enum status st = STATUS_OK;
    open_object(&event[BLOCK], keys, block);
    if (s->expects)
        st =
            anthropic_blocks_begin(&a->blocks, s, json_slice_int(&event[INDEX], -1), &event[BLOCK]);
    return !st && json_slice_is(&block[0], "text") ? stream_say(s, &block[1]) : st;
}

static enum status read_refusal(struct stream *s, const struct json_slice *details)
{
    static const char *const keys[] = {"explanation", "category", NULL};
    struct json_slice detail[MEMBERS_MAX];
    open_object(details, keys, detail);
    buf_reset(&s->refusal);
    enum status st = stream_refuse(s, &detail[0]);
    return st || s->refusal.len ? st : stream_refuse(s, &detail[1]);
}

/* Once it is finished. */
static enum status write_echo(struct anthropic_stream *a)
{
    struct stream *s = &a->base;
    if (!s->calls || !s->finish_reason)
        return STATUS_OK;
    anthropic_blocks_write(&a->blocks, s, &s->echo);
    return buf_status(&s->echo) == STATUS_NO_MEMORY ? STATUS_NO_MEMORY : STATUS_OK;
}

static enum status read_message_delta(struct anthropic_stream *a, const struct json_slice *event)
{
    static const char *const keys[] = {"stop_reason", "stop_details", NULL};
    struct stream *s = &a->base;
    struct json_slice delta[MEMBERS_MAX];
    open_object(&event[DELTA], keys, delta);
    read_usage(s, &event[USAGE]);
    enum status st = stream_word(s, &delta[0], &s->finish_reason);
    if (!st)
        st = write_echo(a);
    return st || !json_slice_is(&delta[0], "refusal") ? st : read_refusal(s, &delta[1]);
}

static enum status read_message_stop(struct anthropic_stream *a, const struct json_slice *event)
{
    (void)event;
    a->base.done = true;
    return STATUS_OK;
}

static const struct {
    const char *type;
    enum status (*read)(struct anthropic_stream *a, const struct json_slice *event);
} types[] = {
    {"message_start", read_message_start},
    {"content_block_start", read_block_start},
    {"message_delta", read_message_delta},
    {"message_stop", read_message_stop},
};

enum { TYPES = sizeof types / sizeof *types };

static enum status read_delta(
    struct anthropic_stream *s, const struct sse_event *e, const struct json_slice *event)
{
    static const char *const keys[] = {"type", "text", NULL};
    struct json_slice delta[MEMBERS_MAX];
    int64_t index = json_slice_int(&event[INDEX], -1);
    enum status st = STATUS_OK;
    if (s->base.expects)
        st = anthropic_blocks_delta(&s->blocks, &s->base, index, &event[DELTA]);
    open_object(&event[DELTA], keys, delta);
    if (st || !json_slice_is(&delta[0], "text_delta"))
        return st;
    s->said_index = index;
    if (delta[1].kind == JSON_STRING && event[TYPE].kind == JSON_STRING)
        json_alike_keep(&s->said_like, e->data, e->len, &delta[1]);
    return stream_say(&s->base, &delta[1]);
}

/* Another delta of the same block, which only has another text. */
static enum status read_alike(struct anthropic_stream *s, const struct json_slice *text)
{
    enum status st = STATUS_OK;
    if (s->base.expects)
        st = anthropic_blocks_text(&s->blocks, s->said_index, text);
    return st ? st : stream_say(&s->base, text);
}

/* ---- errors ---- */

static enum status fail(struct stream *s, const char *message, const char *kind)
{
    struct buf told;
    buf_init(&told, 2 * STREAM_EVENT_MAX);
    buf_adds(&told, filled(message) ? message : unexplained);
    if (kind && message && strcmp(message, kind) != 0)
        buf_printf(&told, " (%s)", kind);
    enum status st = buf_status(&told);
    st = st ? st : stream_fail(s, buf_str(&told));
    buf_release(&told);
    return st;
}

/* Words where JSON should be. */
static enum status fail_in_words(struct stream *s, const struct sse_event *e)
{
    buf_reset(&s->decoded);
    enum status st = buf_add(&s->decoded, e->data, e->len);
    return st ? st : fail(s, buf_str(&s->decoded), NULL);
}

/* An event that may be an error, or is one; well-formed. */
static enum status read_error(struct stream *s, const struct sse_event *e, bool is_error)
{
    struct json *j;
    enum status st = json_parse(e->data, e->len, &j, NULL);
    if (st)
        return st;
    const char *message = anthropic_error_message(j);
    s->error_status = failure_status(j);
    if (message || is_error)
        st = fail(s, message, filled(json_get_string(json_get(j, "error"), "type")));
    json_free(j);
    return st;
}

/* ---- the reader ---- */

/* Compatible servers may leave the type to the event's name. */
static bool is_type(const struct sse_event *e, const struct json_slice *type, const char *name)
{
    return type->kind == JSON_STRING ? json_slice_is(type, name) : !strcmp(e->type, name);
}

static enum status on_event(void *stream, const struct sse_event *e)
{
    struct anthropic_stream *s = stream;
    struct json_slice event[MEMBERS_MAX], text;
    bool is_error = !strcmp(e->type, "error");
    if (!is_error && json_alike_match(&s->said_like, e->data, e->len, &text))
        return read_alike(s, &text);
    if (!read_members(e->data, e->len, event_keys, event))
        return is_error ? fail_in_words(&s->base, e) : STATUS_BAD_REQUEST;
    const struct json_slice *type = &event[TYPE];
    is_error = is_error || json_slice_is(type, "error");
    enum status st = STATUS_OK;
    if (is_error || event[ERROR].kind > JSON_NULL || type->kind != JSON_STRING)
        st = read_error(&s->base, e, is_error);
    if (st)
        return st;
    if (is_type(e, type, "content_block_delta"))
        return read_delta(s, e, event);
    for (size_t i = 0; i < TYPES; i++)
        if (is_type(e, type, types[i].type))
            return types[i].read(s, event);
    return STATUS_OK; /* a ping, the end of a block, or news */
}

static void init(void *stream, stream_text text, void *ctx)
{
    struct anthropic_stream *s = stream;
    stream_init(&s->base, on_event, text, ctx);
    json_alike_init(&s->said_like);
}

static void release(void *stream)
{
    struct anthropic_stream *s = stream;
    json_alike_release(&s->said_like);
    anthropic_blocks_release(&s->blocks);
    stream_release(&s->base);
}

/* Then its last call may be half of one, though it looks whole. */
static bool is_cut_off(const char *reason)
{
    return !strcmp(reason, "max_tokens") || !strcmp(reason, "model_context_window_exceeded");
}

static enum status end(const void *stream, struct error *err)
{
    const struct stream *s = stream;
    const char *reason = s->finish_reason ? s->finish_reason : "";
    if (s->error || s->refusal.len)
        return stream_end(s, err);
    if (!strcmp(reason, "refusal"))
        return error_set(err, STATUS_BACKEND, "the model refused to answer");
    if (!strcmp(reason, "tool_use") && !s->calls)
        return error_set(err, STATUS_BACKEND,
            s->expects ? "the call did not come (finish reason \"tool_use\")"
                       : "the model called a tool, but has none");
    if (s->calls && is_cut_off(reason))
        return error_set(err, STATUS_BACKEND,
            "the answer was cut off (finish reason \"%s\") within a tool call", reason);
    if (!strcmp(reason, "pause_turn"))
        return error_set(err, STATUS_BACKEND, "the model paused before its answer was complete");
    return stream_end(s, err);
}

const struct stream_reader anthropic_reader = {
    .size = sizeof(struct anthropic_stream),
    .init = init,
    .expect_calls = stream_expect_calls,
    .feed = stream_feed,
    .end = end,
    .told = stream_told,
    .release = release,
};
