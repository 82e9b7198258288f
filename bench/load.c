/*
 * The callers of the benchmarks: each of many connections makes one HTTP POST after another to a
 * server on 127.0.0.1, and looks into every reply. HTTP/1.1 with keep-alive, one thread, one epoll.
 *
 * usage: load [-c connections] [-d seconds] [-w warm-up seconds] [-r connections opened a second]
 *             [-t time-out seconds] [-H header]... [-b body] [-f text] [-e text]
 *             http://127.0.0.1:PORT/PATH
 *
 * Calls that end after the warm-up are measured. After the -d seconds that follow it no call is
 * started any more, and those in flight are waited for. A reply must have status 200 and the text
 * of -e in its body. The "first" times are to the text of -f, or to the body's first byte without
 * it. Prints one JSON object; times are in ms: rps, calls                        that ended within
 * the -d seconds first_p50, first_p99, total_p50, total_p99, total_max started, ok of the whole
 * run; started = ok + the errors connect, cut, protocol, status, text, timeout     errors, by kind
 *   wrong_status                      the last status that was not 200, or 0
 *   cpu                               seconds of this process
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
    BATCH = 512,
    CONNECTIONS_MAX = 50000,
    READ_MAX = 65536,
    REQUEST_MAX = 65536,
    HEAD_MAX = 2048,
    TEXT_MAX = 64,
    US = 1000000, /* in a second */
    TICK_MS = 5
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "wrong");
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * US + t.tv_nsec / 1000;
}

/* ---- times, counted in buckets that are less than 1 % wide ---- */

enum { FINE = 128, OCTAVES = 28, BUCKETS = FINE * OCTAVES };

struct times {
    uint64_t count, most;
    uint64_t bucket[BUCKETS];
};

/* Below 2 * FINE us a bucket is one us; each octave above is cut into FINE. */
static void times_add(struct times *t, uint64_t us)
{
    unsigned octave = 0;
    while (us >> octave >= 2 * FINE && octave < OCTAVES - 2)
        octave++;
    uint64_t i = octave * FINE + (us >> octave);
    t->bucket[i < BUCKETS ? i : BUCKETS - 1]++;
    t->count++;
    if (us > t->most)
        t->most = us;
}

static double times_at(const struct times *t, double part)
{
    uint64_t wanted = (uint64_t)((double)t->count * part), seen = 0;
    for (uint64_t i = 0; i < BUCKETS; i++) {
        seen += t->bucket[i];
        if (seen <= wanted)
            continue;
        uint64_t octave = i < 2 * FINE ? 0 : i / FINE - 1;
        return (double)((i - octave * FINE) << octave) / 1000;
    }
    return 0;
}

/* ---- looking for a text that may be cut anywhere ---- */

struct text {
    const char *text;
    size_t len;
    size_t back[TEXT_MAX]; /* how much still matches after a mismatch behind so many bytes */
};

static void text_set(struct text *t, const char *text)
{
    t->text = text;
    t->len = strlen(text);
    if (!t->len || t->len >= TEXT_MAX) {
        fprintf(stderr, "load: \"%s\" is empty or too long\n", text);
        exit(64);
    }
    for (size_t i = 1, k = 0; i < t->len; i++) {
        while (k && text[i] != text[k])
            k = t->back[k - 1];
        k += text[i] == text[k];
        t->back[i] = k;
    }
}

/* Moves *at, the number of bytes that match so far, on; t->len once all was found. */
static void text_look(const struct text *t, size_t *at, const char *data, size_t len)
{
    size_t k = *at;
    for (size_t i = 0; i < len && k < t->len; i++) {
        if (!k) {
            const char *next = memchr(data + i, t->text[0], len - i);
            if (!next)
                break;
            i = (size_t)(next - data);
        }
        while (k && data[i] != t->text[k])
            k = t->back[k - 1];
        k += data[i] == t->text[k];
    }
    *at = k;
}

/* ---- the run ---- */

enum error { CONNECT, CUT, PROTOCOL, STATUS, TEXT, TIMEOUT, ERRORS };

static const char *const error_names[ERRORS] = {
    "connect", "cut", "protocol", "status", "text", "timeout"};

enum state { CLOSED, IDLE, CONNECTING, SENDING, HEAD, BODY };
enum chunk { SIZE, EXTENSION, DATA, AFTER_DATA, TRAILER };

struct conn {
    int fd;
    enum state state;
    bool used; /* had a reply already */
    bool close_after, chunked;
    enum chunk chunk;
    bool line_empty; /* in the trailer */
    uint64_t left;   /* of the body or of the chunk */
    char head[HEAD_MAX];
    size_t head_len, sent;
    size_t first_at, text_at;
    int status;
    int64_t start, first;
};

