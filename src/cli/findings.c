#include "cli/findings.h"

#include <string.h>

#include "cli/text.h"

static const char *const words[] = {"ok", "warning", "error"};

void findings_begin(struct findings *f, bool json)
{
    *f = (struct findings){.json = json};
    output_begin_list(&f->out);
}

void findings_add(struct findings *f, enum finding_level level, const char *fmt, ...)
{
    char text[2 * ERROR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    f->count[level]++;
    if (f->json) {
        json_begin_object(&f->out.w);
        json_member_string(&f->out.w, "level", words[level]);
        json_member_string(&f->out.w, "message", text);
        json_end_object(&f->out.w);
        return;
    }
    printf("%s: ", words[level]);
    text_write(stdout, text, strlen(text));
    putchar('\n');
}

enum status findings_end(struct findings *f, enum status st, struct error *err)
{
    static const struct column none[] = {{.head = NULL}};
    if (f->json)
        return output_list(&f->out, st, none, true, err);
    if (!st && !f->count[FINDING_WARNING] && !f->count[FINDING_ERROR])
        puts("no problems found");
    buf_release(&f->out.json);
    return st;
}
