/*
 * magec-fcgi: the responder. Finds out how it was started, opens what every call shares, and runs
 * the loop until it is told to stop.
 */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "net/transport.h"
#include "responder/cgi.h"
#include "responder/intake.h"
#include "responder/listen.h"
#include "responder/options.h"
#include "responder/sandbox.h"
#include "responder/signals.h"
#include "webhook/run.h"

enum {
    EXIT_USAGE = 64,
    STOP_POLL_MS = 20,
    ARENAS = 2,
    FILES_PER_CALL = 2,                /* the caller's and the backend's */
    FILES_RESERVED = 32,               /* of the process itself, and for those who are refused */
    HEAP_RESERVED = 256 * 1024 * 1024, /* for ten thousand calls */
    HEAP_SMALL = 4 * 1024 * 1024,      /* up to which pages stay small: a hundred calls and more */
    MMAPS_MAX = 65536                  /* glibc's own default */
};

struct responder {
    const struct options *o;
    struct service service;
    struct listener_socket socket;
    struct intake *intake;
    struct signals signals;
    struct timer *stop_timer;
    int64_t stop_ms; /* when it was told to stop; 0: it was not */
    bool hurry;      /* told twice */
};

/* The soft limit of open files is often far below what the system allows. */
static void raise_limits(void)
{
    struct rlimit files;
    if (!getrlimit(RLIMIT_NOFILE, &files)) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    mallopt(M_ARENA_MAX, ARENAS); /* the loop does most of the allocating */
}

/* More calls than there are descriptors for would fail in the middle. */
static void fit_calls(int64_t *max_calls, struct log *log)
{
    struct rlimit files;
    struct log_line line;
    if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur > (rlim_t)INT64_MAX)
        return;
    int64_t room = ((int64_t)files.rlim_cur - FILES_RESERVED) / FILES_PER_CALL;
    room = room > 1 ? room : 1;
    if (*max_calls <= room)
        return;
    int64_t needed = INT64_MAX;
    if (*max_calls < (INT64_MAX - FILES_RESERVED) / FILES_PER_CALL)
        needed = *max_calls * FILES_PER_CALL + FILES_RESERVED;
    log_begin(log, &line, LOG_LEVEL_WARN, "the limit of open files allows fewer calls");
    log_int(&line, "max_calls", room);
    log_int(&line, "wanted", *max_calls);
    log_int(&line, "open_files", (int64_t)files.rlim_cur);
    log_int(&line, "needed", needed);
    log_str(&line, "remedy", "LimitNOFILE= of the systemd unit, ulimit -Hn, or --max-calls");
    log_end(log, &line);
    *max_calls = room;
}

/* A thousand calls are spread over more pages than the processor keeps the addresses of; huge pages
 * take a quarter off what the loop does for them. So the heap's addresses are reserved at once, and
 * the kernel told what those behind the first few are for: memory is still taken as it is used, and
 * given back only by the end of the process. Without room for it the heap grows as it always does.
 */
static void reserve_heap(void)
{
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, HEAP_RESERVED * 2);
    char *heap = malloc(HEAP_RESERVED);
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = ((uintptr_t)heap + HEAP_SMALL) / page * page;
    if (heap)
        madvise((void *)from, HEAP_RESERVED - HEAP_SMALL, MADV_HUGEPAGE);
    free(heap);
    mallopt(M_MMAP_MAX, MMAPS_MAX);
}

/* While stopping: first the calls that came may end, then they are ended. */
static void on_stop_timer(void *ctx)
{
    struct responder *r = ctx;
    bool hurry = r->hurry || loop_now(r->service.env.loop) - r->stop_ms >= r->o->drain_ms;
    atomic_store(&r->service.stopping, hurry);
    if (intake_stop(r->intake, hurry) && atomic_load(&r->service.calls) == 0) {
        loop_stop(r->service.env.loop);
        return;
    }
    if (hurry) /* again: some may have begun only now */
        run_cancel_all(&r->service, CANCEL_SHUTDOWN);
    timer_start(r->stop_timer, STOP_POLL_MS);
}

static void on_stop(void *ctx)
{
    struct responder *r = ctx;
    if (r->stop_ms) {
        r->hurry = true;
        return;
    }
    r->stop_ms = loop_now(r->service.env.loop);
    log_message(r->service.log, LOG_LEVEL_INFO, "stopping", NULL);
    listen_stop(&r->socket);
    on_stop_timer(r);
}

