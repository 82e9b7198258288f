#include "agent/mcp_answer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "agent/failure.h"
#include "agent/secret.h"
#include "agent/stream.h"
#include "base/json_scan.h"

static enum status on_event(void *ctx, const struct sse_event *event);

void mcp_answer_init(struct mcp_answer *a)
{
    a->retry_ms = MCP_ANSWER_RETRY_MS;
    buf_init(&a->last_id, BUF_SMALL);
}

void mcp_answer_release(struct mcp_answer *a)
{
    buf_release(&a->body);
    buf_release(&a->last_id);
    sse_release(&a->sse);
}

static enum mcp_answer_form form_of(int http_status, const char *type)
{
    if (http_status / 100 != 2)
        return MCP_ANSWER_OTHER;
    if (!strncasecmp(type, "text/event-stream", 17))
        return MCP_ANSWER_EVENTS;
    return !strncasecmp(type, "application/", 12) && strcasestr(type, "json") ? MCP_ANSWER_JSON
                                                                              : MCP_ANSWER_OTHER;
}

void mcp_answer_begin(struct mcp_answer *a, int http_status, const char *content_type)
{
    a->http_status = http_status;
    a->form = form_of(http_status, content_type);
    snprintf(a->type, sizeof a->type, "%s", content_type);
    buf_release(&a->body);
    buf_init(&a->body, a->form == MCP_ANSWER_JSON ? MCP_MESSAGE_MAX : MCP_ANSWER_KEPT);
    sse_release(&a->sse);
    sse_init(&a->sse, MCP_MESSAGE_MAX, MCP_MESSAGE_MAX, on_event, a);
}

/* ---- messages ---- */

static void keep_beginning(struct mcp_answer *a, const char *bytes, size_t len)
{
    size_t room = a->body.cap - a->body.len;
    buf_add(&a->body, bytes, len < room ? len : room);
}

/* What a message is to the request: STATUS_BACKEND when it says that something is wrong, and not
 * with what. */
static enum status look(const struct mcp_answer *a, const struct json_slice *message, bool *answers)
{
    struct json_scan scan;
    struct json_slice key, value, id = {0}, error = {0};
    bool has_method = false;
    json_scan_init(&scan, message->bytes, message->len);
    json_scan_object(&scan);
    while (json_scan_member(&scan, &key)) {
        json_scan_value(&scan, &value);
        if (json_slice_is(&key, "id"))
            id = value;
        else if (json_slice_is(&key, "error"))
            error = value;
        else if (json_slice_is(&key, "method"))
            has_method = true;
    }
    *answers = !has_method && id.kind == JSON_INT && json_slice_int(&id, 0) == a->id;
    bool has_id = id.kind != JSON_ABSENT && id.kind != JSON_NULL;
    return error.kind == JSON_OBJECT && !has_method && !has_id ? STATUS_BACKEND : STATUS_OK;
}

static enum status take_one(struct mcp_answer *a, const struct json_slice *message)
{
    bool answers = false;
    enum status st = STATUS_OK;
    if (message->kind != JSON_OBJECT)
        return st;
    st = look(a, message, &answers);
    if (!st)
        st = a->message(a->ctx, message->bytes, message->len);
    a->answered = !st && answers;
    return st;
}

static bool is_json(const char *text, size_t len, struct json_slice *all)
{
    struct json_scan scan;
    json_scan_init(&scan, text, len);
    json_scan_value(&scan, all);
    return json_scan_end(&scan);
}

/* One message, or a batch of them. */
static enum status take_document(struct mcp_answer *a, const char *text, size_t len)
{
    struct json_slice all = {0}, message;
    struct json_scan scan;
    if (!is_json(text, len, &all))
        return STATUS_BAD_REQUEST;
    if (all.kind != JSON_ARRAY)
        return take_one(a, &all);
    enum status st = STATUS_OK;
    json_scan_init(&scan, text, len);
    json_scan_array(&scan);
    while (json_scan_element(&scan)) {
        json_scan_value(&scan, &message);
        if (!st && !a->answered)
            st = take_one(a, &message);
    }
    return st;
}

static enum status on_event(void *ctx, const struct sse_event *event)
{
    struct mcp_answer *a = ctx;
    a->events++;
    buf_reset(&a->last_id);
    buf_adds(&a->last_id, event->id);
    if (!event->len || strcmp(event->type, "message") != 0)
        return STATUS_OK;
    enum status st = take_document(a, event->data, event->len);
    if (st)
        keep_beginning(a, event->data, event->len);
    return !st && a->answered ? STATUS_CANCELED : st; /* which ends the feeding */
}

/* ---- what is wrong with it ---- */

/* What may be wrong when the server has no words for it. */
static const struct {
    int http_status;
    const char *advice;
} advice[] = {
    {401, ": it wants credentials, or others: they belong in its headers"},
    {403, ": it takes no such call from here, or with these credentials"},
    {404, ": is this the URL of its MCP endpoint?"},
    {405, ": is this the URL of its MCP endpoint?"},
};

