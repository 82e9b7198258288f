/*
 * add, set, show, list and remove, which mean the same for backends, agents, commands, clients, ...
 * A family says what differs; these verbs find it in cli->family. An option names the field that it
 * sets, so that a field needs one line here and one in the store.
 */
#ifndef MAGEC_CLI_ENTITY_H
#define MAGEC_CLI_ENTITY_H

#include "cli/cli.h"
#include "cli/output.h"
#include "store/entity.h"

struct entity {
    const struct entity_kind *kind;
    const struct column *columns; /* of the list */
    /* What the options do besides setting fields, which they have done; or NULL. */
    enum status (*edit)(struct cli *cli, const struct options *o, void *e, struct error *err);
    /* Whether what was set goes with what is stored, where it already is, in a transaction; or
     * NULL. */
    enum status (*fits)(const struct options *o, struct store *s, const void *e, struct error *err);
    /* Further members that are shown; or NULL. */
    enum status (*show)(struct store *s, const void *e, struct json_writer *w, struct error *err);
    /* Members that say how it is doing, in lists too; or NULL. */
    enum status (*state)(struct store *s, const void *e, struct json_writer *w, struct error *err);
    /* Whether the list that the options ask for has it; NULL: always. */
    bool (*listed)(const struct options *o, const void *e);
};

/* Sets the fields and checks them, as add and set do. */
enum status entity_edit(struct cli *cli, const struct options *o, void *e, struct error *err);

enum status verb_add(struct cli *cli, const struct options *o, struct error *err);
enum status verb_set(struct cli *cli, const struct options *o, struct error *err);
enum status verb_show(struct cli *cli, const struct options *o, struct error *err);
enum status verb_list(struct cli *cli, const struct options *o, struct error *err);
enum status verb_remove(struct cli *cli, const struct options *o, struct error *err);

extern const struct option_spec json_options[]; /* --json alone */

/* clang-format off */

/* Options that set the field at path. */
#define SETS_TEXT(option, what, path, text)                                                        \
    {.name = option, .value = what, .kind = OPTION_TEXT, .field = path, .help = text}
#define SETS_INPUT(option, what, path, most, text)                                                 \
    {.name = option, .value = what, .kind = OPTION_INPUT, .field = path, .max = most, .help = text}
#define SETS_LIST(option, what, path, text)                                                        \
    {.name = option, .value = what, .kind = OPTION_TEXT, .field = path, .repeated = true, .help = text}
#define SETS_IDS(option, path, text)                                                               \
    {.name = option, .value = "ID[,ID]...", .kind = OPTION_IDS, .field = path, .repeated = true,   \
        .help = text}
#define SETS_PATTERNS(option, path, text)                                                          \
    {.name = option, .value = "PATTERN[,PATTERN]...", .kind = OPTION_IDS, .field = path,           \
        .repeated = true, .help = text}
#define SETS_COUNT(option, path, most, text)                                                       \
    {.name = option, .value = "N", .kind = OPTION_COUNT, .field = path, .max = most, .help = text}
#define SETS_TIME(option, path, text)                                                              \
    {.name = option, .value = "TIME", .kind = OPTION_DURATION, .field = path, .help = text}
#define SETS_WORD(option, path, of, text)                                                          \
    {.name = option, .value = "WORD", .kind = OPTION_WORD, .field = path, .words = of, .help = text}
#define SETS_FLAG(option, path, to, text)                                                          \
    {.name = option, .field = path, .set = to, .help = text}
#define SETS_NAME SETS_TEXT("name", "TEXT", "name", "a name for people")
#define SETS_DESCRIPTION SETS_TEXT("description", "TEXT", "description", "what it is for")
#define SETS_DEADLINES                                                                             \
    SETS_TIME("connect-timeout", "deadlines.connect", "until the connection stands (10s)"),        \
    SETS_TIME("first-byte-timeout", "deadlines.firstByte",                                         \
        "from there until the first byte of the answer (120s)"),                                   \
    SETS_TIME("idle-timeout", "deadlines.idle", "between two bytes of the answer (120s)"),         \
    SETS_TIME("total-timeout", "deadlines.total", "for the whole of it (900s)")

/* Rows of the table of verbs. */
#define VERB_ADD(how, what, from, ...)                                                             \
    {.name = "add", .synopsis = "[ID] " how, .summary = "adds " what, .options = from,             \
        .word = "an id", .max_words = 1, .run = verb_add, __VA_ARGS__}
#define VERB_SET(how, of, from, ...)                                                               \
    {.name = "set", .synopsis = "ID " how,                                                         \
        .summary = "changes what is named; an empty value clears", .options = from,                \
        .word = of "'s id", .min_words = 1, .max_words = 1, .run = verb_set, __VA_ARGS__}
#define VERB_SHOW(how, what, of, from)                                                             \
    {.name = "show", .synopsis = "ID " how, .summary = "shows all of one" what, .options = from,   \
        .word = of "'s id", .min_words = 1, .max_words = 1, .run = verb_show}
#define VERB_LIST(how, from)                                                                       \
    {.name = "list", .synopsis = how, .summary = "lists all of them", .options = from,             \
        .run = verb_list}
#define VERB_REMOVE(how, what, of, from)                                                           \
    {.name = "remove", .synopsis = "ID" how, .summary = "removes one " what, .options = from,      \
        .word = of "'s id", .min_words = 1, .max_words = 1, .run = verb_remove}
/* clang-format on */

#endif
