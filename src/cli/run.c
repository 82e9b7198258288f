#include <string.h>
#include <unistd.h>

#include "cli/input.h"
#include "cli/terminal.h"
#include "store/client.h"
#include "webhook/service.h"

static const struct option_spec run_options[] = {
    {.name = "agent",
        .value = "ID",
        .kind = OPTION_TEXT,
        .help = "ask only this one of the client's agents"},
    OPTION_JSON,
    OPTION_END,
};
static const struct option_spec ask_options[] = {OPTION_JSON, OPTION_END};

/* ---- the prompt ---- */

static enum status read_body(const char *path, struct prompt *p, struct error *err)
{
    struct limits limits;
    struct buf body;
    limits_default(&limits);
    buf_init(&body, limits.max_body);
    if (!strcmp(path, "-") && isatty(STDIN_FILENO))
        fputs("magec: reading the prompt from the terminal; Ctrl-D ends it\n", stderr);
    enum status st = input_read_file(path, &body, err);
    if (!st && !body.len)
        st = error_set(err, STATUS_BAD_REQUEST,
            "the prompt is empty: give it behind the id, or on standard input");
    if (!st)
        st = prompt_from_body(p, buf_str(&body), body.len, NULL, err);
    buf_release(&body);
    return st;
}

static enum status join_words(const struct strings *words, struct prompt *p, struct error *err)
{
    for (size_t i = 1; i < words->count; i++) {
        const char *word = words->items[i];
        if (words->count == 2 && !strncmp(word, "@@", 2))
            word++;
        buf_printf(&p->text, "%s%s", i > 1 ? " " : "", word);
    }
    if (buf_status(&p->text))
        return error_set(err, buf_status(&p->text), "the prompt is too large");
    enum status st = input_check(&p->text, err);
    if (st)
        error_prefix(err, "the prompt");
    else if (strspn(buf_str(&p->text), " \t\r\n\v\f") == p->text.len)
        st = error_set(err, STATUS_BAD_REQUEST, "the prompt is empty");
    return st;
}

/* The words behind the first one: the prompt, or where it is read; none: standard input. */
static enum status read_prompt(const struct options *o, struct prompt *p, struct error *err)
{
    const struct strings *words = &o->words;
    if (words->count == 1)
        return read_body("-", p, err);
    const char *only =
        words->count == 2 && input_is_named(words->items[1]) ? words->items[1] : NULL;
    if (only)
        return read_body(*only == '@' ? only + 1 : only, p, err);
    return join_words(words, p, err);
}

/* ---- run and ask ---- */

static enum status check_client(
    struct cli *cli, const struct client *c, const struct options *o, struct error *err)
{
    if (!c->enabled)
        return error_set(err, STATUS_FORBIDDEN,
            "client \"%s\" is disabled: enable it with \"magec client set %s --enable\"", c->id,
            c->id);
    if (c->passthrough)
        return STATUS_OK;
    if (o->words.count > 1)
        return cli_usage(cli, err, "client \"%s\" runs the command \"%s\" and takes no prompt",
            c->id, c->command ? c->command : "");
    if (options_given(o, "agent"))
        return cli_usage(cli, err,
            "client \"%s\" runs the command \"%s\": --agent is for passthrough clients", c->id,
            c->command ? c->command : "");
    return STATUS_OK;
}

static enum status fill_plan(
    struct cli *cli, const struct options *o, struct plan *plan, struct error *err)
{
    struct store *s = NULL;
    struct known *known = NULL;
    enum status st = cli_open(cli, STORE_READ, &s, err);
    if (!st)
        st = known_load(&known, s, cli_word(o), err);
    if (!st)
        st = check_client(cli, &known->client, o, err);
    if (!st && known->client.passthrough)
        st = read_prompt(o, &plan->prompt, err);
    if (!st && options_take_text(o, "agent", &plan->prompt.agent))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (!st)
        st = plan_client(plan, known, err);
    store_close(s);
    known_release(known);
    return st;
}

static enum status run(struct cli *cli, const struct options *o, struct error *err)
{
    struct plan plan;
    plan_init(&plan);
    enum status st = fill_plan(cli, o, &plan, err);
    if (!st)
        st = terminal_converse(cli, &plan, options_given(o, "json"), err);
    plan_release(&plan);
    return st;
}

static enum status ask(struct cli *cli, const struct options *o, struct error *err)
{
    struct plan plan;
    struct store *s = NULL;
    plan_init(&plan);
    enum status st = cli_open(cli, STORE_READ, &s, err);
    if (!st) /* before a prompt is typed for nobody */
        st = plan_ask(&plan, s, cli_word(o), err);
    if (!st)
        st = read_prompt(o, &plan.prompt, err);
    store_close(s);
    if (!st)
        st = terminal_converse(cli, &plan, options_given(o, "json"), err);
    plan_release(&plan);
    return st;
}

#define PROMPT_DETAILS                                                                             \
    "The prompt is the words behind the id, or @FILE, or standard input. The reply is shown as\n"  \
    "it comes, and the call is recorded like any other. Ctrl-C cancels it.\n"

static const struct verb run_verb[] = {
    {.name = "",
        .synopsis = "CLIENT [PROMPT]... [--agent ID] [--json]",
        .summary = "does what a call of a client's webhook does",
        .details = PROMPT_DETAILS "A client with a command takes no prompt.\n",
        .options = run_options,
        .word = "a client's id",
        .min_words = 1,
        .max_words = SIZE_MAX,
        .run = run},
    {.name = NULL},
};

static const struct verb ask_verb[] = {
    {.name = "",
        .synopsis = "AGENT [PROMPT]... [--json]",
        .summary = "asks an agent or a flow directly",
        .details = PROMPT_DETAILS,
        .options = ask_options,
        .word = "an agent's id",
        .min_words = 1,
        .max_words = SIZE_MAX,
        .run = ask},
    {.name = NULL},
};

const struct family family_run = {"run", "call a client from the terminal", run_verb, NULL};
const struct family family_ask = {"ask", "ask an agent from the terminal", ask_verb, NULL};
