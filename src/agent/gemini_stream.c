#include "agent/gemini_stream.h"

#include <stdlib.h>
#include <string.h>

#include "agent/gemini_calls.h"

const char *gemini_error_message(const struct json *j)
{
    const struct json *first = json_kind(j) == JSON_ARRAY ? json_at(j, 0) : j;
    const struct json *error = json_get(first, "error");
    const char *status = json_get_string(error, "status");
    return status && !json_get_string(error, "message") ? status : stream_error_message(first);
}

/* ---- what matters of a chunk ---- */

struct chunk {
    bool has_candidates;
    struct json_slice error, model, id;
    struct json_slice input_tokens, candidate_tokens, thought_tokens;
    struct json_slice block_reason, block_message;
    struct json_slice parts, finish_reason, finish_message; /* of the first candidate */
};

struct field {
    const char *name;
    struct json_slice *value; /* where it is kept, or */
    void (*enter)(struct json_scan *s, struct chunk *c);
};

static void scan_field(
    struct json_scan *s, struct chunk *c, const struct field *f, const struct json_slice *key)
{
    struct json_slice other;
    while (f->name && !json_slice_is(key, f->name))
        f++;
    if (f->enter)
        f->enter(s, c);
    else
        json_scan_value(s, f->name ? f->value : &other);
}

/* The fields, ended by one without a name, of the object that comes. Of members that come twice
 * the last counts, as in a tree. */
static void scan_fields(struct json_scan *s, struct chunk *c, const struct field *fields)
{
    struct json_slice key;
    for (const struct field *f = fields; f->name; f++)
        if (f->value)
            *f->value = (struct json_slice){0};
    if (!json_scan_object(s))
        return;
    while (json_scan_member(s, &key))
        scan_field(s, c, fields, &key);
}

static void scan_content(struct json_scan *s, struct chunk *c)
{
    const struct field fields[] = {{"parts", &c->parts, NULL}, {0}};
    scan_fields(s, c, fields);
}

static void scan_candidate(struct json_scan *s, struct chunk *c)
{
    const struct field fields[] = {{"content", NULL, scan_content},
        {"finishReason", &c->finish_reason, NULL}, {"finishMessage", &c->finish_message, NULL},
        {0}};
    scan_fields(s, c, fields);
}

static void scan_candidates(struct json_scan *s, struct chunk *c)
{
    struct json_slice other;
    c->has_candidates = true;
    c->parts = c->finish_reason = c->finish_message = (struct json_slice){0};
    if (!json_scan_array(s))
        return;
    for (bool first = true; json_scan_element(s); first = false) {
        if (first)
            scan_candidate(s, c);
        else
            json_scan_value(s, &other);
    }
}

static void scan_usage(struct json_scan *s, struct chunk *c)
{
    const struct field fields[] = {{"promptTokenCount", &c->input_tokens, NULL},
        {"candidatesTokenCount", &c->candidate_tokens, NULL},
        {"thoughtsTokenCount", &c->thought_tokens, NULL}, {0}};
    scan_fields(s, c, fields);
}

static void scan_feedback(struct json_scan *s, struct chunk *c)
{
    const struct field fields[] = {{"blockReason", &c->block_reason, NULL},
        {"blockReasonMessage", &c->block_message, NULL}, {0}};
    scan_fields(s, c, fields);
}

static bool scan_chunk(const char *text, size_t len, struct chunk *c)
{
    const struct field fields[] = {{"candidates", NULL, scan_candidates},
        {"usageMetadata", NULL, scan_usage}, {"promptFeedback", NULL, scan_feedback},
        {"error", &c->error, NULL}, {"modelVersion", &c->model, NULL}, {"responseId", &c->id, NULL},
        {0}};
    struct json_scan s;
    *c = (struct chunk){0};
    json_scan_init(&s, text, len);
    scan_fields(&s, c, fields);
    return json_scan_end(&s);
}

/* ---- what it comes to ---- */

/* A document that may be an error, which is well-formed; what it says. */
static enum status read_error(struct gemini_stream *g, const char *text, size_t len)
{
    struct json *j;
    enum status st = json_parse(text, len, &j, NULL);
    if (st)
        return st;
    const char *message = gemini_error_message(j);
    if (message)
        st = stream_fail_as(&g->stream, message, json_kind(j) == JSON_ARRAY ? json_at(j, 0) : j);
    json_free(j);
    return st;
}

