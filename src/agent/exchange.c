#include "agent/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/failure.h"
#include "agent/retry.h"
#include "agent/secret.h"
#include "base/units.h"

enum { ANSWER_KEPT = 16 * 1024 }; /* of an answer that is no stream: it is an error */

/* ---- the answer ---- */

/* For who asks the provider about it; the text gives way to it. */
static void name_request(const struct exchange *x, struct error *err)
{
    char name[EXCHANGE_ID_MAX + sizeof " (request id )"];
    if (!x->request_id[0])
        return;
    size_t len = (size_t)snprintf(name, sizeof name, " (request id %s)", x->request_id);
    size_t at = strlen(err->text), most = sizeof err->text - 1 - len;
    memcpy(err->text + (at < most ? at : most), name, len + 1);
}

static void finish(struct exchange *x, enum status st, struct error *err)
{
    if (x->ended)
        return;
    x->ended = true;
    struct told told;
    if (st == STATUS_BACKEND || st == STATUS_TIMEOUT)
        name_request(x, err);
    x->kind->reader->told(x->stream, &told);
    struct outcome out = {.status = st,
        .error = st ? err->text : NULL,
        .finish_reason = told.finish_reason,
        .model = told.model,
        .answer_id = told.id,
        .request_id = x->request_id[0] ? x->request_id : NULL,
        .calls = st ? NULL : told.calls,
        .call_count = st ? 0 : told.call_count,
        .echo = st ? NULL : told.echo,
        .input_tokens = told.input_tokens,
        .output_tokens = told.output_tokens,
        .http_status = x->http_status,
        .retryable = st && x->may_pass,
        .retry_after_ms = x->retry_after_ms};
    if (st == STATUS_BACKEND && !x->opening && x->route.url)
        routes_forget(&x->task.env->routes, x->ask.backend); /* it may be another by now */
    task_end(&x->task, &out);
}

/* What an error under a status of success amounts to; 0: one that does not pass. */
static void take_failure(struct exchange *x, int http_status)
{
    x->may_pass = http_status != 0;
    if (http_status)
        x->http_status = http_status;
}

/* What kept the backend from answering, as a part of the way to it says. */
static enum status explain_way(struct exchange *x, struct error *err)
{
    const char *place = transfer_header(x->transfer, "location");
    char what[128];
    if (x->http_status == 407)
        return error_set(err, STATUS_BACKEND,
            "HTTP 407: its proxy wants a user and a password, or others: they belong in the "
            "proxy's URL");
    snprintf(what, sizeof what,
        "HTTP %d: redirects are not followed: if it has moved, set its URL; it points to ",
        x->http_status);
    return secret_redact(err, STATUS_BACKEND, what, place ? place : "nowhere", &x->request.secrets);
}

/* An answer that is no stream is a failure, whatever its status; its own words say which. */
static enum status explain_answer(struct exchange *x, struct error *err)
{
    struct json *j = NULL;
    const char *message = NULL;
    char what[32], title[128];
    if (x->http_status / 100 == 3 || x->http_status == 407)
        return explain_way(x, err);
    snprintf(what, sizeof what, "HTTP %d: ", x->http_status);
    if (!json_parse(buf_str(&x->answer), x->answer.len, &j, NULL))
        message = x->kind->error_message(j);
    else if (x->is_text && x->answer.len)
        message = buf_str(&x->answer);
    else if (x->http_status / 100 != 2 && failure_title(buf_str(&x->answer), title, sizeof title))
        message = title;
    if (message)
        secret_redact(err, STATUS_BACKEND, what, message, &x->request.secrets);
    else if (x->http_status / 100 == 2)
        error_set(err, STATUS_BACKEND, "it answered with something that is no %s",
            x->kind->whole ? "JSON" : "event stream");
    else
        error_set(err, STATUS_BACKEND, "HTTP %d", x->http_status);
    if (x->http_status / 100 == 2)
        take_failure(x, failure_status(j));
    if (failure_is_spent(j))
        x->may_pass = false;
    json_free(j);
    return STATUS_BACKEND;
}

/* What the stream came to, after it was fed, with st. */
static enum status explain_stream(struct exchange *x, enum status st, struct error *err)
{
    struct told told;
    struct error raw;
    x->kind->reader->told(x->stream, &told);
    if (told.error) {
        take_failure(x, told.error_status);
        return secret_redact(err, STATUS_BACKEND, "", told.error, &x->request.secrets);
    }
    if (st)
        return st;
    st = x->kind->reader->end(x->stream, &raw);
    return st ? secret_redact(err, st, "", raw.text, &x->request.secrets) : STATUS_OK;
}

