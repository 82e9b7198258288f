#include "webhook/steps.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/units.h"
#include "store/token.h"

static const char base_path[] = "/api/v1/webhooks/";

enum { PATH_LIMIT = 4096, READ_SIZE = 16 * 1024, SHOWN_MAX = 64 };

static const char *param_or(const struct request *r, const char *name, const char *otherwise)
{
    const char *value = r->param(r, name);
    return value ? value : otherwise;
}

/* ---- path and method ---- */

/* The last place where the base path stands, and what follows it. */
static const char *after_base(const char *path)
{
    const char *id = NULL;
    for (const char *at = path; (at = strstr(at, base_path)); at++)
        id = at + sizeof base_path - 1;
    return id;
}

enum status step_path(const struct request *r, struct admission *a, struct error *err)
{
    const char *script = param_or(r, "SCRIPT_NAME", ""), *info = param_or(r, "PATH_INFO", "");
    const char *method = param_or(r, "REQUEST_METHOD", "");
    char path[PATH_LIMIT];
    size_t script_len = strlen(script), info_len = strlen(info);
    if (script_len + info_len >= sizeof path)
        return error_set(err, STATUS_NOT_FOUND, "the path is too long");
    memcpy(path, script, script_len);
    memcpy(path + script_len, info, info_len + 1);
    const char *id = after_base(path);
    if (!id)
        id = *info == '/' ? info + 1 : info;
    size_t len = strlen(id);
    if (len == 0)
        return error_set(err, STATUS_NOT_FOUND,
            "the path names no webhook: call %sCLIENT; if you did, the web server does not pass on "
            "PATH_INFO (nginx: fastcgi_split_path_info and fastcgi_param PATH_INFO; Apache "
            "mod_proxy_fcgi: ProxyFCGISetEnvIf; lighttpd: \"check-local\" => \"disable\")",
            base_path);
    if (!ident_slug_valid(id, len))
        return error_set(err, STATUS_NOT_FOUND, "no such path: a webhook is %sCLIENT", base_path);
    memcpy(a->client, id, len + 1);
    if (!strcmp(id, "health") && strcmp(method, "POST") != 0)
        a->kind = REQUEST_HEALTH;
    return STATUS_OK;
}

enum status step_method(const struct request *r, struct admission *a, struct error *err)
{
    const char *method = param_or(r, "REQUEST_METHOD", "");
    bool health = a->kind == REQUEST_HEALTH;
    if (health ? !strcmp(method, "GET") || !strcmp(method, "HEAD") : !strcmp(method, "POST"))
        return STATUS_OK;
    a->allow = health ? "GET, HEAD" : "POST";
    return error_set(err, STATUS_METHOD_NOT_ALLOWED, "the method \"%.*s\" is not allowed: use %s",
        SHOWN_MAX, method, health ? "GET" : "POST");
}

enum status step_store(const struct intake *in, struct error *err)
{
    if (in->store)
        return store_ping(in->store, err);
    *err = *in->store_error;
    return err->status;
}

/* ---- credentials ---- */

static enum status no_credentials(struct error *err)
{
    return error_set(err, STATUS_UNAUTHORIZED,
        "no credentials arrived: send \"Authorization: Bearer TOKEN\"; if you did, the web server "
        "has stripped the header: Apache gives it back with \"CGIPassAuth On\"; or send the token "
        "as \"X-Magec-Token: TOKEN\"");
}

/* The variable, without white space before it; "" for none. */
static const char *credentials_of(const struct request *r, const char *name)
{
    const char *sent = param_or(r, name, "");
    return sent + strspn(sent, " \t");
}

/* The token of "Bearer TOKEN", in any case and with any white space; NULL for another scheme. */
static const char *bearer(const char *credentials)
{
    static const char scheme[] = "bearer";
    if (strncasecmp(credentials, scheme, sizeof scheme - 1))
        return NULL;
    const char *token = credentials + sizeof scheme - 1;
    return *token == ' ' || *token == '\t' ? token + strspn(token, " \t") : *token ? NULL : token;
}

enum status step_credentials(const struct request *r, struct store *s, const struct admission *a,
    struct plan *plan, struct error *err)
{
    const char *sent = credentials_of(r, "HTTP_AUTHORIZATION");
    if (!*sent)
        sent = credentials_of(r, "REDIRECT_HTTP_AUTHORIZATION");
    const char *token = *sent ? bearer(sent) : NULL;
    if (*sent && !token)
        return error_set(err, STATUS_UNAUTHORIZED,
            "the credentials are not of the scheme Bearer: send \"Authorization: Bearer TOKEN\"");
    if (!token) {
        const char *own = credentials_of(r, "HTTP_X_MAGEC_TOKEN");
        token = bearer(own) ? bearer(own) : own;
    }
    if (!*token)
        return no_credentials(err);
    char trimmed[IDENT_TOKEN_LEN + 2];
    size_t len = strcspn(token, " \t");
    if (len > sizeof trimmed - 1)
        len = sizeof trimmed - 1; /* too long for any: wrong all the same */
    memcpy(trimmed, token, len);
    trimmed[len] = 0;
    bool valid;
    enum status st = token_check(s, a->client, trimmed, &valid, plan->token, err);
    ident_wipe(trimmed, sizeof trimmed);
    if (!st && !valid)
        st = error_set(err, STATUS_UNAUTHORIZED, "the token is not valid for this webhook");
    plan->has_token = !st;
    return st;
}

