#include "cli/options.h"

#include <string.h>

#include "base/units.h"
#include "cli/input.h"

enum { HELP_COLUMN = 30 };

void options_release(struct options *o)
{
    for (size_t i = 0; i < o->count; i++)
        strings_release(&o->given[i].values);
    strings_release(&o->words);
    strings_release(&o->program);
    *o = (struct options){0};
}

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

static size_t add_specs(struct options *o, const struct option_spec *specs)
{
    for (; specs && specs->name && o->count < OPTIONS_MAX; specs++)
        o->given[o->count++].spec = specs;
    return o->count;
}

/* Its place; o->count when there is none. */
static size_t find(const struct options *o, const char *name, size_t len)
{
    size_t i = 0;
    while (i < o->count &&
           (strncmp(o->given[i].spec->name, name, len) != 0 || o->given[i].spec->name[len]))
        i++;
    return i;
}

/* ---- parsing ---- */

static enum status unknown(const struct options *o, const char *name, size_t len, struct error *err)
{
    struct strings names = {0}, word = {0};
    for (size_t i = 0; i < o->count; i++)
        strings_add(&names, o->given[i].spec->name);
    strings_add_len(&word, name, len);
    const char *near = word.count ? strings_nearest(&names, word.items[0]) : NULL;
    if (near)
        error_set(err, STATUS_BAD_REQUEST, "unknown option \"--%.*s\"; did you mean \"--%s\"?",
            (int)len, name, near);
    else
        error_set(err, STATUS_BAD_REQUEST,
            "unknown option \"--%.*s\"; words that begin with a dash stand behind \"--\"", (int)len,
            name);
    strings_release(&names);
    strings_release(&word);
    return STATUS_BAD_REQUEST;
}

static enum status check_word(const struct option_spec *spec, const char *value, struct error *err)
{
    char known[256] = "";
    for (const char *const *w = spec->words; *w; w++) {
        size_t len = strlen(known);
        if (!strcmp(*w, value))
            return STATUS_OK;
        snprintf(known + len, sizeof known - len, "%s%s", len ? ", " : "", *w);
    }
    return error_set(err, STATUS_BAD_REQUEST, "\"%s\" is not one of %s", value, known);
}

static enum status check_value(const struct option_spec *spec, const char *value, struct error *err)
{
    int64_t number;
    enum status st = STATUS_OK;
    if (!*value)
        return STATUS_OK;
    if (spec->kind == OPTION_DURATION)
        st = units_duration(value, &number, err);
    else if (spec->kind == OPTION_COUNT)
        st = units_count(value, 0, (int64_t)spec->max, &number, err);
    else if (spec->kind == OPTION_WORD)
        st = check_word(spec, value, err);
    if (st)
        error_prefix(err, "--%s", spec->name);
    return st;
}

static enum status give(struct option_given *g, const char *value, struct error *err)
{
    if (g->given && !g->spec->repeated)
        return error_set(err, STATUS_BAD_REQUEST, "--%s is given twice", g->spec->name);
    g->given = true;
    if (!value)
        return STATUS_OK;
    enum status st = check_value(g->spec, value, err);
    if (!st && strings_add(&g->values, value))
        st = no_memory(err);
    return st;
}

/* --name, --name=value, --name value; *at is moved over a value of its own. */
static enum status parse_long(struct options *o, char ***at, struct error *err)
{
    const char *name = **at + 2, *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    size_t found = find(o, name, len);
    if (found == o->count)
        return unknown(o, name, len, err);
    struct option_given *g = &o->given[found];
    if (!g->spec->value)
        return equals ? error_set(err, STATUS_BAD_REQUEST, "--%s takes no value", g->spec->name)
                      : give(g, NULL, err);
    if (equals)
        return give(g, equals + 1, err);
    if (!(*at)[1])
        return error_set(
            err, STATUS_BAD_REQUEST, "--%s needs a value: %s", g->spec->name, g->spec->value);
    return give(g, *++*at, err);
}

/* -x, -x value, -xvalue */
static enum status parse_short(struct options *o, char ***at, struct error *err)
{
    const char *text = **at;
    struct option_given *g = NULL;
    for (size_t i = 0; i < o->count; i++)
        if (o->given[i].spec->letter == text[1])
            g = &o->given[i];
    if (!g || (!g->spec->value && text[2]))
        return error_set(err, STATUS_BAD_REQUEST,
            "unknown option \"%s\"; words that begin with a dash stand behind \"--\"", text);
    if (!g->spec->value)
        return give(g, NULL, err);
    if (text[2])
        return give(g, text + 2, err);
    if (!(*at)[1])
        return error_set(
            err, STATUS_BAD_REQUEST, "-%c needs a value: %s", g->spec->letter, g->spec->value);
    return give(g, *++*at, err);
}

