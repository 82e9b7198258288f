#include "webhook/request.h"

#include <string.h>

#define NAMED(literal)                                                                             \
    {                                                                                              \
        literal, sizeof literal - 1                                                                \
    }

static const struct {
    const char *text;
    size_t len;
} names[VAR_COUNT_] = {
    [VAR_METHOD] = NAMED("REQUEST_METHOD"),
    [VAR_SCRIPT_NAME] = NAMED("SCRIPT_NAME"),
    [VAR_PATH_INFO] = NAMED("PATH_INFO"),
    [VAR_ACCEPT] = NAMED("HTTP_ACCEPT"),
    [VAR_AUTHORIZATION] = NAMED("HTTP_AUTHORIZATION"),
    [VAR_REDIRECTED_AUTHORIZATION] = NAMED("REDIRECT_HTTP_AUTHORIZATION"),
    [VAR_MAGEC_TOKEN] = NAMED("HTTP_X_MAGEC_TOKEN"),
    [VAR_CONTENT_LENGTH] = NAMED("CONTENT_LENGTH"),
    [VAR_CONTENT_TYPE] = NAMED("CONTENT_TYPE"),
    [VAR_CONTENT_ENCODING] = NAMED("HTTP_CONTENT_ENCODING"),
    [VAR_TRANSFER_ENCODING] = NAMED("HTTP_TRANSFER_ENCODING"),
    [VAR_REMOTE_ADDR] = NAMED("REMOTE_ADDR"),
};

const char *request_var_name(enum request_var v)
{
    return names[v].text;
}

enum request_var request_var_find(const char *name, size_t len)
{
    enum request_var v = 0;
    while (v < VAR_COUNT_ && (names[v].len != len || memcmp(names[v].text, name, len) != 0))
        v++;
    return v;
}

const char *request_var_or(const struct request *r, enum request_var v, const char *otherwise)
{
    return r->vars[v] ? r->vars[v] : otherwise;
}
