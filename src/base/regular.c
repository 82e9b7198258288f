#include "base/regular.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum step_type { CHARACTER, ANY, SET, SPLIT, JUMP, BEGIN, END, MATCH };

/* x and y are relative to the step, so that steps can be moved and copied together. */
struct step {
    enum step_type type;
    uint32_t c; /* CHARACTER; SET: whether it is a negated one */
    int x, y;   /* where to go on; SET: first range and how many */
};

struct range {
    uint32_t from, to;
};

enum { RANGES_MAX = 2 * REGULAR_TEXT_MAX, NOT_UTF8 = 0x110000 };

struct regular {
    struct step steps[REGULAR_STEPS_MAX];
    struct range ranges[RANGES_MAX];
    int step_count, range_count;
};

/* ---- characters ---- */

/* The character at s and its length; a byte that belongs to none counts as one of its own. */
static uint32_t character_at(const char *s, size_t left, size_t *len)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t n = u[0] < 0x80 ? 1 : u[0] < 0xC2 ? 0 : u[0] < 0xE0 ? 2 : u[0] < 0xF0 ? 3 : 4;
    uint32_t c = n == 1 ? u[0] : n ? u[0] & (0xFFu >> (n + 1)) : 0;
    for (size_t i = 1; i < n; i++) {
        if (i >= left || (u[i] & 0xC0) != 0x80) {
            n = 0;
            break;
        }
        c = c << 6 | (u[i] & 0x3Fu);
    }
    *len = n ? n : 1;
    return n ? c : (uint32_t)NOT_UTF8 + u[0];
}

/* ---- compiling ---- */

struct compiler {
    const char *text;
    size_t len, at;
    struct regular *p;
    struct error *err;
};

static enum status wrong(const struct compiler *k, size_t at, const char *what)
{
    return error_set(k->err, STATUS_BAD_REQUEST, "at %zu: %s", at + 1, what);
}

static bool is_at(const struct compiler *k, const char *word)
{
    size_t n = strlen(word);
    return k->len - k->at >= n && !memcmp(k->text + k->at, word, n);
}

/* Makes room for so many steps at from; what stands there moves. */
static enum status insert(struct compiler *k, int from, int count)
{
    struct regular *p = k->p;
    if (p->step_count + count > REGULAR_STEPS_MAX)
        return wrong(k, k->at ? k->at - 1 : 0, "it is too large with all that it repeats");
    memmove(&p->steps[from + count], &p->steps[from],
        (size_t)(p->step_count - from) * sizeof *p->steps);
    p->step_count += count;
    return STATUS_OK;
}

static enum status put(struct compiler *k, int at, struct step step)
{
    enum status st = insert(k, at, 1);
    if (!st)
        k->p->steps[at] = step;
    return st;
}

static enum status add(struct compiler *k, struct step step)
{
    return put(k, k->p->step_count, step);
}

static void add_range(struct compiler *k, uint32_t from, uint32_t to)
{
    if (k->p->range_count < RANGES_MAX)
        k->p->ranges[k->p->range_count++] = (struct range){from, to};
}

/* The ASCII characters of a class, or all others. */
static void add_class(struct compiler *k, int (*is)(int), bool others)
{
    for (int c = 0, from = -1; c <= 128; c++) {
        bool in = c < 128 && (is(c) || (is == isalnum && c == '_')) != others;
        if (in && from < 0)
            from = c;
        if (!in && from >= 0) {
            add_range(k, (uint32_t)from, (uint32_t)c - 1);
            from = -1;
        }
    }
    if (others)
        add_range(k, 128, UINT32_MAX);
}

/* Behind a backslash: a class, whose ranges it adds, or else a character. */
static enum status escape(struct compiler *k, uint32_t *c)
{
    char name = k->at < k->len ? k->text[k->at] : 0;
    *c = name == 't' ? '\t' : name == 'n' ? '\n' : name == 'r' ? '\r' : 0;
    int (*is)(int) = strchr("dD", name) ? isdigit : strchr("wW", name) ? isalnum : isspace;
    if (!name)
        return wrong(k, k->at - 1, "a backslash without a character");
    if (strchr("dDwWsS", name))
        add_class(k, is, isupper((unsigned char)name));
    else if (!*c && isalnum((unsigned char)name))
        return wrong(k, k->at - 1, "this backslash means nothing here; there are \\d \\w \\s");
    else if (!*c)
        *c = (unsigned char)name;
    if (name & 0x80)
        return wrong(k, k->at - 1, "this backslash means nothing here");
    k->at++;
    return STATUS_OK;
}

