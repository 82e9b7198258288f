#include "agent/a2a_stream.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- what matters of a result ---- */

struct result {
    struct json_slice task, message, status_update, artifact_update; /* it is in one of these */
    struct json_slice id, task_id, message_id, role, parts;
    struct json_slice artifact, artifacts, append, last_chunk;
    struct json_slice status, is_final;
};

struct field {
    const char *name;
    struct json_slice *value;
};

/* The fields, ended by one without a name, of an object. Of members that come twice the last
 * counts, as in a tree. */
static void read_fields(const struct json_slice *object, const struct field *fields)
{
    struct json_scan s;
    struct json_slice key, other;
    for (const struct field *f = fields; f->name; f++)
        *f->value = (struct json_slice){0};
    json_scan_init(&s, object->bytes, object->len);
    if (object->kind != JSON_OBJECT || !json_scan_object(&s))
        return;
    while (json_scan_member(&s, &key)) {
        const struct field *f = fields;
        while (f->name && !json_slice_is(&key, f->name))
            f++;
        json_scan_value(&s, f->name ? f->value : &other);
    }
}

static void read_members(const struct json_slice *object, struct result *r)
{
    const struct field fields[] = {{"task", &r->task}, {"message", &r->message},
        {"statusUpdate", &r->status_update}, {"artifactUpdate", &r->artifact_update},
        {"id", &r->id}, {"taskId", &r->task_id}, {"messageId", &r->message_id}, {"role", &r->role},
        {"parts", &r->parts}, {"artifact", &r->artifact}, {"artifacts", &r->artifacts},
        {"append", &r->append}, {"lastChunk", &r->last_chunk}, {"status", &r->status},
        {"final", &r->is_final}, {0}};
    read_fields(object, fields);
}

static bool is_true(const struct json_slice *v)
{
    return v->kind == JSON_BOOL && *v->bytes == 't';
}

/* ---- text ---- */

static const struct a2a_said nothing = {.hash = 0xcbf29ce484222325u};

static void add_said(struct a2a_said *t, const char *bytes, size_t len)
{
    uint64_t hash = t->hash; /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3u;
    t->hash = hash;
    t->len += len;
}

static void hold(struct a2a_stream *g, const char *bytes, size_t len)
{
    g->held += len;
    if (g->held <= A2A_HELD_MAX)
        buf_add(&g->artifact->held, bytes, len);
}

/* What was handed on is read over. */
static void on_repeated(struct a2a_stream *g, const char *bytes, size_t len)
{
    size_t n = g->artifact->said.len - g->repeated.len;
    if (n > len)
        n = len;
    add_said(&g->repeated, bytes, n);
    hold(g, bytes + n, len - n);
}

static void on_text(void *ctx, const char *bytes, size_t len)
{
    struct a2a_stream *g = ctx;
    size_t room = ERROR_TEXT_MAX - g->explained.len;
    switch (g->way) {
    case A2A_DROP:
        break;
    case A2A_ADD:
        hold(g, bytes, len);
        break;
    case A2A_REPEAT:
        on_repeated(g, bytes, len);
        break;
    case A2A_EXPLAIN:
        buf_add(&g->explained, bytes, len < room ? len : room);
        break;
    }
}

static enum status read_parts(struct a2a_stream *g, const struct json_slice *parts)
{
    struct json_scan s;
    struct json_slice part, text;
    const struct field fields[] = {{"text", &text}, {0}};
    enum status st = STATUS_OK;
    json_scan_init(&s, parts->bytes, parts->len);
    if (parts->kind != JSON_ARRAY || !json_scan_array(&s))
        return STATUS_OK;
    while (!st && json_scan_element(&s)) {
        json_scan_value(&s, &part);
        read_fields(&part, fields);
        st = stream_say(&g->stream, &text);
    }
    if (!st && g->held > A2A_HELD_MAX)
        st = stream_fail(&g->stream, "too much text waits for the end of an artifact");
    return st;
}

/* ---- artifacts ---- */