/* It failed with a word of the provider's for why, and perhaps a sentence. */
static enum status fail_with(
    struct gemini_stream *g, const char *what, const char *word, const struct json_slice *sentence)
{
    struct buf text;
    char *more = NULL;
    buf_init(&text, 2 * STREAM_EVENT_MAX + BUF_SMALL);
    enum status st = stream_word(&g->stream, sentence, &more);
    buf_printf(&text, "%s: %s%s%s", what, word, more ? ": " : "", more ? more : "");
    if (!st)
        st = buf_status(&text);
    if (!st)
        st = stream_fail(&g->stream, buf_str(&text));
    buf_release(&text);
    free(more);
    return st;
}

static enum status read_feedback(struct gemini_stream *g, const struct chunk *c)
{
    char *word = NULL;
    enum status st = stream_word(&g->stream, &c->block_reason, &word);
    if (!st && word && strcmp(word, "BLOCK_REASON_UNSPECIFIED") != 0)
        st = fail_with(g, "the prompt was blocked", word, &c->block_message);
    free(word);
    return st;
}

struct part {
    struct json_slice text, thought, signature, call;
};

/* A text of nothing is refused when it is sent back. */
static bool is_kept(const struct part *p)
{
    bool nothing = p->text.kind == JSON_STRING && !p->text.len;
    return !nothing || p->signature.kind == JSON_STRING || p->call.kind == JSON_OBJECT;
}

static enum status read_part(
    struct gemini_stream *g, const struct part *p, const char *bytes, size_t len)
{
    struct stream *s = &g->stream;
    enum status st = STATUS_OK;
    bool called = p->call.kind == JSON_OBJECT;
    s->called = s->called || (called && !s->expects);
    if (s->expects && is_kept(p))
        st = gemini_keep_part(s, bytes, len);
    if (!st && called && s->expects)
        st = gemini_read_call(s, &p->call);
    if (!st && (p->thought.kind != JSON_BOOL || *p->thought.bytes != 't'))
        st = stream_say(s, &p->text);
    return st;
}

static enum status read_parts(struct gemini_stream *g, const struct json_slice *parts)
{
    struct json_scan s;
    struct part p;
    const struct field fields[] = {{"text", &p.text, NULL}, {"thought", &p.thought, NULL},
        {"thoughtSignature", &p.signature, NULL}, {"functionCall", &p.call, NULL}, {0}};
    enum status st = STATUS_OK;
    json_scan_init(&s, parts->bytes, parts->len);
    if (parts->kind != JSON_ARRAY || !json_scan_array(&s))
        return STATUS_OK;
    while (!st && json_scan_element(&s)) {
        const char *from = s.at;
        scan_fields(&s, NULL, fields);
        st = read_part(g, &p, from, (size_t)(s.at - from));
    }
    return st;
}

/* ---- how it ended ---- */

/* What went wrong with a call, as far as the provider has a word for it. */
static const struct {
    const char *reason, *what;
} failures[] = {
    {"MALFORMED_FUNCTION_CALL", "the model wrote a tool call that cannot be read"},
    {"UNEXPECTED_TOOL_CALL", "the model called a tool that it does not have"},
    {"TOO_MANY_TOOL_CALLS", "the model called too many tools in a row"},
    {"MISSING_THOUGHT_SIGNATURE", "an earlier tool call was sent back without its signature"},
};

static const char *what_failed(const char *reason)
{
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        if (!strcmp(reason, failures[i].reason))
            return failures[i].what;
    return "the answer was stopped by the provider";
}

/* Compatible servers have a word of their own for an end with a call. */
static bool is_good_end(const struct stream *s, const char *reason)
{
    return !strcmp(reason, "STOP") || !strcmp(reason, "MAX_TOKENS") || s->called ||
           (s->calls && !strcmp(reason, "FUNCTION_CALL"));
}

static enum status read_finish(struct gemini_stream *g, const struct chunk *c)
{
    struct stream *s = &g->stream;
    enum status st = STATUS_OK;
    if (!json_slice_is(&c->finish_reason, "FINISH_REASON_UNSPECIFIED"))
        st = stream_word(s, &c->finish_reason, &s->finish_reason);
    const char *word = s->finish_reason;
    if (st || !word || is_good_end(s, word))
        return st;
    return fail_with(g, what_failed(word), word, &c->finish_message);
}

static int64_t count(const struct json_slice *v, int64_t before)
{
    int64_t n = json_slice_int(v, before);
    return n < 0 ? before : n;
}

static void read_usage(struct gemini_stream *g, const struct chunk *c)
{
    struct stream *s = &g->stream;
    s->input_tokens = count(&c->input_tokens, s->input_tokens);
    g->candidate_tokens = count(&c->candidate_tokens, g->candidate_tokens);
    g->thought_tokens = count(&c->thought_tokens, g->thought_tokens);
    if (g->candidate_tokens < 0 || g->thought_tokens < 0)
        s->output_tokens = g->candidate_tokens < 0 ? g->thought_tokens : g->candidate_tokens;
    else if (__builtin_add_overflow(g->candidate_tokens, g->thought_tokens, &s->output_tokens))
        s->output_tokens = INT64_MAX;
}

