#include <stdlib.h>
#include <string.h>

#include "base/cel.h"
#include "base/cel_tree.h"
#include "base/strings.h"
#include "base/utf8.h"

#define KIND(k) (1u << (k))

enum {
    NUMBERS = KIND(CEL_INT) | KIND(CEL_UINT) | KIND(CEL_DOUBLE),
    ADDED = NUMBERS | KIND(CEL_STRING) | KIND(CEL_LIST),
    WHOLE = KIND(CEL_INT) | KIND(CEL_UINT),
    ORDERED = NUMBERS | KIND(CEL_STRING) | KIND(CEL_BOOL),
    SIZED = KIND(CEL_STRING) | KIND(CEL_LIST) | KIND(CEL_MAP),
    KEYS = WHOLE | KIND(CEL_STRING) | KIND(CEL_BOOL),
    CONVERTED = NUMBERS | KIND(CEL_STRING),
    ANY = (1 << (CEL_DYN + 1)) - 1
};

struct parser {
    struct cel_reader r;
    struct cel *expr;
    int depth; /* of what is being read */
};

/* Every function below gives a node, or NULL and fills the error. */
static struct cel_node *parse_expr(struct parser *p);
static struct cel_node *parse_unary(struct parser *p);

/* ---- nodes ---- */

static struct cel_node *no_memory(struct parser *p)
{
    error_set(p->r.err, STATUS_NO_MEMORY, "out of memory");
    return NULL;
}

static struct cel_node *too_deep(struct parser *p, size_t at)
{
    cel_refuse(&p->r, at, "more than %d levels deep", CEL_DEPTH_MAX);
    return NULL;
}

static struct cel_node *new_node(struct parser *p, cel_do *run, enum cel_kind kind, size_t at)
{
    struct cel_node *n = cel_alloc(&p->expr->memory, sizeof *n);
    if (!n)
        return no_memory(p);
    *n = (struct cel_node){.run = run, .kind = kind, .depth = 1, .column = cel_column(&p->r, at)};
    return n;
}

static struct cel_node *take(struct parser *p, struct cel_node *n, int i, struct cel_node *kid)
{
    n->kids[i] = kid;
    if (kid->depth >= n->depth)
        n->depth = kid->depth + 1;
    return n->depth > CEL_DEPTH_MAX ? too_deep(p, p->r.word.at) : n;
}

/* What is found where something else is expected. */
static struct cel_node *unexpected(struct parser *p, const char *expected)
{
    static const char *const meant[][2] = {{"and", "&&"}, {"or", "||"}, {"not", "!"}};
    const struct cel_word *w = &p->r.word;
    if (w->type == CEL_WORD_END) {
        cel_refuse(&p->r, w->at, "expected %s, found the end", expected);
        return NULL;
    }
    for (size_t i = 0; i < sizeof meant / sizeof *meant; i++)
        if (cel_is(&p->r, meant[i][0])) {
            cel_refuse(
                &p->r, w->at, "found \"%s\"; did you mean \"%s\"?", meant[i][0], meant[i][1]);
            return NULL;
        }
    size_t len = utf8_cut(p->r.text + w->at, w->len, 40);
    cel_refuse(&p->r, w->at, "expected %s, found \"%.*s\"", expected, (int)len, p->r.text + w->at);
    return NULL;
}

static bool next(struct parser *p)
{
    return !cel_next(&p->r);
}

/* Takes a sign that must be there. */
static bool need(struct parser *p, const char *sign, const char *expected)
{
    if (cel_is(&p->r, sign))
        return next(p);
    unexpected(p, expected);
    return false;
}

/* Whether what a node gives can be one of these kinds. */
static bool fits(
    struct parser *p, const struct cel_node *n, unsigned kinds, size_t at, const char *what)
{
    if (n->kind == CEL_DYN || KIND(n->kind) & kinds)
        return true;
    cel_refuse(&p->r, at, "%s does not go with %s", what, cel_kind_name(n->kind));
    return false;
}

/* ---- lists, maps, arguments ---- */

static struct cel_node *parse_list(struct parser *p, size_t at)
{
    struct cel_node *list = new_node(p, cel_do_list, CEL_LIST, at),
                    **end = list ? &list->kids[0] : NULL;
    while (list && !cel_is(&p->r, "]")) {
        struct cel_node *item = parse_expr(p);
        if (!item || !(list = take(p, list, 1, item)))
            return NULL;
        *end = item;
        end = &item->next;
        list->count++;
        if (!cel_is(&p->r, "]") && !need(p, ",", "\",\" or \"]\""))
            return NULL;
    }
    return list && next(p) ? list : NULL;
}

