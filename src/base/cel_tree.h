/*
 * Conditions (cel.h), inside: words and the tree that is made of them.
 */
#ifndef MAGEC_BASE_CEL_TREE_H
#define MAGEC_BASE_CEL_TREE_H

#include "base/cel_value.h"
#include "base/regular.h"

/* ---- words ---- */

enum cel_word_type { CEL_WORD_END, CEL_WORD_NAME, CEL_WORD_LITERAL, CEL_WORD_SIGN };

struct cel_word {
    enum cel_word_type type;
    size_t at, len;         /* in the text */
    struct cel_value value; /* of a literal; an int may be 2^63, for what stands behind a minus */
};

struct cel_reader {
    const char *text;
    size_t len;
    struct cel_word word; /* the one that is looked at */
    struct cel_memory *memory;
    struct error *err;
};

/* Goes to the next word; STATUS_BAD_REQUEST. */
enum status cel_next(struct cel_reader *r);
/* Whether the word is this sign or name. */
bool cel_is(const struct cel_reader *r, const char *word);
/* "column 7", or with a line when there are several. */
void cel_place(const struct cel_reader *r, size_t at, char out[64]);
/* The column of a byte, from 1. */
unsigned cel_column(const struct cel_reader *r, size_t at);
/* Fills err with the place and what is wrong there. */
enum status cel_refuse(const struct cel_reader *r, size_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- the tree ---- */

struct cel_node;
typedef struct cel_value cel_do(struct cel_run *run, const struct cel_node *n);

enum { CEL_KIDS = 3 };

struct cel_node {
    cel_do *run;
    enum cel_kind kind;       /* of what it gives; CEL_DYN: known when it runs */
    int depth;                /* levels below it, and its own */
    unsigned column;          /* of its operator, or of what it is */
    char sign;                /* of arithmetic; comparisons: < > and l g for <= >= */
    size_t count;             /* of a list: items; of a map: pairs */
    struct cel_value literal; /* of a literal; of a selection: the key */
    struct cel_node *kids[CEL_KIDS];
    struct cel_node *next;         /* in a list or map, whose first is kids[0] */
    const struct regular *pattern; /* matches with a literal: compiled */
};

struct cel {
    struct cel_node *root;
    struct cel_memory memory;
    struct cel_pattern *patterns; /* that are to be freed */
};

struct cel_pattern {
    struct cel_pattern *next;
    struct regular *compiled;
};

/* What nodes do. */
cel_do cel_do_literal, cel_do_state, cel_do_select, cel_do_index, cel_do_has, cel_do_list,
    cel_do_map, cel_do_not, cel_do_negate, cel_do_arithmetic, cel_do_order, cel_do_equal,
    cel_do_unequal, cel_do_in, cel_do_and, cel_do_or, cel_do_choose, cel_do_size, cel_do_contains,
    cel_do_starts, cel_do_ends, cel_do_matches, cel_do_int, cel_do_double, cel_do_string;

/* Compiles a pattern after it was looked at; the text says why not. */
enum status cel_pattern_compile(
    const struct cel_value *text, struct regular **out, struct error *err);

#endif