enum status step_client(
    struct store *s, const struct admission *a, struct client *c, struct error *err)
{
    enum status st = client_get(s, a->client, c, err);
    if (st == STATUS_NOT_FOUND) /* removed since the token was looked at */
        return error_set(err, STATUS_UNAUTHORIZED, "the token is not valid for this webhook");
    if (!st && !c->enabled)
        return error_set(err, STATUS_FORBIDDEN, "this webhook is disabled");
    return st;
}

enum status step_room(struct service *service, struct admission *a, struct error *err)
{
    if (atomic_load(&service->stopping))
        return error_set(err, STATUS_UNAVAILABLE, "the responder is stopping; try again");
    int64_t others = atomic_fetch_add(&service->calls, 1);
    a->counted = true;
    if (others >= service->limits.max_calls)
        return error_set(err, STATUS_UNAVAILABLE, "too many calls are in flight (%lld); try again",
            (long long)service->limits.max_calls);
    return STATUS_OK;
}

/* ---- body ---- */

/* What CONTENT_LENGTH declares; -1: nothing (absent, empty, or -1 for a chunked body). */
static enum status declared_length(const struct request *r, int64_t *length, struct error *err)
{
    const char *text = param_or(r, "CONTENT_LENGTH", "");
    *length = -1;
    if (!*text || !strcmp(text, "-1"))
        return STATUS_OK;
    return units_count(text, 0, INT64_MAX, length, err)
               ? error_set(err, STATUS_BAD_REQUEST, "the content length \"%.*s\" is not a number",
                     SHOWN_MAX, text)
               : STATUS_OK;
}

static enum status too_large(size_t limit, struct error *err)
{
    return error_set(
        err, STATUS_TOO_LARGE, "the body is larger than the limit of %zu bytes", limit);
}

/* Reads to the end. Without a buffer what comes is dropped. */
static enum status read_all(struct request *r, int64_t length, struct buf *into, struct error *err)
{
    char bytes[READ_SIZE];
    int64_t total = 0;
    size_t got = 1;
    while (got && !(r->needs_length && total >= length)) {
        size_t room = sizeof bytes;
        if (r->needs_length && length - total < (int64_t)room)
            room = (size_t)(length - total);
        enum status st = r->read(r, bytes, room, &got, err);
        if (st)
            return st;
        total += (int64_t)got;
        if (into && buf_add(into, bytes, got))
            return buf_status(into) == STATUS_TOO_LARGE
                       ? too_large(into->cap, err)
                       : error_set(err, STATUS_NO_MEMORY, "out of memory for the body");
    }
    if (into && length >= 0 && total != length)
        return error_set(err, STATUS_BAD_REQUEST,
            "the body has %lld bytes, but %lld were declared: it was cut off on its way",
            (long long)total, (long long)length);
    return STATUS_OK;
}

static enum status check_passthrough(
    struct service *service, const struct request *r, int64_t length, struct error *err)
{
    const char *encoding = param_or(r, "HTTP_CONTENT_ENCODING", "");
    if (*encoding && strcasecmp(encoding, "identity") != 0)
        return error_set(err, STATUS_UNSUPPORTED_MEDIA,
            "the content encoding \"%.*s\" is not understood: send the body as it is", SHOWN_MAX,
            encoding);
    if (r->needs_length && length < 0 && r->param(r, "HTTP_TRANSFER_ENCODING"))
        return error_set(err, STATUS_LENGTH_REQUIRED,
            "the length of the body is not known: send it with a Content-Length");
    if (length > 0 && (uint64_t)length > service->limits.max_body)
        return too_large(service->limits.max_body, err);
    return STATUS_OK;
}

enum status step_body(struct service *service, struct request *r, const struct client *c,
    struct admission *a, struct plan *plan, struct error *err)
{
    int64_t length;
    enum status st = declared_length(r, &length, err);
    if (!c->passthrough) { /* whatever it is: it means nothing */
        a->body_read = !read_all(r, length < 0 ? 0 : length, NULL, err);
        return STATUS_OK;
    }
    if (!st)
        st = check_passthrough(service, r, length, err);
    if (st)
        return st;
    struct buf body;
    buf_init(&body, service->limits.max_body);
    if (r->needs_length && length < 0)
        length = 0;
    st = read_all(r, length, &body, err);
    a->body_read = !st;
    if (!st)
        st = prompt_from_body(
            &plan->prompt, buf_str(&body), body.len, r->param(r, "CONTENT_TYPE"), err);
    buf_release(&body);
    return st;
}
