/*
 * What backends, agents, commands and clients have in common: each is a struct whose fields stand
 * in a table (store/fields.h), and everything here works from that table. The first member of the
 * struct is its id.
 */
#ifndef MAGEC_STORE_ENTITY_H
#define MAGEC_STORE_ENTITY_H

#include "base/json.h"
#include "base/strings.h"
#include "store/store.h"

struct entity_kind;

/* Empty, with what is so unless it is said. */
void entity_init(const struct entity_kind *kind, void *e);
void entity_release(const struct entity_kind *kind, void *e);
/* One on the heap, initialised; NULL when there is no memory. */
void *entity_new(const struct entity_kind *kind);
void entity_free(const struct entity_kind *kind, void *e); /* NULL is fine */
const char *entity_id(const void *e);
/* "backend": the table, and what it is called in messages. */
const char *entity_name(const struct entity_kind *kind);

/* STATUS_BAD_REQUEST for a wrong id and for fields that cannot be, STATUS_CONFLICT for an id that
 * is there. An empty id becomes a UUID. What the fields refer to must be there. */
enum status entity_add(struct store *s, const struct entity_kind *kind, void *e, struct error *err);
/* Replaces all fields of the one with the same id; STATUS_NOT_FOUND. */
enum status entity_update(
    struct store *s, const struct entity_kind *kind, void *e, struct error *err);
/* *out must be initialised; it is released and filled. STATUS_NOT_FOUND. */
enum status entity_get(
    struct store *s, const struct entity_kind *kind, const char *id, void *out, struct error *err);
/* In order of id. What visit gets is valid during the call; what it returns ends the walk. */
enum status entity_each(struct store *s, const struct entity_kind *kind,
    enum status (*visit)(void *ctx, const void *e), void *ctx, struct error *err);
/* STATUS_CONFLICT names what uses it, unless force: then that is changed or removed with it. */
enum status entity_remove(
    struct store *s, const struct entity_kind *kind, const char *id, bool force, struct error *err);

/* Magec's field names. Without secrets those that are no references are null. from_json takes what
 * to_json writes; members without a meaning stay with it. */
enum status entity_from_json(
    const struct entity_kind *kind, const struct json *j, void *e, struct error *err);
void entity_to_json(
    const struct entity_kind *kind, const void *e, bool secrets, struct json_writer *w);
/* The members alone, into an object that was begun. */
void entity_write_members(
    const struct entity_kind *kind, const void *e, bool secrets, struct json_writer *w);

/* Gives the field at path ("llm.model", "deadlines.idle") what people write: the values of a list,
 * else the last one. An empty one clears. */
enum status entity_set(const struct entity_kind *kind, void *e, const char *path,
    const struct strings *values, struct error *err);

/* All of it once more for one kind, by the name of its struct. */
#define ENTITY_API(type)                                                                           \
    extern const struct entity_kind type##_kind;                                                   \
    static inline void type##_init(struct type *e)                                                 \
    {                                                                                              \
        entity_init(&type##_kind, e);                                                              \
    }                                                                                              \
    static inline void type##_release(struct type *e)                                              \
    {                                                                                              \
        entity_release(&type##_kind, e);                                                           \
    }                                                                                              \
    static inline enum status type##_add(struct store *s, struct type *e, struct error *err)       \
    {                                                                                              \
        return entity_add(s, &type##_kind, e, err);                                                \
    }                                                                                              \
    static inline enum status type##_update(struct store *s, struct type *e, struct error *err)    \
    {                                                                                              \
        return entity_update(s, &type##_kind, e, err);                                             \
    }                                                                                              \
    static inline enum status type##_get(                                                          \
        struct store *s, const char *id, struct type *out, struct error *err)                      \
    {                                                                                              \
        return entity_get(s, &type##_kind, id, out, err);                                          \
    }                                                                                              \
    static inline enum status type##_remove(                                                       \
        struct store *s, const char *id, bool force, struct error *err)                            \
    {                                                                                              \
        return entity_remove(s, &type##_kind, id, force, err);                                     \
    }                                                                                              \
    static inline enum status type##_from_json(                                                    \
        const struct json *j, struct type *out, struct error *err)                                 \
    {                                                                                              \
        return entity_from_json(&type##_kind, j, out, err);                                        \
    }                                                                                              \
    static inline void type##_to_json(const struct type *e, bool secrets, struct json_writer *w)   \
    {                                                                                              \
        entity_to_json(&type##_kind, e, secrets, w);                                               \
    }                                                                                              \
    struct type##_visit {                                                                          \
        enum status (*visit)(void *ctx, const struct type *e);                                     \
        void *ctx;                                                                                 \
    };                                                                                             \
    static inline enum status type##_visited(void *ctx, const void *e)                             \
    {                                                                                              \
        const struct type##_visit *v = ctx;                                                        \
        return v->visit(v->ctx, e);                                                                \
    }                                                                                              \
    static inline enum status type##_each(struct store *s,                                         \
        enum status (*visit)(void *ctx, const struct type *e), void *ctx, struct error *err)       \
    {                                                                                              \
        struct type##_visit v = {visit, ctx};                                                      \
        return entity_each(s, &type##_kind, type##_visited, &v, err);                              \
    }

#endif
