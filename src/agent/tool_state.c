#include "agent/tool_state.h"

#include <string.h>

#include "agent/flow_state.h"

#define ABOUT_STATE "the notes that all agents of this flow share"

static bool set(struct tool_state *state, const struct json *arguments, struct buf *out);
static bool get(struct tool_state *state, const struct json *arguments, struct buf *out);
static bool leave(struct tool_state *state, const struct json *arguments, struct buf *out);

const struct tool tool_state_tools[] = {
    {.name = "set_state",
        .description = "Writes a text under a key into " ABOUT_STATE ".",
        .schema = "{\"type\":\"object\",\"properties\":{\"key\":{\"type\":\"string\"},"
                  "\"value\":{\"type\":\"string\"}},\"required\":[\"key\",\"value\"]}"},
    {.name = "get_state",
        .description = "Reads the text under a key of " ABOUT_STATE "; without a key, all of them.",
        .schema = "{\"type\":\"object\",\"properties\":{\"key\":{\"type\":\"string\"}}}"},
    {.name = "exit_loop",
        .description = "Ends the loop that you are asked in: there is no further iteration. Call "
                       "it when the work is done.",
        .schema = "{\"type\":\"object\",\"properties\":{}}"},
    {.name = NULL},
};

static bool (*const calls[])(struct tool_state *, const struct json *, struct buf *) = {
    set, get, leave};

enum { EXIT_LOOP = 2 };

bool tool_state_ends_loop(const char *name)
{
    return !strcmp(name, tool_state_tools[EXIT_LOOP].name);
}

bool tool_state_call(
    struct tool_state *state, const char *name, const struct json *arguments, struct buf *out)
{
    for (size_t i = 0; tool_state_tools[i].name; i++)
        if (!strcmp(tool_state_tools[i].name, name))
            return calls[i](state, arguments, out);
    return false;
}

/* Models also give numbers and lists: what is kept is their text. */
static bool set(struct tool_state *state, const struct json *arguments, struct buf *out)
{
    struct error err;
    struct buf text;
    const char *key = json_get_string(arguments, "key");
    const struct json *value = json_get(arguments, "value");
    if (!key || !*key || json_kind(value) == JSON_ABSENT) {
        buf_adds(out, "set_state wants a \"key\" and a \"value\"");
        return false;
    }
    size_t len = 0;
    const char *said = json_string(value, &len);
    buf_init(&text, TOOL_ARGUMENTS_MAX);
    if (said)
        buf_add(&text, said, len);
    else
        json_print(value, false, &text);
    enum status st = buf_status(&text)
                         ? error_set(&err, STATUS_TOO_LARGE, "the value is too large")
                         : flow_state_set(state->values, key, buf_str(&text), text.len, &err);
    buf_release(&text);
    buf_printf(out, "%s", st ? err.text : "ok");
    return !st;
}

static void list_all(const struct flow_state *s, struct buf *out)
{
    struct json_writer w;
    json_writer_init(&w, out);
    json_begin_object(&w);
    for (size_t i = 0; i < s->count; i++) {
        json_key(&w, s->values[i].key);
        json_put_string(&w, s->values[i].text, s->values[i].len);
    }
    json_end_object(&w);
}

static bool get(struct tool_state *state, const struct json *arguments, struct buf *out)
{
    const struct flow_state *s = state->values;
    const char *key = json_get_string(arguments, "key");
    if (!key || !*key) {
        list_all(s, out);
        return true;
    }
    const struct flow_value *v = flow_state_get(s, key, strlen(key));
    if (v) {
        buf_add(out, v->text, v->len);
        return true;
    }
    buf_adds(out, "there is nothing under this key");
    for (size_t i = 0; i < s->count; i++)
        buf_printf(out, "%s\"%s\"", i ? ", " : "; the keys are ", s->values[i].key);
    return false;
}

static bool leave(struct tool_state *state, const struct json *arguments, struct buf *out)
{
    (void)arguments;
    if (!state->may_exit) {
        buf_adds(out, "this loop cannot be ended so");
        return false;
    }
    state->exited = true;
    buf_adds(out, "the loop ends with this iteration");
    return true;
}
