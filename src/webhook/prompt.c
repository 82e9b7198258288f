#include "webhook/prompt.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_scan.h"
#include "base/strings.h"
#include "base/utf8.h"
#include "webhook/form.h"

static const char bom[] = "\xEF\xBB\xBF";
enum { BOM_LEN = 3, SHOWN_MAX = 64 };

/* A body that has some bytes, and what is said of it. */
struct source {
    const char *body; /* as it was sent: offsets in errors count from here */
    size_t len;
    const char *content_type;
    const char *text; /* behind a BOM */
    size_t text_len;
};

void prompt_init(struct prompt *p, size_t cap)
{
    p->agent = NULL;
    buf_init(&p->text, cap);
}

void prompt_release(struct prompt *p)
{
    free(p->agent);
    p->agent = NULL;
    buf_release(&p->text);
}

static enum status bad(struct error *err, const char *sentence)
{
    return error_set(err, STATUS_BAD_REQUEST, "%s", sentence);
}

/* ---- what is declared ---- */

static size_t media_type_len(const char *content_type)
{
    return strcspn(content_type, "; \t");
}

static bool declares(const struct source *s, const char *type)
{
    size_t len = strlen(type);
    return media_type_len(s->content_type) == len && !strncasecmp(s->content_type, type, len);
}

static bool declares_json(const struct source *s)
{
    static const char suffix[] = "+json";
    size_t len = media_type_len(s->content_type), suffix_len = sizeof suffix - 1;
    return declares(s, "application/json") ||
           (len > suffix_len &&
               !strncasecmp(s->content_type + len - suffix_len, suffix, suffix_len));
}

/* ---- texts ---- */

static size_t skip_json_space(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r'))
        i++;
    return i;
}