static struct cel_node *parse_map(struct parser *p, size_t at)
{
    struct cel_node *map = new_node(p, cel_do_map, CEL_MAP, at), **end = map ? &map->kids[0] : NULL;
    while (map && !cel_is(&p->r, "}")) {
        size_t key_at = p->r.word.at;
        struct cel_node *key = parse_expr(p);
        if (!key || !fits(p, key, KEYS, key_at, "the key of a map") || !need(p, ":", "\":\""))
            return NULL;
        struct cel_node *value = parse_expr(p);
        if (!value || !take(p, map, 1, key) || !take(p, map, 1, value))
            return NULL;
        *end = key;
        key->next = value;
        end = &value->next;
        map->count++;
        if (!cel_is(&p->r, "}") && !need(p, ",", "\",\" or \"}\""))
            return NULL;
    }
    return map && next(p) ? map : NULL;
}

/* ---- functions ---- */

struct function {
    const char *name;
    cel_do *run;
    unsigned subject;   /* kinds of what it is called of, or of its first argument */
    bool of, global;    /* x.f(...), f(x, ...) */
    bool argument;      /* it has one more, a string */
    enum cel_kind kind; /* of what it gives */
};

static const struct function functions[] = {
    {"size", cel_do_size, SIZED, true, true, false, CEL_INT},
    {"contains", cel_do_contains, KIND(CEL_STRING), true, false, true, CEL_BOOL},
    {"startsWith", cel_do_starts, KIND(CEL_STRING), true, false, true, CEL_BOOL},
    {"endsWith", cel_do_ends, KIND(CEL_STRING), true, false, true, CEL_BOOL},
    {"matches", cel_do_matches, KIND(CEL_STRING), true, true, true, CEL_BOOL},
    {"int", cel_do_int, CONVERTED, false, true, false, CEL_INT},
    {"double", cel_do_double, CONVERTED, false, true, false, CEL_DOUBLE},
    {"string", cel_do_string, CONVERTED | KIND(CEL_BOOL), false, true, false, CEL_STRING},
};

static struct cel_node *no_function(struct parser *p, size_t at, size_t len)
{
    struct strings names = {0};
    char name[64];
    len = len < sizeof name ? len : sizeof name - 1;
    memcpy(name, p->r.text + at, len);
    name[len] = 0;
    enum status st = strings_add(&names, "has");
    for (size_t i = 0; i < sizeof functions / sizeof *functions && !st; i++)
        st = strings_add(&names, functions[i].name);
    const char *near = strings_nearest(&names, name);
    if (near)
        cel_refuse(&p->r, at, "no function \"%s\"; did you mean \"%s\"?", name, near);
    else
        cel_refuse(&p->r, at,
            "no function \"%s\"; there are has size contains startsWith endsWith matches int "
            "double string",
            name);
    strings_release(&names);
    return NULL;
}

/* A pattern that is written down is compiled once. */
static struct cel_node *compile(struct parser *p, struct cel_node *call, size_t at)
{
    const struct cel_node *text = call->kids[1];
    struct error why;
    if (text->run != cel_do_literal)
        return call;
    struct cel_pattern *one = calloc(1, sizeof *one);
    if (!one)
        return no_memory(p);
    enum status st = cel_pattern_compile(&text->literal, &one->compiled, &why);
    if (st) {
        free(one);
        cel_refuse(&p->r, at, "%s", why.text);
        return NULL;
    }
    one->next = p->expr->patterns;
    p->expr->patterns = one;
    call->pattern = one->compiled;
    return call;
}

/* Behind the opening parenthesis; subject is NULL for a global call. */
static struct cel_node *parse_call(
    struct parser *p, const struct function *f, struct cel_node *subject, size_t at)
{
    struct cel_node *call = new_node(p, f->run, f->kind, at);
    size_t from = subject ? at : p->r.word.at;
    if (call && !subject && (subject = parse_expr(p)) && f->argument &&
        !need(p, ",", "\",\" and another argument"))
        return NULL;
    if (!call || !subject || !fits(p, subject, f->subject, from, f->name) ||
        !take(p, call, 0, subject))
        return NULL;
    if (f->argument) {
        struct cel_node *argument;
        from = p->r.word.at;
        if (!(argument = parse_expr(p)) || !fits(p, argument, KIND(CEL_STRING), from, f->name) ||
            !take(p, call, 1, argument))
            return NULL;
        if (f->run == cel_do_matches && !compile(p, call, from))
            return NULL;
    }
    return need(p, ")", "\")\"") ? call : NULL;
}