/* The first that there is; only what is printable, and no key that was echoed. */
static void keep_request_id(struct exchange *x)
{
    static const char *const names[] = {
        "x-request-id", "request-id", "x-goog-request-id", "apim-request-id", "cf-ray"};
    const char *id = NULL;
    struct error plain;
    for (size_t i = 0; i < sizeof names / sizeof *names && (!id || !*id); i++)
        id = transfer_header(x->transfer, names[i]);
    secret_redact(&plain, STATUS_OK, "", id ? id : "", &x->request.secrets);
    snprintf(x->request_id, sizeof x->request_id, "%.*s", EXCHANGE_ID_MAX - 1, plain.text);
    for (char *c = x->request_id; *c; c++)
        if (*c <= ' ' || *c > '~')
            *c = '?';
}

/* Whether the reader can be fed with it. */
static bool is_readable(const struct exchange_kind *kind, const char *content_type)
{
    if (kind->whole)
        return !strncasecmp(content_type, "application/", 12) && strcasestr(content_type, "json");
    return !strncasecmp(content_type, "text/event-stream", 17);
}

static void on_head(void *ctx, int status, const char *content_type)
{
    struct exchange *x = ctx;
    x->http_status = status;
    keep_request_id(x);
    x->is_text = !strncasecmp(content_type, "text/plain", 10);
    x->is_stream = !x->opening && status / 100 == 2 && is_readable(x->kind, content_type);
    if (status / 100 == 2)
        return;
    struct transfer *t = x->transfer;
    x->may_pass = retry_is_useful(status, transfer_header(t, "x-should-retry"));
    x->retry_after_ms = retry_told(
        transfer_header(t, "retry-after-ms"), transfer_header(t, "retry-after"), units_now_ms());
}

