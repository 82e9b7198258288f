/*
 * The log: one logfmt line per event, to stderr or to syslog. Threads may share one; a line is
 * written with one call. Never a token, a key or a prompt: what is logged is named in the code,
 * field by field.
 */
#ifndef MAGEC_BASE_LOG_H
#define MAGEC_BASE_LOG_H

#include <stdint.h>

#include "base/buf.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO };

struct log;

/* where: "stderr", "syslog" or "none". name is the program's, kept by reference. */
enum status log_open(struct log **out, const char *where, const char *name, struct error *err);
void log_close(struct log *log);

/* One line being built. Lives on the stack; log_end writes and releases it. */
struct log_line {
    struct buf text;
    enum log_level level;
};

/* Begins with time=, level= and msg=. log may be NULL everywhere: then nothing is written. */
void log_begin(struct log *log, struct log_line *line, enum log_level level, const char *msg);
/* key=value; the value is quoted when logfmt needs it, control characters are escaped and long
 * values are cut at 1 kB. NULL is left out. */
void log_str(struct log_line *line, const char *key, const char *value);
void log_int(struct log_line *line, const char *key, int64_t value);
void log_end(struct log *log, struct log_line *line);
/* A whole line with a message and, if err is not NULL, its text as error=. */
void log_message(struct log *log, enum log_level level, const char *msg, const struct error *err);

#endif
