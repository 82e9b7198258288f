/*
 * The limit of the benchmarks: a FastCGI responder that does no work. It says the same to every
 * request as soon as its body is there. One thread, one epoll; keeps connections when asked to.
 *
 * usage: hello SOCKET
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BATCH = 256, READ_MAX = 65536 };

/* Of FastCGI. */
enum { FCGI_VERSION_1 = 1, FCGI_HEADER_LEN = 8, FCGI_KEEP_CONN = 1 };
enum { FCGI_BEGIN_REQUEST = 1, FCGI_END_REQUEST = 3, FCGI_STDIN = 5, FCGI_STDOUT = 6 };

static const char reply[] = "Content-Type: application/json\r\nContent-Length: 29\r\n\r\n"
                            "{\"ok\":true,\"response\":\"The\"}\n";

struct conn {
    int fd;
    bool keep;
    unsigned char header[FCGI_HEADER_LEN];
    size_t header_len;
    size_t left; /* of a record's content and padding */
    size_t body_at;
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "hello: %s: %s\n", what, strerror(errno));
    exit(1);
}

static size_t put_header(unsigned char *out, const struct conn *c, int type, size_t len)
{
    const unsigned char header[FCGI_HEADER_LEN] = {FCGI_VERSION_1, (unsigned char)type,
        c->header[2], c->header[3], (unsigned char)(len >> 8), (unsigned char)len, 0, 0};
    memcpy(out, header, sizeof header);
    return sizeof header;
}

/* False when the connection is to be closed. */
static bool answer(const struct conn *c)
{
    unsigned char out[256] = {0};
    size_t len = put_header(out, c, FCGI_STDOUT, sizeof reply - 1);
    memcpy(out + len, reply, sizeof reply - 1);
    len += sizeof reply - 1;
    len += put_header(out + len, c, FCGI_STDOUT, 0);
    len += put_header(out + len, c, FCGI_END_REQUEST, 8) + 8;
    return send(c->fd, out, len, MSG_NOSIGNAL) == (ssize_t)len && c->keep;
}

static size_t record_len(const struct conn *c)
{
    return (size_t)c->header[4] << 8 | c->header[5];
}

/* Takes some bytes of a record's header; false when the connection is to be closed. */
static bool take_header(struct conn *c, const unsigned char *data, size_t *n)
{
    size_t room = FCGI_HEADER_LEN - c->header_len;
    *n = *n < room ? *n : room;
    memcpy(c->header + c->header_len, data, *n);
    c->header_len += *n;
    if (c->header_len < FCGI_HEADER_LEN)
        return true;
    c->left = record_len(c) + c->header[6];
    c->body_at = 0;
    if (!c->left)
        c->header_len = 0;
    return c->header[1] != FCGI_STDIN || record_len(c) || answer(c);
}

static void take_content(struct conn *c, const unsigned char *data, size_t *n)
{
    *n = *n < c->left ? *n : c->left;
    if (c->header[1] == FCGI_BEGIN_REQUEST && c->body_at <= 2 && c->body_at + *n > 2)
        c->keep = data[2 - c->body_at] & FCGI_KEEP_CONN;
    c->body_at += *n;
    c->left -= *n;
    if (!c->left)
        c->header_len = 0;
}

static bool conn_ready(struct conn *c)
{
    static unsigned char in[READ_MAX];
    ssize_t got = recv(c->fd, in, sizeof in, 0);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    for (size_t at = 0, n; at < (size_t)got; at += n) {
        n = (size_t)got - at;
        if (c->header_len == FCGI_HEADER_LEN)
            take_content(c, in + at, &n);
        else if (!take_header(c, in + at, &n))
            return false;
    }
    return got > 0;
}

static void accept_all(int listener, int epoll)
{
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        struct conn *c = calloc(1, sizeof *c);
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
        if (!c)
            die("out of memory");
        c->fd = fd;
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e))
            die("cannot watch a connection");
    }
}

static _Noreturn void serve(int listener)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event events[BATCH], e = {.events = EPOLLIN};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e))
        die("cannot watch the socket");
    for (;;) {
        int n = epoll_wait(epoll, events, BATCH, -1);
        for (int i = 0; i < n; i++) {
            struct conn *c = events[i].data.ptr;
            if (!c) {
                accept_all(listener, epoll);
            } else if (!conn_ready(c)) {
                close(c->fd);
                free(c);
            }
        }
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (argc != 2 || strlen(argv[1]) >= sizeof a.sun_path) {
        fputs("usage: hello SOCKET\n", stderr);
        return 64;
    }
    strcpy(a.sun_path, argv[1]);
    unlink(argv[1]);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&a, sizeof a) || listen(listener, 4096))
        die("cannot listen");
    serve(listener);
}