static struct cel_node *call_named(
    struct parser *p, struct cel_node *subject, size_t at, size_t len)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        const struct function *f = &functions[i];
        if ((subject ? f->of : f->global) && strlen(f->name) == len &&
            !memcmp(f->name, p->r.text + at, len))
            return parse_call(p, f, subject, at);
    }
    return no_function(p, at, len);
}

static struct cel_node *parse_has(struct parser *p, size_t at)
{
    size_t from = p->r.word.at;
    struct cel_node *has = new_node(p, cel_do_has, CEL_BOOL, at);
    struct cel_node *field = has ? parse_expr(p) : NULL;
    if (!field)
        return NULL;
    if (field->run != cel_do_select) {
        cel_refuse(&p->r, from, "has() is asked of one key: has(state.key)");
        return NULL;
    }
    has->literal = field->literal;
    return take(p, has, 0, field->kids[0]) && need(p, ")", "\")\"") ? has : NULL;
}

/* ---- values ---- */

static struct cel_node *parse_name(struct parser *p)
{
    size_t at = p->r.word.at, len = p->r.word.len;
    const char *name = p->r.text + at;
    if (!next(p))
        return NULL;
    if (cel_is(&p->r, "(")) {
        if (!next(p))
            return NULL;
        return len == 3 && !memcmp(name, "has", 3) ? parse_has(p, at)
                                                   : call_named(p, NULL, at, len);
    }
    if (len == 5 && !memcmp(name, "state", 5))
        return new_node(p, cel_do_state, CEL_MAP, at);
    cel_refuse(&p->r, at, "no variable \"%.*s\"; there is state: state.%.*s", (int)len, name,
        (int)len, name);
    return NULL;
}

static struct cel_node *parse_literal(struct parser *p, bool negative)
{
    struct cel_value v = p->r.word.value;
    size_t at = p->r.word.at;
    if (v.kind == CEL_INT && v.u > (uint64_t)INT64_MAX && !negative) {
        cel_refuse(&p->r, at, "the number is too large");
        return NULL;
    }
    if (v.kind == CEL_INT && negative)
        v.i = v.u > (uint64_t)INT64_MAX ? INT64_MIN : -v.i;
    else if (v.kind == CEL_DOUBLE && negative)
        v.d = -v.d;
    struct cel_node *n = new_node(p, cel_do_literal, v.kind, at);
    if (!n)
        return NULL;
    n->literal = v;
    return next(p) ? n : NULL;
}

static struct cel_node *parse_primary(struct parser *p)
{
    size_t at = p->r.word.at;
    if (p->r.word.type == CEL_WORD_LITERAL)
        return parse_literal(p, false);
    if (p->r.word.type == CEL_WORD_NAME && !cel_is(&p->r, "in") && !cel_is(&p->r, "not"))
        return parse_name(p);
    if (cel_is(&p->r, "["))
        return next(p) ? parse_list(p, at) : NULL;
    if (cel_is(&p->r, "{"))
        return next(p) ? parse_map(p, at) : NULL;
    if (!cel_is(&p->r, "("))
        return unexpected(p, "a value");
    struct cel_node *inner = next(p) ? parse_expr(p) : NULL;
    return inner && need(p, ")", "\")\"") ? inner : NULL;
}

/* Behind a dot: a key, or a function that is called of what stands before it. */
static struct cel_node *parse_select(struct parser *p, struct cel_node *of)
{
    size_t at = p->r.word.at, len = p->r.word.len;
    if (p->r.word.type != CEL_WORD_NAME)
        return unexpected(p, "a key or a function behind \".\"");
    if (!next(p))
        return NULL;
    if (cel_is(&p->r, "("))
        return next(p) ? call_named(p, of, at, len) : NULL;
    if (!fits(p, of, KIND(CEL_MAP), at, "a key"))
        return NULL;
    struct cel_node *n = new_node(p, cel_do_select, CEL_DYN, at);
    char *key = n ? cel_alloc(&p->expr->memory, len + 1) : NULL;
    if (!key)
        return n ? no_memory(p) : NULL;
    n->literal = cel_string(memcpy(key, p->r.text + at, len), len);
    return take(p, n, 0, of);
}

