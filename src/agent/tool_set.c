#include "agent/tool_set.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/ident.h"
#include "base/json_scan.h"
#include "store/exec_tool.h"
#include "store/mcp_server.h"

enum { HASH_DIGITS = 8 };

enum { WORD_TITLE, WORD_NAME, WORD_SCHEMA, WORD_DESCRIPTION };

bool tool_allows_none(const struct strings *patterns)
{
    return patterns->count == 1 && !strcmp(patterns->items[0], "none");
}

bool tool_allowed(const struct strings *patterns, const char *title)
{
    if (!patterns || !patterns->count)
        return true;
    if (tool_allows_none(patterns))
        return false;
    for (size_t i = 0; i < patterns->count; i++)
        if (strings_glob(patterns->items[i], title))
            return true;
    return false;
}

/* Up to its first star a pattern is as it is. */
static bool begins_as(const char *pattern, const char *server)
{
    size_t len = strlen(server), literal = strcspn(pattern, "*");
    if (literal <= len)
        return pattern[literal] && !strncmp(pattern, server, literal);
    return !strncmp(pattern, server, len) && pattern[len] == '/';
}

bool tool_server_allowed(const struct strings *patterns, const char *server)
{
    if (!patterns || !patterns->count)
        return true;
    for (size_t i = 0; i < patterns->count; i++)
        if (begins_as(patterns->items[i], server))
            return true;
    return false;
}

/* ---- names ---- */

static void add_clean(struct buf *out, const char *text)
{
    for (; *text; text++)
        buf_addc(out, isalnum((unsigned char)*text) || *text == '-' ? *text : '_');
}

static void add_hash(struct buf *out, const char *title)
{
    unsigned char hash[IDENT_HASH_LEN];
    char digits[HASH_DIGITS + 1];
    ident_hash(title, strlen(title), hash);
    ident_hex(hash, HASH_DIGITS / 2, digits);
    if (out->len > TOOL_NAME_MAX - HASH_DIGITS - 1)
        buf_truncate(out, TOOL_NAME_MAX - HASH_DIGITS - 1);
    buf_printf(out, "_%s", digits);
}

static enum status make_name(
    const struct tool_set *s, const struct tool_entry *e, struct buf *out, struct error *err)
{
    if (e->kind == TOOL_MCP) {
        add_clean(out, e->server->id);
        buf_adds(out, "__");
        add_clean(out, e->remote);
    } else {
        add_clean(out, e->title);
    }
    if (out->len > TOOL_NAME_MAX || tool_set_find(s, buf_str(out)))
        add_hash(out, e->title);
    if (buf_status(out))
        return error_set(err, STATUS_BAD_REQUEST, "its name is too long");
    if (tool_set_find(s, buf_str(out)))
        return error_set(err, STATUS_BAD_REQUEST, "there is another one of its name");
    return STATUS_OK;
}

/* ---- schemas ---- */

/* The schema, with the type that providers want to see. */
static enum status make_schema(const char *text, struct buf *out, struct error *err)
{
    struct json_scan scan;
    struct json_slice key, value, type = {0};
    size_t len = strlen(text), members = 0;
    if (len > TOOL_SCHEMA_MAX)
        return error_set(
            err, STATUS_BAD_REQUEST, "its schema has more than %d bytes", (int)TOOL_SCHEMA_MAX);
    json_scan_init(&scan, text, len);
    bool is_object = json_scan_object(&scan);
    while (is_object && json_scan_member(&scan, &key)) {
        json_scan_value(&scan, &value);
        members++;
        if (json_slice_is(&key, "type"))
            type = value;
    }
    if (!json_scan_end(&scan) || !is_object)
        return error_set(err, STATUS_BAD_REQUEST, "its schema is not a JSON object");
    if (type.kind != JSON_ABSENT && !json_slice_is(&type, "object"))
        return error_set(err, STATUS_BAD_REQUEST, "its schema is not of the type \"object\"");
    if (type.kind == JSON_ABSENT)
        buf_printf(out, "{\"type\":\"object\"%s%s", members ? "," : "", strchr(text, '{') + 1);
    else
        buf_adds(out, text);
    return buf_status(out) ? error_set(err, STATUS_NO_MEMORY, "out of memory") : STATUS_OK;
}

/* ---- the set ---- */

const struct tool_entry *tool_set_find(const struct tool_set *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (!strcmp(s->tools[i].name, name))
            return &s->entries[i];
    return NULL;
}

const struct tool *tool_set_told(const struct tool_set *s, const struct tool_entry *e)
{
    return &s->tools[e - s->entries];
}

static enum status make_room(struct tool_set *s)
{
    if (s->count & (s->count - 1)) /* it grows at powers of two */
        return STATUS_OK;
    size_t room = s->count ? 2 * s->count : 1;
    struct tool *tools = realloc(s->tools, room * sizeof *tools);
    if (!tools)
        return STATUS_NO_MEMORY;
    s->tools = tools;
    struct tool_entry *entries = realloc(s->entries, room * sizeof *entries);
    if (!entries)
        return STATUS_NO_MEMORY;
    s->entries = entries;
    return STATUS_OK;
}

static enum status keep(struct tool_set *s, struct tool_entry *e, const char *const words[4])
{
    enum status st = make_room(s);
    for (size_t i = 0; i < 4 && !st && words[i]; i++)
        st = strings_add(&e->words, words[i]);
    if (st) {
        strings_release(&e->words);
        return st;
    }
    char **own = e->words.items;
    e->title = own[WORD_TITLE];
    if (e->kind == TOOL_MCP)
        e->remote = own[WORD_TITLE] + strlen(e->server->id) + 1;
    s->tools[s->count] = (struct tool){.name = own[WORD_NAME],
        .schema = own[WORD_SCHEMA],
        .description = words[WORD_DESCRIPTION] ? own[WORD_DESCRIPTION] : NULL};
    s->entries[s->count++] = *e;
    return STATUS_OK;
}

enum status tool_set_add(struct tool_set *s, const struct tool_entry *like, const char *description,
    const char *schema, struct error *err)
{
    struct tool_entry e = *like;
    struct buf name, whole;
    buf_init(&name, BUF_SMALL);
    buf_init(&whole, TOOL_SCHEMA_MAX + BUF_SMALL);
    e.words = (struct strings){0};
    enum status st = s->count == TOOLS_MAX
                         ? error_set(err, STATUS_CONFIG,
                               "there are more than %d tools: narrow them", (int)TOOLS_MAX)
                         : make_schema(schema, &whole, err);
    if (!st)
        st = make_name(s, &e, &name, err);
    if (!st &&
        keep(s, &e, (const char *const[]){e.title, buf_str(&name), buf_str(&whole), description}))
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    buf_release(&name);
    buf_release(&whole);
    return st;
}

void tool_set_clear(struct tool_set *s)
{
    for (size_t i = 0; i < s->count; i++)
        strings_release(&s->entries[i].words);
    free(s->entries);
    free(s->tools);
    *s = (struct tool_set){0};
}
