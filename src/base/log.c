#include "base/log.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/units.h"
#include "base/utf8.h"

enum { VALUE_MAX = 1024 };

enum target { TARGET_NONE, TARGET_STDERR, TARGET_SYSLOG };

struct log {
    enum target target;
};

static const struct {
    const char *name;
    int priority;
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", LOG_ERR},
    [LOG_LEVEL_WARN] = {"warn", LOG_WARNING},
    [LOG_LEVEL_INFO] = {"info", LOG_INFO},
};

enum status log_open(struct log **out, const char *where, const char *name, struct error *err)
{
    static const char *const names[] = {"none", "stderr", "syslog"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], where))
            continue;
        struct log *log = calloc(1, sizeof *log);
        if (!log)
            return error_set(err, STATUS_NO_MEMORY, "out of memory for the log");
        log->target = (enum target)i;
        if (log->target == TARGET_SYSLOG)
            openlog(name, LOG_PID, LOG_DAEMON);
        *out = log;
        return STATUS_OK;
    }
    return error_set(
        err, STATUS_BAD_REQUEST, "no log \"%s\": there are stderr, syslog and none", where);
}

void log_close(struct log *log)
{
    if (log && log->target == TARGET_SYSLOG)
        closelog();
    free(log);
}

void log_begin(struct log *log, struct log_line *line, enum log_level level, const char *msg)
{
    buf_init(&line->text, BUF_SMALL);
    line->level = level;
    if (!log || log->target == TARGET_NONE)
        return;
    if (log->target == TARGET_STDERR) { /* syslog has its own */
        char now[32];
        units_print_time(units_now_ms(), now);
        buf_adds(&line->text, "time=");
        buf_adds(&line->text, now);
        buf_addc(&line->text, ' ');
    }
    buf_adds(&line->text, "level=");
    buf_adds(&line->text, levels[level].name);
    log_str(line, "msg", msg);
}

/* U+0080 to U+009F: to some terminals they are what ESC and a letter are. */
static bool is_c1(const char *s)
{
    return s[0] == '\xC2' && (unsigned char)s[1] < 0xA0;
}

static bool is_plain(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)s[i] <= ' ' || s[i] == '"' || s[i] == '=' || s[i] == 0x7F ||
            is_c1(s + i))
            return false;
    return len > 0 && utf8_valid(s, len, NULL);
}

static void add_quoted(struct buf *out, const char *s, size_t len)
{
    struct buf clean;
    struct utf8_stream u = {0};
    buf_init(&clean, 3 * VALUE_MAX + 8);
    utf8_feed(&u, s, len, &clean);
    utf8_finish(&u, &clean);
    buf_addc(out, '"');
    for (size_t i = 0; i < clean.len; i++) {
        char c = clean.data[i];
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c == '\n')
            buf_adds(out, "\\n");
        else if ((unsigned char)c < ' ' || c == 0x7F)
            buf_printf(out, "\\x%02x", (unsigned)c);
        else if (is_c1(clean.data + i))
            buf_printf(out, "\\x%02x", (unsigned)(unsigned char)clean.data[++i]);
        else
            buf_addc(out, c);
    }
    buf_addc(out, '"');
    buf_release(&clean);
}

static void add_key(struct log_line *line, const char *key)
{
    buf_addc(&line->text, ' ');
    buf_adds(&line->text, key);
    buf_addc(&line->text, '=');
}

void log_str(struct log_line *line, const char *key, const char *value)
{
    if (!value || !line->text.len)
        return;
    size_t len = utf8_cut(value, strlen(value), VALUE_MAX);
    add_key(line, key);
    if (is_plain(value, len))
        buf_add(&line->text, value, len);
    else
        add_quoted(&line->text, value, len);
}

void log_int(struct log_line *line, const char *key, int64_t value)
{
    if (!line->text.len)
        return;
    add_key(line, key);
    buf_add_int(&line->text, value);
}

void log_end(struct log *log, struct log_line *line)
{
    if (line->text.len && !buf_status(&line->text)) {
        if (log->target == TARGET_SYSLOG) {
            syslog(levels[line->level].priority, "%s", buf_str(&line->text));
        } else {
            buf_addc(&line->text, '\n');
            ssize_t n = write(STDERR_FILENO, line->text.data, line->text.len);
            (void)n; /* there is nowhere else to say it */
        }
    }
    buf_release(&line->text);
}

void log_message(struct log *log, enum log_level level, const char *msg, const struct error *err)
{
    struct log_line line;
    log_begin(log, &line, level, msg);
    log_str(&line, "error", err ? err->text : NULL);
    log_end(log, &line);
}