/* The length of the white space character at s (Unicode's White_Space), 0 if it is none. */
static size_t space_at(const char *s, size_t len)
{
    static const char *const wide[] = {"\xC2\x85", "\xC2\xA0", "\xE1\x9A\x80", "\xE2\x80\xA8",
        "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};
    if (*s == ' ' || (*s >= '\t' && *s <= '\r'))
        return 1;
    if (len >= 3 && !memcmp(s, "\xE2\x80", 2) && (unsigned char)s[2] >= 0x80 &&
        (unsigned char)s[2] <= 0x8A)
        return 3;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (len >= strlen(wide[i]) && !memcmp(s, wide[i], strlen(wide[i])))
            return strlen(wide[i]);
    return 0;
}

static bool is_blank(const char *text, size_t len)
{
    size_t i = 0;
    for (size_t n; i < len && (n = space_at(text + i, len - i)); i += n)
        continue;
    return i == len;
}

static enum status check_body(const struct source *s, struct error *err)
{
    size_t wrong;
    const char *nul = memchr(s->body, 0, s->len);
    if (!utf8_valid(s->body, s->len, &wrong) && (!nul || wrong < (size_t)(nul - s->body)))
        return error_set(err, STATUS_BAD_REQUEST, "the body is not valid UTF-8 at byte %zu", wrong);
    if (nul)
        return error_set(
            err, STATUS_BAD_REQUEST, "the body has a NUL at byte %zu", (size_t)(nul - s->body));
    return STATUS_OK;
}

/* An agent that is named but empty is none: forms send the fields that were not filled in. */
static enum status set_agent(struct prompt *p, const char *name, size_t len, struct error *err)
{
    struct utf8_stream u = {0};
    struct buf clean;
    if (memchr(name, 0, len))
        return bad(err, "\"agent\" has a NUL");
    buf_init(&clean, 3 * len);
    utf8_feed(&u, name, len, &clean);
    utf8_finish(&u, &clean);
    free(p->agent);
    p->agent = NULL;
    enum status st = buf_status(&clean);
    if (!st && clean.len)
        st = string_set(&p->agent, buf_str(&clean));
    buf_release(&clean);
    return st ? error_set(err, STATUS_NO_MEMORY, "out of memory for the prompt") : STATUS_OK;
}

/* ---- JSON ---- */

/* The members that matter, of an object. */
struct members {
    struct json_slice agent, prompt;
};

/* Whether the text is JSON. */
static bool read_members(const char *text, size_t len, struct members *m)
{
    struct json_scan scan;
    struct json_slice key, other;
    *m = (struct members){.agent.kind = JSON_ABSENT};
    json_scan_init(&scan, text, len);
    if (json_scan_object(&scan))
        while (json_scan_member(&scan, &key))
            json_scan_value(&scan, json_slice_is(&key, "prompt")  ? &m->prompt
                                   : json_slice_is(&key, "agent") ? &m->agent
                                                                  : &other);
    return json_scan_end(&scan);
}

/* Where it is no JSON. A BOM counts as white space, so that offsets are those of the body. */
static enum status explain_json(const struct source *s, struct error *err)
{
    struct json *none = NULL;
    struct buf copy;
    buf_init(&copy, s->len);
    if (s->text != s->body)
        buf_adds(&copy, "   ");
    buf_add(&copy, s->text, s->text_len);
    enum status st = buf_status(&copy) ? error_set(err, STATUS_NO_MEMORY, "out of memory for JSON")
                                       : json_parse(buf_str(&copy), copy.len, &none, err);
    json_free(none);
    buf_release(&copy);
    return st;
}

/* What the string says, in place or in room. */
static enum status say(const struct json_slice *v, struct buf *room, const char **text, size_t *len)
{
    *text = v->bytes;
    *len = v->len;
    if (!v->escaped)
        return STATUS_OK;
    buf_reset(room);
    enum status st = json_slice_add(v, room);
    *text = buf_str(room);
    *len = room->len;
    return st;
}

static enum status take_prompt(struct prompt *p, const char *text, size_t len, struct error *err)
{
    const char *nul = memchr(text, 0, len);
    if (nul)
        return error_set(err, STATUS_BAD_REQUEST, "\"prompt\" has a NUL at byte %zu of its text",
            (size_t)(nul - text));
    if (is_blank(text, len))
        return bad(err, len ? "\"prompt\" is only white space" : "\"prompt\" is empty");
    struct utf8_stream u = {0};
    utf8_feed(&u, text, len, &p->text);
    utf8_finish(&u, &p->text);
    return STATUS_OK;
}

static enum status take_members(
    struct prompt *p, const struct source *s, const struct members *m, struct error *err)
{
    struct buf room;
    const char *text;
    size_t len;
    enum status st = STATUS_OK;
    buf_init(&room, s->len);
    if (m->agent.kind == JSON_STRING && !(st = say(&m->agent, &room, &text, &len)))
        st = set_agent(p, text, len, err);
    if (!st && m->prompt.kind != JSON_STRING)
        buf_add(&p->text, s->text, s->text_len);
    else if (!st && !(st = say(&m->prompt, &room, &text, &len)))
        st = take_prompt(p, text, len, err);
    if (buf_status(&room))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory for the prompt");
    buf_release(&room);
    return st;
}

/* *taken: the body was JSON. Texts that are JSON by accident, as 42 is, need not be told apart from
 * JSON: either way they are the prompt as they are. */
static enum status try_json(
    struct prompt *p, const struct source *s, bool *taken, struct error *err)
{
    size_t i = skip_json_space(s->text, s->text_len);
    bool declared = declares_json(s);
    if (!declared && (i == s->text_len || (s->text[i] != '{' && s->text[i] != '[')))
        return STATUS_OK;
    struct members m;
    *taken = read_members(s->text, s->text_len, &m);
    if (*taken)
        return take_members(p, s, &m, err);
    if (!declared)
        return STATUS_OK;
    enum status st = explain_json(s, err);
    size_t shown = utf8_cut(s->content_type, media_type_len(s->content_type), SHOWN_MAX);
    error_prefix(err, "the body is declared \"%.*s\"", (int)shown, s->content_type);
    return st;
}

/* ---- forms ---- */

static enum status check_field(const struct form_field *f, struct error *err)
{
    size_t wrong, len = f->value.len;
    const char *value = buf_str(&f->value);
    int shown = (int)utf8_cut(f->name, strlen(f->name), SHOWN_MAX);
    if (!utf8_valid(f->name, strlen(f->name), NULL))
        return bad(err, "the name of a field of the form is not valid UTF-8");
    if (memchr(value, 0, len))
        return error_set(
            err, STATUS_BAD_REQUEST, "the form's field \"%.*s\" has a NUL", shown, f->name);
    if (!utf8_valid(value, len, &wrong))
        return error_set(err, STATUS_BAD_REQUEST,
            "the form's field \"%.*s\" is not valid UTF-8 at byte %zu of its text", shown, f->name,
            wrong);
    return STATUS_OK;
}

/* More than one prompt: all of them, a line each. */
static void join_prompts(const struct form *f, struct buf *out)
{
    bool first = true;
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->fields[i].name, "prompt") != 0)
            continue;
        if (!first)
            buf_addc(out, '\n');
        first = false;
        buf_add(out, buf_str(&f->fields[i].value), f->fields[i].value.len);
    }
}

