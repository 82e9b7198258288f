/*
 * The types of fields: each has functions between JSON, what people write, and C.
 */
#ifndef MAGEC_STORE_FIELD_TYPES_H
#define MAGEC_STORE_FIELD_TYPES_H

#include "store/fields.h"

/* Where a field is written: as the member key of the object that is open. */
struct place {
    const struct field *f;
    const char *key;
    bool secrets;
    struct json_writer *w;
};

struct field_functions {
    /* Reads a value, which may be absent or null. */
    enum status (*read)(
        const struct field *f, const struct json *value, void *to, struct error *err);
    /* Writes the field unless it is empty. */
    void (*write)(const struct place *p, const void *from);
    /* Takes what people write; "" is nothing. NULL of a list. */
    enum status (*set)(const struct field *f, const char *text, void *to, struct error *err);
};

extern const struct field_functions field_count, field_duration, field_deadlines, field_flag,
    field_choice;

/* One of the deadlines, by its name in JSON. */
enum status field_set_deadline(const char *name, const char *text, void *to, struct error *err);

/* Whether it is there and not null. */
bool field_given(const struct json *value);
/* Says what the field is not, and that there is no memory. */
enum status field_not(const struct field *f, const char *what, struct error *err);
enum status field_no_memory(struct error *err);

#endif
