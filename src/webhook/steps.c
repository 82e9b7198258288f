#include "webhook/steps.h"

#include <string.h>
#include <strings.h>

#include "base/ident.h"
#include "base/units.h"
#include "base/utf8.h"

static const char base_path[] = "/api/v1/webhooks/";

enum { PATH_LIMIT = 4096, SHOWN_MAX = 64 };

/* How much is repeated of what was sent. */
static int shown(const char *text)
{
    return (int)utf8_cut(text, strlen(text), SHOWN_MAX);
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
    const char *script = request_var_or(r, VAR_SCRIPT_NAME, ""),
               *info = request_var_or(r, VAR_PATH_INFO, "");
    const char *method = request_var_or(r, VAR_METHOD, "");
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
    const char *method = request_var_or(r, VAR_METHOD, "");
    bool health = a->kind == REQUEST_HEALTH;
    if (health ? !strcmp(method, "GET") || !strcmp(method, "HEAD") : !strcmp(method, "POST"))
        return STATUS_OK;
    a->allow = health ? "GET, HEAD" : "POST";
    return error_set(err, STATUS_METHOD_NOT_ALLOWED, "the method \"%.*s\" is not allowed: use %s",
        shown(method), method, health ? "GET" : "POST");
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
static const char *credentials_of(const struct request *r, enum request_var v)
{
    const char *sent = request_var_or(r, v, "");
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

enum status step_credentials(const struct request *r, struct admission *a, struct error *err)
{
    const char *sent = credentials_of(r, VAR_AUTHORIZATION);
    if (!*sent)
        sent = credentials_of(r, VAR_REDIRECTED_AUTHORIZATION);
    const char *token = *sent ? bearer(sent) : NULL;
    if (*sent && !token)
        return error_set(err, STATUS_UNAUTHORIZED,
            "the credentials are not of the scheme Bearer: send \"Authorization: Bearer TOKEN\"");
    if (!token) {
        const char *own = credentials_of(r, VAR_MAGEC_TOKEN);
        token = bearer(own) ? bearer(own) : own;
    }
    if (!*token)
        return no_credentials(err);
    ident_hash(token, strcspn(token, " \t"), a->token);
    return STATUS_OK;
}

/* ---- body ---- */

/* Absent, empty, or -1 for a chunked body: not declared. */
enum status step_length(const struct request *r, struct admission *a, struct error *err)
{
    const char *text = request_var_or(r, VAR_CONTENT_LENGTH, "");
    if (!*text || !strcmp(text, "-1"))
        return STATUS_OK;
    return units_count(text, 0, INT64_MAX, &a->length, err)
               ? error_set(err, STATUS_BAD_REQUEST, "the content length \"%.*s\" is not a number",
                     shown(text), text)
               : STATUS_OK;
}

static enum status too_large(size_t limit, struct error *err)
{
    return error_set(
        err, STATUS_TOO_LARGE, "the body is larger than the limit of %zu bytes", limit);
}

enum status step_body(
    struct service *service, const struct request *r, const struct admission *a, struct error *err)
{
    const char *encoding = request_var_or(r, VAR_CONTENT_ENCODING, "");
    if (*encoding && strcasecmp(encoding, "identity") != 0)
        return error_set(err, STATUS_UNSUPPORTED_MEDIA,
            "the content encoding \"%.*s\" is not understood: send the body as it is",
            shown(encoding), encoding);
    if (r->needs_length && a->length < 0 && r->vars[VAR_TRANSFER_ENCODING])
        return error_set(err, STATUS_LENGTH_REQUIRED,
            "the length of the body is not known: send it with a Content-Length");
    if (a->length > 0 && (uint64_t)a->length > service->limits.max_body)
        return too_large(service->limits.max_body, err);
    return STATUS_OK;
}

enum status step_prompt(struct service *service, const struct request *r, const struct admission *a,
    const struct buf *body, struct prompt *prompt, struct error *err)
{
    if (buf_status(body) == STATUS_TOO_LARGE)
        return too_large(service->limits.max_body, err);
    if (buf_status(body))
        return error_set(err, STATUS_NO_MEMORY, "out of memory for the body");
    if (a->length >= 0 && (uint64_t)a->length != body->len)
        return error_set(err, STATUS_BAD_REQUEST,
            "the body has %zu bytes, but %lld were declared: it was cut off on its way", body->len,
            (long long)a->length);
    return prompt_from_body(prompt, buf_str(body), body->len, r->vars[VAR_CONTENT_TYPE], err);
}
