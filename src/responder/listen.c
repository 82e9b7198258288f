#include "responder/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/units.h"

enum { BACKLOG = 4096, SYSTEMD_FIRST_FD = 3, PORT_MAX = 65535 };

static enum status failed(const char *where, const char *what, struct error *err)
{
    return error_set(err, STATUS_CONFIG, "cannot %s \"%s\": %s", what, where, strerror(errno));
}

/* Whether somebody answers at the address. */
static bool is_live(const struct sockaddr_un *a)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return true;
    bool live = !connect(fd, (const struct sockaddr *)a, sizeof *a) ||
                (errno != ECONNREFUSED && errno != ENOENT);
    close(fd);
    return live;
}

static enum status bind_unix(struct listener_socket *l, const char *path, struct error *err)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct stat info;
    if (!*path || strlen(path) >= sizeof a.sun_path)
        return error_set(err, STATUS_CONFIG,
            "the socket path \"%s\" is empty or longer than %zu bytes", path,
            sizeof a.sun_path - 1);
    strcpy(a.sun_path, path);
    if (!lstat(path, &info)) {
        if (!S_ISSOCK(info.st_mode))
            return error_set(err, STATUS_CONFIG, "\"%s\" exists and is not a socket", path);
        if (is_live(&a))
            return error_set(err, STATUS_CONFIG,
                "another process listens on \"%s\" already: stop it, or use another path", path);
        unlink(path);
    }
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return failed(path, "make a socket for", err);
    mode_t old = umask(0117); /* 0660 */
    int rc = bind(l->fd, (struct sockaddr *)&a, sizeof a);
    umask(old);
    if (rc)
        return failed(path, "listen on", err);
    l->path = path;
    return listen(l->fd, BACKLOG) ? failed(path, "listen on", err) : STATUS_OK;
}

static enum status bind_tcp(struct listener_socket *l, const char *where, struct error *err)
{
    char host[256];
    const char *colon = strrchr(where, ':');
    size_t len = colon ? (size_t)(colon - where) : 0;
    int64_t port;
    if (!len || len >= sizeof host || (where[0] == '[') != (where[len - 1] == ']'))
        return error_set(err, STATUS_CONFIG,
            "\"%s\" is no place to listen on: write unix:PATH or HOST:PORT; a host is needed, "
            "since "
            "whoever reaches the socket can send requests",
            where);
    if (units_count(colon + 1, 1, PORT_MAX, &port, err))
        return error_set(err, STATUS_CONFIG,
            "\"%s\" is no place to listen on: the port is a number from 1 to %d", where,
            (int)PORT_MAX);
    bool brackets = where[0] == '[';
    snprintf(
        host, sizeof host, "%.*s", (int)(len - (brackets ? 2 : 0)), where + (brackets ? 1 : 0));
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found = NULL;
    int rc = getaddrinfo(host, colon + 1, &hints, &found);
    if (rc)
        return error_set(
            err, STATUS_CONFIG, "cannot listen on \"%s\": %s", where, gai_strerror(rc));
    int one = 1;
    l->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    rc = l->fd < 0 || setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) ||
         bind(l->fd, found->ai_addr, found->ai_addrlen) || listen(l->fd, BACKLOG);
    enum status st = rc ? failed(where, "listen on", err) : STATUS_OK;
    freeaddrinfo(found);
    return st;
}

enum status listen_open(struct listener_socket *l, const char *where, struct error *err)
{
    *l = (struct listener_socket){.fd = -1, .own = true};
    enum status st =
        !strncmp(where, "unix:", 5) ? bind_unix(l, where + 5, err) : bind_tcp(l, where, err);
    if (st)
        listen_close(l);
    return st;
}

static bool is_listening(int fd)
{
    int on = 0;
    socklen_t len = sizeof on;
    return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) && on;
}

bool listen_inherited(struct listener_socket *l)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
    *l = (struct listener_socket){.fd = -1};
    if (pid && fds && atol(pid) == (long)getpid() && atoi(fds) >= 1 &&
        is_listening(SYSTEMD_FIRST_FD)) {
        l->fd = SYSTEMD_FIRST_FD;
        fcntl(l->fd, F_SETFD, FD_CLOEXEC);
    } else if (is_listening(STDIN_FILENO)) {
        l->fd = STDIN_FILENO;
    }
    return l->fd >= 0;
}

void listen_stop(struct listener_socket *l)
{
    if (!l->own)
        return;
    if (l->path)
        unlink(l->path); /* now: behind this the path may be somebody else's */
    l->path = NULL;
    shutdown(l->fd, SHUT_RDWR);
}

void listen_close(struct listener_socket *l)
{
    if (l->path)
        unlink(l->path);
    if (l->own && l->fd >= 0)
        close(l->fd);
    *l = (struct listener_socket){.fd = -1};
}
