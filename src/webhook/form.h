/*
 * Forms: the fields of application/x-www-form-urlencoded (WHATWG URL) and multipart/form-data (RFC
 * 7578) bodies. Pure.
 */
#ifndef MAGEC_WEBHOOK_FORM_H
#define MAGEC_WEBHOOK_FORM_H

#include "base/buf.h"

enum { FORM_FIELDS_MAX = 1000 };

struct form_field {
    char *name;
    struct buf value;
};

struct form {
    struct form_field *fields;
    size_t count;
};

void form_release(struct form *f);
/* *f must be zeroed. A "%" without two hexadecimal digits is itself, as in
 * the WHATWG parser. STATUS_BAD_REQUEST for too many fields, or a NUL in a name. */
enum status form_parse(struct form *f, const char *body, size_t len, struct error *err);
/* The boundary is taken from the content type. */
enum status form_parse_multipart(
    struct form *f, const char *body, size_t len, const char *content_type, struct error *err);
/* The first field of the name, or NULL. */
const struct buf *form_get(const struct form *f, const char *name);

#endif