/* [:alpha:] between brackets. */
static enum status named_class(struct compiler *k)
{
    static const struct {
        const char *name;
        int (*is)(int);
    } classes[] = {{"[:alpha:]", isalpha}, {"[:digit:]", isdigit}, {"[:upper:]", isupper},
        {"[:lower:]", islower}, {"[:space:]", isspace}, {"[:punct:]", ispunct},
        {"[:blank:]", isblank}, {"[:cntrl:]", iscntrl}, {"[:graph:]", isgraph},
        {"[:print:]", isprint}, {"[:xdigit:]", isxdigit}};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (is_at(k, classes[i].name)) {
            add_class(k, classes[i].is, false);
            k->at += strlen(classes[i].name);
            return STATUS_OK;
        }
    if (!is_at(k, "[:alnum:]"))
        return wrong(k, k->at, "no such class");
    add_class(k, isalpha, false);
    add_class(k, isdigit, false);
    k->at += sizeof "[:alnum:]" - 1;
    return STATUS_OK;
}

/* One character between brackets; *alone: it was a class and cannot begin or end a range. */
static enum status member(struct compiler *k, uint32_t *c, bool *alone)
{
    int ranges = k->p->range_count;
    enum status st = STATUS_OK;
    size_t n;
    if (is_at(k, "[:")) {
        st = named_class(k);
    } else if (k->text[k->at] == '\\') {
        k->at++;
        st = escape(k, c);
    } else {
        *c = character_at(k->text + k->at, k->len - k->at, &n);
        k->at += n;
    }
    *alone = k->p->range_count > ranges;
    return st;
}

static enum status set(struct compiler *k)
{
    size_t begin = k->at++;
    struct step step = {.type = SET, .x = k->p->range_count};
    step.c = is_at(k, "^");
    k->at += step.c;
    for (size_t from = k->at; k->at == from || !is_at(k, "]");) {
        uint32_t low = 0, high;
        bool alone;
        if (k->at >= k->len)
            return wrong(k, begin, "the \"[\" has no \"]\"");
        size_t at = k->at;
        enum status st = member(k, &low, &alone);
        high = low;
        if (!st && !alone && is_at(k, "-") && k->at + 1 < k->len && k->text[k->at + 1] != ']') {
            k->at++;
            st = member(k, &high, &alone);
            if (!st && (alone || high < low))
                return wrong(k, at, "no such range");
        }
        if (st)
            return st;
        if (!alone)
            add_range(k, low, high);
    }
    k->at++;
    step.y = k->p->range_count - step.x;
    return add(k, step);
}

static enum status alternatives(struct compiler *k);

static enum status group(struct compiler *k)
{
    size_t begin = k->at;
    k->at += is_at(k, "(?:") ? 3 : 1;
    if (is_at(k, "?"))
        return wrong(k, k->at, "groups with \"(?\" are not understood, but for \"(?:\"");
    enum status st = alternatives(k);
    if (st)
        return st;
    if (!is_at(k, ")"))
        return wrong(k, begin, "the \"(\" has no \")\"");
    k->at++;
    return STATUS_OK;
}

static enum status escaped(struct compiler *k)
{
    struct step one = {.type = CHARACTER}, several = {.type = SET, .x = k->p->range_count};
    k->at++;
    enum status st = escape(k, &one.c);
    several.y = k->p->range_count - several.x;
    return st ? st : add(k, several.y ? several : one);
}