static void on_data(void *ctx, const char *bytes, size_t len)
{
    struct exchange *x = ctx;
    const struct stream_reader *r = x->kind->reader;
    if (!x->is_stream) {
        size_t room = x->answer.cap - x->answer.len;
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

static enum status ask_next(
    struct exchange *x, const struct exchange_kind *opening, struct error *err);
static enum status use_kind(
    struct exchange *x, const struct exchange_kind *kind, struct error *err);

static enum status explain_lack(struct exchange *x, struct error *err)
{
    enum status st = explain_answer(x, err);
    error_prefix(err, "%s", x->opening->lacking);
    return st;
}

/* What the answer says of the way on. */
static enum status learn(struct exchange *x, struct error *err)
{
    struct error raw;
    route_release(&x->route);
    enum status st = x->opening->learn(&x->answer, x->http_status, &x->route, &raw);
    if (st)
        return secret_redact(err, st, "", raw.text, &x->request.secrets);
    if (!x->route.kind)
        return explain_lack(x, err);
    if (!x->route.url)
        return ask_next(x, x->route.kind, err);
    st = use_kind(x, x->route.kind, err);
    if (!st)
        st = ask_next(x, NULL, err);
    if (!st)
        routes_keep(&x->task.env->routes, x->ask.backend, &x->route, loop_now(x->task.env->loop));
    return st;
}

/* What came first has ended: the question, if it may be asked. */
static enum status explain_opening(struct exchange *x, struct error *err)
{
    if (x->opening->learn)
        return learn(x, err);
    if (x->kind->opens(&x->ask, x->http_status, buf_str(&x->answer)))
        return ask_next(x, NULL, err);
    return explain_lack(x, err);
}

static void on_end(void *ctx, enum status result, const struct error *cause)
{
    struct exchange *x = ctx;
    struct error err = {.text = ""};
    bool opening = x->opening != NULL;
    if (result) {
        secret_redact(&err, result, "", cause->text, &x->request.secrets);
        x->may_pass = transfer_lost(x->transfer);
    } else if (opening) {
        result = explain_opening(x, &err);
    } else if (!x->is_stream) {
        result = explain_answer(x, &err);
    } else {
        result = explain_stream(x, STATUS_OK, &err);
    }
    if (result || !opening)
        finish(x, result, &err);
}

static const struct http_handler handler = {on_head, on_data, on_end};

static void on_text(void *ctx, const char *bytes, size_t len)
{
    struct exchange *x = ctx;
    task_say(&x->task, bytes, len);
}

/* ---- the task ---- */

/* What is left of them when this is not the first request. */
static struct deadlines deadlines_left(const struct exchange *x)
{
    struct deadlines d = task_deadlines(x->task.ask);
    int64_t gone = loop_now(x->task.env->loop) - x->began_ms;
    if (d.total_ms > 0)
        d.total_ms = gone < d.total_ms ? d.total_ms - gone : 1;
    return d;
}

static enum status post(struct exchange *x, struct error *err)
{
    const struct backend *b = x->ask.backend;
    struct http_request req = {.url = buf_str(&x->request.url),
        .headers = &x->request.headers,
        .len = x->request.body.len,
        .deadlines = deadlines_left(x),
        .proxy = b->proxy ? buf_str(&x->request.proxy) : NULL,
        .tls = {.ca_file = b->ca_file,
            .client_cert = b->client_cert,
            .client_key = b->client_key,
            .insecure = b->insecure},
        .handler = &handler,
        .ctx = x};
    bool is_get = x->request.kind->is_get;
    req.body = is_get ? NULL : buf_detach(&x->request.body);
    if (!req.body && !is_get)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    enum status st = transport_post(x->task.env->transport, &req, &x->transfer, err);
    if (st)
        free(req.body);
    return st;
}

/* What comes first, or the question. */
static enum status ask_next(
    struct exchange *x, const struct exchange_kind *opening, struct error *err)
{
    const struct exchange_kind *kind = opening ? opening : x->kind;
    transfer_free(x->transfer);
    x->transfer = NULL;
    x->opening = opening;
    x->may_pass = false; /* what the opening's answer said is not the question's */
    x->retry_after_ms = 0;
    x->http_status = 0;
    x->request_id[0] = 0;
    exchange_request_release(&x->request);
    buf_release(&x->answer);
    buf_init(&x->answer, kind->answer_max ? kind->answer_max : ANSWER_KEPT);
    enum status st = exchange_request_make(&x->request, kind, &x->ask, err);
    if (!st)
        st = post(x, err);
    if (!st && x->paused)
        transfer_pause(x->transfer, true);
    return st;
}

static void drop_stream(struct exchange *x)
{
    if (x->stream)
        x->kind->reader->release(x->stream);
    free(x->stream);
    x->stream = NULL;
}

static enum status use_kind(struct exchange *x, const struct exchange_kind *kind, struct error *err)
{
    void *stream = calloc(1, kind->reader->size);
    if (!stream)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    drop_stream(x);
    x->kind = kind;
    x->stream = stream;
    kind->reader->init(stream, on_text, x);
    if (x->ask.whole && kind->reader->wait)
        kind->reader->wait(stream);
    if (x->ask.tool_count && kind->reader->expect_calls)
        kind->reader->expect_calls(stream);
    return STATUS_OK;
}

static enum status ask_first(struct exchange *x, struct error *err)
{
    struct agent_env *env = x->task.env;
    const struct exchange_kind *first = x->kind->first;
    enum status st = STATUS_OK;
    if (first && first->learn) {
        x->ask.route = &x->route;
        if (routes_find(&env->routes, x->ask.backend, loop_now(env->loop), &x->route)) {
            first = NULL;
            st = use_kind(x, x->route.kind, err);
        }
    } else if (first && !x->ask.session) {
        x->ask.session = x->session;
        st = ident_uuid4(x->session, err);
    }
    return st ? st : ask_next(x, first, err);
}

enum status exchange_start(struct task *t, struct error *err)
{
    struct exchange *x = (struct exchange *)t;
    x->ask = *t->ask;
    x->began_ms = loop_now(t->env->loop);
    enum status st = use_kind(x, t->protocol->exchange, err);
    if (!st)
        st = transport_load(t->env->transport, err);
    return st ? st : ask_first(x, err);
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
    x->paused = paused;
    if (x->transfer)
        transfer_pause(x->transfer, paused);
}

void exchange_release(struct task *t)
{
    struct exchange *x = (struct exchange *)t;
    transfer_free(x->transfer);
    drop_stream(x);
    route_release(&x->route);
    exchange_request_release(&x->request);
    buf_release(&x->answer);
}

static enum status check_max_tokens_as(const struct exchange_kind *kind, const struct backend *b,
    const char *article, struct error *err)
{
    const char *const *names = kind->max_tokens_names;
    if (!names)
        return error_set(err, STATUS_BAD_REQUEST,
            "%s %s backend has only one name for the most tokens", article, b->type);
    for (; *names; names++)
        if (!strcmp(*names, b->max_tokens_as))
            return STATUS_OK;
    return error_set(err, STATUS_BAD_REQUEST,
        "\"%s\" is no name for the most tokens: there are %s and %s", b->max_tokens_as,
        kind->max_tokens_names[0], kind->max_tokens_names[1]);
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
    return b->max_tokens_as ? check_max_tokens_as(kind, b, article, err) : STATUS_OK;
}
