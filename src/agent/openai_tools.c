#include "agent/openai_tools.h"

#include <string.h>

void openai_tools_put(struct json_writer *w, const struct tool *t)
{
    json_member_string(w, "name", t->name);
    if (t->description)
        json_member_string(w, "description", t->description);
    json_key(w, "parameters");
    json_put_raw(w, t->schema, strlen(t->schema));
}

void openai_tools_add(const struct ask *ask, struct json_writer *w,
    void (*put)(struct json_writer *w, const struct tool *t))
{
    const struct json_slice options = exchange_options(ask);
    const struct json_slice given = exchange_member(&options, "tools");
    json_key(w, "tools");
    json_begin_array(w);
    for (size_t i = 0; i < ask->tool_count; i++)
        put(w, &ask->tools[i]);
    exchange_add_objects(w, &given);
    json_end_array(w);
}

void openai_tools_put_result(struct json_writer *w, const struct turn *t)
{
    static const char failed[] = "The tool failed: ";
    struct buf text;
    if (!t->failed) {
        json_put_string(w, t->text, t->len);
        return;
    }
    buf_init(&text, sizeof failed + t->len);
    buf_adds(&text, failed);
    buf_add(&text, t->text, t->len);
    if (buf_status(&text))
        w->out->failed = buf_status(&text);
    json_put_string(w, buf_str(&text), text.len);
    buf_release(&text);
}