static const char *advice_for(int http_status)
{
    for (size_t i = 0; i < sizeof advice / sizeof *advice; i++)
        if (advice[i].http_status == http_status)
            return advice[i].advice;
    return "";
}

/* No answer, and no words of the server's. */
static enum status explain_silence(const struct mcp_answer *a, struct error *err)
{
    if (a->http_status / 100 != 2)
        return error_set(
            err, STATUS_BACKEND, "HTTP %d%s", a->http_status, advice_for(a->http_status));
    if (a->form == MCP_ANSWER_EVENTS)
        return error_set(err, STATUS_BACKEND, "its event stream ended before the answer");
    if (a->form == MCP_ANSWER_JSON)
        return error_set(err, STATUS_BACKEND, "what it answered is no answer to the request");
    return error_set(err, STATUS_BACKEND,
        "HTTP %d with %s: neither JSON nor an event stream, so this is no MCP server's endpoint",
        a->http_status, a->type[0] ? a->type : "no content");
}

/* The words that are in the body of what is no answer. */
static enum status explain_body(const struct mcp_answer *a, struct error *err)
{
    struct json *j = NULL;
    const char *words = NULL;
    char what[32], title[128];
    snprintf(what, sizeof what, "HTTP %d: ", a->http_status);
    bool is_json = !json_parse(buf_str(&a->body), a->body.len, &j, NULL);
    if (is_json)
        words = stream_error_message(j);
    else if (a->http_status / 100 != 2 && !strncasecmp(a->type, "text/plain", 10) && a->body.len)
        words = buf_str(&a->body);
    else if (failure_title(buf_str(&a->body), title, sizeof title))
        words = title;
    if (words)
        secret_redact(err, STATUS_BACKEND, what, words, a->secrets);
    else if (!is_json && a->form == MCP_ANSWER_JSON)
        error_set(err, STATUS_BACKEND, "it answered with something that is no JSON");
    else
        explain_silence(a, err);
    json_free(j);
    return STATUS_BACKEND;
}

/* What ended the reading of a stream. */
static enum status explain(const struct mcp_answer *a, enum status st, struct error *err)
{
    struct json *j = NULL;
    switch (st) {
    case STATUS_OK:
        return st;
    case STATUS_TOO_LARGE:
        return error_set(err, STATUS_BACKEND, "it sent a message of more than %d MB",
            MCP_MESSAGE_MAX / (1024 * 1024));
    case STATUS_BAD_REQUEST:
        return error_set(err, STATUS_BACKEND, "it answered with something that is no JSON");
    case STATUS_BACKEND:
        json_parse(buf_str(&a->body), a->body.len, &j, NULL);
        secret_redact(
            err, st, "", j ? stream_error_message(j) : "an error without a message", a->secrets);
        json_free(j);
        return st;
    default:
        return error_set(err, st, "out of memory");
    }
}

/* ---- reading ---- */

static enum status feed_events(struct mcp_answer *a, const char *bytes, size_t len)
{
    enum status st = sse_feed(&a->sse, bytes, len);
    if (a->sse.retry_ms >= 0)
        a->retry_ms = a->sse.retry_ms;
    sse_trim(&a->sse);
    return a->answered ? STATUS_OK : st;
}

enum status mcp_answer_feed(struct mcp_answer *a, const char *bytes, size_t len, struct error *err)
{
    if (!a->id || a->answered)
        return STATUS_OK;
    enum status st = STATUS_OK;
    if (a->form == MCP_ANSWER_EVENTS)
        st = feed_events(a, bytes, len);
    else if (a->form == MCP_ANSWER_JSON)
        st = buf_add(&a->body, bytes, len);
    else
        keep_beginning(a, bytes, len);
    a->taken += len;
    if (!st && !a->answered && a->taken > MCP_ANSWER_MAX)
        return error_set(err, STATUS_BACKEND, "it sent more than %d MB without the answer",
            MCP_ANSWER_MAX / (1024 * 1024));
    return explain(a, st, err);
}

enum status mcp_answer_end(struct mcp_answer *a, const char *location, struct error *err)
{
    char what[128];
    if (!a->id || a->answered)
        return STATUS_OK;
    if (a->form == MCP_ANSWER_JSON) {
        enum status st = take_document(a, buf_str(&a->body), a->body.len);
        if (a->answered && !st)
            return st;
        if (st == STATUS_NO_MEMORY)
            return explain(a, st, err);
    }
    if (a->http_status / 100 == 3) {
        snprintf(what, sizeof what,
            "HTTP %d: redirects are not followed: if it has moved, set its URL; it points to ",
            a->http_status);
        return secret_redact(
            err, STATUS_BACKEND, what, location ? location : "nowhere", a->secrets);
    }
    return explain_body(a, err);
}
