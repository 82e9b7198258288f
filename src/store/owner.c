#include "store/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ident.h"

struct owner {
    int fd;
    int64_t id;
};

static int open_file(const char *path, int flags)
{
    char name[4096];
    if (snprintf(name, sizeof name, "%s-owners", path) >= (int)sizeof name) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(name, flags | O_RDWR | O_CLOEXEC, 0600);
}

/* Root may be the first to need the file, but the responder needs it too. */
static void give_to_store(int fd, const char *path)
{
    struct stat store;
    if (fd >= 0 && geteuid() == 0 && !stat(path, &store) && fchown(fd, store.st_uid, store.st_gid))
        return; /* whoever cannot open it says so */
}

static struct flock byte_of(int64_t id)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = id, .l_len = 1};
}

enum status owner_open(struct owner **out, const char *path, struct error *err)
{
    struct owner *o = calloc(1, sizeof *o);
    if (!o)
        return error_set(err, STATUS_NO_MEMORY, "out of memory for the store");
    uint64_t noise;
    enum status st = ident_random(&noise, sizeof noise, err);
    o->id = (int64_t)(noise >> 2) + 1;
    o->fd = open_file(path, O_CREAT);
    give_to_store(o->fd, path);
    struct flock lock = byte_of(o->id);
    if (!st && (o->fd < 0 || fcntl(o->fd, F_OFD_SETLK, &lock)))
        st = error_set(err, STATUS_STORE,
            "cannot lock \"%s-owners\": %s; this user needs write permission for it and for its "
            "directory",
            path, strerror(errno));
    if (st)
        owner_close(o);
    else
        *out = o;
    return st;
}

void owner_close(struct owner *o)
{
    if (!o)
        return;
    if (o->fd >= 0)
        close(o->fd);
    free(o);
}

int64_t owner_id(const struct owner *o)
{
    return o->id;
}

bool owner_alive(const char *path, int64_t id)
{
    int fd = open_file(path, 0);
    if (fd < 0)
        return errno != ENOENT;
    struct flock lock = byte_of(id);
    bool alive = fcntl(fd, F_OFD_GETLK, &lock) || lock.l_type != F_UNLCK;
    close(fd);
    return alive;
}
