#include "agent/mcp_copy.h"

#include <stdlib.h>
#include <string.h>

#include "store/mcp_server.h"

static const size_t texts[] = {offsetof(struct mcp_server, id), offsetof(struct mcp_server, name),
    offsetof(struct mcp_server, type), offsetof(struct mcp_server, endpoint),
    offsetof(struct mcp_server, ca_file), offsetof(struct mcp_server, command),
    offsetof(struct mcp_server, work_dir)};
static const size_t lists[] = {offsetof(struct mcp_server, headers),
    offsetof(struct mcp_server, args), offsetof(struct mcp_server, env)};

enum { TEXTS = sizeof texts / sizeof *texts, LISTS = sizeof lists / sizeof *lists };

static char *const *text_at(const struct mcp_server *s, size_t i)
{
    return (char *const *)((const char *)s + texts[i]);
}

static const struct strings *list_at(const struct mcp_server *s, size_t i)
{
    return (const struct strings *)((const char *)s + lists[i]);
}

enum status mcp_copy_make(struct mcp_server *to, const struct mcp_server *from)
{
    enum status st = STATUS_OK;
    *to = (struct mcp_server){
        .insecure = from->insecure, .timeout_ms = from->timeout_ms, .list_ms = from->list_ms};
    for (size_t i = 0; i < TEXTS && !st; i++)
        st = string_set((char **)((char *)to + texts[i]), *text_at(from, i));
    for (size_t i = 0; i < LISTS && !st; i++)
        st = strings_copy((struct strings *)((char *)to + lists[i]), list_at(from, i));
    return st;
}

void mcp_copy_release(struct mcp_server *copy)
{
    for (size_t i = 0; i < TEXTS; i++)
        free(*text_at(copy, i));
    for (size_t i = 0; i < LISTS; i++)
        strings_release((struct strings *)((char *)copy + lists[i]));
    *copy = (struct mcp_server){0};
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static bool same_list(const struct strings *a, const struct strings *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]))
            return false;
    return true;
}

bool mcp_copy_alike(const struct mcp_server *a, const struct mcp_server *b)
{
    bool alike =
        a->insecure == b->insecure && a->timeout_ms == b->timeout_ms && a->list_ms == b->list_ms;
    for (size_t i = 0; i < TEXTS && alike; i++)
        alike = same_text(*text_at(a, i), *text_at(b, i));
    for (size_t i = 0; i < LISTS && alike; i++)
        alike = same_list(list_at(a, i), list_at(b, i));
    return alike;
}
