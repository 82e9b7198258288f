/*
 * What an entity is made of: a table of fields for each kind. From it come its columns, its
 * statements, its JSON, and what of a JSON object has no meaning.
 */
#ifndef MAGEC_STORE_FIELDS_H
#define MAGEC_STORE_FIELDS_H

#include "store/entity.h"

enum field_type {
    FIELD_TEXT,      /* char *; NULL: none */
    FIELD_OBJECT,    /* char *: a JSON object as compact text, at most max bytes; NULL: none */
    FIELD_LIST,      /* struct strings */
    FIELD_HEADERS,   /* struct strings: "Name: value" */
    FIELD_ENV,       /* struct strings: "NAME=value" or "NAME" */
    FIELD_COUNT,     /* int64_t; 0: none */
    FIELD_DURATION,  /* int64_t: milliseconds; 0: none */
    FIELD_DEADLINES, /* struct deadlines: four columns */
    FIELD_FLAG,      /* bool */
    FIELD_CHOICE,    /* bool: the first or the second of words */
    FIELD_WORD,      /* nothing: the member is words[0] */
    FIELD_ELSEWHERE, /* nothing: the member has its meaning elsewhere */
    FIELD_EXTRA      /* char *: the members without one, a JSON object; ends the table */
};

enum {
    FIELD_NEEDED = 1, /* never NULL in a whole store */
    FIELD_ALWAYS = 2, /* written when it is empty, too */
    FIELD_ON = 4,     /* a flag that is set unless it is said */
    FIELD_PROSE = 8,  /* text for people and models: valid UTF-8 */
    FIELD_READ = 16,  /* the column is an expression: written by save */
    FIELD_SOME = 32,  /* an object without members is none */
    FIELD_FLOWS = 64, /* where it refers to agents, flows will do */
    FIELD_PAIRS = 256 /* an environment that is written as an object, as Magec has it, if it can */
};

/* Fields whose path begins alike stand together. Objects on the way are always written, but for
 * those of numbers alone. */
struct field {
    const char *column; /* as SQL; NULL: none */
    const char *path;   /* in JSON, "llm.model"; NULL of FIELD_EXTRA */
    enum field_type type;
    unsigned flags;
    size_t at; /* in the struct */
    size_t max;
    const char *const *words;
    const struct entity_kind *refers;    /* its texts are ids of that kind, which must be there */
    bool (*is_secret)(const char *text); /* of a text: then it is withheld */
};

#define DEADLINE_COLUMNS "connect_ms, first_byte_ms, idle_ms, total_ms"

/* Who uses an entity: a query of ids with one parameter, and what these are. */
struct entity_user {
    const char *query, *name; /* NULL ends a list */
};

struct entity_kind {
    const char *name;
    size_t size;
    const struct field *fields;
    const struct entity_user *users; /* or NULL */
    /* What the fields alone do not say. May put them right. */
    enum status (*check)(struct store *s, void *e, struct error *err);
    void (*taken)(void *e); /* puts right what came from JSON; or NULL */
    /* Writes what is in other tables, after the row; or NULL. */
    enum status (*save)(struct store *s, const void *e, struct error *err);
    /* Takes it off its users before it is removed; or NULL. */
    enum status (*unlink)(struct store *s, const char *id, struct error *err);
};

const struct field *field_find(const struct entity_kind *kind, const char *path);
/* From the object that the entity is. */
enum status field_from_json(
    const struct field *f, const struct json *j, void *e, struct error *err);
/* As the member key of the object that is open, unless it is empty. */
void field_to_json(
    const struct field *f, const char *key, const void *e, bool secrets, struct json_writer *w);
void field_release(const struct field *f, void *e);
void list_to_json(const char *key, const struct strings *l, struct json_writer *w);

/* The members of an object that have no meaning here, as JSON text, or NULL when there are none. A
 * secret that an export withheld is remembered as such: it is one of them, and null. */
enum status extra_from_json(
    const struct json *j, const struct entity_kind *kind, char **extra, struct error *err);
bool extra_has(const char *extra, const char *path);
/* Writes back those of the member at path ("" is the object itself) into an object that was begun.
 */
void extra_to_json(const char *extra, const struct entity_kind *kind, const char *path,
    bool secrets, struct json_writer *w);

/* Whether the table has the id. */
enum status entity_exists(struct store *s, const struct entity_kind *kind, const char *id,
    bool *exists, struct error *err);
/* Says that the id is not there, with the nearest one that is; returns what. */
enum status entity_missing(struct store *s, const struct entity_kind *kind, const char *id,
    enum status what, struct error *err);
/* The same of what the field refers to. */
enum status field_missing(
    struct store *s, const struct field *f, const char *id, enum status what, struct error *err);
/* Whether what the field refers to has the id. */
enum status field_refers_to(
    struct store *s, const struct field *f, const char *id, bool *exists, struct error *err);
/* Checks the id of an entity that is to be added, or makes one; and checks the fields. */
enum status entity_check_id(
    struct store *s, const struct entity_kind *kind, char **id, struct error *err);
enum status entity_check(
    struct store *s, const struct entity_kind *kind, void *e, struct error *err);

#endif