static struct cel_node *parse_index(struct parser *p, struct cel_node *of, size_t at)
{
    unsigned keys = of->kind == CEL_LIST ? NUMBERS : of->kind == CEL_MAP ? KEYS | NUMBERS : ANY;
    size_t from = p->r.word.at;
    struct cel_node *n = new_node(p, cel_do_index, CEL_DYN, at), *key;
    if (!n || !fits(p, of, KIND(CEL_MAP) | KIND(CEL_LIST), at, "[...]") || !(key = parse_expr(p)))
        return NULL;
    if (!fits(p, key, keys, from, "[...]") || !take(p, n, 0, of) || !take(p, n, 1, key))
        return NULL;
    return need(p, "]", "\"]\"") ? n : NULL;
}

static struct cel_node *parse_member(struct parser *p)
{
    struct cel_node *n = parse_primary(p);
    while (n) {
        size_t at = p->r.word.at;
        if (cel_is(&p->r, "."))
            n = next(p) ? parse_select(p, n) : NULL;
        else if (cel_is(&p->r, "["))
            n = next(p) ? parse_index(p, n, at) : NULL;
        else
            break;
    }
    return n;
}

/* ---- operators ---- */

static struct cel_node *parse_sign(struct parser *p, bool minus)
{
    size_t at = p->r.word.at;
    if (!next(p))
        return NULL;
    if (minus && p->r.word.type == CEL_WORD_LITERAL && cel_is_number(p->r.word.value.kind) &&
        p->r.word.value.kind != CEL_UINT)
        return parse_literal(p, true);
    struct cel_node *of = parse_unary(p);
    unsigned kinds = minus ? KIND(CEL_INT) | KIND(CEL_DOUBLE) : KIND(CEL_BOOL);
    if (!of || !fits(p, of, kinds, at, minus ? "\"-\"" : "\"!\""))
        return NULL;
    struct cel_node *n = new_node(p, minus ? cel_do_negate : cel_do_not, of->kind, at);
    return n ? take(p, n, 0, of) : NULL;
}

static struct cel_node *parse_unary(struct parser *p)
{
    bool minus = cel_is(&p->r, "-");
    if (!minus && !cel_is(&p->r, "!"))
        return parse_member(p);
    if (++p->depth > CEL_DEPTH_MAX)
        return too_deep(p, p->r.word.at);
    struct cel_node *n = parse_sign(p, minus);
    p->depth--;
    return n;
}

/* What two operands have to be to each other. */
enum pair { EITHER, ALIKE, COMPARABLE };

struct binary {
    const char *name;
    cel_do *run;
    char sign;
    int level;            /* the tighter, the higher */
    unsigned left, right; /* kinds of the operands */
    enum pair pair;
};

enum { LOOSEST = 1, TIGHTEST = 5 };

static const struct binary binaries[] = {
    {"||", cel_do_or, 0, 1, KIND(CEL_BOOL), KIND(CEL_BOOL), EITHER},
    {"&&", cel_do_and, 0, 2, KIND(CEL_BOOL), KIND(CEL_BOOL), EITHER},
    {"==", cel_do_equal, 0, 3, ANY, ANY, COMPARABLE},
    {"!=", cel_do_unequal, 0, 3, ANY, ANY, COMPARABLE},
    {"<", cel_do_order, '<', 3, ORDERED, ORDERED, COMPARABLE},
    {">", cel_do_order, '>', 3, ORDERED, ORDERED, COMPARABLE},
    {"<=", cel_do_order, 'l', 3, ORDERED, ORDERED, COMPARABLE},
    {">=", cel_do_order, 'g', 3, ORDERED, ORDERED, COMPARABLE},
    {"in", cel_do_in, 0, 3, ANY, KIND(CEL_LIST) | KIND(CEL_MAP), EITHER},
    {"+", cel_do_arithmetic, '+', 4, ADDED, ADDED, ALIKE},
    {"-", cel_do_arithmetic, '-', 4, NUMBERS, NUMBERS, ALIKE},
    {"*", cel_do_arithmetic, '*', 5, NUMBERS, NUMBERS, ALIKE},
    {"/", cel_do_arithmetic, '/', 5, NUMBERS, NUMBERS, ALIKE},
    {"%", cel_do_arithmetic, '%', 5, WHOLE, WHOLE, ALIKE},
};

static const struct binary *binary_here(const struct parser *p, int level)
{
    for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++)
        if (binaries[i].level == level && cel_is(&p->r, binaries[i].name))
            return &binaries[i];
    return NULL;
}

