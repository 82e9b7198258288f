#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALLOC_MIN = 64 };

void buf_init(struct buf *b, size_t cap)
{
    *b = (struct buf){.cap = cap};
}

void buf_release(struct buf *b)
{
    free(b->data);
    buf_init(b, b->cap);
}

enum status buf_reserve(struct buf *b, size_t extra)
{
    if (b->failed)
        return b->failed;
    if (b->len > b->cap || extra > b->cap - b->len)
        return b->failed = STATUS_TOO_LARGE;
    size_t need = b->len + extra + 1;
    if (need <= b->alloc)
        return STATUS_OK;
    size_t room = b->alloc ? b->alloc : ALLOC_MIN;
    while (room < need)
        room += room / 2 + ALLOC_MIN;
    if (room > b->cap + 1)
        room = b->cap + 1 > need ? b->cap + 1 : need;
    char *data = realloc(b->data, room);
    if (!data)
        return b->failed = STATUS_NO_MEMORY;
    b->data = data;
    b->alloc = room;
    b->data[b->len] = 0;
    return STATUS_OK;
}

void buf_grew(struct buf *b, size_t len)
{
    b->len += len;
    b->data[b->len] = 0;
}

enum status buf_add(struct buf *b, const void *bytes, size_t len)
{
    if (b->failed || b->alloc - b->len <= len) { /* alloc is at most cap + 1 */
        enum status st = buf_reserve(b, len);
        if (st)
            return st;
    }
    if (len)
        memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = 0;
    return STATUS_OK;
}

enum status buf_adds(struct buf *b, const char *s)
{
    return buf_add(b, s, strlen(s));
}

enum status buf_addc(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

enum status buf_add_int(struct buf *b, int64_t v)
{
    char digits[24], *at = digits + sizeof digits;
    uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do
        *--at = (char)('0' + left % 10);
    while (left /= 10);
    if (v < 0)
        *--at = '-';
    return buf_add(b, at, (size_t)(digits + sizeof digits - at));
}

enum status buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0)
        return b->failed = STATUS_NO_MEMORY;
    enum status st = buf_reserve(b, (size_t)n);
    if (st)
        return st;
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
    buf_grew(b, (size_t)n);
    return STATUS_OK;
}

enum status buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    enum status st = buf_vprintf(b, fmt, ap);
    va_end(ap);
    return st;
}

void buf_consume(struct buf *b, size_t n)
{
    if (!n)
        return;
    b->len -= n;
    memmove(b->data, b->data + n, b->len + 1);
}

void buf_truncate(struct buf *b, size_t len)
{
    if (len >= b->len)
        return;
    b->len = len;
    b->data[len] = 0;
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->failed = STATUS_OK;
    if (b->data)
        b->data[0] = 0;
}

void buf_shrink(struct buf *b, size_t keep)
{
    if (b->alloc > keep)
        buf_release(b);
    else
        buf_reset(b);
}

enum status buf_status(const struct buf *b)
{
    return b->failed;
}

const char *buf_str(const struct buf *b)
{
    return b->data ? b->data : "";
}

char *buf_detach(struct buf *b)
{
    char *data = b->failed ? NULL : b->data ? b->data : strdup("");
    if (b->failed)
        free(b->data);
    buf_init(b, b->cap);
    return data;
}

void buf_wipe(struct buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->alloc);
    buf_release(b);
}