static enum status add_all(struct strings *to, char **args, struct error *err)
{
    for (; *args; args++)
        if (strings_add(to, *args))
            return no_memory(err);
    return STATUS_OK;
}

enum status options_parse(
    struct options *o, const struct option_rules *rules, char **args, struct error *err)
{
    enum status st = STATUS_OK;
    add_specs(o, rules->specs);
    add_specs(o, rules->common);
    for (char **at = args; *at && !st; at++) {
        if (!strcmp(*at, "--")) {
            o->has_program = rules->program;
            return add_all(rules->program ? &o->program : &o->words, at + 1, err);
        }
        if (!strncmp(*at, "--", 2))
            st = parse_long(o, &at, err);
        else if (**at == '-' && (*at)[1])
            st = parse_short(o, &at, err);
        else if (strings_add(&o->words, *at))
            st = no_memory(err);
    }
    return st;
}

/* ---- inputs ---- */

static enum status read_one(struct option_given *g, struct error *err)
{
    const char *arg = g->values.items[0];
    struct buf text;
    struct strings read = {0};
    g->literal = !input_is_named(arg);
    buf_init(&text, g->spec->max);
    enum status st = input_read(arg, &text, err);
    if (st)
        error_prefix(err, "--%s", g->spec->name);
    else if (strings_add_len(&read, buf_str(&text), text.len))
        st = no_memory(err);
    buf_wipe(&text);
    if (st)
        return st;
    strings_release(&g->values);
    g->values = read;
    return STATUS_OK;
}

enum status options_read_inputs(struct options *o, struct error *err)
{
    const char *reader = NULL; /* of standard input */
    enum status st = STATUS_OK;
    for (size_t i = 0; i < o->count && !st; i++) {
        struct option_given *g = &o->given[i];
        if (!g->given || g->spec->kind != OPTION_INPUT)
            continue;
        bool standard = !strcmp(g->values.items[0], "-");
        if (standard && reader)
            return error_set(err, STATUS_BAD_REQUEST,
                "--%s and --%s cannot both read standard input", reader, g->spec->name);
        if (standard)
            reader = g->spec->name;
        st = read_one(g, err);
    }
    return st;
}

/* ---- what was given ---- */

static const struct option_given *given(const struct options *o, const char *name)
{
    size_t found = find(o, name, strlen(name));
    return found < o->count && o->given[found].given ? &o->given[found] : NULL;
}

bool options_given(const struct options *o, const char *name)
{
    return given(o, name) != NULL;
}

const char *options_text(const struct options *o, const char *name)
{
    const struct option_given *g = given(o, name);
    return g && g->values.count ? g->values.items[g->values.count - 1] : NULL;
}

const struct strings *options_list(const struct options *o, const char *name)
{
    static const struct strings empty = {0};
    const struct option_given *g = given(o, name);
    return g ? &g->values : &empty;
}

bool options_literal(const struct options *o, const char *name)
{
    const struct option_given *g = given(o, name);
    return g && g->literal;
}

enum status options_take_text(const struct options *o, const char *name, char **to)
{
    const char *text = options_text(o, name);
    if (!text)
        return STATUS_OK;
    return string_set(to, *text ? text : NULL);
}

void options_take_duration(const struct options *o, const char *name, int64_t cleared, int64_t *to)
{
    const char *text = options_text(o, name);
    if (text && units_duration(text, to, NULL))
        *to = cleared;
}

void options_take_count(const struct options *o, const char *name, int64_t cleared, int64_t *to)
{
    const char *text = options_text(o, name);
    if (text && units_count(text, 0, INT64_MAX, to, NULL))
        *to = cleared;
}

/* ---- help ---- */

void options_help(FILE *out, const struct option_spec *specs)
{
    for (; specs && specs->name; specs++) {
        char left[128];
        int n = snprintf(left, sizeof left, "  ");
        if (specs->letter)
            n += snprintf(left + n, sizeof left - (size_t)n, "-%c, ", specs->letter);
        snprintf(left + n, sizeof left - (size_t)n, "--%s%s%s", specs->name,
            specs->value ? " " : "", specs->value ? specs->value : "");
        if (strlen(left) > HELP_COLUMN - 2)
            fprintf(out, "%s\n%*s", left, HELP_COLUMN, "");
        else
            fprintf(out, "%-*s", HELP_COLUMN, left);
        fprintf(out, "%s%s\n", specs->help, specs->repeated ? " (repeatable)" : "");
    }
}
