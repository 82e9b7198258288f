/*
 * Asks MCP servers through agent/mcp.h, without an agent.
 *
 * usage: mcp_ask [OPTION...] (--url URL | -- PROGRAM [ARGUMENT...]) < STEPS
 *
 *   --id ID, --timeout MS, --list MS, --env NAME[=VALUE], --folder FOLDER   of the server
 *   --max BYTES                                                            of a result
 *
 * Each line of STEPS is one of
 *   list                 asks for the tools        call NAME [JSON]    calls one
 *   patience MS          is the time that each call has from now on
 *   other ID             asks a further server, alike but for its id, from now on
 *   wait                 until all have ended      until N             until the Nth has
 *   sleep MS             lets time pass            free N              gives up the Nth
 * The Nth request's end is a line: "N tools: NAME...", "N schema: ..." for the first, "N says:
 * TEXT", "N fails: TEXT".
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/mcp.h"
#include "net/loop.h"
#include "net/transport.h"

enum { ASKED_MAX = 8192, LINE_SIZE = 64 * 1024, SERVERS_MAX = 300 };

struct asked {
    int number;
    struct mcp_request *request;
    struct mcp_call call;
    char *tool, *arguments;
    bool ended;
};

static struct asked asked[ASKED_MAX];
static int count;
static struct mcp_server servers[SERVERS_MAX];
static int server_count = 1;
static size_t result_max = 10000;
static int64_t patience_ms;
static bool slept;
static char default_id[] = "x", stdio[] = "stdio", http[] = "http";

static void end(struct asked *a)
{
    a->ended = true;
    fflush(stdout);
    mcp_request_free(a->request); /* from within its end */
    a->request = NULL;
}

static void on_listed(void *ctx, const struct mcp_tool *tools, size_t n, const struct error *err)
{
    struct asked *a = ctx;
    printf("%d %s", a->number, err ? "fails: " : "tools:");
    if (err)
        printf("%s", err->text);
    for (size_t i = 0; i < n; i++)
        printf(" %s", tools[i].name);
    printf("\n");
    if (n)
        printf("%d schema: %s\n", a->number, tools[0].schema);
    end(a);
}

static void on_called(void *ctx, bool failed, const char *text, size_t len)
{
    struct asked *a = ctx;
    printf("%d %s: %.*s\n", a->number, failed ? "fails" : "says", (int)len, text);
    end(a);
}

static const struct mcp_handler handler = {on_listed, on_called};

static void on_slept(void *ctx)
{
    (void)ctx;
    slept = true;
}

static void ask(struct mcp *m, char *line)
{
    struct asked *a = &asked[count];
    struct error err;
    enum status st;
    char *name = strtok(line, " "), *arguments = strtok(NULL, "\n");
    a->number = ++count;
    if (!name) {
        st = mcp_list(m, &servers[server_count - 1], &handler, a, &a->request, &err);
    } else {
        a->tool = strdup(name);
        a->arguments = strdup(arguments ? arguments : "");
        a->call = (struct mcp_call){.server = &servers[server_count - 1],
            .tool = a->tool,
            .arguments = a->arguments,
            .result_max = result_max,
            .timeout_ms = patience_ms};
        st = mcp_call(m, &a->call, &handler, a, &a->request, &err);
    }
    if (!st)
        return;
    printf("%d is refused: %s\n", a->number, err.text);
    a->ended = true;
}

static bool all_ended(void)
{
    for (int i = 0; i < count; i++)
        if (!asked[i].ended)
            return false;
    return true;
}

static void step(struct loop *l, struct mcp *m, struct timer *t, char *line)
{
    int number = atoi(line + strcspn(line, " "));
    if (!strncmp(line, "list", 4) || !strncmp(line, "call ", 5)) {
        ask(m, line[0] == 'l' ? line + 4 : line + 5);
    } else if (!strncmp(line, "other ", 6) && server_count < SERVERS_MAX) {
        servers[server_count] = servers[0];
        servers[server_count++].id = strdup(line + 6);
    } else if (!strncmp(line, "patience ", 9)) {
        patience_ms = number;
    } else if (!strncmp(line, "wait", 4)) {
        while (!all_ended())
            loop_turn(l);
    } else if (!strncmp(line, "until ", 6)) {
        while (!asked[number - 1].ended)
            loop_turn(l);
    } else if (!strncmp(line, "sleep ", 6)) {
        slept = false;
        for (timer_start(t, number); !slept;)
            loop_turn(l);
    } else if (!strncmp(line, "free ", 5)) {
        asked[number - 1].ended = true;
        mcp_request_free(asked[number - 1].request);
        asked[number - 1].request = NULL;
    } else {
        fprintf(stderr, "mcp_ask: what is \"%s\"?\n", line);
        exit(64);
    }
}

static void options(char **argv)
{
    struct mcp_server *s = &servers[0];
    s->id = default_id;
    s->type = stdio;
    for (argv++; *argv && strcmp(*argv, "--"); argv += 2) {
        if (!argv[1])
            exit(64);
        if (!strcmp(*argv, "--url"))
            s->endpoint = argv[1], s->type = http;
        else if (!strcmp(*argv, "--id"))
            s->id = argv[1];
        else if (!strcmp(*argv, "--folder"))
            s->work_dir = argv[1];
        else if (!strcmp(*argv, "--timeout"))
            s->timeout_ms = atoi(argv[1]);
        else if (!strcmp(*argv, "--list"))
            s->list_ms = atoi(argv[1]);
        else if (!strcmp(*argv, "--max"))
            result_max = (size_t)atoi(argv[1]);
        else if (strings_add(&s->env, argv[1]))
            exit(71);
    }
    if (!*argv)
        return;
    s->command = argv[1];
    for (argv += 2; *argv; argv++)
        if (strings_add(&s->args, *argv))
            exit(71);
}

int main(int argc, char **argv)
{
    static char line[LINE_SIZE], now[] = "sleep 0";
    struct error err;
    struct loop *l;
    struct transport *t;
    struct mcp *m;
    (void)argc;
    signal(SIGPIPE, SIG_IGN);
    options(argv);
    if (loop_open(&l, &err) || transport_open(&t, l, &err) || mcp_open(&m, l, t, &err)) {
        fprintf(stderr, "mcp_ask: %s\n", err.text);
        return 71;
    }
    struct timer *timer = timer_new(l, on_slept, NULL);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        step(l, m, timer, now); /* the loop's time stood still */
        step(l, m, timer, line);
    }
    for (int i = 0; i < count; i++) {
        mcp_request_free(asked[i].request);
        free(asked[i].tool);
        free(asked[i].arguments);
    }
    mcp_close(m);
    timer_free(timer);
    transport_close(t);
    loop_close(l);
    strings_release(&servers[0].args);
    strings_release(&servers[0].env);
    for (int i = 1; i < server_count; i++)
        free(servers[i].id);
    return 0;
}