static void join_lines(const struct form *f, struct buf *out)
{
    for (size_t i = 0; i < f->count; i++) {
        if (i)
            buf_addc(out, '\n');
        if (*f->fields[i].name)
            buf_printf(out, "%s: ", f->fields[i].name);
        buf_add(out, buf_str(&f->fields[i].value), f->fields[i].value.len);
    }
}

static enum status use_form(struct prompt *p, const struct form *f, struct error *err)
{
    const struct buf *agent = form_get(f, "agent");
    enum status st = STATUS_OK;
    for (size_t i = 0; i < f->count && !st; i++)
        st = check_field(&f->fields[i], err);
    if (st)
        return st;
    if (!f->count)
        return bad(err, "the form has no fields");
    if (!form_get(f, "prompt")) {
        join_lines(f, &p->text);
        return is_blank(buf_str(&p->text), p->text.len) ? bad(err, "the form's fields are empty")
                                                        : STATUS_OK;
    }
    join_prompts(f, &p->text);
    if (is_blank(buf_str(&p->text), p->text.len))
        return bad(err, p->text.len ? "the form's \"prompt\" is only white space"
                                    : "the form's \"prompt\" is empty");
    return agent ? set_agent(p, buf_str(agent), agent->len, err) : STATUS_OK;
}

static enum status take_form(
    struct prompt *p, const struct source *s, bool multipart, struct error *err)
{
    struct form form = {0};
    enum status st = multipart ? form_parse_multipart(&form, s->body, s->len, s->content_type, err)
                               : form_parse(&form, s->body, s->len, err);
    if (!st)
        st = use_form(p, &form, err);
    form_release(&form);
    return st;
}

/* ---- the rules, in their order ---- */

static enum status read_source(struct prompt *p, const struct source *s, struct error *err)
{
    bool multipart = declares(s, "multipart/form-data"), taken = false;
    enum status st = check_body(s, err);
    if (st) /* a part that is no text is known by its name */
        return multipart ? take_form(p, s, multipart, err) : st;
    if (is_blank(s->text, s->text_len))
        return bad(err, "the body is only white space: there is no prompt in it");
    st = try_json(p, s, &taken, err);
    if (st || taken)
        return st;
    if (multipart ||
        (declares(s, "application/x-www-form-urlencoded") && memchr(s->text, '=', s->text_len)))
        return take_form(p, s, multipart, err);
    buf_add(&p->text, s->text, s->text_len);
    return STATUS_OK;
}

enum status prompt_from_body(
    struct prompt *p, const char *body, size_t len, const char *content_type, struct error *err)
{
    if (!len)
        return bad(err, "the body is empty: there is no prompt in it");
    struct source s = {.body = body,
        .len = len,
        .text = body,
        .text_len = len,
        .content_type = content_type ? content_type + strspn(content_type, " \t") : ""};
    if (len >= BOM_LEN && !memcmp(body, bom, BOM_LEN)) {
        s.text += BOM_LEN;
        s.text_len -= BOM_LEN;
    }
    enum status st = read_source(p, &s, err);
    if (!st && buf_status(&p->text) == STATUS_TOO_LARGE)
        st = error_set(err, STATUS_TOO_LARGE, "the prompt is larger than %zu bytes", p->text.cap);
    else if (!st && buf_status(&p->text))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory for the prompt");
    if (st)
        prompt_release(p);
    return st;
}
