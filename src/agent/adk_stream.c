#include "agent/adk_stream.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/failure.h"

/* ---- what matters of an event ---- */

struct event {
    struct json_slice author, branch, invocation, model;
    struct json_slice partial, turn_complete, finish_reason;
    struct json_slice error, error_code, error_message;
    struct json_slice role, parts;
    struct json_slice input_tokens, candidate_tokens, thought_tokens;
    uint64_t who;
    bool is_piece, has_parts;
    bool is_whole; /* the agent's text, if it is in the middle of one, is complete */
};

struct field {
    const char *name, *other_name;
    struct json_slice *value; /* where it is kept, or */
    void (*enter)(struct json_scan *s, struct event *e);
};

static bool is_field(const struct field *f, const struct json_slice *key)
{
    return json_slice_is(key, f->name) || (f->other_name && json_slice_is(key, f->other_name));
}

/* The fields, ended by one without a name, of the object that comes. Of members that come twice
 * the last counts, as in a tree. */
static void scan_fields(struct json_scan *s, struct event *e, const struct field *fields)
{
    struct json_slice key, other;
    for (const struct field *f = fields; f->name; f++)
        if (f->value)
            *f->value = (struct json_slice){0};
    if (!json_scan_object(s))
        return;
    while (json_scan_member(s, &key)) {
        const struct field *f = fields;
        while (f->name && !is_field(f, &key))
            f++;
        if (f->enter)
            f->enter(s, e);
        else
            json_scan_value(s, f->name ? f->value : &other);
    }
}

static void scan_content(struct json_scan *s, struct event *e)
{
    const struct field fields[] = {
        {"role", NULL, &e->role, NULL}, {"parts", NULL, &e->parts, NULL}, {0}};
    scan_fields(s, e, fields);
}

static void scan_usage(struct json_scan *s, struct event *e)
{
    const struct field fields[] = {
        {"promptTokenCount", "prompt_token_count", &e->input_tokens, NULL},
        {"candidatesTokenCount", "candidates_token_count", &e->candidate_tokens, NULL},
        {"thoughtsTokenCount", "thoughts_token_count", &e->thought_tokens, NULL}, {0}};
    scan_fields(s, e, fields);
}

static bool scan_event(const struct sse_event *from, struct event *e)
{
    const struct field fields[] = {{"author", NULL, &e->author, NULL},
        {"branch", NULL, &e->branch, NULL}, {"invocationId", "invocation_id", &e->invocation, NULL},
        {"modelVersion", "model_version", &e->model, NULL}, {"partial", NULL, &e->partial, NULL},
        {"turnComplete", "turn_complete", &e->turn_complete, NULL},
        {"finishReason", "finish_reason", &e->finish_reason, NULL},
        {"error", NULL, &e->error, NULL}, {"errorCode", "error_code", &e->error_code, NULL},
        {"errorMessage", "error_message", &e->error_message, NULL},
        {"content", NULL, NULL, scan_content},
        {"usageMetadata", "usage_metadata", NULL, scan_usage}, {0}};
    struct json_scan s;
    *e = (struct event){0};
    json_scan_init(&s, from->data, from->len);
    scan_fields(&s, e, fields);
    return json_scan_end(&s);
}

static bool is_true(const struct json_slice *v)
{
    return v->kind == JSON_BOOL && *v->bytes == 't';
}

static bool is_set(const struct json_slice *v)
{
    return v->kind == JSON_STRING ? v->len > 0 : v->kind == JSON_INT && *v->bytes != '0';
}

/* ---- who speaks ---- */

static const struct adk_said nothing = {.hash = 0xcbf29ce484222325u};

static void add_said(struct adk_said *t, const char *bytes, size_t len)
{
    uint64_t hash = t->hash; /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3u;
    t->hash = hash;
    t->len += len;
}

static uint64_t who_is(const struct event *e)
{
    struct adk_said name = nothing;
    add_said(&name, e->author.bytes, e->author.len);
    add_said(&name, "", 1);
    add_said(&name, e->branch.bytes, e->branch.len);
    return name.hash ? name.hash : 1;
}

