#include "base/cel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cel_tree.h"

static struct cel_value run_node(struct cel_run *run, const struct cel_node *n)
{
    if (!cel_charge(run, 1))
        return cel_too_much(run);
    return n->run(run, n);
}

/* The values of a node's first kids. */
static bool run_kids(
    struct cel_run *run, const struct cel_node *n, int count, struct cel_value values[CEL_KIDS])
{
    for (int i = 0; i < count; i++) {
        values[i] = run_node(run, n->kids[i]);
        if (values[i].kind == CEL_ERROR) {
            values[0] = values[i];
            return false;
        }
    }
    run->at = n->column;
    return true;
}

static struct cel_value wrong_kind(
    struct cel_run *run, const struct cel_node *n, const char *what, const struct cel_value *v)
{
    run->at = n->column;
    return cel_fail(run, "%s does not go with %s", what, cel_kind_name(v->kind));
}

/* ---- values ---- */

struct cel_value cel_do_literal(struct cel_run *run, const struct cel_node *n)
{
    (void)run;
    return n->literal;
}

struct cel_value cel_do_state(struct cel_run *run, const struct cel_node *n)
{
    (void)n;
    return cel_from_json(run->state);
}

struct cel_value cel_do_select(struct cel_run *run, const struct cel_node *n)
{
    struct cel_value v[CEL_KIDS], found;
    if (!run_kids(run, n, 1, v))
        return v[0];
    if (v[0].kind != CEL_MAP)
        return wrong_kind(run, n, "a key", &v[0]);
    if (cel_lookup(run, &v[0], &n->literal, &found))
        return found;
    return cel_fail(run, "no key \"%s\"", n->literal.text);
}

struct cel_value cel_do_has(struct cel_run *run, const struct cel_node *n)
{
    struct cel_value v[CEL_KIDS], found;
    if (!run_kids(run, n, 1, v))
        return v[0];
    if (v[0].kind != CEL_MAP)
        return wrong_kind(run, n, "has()", &v[0]);
    return cel_bool(cel_lookup(run, &v[0], &n->literal, &found));
}

/* Item of a list; the index is any number that is whole. */
static struct cel_value index_list(
    struct cel_run *run, const struct cel_value *list, const struct cel_value *index)
{
    struct cel_value zero = {.kind = CEL_INT, .i = 0}, end = {.kind = CEL_UINT, .u = list->count};
    if (!cel_is_number(index->kind))
        return cel_fail(run, "a list has no item \"%s\"", cel_kind_name(index->kind));
    if (cel_compare(index, &zero) != CEL_SAME && cel_compare(index, &zero) != CEL_GREATER)
        return cel_fail(run, "the list has no such item");
    if (cel_compare(index, &end) != CEL_LESS)
        return cel_fail(run, "the list has only %zu items", list->count);
    size_t i = index->kind == CEL_DOUBLE ? (size_t)index->d : (size_t)index->u;
    if (index->kind == CEL_DOUBLE && (double)i < index->d)
        return cel_fail(run, "the list has no such item");
    return cel_item(list, i);
}

struct cel_value cel_do_index(struct cel_run *run, const struct cel_node *n)
{
    struct cel_value v[CEL_KIDS], found;
    if (!run_kids(run, n, 2, v))
        return v[0];
    if (v[0].kind == CEL_LIST)
        return index_list(run, &v[0], &v[1]);
    if (v[0].kind != CEL_MAP)
        return wrong_kind(run, n, "[...]", &v[0]);
    if (cel_lookup(run, &v[0], &v[1], &found))
        return found;
    if (v[1].kind == CEL_STRING)
        return cel_fail(run, "no key \"%.*s\"", v[1].count < 64 ? (int)v[1].count : 64, v[1].text);
    return cel_fail(run, "no such key");
}

/* Items of a list, or keys and values of a map. */
static struct cel_value collect(
    struct cel_run *run, const struct cel_node *n, enum cel_kind kind, size_t each)
{
    struct cel_value *items = cel_alloc(&run->memory, (n->count * each + 1) * sizeof *items);
    size_t i = 0;
    if (!items)
        return cel_fail(run, "it takes too much memory");
    for (const struct cel_node *kid = n->kids[0]; kid; kid = kid->next) {
        items[i] = run_node(run, kid);
        if (items[i++].kind == CEL_ERROR)
            return items[i - 1];
    }
    return (struct cel_value){.kind = kind, .count = n->count, .items = items};
}

struct cel_value cel_do_list(struct cel_run *run, const struct cel_node *n)
{
    return collect(run, n, CEL_LIST, 1);
}

struct cel_value cel_do_map(struct cel_run *run, const struct cel_node *n)
{
    struct cel_value map = collect(run, n, CEL_MAP, 2), found;
    run->at = n->column;
    for (size_t i = 0; map.kind == CEL_MAP && i < map.count; i++) {
        struct cel_value before = map;
        before.count = i;
        if (cel_lookup(run, &before, &map.items[2 * i], &found))
            return cel_fail(run, "a key of the map is there twice");
    }
    return map;
}

/* ---- operators ---- */

struct cel_value cel_do_not(struct cel_run *run, const struct cel_node *n)
{
    struct cel_value v[CEL_KIDS];
    if (!run_kids(run, n, 1, v))
        return v[0];
    return v[0].kind == CEL_BOOL ? cel_bool(!v[0].truth) : wrong_kind(run, n, "\"!\"", &v[0]);
}