struct run {
    struct sockaddr_in to;
    char request[REQUEST_MAX];
    size_t request_len;
    struct text first, text; /* len 0: none */
    int epoll, connections, rate;
    int64_t timeout_us, begin, measure, stop;
    struct conn *conns;
    int opened, active;
    uint64_t started, ok, calls, errors[ERRORS];
    int wrong_status;
    struct times first_times, total_times;
    char in[READ_MAX];
};

static void call_start(struct run *r, struct conn *c);

static void conn_close(struct conn *c)
{
    if (c->state != CLOSED)
        close(c->fd);
    c->state = CLOSED;
}

static void watch(struct run *r, struct conn *c, int how, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = c};
    if (epoll_ctl(r->epoll, how, c->fd, &e))
        die("cannot watch a connection");
}

static void call_next(struct run *r, struct conn *c)
{
    r->active--;
    if (now_us() < r->stop)
        call_start(r, c);
}

/* The connection's next call is started by the next check(), so that failures cannot spin. */
static void call_failed(struct run *r, struct conn *c, enum error why)
{
    r->errors[why]++;
    r->active--;
    conn_close(c);
}

static void call_done(struct run *r, struct conn *c, int64_t now)
{
    c->used = true;
    c->state = IDLE;
    if (!c->first)
        c->first = now;
    if (c->status != 200) {
        r->wrong_status = c->status;
        call_failed(r, c, STATUS);
        return;
    }
    if (c->text_at < r->text.len || c->first_at < r->first.len) {
        call_failed(r, c, TEXT);
        return;
    }
    r->ok++;
    if (now >= r->measure) {
        r->calls += now < r->stop;
        times_add(&r->first_times, (uint64_t)(c->first - c->start));
        times_add(&r->total_times, (uint64_t)(now - c->start));
    }
    if (c->close_after)
        conn_close(c);
    call_next(r, c);
}