static enum status atom(struct compiler *k)
{
    size_t n = 1;
    switch (k->text[k->at]) {
    case '(':
        return group(k);
    case '[':
        return set(k);
    case '\\':
        return escaped(k);
    case '*':
    case '+':
    case '?':
    case '{':
        return wrong(k, k->at, "nothing stands before what is to be repeated");
    case '.':
        k->at++;
        return add(k, (struct step){.type = ANY});
    case '^':
    case '$':
        return add(k, (struct step){.type = k->text[k->at++] == '^' ? BEGIN : END});
    default:
        break;
    }
    uint32_t c = character_at(k->text + k->at, k->len - k->at, &n);
    k->at += n;
    return add(k, (struct step){.type = CHARACTER, .c = c});
}

/* ---- repetition ---- */

/* The steps from.. become optional, or a loop. */
static enum status make_optional(struct compiler *k, int from, bool loop)
{
    int n = k->p->step_count - from;
    enum status st = put(k, from, (struct step){.type = SPLIT, .x = 1, .y = n + 1 + loop});
    return st || !loop ? st : add(k, (struct step){.type = JUMP, .x = -(n + 1)});
}

/* Adds count steps that were taken aside. */
static enum status add_copy(struct compiler *k, const struct step *steps, int count)
{
    int from = k->p->step_count;
    enum status st = insert(k, from, count);
    if (!st && count)
        memcpy(&k->p->steps[from], steps, (size_t)count * sizeof *steps);
    return st;
}

/* The steps from.. at least least times and at most most (-1: any number of) times. */
static enum status repeat(struct compiler *k, int from, int least, int most)
{
    int n = k->p->step_count - from;
    struct step *aside = calloc((size_t)n + 1, sizeof *aside);
    enum status st = STATUS_OK;
    if (!aside)
        return error_set(k->err, STATUS_NO_MEMORY, "out of memory");
    memcpy(aside, &k->p->steps[from], (size_t)n * sizeof *aside);
    k->p->step_count = from;
    for (int i = 0; i < (most < 0 ? least + 1 : most) && !st; i++) {
        int copy = k->p->step_count;
        st = add_copy(k, aside, n);
        if (!st && i >= least)
            st = make_optional(k, copy, most < 0);
    }
    free(aside);
    return st;
}

static int number(struct compiler *k)
{
    int n = 0;
    while (k->at < k->len && isdigit((unsigned char)k->text[k->at]) && n <= REGULAR_REPEAT_MAX)
        n = n * 10 + (k->text[k->at++] - '0');
    return n;
}

static enum status bounds(struct compiler *k, int from)
{
    size_t begin = k->at++;
    if (k->at >= k->len || !isdigit((unsigned char)k->text[k->at]))
        return wrong(k, begin, "behind \"{\" stands no number; a plain one is \"\\{\"");
    int least = number(k), most = least;
    if (is_at(k, ",")) {
        k->at++;
        most = is_at(k, "}") ? -1 : number(k);
    }
    if (least > REGULAR_REPEAT_MAX || most > REGULAR_REPEAT_MAX)
        return wrong(k, begin, "more than 1000 repetitions");
    if (!is_at(k, "}") || (most >= 0 && most < least))
        return wrong(k, begin, "expected {2}, {2,} or {2,5}");
    k->at++;
    return repeat(k, from, least, most);
}

static enum status repeated(struct compiler *k, int from)
{
    bool again = false; /* a "?" behind another one says to take as little as can be */
    while (k->at < k->len && strchr("*+?{", k->text[k->at])) {
        char c = k->text[k->at];
        if (c == '?' && again) {
            k->at++;
            again = false;
            continue;
        }
        k->at += c != '{';
        enum status st = c == '{'   ? bounds(k, from)
                         : c == '+' ? repeat(k, from, 1, -1)
                                    : make_optional(k, from, c == '*');
        if (st)
            return st;
        again = true;
    }
    return STATUS_OK;
}

static enum status sequence(struct compiler *k)
{
    enum status st = STATUS_OK;
    while (!st && k->at < k->len && !is_at(k, "|") && !is_at(k, ")")) {
        int from = k->p->step_count;
        st = atom(k);
        if (!st)
            st = repeated(k, from);
    }
    return st;
}

