#include "base/pattern.h"

#include <locale.h>
#include <regex.h>
#include <stdlib.h>

struct pattern {
    regex_t regex;
    locale_t characters; /* in which it was compiled; 0: bytes are characters */
};

/* glibc and others have it built in; who has not, counts bytes. */
static locale_t enter(const struct pattern *p)
{
    return p->characters ? uselocale(p->characters) : (locale_t)0;
}

static void leave(locale_t before)
{
    if (before)
        uselocale(before);
}

static enum status compile(struct pattern *p, const char *ere, struct error *err)
{
    char why[128];
    p->characters = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    locale_t before = enter(p);
    int failed = regcomp(&p->regex, ere, REG_EXTENDED | REG_NOSUB);
    if (failed)
        regerror(failed, &p->regex, why, sizeof why);
    leave(before);
    if (!failed)
        return STATUS_OK;
    if (p->characters)
        freelocale(p->characters);
    return failed == REG_ESPACE
               ? error_set(err, STATUS_NO_MEMORY, "out of memory for a pattern")
               : error_set(err, STATUS_BAD_REQUEST, "the pattern cannot be used: %s", why);
}

enum status pattern_compile(struct pattern **out, const char *text, size_t len, struct error *err)
{
    struct buf ere;
    struct pattern *p = calloc(1, sizeof *p);
    if (!p)
        return error_set(err, STATUS_NO_MEMORY, "out of memory for a pattern");
    buf_init(&ere, (size_t)64 * PATTERN_MAX);
    enum status st = pattern_translate(text, len, &ere, err);
    if (!st)
        st = compile(p, buf_str(&ere), err);
    buf_release(&ere);
    if (st)
        free(p);
    else
        *out = p;
    return st;
}

bool pattern_found(const struct pattern *p, const char *text, size_t len)
{
    locale_t before = enter(p);
#ifdef REG_STARTEND
    regmatch_t all = {.rm_so = 0, .rm_eo = (regoff_t)len};
    bool found = !regexec(&p->regex, text, 1, &all, REG_STARTEND);
#else
    (void)len;
    bool found = !regexec(&p->regex, text, 0, NULL, 0);
#endif
    leave(before);
    return found;
}

void pattern_free(struct pattern *p)
{
    if (!p)
        return;
    regfree(&p->regex);
    if (p->characters)
        freelocale(p->characters);
    free(p);
}