static struct adk_speaker *find_speaker(struct adk_stream *g, uint64_t who)
{
    for (size_t i = 0; i < ADK_SPEAKERS_MAX; i++)
        if (g->speakers[i].who == who)
            return &g->speakers[i];
    return NULL;
}

static enum status open_speaker(struct adk_stream *g, uint64_t who)
{
    g->speaker = find_speaker(g, 0);
    if (!g->speaker)
        return stream_fail(&g->stream, "too many agents speak at once");
    *g->speaker = (struct adk_speaker){.who = who, .input_tokens = -1, .output_tokens = -1};
    return STATUS_OK;
}

/* Its text is complete. */
static void close_speaker(struct adk_stream *g)
{
    struct adk_speaker *s = g->speaker;
    if (!s)
        return;
    g->lost = g->lost || (s->unheard && !g->begun);
    s->who = 0;
    if (s != g->heard)
        return;
    g->heard = NULL;
    if (g->later.len)
        g->text(g->ctx, buf_str(&g->later), g->later.len);
    buf_release(&g->later);
}

/* ---- its text ---- */

static void hand_on(struct adk_stream *g, const char *bytes, size_t len)
{
    if (!g->begun && g->any)
        g->text(g->ctx, ADK_BETWEEN, strlen(ADK_BETWEEN));
    g->begun = g->any = true;
    if (len)
        g->text(g->ctx, bytes, len);
}

static void on_piece(struct adk_stream *g, const char *bytes, size_t len)
{
    if (g->heard && g->heard != g->speaker)
        g->speaker->unheard = true;
    if (g->speaker->unheard)
        return;
    g->begun = g->heard != NULL;
    if (!g->heard)
        g->said = nothing;
    g->heard = g->speaker;
    add_said(&g->said, bytes, len);
    hand_on(g, bytes, len);
}

/* Over what was said, to what is behind it. */
static void on_repeated(struct adk_stream *g, const char *bytes, size_t len)
{
    size_t n = g->said.len - g->repeated.len;
    if (n > len)
        n = len;
    add_said(&g->repeated, bytes, n);
    g->begun = true;
    if (n < len && g->repeated.hash == g->said.hash)
        hand_on(g, bytes + n, len - n);
}

static void on_later(struct adk_stream *g, const char *bytes, size_t len)
{
    if (!g->begun)
        buf_adds(&g->later, ADK_BETWEEN);
    g->begun = true;
    buf_add(&g->later, bytes, len);
}

static void on_text(void *ctx, const char *bytes, size_t len)
{
    struct adk_stream *g = ctx;
    switch (g->way) {
    case ADK_DROP:
        break;
    case ADK_PIECE:
        on_piece(g, bytes, len);
        break;
    case ADK_WHOLE:
        hand_on(g, bytes, len);
        break;
    case ADK_REPEATED:
        on_repeated(g, bytes, len);
        break;
    case ADK_LATER:
        on_later(g, bytes, len);
        break;
    }
}

static enum adk_way choose_way(const struct adk_stream *g, const struct event *e)
{
    if (json_slice_is(&e->author, "user") || json_slice_is(&e->role, "user"))
        return ADK_DROP;
    if (e->is_piece)
        return ADK_PIECE;
    if (!g->heard)
        return ADK_WHOLE;
    return g->heard == g->speaker ? ADK_REPEATED : ADK_LATER;
}

static enum status read_parts(struct adk_stream *g, const struct event *e)
{
    struct json_scan s;
    struct json_slice text, thought, call, answer;
    const struct field fields[] = {{"text", NULL, &text, NULL}, {"thought", NULL, &thought, NULL},
        {"functionCall", "function_call", &call, NULL},
        {"functionResponse", "function_response", &answer, NULL}, {0}};
    enum status st = STATUS_OK;
    bool called = false;
    json_scan_init(&s, e->parts.bytes, e->parts.len);
    if (e->parts.kind != JSON_ARRAY || !json_scan_array(&s))
        return STATUS_OK;
    while (!st && json_scan_element(&s)) {
        scan_fields(&s, NULL, fields);
        called = called || call.kind == JSON_OBJECT;
        if (answer.kind == JSON_OBJECT || text.kind == JSON_STRING)
            g->calling = false;
        if (answer.kind == JSON_OBJECT)
            g->counted = 0; /* another call of the model follows */
        if (!is_true(&thought))
            st = stream_say(&g->stream, &text);
    }
    g->calling = g->calling || (called && !e->is_piece);
    return st ? st : buf_status(&g->later);
}

