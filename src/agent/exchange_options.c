#include <string.h>

#include "agent/exchange_request.h"

struct json_slice exchange_options(const struct ask *ask)
{
    struct json_scan scan;
    struct json_slice all = {0};
    const char *text = ask->agent->options ? ask->agent->options : "";
    json_scan_init(&scan, text, strlen(text));
    json_scan_value(&scan, &all);
    return all.kind == JSON_OBJECT ? all : (struct json_slice){0};
}

struct json_slice exchange_member(const struct json_slice *object, const char *name)
{
    struct json_scan scan;
    struct json_slice key, value, found = {0};
    json_scan_init(&scan, object->bytes, object->len);
    if (!json_scan_object(&scan))
        return found;
    while (json_scan_member(&scan, &key)) {
        json_scan_value(&scan, &value);
        if (json_slice_is(&key, name))
            found = value;
    }
    return found;
}

static bool is_one_of(const struct json_slice *key, const char *const *names)
{
    for (; names && *names; names++)
        if (json_slice_is(key, *names))
            return true;
    return false;
}

void exchange_add_members_but(
    struct json_writer *w, const struct json_slice *object, const char *const *but)
{
    struct json_scan scan;
    struct json_slice key, value;
    struct buf name;
    json_scan_init(&scan, object->bytes, object->len);
    if (!json_scan_object(&scan))
        return;
    buf_init(&name, BUF_SMALL);
    while (json_scan_member(&scan, &key)) {
        json_scan_value(&scan, &value);
        if (value.kind == JSON_NULL || is_one_of(&key, but))
            continue;
        buf_reset(&name);
        json_slice_add(&key, &name);
        json_key(w, buf_str(&name));
        size_t quote = value.kind == JSON_STRING;
        json_put_raw(w, value.bytes - quote, value.len + 2 * quote);
    }
    buf_release(&name);
}

void exchange_add_members(struct json_writer *w, const struct json_slice *object, const char *but)
{
    const char *const list[] = {but, NULL};
    exchange_add_members_but(w, object, list);
}

void exchange_add_objects(struct json_writer *w, const struct json_slice *array)
{
    struct json_scan scan;
    struct json_slice one;
    json_scan_init(&scan, array->bytes, array->len);
    if (array->kind != JSON_ARRAY || !json_scan_array(&scan))
        return;
    while (json_scan_element(&scan)) {
        json_scan_value(&scan, &one);
        if (one.kind == JSON_OBJECT)
            json_put_raw(w, one.bytes, one.len);
    }
}

bool exchange_has_option(const struct ask *ask, const char *member)
{
    struct json_slice all = exchange_options(ask);
    return exchange_member(&all, member).kind != JSON_ABSENT;
}

void exchange_add_options(const struct ask *ask, struct json_writer *w)
{
    struct json_slice all = exchange_options(ask);
    exchange_add_members(w, &all, NULL);
}

enum status exchange_check_options(
    const struct exchange_kind *kind, const char *options, struct error *err)
{
    struct json_scan scan;
    struct json_slice all;
    if (!options)
        return STATUS_OK;
    json_scan_init(&scan, options, strlen(options));
    json_scan_value(&scan, &all);
    if (!json_scan_end(&scan) || all.kind != JSON_OBJECT)
        return error_set(err, STATUS_CONFIG, "the options are not a JSON object: set them again");
    for (const char *const *own = kind->own_members; own && *own; own++)
        if (exchange_member(&all, *own).kind != JSON_ABSENT)
            return error_set(err, STATUS_CONFIG,
                "the option \"%s\" cannot be set: it is a part of every request", *own);
    return STATUS_OK;
}
