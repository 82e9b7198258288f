#include "store/run.h"

#include <string.h>

#include "base/units.h"
#include "cli/cli.h"
#include "cli/output.h"

enum { LIMIT_DEFAULT = 20, LIMIT_MAX = 1000000 };

static const struct option_spec list_options[] = {
    {.name = "client", .value = "ID", .kind = OPTION_TEXT, .help = "only this client's"},
    {.name = "agent", .value = "ID", .kind = OPTION_TEXT, .help = "only those that asked it"},
    {.name = "status",
        .value = "WORD",
        .kind = OPTION_TEXT,
        .help = "ok, backend, timeout, canceled, running, interrupted, ..."},
    {.name = "since",
        .value = "TIME",
        .kind = OPTION_DURATION,
        .help = "begun so long ago at most"},
    {.name = "limit",
        .value = "N",
        .kind = OPTION_COUNT,
        .max = LIMIT_MAX,
        .help = "at most so many (20), newest first"},
    OPTION_JSON,
    OPTION_END,
};
static const struct option_spec show_options[] = {OPTION_JSON, OPTION_END};

static const struct column columns[] = {
    {.head = "ID", .path = "id"},
    {.head = "STARTED", .path = "startedAt", .format = COLUMN_TIME},
    {.head = "CLIENT", .path = "client"},
    {.head = "AGENTS", .path = "agents", .width = 40},
    {.head = "STATUS", .path = "status"},
    {.head = "TOOK", .path = "durationMs", .format = COLUMN_MS},
    {.head = "ERROR", .path = "error", .none = "", .width = 60},
    {.head = NULL},
};

static enum status put(void *ctx, const struct run_row *r)
{
    run_to_json(r, ctx);
    return STATUS_OK;
}

static enum status check_status(struct cli *cli, const char *word, struct error *err)
{
    struct strings names = {0};
    enum status st = STATUS_OK;
    for (int s = 0; s < STATUS_COUNT_; s++)
        strings_add(&names, status_name((enum status)s));
    strings_add(&names, "running");
    strings_add(&names, "interrupted");
    if (!strings_has(&names, word)) {
        const char *near = strings_nearest(&names, word);
        st = cli_usage(cli, err, "no run ends with \"%s\"%s%s%s", word,
            near ? "; did you mean \"" : "", near ? near : "",
            near ? "\"?" : "; magec(1) lists the words");
    }
    strings_release(&names);
    return st;
}

static enum status list(struct cli *cli, const struct options *o, struct error *err)
{
    struct run_filter filter = {.client = options_text(o, "client"),
        .agent = options_text(o, "agent"),
        .status = options_text(o, "status"),
        .limit = LIMIT_DEFAULT};
    int64_t since_ms = 0;
    struct store *s = NULL;
    struct output out;
    options_take_count(o, "limit", LIMIT_DEFAULT, &filter.limit);
    options_take_duration(o, "since", 0, &since_ms);
    if (since_ms)
        filter.since_ms = units_now_ms() - since_ms;
    output_begin_list(&out);
    enum status st = filter.status ? check_status(cli, filter.status, err) : STATUS_OK;
    if (!st)
        st = cli_open(cli, STORE_READ, &s, err);
    if (!st)
        st = run_each(s, &filter, put, &out.w, err);
    store_close(s);
    return output_list(&out, st, columns, options_given(o, "json"), err);
}

static enum status show(struct cli *cli, const struct options *o, struct error *err)
{
    struct store *s = NULL;
    struct output out;
    output_begin(&out);
    enum status st = cli_open(cli, STORE_READ, &s, err);
    if (!st)
        st = run_get(s, cli_word(o), put, &out.w, err);
    store_close(s);
    return output_object(&out, st, options_given(o, "json"), err);
}

static const struct verb verbs[] = {
    {.name = "list",
        .synopsis = "[OPTION]...",
        .summary = "lists runs, the newest first",
        .options = list_options,
        .run = list},
    {.name = "show",
        .synopsis = "ID [--json]",
        .summary = "shows all of one, with its prompt and response",
        .details = "The beginning of an id is enough when no other run begins so.\n",
        .options = show_options,
        .word = "a run's id",
        .min_words = 1,
        .max_words = 1,
        .run = show},
    {.name = NULL},
};

const struct family family_runs = {"runs", "what was asked, and what came of it", verbs, NULL};
