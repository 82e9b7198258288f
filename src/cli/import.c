#include "store/import.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/text.h"

#define IMPORT_MAX ((size_t)64 * 1024 * 1024)

static const struct option_spec import_options[] = {
    {.name = "replace", .help = "change what is there already"},
    OPTION_END,
};
static const struct option_spec export_options[] = {
    {.name = "secrets", .help = "write keys and the hashes of tokens too"},
    OPTION_END,
};

static void print_report(const struct import_report *r)
{
    const struct {
        const char *kind;
        size_t count;
    } taken[] = {{"backend", r->backends}, {"MCP server", r->mcp_servers}, {"tool", r->tools},
        {"agent", r->agents}, {"flow", r->flows}, {"command", r->commands}, {"client", r->clients}};
    printf("imported");
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        printf("%s %zu %s%s", i ? "," : "", taken[i].count, taken[i].kind,
            taken[i].count == 1 ? "" : "s");
    putchar('\n');
    for (size_t i = 0; i < r->kept.count; i++) {
        text_write(stdout, r->kept.items[i], strlen(r->kept.items[i]));
        putchar('\n');
    }
}

static enum status import(struct cli *cli, const struct options *o, struct error *err)
{
    struct buf text;
    struct store *s = NULL;
    struct import_report report = {0};
    buf_init(&text, IMPORT_MAX);
    enum status st = input_read_file(cli_word(o), &text, err);
    if (!st)
        st = cli_open(cli, STORE_WRITE, &s, err);
    if (!st) {
        st = store_import(s, buf_str(&text), text.len, options_given(o, "replace"), &report, err);
        if (st == STATUS_BAD_REQUEST)
            error_prefix(err, "\"%s\"", cli_word(o));
    }
    store_close(s);
    buf_wipe(&text);
    if (!st)
        print_report(&report);
    import_report_release(&report);
    return st;
}

static enum status export_all(struct cli *cli, const struct options *o, struct error *err)
{
    struct buf text;
    struct store *s = NULL;
    buf_init(&text, OUTPUT_MAX);
    enum status st = cli_open(cli, STORE_READ, &s, err);
    if (!st)
        st = store_export(s, options_given(o, "secrets"), &text, err);
    if (!st)
        fwrite(buf_str(&text), 1, text.len, stdout);
    store_close(s);
    buf_wipe(&text);
    return st;
}

static const struct verb import_verb[] = {
    {.name = "",
        .synopsis = "FILE [--replace]",
        .summary = "takes backends, MCP servers, tools, agents, flows, commands and clients from a "
                   "Magec store.json or seed file",
        .details =
            "FILE may be - for standard input. What has no meaning here is named, kept as it\n"
            "is, and written again by export. All of it is taken, or nothing.\n",
        .options = import_options,
        .word = "a file",
        .min_words = 1,
        .max_words = 1,
        .run = import},
    {.name = NULL},
};

static const struct verb export_verb[] = {
    {.name = "",
        .synopsis = "[--secrets]",
        .summary = "writes everything but the runs to standard output, in the same format",
        .options = export_options,
        .run = export_all},
    {.name = NULL},
};

const struct family family_import = {"import", "take over a Magec store.json", import_verb, NULL};
const struct family family_export = {"export", "write what import takes", export_verb, NULL};