static enum status read_chunk(struct gemini_stream *g, const struct chunk *c)
{
    struct stream *s = &g->stream;
    enum status st = STATUS_OK;
    read_usage(g, c);
    if (!s->model)
        st = stream_word(s, &c->model, &s->model);
    if (!st && !s->id)
        st = stream_word(s, &c->id, &s->id);
    if (!st)
        st = read_feedback(g, c);
    if (!st)
        st = read_parts(g, &c->parts);
    return st ? st : read_finish(g, c);
}

static enum status on_event(void *stream, const struct sse_event *e)
{
    struct gemini_stream *g = stream;
    struct chunk c;
    enum status st = STATUS_OK;
    if (e->len == 6 && !memcmp(e->data, "[DONE]", 6)) { /* of compatible servers */
        g->stream.done = true;
        return STATUS_OK;
    }
    if (!scan_chunk(e->data, e->len, &c))
        return STATUS_BAD_REQUEST;
    if (!c.has_candidates || (c.error.kind != JSON_ABSENT && c.error.kind != JSON_NULL))
        st = read_error(g, e->data, e->len);
    return st ? st : read_chunk(g, &c);
}

/* ---- a document that stands bare among the lines ---- */

/* Where it begins: at the first line that no event stream has; bytes + len if nowhere. */
static const char *bare_start(struct gemini_stream *g, const char *bytes, size_t len)
{
    const char *at = bytes, *end = bytes + len;
    while (at < end) {
        if (!g->in_line && (*at == '{' || *at == '['))
            return at;
        at = memchr(at, '\n', (size_t)(end - at));
        g->in_line = !at;
        at = at ? at + 1 : end;
    }
    return end;
}

/* Goes one byte on; whether that is the last one of the document. */
static bool bare_ends(struct gemini_stream *g, char c)
{
    if (g->bare_string) {
        g->bare_string = g->bare_escape || c != '"';
        g->bare_escape = c == '\\' && !g->bare_escape;
    } else if (c == '"') {
        g->bare_string = true;
    } else if (c == '{' || c == '[') {
        g->bare_depth++;
    } else if (c == '}' || c == ']') {
        return --g->bare_depth == 0;
    }
    return false;
}

static enum status bare_fail(struct gemini_stream *g)
{
    enum status st = read_error(g, buf_str(&g->bare), g->bare.len);
    return st == STATUS_OK || st == STATUS_BAD_REQUEST
               ? stream_fail(&g->stream, "a part of the stream is no event")
               : st;
}

static enum status bare_feed(struct gemini_stream *g, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        enum status st = buf_addc(&g->bare, bytes[i]);
        if (st == STATUS_NO_MEMORY)
            return st;
        if (st || bare_ends(g, bytes[i]))
            return bare_fail(g);
    }
    return STATUS_OK;
}

/* ---- the reader ---- */

static void init(void *stream, stream_text text, void *ctx)
{
    struct gemini_stream *g = stream;
    *g = (struct gemini_stream){.candidate_tokens = -1, .thought_tokens = -1};
    stream_init(&g->stream, on_event, text, ctx);
    buf_init(&g->bare, GEMINI_BARE_MAX);
}

static void release(void *stream)
{
    struct gemini_stream *g = stream;
    stream_release(&g->stream);
    buf_release(&g->bare);
}

static enum status feed(void *stream, const char *bytes, size_t len, struct error *err)
{
    struct gemini_stream *g = stream;
    const char *bare = bytes;
    if (!g->bare.len && !g->stream.done && len) {
        bare = bare_start(g, bytes, len);
        enum status st = stream_feed(&g->stream, bytes, (size_t)(bare - bytes), err);
        if (st)
            return st;
    }
    if (g->stream.done)
        return STATUS_OK;
    enum status st = bare_feed(g, bare, len - (size_t)(bare - bytes));
    if (st == STATUS_NO_MEMORY)
        return error_set(err, st, "out of memory");
    return st ? error_set(err, STATUS_BACKEND, "%s", g->stream.error) : STATUS_OK;
}

static enum status end(const void *stream, struct error *err)
{
    const struct gemini_stream *g = stream;
    const struct stream *s = &g->stream;
    if (!s->error && g->bare.len)
        return error_set(err, STATUS_BACKEND, "a part of the stream is no event");
    return stream_end(s, err);
}

const struct stream_reader gemini_reader = {
    .size = sizeof(struct gemini_stream),
    .init = init,
    .expect_calls = stream_expect_calls,
    .feed = feed,
    .end = end,
    .told = stream_told,
    .release = release,
};
