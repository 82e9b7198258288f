/*
 * The model's server of the benchmarks: answers every POST with one stream of chat completion
 * events, ending with the usage and [DONE]. HTTP/1.1 with keep-alive, on 127.0.0.1 only, one thread
 * with one epoll, many thousand streams.
 *
 * usage: upstream PORT:FIRST:GAP:EVENTS...
 * On each PORT (0: one that is free) a stream has EVENTS events, the first after FIRST ms, then one
 * every GAP ms; with GAP 0 the whole stream is sent at once. Prints the ports, one a line, when all
 * are open.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH = 512,      /* events and connections taken at once */
    SLOTS = 1024,     /* of the timer wheel, one a millisecond */
    HEAD_MAX = 2048,  /* of a request */
    READ_MAX = 65536, /* bytes read at once */
    STEP_MAX = 4096,  /* of what one step of a stream sends */
    UNSENT_MAX = 1 << 20,
    EVENTS_MAX = 1000,
    DELAY_MAX = 60000,
    WORDS = 8
};

static const char *const words[WORDS] = {
    "The", " answer", " to", " your", " question", " is", " forty", " two"};

struct server;

struct handle {
    void (*ready)(struct server *, struct handle *, uint32_t events);
};

struct text {
    char *data;
    size_t len;
};

struct port {
    struct handle handle;
    int fd;
    unsigned number;
    int first_ms, gap_ms, events;
    struct text head, word[WORDS], tail, whole;
};

enum state { READS_HEAD, READS_BODY, REPLIES };

struct conn {
    struct handle handle;
    int fd;
    struct port *port;
    enum state state;
    char head[HEAD_MAX];
    size_t head_len, body_left;
    bool close_after;
    int next; /* event */
    int64_t due_ms;
    struct conn *later, **self; /* in a slot of the wheel */
    struct text unsent;
};

struct server {
    int epoll;
    int64_t tick; /* the last millisecond whose slot was looked at */
    size_t waiting;
    struct conn *wheel[SLOTS];
    char in[READ_MAX];
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "upstream: %s: %s\n", what, errno ? strerror(errno) : "wrong");
    exit(1);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the texts, made once ---- */

static FILE *text_open(struct text *t)
{
    FILE *f = open_memstream(&t->data, &t->len);
    if (!f)
        die("out of memory");
    return f;
}

static void text_close(FILE *f)
{
    if (fclose(f))
        die("out of memory");
}

/* One event as one chunk of the body. */
static void add_event(FILE *f, const char *rest)
{
    static const char start[] =
        "data: {\"id\":\"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT\","
        "\"object\":\"chat.completion.chunk\",\"created\":1741569952,\"model\":\"mock-1\","
        "\"service_tier\":\"default\",\"system_fingerprint\":\"fp_06737a9306\",";
    fprintf(f, "%zx\r\n%s%s}\n\n\r\n", strlen(start) + strlen(rest) + 3, start, rest);
}

static void add_delta(FILE *f, const char *delta, const char *reason)
{
    char rest[256];
    snprintf(rest, sizeof rest,
        "\"choices\":[{\"index\":0,\"delta\":%s,\"logprobs\":null,\"finish_reason\":%s}]", delta,
        reason);
    add_event(f, rest);
}

static void make_head(struct port *p)
{
    FILE *f = text_open(&p->head);
    fputs("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
          "Cache-Control: no-cache\r\nX-Request-Id: req_2f0d3c6f9d9c4c0e8b1f\r\n\r\n",
        f);
    add_delta(f, "{\"role\":\"assistant\",\"content\":\"\"}", "null");
    text_close(f);
}

static void make_word(struct port *p, int i)
{
    char delta[64];
    FILE *f = text_open(&p->word[i]);
    snprintf(delta, sizeof delta, "{\"content\":\"%s\"}", words[i]);
    add_delta(f, delta, "null");
    text_close(f);
}

static void make_tail(struct port *p)
{
    char usage[160];
    FILE *f = text_open(&p->tail);
    add_delta(f, "{}", "\"stop\"");
    snprintf(usage, sizeof usage,
        "\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":%d,"
        "\"total_tokens\":%d}",
        p->events, p->events + 12);
    add_event(f, usage);
    fputs("e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n", f);
    text_close(f);
}