/* Of three, the second and third are the alternative of the first. */
static enum status alternatives(struct compiler *k)
{
    int from = k->p->step_count;
    enum status st = sequence(k);
    if (st || !is_at(k, "|"))
        return st;
    k->at++;
    int n = k->p->step_count - from;
    st = put(k, from, (struct step){.type = SPLIT, .x = 1, .y = n + 2});
    int jump = k->p->step_count;
    if (!st)
        st = add(k, (struct step){.type = JUMP});
    if (!st)
        st = alternatives(k);
    if (!st)
        k->p->steps[jump].x = k->p->step_count - jump;
    return st;
}

static enum status compile(struct compiler *k)
{
    if (k->len > REGULAR_TEXT_MAX)
        return error_set(
            k->err, STATUS_BAD_REQUEST, "it is longer than %d bytes", REGULAR_TEXT_MAX);
    enum status st = alternatives(k);
    if (!st && k->at < k->len)
        st = wrong(k, k->at, "the \")\" has no \"(\"");
    return st ? st : add(k, (struct step){.type = MATCH});
}

enum status regular_compile(const char *text, size_t len, struct regular **out, struct error *err)
{
    struct regular *p = calloc(1, sizeof *p);
    if (!p)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    struct compiler k = {.text = text, .len = len, .p = p, .err = err};
    enum status st = compile(&k);
    if (st)
        regular_free(p);
    else
        *out = p;
    return st;
}

void regular_free(struct regular *p)
{
    free(p);
}

/* ---- searching ---- */

/* Steps that are waiting for a character, each once. */
struct waiting {
    int steps[REGULAR_STEPS_MAX];
    int count;
};

struct search {
    const struct regular *p;
    struct waiting lists[2];
    size_t seen[REGULAR_STEPS_MAX]; /* 1 + the place in the text where a step was last added */
    int stack[REGULAR_STEPS_MAX * 2];
    size_t *work;
};

/* Adds what can be reached from a step without a character; true when that is the match. */
static bool reach(struct search *s, struct waiting *to, int first, size_t at, size_t len)
{
    int depth = 0;
    s->stack[depth++] = first;
    while (depth) {
        int i = s->stack[--depth];
        const struct step *step = &s->p->steps[i];
        if (s->seen[i] == at + 1)
            continue;
        s->seen[i] = at + 1;
        *s->work -= *s->work > 0;
        if (step->type == MATCH)
            return true;
        if (step->type == SPLIT)
            s->stack[depth++] = i + step->y;
        if (step->type == SPLIT || step->type == JUMP)
            s->stack[depth++] = i + step->x;
        else if (step->type != BEGIN && step->type != END)
            to->steps[to->count++] = i;
        else if (step->type == BEGIN ? at == 0 : at == len)
            s->stack[depth++] = i + 1;
    }
    return false;
}

static bool takes(const struct regular *p, const struct step *step, uint32_t c)
{
    if (step->type == ANY)
        return c != '\n';
    if (step->type == CHARACTER)
        return c == step->c;
    for (int i = 0; i < step->y; i++)
        if (p->ranges[step->x + i].from <= c && c <= p->ranges[step->x + i].to)
            return !step->c;
    return step->c;
}

static bool search(struct search *s, const char *text, size_t len)
{
    struct waiting *now = &s->lists[0], *then = &s->lists[1];
    for (size_t at = 0, n; *s->work; at += n) {
        if (reach(s, now, 0, at, len))
            return true;
        if (at == len)
            return false;
        uint32_t c = character_at(text + at, len - at, &n);
        then->count = 0;
        for (int i = 0; i < now->count; i++)
            if (takes(s->p, &s->p->steps[now->steps[i]], c) &&
                reach(s, then, now->steps[i] + 1, at + n, len))
                return true;
        struct waiting *swap = now;
        now = then;
        then = swap;
    }
    return false;
}

enum status regular_find(
    const struct regular *p, const char *text, size_t len, size_t *work, bool *found)
{
    struct search *s = calloc(1, sizeof *s);
    if (!s)
        return STATUS_NO_MEMORY;
    s->p = p;
    s->work = work;
    *found = search(s, text, len);
    free(s);
    return *found || *work ? STATUS_OK : STATUS_TOO_LARGE;
}
