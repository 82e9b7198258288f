#include "net/curl_api.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "net/failure.h"

static const struct {
    const char *name;
    size_t at; /* in struct curl_api */
} functions[] = {
#define CURL_API_ENTRY(name) {"curl_" #name, offsetof(struct curl_api, name)},
    CURL_API(CURL_API_ENTRY)
#undef CURL_API_ENTRY
};

/* Large ones that it needs, loaded before it: what they need is looked for among few libraries
 * then, and not among all of libcurl's, which takes a sixth off the loading. One that is not there,
 * or not needed any more, does no harm. */
static const char *const needed[] = {MAGEC_LIBCURL_NEEDS NULL};

static void *load(const char *name)
{
    return dlopen(name, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
}

static enum status not_usable(struct error *err)
{
    const char *why = dlerror();
    if (failure_is_for_descriptors())
        return failure_no_descriptor(err);
    return error_set(err, STATUS_CONFIG, "libcurl cannot be loaded: %s: install \"%s\"",
        why ? why : "no reason given", MAGEC_LIBCURL);
}

enum status curl_api_load(struct curl_api *api, struct error *err)
{
    struct curl_api found;
    for (size_t i = 0; needed[i]; i++)
        load(needed[i]);
    void *library = load(MAGEC_LIBCURL);
    if (!library)
        return not_usable(err);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *function = dlsym(library, functions[i].name);
        if (!function)
            return not_usable(err);
        memcpy((char *)&found + functions[i].at, &function, sizeof function);
    }
    if (found.global_init(CURL_GLOBAL_ALL))
        return error_set(err, STATUS_INTERNAL, "libcurl cannot be initialised");
    *api = found;
    return STATUS_OK;
}
