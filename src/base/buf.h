/*
 * Bytes that grow, up to a cap that is named when the buffer is made.
 *
 * data is NUL-terminated at data[len] whenever it is not NULL, so text can be passed to C; the
 * terminator is not counted. A failed addition (over the cap, or out of memory) leaves what was
 * there and is remembered in failed: a builder may add many times and ask once, at the end, with
 * buf_status(). Every later addition to a failed buffer is refused.
 */
#ifndef MAGEC_BASE_BUF_H
#define MAGEC_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct buf {
    char *data;
    size_t len;
    size_t alloc;
    size_t cap;         /* most bytes it may hold */
    enum status failed; /* STATUS_OK, STATUS_TOO_LARGE or STATUS_NO_MEMORY */
};

/* A cap for what is small by nature: a path, a header, an error. */
#define BUF_SMALL ((size_t)64 * 1024)

/* An empty buffer; nothing is allocated until something is added. */
void buf_init(struct buf *b, size_t cap);
/* Frees the bytes; the buffer is empty and usable again, with the same cap. Works on a zeroed one.
 */
void buf_release(struct buf *b);

enum status buf_add(struct buf *b, const void *bytes, size_t len);
enum status buf_adds(struct buf *b, const char *s);
enum status buf_addc(struct buf *b, char c);
/* In decimal. */
enum status buf_add_int(struct buf *b, int64_t v);
enum status buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
enum status buf_vprintf(struct buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
/* Makes room for extra more bytes behind len; the caller writes there and then calls buf_grew. */
enum status buf_reserve(struct buf *b, size_t extra);
void buf_grew(struct buf *b, size_t len);

/* Drops the first n bytes (n <= len). */
void buf_consume(struct buf *b, size_t n);
/* Drops what is behind the first len bytes (len <= b->len). */
void buf_truncate(struct buf *b, size_t len);
/* Empty again, failure forgotten, memory kept. */
void buf_reset(struct buf *b);
/* Empty again, and memory over keep bytes given back. */
void buf_shrink(struct buf *b, size_t keep);
/* What the first failed addition returned. */
enum status buf_status(const struct buf *b);
/* The text ("" when nothing was added), owned by the buffer. */
const char *buf_str(const struct buf *b);
/* Hands the bytes to the caller, who frees them with free(); NULL after a failure (or when out of
 * memory for an empty text). The buffer is empty afterwards. */
char *buf_detach(struct buf *b);
/* Releases it, the bytes overwritten before: for keys. */
void buf_wipe(struct buf *b);

#endif