static bool pair_fits(
    struct parser *p, const struct binary *b, enum cel_kind left, enum cel_kind right, size_t at)
{
    if (b->pair == EITHER || left == right || left == CEL_DYN || right == CEL_DYN)
        return true;
    if (b->pair == COMPARABLE && cel_is_number(left) && cel_is_number(right))
        return true;
    if (b->pair == COMPARABLE && (left == CEL_NULL || right == CEL_NULL))
        return true;
    cel_refuse(&p->r, at, "\"%s\" does not go with %s and %s", b->name, cel_kind_name(left),
        cel_kind_name(right));
    return false;
}

static struct cel_node *parse_level(struct parser *p, int level);

static struct cel_node *parse_right(struct parser *p, const struct binary *b, struct cel_node *left)
{
    size_t at = p->r.word.at;
    char name[8] = "\"";
    strcat(strcat(name, b->name), "\"");
    if (!next(p))
        return NULL;
    struct cel_node *right = parse_level(p, b->level + 1);
    if (!right || !fits(p, left, b->left, at, name) || !fits(p, right, b->right, at, name) ||
        !pair_fits(p, b, left->kind, right->kind, at))
        return NULL;
    enum cel_kind kind = b->pair != ALIKE        ? CEL_BOOL
                         : left->kind != CEL_DYN ? left->kind
                                                 : right->kind;
    struct cel_node *n = new_node(p, b->run, kind, at);
    if (!n)
        return NULL;
    n->sign = b->sign;
    return take(p, n, 0, left) && take(p, n, 1, right) ? n : NULL;
}

/* All operators of a level take what stands left of them first. */
static struct cel_node *parse_level(struct parser *p, int level)
{
    const struct binary *b;
    struct cel_node *n = level > TIGHTEST ? parse_unary(p) : parse_level(p, level + 1);
    while (n && level <= TIGHTEST && (b = binary_here(p, level)))
        n = parse_right(p, b, n);
    return n;
}

static struct cel_node *parse_choice(struct parser *p, struct cel_node *condition, size_t at)
{
    struct cel_node *yes, *no;
    if (!fits(p, condition, KIND(CEL_BOOL), at, "\"?\"") || !next(p) ||
        !(yes = parse_level(p, LOOSEST)) || !need(p, ":", "\":\"") || !(no = parse_expr(p)))
        return NULL;
    enum cel_kind kind = yes->kind == no->kind ? yes->kind : CEL_DYN;
    struct cel_node *n = new_node(p, cel_do_choose, kind, at);
    if (!n || !take(p, n, 0, condition) || !take(p, n, 1, yes) || !take(p, n, 2, no))
        return NULL;
    return n;
}

static struct cel_node *parse_expr(struct parser *p)
{
    if (++p->depth > CEL_DEPTH_MAX)
        return too_deep(p, p->r.word.at);
    struct cel_node *n = parse_level(p, LOOSEST);
    if (n && cel_is(&p->r, "?"))
        n = parse_choice(p, n, p->r.word.at);
    p->depth--;
    return n;
}

/* ---- the whole ---- */

static enum status parse(struct parser *p)
{
    if (p->r.len > CEL_TEXT_MAX)
        return error_set(
            p->r.err, STATUS_BAD_REQUEST, "the expression is longer than %d bytes", CEL_TEXT_MAX);
    if (!utf8_valid(p->r.text, p->r.len, NULL))
        return error_set(p->r.err, STATUS_BAD_REQUEST, "the expression is not UTF-8");
    struct cel_node *n = next(p) ? parse_expr(p) : NULL;
    if (!n)
        return p->r.err->status;
    if (p->r.word.type != CEL_WORD_END) {
        unexpected(p, "an operator or the end");
        return STATUS_BAD_REQUEST;
    }
    if (n->kind != CEL_BOOL && n->kind != CEL_DYN)
        return error_set(p->r.err, STATUS_BAD_REQUEST,
            "the expression is %s: it has to be true or false", cel_kind_name(n->kind));
    p->expr->root = n;
    return STATUS_OK;
}

enum status cel_parse(const char *text, struct cel **out, struct error *err)
{
    struct error own;
    struct cel *expr = calloc(1, sizeof *expr);
    if (!expr)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    struct parser p = {.expr = expr,
        .r = {.text = text, .len = strlen(text), .memory = &expr->memory, .err = err ? err : &own}};
    enum status st = parse(&p);
    if (st)
        cel_free(expr);
    else
        *out = expr;
    return st;
}

void cel_free(struct cel *expr)
{
    if (!expr)
        return;
    for (struct cel_pattern *one = expr->patterns, *more; one; one = more) {
        more = one->next;
        regular_free(one->compiled);
        free(one);
    }
    cel_memory_release(&expr->memory);
    free(expr);
}