/* ---- what it comes to ---- */

/* {"error":...}, or an event that is named so, of whatever data. */
static enum status read_error(struct adk_stream *g, const struct sse_event *from)
{
    struct json *j = NULL;
    struct buf plain;
    buf_init(&plain, ERROR_TEXT_MAX);
    if (json_parse(from->data, from->len, &j, NULL))
        buf_add(&plain, from->data, from->len < ERROR_TEXT_MAX ? from->len : ERROR_TEXT_MAX);
    const char *message = j ? stream_error_message(j) : buf_str(&plain);
    if (!message || !*message)
        message = "an error without a message";
    enum status st = stream_fail_as(&g->stream, message, j);
    json_free(j);
    buf_release(&plain);
    return st;
}

/* A word, and perhaps a sentence. */
static enum status fail_with(struct adk_stream *g, const char *what, const struct json_slice *word,
    const struct json_slice *sentence)
{
    struct buf text;
    buf_init(&text, 2 * BUF_SMALL);
    buf_adds(&text, what);
    if (is_set(word))
        json_slice_add(word, &text);
    if (word->kind == JSON_INT)
        buf_add(&text, word->bytes, word->len);
    if (is_set(word) && is_set(sentence))
        buf_adds(&text, ": ");
    if (sentence->kind == JSON_STRING)
        json_slice_add(sentence, &text);
    enum status st =
        stream_fail(&g->stream, text.len ? buf_str(&text) : "an error without a message");
    buf_release(&text);
    return st;
}

static enum status read_code(struct adk_stream *g, const struct event *e)
{
    struct buf code;
    buf_init(&code, 2 * BUF_SMALL);
    if (e->error_code.kind == JSON_STRING)
        json_slice_add(&e->error_code, &code);
    else if (is_set(&e->error_code))
        buf_add(&code, e->error_code.bytes, e->error_code.len);
    g->stream.error_status = failure_word_status(buf_str(&code));
    buf_release(&code);
    return fail_with(g, "", &e->error_code, &e->error_message);
}

static enum status read_words(struct adk_stream *g, const struct event *e)
{
    struct stream *s = &g->stream;
    enum status st = stream_word(s, &e->invocation, &s->id);
    if (!st)
        st = stream_word(s, &e->model, &s->model);
    if (!st && !json_slice_is(&e->finish_reason, "FINISH_REASON_UNSPECIFIED"))
        st = stream_word(s, &e->finish_reason, &s->finish_reason);
    return st;
}

static enum status read_reason(struct adk_stream *g, const struct event *e)
{
    const char *reason = g->stream.finish_reason;
    if (!reason || !strcasecmp(reason, "STOP") || !strcasecmp(reason, "MAX_TOKENS"))
        return STATUS_OK;
    return fail_with(
        g, "the answer was stopped by the provider: ", &e->finish_reason, &e->error_message);
}

static int64_t sum(int64_t a, int64_t b)
{
    int64_t both;
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return __builtin_add_overflow(a, b, &both) ? INT64_MAX : both;
}

static int64_t count(const struct json_slice *v)
{
    int64_t n = json_slice_int(v, -1);
    return n < 0 ? -1 : n;
}

/* Each event of a call to a model may tell what the call has used so far, and more than one of them
 * may tell the end of it. */
