/* magec probe: the command, its checks in their order, and how they are shown. */
#include "cli/probe.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "base/units.h"
#include "cli/input.h"
#include "cli/text.h"

enum { PATIENCE_MS = 30 * 1000, SILENCE_MAX_MS = 3600 * 1000 - 60 * 1000 };

static const struct option_spec probe_options[] = {
    {.name = "token-file",
        .value = "FILE",
        .kind = OPTION_TEXT,
        .help = "the client's token is in FILE; \"-\": standard input"},
    {.name = "silence",
        .value = "TIME",
        .kind = OPTION_DURATION,
        .help = "let a call be silent for so long, at most 59m; it takes as long"},
    {.name = "timeout", .value = "TIME", .kind = OPTION_DURATION, .help = "for one call (30s)"},
    {.name = "ca-file",
        .value = "FILE",
        .kind = OPTION_TEXT,
        .help = "the only authorities that are trusted, in PEM"},
    {.name = "insecure", .help = "do not verify the server's certificate; it gets the token"},
    OPTION_JSON,
    OPTION_END,
};

/* ---- rows ---- */

static const char *const result_words[] = {"ok", "note", "wrong", "unknown", "skipped"};

void row_set(
    struct probe_row *row, enum probe_result result, enum symptom symptom, const char *detail, ...)
{
    va_list ap;
    *row = (struct probe_row){.result = result, .symptom = symptom};
    va_start(ap, detail);
    vsnprintf(row->detail, sizeof row->detail, detail, ap);
    va_end(ap);
}

/* What is in it comes from a server. */
static void print_row(const char *check, const struct probe_row *row, const char *remedy)
{
    printf("%-8s %-12s ", result_words[row->result], check);
    text_write(stdout, row->detail, strlen(row->detail));
    if (*remedy) {
        printf("\n%22s", "-> ");
        text_write(stdout, remedy, strlen(remedy));
    }
    putchar('\n');
    fflush(stdout);
}

static void write_row(
    struct json_writer *w, const char *check, const struct probe_row *row, const char *remedy)
{
    json_begin_object(w);
    json_member_string(w, "check", check);
    json_member_string(w, "result", result_words[row->result]);
    json_member_string(w, "detail", row->detail);
    json_member_string(w, "remedy", *remedy ? remedy : NULL);
    json_end_object(w);
}

/* ---- the checks ---- */

static const struct {
    const char *name;
    enum probe_stage needs;
    probe_check *run;
} checks[] = {
    {"server", STAGE_BEGUN, probe_server},
    {"http", STAGE_REACHED, probe_http},
    {"tls", STAGE_REACHED, probe_tls},
    {"path", STAGE_REACHED, probe_path},
    {"refusal", STAGE_ROUTED, probe_refusal},
    {"credentials", STAGE_ROUTED, probe_credentials},
    {"stream", STAGE_ADMITTED, probe_stream},
    {"chunked", STAGE_ADMITTED, probe_chunked},
    {"large", STAGE_ADMITTED, probe_large},
    {"expect", STAGE_ADMITTED, probe_expect},
    {"hang-up", STAGE_ADMITTED, probe_hangup},
    {"silence", STAGE_ADMITTED, probe_silence},
};

struct report {
    bool json;
    struct output out;
    size_t count[PROBE_SKIPPED + 1];
};

static void report_row(
    struct report *r, const struct probe *p, const char *check, const struct probe_row *row)
{
    const char *remedy = *row->remedy ? row->remedy : remedy_for(row->symptom, p->server);
    r->count[row->result]++;
    if (r->json)
        write_row(&r->out.w, check, row, remedy);
    else
        print_row(check, row, remedy);
}

static enum status run_checks(struct probe *p, struct report *r, struct error *err)
{
    enum status st = STATUS_OK;
    size_t left = 0;
    for (size_t i = 0; i < sizeof checks / sizeof *checks && !st; i++) {
        struct probe_row row;
        row_set(&row, PROBE_SKIPPED, SYMPTOM_NONE, "it needs what is wrong above");
        bool can = p->stage >= checks[i].needs;
        left += can ? 0 : 1;
        if (can)
            st = checks[i].run(p, &row, err);
        if (!st && (can || r->json))
            report_row(r, p, checks[i].name, &row);
    }
    if (!st && left && !r->json)
        printf("%zu further checks need what is wrong above\n", left);
    return st;
}

static enum status report(struct probe *p, bool json, struct cli *cli, struct error *err)
{
    struct report r = {.json = json};
    output_begin(&r.out);
    json_begin_object(&r.out.w);
    json_member_string(&r.out.w, "url", p->url);
    json_key(&r.out.w, "checks");
    json_begin_array(&r.out.w);
    enum status st = run_checks(p, &r, err);
    json_end_array(&r.out.w);
    json_member_string(&r.out.w, "server", *p->first.server ? p->first.server : NULL);
    json_member_bool(&r.out.w, "ok", !r.count[PROBE_WRONG]);
    json_end_object(&r.out.w);
    if (!st && r.count[PROBE_WRONG])
        cli->exit = EXIT_FINDINGS;
    if (json)
        return output_object(&r.out, st, true, err);
    buf_release(&r.out.json);
    return st;
}

/* ---- what is asked for ---- */

static void interrupted(int sig)
{
    (void)sig;
}

