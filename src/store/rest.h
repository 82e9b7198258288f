/*
 * Ids in lists of an entity that refer to nothing here. An import takes the entity without them and
 * keeps them, {"mcpServers":["id"]}, so that an export has them again.
 */
#ifndef MAGEC_STORE_REST_H
#define MAGEC_STORE_REST_H

#include "store/fields.h"
#include "store/internal.h"

/* Takes them off the entity, which need not be stored; text stays empty when there are none. */
enum status rest_take(
    struct store *s, const struct entity_kind *kind, void *e, struct buf *text, struct error *err);
/* Keeps the text for the id, in the place of what was kept for it before. */
enum status rest_keep(
    struct store *s, const char *collection, const char *id, const char *text, struct error *err);
/* What is kept for the stored entity; NULL when there is nothing. */
enum status rest_read(struct store *s, const struct entity_kind *kind, const char *collection,
    const char *id, struct json **out, struct error *err);
/* Adds it to the lists of the entity. */
enum status rest_give(
    const struct entity_kind *kind, const struct json *rest, void *e, struct error *err);
/* A field with such a list, behind f or (NULL) the first; NULL: no further one. */
const struct field *rest_field(const struct entity_kind *kind, const struct field *f);

/* After an upgrade of the schema: what was only kept has a meaning by now. */
enum status kept_adopt(struct store *s, struct error *err);
/* Keeps a text in the place of what was kept under that id. */
enum status kept_put(struct store *s, const char *collection, enum kept_part part, const char *id,
    const char *text, struct error *err);

#endif
