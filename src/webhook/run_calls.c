#include "webhook/run_calls.h"

#include <stdlib.h>
#include <string.h>

void run_write_call(const struct tool_event *t, struct json_writer *w)
{
    json_member_string(w, "name", t->name);
    json_member_string(w, "arguments", t->arguments);
    if (!t->ended)
        return;
    json_key(w, "result");
    json_put_string(w, t->result, t->result_len);
    json_member_bool(w, "failed", t->failed);
    json_member_int(w, "durationMs", t->duration_ms);
}

static struct step_calls **find(struct run_calls *c, const char *path)
{
    struct step_calls **at = &c->steps;
    while (*at && strcmp((*at)->path, path) != 0)
        at = &(*at)->next;
    return at;
}

/* Where those of an event are kept; NULL when out of memory. */
static struct buf *place(struct run_calls *c, const struct event *e)
{
    if (!e->step)
        return &c->items;
    struct step_calls **at = find(c, e->step->path);
    if (*at)
        return &(*at)->items;
    size_t size = strlen(e->step->path) + 1;
    struct step_calls *s = calloc(1, sizeof *s + size);
    if (!s)
        return NULL;
    memcpy(s->path, e->step->path, size);
    buf_init(&s->items, SIZE_MAX / 2);
    *at = s;
    return &s->items;
}

void run_calls_add(struct run_calls *c, const struct event *e, int64_t ended_ms)
{
    struct json_writer w;
    struct buf *items = c->bytes < RUN_CALLS_BYTES_MAX ? place(c, e) : NULL;
    if (!items) {
        c->left_out++;
        return;
    }
    size_t before = items->len;
    items->cap = SIZE_MAX / 2;
    if (items->len)
        buf_addc(items, ',');
    json_writer_init(&w, items);
    json_begin_object(&w);
    run_write_call(e->tool, &w);
    json_member_int(&w, "startedMs", ended_ms - e->tool->duration_ms);
    json_end_object(&w);
    c->bytes += items->len - before;
}

static void write_items(const struct buf *items, struct json_writer *w)
{
    if (!items->len || buf_status(items))
        return;
    json_key(w, "tools");
    json_begin_array(w);
    json_put_raw(w, buf_str(items), items->len);
    json_end_array(w);
}

void run_calls_write_step(struct run_calls *c, const char *path, struct json_writer *w)
{
    struct step_calls **at = find(c, path), *s = *at;
    if (!s)
        return;
    write_items(&s->items, w);
    *at = s->next;
    buf_release(&s->items);
    free(s);
}

void run_calls_write(const struct run_calls *c, struct json_writer *w)
{
    write_items(&c->items, w);
    if (c->left_out)
        json_member_int(w, "toolsLeftOut", c->left_out);
}

void run_calls_release(struct run_calls *c)
{
    for (struct step_calls *s = c->steps, *next; s; s = next) {
        next = s->next;
        buf_release(&s->items);
        free(s);
    }
    buf_release(&c->items);
    *c = (struct run_calls){0};
}