static void read_usage(struct adk_stream *g, const struct event *e)
{
    struct stream *s = &g->stream;
    struct adk_speaker *speaker = g->speaker;
    int64_t input = count(&e->input_tokens);
    int64_t output = sum(count(&e->candidate_tokens), count(&e->thought_tokens));
    bool told = input >= 0 || output >= 0;
    if (speaker && e->is_piece) {
        speaker->input_tokens = told ? input : speaker->input_tokens;
        speaker->output_tokens = told ? output : speaker->output_tokens;
        return;
    }
    if (!told && speaker && e->is_whole) {
        input = speaker->input_tokens;
        output = speaker->output_tokens;
    }
    if (e->who == g->counted && input == g->counted_input && output == g->counted_output)
        return;
    if (input < 0 && output < 0)
        return;
    g->counted = e->who;
    g->counted_input = input;
    g->counted_output = output;
    s->input_tokens = sum(s->input_tokens, input);
    s->output_tokens = sum(s->output_tokens, output);
}

static enum status read_event(struct adk_stream *g, const struct event *e)
{
    enum status st = read_words(g, e);
    if (!st)
        st = read_reason(g, e);
    g->speaker = find_speaker(g, e->who);
    if (!st && e->is_piece && e->has_parts && !g->speaker)
        st = open_speaker(g, e->who);
    if (st)
        return st;
    read_usage(g, e);
    g->begun = false;
    g->repeated = nothing;
    g->way = choose_way(g, e);
    st = read_parts(g, e);
    if (e->is_piece && g->speaker)
        g->speaker->finished = is_set(&e->finish_reason);
    if (!st && e->is_whole)
        close_speaker(g);
    return st;
}

static enum status on_event(void *stream, const struct sse_event *from)
{
    struct adk_stream *g = stream;
    struct event e;
    bool is_json = scan_event(from, &e), is_error = !strcmp(from->type, "error");
    if (!is_json && !is_error)
        return STATUS_BAD_REQUEST;
    if (is_json && (is_set(&e.error_code) || is_set(&e.error_message)))
        return read_code(g, &e);
    if (is_error || (e.error.kind != JSON_ABSENT && e.error.kind != JSON_NULL))
        return read_error(g, from);
    e.who = who_is(&e);
    e.is_piece = is_true(&e.partial);
    e.has_parts = e.parts.kind == JSON_ARRAY && memchr(e.parts.bytes, '{', e.parts.len);
    e.is_whole =
        !e.is_piece && (e.has_parts || is_set(&e.finish_reason) || is_true(&e.turn_complete));
    return read_event(g, &e);
}

/* ---- the reader ---- */

static void init(void *stream, stream_text text, void *ctx)
{
    struct adk_stream *g = stream;
    *g = (struct adk_stream){.text = text, .ctx = ctx};
    stream_init(&g->stream, on_event, on_text, g);
    stream_widen(&g->stream, ADK_EVENT_MAX);
    buf_init(&g->later, ADK_LATER_MAX);
}

static void release(void *stream)
{
    struct adk_stream *g = stream;
    stream_release(&g->stream);
    buf_release(&g->later);
}

static bool is_truncated(const struct adk_stream *g)
{
    bool truncated = g->lost || g->later.len;
    for (size_t i = 0; i < ADK_SPEAKERS_MAX; i++) {
        const struct adk_speaker *s = &g->speakers[i];
        truncated = truncated || (s->who && (s->unheard || !s->finished));
    }
    return truncated;
}

static enum status end(const void *stream, struct error *err)
{
    const struct adk_stream *g = stream;
    const char *reason = g->stream.finish_reason;
    if (g->stream.error)
        return error_set(err, STATUS_BACKEND, "%s", g->stream.error);
    if (is_truncated(g))
        return error_set(
            err, STATUS_BACKEND, "the answer was truncated: it ended in the middle of a text");
    if (g->calling)
        return error_set(
            err, STATUS_BACKEND, "the run ended at a function call that nobody answered");
    if (!g->any)
        return error_set(err, STATUS_BACKEND, "the answer is empty (finish reason \"%s\")",
            reason ? reason : "none");
    return STATUS_OK;
}

const struct stream_reader adk_reader = {
    .size = sizeof(struct adk_stream),
    .init = init,
    .feed = stream_feed,
    .end = end,
    .told = stream_told,
    .release = release,
};