struct cel_value cel_do_negate(struct cel_run *run, const struct cel_node *n)
{
    struct cel_value v[CEL_KIDS], zero = {.kind = CEL_INT, .i = 0};
    if (!run_kids(run, n, 1, v))
        return v[0];
    if (v[0].kind == CEL_DOUBLE)
        v[0].d = -v[0].d;
    else if (v[0].kind == CEL_INT)
        return cel_arithmetic(run, '-', &zero, &v[0]);
    else
        return wrong_kind(run, n, "\"-\"", &v[0]);
    return v[0];
}

struct cel_value cel_do_arithmetic(struct cel_run *run, const struct cel_node *n)
{
    struct cel_value v[CEL_KIDS];
    return run_kids(run, n, 2, v) ? cel_arithmetic(run, n->sign, &v[0], &v[1]) : v[0];
}

struct cel_value cel_do_order(struct cel_run *run, const struct cel_node *n)
{
    struct cel_value v[CEL_KIDS];
    if (!run_kids(run, n, 2, v))
        return v[0];
    bool numbers = cel_is_number(v[0].kind) && cel_is_number(v[1].kind);
    bool alike = v[0].kind == v[1].kind && (v[0].kind == CEL_STRING || v[0].kind == CEL_BOOL);
    if (!numbers && !alike)
        return cel_fail(
            run, "%s and %s have no order", cel_kind_name(v[0].kind), cel_kind_name(v[1].kind));
    enum cel_order o = cel_compare(&v[0], &v[1]);
    if (o == CEL_NO_ORDER)
        return cel_bool(false);
    return cel_bool((o == CEL_LESS && (n->sign == '<' || n->sign == 'l')) ||
                    (o == CEL_GREATER && (n->sign == '>' || n->sign == 'g')) ||
                    (o == CEL_SAME && (n->sign == 'l' || n->sign == 'g')));
}

static struct cel_value compare(struct cel_run *run, const struct cel_node *n, bool equal)
{
    struct cel_value v[CEL_KIDS];
    if (!run_kids(run, n, 2, v))
        return v[0];
    bool same = cel_equal(run, &v[0], &v[1]);
    return run->work ? cel_bool(same == equal) : cel_too_much(run);
}

struct cel_value cel_do_equal(struct cel_run *run, const struct cel_node *n)
{
    return compare(run, n, true);
}

struct cel_value cel_do_unequal(struct cel_run *run, const struct cel_node *n)
{
    return compare(run, n, false);
}

struct cel_value cel_do_in(struct cel_run *run, const struct cel_node *n)
{
    struct cel_value v[CEL_KIDS], found;
    bool there = false;
    if (!run_kids(run, n, 2, v))
        return v[0];
    if (v[1].kind != CEL_LIST && v[1].kind != CEL_MAP)
        return wrong_kind(run, n, "\"in\"", &v[1]);
    if (v[1].kind == CEL_MAP)
        there = cel_lookup(run, &v[1], &v[0], &found);
    for (size_t i = 0; v[1].kind == CEL_LIST && i < v[1].count && !there && run->work; i++) {
        struct cel_value item = cel_item(&v[1], i);
        there = cel_equal(run, &v[0], &item);
    }
    return run->work ? cel_bool(there) : cel_too_much(run);
}

/* Either side decides when it is what decides; then an error of the other does not matter. */
static struct cel_value decide(struct cel_run *run, const struct cel_node *n, bool decisive)
{
    struct cel_value wrong = {.kind = CEL_NULL};
    for (int i = 0; i < 2; i++) {
        struct cel_value v = run_node(run, n->kids[i]);
        if (v.kind == CEL_BOOL && v.truth == decisive)
            return v;
        if (v.kind != CEL_BOOL && v.kind != CEL_ERROR)
            v = wrong_kind(run, n, decisive ? "\"||\"" : "\"&&\"", &v);
        if (v.kind == CEL_ERROR && wrong.kind == CEL_NULL)
            wrong = v;
    }
    return wrong.kind == CEL_ERROR ? wrong : cel_bool(!decisive);
}

struct cel_value cel_do_and(struct cel_run *run, const struct cel_node *n)
{
    return decide(run, n, false);
}

struct cel_value cel_do_or(struct cel_run *run, const struct cel_node *n)
{
    return decide(run, n, true);
}

struct cel_value cel_do_choose(struct cel_run *run, const struct cel_node *n)
{
    struct cel_value v[CEL_KIDS];
    if (!run_kids(run, n, 1, v))
        return v[0];
    if (v[0].kind != CEL_BOOL)
        return wrong_kind(run, n, "\"?\"", &v[0]);
    return run_node(run, n->kids[v[0].truth ? 1 : 2]);
}

/* ---- the test ---- */

enum status cel_test(
    const struct cel *expr, const struct json *state, bool *result, struct error *err)
{
    struct cel_run run = {.state = state, .work = CEL_WORK_MAX, .at = 1};
    enum status st = STATUS_OK;
    *result = false;
    if (json_kind(state) != JSON_OBJECT)
        return error_set(err, STATUS_BAD_REQUEST, "the state is no object");
    struct cel_value v = run_node(&run, expr->root);
    if (v.kind == CEL_BOOL)
        *result = v.truth;
    else if (v.kind == CEL_ERROR)
        st = error_set(err, STATUS_BAD_REQUEST, "%s", v.text);
    else
        st = error_set(err, STATUS_BAD_REQUEST, "the expression is %s: it has to be true or false",
            cel_kind_name(v.kind));
    cel_memory_release(&run.memory);
    return st;
}