static void send_request(struct run *r, struct conn *c)
{
    ssize_t n = send(c->fd, r->request + c->sent, r->request_len - c->sent, MSG_NOSIGNAL);
    if (n > 0)
        c->sent += (size_t)n;
    if (c->sent < r->request_len) { /* an error shows when the reply is read */
        c->state = SENDING;
        watch(r, c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
        return;
    }
    if (c->state == SENDING || c->state == CONNECTING)
        watch(r, c, EPOLL_CTL_MOD, EPOLLIN);
    c->state = HEAD;
}

static void conn_open(struct run *r, struct conn *c)
{
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        die("cannot make a socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    c->state = CONNECTING;
    c->used = false;
    if (connect(c->fd, (struct sockaddr *)&r->to, sizeof r->to) && errno != EINPROGRESS)
        call_failed(r, c, CONNECT);
    else
        watch(r, c, EPOLL_CTL_ADD, EPOLLOUT);
}

static void call_start(struct run *r, struct conn *c)
{
    r->started++;
    r->active++;
    c->start = now_us();
    c->first = 0;
    c->head_len = c->sent = c->first_at = c->text_at = 0;
    if (c->state == IDLE)
        send_request(r, c);
    else
        conn_open(r, c);
}

/* ---- the reply ---- */

static void look(struct run *r, struct conn *c, const char *data, size_t len, int64_t now)
{
    text_look(&r->text, &c->text_at, data, len);
    if (c->first)
        return;
    text_look(&r->first, &c->first_at, data, len);
    if (c->first_at == r->first.len)
        c->first = now;
}

static size_t take_size(struct conn *c, char byte)
{
    const char *digits = "0123456789abcdef", *at = byte ? strchr(digits, byte | 32) : NULL;
    if (!at || c->left >> 32) {
        c->chunk = EXTENSION;
        return 0;
    }
    c->left = c->left * 16 + (uint64_t)(at - digits);
    return 1;
}

/* Takes some of a chunked body; how many bytes. *end is set behind the trailer. */
static size_t take_chunked(
    struct run *r, struct conn *c, const char *data, size_t len, int64_t now, bool *end)
{
    size_t n = 1;
    switch (c->chunk) {
    case SIZE:
        return take_size(c, *data);
    case EXTENSION:
        if (*data == '\n')
            c->chunk = c->left ? DATA : TRAILER;
        c->line_empty = true;
        break;
    case DATA:
        n = len < c->left ? len : (size_t)c->left;
        look(r, c, data, n, now);
        c->left -= n;
        if (!c->left)
            c->chunk = AFTER_DATA;
        break;
    case AFTER_DATA:
        if (*data == '\n')
            c->chunk = SIZE;
        break;
    case TRAILER:
        *end = *data == '\n' && c->line_empty;
        c->line_empty = *data == '\n' || (*data == '\r' && c->line_empty);
        break;
    }
    return n;
}

/* Takes some of a body; whether that was its end. */
static bool take_body(struct run *r, struct conn *c, const char *data, size_t len, int64_t now)
{
    bool end = !c->chunked && !c->left;
    while (len && !end) {
        size_t n = len;
        if (c->chunked) {
            n = take_chunked(r, c, data, len, now, &end);
        } else {
            n = n < c->left ? n : (size_t)c->left;
            look(r, c, data, n, now);
            c->left -= n;
            end = !c->left;
        }
        data += n;
        len -= n;
    }
    return end;
}

static bool read_fields(struct conn *c)
{
    const char *length = strcasestr(c->head, "\r\nContent-Length:");
    c->chunked = strcasestr(c->head, "\r\nTransfer-Encoding: chunked");
    c->close_after = strcasestr(c->head, "\r\nConnection: close");
    c->left = length ? strtoull(length + 17, NULL, 10) : 0;
    c->chunk = SIZE;
    c->state = BODY;
    return sscanf(c->head, "HTTP/1.1 %3d", &c->status) == 1 && (length || c->chunked);
}

/* Takes some of a head; how many bytes, or 0 if it is no head. */
static size_t take_head(struct conn *c, const char *data, size_t len)
{
    size_t old = c->head_len, room = HEAD_MAX - 1 - old, n = len < room ? len : room;
    memcpy(c->head + old, data, n);
    c->head_len += n;
    c->head[c->head_len] = 0;
    char *end = strstr(c->head + (old > 3 ? old - 3 : 0), "\r\n\r\n");
    if (!end)
        return n;
    end[2] = 0;
    return read_fields(c) ? (size_t)(end + 4 - c->head) - old : 0;
}

static void take(struct run *r, struct conn *c, const char *data, size_t len)
{
    int64_t now = now_us();
    while (c->state == HEAD && len) {
        size_t n = take_head(c, data, len);
        if (!n) {
            call_failed(r, c, PROTOCOL);
            return;
        }
        data += n;
        len -= n;
    }
    if (c->state == BODY && take_body(r, c, data, len, now))
        call_done(r, c, now);
}

static void ended(struct run *r, struct conn *c)
{
    bool unasked = c->state == HEAD && !c->head_len && c->used;
    if (c->state == IDLE) {
        conn_close(c);
    } else if (unasked) { /* closed while the request was under way: not a failure, but once more */
        conn_close(c);
        r->started--;
        r->active--;
        call_start(r, c);
    } else {
        call_failed(r, c, CUT);
    }
}

static void conn_ready(struct run *r, struct conn *c, uint32_t events)
{
    int error = 0;
    socklen_t len = sizeof error;
    if (c->state == CONNECTING) {
        if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) || error)
            call_failed(r, c, CONNECT);
        else
            send_request(r, c);
        return;
    }
    if (c->state == SENDING && (events & EPOLLOUT))
        send_request(r, c);
    if (c->state == CLOSED || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return;
    ssize_t n = recv(c->fd, r->in, sizeof r->in, 0);
    if (n > 0 && c->state != IDLE)
        take(r, c, r->in, (size_t)n);
    else if (n >= 0 || (errno != EAGAIN && errno != EINTR))
        ended(r, c);
}

/* ---- the loop ---- */

static void open_more(struct run *r, int64_t now)
{
    int64_t due = r->rate ? 1 + (now - r->begin) * r->rate / US : r->connections;
    while (r->opened < r->connections && r->opened < due && now < r->stop)
        call_start(r, &r->conns[r->opened++]);
}

static void check(struct run *r, int64_t now)
{
    for (int i = 0; i < r->opened; i++) {
        struct conn *c = &r->conns[i];
        if (c->state == CLOSED && now < r->stop)
            call_start(r, c);
        else if (c->state > IDLE && now - c->start > r->timeout_us)
            call_failed(r, c, TIMEOUT);
    }
}

static void loop(struct run *r)
{
    struct epoll_event events[BATCH];
    int64_t checked = now_us();
    open_more(r, checked);
    while (r->active || now_us() < r->stop) {
        int n = epoll_wait(r->epoll, events, BATCH, TICK_MS);
        for (int i = 0; i < n; i++)
            conn_ready(r, events[i].data.ptr, events[i].events);
        int64_t now = now_us();
        open_more(r, now);
        if (now - checked > US / 10) {
            check(r, now);
            checked = now;
        }
    }
}

static void print(const struct run *r)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    double cpu = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
                 (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / US;
    double seconds = (double)(r->stop - r->measure) / US;
    const struct times *first = &r->first_times, *total = &r->total_times;
    printf("{\"rps\": %.1f, \"calls\": %llu,\n", (double)r->calls / seconds,
        (unsigned long long)r->calls);
    printf(" \"first_p50\": %.3f, \"first_p99\": %.3f, \"total_p50\": %.3f, \"total_p99\": %.3f,"
           " \"total_max\": %.3f,\n",
        times_at(first, .5), times_at(first, .99), times_at(total, .5), times_at(total, .99),
        (double)total->most / 1000);
    printf(" \"started\": %llu, \"ok\": %llu, ", (unsigned long long)r->started,
        (unsigned long long)r->ok);
    for (int i = 0; i < ERRORS; i++)
        printf("\"%s\": %llu, ", error_names[i], (unsigned long long)r->errors[i]);
    printf("\"wrong_status\": %d,\n \"cpu\": %.3f}\n", r->wrong_status, cpu);
}

/* ---- the command line ---- */

static void add(struct run *r, const char *text)
{
    size_t len = strlen(text);
    if (r->request_len + len >= REQUEST_MAX)
        die("the request is too long");
    memcpy(r->request + r->request_len, text, len + 1);
    r->request_len += len;
}

/* The URL's port and the request; headers are whole lines. */
static void make_request(struct run *r, const char *url, const char *headers, const char *body)
{
    unsigned port;
    int path = 0;
    char length[64];
    if (sscanf(url, "http://127.0.0.1:%5u%n", &port, &path) != 1 || port > UINT16_MAX ||
        url[path] != '/') {
        fprintf(stderr, "load: \"%s\" is not http://127.0.0.1:PORT/PATH\n", url);
        exit(64);
    }
    r->to = (struct sockaddr_in){.sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    snprintf(length, sizeof length, "Content-Length: %zu\r\n\r\n", strlen(body));
    add(r, "POST ");
    add(r, url + path);
    add(r, " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n");
    add(r, headers);
    add(r, length);
    add(r, body);
}

static double number(const char *text, double most)
{
    char *end;
    double n = strtod(text, &end);
    if (end == text || *end || !(n >= 0 && n <= most)) {
        fprintf(stderr, "load: \"%s\" is not a number from 0 to %g\n", text, most);
        exit(64);
    }
    return n;
}

struct words {
    char *headers;
    const char *body;
    double warm, seconds;
};

static void add_header(struct words *w, const char *line)
{
    char *old = w->headers;
    if (asprintf(&w->headers, "%s%s\r\n", old ? old : "", line) < 0)
        die("out of memory");
    free(old);
}

static _Noreturn void usage(void)
{
    fputs("usage: load [-c connections] [-d seconds] [-w warm-up] [-r connections a second]\n"
          "            [-t time-out] [-H header]... [-b body] [-f text] [-e text] URL\n",
        stderr);
    exit(64);
}

static void set(struct run *r, struct words *w, int letter, const char *value)
{
    switch (letter) {
    case 'c':
        r->connections = (int)number(value, CONNECTIONS_MAX);
        break;
    case 'd':
        w->seconds = number(value, 3600);
        break;
    case 'w':
        w->warm = number(value, 3600);
        break;
    case 'r':
        r->rate = (int)number(value, US);
        break;
    case 't':
        r->timeout_us = (int64_t)(number(value, 3600) * US);
        break;
    case 'H':
        add_header(w, value);
        break;
    case 'b':
        w->body = value;
        break;
    case 'f':
        text_set(&r->first, value);
        break;
    case 'e':
        text_set(&r->text, value);
        break;
    default:
        usage();
    }
}

static void start(struct run *r, const struct words *w)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    r->conns = calloc((size_t)r->connections, sizeof *r->conns);
    if (!r->conns)
        die("out of memory");
    r->begin = now_us();
    r->measure = r->begin + (int64_t)(w->warm * US);
    r->stop = r->measure + (int64_t)(w->seconds * US);
}

int main(int argc, char **argv)
{
    static struct run run;
    struct run *r = &run;
    struct words w = {.body = "", .seconds = 1};
    r->connections = 1;
    r->timeout_us = 30 * US;
    for (int letter; (letter = getopt(argc, argv, "c:d:w:r:t:H:b:f:e:")) != -1;)
        set(r, &w, letter, optarg);
    if (optind + 1 != argc || r->connections < 1 || w.seconds <= 0)
        usage();
    make_request(r, argv[optind], w.headers ? w.headers : "", w.body);
    start(r, &w);
    loop(r);
    print(r);
    free(w.headers);
    free(r->conns);
}
