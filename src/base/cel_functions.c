#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cel.h"
#include "base/cel_tree.h"

/* ---- patterns ---- */

enum status cel_pattern_compile(
    const struct cel_value *text, struct regular **out, struct error *err)
{
    enum status st = regular_compile(text->text, text->count, out, err);
    if (st)
        error_prefix(err, "the pattern cannot be used");
    return st;
}

static struct cel_value match(
    struct cel_run *run, const struct cel_value *text, const struct regular *pattern)
{
    bool found;
    enum status st = regular_find(pattern, text->text, text->count, &run->work, &found);
    if (st == STATUS_NO_MEMORY)
        return cel_fail(run, "out of memory");
    return st ? cel_too_much(run) : cel_bool(found);
}

/* ---- of strings ---- */

/* Two strings in v; else what is wrong is in v[0]. */
static bool two_strings(struct cel_run *run, const struct cel_node *n, struct cel_value v[CEL_KIDS])
{
    for (int i = 0; i < 2; i++) {
        v[i] = n->kids[i]->run(run, n->kids[i]);
        run->at = n->column;
        if (v[i].kind != CEL_ERROR && v[i].kind != CEL_STRING)
            v[i] = cel_fail(run, "expected a string, found %s", cel_kind_name(v[i].kind));
        else if (v[i].kind == CEL_STRING && !cel_charge(run, v[i].count / 16 + 1))
            v[i] = cel_too_much(run);
        if (v[i].kind == CEL_ERROR) {
            v[0] = v[i];
            return false;
        }
    }
    return true;
}

struct cel_value cel_do_contains(struct cel_run *run, const struct cel_node *n)
{
    struct cel_value v[CEL_KIDS];
    return two_strings(run, n, v)
               ? cel_bool(memmem(v[0].text, v[0].count, v[1].text, v[1].count) != NULL)
               : v[0];
}

struct cel_value cel_do_starts(struct cel_run *run, const struct cel_node *n)
{
    struct cel_value v[CEL_KIDS];
    if (!two_strings(run, n, v))
        return v[0];
    return cel_bool(v[0].count >= v[1].count && !memcmp(v[0].text, v[1].text, v[1].count));
}

struct cel_value cel_do_ends(struct cel_run *run, const struct cel_node *n)
{
    struct cel_value v[CEL_KIDS];
    if (!two_strings(run, n, v))
        return v[0];
    return cel_bool(v[0].count >= v[1].count &&
                    !memcmp(v[0].text + v[0].count - v[1].count, v[1].text, v[1].count));
}

struct cel_value cel_do_matches(struct cel_run *run, const struct cel_node *n)
{
    struct cel_value v[CEL_KIDS];
    struct error why;
    struct regular *compiled;
    if (!two_strings(run, n, v))
        return v[0];
    if (n->pattern)
        return match(run, &v[0], n->pattern);
    if (cel_pattern_compile(&v[1], &compiled, &why))
        return cel_fail(run, "%s", why.text);
    struct cel_value result = match(run, &v[0], compiled);
    regular_free(compiled);
    return result;
}

/* ---- of anything ---- */

static struct cel_value argument(struct cel_run *run, const struct cel_node *n)
{
    struct cel_value v = n->kids[0]->run(run, n->kids[0]);
    run->at = n->column;
    if (v.kind != CEL_ERROR && !cel_charge(run, v.kind == CEL_STRING ? v.count + 1 : 1))
        return cel_too_much(run);
    return v;
}

struct cel_value cel_do_size(struct cel_run *run, const struct cel_node *n)
{
    struct cel_value v = argument(run, n);
    if (v.kind == CEL_ERROR)
        return v;
    if (v.kind != CEL_STRING && v.kind != CEL_LIST && v.kind != CEL_MAP)
        return cel_fail(run, "%s has no size", cel_kind_name(v.kind));
    size_t size = v.kind == CEL_STRING ? cel_length(&v) : v.count;
    return (struct cel_value){.kind = CEL_INT, .i = (int64_t)size};
}

