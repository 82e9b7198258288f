#include <ctype.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/text.h"

static const struct family *const families[] = {&family_init, &family_backend, &family_mcp,
    &family_tool, &family_agent, &family_flow, &family_command, &family_client, &family_run,
    &family_ask, &family_runs, &family_import, &family_export, &family_check, &family_probe, NULL};

static const struct option_spec common[] = {
    {.name = "db", .letter = 'd', .value = "FILE", .kind = OPTION_TEXT, .help = "the store"},
    {.name = "help", .letter = 'h', .help = "say what this does"},
    OPTION_END,
};
static const struct option_spec top[] = {
    {.name = "version", .help = "say which version this is"},
    OPTION_END,
};

enum status cli_usage(struct cli *cli, struct error *err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    error_vset(err, STATUS_BAD_REQUEST, fmt, ap);
    va_end(ap);
    cli->exit = EXIT_USAGE;
    return STATUS_BAD_REQUEST;
}

enum status cli_open(struct cli *cli, enum store_mode mode, struct store **out, struct error *err)
{
    return store_open(out, cli->db, mode, err);
}

enum status cli_begin(struct cli *cli, struct store **out, struct error *err)
{
    enum status st = cli_open(cli, STORE_WRITE, out, err);
    return st ? st : store_begin(*out, err);
}

enum status cli_end(struct store *s, enum status so_far, struct error *err)
{
    if (s && !so_far)
        so_far = store_commit(s, err);
    if (s && so_far)
        store_rollback(s);
    store_close(s);
    return so_far;
}

const char *cli_word(const struct options *o)
{
    return o->words.count ? o->words.items[0] : NULL;
}

/* ---- help ---- */

static void print_usage(FILE *out, const char *before, const struct family *f, const struct verb *v)
{
    fprintf(out, "%s magec %s%s%s%s%s\n", before, f->name, *v->name ? " " : "", v->name,
        *v->synopsis ? " " : "", v->synopsis);
}

static void help_verb(FILE *out, const struct family *f, const struct verb *v)
{
    print_usage(out, "usage:", f, v);
    fprintf(out, "\n%c%s.\n%s%s\n", toupper((unsigned char)*v->summary), v->summary + 1,
        v->details ? "\n" : "", v->details ? v->details : "");
    if (v->more)
        v->more(out);
    options_help(out, v->options);
    options_help(out, common);
}

static bool is_alone(const struct family *f)
{
    return !*f->verbs->name;
}

static void help_family(FILE *out, const struct family *f)
{
    if (is_alone(f)) {
        help_verb(out, f, f->verbs);
        return;
    }
    for (const struct verb *v = f->verbs; v->name; v++)
        print_usage(out, v == f->verbs ? "usage:" : "      ", f, v);
    fputc('\n', out);
    for (const struct verb *v = f->verbs; v->name; v++)
        fprintf(out, "  %-10s %s\n", v->name, v->summary);
    fprintf(out, "\n\"magec %s WORD --help\" says more; magec(1) says all.\n", f->name);
}

static void help_all(FILE *out)
{
    fputs("usage: magec [-d FILE] SUBCOMMAND [WORD]...\n\n", out);
    for (const struct family *const *f = families; *f; f++)
        fprintf(out, "  %-10s %s\n", (*f)->name, (*f)->summary);
    fputs("  help       say what a subcommand does: magec help [SUBCOMMAND [WORD]]\n\n", out);
    options_help(out, common);
    options_help(out, top);
    fprintf(out,
        "\nThe store is the file of -d, else of the variable MAGEC_DB, else a fixed one; now it "
        "is\n"
        "%s\n\n\"magec SUBCOMMAND --help\" says more; magec(1) says all.\n",
        store_default_path());
}

/* ---- finding what is meant ---- */

static enum status unknown(struct cli *cli, const char *what, const struct strings *names,
    const char *word, struct error *err)
{
    const char *near = strings_nearest(names, word);
    if (near)
        return cli_usage(cli, err, "unknown %s \"%s\"; did you mean \"%s\"?", what, word, near);
    struct buf all;
    buf_init(&all, BUF_SMALL);
    for (size_t i = 0; i < names->count; i++)
        buf_printf(&all, "%s%s", i ? ", " : "", names->items[i]);
    enum status st =
        cli_usage(cli, err, "unknown %s \"%s\"; there are %s", what, word, buf_str(&all));
    buf_release(&all);
    return st;
}

static enum status find_family(
    struct cli *cli, const char *word, const struct family **out, struct error *err)
{
    struct strings names = {0};
    enum status st = STATUS_OK;
    *out = NULL;
    for (const struct family *const *f = families; *f && !*out; f++) {
        strings_add(&names, (*f)->name);
        if (!strcmp((*f)->name, word))
            *out = *f;
    }
    strings_add(&names, "help");
    if (!*out)
        st = unknown(cli, "subcommand", &names, word, err);
    strings_release(&names);
    return st;
}

static enum status find_verb(struct cli *cli, const struct family *f, const char *word,
    const struct verb **out, struct error *err)
{
    char what[64];
    struct strings names = {0};
    enum status st = STATUS_OK;
    *out = NULL;
    for (const struct verb *v = f->verbs; v->name && !*out; v++) {
        strings_add(&names, v->name);
        if (!strcmp(v->name, word))
            *out = v;
    }
    snprintf(what, sizeof what, "word after \"%s\":", f->name);
    if (!*out)
        st = unknown(cli, what, &names, word, err);
    strings_release(&names);
    return st;
}