static void make_texts(struct port *p)
{
    make_head(p);
    for (int i = 0; i < WORDS; i++)
        make_word(p, i);
    make_tail(p);
    FILE *f = text_open(&p->whole);
    fwrite(p->head.data, 1, p->head.len, f);
    for (int i = 0; i < p->events; i++)
        fwrite(p->word[i % WORDS].data, 1, p->word[i % WORDS].len, f);
    fwrite(p->tail.data, 1, p->tail.len, f);
    text_close(f);
}

/* ---- the timer wheel ---- */

static void unplan(struct server *s, struct conn *c)
{
    if (!c->self)
        return;
    *c->self = c->later;
    if (c->later)
        c->later->self = c->self;
    c->self = NULL;
    s->waiting--;
}

static void plan(struct server *s, struct conn *c)
{
    int64_t at = c->due_ms > s->tick ? c->due_ms : s->tick + 1;
    struct conn **slot = &s->wheel[at % SLOTS];
    c->later = *slot;
    c->self = slot;
    if (c->later)
        c->later->self = &c->later;
    *slot = c;
    s->waiting++;
}

/* ---- a connection ---- */

static void drop(struct server *s, struct conn *c)
{
    unplan(s, c);
    close(c->fd);
    free(c->unsent.data);
    free(c);
}

static void watch(struct server *s, struct conn *c, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = c};
    epoll_ctl(s->epoll, EPOLL_CTL_MOD, c->fd, &e);
}