static void hand_on(struct a2a_stream *g, struct a2a_artifact *a)
{
    if (!a->held.len)
        return;
    if (g->any && !a->said.len)
        g->text(g->ctx, A2A_BETWEEN, strlen(A2A_BETWEEN));
    g->any = true;
    g->text(g->ctx, buf_str(&a->held), a->held.len);
    add_said(&a->said, buf_str(&a->held), a->held.len);
    g->held -= a->held.len;
    if (a->last)
        buf_release(&a->held);
    else
        buf_reset(&a->held);
}

/* As far as nothing can become another text any more. */
static void hand_on_all(struct a2a_stream *g)
{
    if (g->waits && !g->complete)
        return;
    for (; g->at < g->count; g->at++) {
        struct a2a_artifact *a = &g->artifacts[g->at];
        a->last = a->last || g->complete;
        if (a->last || a->appended)
            hand_on(g, a);
        if (!a->last || g->at + 1 == g->count)
            break;
    }
}

static enum status add_artifact(struct a2a_stream *g, uint64_t who)
{
    if (g->count == A2A_ARTIFACTS_MAX)
        return stream_fail(&g->stream, "there are too many artifacts");
    if (g->count == g->room) {
        size_t room = g->room ? 2 * g->room : 4;
        struct a2a_artifact *more = realloc(g->artifacts, room * sizeof *more);
        if (!more)
            return STATUS_NO_MEMORY;
        g->artifacts = more;
        g->room = room;
    }
    g->artifact = &g->artifacts[g->count++];
    *g->artifact = (struct a2a_artifact){.who = who, .said = nothing};
    buf_init(&g->artifact->held, A2A_HELD_MAX);
    return STATUS_OK;
}

/* One without an id is another than those before, unless something is appended. */
static enum status find_artifact(struct a2a_stream *g, const struct json_slice *id, bool append)
{
    struct a2a_said name = nothing;
    bool named = id->kind == JSON_STRING && id->len;
    add_said(&name, id->bytes, id->len);
    uint64_t who = !named ? 0 : name.hash ? name.hash : 1;
    for (size_t i = g->count; i--;) {
        g->artifact = &g->artifacts[i];
        if (named ? g->artifact->who == who : append)
            return STATUS_OK;
    }
    return add_artifact(g, who);
}

static enum status replace(struct a2a_stream *g, const struct json_slice *parts)
{
    struct a2a_artifact *a = g->artifact;
    g->held -= a->held.len;
    buf_reset(&a->held);
    a->appended = false;
    g->repeated = nothing;
    g->way = A2A_REPEAT;
    enum status st = read_parts(g, parts);
    if (!st && (g->repeated.len != a->said.len || g->repeated.hash != a->said.hash))
        st = stream_fail(&g->stream, "an artifact's text was replaced when it had been handed on");
    return st;
}

static enum status append(struct a2a_stream *g, const struct json_slice *parts)
{
    g->artifact->appended = true;
    g->way = A2A_ADD;
    return read_parts(g, parts);
}

static enum status read_artifact(
    struct a2a_stream *g, const struct json_slice *artifact, bool appends, bool is_last)
{
    struct json_slice id, parts, append_inside, last_inside;
    const struct field fields[] = {{"artifactId", &id}, {"parts", &parts},
        {"append", &append_inside}, {"lastChunk", &last_inside}, {0}};
    read_fields(artifact, fields);
    appends = appends || is_true(&append_inside);
    enum status st = find_artifact(g, &id, appends);
    if (!st)
        st = appends ? append(g, &parts) : replace(g, &parts);
    if (!st)
        st = buf_status(&g->artifact->held);
    if (st)
        return st;
    g->artifact->last = g->artifact->last || is_last || is_true(&last_inside);
    if (g->artifact < g->artifacts + g->at && g->artifact->held.len)
        return stream_fail(&g->stream, "an artifact went on when another had been handed on");
    hand_on_all(g);
    return STATUS_OK;
}

static enum status read_artifacts(struct a2a_stream *g, const struct json_slice *artifacts)
{
    struct json_scan s;
    struct json_slice artifact;
    enum status st = STATUS_OK;
    json_scan_init(&s, artifacts->bytes, artifacts->len);
    if (artifacts->kind != JSON_ARRAY || !json_scan_array(&s))
        return STATUS_OK;
    while (!st && json_scan_element(&s)) {
        json_scan_value(&s, &artifact);
        st = read_artifact(g, &artifact, false, false);
    }
    return st;
}