/* A line of the terminal, which does not show it; also when Ctrl-C ends it. */
static ssize_t read_hidden(const struct termios *shown, char *line, size_t size)
{
    const struct sigaction stop = {.sa_handler = interrupted};
    struct sigaction before;
    struct termios hidden = *shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    sigaction(SIGINT, &stop, &before);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    ssize_t n = read(STDIN_FILENO, line, size);
    bool was_stopped = n < 0 && errno == EINTR;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, shown);
    sigaction(SIGINT, &before, NULL);
    fputc('\n', stderr);
    if (was_stopped)
        raise(SIGINT);
    return n;
}

static enum status ask_token(struct buf *token, struct error *err)
{
    struct termios shown;
    char line[1024];
    if (tcgetattr(STDIN_FILENO, &shown))
        return error_set(err, STATUS_BAD_REQUEST,
            "the client's token is missing: name a file with --token-file, or set MAGEC_TOKEN; "
            "\"magec client add --probe\" makes client and token");
    fputs("token: ", stderr);
    ssize_t n = read_hidden(&shown, line, sizeof line);
    if (n > 0)
        buf_add(token, line, (size_t)n);
    explicit_bzero(line, sizeof line);
    return STATUS_OK;
}

static enum status trim_token(struct buf *token, struct error *err)
{
    size_t begin = strspn(buf_str(token), " \t\r\n");
    buf_consume(token, begin);
    size_t len = strcspn(buf_str(token), " \t\r\n");
    if (!len || strspn(buf_str(token) + len, " \t\r\n") != token->len - len)
        return error_set(
            err, STATUS_BAD_REQUEST, "the token is %s", len ? "more than one word" : "empty");
    buf_truncate(token, len);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)token->data[i] < 0x21 || (unsigned char)token->data[i] > 0x7e)
            return error_set(err, STATUS_BAD_REQUEST, "the token has characters that none has");
    return STATUS_OK;
}

static enum status read_token(
    struct cli *cli, const struct options *o, struct buf *token, struct error *err)
{
    const char *path = options_text(o, "token-file"), *variable = getenv("MAGEC_TOKEN");
    enum status st = STATUS_OK;
    if (path)
        st = input_read_file(path, token, err);
    else if (variable && *variable)
        buf_adds(token, variable);
    else if ((st = ask_token(token, err)) == STATUS_BAD_REQUEST)
        cli->exit = EXIT_USAGE;
    return st ? st : trim_token(token, err);
}

/* The URL of a client; what stands behind its last slash is the client. */
static enum status take_url(
    struct cli *cli, const struct options *o, struct probe *p, struct error *err)
{
    p->url = cli_word(o);
    if (strncasecmp(p->url, "http://", 7) != 0 && strncasecmp(p->url, "https://", 8) != 0)
        return cli_usage(cli, err,
            "\"%s\" is no http or https URL: https://HOST/api/v1/webhooks/CLIENT", p->url);
    p->client = strrchr(p->url, '/') + 1;
    if (!strstr(p->url, "://") || p->client <= strstr(p->url, "://") + 3 || !*p->client)
        return cli_usage(
            cli, err, "\"%s\" names no client: https://HOST/api/v1/webhooks/CLIENT", p->url);
    return STATUS_OK;
}

static enum status take_options(
    struct cli *cli, const struct options *o, struct probe *p, struct error *err)
{
    p->patience_ms = PATIENCE_MS;
    options_take_duration(o, "timeout", PATIENCE_MS, &p->patience_ms);
    options_take_duration(o, "silence", 0, &p->silence_ms);
    p->tls.ca_file = options_text(o, "ca-file");
    p->tls.insecure = options_given(o, "insecure");
    p->store = options_text(o, "db");
    if (p->silence_ms > SILENCE_MAX_MS)
        return cli_usage(cli, err, "--silence is at most 59m");
    if (p->patience_ms <= 0)
        return cli_usage(cli, err, "--timeout is more than nothing");
    return take_url(cli, o, p, err);
}

static enum status probe(struct cli *cli, const struct options *o, struct error *err)
{
    struct probe p = {.server = SERVER_OTHER};
    struct buf token;
    buf_init(&token, BUF_SMALL);
    enum status st = take_options(cli, o, &p, err);
    if (!st)
        st = read_token(cli, o, &token, err);
    p.token = buf_str(&token);
    if (!st)
        st = loop_open(&p.loop, err);
    if (!st)
        st = transport_open(&p.transport, p.loop, err);
    if (!st)
        st = transport_load(p.transport, err);
    if (!st)
        st = report(&p, options_given(o, "json"), cli, err);
    probe_call_release(&p.first);
    transport_close(p.transport);
    if (p.loop)
        loop_close(p.loop);
    buf_wipe(&token);
    return st;
}

static const struct verb verbs[] = {
    {.name = "",
        .synopsis = "URL [--token-file FILE] [--silence TIME] [OPTION]...",
        .summary = "asks a deployed webhook, from outside, what its web server does to calls",
        .details =
            "The webhook is one of \"magec client add --probe\", its token comes from "
            "--token-file,\n"
            "from MAGEC_TOKEN or from the terminal. One line for each check; below what is wrong\n"
            "stands what to change. With -d FILE, the responder's store on this machine, it is\n"
            "also seen whether a caller's hang-up is noticed. What is wrong makes the exit status "
            "1.\n",
        .options = probe_options,
        .word = "the URL of a webhook",
        .min_words = 1,
        .max_words = 1,
        .run = probe},
    {.name = NULL},
};

const struct family family_probe = {
    "probe", "see what a web server does to a webhook's calls", verbs, NULL};