/* Sends, or keeps what the socket does not take; false if the caller is gone or takes nothing. */
static bool put(struct server *s, struct conn *c, const char *data, size_t len)
{
    if (!c->unsent.len) {
        ssize_t n = send(c->fd, data, len, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        data += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
        if (!len)
            return true;
        watch(s, c, EPOLLIN | EPOLLOUT);
    }
    char *more =
        c->unsent.len + len <= UNSENT_MAX ? realloc(c->unsent.data, c->unsent.len + len) : NULL;
    if (!more)
        return false;
    memcpy(more + c->unsent.len, data, len);
    c->unsent = (struct text){more, c->unsent.len + len};
    return true;
}

static bool flush(struct server *s, struct conn *c)
{
    ssize_t n = send(c->fd, c->unsent.data, c->unsent.len, MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    c->unsent.len -= (size_t)n;
    if (c->unsent.len) {
        memmove(c->unsent.data, c->unsent.data + n, c->unsent.len);
        return true;
    }
    watch(s, c, EPOLLIN);
    return !c->close_after || c->state == REPLIES;
}

static bool reply_done(struct conn *c)
{
    c->state = READS_HEAD;
    c->head_len = 0;
    return !c->close_after || c->unsent.len;
}

static size_t append(char *out, size_t len, const struct text *t)
{
    memcpy(out + len, t->data, t->len);
    return len + t->len;
}

/* Sends the next event; false if the connection is to be dropped. */
static bool step(struct server *s, struct conn *c)
{
    struct port *p = c->port;
    if (!p->gap_ms)
        return put(s, c, p->whole.data, p->whole.len) && reply_done(c);
    char out[STEP_MAX];
    size_t len = c->next ? 0 : append(out, 0, &p->head);
    len = append(out, len, &p->word[c->next % WORDS]);
    bool last = ++c->next >= p->events;
    if (last)
        len = append(out, len, &p->tail);
    if (!put(s, c, out, len))
        return false;
    if (last)
        return reply_done(c);
    c->due_ms += p->gap_ms;
    plan(s, c);
    return true;
}

static bool reply(struct server *s, struct conn *c)
{
    c->state = REPLIES;
    c->next = 0;
    c->due_ms = now_ms() + c->port->first_ms;
    if (!c->port->first_ms)
        return step(s, c);
    plan(s, c);
    return true;
}

static void read_fields(struct conn *c, const char *end)
{
    const char *length = strcasestr(c->head, "\r\nContent-Length:");
    const char *closes = strcasestr(c->head, "\r\nConnection: close");
    c->body_left = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
    c->close_after = closes && closes < end;
}

/* Takes bytes of a head; how many, or 0 if it is too long. */
static size_t take_head(struct conn *c, const char *data, size_t len)
{
    size_t room = HEAD_MAX - 1 - c->head_len, old = c->head_len;
    size_t n = len < room ? len : room;
    memcpy(c->head + old, data, n);
    c->head_len += n;
    c->head[c->head_len] = 0;
    const char *end = strstr(c->head + (old > 3 ? old - 3 : 0), "\r\n\r\n");
    if (!end)
        return n;
    read_fields(c, end + 2);
    c->state = READS_BODY;
    return (size_t)(end + 4 - c->head) - old;
}

/* False if the connection is to be dropped: its head is too long, or somebody pipelines. */
static bool feed(struct server *s, struct conn *c, const char *data, size_t len)
{
    while (len) {
        size_t n = 0;
        if (c->state == READS_HEAD) {
            n = take_head(c, data, len);
        } else if (c->state == READS_BODY) {
            n = len < c->body_left ? len : c->body_left;
            c->body_left -= n;
        }
        if (!n)
            return false;
        data += n;
        len -= n;
        if (c->state == READS_BODY && !c->body_left && !reply(s, c))
            return false;
    }
    return true;
}

static void conn_ready(struct server *s, struct handle *h, uint32_t events)
{
    struct conn *c = (struct conn *)h;
    if ((events & EPOLLOUT) && !flush(s, c)) {
        drop(s, c);
        return;
    }
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return;
    ssize_t n = recv(c->fd, s->in, sizeof s->in, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || !feed(s, c, s->in, (size_t)n))
        drop(s, c);
}

static void port_ready(struct server *s, struct handle *h, uint32_t events)
{
    struct port *p = (struct port *)h;
    (void)events;
    for (int i = 0; i < BATCH; i++) {
        int fd = accept4(p->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        struct conn *c = calloc(1, sizeof *c);
        if (!c)
            die("out of memory");
        c->handle.ready = conn_ready;
        c->fd = fd;
        c->port = p;
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
        if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e))
            die("cannot watch a connection");
    }
}

/* ---- the loop ---- */

static void run_slot(struct server *s, struct conn **slot)
{
    struct conn *due = *slot;
    *slot = NULL;
    if (due)
        due->self = &due;
    while (due) {
        struct conn *c = due;
        unplan(s, c);
        if (c->due_ms > s->tick)
            plan(s, c);
        else if (!step(s, c))
            drop(s, c);
    }
}

static void run_wheel(struct server *s)
{
    int64_t now = now_ms();
    if (now - s->tick > SLOTS)
        s->tick = now - SLOTS;
    while (s->tick < now) {
        s->tick++;
        run_slot(s, &s->wheel[s->tick % SLOTS]);
    }
}

static _Noreturn void serve(struct server *s)
{
    struct epoll_event events[BATCH];
    s->tick = now_ms();
    for (;;) {
        int n = epoll_wait(s->epoll, events, BATCH, s->waiting ? 1 : -1);
        for (int i = 0; i < n; i++) {
            struct handle *h = events[i].data.ptr;
            h->ready(s, h, events[i].events);
        }
        run_wheel(s);
    }
}

static void port_open(struct server *s, struct port *p)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)p->number),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(p->fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(p->fd, (struct sockaddr *)&a, sizeof a) || listen(p->fd, 4096) ||
        getsockname(p->fd, (struct sockaddr *)&a, &len))
        die("cannot listen");
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = p};
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, p->fd, &e))
        die("cannot watch a port");
    printf("%u\n", ntohs(a.sin_port));
}

static struct port *port_read(const char *argument)
{
    struct port *p = calloc(1, sizeof *p);
    if (!p)
        die("out of memory");
    p->handle.ready = port_ready;
    char rest;
    if (sscanf(argument, "%u:%d:%d:%d%c", &p->number, &p->first_ms, &p->gap_ms, &p->events,
            &rest) != 4 ||
        p->number > UINT16_MAX || p->first_ms < 0 || p->first_ms > DELAY_MAX || p->gap_ms < 0 ||
        p->gap_ms > DELAY_MAX || p->events < 1 || p->events > EVENTS_MAX) {
        fprintf(stderr, "upstream: \"%s\" is not PORT:FIRST:GAP:EVENTS\n", argument);
        exit(64);
    }
    make_texts(p);
    return p;
}

int main(int argc, char **argv)
{
    struct server *s = calloc(1, sizeof *s);
    struct rlimit files;
    if (!s)
        die("out of memory");
    if (argc < 2) {
        fputs("usage: upstream PORT:FIRST:GAP:EVENTS...\n", stderr);
        return 64;
    }
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 1; i < argc; i++)
        port_open(s, port_read(argv[i]));
    if (fflush(stdout))
        die("cannot print the ports");
    serve(s);
}
