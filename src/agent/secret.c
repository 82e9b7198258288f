#include "agent/secret.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/confined.h"

enum { SECRET_FILE_MAX = 16 * 1024, REDACT_MIN = 4 };

static const char redacted[] = "[redacted]";

static enum status add_env(
    const char *name, const char *otherwise, struct buf *out, struct error *err)
{
    if (!strncmp(name, "HTTP_", 5))
        return error_set(err, STATUS_CONFIG,
            "the variable \"%s\" cannot be used: a caller's headers arrive under such names", name);
    const char *value = getenv(name);
    if (!value || !*value)
        value = otherwise;
    if (!value)
        return error_set(err, STATUS_CONFIG,
            "the variable \"%s\" is not set in the environment of this process", name);
    return buf_adds(out, value);
}

static enum status add_file(const char *path, struct buf *out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return error_set(err, STATUS_CONFIG, "cannot read the key file \"%s\": %s%s", path,
            strerror(errno), confined_hint(errno));
    char bytes[SECRET_FILE_MAX];
    ssize_t n = read(fd, bytes, sizeof bytes);
    int failed = errno;
    close(fd);
    if (n < 0)
        return error_set(
            err, STATUS_CONFIG, "cannot read the key file \"%s\": %s", path, strerror(failed));
    while (n > 0 && isspace((unsigned char)bytes[n - 1]))
        n--;
    if (n == 0)
        return error_set(err, STATUS_CONFIG, "the key file \"%s\" is empty", path);
    enum status st = buf_add(out, bytes, (size_t)n);
    explicit_bzero(bytes, sizeof bytes);
    return st;
}

/* One ${...}; at points behind the brace. Returns what follows the closing one, or NULL. */
static const char *expand_one(
    const char *at, struct buf *out, struct strings *values, struct error *err)
{
    const char *end = strchr(at, '}');
    char name[128], otherwise[512] = "";
    if (!end) {
        error_set(err, STATUS_CONFIG, "\"${\" without \"}\"");
        return NULL;
    }
    const char *dash = memmem(at, (size_t)(end - at), ":-", 2);
    size_t len = (size_t)((dash ? dash : end) - at);
    size_t other = dash ? (size_t)(end - dash) - 2 : 0;
    if (len == 0 || len >= sizeof name || other >= sizeof otherwise) {
        error_set(err, STATUS_CONFIG, "a \"${...}\" is empty or too long");
        return NULL;
    }
    memcpy(name, at, len);
    name[len] = 0;
    if (dash)
        memcpy(otherwise, dash + 2, other);
    size_t from = out->len;
    if (add_env(name, dash ? otherwise : NULL, out, err))
        return NULL;
    if (values && strings_add(values, buf_str(out) + from)) {
        error_set(err, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    return end + 1;
}

enum status secret_expand(
    const char *text, struct buf *out, struct strings *values, struct error *err)
{
    const char *at = text;
    for (const char *mark; (mark = strstr(at, "${"));) {
        buf_add(out, at, (size_t)(mark - at));
        at = expand_one(mark + 2, out, values, err);
        if (!at)
            return STATUS_CONFIG;
    }
    buf_adds(out, at);
    if (buf_status(out))
        return error_set(err, STATUS_CONFIG, "an expanded value is too long");
    return STATUS_OK;
}

enum status secret_resolve(const char *reference, struct buf *out, struct error *err)
{
    if (!strncmp(reference, "env:", 4))
        return add_env(reference + 4, NULL, out, err);
    if (!strncmp(reference, "file:", 5))
        return add_file(reference + 5, out, err);
    return secret_expand(reference, out, NULL, err);
}

/* The secret that stands first, the longest of several there; NULL for none. */
static const char *find_secret(const char *text, const struct strings *secrets, size_t *len)
{
    const char *first = NULL;
    for (size_t i = 0; i < secrets->count; i++) {
        size_t n = strlen(secrets->items[i]);
        const char *found = n >= REDACT_MIN ? strstr(text, secrets->items[i]) : NULL;
        if (found && (!first || found < first || (found == first && n > *len))) {
            first = found;
            *len = n;
        }
    }
    return first;
}

enum status secret_hide(const char *text, const struct strings *secrets, struct buf *out)
{
    const char *at = text;
    size_t len = 0;
    for (const char *found; (found = find_secret(at, secrets, &len)); at = found + len) {
        buf_add(out, at, (size_t)(found - at));
        buf_adds(out, redacted);
    }
    return buf_adds(out, at);
}

enum status secret_redact(struct error *err, enum status st, const char *what, const char *text,
    const struct strings *secrets)
{
    struct buf clean;
    buf_init(&clean, 64 * BUF_SMALL);
    secret_hide(text, secrets, &clean);
    error_set(err, st, "%s%s", what, buf_status(&clean) ? redacted : buf_str(&clean));
    buf_release(&clean);
    return st;
}

bool secret_is_named(const char *line)
{
    static const char *const words[] = {"auth", "key", "token", "secret", "cookie", "password"};
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(line, ":="), line);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(name, words[i]))
            return true;
    return false;
}

void secret_forget(struct strings *secrets)
{
    for (size_t i = 0; i < secrets->count; i++)
        explicit_bzero(secrets->items[i], strlen(secrets->items[i]));
    strings_release(secrets);
}
