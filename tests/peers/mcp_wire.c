/*
 * usage: mcp_wire [-c CA-FILE] [-i] [-H HEADER]... URL < COMMANDS
 *
 * Talks to an MCP server through an HTTP wire, in the words of the wire: a command a line.
 *
 *   send ID METHOD NAME PROTOCOL KIND TIMEOUT-MS JSON   "-" for none; KIND is modern or legacy
 *   wait COUNT       until so much more was heard; 20 s at most
 *   failure          until one is heard; 20 s at most
 *   turn MS          goes on for so long
 *   forget ID
 *   close            comes at the end by itself
 *   inside COMMAND   is done within the listener's next function
 *
 * Prints what is heard: "message JSON", "failed ID HTTP-STATUS WHY | BODY".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/mcp_wire.h"
#include "net/transport.h"

enum { PATIENCE_MS = 20 * 1000, LINE_MAX_ = 1024 * 1024 };

static struct {
    struct loop *loop;
    struct transport *transport;
    struct timer *timer;
    struct mcp_wire *wire;
    char *inside[8];
    size_t inside_count;
    long heard, failures;
    bool late;
} at;

static void obey(char *line);

static void done(void)
{
    at.heard++;
    loop_stop(at.loop); /* it does not wait for more */
    fflush(stdout);
    if (!at.inside_count)
        return;
    char *line = at.inside[0];
    memmove(at.inside, at.inside + 1, --at.inside_count * sizeof *at.inside);
    obey(line);
    free(line);
}

static void on_message(void *ctx, const char *json, size_t len)
{
    (void)ctx;
    if (len > 1000)
        printf("message of %zu bytes\n", len);
    else
        printf("message %.*s\n", (int)len, json);
    done();
}

static void on_failed(
    void *ctx, int64_t id, int http_status, const char *body, const struct error *why)
{
    (void)ctx;
    at.failures++;
    printf("failed %lld %d %s: %s | %.300s\n", (long long)id, http_status, status_name(why->status),
        why->text, body);
    done();
}

static const struct mcp_wire_listener listener = {on_message, on_failed, NULL};

static void send_message(char *words)
{
    char *word[6];
    for (size_t i = 0; i < 6; i++)
        word[i] = strsep(&words, " ");
    if (!words) {
        puts("what is to be sent?");
        return;
    }
    struct error err;
    struct mcp_message m = {.json = words,
        .len = strlen(words),
        .id = atoll(word[0]),
        .method = strcmp(word[1], "-") ? word[1] : NULL,
        .name = strcmp(word[2], "-") ? word[2] : NULL,
        .protocol = strcmp(word[3], "-") ? word[3] : NULL,
        .modern = !strcmp(word[4], "modern"),
        .timeout_ms = atoll(word[5])};
    if (at.wire->ops->send(at.wire, &m, &err))
        printf("cannot send: %s: %s\n", status_name(err.status), err.text);
}

static void on_late(void *ctx)
{
    (void)ctx;
    at.late = true;
}

/* Turns the loop until there were so many more of these, or for so long. */
static bool turn(const long *what, long count, int64_t ms)
{
    long until = *what + count;
    at.late = false;
    timer_start(at.timer, ms);
    while (!at.late && *what < until)
        loop_turn(at.loop);
    timer_stop(at.timer);
    return *what >= until;
}

static void wait_for(const long *what, long count)
{
    if (!turn(what, count, PATIENCE_MS))
        puts("nothing more was heard");
}

static void close_wire(void)
{
    if (at.wire)
        at.wire->ops->close(at.wire);
    at.wire = NULL;
}

static void obey(char *line)
{
    char *rest = line, *verb = strsep(&rest, " ");
    if (!strcmp(verb, "wait"))
        wait_for(&at.heard, rest ? atol(rest) : 1);
    else if (!strcmp(verb, "failure"))
        wait_for(&at.failures, 1);
    else if (!strcmp(verb, "turn"))
        turn(&at.heard, 1000000, rest ? atol(rest) : 0);
    else if (!strcmp(verb, "close"))
        close_wire();
    else if (!strcmp(verb, "inside") && at.inside_count < 8)
        at.inside[at.inside_count++] = strdup(rest ? rest : "");
    else if (!strcmp(verb, "forget") && at.wire)
        at.wire->ops->forget(at.wire, rest ? atoll(rest) : 0);
    else if (!strcmp(verb, "send") && at.wire)
        send_message(rest);
    else
        printf("what is \"%s\"?\n", verb);
}

static void obey_all(void)
{
    char *line = NULL;
    size_t size = 0;
    for (ssize_t len; (len = getline(&line, &size, stdin)) >= 0 && len < LINE_MAX_;) {
        line[strcspn(line, "\n")] = 0;
        if (line[0])
            obey(line);
    }
    free(line);
}

static enum status open_all(const struct mcp_server *server, struct error *err)
{
    enum status st = loop_open(&at.loop, err);
    if (!st)
        st = transport_open(&at.transport, at.loop, err);
    if (!st)
        st = mcp_http_open(at.loop, at.transport, server, &listener, NULL, &at.wire, err);
    if (!st && !(at.timer = timer_new(at.loop, on_late, NULL)))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    return st;
}

int main(int argc, char **argv)
{
    struct mcp_server server = {0};
    struct error err;
    for (int option; (option = getopt(argc, argv, "c:iH:")) != -1;) {
        if (option == 'c')
            server.ca_file = optarg;
        else if (option == 'i')
            server.insecure = true;
        else if (option != 'H' || strings_add(&server.headers, optarg))
            return 64;
    }
    server.endpoint = argv[optind];
    if (open_all(&server, &err))
        printf("cannot open: %s: %s\n", status_name(err.status), err.text);
    else
        obey_all();
    close_wire();
    timer_free(at.timer);
    transport_close(at.transport);
    loop_close(at.loop);
    strings_release(&server.headers);
    return 0;
}