enum { NUMBER_MAX = 64 };

/* The text of a number, terminated; false when it is too long for one, or begins or ends in what
 * strtod would pass over. */
static bool number_text(const struct cel_value *v, char out[NUMBER_MAX + 1])
{
    if (!v->count || v->count > NUMBER_MAX || memchr(v->text, 0, v->count) ||
        isspace((unsigned char)v->text[0]))
        return false;
    memcpy(out, v->text, v->count);
    out[v->count] = 0;
    return true;
}

static struct cel_value no_number(struct cel_run *run, const struct cel_value *v, const char *what)
{
    if (v->kind != CEL_STRING)
        return cel_fail(run, "%s is no %s", cel_kind_name(v->kind), what);
    return cel_fail(run, "\"%.*s\" is no %s", v->count < NUMBER_MAX ? (int)v->count : NUMBER_MAX,
        v->text, what);
}

struct cel_value cel_do_int(struct cel_run *run, const struct cel_node *n)
{
    char text[NUMBER_MAX + 1], *end;
    struct cel_value v = argument(run, n), out = {.kind = CEL_INT};
    if (v.kind == CEL_ERROR || v.kind == CEL_INT)
        return v;
    if (v.kind == CEL_UINT && v.u <= INT64_MAX) {
        out.i = (int64_t)v.u;
        return out;
    }
    if (v.kind == CEL_DOUBLE && v.d > -0x1p63 && v.d < 0x1p63) {
        out.i = (int64_t)v.d;
        return out;
    }
    if (v.kind != CEL_STRING || !number_text(&v, text))
        return no_number(run, &v, "int");
    errno = 0;
    out.i = strtoll(text, &end, 10);
    return errno || *end ? no_number(run, &v, "int") : out;
}

struct cel_value cel_do_double(struct cel_run *run, const struct cel_node *n)
{
    char text[NUMBER_MAX + 1], *end;
    struct cel_value v = argument(run, n), out = {.kind = CEL_DOUBLE};
    if (v.kind == CEL_ERROR || v.kind == CEL_DOUBLE)
        return v;
    if (v.kind == CEL_INT || v.kind == CEL_UINT) {
        out.d = v.kind == CEL_INT ? (double)v.i : (double)v.u;
        return out;
    }
    if (v.kind != CEL_STRING || !number_text(&v, text))
        return no_number(run, &v, "double");
    out.d = strtod(text, &end);
    return *end ? no_number(run, &v, "double") : out;
}

/* As short as it can be and still be the same. */
static void print_double(double d, char text[NUMBER_MAX])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, NUMBER_MAX, "%.*g", digits, d);
        if (isnan(d) || !(strtod(text, NULL) < d || strtod(text, NULL) > d))
            return;
    }
}

struct cel_value cel_do_string(struct cel_run *run, const struct cel_node *n)
{
    struct cel_value v = argument(run, n);
    char *text;
    if (v.kind == CEL_ERROR || v.kind == CEL_STRING)
        return v;
    if (v.kind != CEL_BOOL && !cel_is_number(v.kind))
        return cel_fail(run, "%s cannot become a string", cel_kind_name(v.kind));
    if (!(text = cel_alloc(&run->memory, NUMBER_MAX)))
        return cel_fail(run, "it takes too much memory");
    if (v.kind == CEL_BOOL)
        snprintf(text, NUMBER_MAX, "%s", v.truth ? "true" : "false");
    else if (v.kind == CEL_DOUBLE)
        print_double(v.d, text);
    else if (v.kind == CEL_INT)
        snprintf(text, NUMBER_MAX, "%" PRId64, v.i);
    else
        snprintf(text, NUMBER_MAX, "%" PRIu64, v.u);
    return cel_string(text, strlen(text));
}
