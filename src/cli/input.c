#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

enum { READ_SIZE = 64 * 1024 };

bool input_is_named(const char *arg)
{
    return !strcmp(arg, "-") || (arg[0] == '@' && arg[1] != '@');
}

static enum status over_cap(const struct buf *out, struct error *err)
{
    if (buf_status(out) == STATUS_NO_MEMORY)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return error_set(err, STATUS_TOO_LARGE, "larger than the limit of %zu bytes", out->cap);
}

static enum status read_all(int fd, struct buf *out, struct error *err)
{
    for (;;) {
        size_t room = out->cap - out->len + 1; /* one more, to notice what is over the cap */
        if (room > READ_SIZE)
            room = READ_SIZE;
        char bytes[READ_SIZE];
        ssize_t n = read(fd, bytes, room);
        if (n == 0)
            return STATUS_OK;
        if (n < 0 && errno != EINTR)
            return error_set(err, STATUS_NOT_FOUND, "%s", strerror(errno));
        if (n > 0 && buf_add(out, bytes, (size_t)n))
            return over_cap(out, err);
    }
}

enum status input_read_file(const char *path, struct buf *out, struct error *err)
{
    bool standard = !strcmp(path, "-");
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return error_set(err, STATUS_NOT_FOUND, "cannot read \"%s\": %s", path, strerror(errno));
    enum status st = read_all(fd, out, err);
    if (st && standard)
        error_prefix(err, "cannot read standard input");
    else if (st)
        error_prefix(err, "cannot read \"%s\"", path);
    if (!standard)
        close(fd);
    return st;
}

enum status input_check(const struct buf *text, struct error *err)
{
    size_t bad;
    if (!utf8_valid(buf_str(text), text->len, &bad))
        return error_set(err, STATUS_BAD_REQUEST, "not valid UTF-8 at byte %zu", bad);
    const char *nul = text->len ? memchr(text->data, 0, text->len) : NULL;
    if (nul)
        return error_set(err, STATUS_BAD_REQUEST, "a NUL at byte %zu", (size_t)(nul - text->data));
    return STATUS_OK;
}

enum status input_read(const char *arg, struct buf *out, struct error *err)
{
    enum status st;
    if (input_is_named(arg))
        st = input_read_file(*arg == '@' ? arg + 1 : arg, out, err);
    else
        st = buf_adds(out, *arg == '@' ? arg + 1 : arg) ? over_cap(out, err) : STATUS_OK;
    return st ? st : input_check(out, err);
}
