/*
 * openai: chat completions, streamed, against OpenAI and everything that is compatible with it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/openai_stream.h"
#include "agent/protocols.h"
#include "agent/secret.h"

enum { ANSWER_KEPT = 16 * 1024 }; /* of an answer that is no stream: it is an error */

struct openai {
    struct task task;
    struct buf key;
    struct buf body;
    struct strings headers;
    struct transfer *transfer;
    struct openai_stream stream;
    int http_status;
    bool is_stream, is_text;
    struct buf answer; /* when it is no stream */
    bool ended;
};

/* ---- the request ---- */

static void add_message(struct json_writer *w, const char *role, const char *text, size_t len)
{
    json_begin_object(w);
    json_member_string(w, "role", role);
    json_key(w, "content");
    json_put_string(w, text, len);
    json_end_object(w);
}

static enum status make_body(struct openai *o)
{
    const struct ask *ask = o->task.ask;
    struct json_writer w;
    buf_init(&o->body, 2 * BUF_SMALL + 6 * ask->prompt_len +
                           6 * strlen(ask->agent->system_prompt ? ask->agent->system_prompt : ""));
    json_writer_init(&w, &o->body);
    json_begin_object(&w);
    if (ask->agent->model)
        json_member_string(&w, "model", ask->agent->model);
    json_key(&w, "messages");
    json_begin_array(&w);
    if (ask->agent->system_prompt)
        add_message(&w, "system", ask->agent->system_prompt, strlen(ask->agent->system_prompt));
    add_message(&w, "user", ask->prompt, ask->prompt_len);
    json_end_array(&w);
    if (ask->agent->max_tokens > 0)
        json_member_int(&w, "max_completion_tokens", ask->agent->max_tokens);
    json_member_bool(&w, "stream", true);
    json_key(&w, "stream_options");
    json_begin_object(&w);
    json_member_bool(&w, "include_usage", true);
    json_end_object(&w);
    json_end_object(&w);
    return buf_status(&o->body);
}

static enum status add_header(struct openai *o, const char *text, struct error *err)
{
    struct buf line;
    buf_init(&line, BUF_SMALL);
    enum status st = secret_expand(text, &line, err);
    if (!st && strpbrk(buf_str(&line), "\r\n"))
        st = error_set(err, STATUS_CONFIG, "an expanded header contains a line break");
    if (!st && strings_add(&o->headers, buf_str(&line)))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    buf_wipe(&line);
    return st;
}

static enum status make_headers(struct openai *o, struct error *err)
{
    const struct backend *b = o->task.ask->backend;
    enum status st = STATUS_OK;
    strings_add(&o->headers, "Content-Type: application/json");
    strings_add(&o->headers, "Accept: text/event-stream");
    strings_add(&o->headers, "Expect:");
    for (size_t i = 0; i < b->headers.count && !st; i++)
        st = add_header(o, b->headers.items[i], err);
    if (st || !b->key)
        return st;
    st = secret_resolve(b->key, &o->key, err);
    if (st)
        return st;
    if (strpbrk(buf_str(&o->key), "\r\n"))
        return error_set(err, STATUS_CONFIG, "the key contains a line break");
    struct buf line;
    buf_init(&line, BUF_SMALL);
    buf_printf(&line, "Authorization: Bearer %s", buf_str(&o->key));
    st = buf_status(&line) ? STATUS_NO_MEMORY : strings_add(&o->headers, buf_str(&line));
    buf_wipe(&line);
    return st ? error_set(err, st, "out of memory") : STATUS_OK;
}

/* ---- the answer ---- */

static void finish(struct openai *o, enum status st, struct error *err)
{
    if (o->ended)
        return;
    o->ended = true;
    struct outcome out = {.status = st,
        .error = st ? err->text : NULL,
        .finish_reason = o->stream.finish_reason,
        .model = o->stream.model,
        .input_tokens = o->stream.input_tokens,
        .output_tokens = o->stream.output_tokens};
    task_end(&o->task, &out);
}

/* An answer that is no stream is a failure, whatever its status; its own words say which. */
static enum status explain_answer(struct openai *o, struct error *err)
{
    struct json *j = NULL;
    const char *message = NULL;
    char what[32];
    snprintf(what, sizeof what, "HTTP %d: ", o->http_status);
    if (!json_parse(buf_str(&o->answer), o->answer.len, &j, NULL))
        message = openai_error_message(j);
    else if (o->is_text && o->answer.len)
        message = buf_str(&o->answer);
    if (message)
        secret_redact(err, STATUS_BACKEND, what, message, buf_str(&o->key));
    else if (o->http_status / 100 == 2)
        error_set(err, STATUS_BACKEND, "it answered with something that is no event stream");
    else
        error_set(err, STATUS_BACKEND, "HTTP %d", o->http_status);
    json_free(j);
    return STATUS_BACKEND;
}

