#include "base/json_alike.h"

void json_alike_init(struct json_alike *a)
{
    *a = (struct json_alike){.at = 0};
    buf_init(&a->rest, JSON_ALIKE_MAX);
}

void json_alike_release(struct json_alike *a)
{
    buf_release(&a->rest);
}

void json_alike_keep(
    struct json_alike *a, const char *text, size_t len, const struct json_slice *string)
{
    const char *behind = string->bytes + string->len;
    a->at = (size_t)(string->bytes - text);
    buf_reset(&a->rest);
    buf_add(&a->rest, text, a->at);
    buf_add(&a->rest, behind, (size_t)(text + len - behind));
    if (buf_status(&a->rest))
        buf_reset(&a->rest);
}

bool json_alike_match(
    const struct json_alike *a, const char *text, size_t len, struct json_slice *string)
{
    struct json_scan s;
    const struct buf *rest = &a->rest;
    if (!rest->len || len < rest->len || memcmp(text, rest->data, a->at) != 0)
        return false;
    json_scan_init(&s, text + a->at - 1, len - a->at + 1); /* from the quote on */
    json_scan_value(&s, string);
    size_t left = (size_t)(s.end - s.at);
    return string->kind == JSON_STRING && left == rest->len - a->at - 1 &&
           !memcmp(s.at, rest->data + a->at + 1, left);
}
