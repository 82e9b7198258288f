#include "agent/exchange.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/secret.h"

enum { ANSWER_KEPT = 16 * 1024 }; /* of an answer that is no stream: it is an error */

/* ---- the request ---- */

void exchange_add_escaped(struct buf *url, const char *s)
{
    for (; *s; s++) {
        if (isalnum((unsigned char)*s) || strchr("-._~", *s))
            buf_addc(url, *s);
        else
            buf_printf(url, "%%%02X", (unsigned char)*s);
    }
}

static enum status make_url(struct exchange *x, struct buf *url, struct error *err)
{
    const struct ask *ask = x->task.ask;
    struct buf base;
    buf_init(&base, BUF_SMALL);
    enum status st = secret_expand(ask->backend->url ? ask->backend->url : "", &base, err);
    if (!st) {
        const char *text = buf_str(&base), *query = strchr(text, '?');
        size_t len = query ? (size_t)(query - text) : base.len;
        while (len && text[len - 1] == '/')
            len--;
        buf_add(url, text, len);
        st = x->kind->path(ask, url, err);
        if (query && query[1])
            buf_printf(url, "%c%s", strchr(buf_str(url), '?') ? '&' : '?', query + 1);
        if (!st && buf_status(url))
            st = error_set(err, STATUS_CONFIG, "the URL is too long");
    }
    buf_wipe(&base);
    return st;
}