/* ---- messages and states ---- */

/* Parts that are all of an artifact of their own. */
static enum status read_message(struct a2a_stream *g, const struct json_slice *parts)
{
    enum status st = add_artifact(g, 0);
    if (st)
        return st;
    st = append(g, parts);
    return st ? st : buf_status(&g->artifact->held);
}

static bool has_text(const struct a2a_stream *g)
{
    return g->any || g->held;
}

static enum status complete(struct a2a_stream *g, const struct json_slice *parts)
{
    enum status st = has_text(g) ? STATUS_OK : read_message(g, parts);
    g->complete = true;
    if (!st)
        hand_on_all(g);
    return st;
}

static enum status fail(struct a2a_stream *g, const char *what, const struct json_slice *parts)
{
    struct buf sentence;
    buf_reset(&g->explained);
    g->way = A2A_EXPLAIN;
    enum status st = read_parts(g, parts);
    if (st)
        return st;
    buf_init(&sentence, 2 * ERROR_TEXT_MAX);
    buf_printf(&sentence, "%s%s%s", what, g->explained.len ? ": " : "", buf_str(&g->explained));
    st = stream_fail(&g->stream, buf_str(&sentence));
    buf_release(&sentence);
    return st;
}

/* The word of a state in both versions, without what 1.0 has before each. */
static bool is_state(const char *state, const char *word)
{
    static const char prefix[] = "TASK_STATE_";
    if (!strncmp(state, prefix, sizeof prefix - 1))
        state += sizeof prefix - 1;
    for (; *state && *word; state++, word++)
        if (strncasecmp(state, word, 1) != 0 && !(*state == '_' && *word == '-'))
            return false;
    return !*state && !*word;
}

static const struct {
    const char *state, *sentence;
} failures[] = {{"failed", "the task failed"}, {"rejected", "the agent rejected the task"},
    {"canceled", "the agent canceled the task"},
    {"input-required", "the agent asks back, and nobody is there to answer"},
    {"auth-required", "the agent asks for credentials, and nobody is there to give them"}};

static enum status read_status(struct a2a_stream *g, const struct json_slice *status, bool is_final)
{
    struct stream *s = &g->stream;
    struct json_slice state, message, parts;
    const struct field fields[] = {{"state", &state}, {"message", &message}, {0}};
    const struct field in_message[] = {{"parts", &parts}, {0}};
    read_fields(status, fields);
    read_fields(&message, in_message);
    enum status st = stream_word(s, &state, &g->state);
    const char *word = g->state ? g->state : "";
    for (size_t i = 0; !st && i < sizeof failures / sizeof *failures; i++)
        if (is_state(word, failures[i].state))
            return fail(g, failures[i].sentence, &parts);
    if (st || !is_state(word, "completed"))
        return st;
    st = complete(g, &parts);
    if (!st)
        st = stream_word(s, &state, &s->finish_reason);
    s->done = s->done || is_final;
    return st;
}

static enum status read_answer(struct a2a_stream *g, const struct result *r)
{
    static const struct json_slice reason = {
        .kind = JSON_STRING, .bytes = "message", .len = sizeof "message" - 1};
    struct stream *s = &g->stream;
    if (json_slice_is(&r->role, "user") || json_slice_is(&r->role, "ROLE_USER"))
        return STATUS_OK;
    enum status st = stream_word(s, r->task_id.len ? &r->task_id : &r->message_id, &s->id);
    if (!st)
        st = read_message(g, &r->parts);
    g->complete = true;
    if (!st)
        hand_on_all(g);
    s->done = true;
    return st ? st : stream_word(s, &reason, &s->finish_reason);
}

/* ---- results ---- */

