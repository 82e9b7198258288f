#include "agent/a2a_card.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/strings.h"

/* One way to the agent. */
struct way {
    const char *url, *binding, *version, *tenant;
};

enum fit { FIT_NONE, FIT_VERSION, FIT_0_3, FIT_1_0 }; /* the higher the better */

static bool is_version(const char *version, const char *what)
{
    size_t len = strlen(what);
    return !strncmp(version, what, len) && (!version[len] || version[len] == '.');
}

static enum fit fit(const struct way *w)
{
    if (!w->url || !w->binding || strcasecmp(w->binding, "JSONRPC") != 0)
        return FIT_NONE;
    if (is_version(w->version, "1"))
        return FIT_1_0;
    return is_version(w->version, "0.3") || is_version(w->version, "0.2") ? FIT_0_3 : FIT_VERSION;
}

/* The best of the ways so far, and of those that cannot be gone the one that is named. */
static void consider(const struct way *w, struct way *best)
{
    if (!best->binding || fit(w) > fit(best))
        *best = *w;
}

/* The member of another name in older cards; the binding that is not said is JSONRPC there. */
static void consider_list(
    const struct json *list, const char *binding, const char *version, struct way *best)
{
    for (size_t i = 0; i < json_count(list) && json_kind(list) == JSON_ARRAY; i++) {
        const struct json *j = json_at(list, i);
        struct way w = {.url = json_get_string(j, "url"),
            .binding = json_get_string(j, binding),
            .version = json_get_string(j, "protocolVersion"),
            .tenant = json_get_string(j, "tenant")};
        if (!w.version)
            w.version = version;
        consider(&w, best);
    }
}

static struct way choose(const struct json *card)
{
    struct way best = {0};
    const char *version = json_get_string(card, "protocolVersion");
    struct way plain = {.url = json_get_string(card, "url"),
        .binding = json_get_string(card, "preferredTransport"),
        .version = version ? version : "0.3"};
    if (!plain.binding)
        plain.binding = "JSONRPC";
    consider_list(
        json_get(card, "supportedInterfaces"), "protocolBinding", version ? version : "1.0", &best);
    if (plain.url)
        consider(&plain, &best);
    consider_list(json_get(card, "additionalInterfaces"), "transport", plain.version, &best);
    return best;
}

/* One with a user's name before the host, or with what some read as a slash, is refused: it would
 * look as if it were of another host. */
static bool is_url(const char *s)
{
    size_t scheme = !strncasecmp(s, "http://", 7) ? 7 : !strncasecmp(s, "https://", 8) ? 8 : 0;
    if (strlen(s) > A2A_URL_MAX || (!scheme && *s != '/'))
        return false;
    if (scheme && (!s[scheme] || memchr(s + scheme, '@', strcspn(s + scheme, "/?#"))))
        return false;
    for (; *s; s++)
        if ((unsigned char)*s <= ' ' || *s == 0x7f || *s == '\\')
            return false;
    return true;
}

static enum status check(const struct way *w, struct error *err)
{
    switch (fit(w)) {
    case FIT_NONE:
        if (w->url && w->binding)
            return error_set(err, STATUS_BACKEND,
                "its agent card offers \"%s\", and JSONRPC is what can be spoken", w->binding);
        return error_set(err, STATUS_BACKEND, "its agent card names no URL to ask the agent at");
    case FIT_VERSION:
        return error_set(err, STATUS_BACKEND,
            "its agent card says version \"%s\" of A2A, and 0.3 and 1.0 can be spoken", w->version);
    default:
        break;
    }
    if (!is_url(w->url))
        return error_set(err, STATUS_BACKEND,
            "its agent card says \"%s\" where an http or https URL is to be", w->url);
    return STATUS_OK;
}

enum status a2a_card_read(struct a2a_card *c, const char *text, size_t len, struct error *err)
{
    struct json *j = NULL;
    *c = (struct a2a_card){0};
    if (json_parse(text, len, &j, NULL) || json_kind(j) != JSON_OBJECT) {
        json_free(j);
        return error_set(err, STATUS_BACKEND, "its agent card is not a JSON object");
    }
    struct way w = choose(j);
    enum status st = check(&w, err);
    if (!st && (string_set(&c->url, w.url) ||
                   string_set(&c->tenant, w.tenant && *w.tenant ? w.tenant : NULL)))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    c->version = fit(&w) == FIT_1_0 ? A2A_1_0 : A2A_0_3;
    c->streaming = json_truth(json_get(json_get(j, "capabilities"), "streaming"), false);
    json_free(j);
    return st;
}

void a2a_card_release(struct a2a_card *c)
{
    free(c->url);
    free(c->tenant);
    *c = (struct a2a_card){0};
}