/* What the stream came to, after it was fed. */
static enum status explain_stream(struct openai *o, enum status st, struct error *err)
{
    const struct openai_stream *s = &o->stream;
    if (s->error)
        return secret_redact(err, STATUS_BACKEND, "", s->error, buf_str(&o->key));
    return st ? st : openai_stream_end(s, err);
}

static void on_head(void *ctx, int status, const char *content_type)
{
    struct openai *o = ctx;
    o->http_status = status;
    o->is_text = !strncasecmp(content_type, "text/plain", 10);
    o->is_stream = status / 100 == 2 && !strncasecmp(content_type, "text/event-stream", 17);
}

static void on_data(void *ctx, const char *bytes, size_t len)
{
    struct openai *o = ctx;
    if (!o->is_stream) {
        size_t room = ANSWER_KEPT - o->answer.len;
        buf_add(&o->answer, bytes, len < room ? len : room);
        return;
    }
    struct error err;
    enum status st = openai_stream_feed(&o->stream, bytes, len, &err);
    if (!st && !o->stream.done)
        return;
    transfer_drain(o->transfer); /* all that matters was said */
    o->transfer = NULL;
    finish(o, explain_stream(o, st, &err), &err);
}

static void on_end(void *ctx, enum status result, const struct error *cause)
{
    struct openai *o = ctx;
    struct error err = {.text = ""};
    if (result) {
        err = *cause;
    } else if (!o->is_stream) {
        result = explain_answer(o, &err);
    } else {
        result = explain_stream(o, STATUS_OK, &err);
    }
    finish(o, result, &err);
}

static const struct http_handler handler = {on_head, on_data, on_end};

static void on_text(void *ctx, const char *bytes, size_t len)
{
    struct openai *o = ctx;
    task_say(&o->task, bytes, len);
}

static enum status start(struct task *t, struct error *err)
{
    struct openai *o = (struct openai *)t;
    const struct backend *b = t->ask->backend;
    buf_init(&o->key, BUF_SMALL);
    buf_init(&o->answer, ANSWER_KEPT);
    openai_stream_init(&o->stream, on_text, o);
    struct buf url;
    buf_init(&url, BUF_SMALL);
    enum status st = transport_load(t->env->transport, err);
    if (!st)
        st = secret_expand(b->url ? b->url : "", &url, err);
    if (!st)
        st = make_headers(o, err);
    if (!st && make_body(o))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (!st) {
        buf_adds(&url, "/chat/completions");
        struct http_request req = {.url = buf_str(&url),
            .headers = &o->headers,
            .len = o->body.len,
            .deadlines = task_deadlines(t->ask)};
        req.body = buf_detach(&o->body);
        if (!req.body || transport_post(t->env->transport, &req, &handler, o, &o->transfer)) {
            free(req.body);
            st = error_set(err, STATUS_NO_MEMORY, "out of memory");
        }
    }
    buf_release(&url);
    return st;
}

static void cancel(struct task *t)
{
    struct openai *o = (struct openai *)t;
    if (o->transfer)
        transfer_cancel(o->transfer);
}

static void pause_openai(struct task *t, bool paused)
{
    struct openai *o = (struct openai *)t;
    if (o->transfer)
        transfer_pause(o->transfer, paused);
}

static void release(struct task *t)
{
    struct openai *o = (struct openai *)t;
    transfer_free(o->transfer);
    openai_stream_release(&o->stream);
    buf_wipe(&o->key);
    buf_release(&o->body);
    buf_release(&o->answer);
    strings_release(&o->headers);
}

static enum status check(const struct backend *b, struct error *err)
{
    if (b->argv.count)
        return error_set(err, STATUS_BAD_REQUEST, "an openai backend has no program: give a --url");
    if (!b->url)
        return error_set(err, STATUS_BAD_REQUEST,
            "an openai backend needs a URL, such as https://api.openai.com/v1");
    return STATUS_OK;
}

const struct protocol protocol_openai = {
    .name = "openai",
    .summary = "chat completions of OpenAI and compatible servers",
    .check = check,
    .start = start,
    .cancel = cancel,
    .pause = pause_openai,
    .release = release,
    .size = sizeof(struct openai),
};