/* For measuring what recording costs. */
static bool discards_runs(struct log *log)
{
    const char *record = getenv("MAGEC_RECORD");
    bool off = record && !strcmp(record, "off");
    if (off)
        log_message(log, LOG_LEVEL_WARN, "runs are not recorded: MAGEC_RECORD is off", NULL);
    return off;
}

static enum status open_all(struct responder *r, struct log *log, struct error *err)
{
    const struct options *o = r->o;
    struct service_options so = {.store = o->store,
        .limits = o->limits,
        .log = log,
        .writer = {.keep_age_ms = o->keep_runs_ms,
            .keep_count = o->keep_runs,
            .discard = discards_runs(log),
            .log = log}};
    struct intake_options io = {
        .fd = r->socket.fd, .shared = !r->socket.own, .max_params = o->max_params};
    enum status st = service_open(&r->service, &so, err);
    if (!st)
        st = signals_open(&r->signals, r->service.env.loop, on_stop, r, err);
    if (!st && !(r->stop_timer = timer_new(r->service.env.loop, on_stop_timer, r)))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (!st)
        st = intake_start(&r->intake, &r->service, &io, err);
    return st;
}

/* Now, so that no call waits for it; what needs no HTTP is answered meanwhile, and without it. */
static void load_http(struct responder *r)
{
    struct error err;
    if (transport_load(r->service.env.transport, &err))
        log_message(r->service.log, LOG_LEVEL_ERROR, "agents behind HTTP cannot be asked", &err);
}

/* Before there are threads, which would be left out of it. */
static enum status confine(const struct options *o, const struct listener_socket *socket,
    struct log *log, struct error *err)
{
    struct sandbox_needs needs = {
        .store = o->store, .socket = socket->path, .writable = o->writable, .log = log};
    if (o->no_sandbox)
        return STATUS_OK;
    enum status st = sandbox_read_configuration(&needs, err);
    if (!st)
        st = sandbox_enter(&needs, err);
    sandbox_needs_release(&needs);
    return st;
}

static int serve(const struct options *o, struct listener_socket socket, struct log *log)
{
    struct responder r = {.o = o, .socket = socket, .signals = {.fd = -1}};
    struct error err;
    reserve_heap();
    enum status st = confine(o, &socket, log, &err);
    if (!st)
        st = open_all(&r, log, &err);
    if (st) {
        log_message(log, LOG_LEVEL_ERROR, "cannot start", &err);
    } else {
        load_http(&r);
        loop_run(r.service.env.loop);
    }
    intake_free(r.intake);
    timer_free(r.stop_timer);
    signals_close(&r.signals);
    service_close(&r.service);
    listen_close(&r.socket);
    return status_exit(st);
}

static int usage(const struct error *err)
{
    struct listener_socket socket = {.fd = -1};
    fprintf(stderr, "magec-fcgi: %s\n", err->text);
    return cgi_is_one() && !listen_inherited(&socket) ? cgi_unusable() : EXIT_USAGE;
}

static int print_and_exit(const struct options *o)
{
    struct buf help;
    buf_init(&help, BUF_SMALL);
    if (o->version)
        buf_adds(&help, "magec-fcgi " PACKAGE_VERSION "\n");
    else
        options_help(&help);
    fputs(buf_str(&help), stdout);
    buf_release(&help);
    return fflush(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct options o;
    struct error err;
    struct log *log = NULL;
    struct listener_socket socket = {.fd = -1};
    if (options_parse(&o, argc, argv, &err))
        return usage(&err);
    if (o.help || o.version)
        return print_and_exit(&o);
    if (sandbox_refuses_root(o.allow_root, &err) || log_open(&log, o.log, "magec-fcgi", &err))
        return usage(&err);
    if (!o.no_sandbox)
        sandbox_begin();
    signals_block();
    raise_limits();
    int rc;
    if (o.listen && listen_open(&socket, o.listen, &err)) {
        rc = status_exit(err.status);
        fprintf(stderr, "magec-fcgi: %s\n", err.text);
    } else if (o.listen || listen_inherited(&socket)) {
        fit_calls(&o.limits.max_calls, log);
        rc = serve(&o, socket, log);
    } else if (cgi_is_one()) {
        rc = cgi_main(&o, log);
    } else {
        error_set(&err, STATUS_BAD_REQUEST,
            "no socket on standard input and no CGI environment: let a web server start it, or say "
            "--listen unix:PATH");
        rc = usage(&err);
    }
    log_close(log);
    return rc;
}