static enum status add_line(struct exchange *x, const struct buf *line, struct error *err)
{
    if (strpbrk(buf_str(line), "\r\n"))
        return error_set(err, STATUS_CONFIG, "an expanded header contains a line break");
    if (buf_status(line) || strings_add(&x->headers, buf_str(line)))
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

static enum status add_header(struct exchange *x, const char *text, struct error *err)
{
    struct buf line;
    buf_init(&line, BUF_SMALL);
    enum status st = secret_expand(text, &line, err);
    if (!st)
        st = add_line(x, &line, err);
    buf_wipe(&line);
    return st;
}

static enum status add_key(struct exchange *x, struct error *err)
{
    const char *reference = x->task.ask->backend->key;
    enum status st = reference ? secret_resolve(reference, &x->key, err) : STATUS_OK;
    if (st || !reference)
        return st;
    if (strpbrk(buf_str(&x->key), "\r\n"))
        return error_set(err, STATUS_CONFIG, "the key contains a line break");
    struct buf line;
    buf_init(&line, 2 * BUF_SMALL);
    buf_printf(&line, "%s%s", x->kind->key_header, buf_str(&x->key));
    st = add_line(x, &line, err);
    buf_wipe(&line);
    return st;
}

/* Whether one of the lines is of the same name. */
static bool has_header(const struct strings *lines, const char *line)
{
    size_t len = strcspn(line, ":") + 1;
    for (size_t i = 0; i < lines->count; i++)
        if (!strncasecmp(lines->items[i], line, len))
            return true;
    return false;
}

static enum status make_headers(struct exchange *x, struct error *err)
{
    static const char *const standard[] = {
        "Content-Type: application/json", "Accept: text/event-stream", "Expect:", NULL};
    const struct strings *further = &x->task.ask->backend->headers;
    const char *const *lists[] = {standard, x->kind->headers};
    for (size_t i = 0; i < 2; i++)
        for (const char *const *line = lists[i]; line && *line; line++)
            if ((i == 0 || !has_header(further, *line)) && strings_add(&x->headers, *line))
                return error_set(err, STATUS_NO_MEMORY, "out of memory");
    enum status st = STATUS_OK;
    for (size_t i = 0; i < further->count && !st; i++)
        st = add_header(x, further->items[i], err);
    return st ? st : add_key(x, err);
}

static size_t escaped_size(const char *text)
{
    return text ? 6 * strlen(text) : 0;
}

static enum status make_body(struct exchange *x, struct buf *body, struct error *err)
{
    const struct ask *ask = x->task.ask;
    struct json_writer w;
    buf_init(body, 2 * BUF_SMALL + 6 * ask->prompt_len + escaped_size(ask->agent->system_prompt) +
                       escaped_size(ask->agent->model));
    json_writer_init(&w, body);
    enum status st = x->kind->body(ask, &w, err);
    return !st && buf_status(body) ? error_set(err, STATUS_NO_MEMORY, "out of memory") : st;
}

/* ---- the answer ---- */

static void finish(struct exchange *x, enum status st, struct error *err)
{
    if (x->ended)
        return;
    x->ended = true;
    struct told told;
    x->kind->reader->told(x->stream, &told);
    struct outcome out = {.status = st,
        .error = st ? err->text : NULL,
        .finish_reason = told.finish_reason,
        .model = told.model,
        .answer_id = told.id,
        .input_tokens = told.input_tokens,
        .output_tokens = told.output_tokens};
    task_end(&x->task, &out);
}

/* An answer that is no stream is a failure, whatever its status; its own words say which. */
static enum status explain_answer(struct exchange *x, struct error *err)
{
    struct json *j = NULL;
    const char *message = NULL;
    char what[32];
    snprintf(what, sizeof what, "HTTP %d: ", x->http_status);
    if (!json_parse(buf_str(&x->answer), x->answer.len, &j, NULL))
        message = x->kind->error_message(j);
    else if (x->is_text && x->answer.len)
        message = buf_str(&x->answer);
    if (message)
        secret_redact(err, STATUS_BACKEND, what, message, buf_str(&x->key));
    else if (x->http_status / 100 == 2)
        error_set(err, STATUS_BACKEND, "it answered with something that is no event stream");
    else
        error_set(err, STATUS_BACKEND, "HTTP %d", x->http_status);
    json_free(j);
    return STATUS_BACKEND;
}

/* What the stream came to, after it was fed, with st. */
static enum status explain_stream(struct exchange *x, enum status st, struct error *err)
{
    struct told told;
    struct error raw;
    x->kind->reader->told(x->stream, &told);
    if (told.error)
        return secret_redact(err, STATUS_BACKEND, "", told.error, buf_str(&x->key));
    if (st)
        return st;
    st = x->kind->reader->end(x->stream, &raw);
    return st ? secret_redact(err, st, "", raw.text, buf_str(&x->key)) : STATUS_OK;
}

static void on_head(void *ctx, int status, const char *content_type)
{
    struct exchange *x = ctx;
    x->http_status = status;
    x->is_text = !strncasecmp(content_type, "text/plain", 10);
    x->is_stream = status / 100 == 2 && !strncasecmp(content_type, "text/event-stream", 17);
}

static void on_data(void *ctx, const char *bytes, size_t len)
{
    struct exchange *x = ctx;
    const struct stream_reader *r = x->kind->reader;
    if (!x->is_stream) {
        size_t room = ANSWER_KEPT - x->answer.len;
        buf_add(&x->answer, bytes, len < room ? len : room);
        return;
    }
    struct error err;
    struct told told;
    enum status st = r->feed(x->stream, bytes, len, &err);
    r->told(x->stream, &told);
    if (!st && !told.done)
        return;
    transfer_drain(x->transfer); /* all that matters was said */
    x->transfer = NULL;
    finish(x, explain_stream(x, st, &err), &err);
}

static void on_end(void *ctx, enum status result, const struct error *cause)
{
    struct exchange *x = ctx;
    struct error err = {.text = ""};
    if (result)
        err = *cause;
    else if (!x->is_stream)
        result = explain_answer(x, &err);
    else
        result = explain_stream(x, STATUS_OK, &err);
    finish(x, result, &err);
}

static const struct http_handler handler = {on_head, on_data, on_end};

static void on_text(void *ctx, const char *bytes, size_t len)
{
    struct exchange *x = ctx;
    task_say(&x->task, bytes, len);
}

/* ---- the task ---- */

static enum status post(
    struct exchange *x, const struct buf *url, struct buf *body, struct error *err)
{
    struct http_request req = {.url = buf_str(url),
        .headers = &x->headers,
        .len = body->len,
        .deadlines = task_deadlines(x->task.ask)};
    req.body = buf_detach(body);
    if (req.body && !transport_post(x->task.env->transport, &req, &handler, x, &x->transfer))
        return STATUS_OK;
    free(req.body);
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

enum status exchange_start(struct task *t, struct error *err)
{
    struct exchange *x = (struct exchange *)t;
    struct buf url, body = {0};
    x->kind = t->protocol->exchange;
    buf_init(&x->key, BUF_SMALL);
    buf_init(&x->answer, ANSWER_KEPT);
    buf_init(&url, 2 * BUF_SMALL);
    x->stream = calloc(1, x->kind->reader->size);
    if (!x->stream)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    x->kind->reader->init(x->stream, on_text, x);
    enum status st = transport_load(t->env->transport, err);
    if (!st)
        st = make_url(x, &url, err);
    if (!st)
        st = make_headers(x, err);
    if (!st)
        st = make_body(x, &body, err);
    if (!st)
        st = post(x, &url, &body, err);
    buf_wipe(&url);
    buf_release(&body);
    return st;
}

void exchange_cancel(struct task *t)
{
    struct exchange *x = (struct exchange *)t;
    if (x->transfer)
        transfer_cancel(x->transfer);
}

void exchange_pause(struct task *t, bool paused)
{
    struct exchange *x = (struct exchange *)t;
    if (x->transfer)
        transfer_pause(x->transfer, paused);
}

void exchange_release(struct task *t)
{
    struct exchange *x = (struct exchange *)t;
    transfer_free(x->transfer);
    if (x->stream)
        x->kind->reader->release(x->stream);
    free(x->stream);
    buf_wipe(&x->key);
    buf_release(&x->answer);
    strings_release(&x->headers);
}

enum status exchange_check(
    const struct exchange_kind *kind, const struct backend *b, struct error *err)
{
    const char *article = strchr("aeiou", b->type[0]) ? "an" : "a";
    if (b->argv.count)
        return error_set(err, STATUS_BAD_REQUEST, "%s %s backend has no program: give a --url",
            article, b->type);
    if (!b->url)
        return error_set(err, STATUS_BAD_REQUEST, "%s %s backend needs a URL, such as %s", article,
            b->type, kind->example_url);
    return STATUS_OK;
}