static enum status help(struct cli *cli, char **args, struct error *err)
{
    const struct family *f;
    const struct verb *v;
    if (!*args) {
        help_all(stdout);
        return STATUS_OK;
    }
    enum status st = find_family(cli, *args, &f, err);
    if (st)
        return st;
    if (!args[1] || is_alone(f)) {
        help_family(stdout, f);
        return STATUS_OK;
    }
    st = find_verb(cli, f, args[1], &v, err);
    if (!st)
        help_verb(stdout, f, v);
    return st;
}

/* ---- running it ---- */

static enum status check_words(struct cli *cli, const struct family *f, const struct verb *v,
    const struct options *o, struct error *err)
{
    const char *space = *v->name ? " " : "";
    size_t given = o->words.count;
    if (given < v->min_words)
        return cli_usage(cli, err, "%s is missing: magec %s%s%s %s", v->word, f->name, space,
            v->name, v->synopsis);
    if (given > v->max_words)
        return cli_usage(cli, err, "unexpected \"%s\"; see \"magec %s%s%s --help\"",
            o->words.items[v->max_words], f->name, space, v->name);
    if (v->required && !options_given(o, v->required))
        return cli_usage(cli, err, "--%s is missing: magec %s%s%s %s", v->required, f->name, space,
            v->name, v->synopsis);
    return STATUS_OK;
}

static enum status run_verb(
    struct cli *cli, const struct family *f, const struct verb *v, char **args, struct error *err)
{
    struct options o = {0};
    struct option_rules rules = {v->options, common, v->program};
    enum status st = options_parse(&o, &rules, args, err);
    if (options_given(&o, "help")) {
        help_verb(stdout, f, v);
        options_release(&o);
        return STATUS_OK;
    }
    if (st == STATUS_BAD_REQUEST)
        cli->exit = EXIT_USAGE;
    if (!st)
        st = check_words(cli, f, v, &o, err);
    if (options_text(&o, "db"))
        cli->db = options_text(&o, "db");
    if (!st)
        st = options_read_inputs(&o, err);
    if (!st)
        st = v->run(cli, &o, err);
    options_release(&o);
    return st;
}

/* How many arguments are options before the first word. */
static size_t leading(char **args)
{
    size_t n = 0;
    while (args[n] && args[n][0] == '-' && args[n][1] && strcmp(args[n], "--") != 0)
        n += (!strcmp(args[n], "-d") || !strcmp(args[n], "--db")) && args[n + 1] ? 2 : 1;
    return n;
}

/* Moves the first word before the options that stand before it. */
static void word_first(char **args)
{
    size_t n = leading(args);
    char *word = args[n];
    if (!word)
        return;
    memmove(args + 1, args, n * sizeof *args);
    *args = word;
}

static enum status run_family(
    struct cli *cli, const struct family *f, char **args, struct error *err)
{
    const struct verb *v = f->verbs;
    if (is_alone(f))
        return run_verb(cli, f, v, args, err);
    word_first(args);
    if (*args && (!strcmp(*args, "--help") || !strcmp(*args, "-h"))) {
        help_family(stdout, f);
        return STATUS_OK;
    }
    if (!*args || **args == '-')
        return cli_usage(
            cli, err, "a word is missing behind \"%s\"; see \"magec help %s\"", f->name, f->name);
    enum status st = find_verb(cli, f, *args, &v, err);
    return st ? st : run_verb(cli, f, v, args + 1, err);
}

/* No subcommand: only --help and --version mean something. */
static enum status run_nothing(struct cli *cli, char **args, struct error *err)
{
    struct options o = {0};
    struct option_rules rules = {top, common, false};
    enum status st = options_parse(&o, &rules, args, err);
    if (st == STATUS_BAD_REQUEST) {
        cli->exit = EXIT_USAGE;
    } else if (options_given(&o, "version")) {
        printf("magec %s\n", PACKAGE_VERSION);
    } else if (options_given(&o, "help")) {
        help_all(stdout);
    } else if (!st) {
        help_all(stderr);
        st = cli_usage(cli, err, "a subcommand is missing");
    }
    options_release(&o);
    return st;
}

static enum status dispatch(struct cli *cli, char **args, struct error *err)
{
    const struct family *f;
    word_first(args);
    if (!*args || **args == '-')
        return run_nothing(cli, args, err);
    if (!strcmp(*args, "help"))
        return help(cli, args + 1 + leading(args + 1), err);
    enum status st = find_family(cli, *args, &f, err);
    if (st)
        return st;
    cli->family = f;
    return run_family(cli, f, args + 1, err);
}

/* A store opened as descriptor 1 would get what is printed. */
static bool open_standard(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

int main(int argc, char **argv)
{
    struct cli cli = {.db = store_default_path()};
    struct error err = {0};
    if (!open_standard() || argc < 1)
        return status_exit(STATUS_INTERNAL);
    setlocale(LC_CTYPE, "C.UTF-8");
    enum status st = dispatch(&cli, argv + 1, &err);
    if (fflush(stdout) && !st)
        st = error_set(&err, STATUS_STORE, "cannot write to standard output: %m");
    if (st)
        text_error(*err.text ? err.text : status_title(st));
    return cli.exit ? cli.exit : status_exit(st);
}