static enum status read_thing(struct a2a_stream *g, const struct result *r)
{
    struct stream *s = &g->stream;
    enum status st = STATUS_OK;
    if (r->parts.kind == JSON_ARRAY)
        return read_answer(g, r);
    if (r->task_id.len || r->status.kind == JSON_OBJECT)
        st = stream_word(s, r->task_id.len ? &r->task_id : &r->id, &s->id);
    if (!st && r->artifact.kind == JSON_OBJECT)
        st = read_artifact(g, &r->artifact, is_true(&r->append), is_true(&r->last_chunk));
    if (!st)
        st = read_artifacts(g, &r->artifacts);
    if (!st && r->status.kind == JSON_OBJECT)
        st = read_status(g, &r->status, is_true(&r->is_final));
    return st;
}

static enum status read_result(struct a2a_stream *g, const struct json_slice *result)
{
    struct result r, inner;
    read_members(result, &r);
    const struct json_slice *things[] = {&r.artifact_update, &r.message, &r.task, &r.status_update};
    enum status st = read_thing(g, &r);
    for (size_t i = 0; !st && i < sizeof things / sizeof *things; i++) {
        read_members(things[i], &inner);
        st = read_thing(g, &inner);
    }
    return st;
}

static enum status read_error(struct a2a_stream *g, const char *bytes, size_t len)
{
    struct json *j = NULL;
    enum status st = json_parse(bytes, len, &j, NULL);
    const char *message = stream_error_message(j);
    if (!st)
        st = stream_fail_as(
            &g->stream, message && *message ? message : "an error without a message", j);
    json_free(j);
    return st;
}

enum status a2a_stream_read(struct a2a_stream *g, const char *bytes, size_t len)
{
    struct json_scan s;
    struct json_slice all, result, error;
    const struct field fields[] = {{"result", &result}, {"error", &error}, {0}};
    json_scan_init(&s, bytes, len);
    json_scan_value(&s, &all);
    if (!json_scan_end(&s))
        return STATUS_BAD_REQUEST;
    read_fields(&all, fields);
    if (error.kind != JSON_ABSENT && error.kind != JSON_NULL)
        return read_error(g, bytes, len);
    return read_result(g, &result);
}

static enum status on_event(void *stream, const struct sse_event *event)
{
    return a2a_stream_read(stream, event->data, event->len);
}

/* ---- the readers ---- */

void a2a_stream_init(void *stream, stream_text text, void *ctx)
{
    struct a2a_stream *g = stream;
    *g = (struct a2a_stream){.text = text, .ctx = ctx};
    stream_init(&g->stream, on_event, on_text, g);
    stream_widen(&g->stream, A2A_EVENT_MAX);
    buf_init(&g->explained, ERROR_TEXT_MAX);
    buf_init(&g->body, A2A_EVENT_MAX);
}

void a2a_stream_release(void *stream)
{
    struct a2a_stream *g = stream;
    for (size_t i = 0; i < g->count; i++)
        buf_release(&g->artifacts[i].held);
    free(g->artifacts);
    g->artifacts = NULL;
    g->count = g->room = 0;
    free(g->state);
    g->state = NULL;
    buf_release(&g->explained);
    buf_release(&g->body);
    stream_release(stream);
}

enum status a2a_stream_end(const struct a2a_stream *g, const char *truncated, struct error *err)
{
    const struct stream *s = &g->stream;
    if (s->error)
        return error_set(err, STATUS_BACKEND, "%s", s->error);
    if (!s->finish_reason && g->state)
        return error_set(
            err, STATUS_BACKEND, "%s: the state of the task was \"%s\"", truncated, g->state);
    if (!s->finish_reason)
        return error_set(err, STATUS_BACKEND, "%s", truncated);
    if (!g->any)
        return error_set(err, STATUS_BACKEND, "the answer is empty: it has no text (state \"%s\")",
            s->finish_reason);
    return STATUS_OK;
}

static enum status end(const void *stream, struct error *err)
{
    return a2a_stream_end(
        stream, "the answer was truncated: it ended before the task was complete", err);
}

static void wait_for_end(void *stream)
{
    struct a2a_stream *g = stream;
    g->waits = true;
}

const struct stream_reader a2a_reader = {
    .size = sizeof(struct a2a_stream),
    .init = a2a_stream_init,
    .wait = wait_for_end,
    .feed = stream_feed,
    .end = end,
    .told = stream_told,
    .release = a2a_stream_release,
};
