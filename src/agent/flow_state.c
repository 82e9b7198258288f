#include "agent/flow_state.h"

#include <stdlib.h>
#include <string.h>

void flow_state_release(struct flow_state *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->values[i].key);
        free(s->values[i].text);
    }
    free(s->values);
    *s = (struct flow_state){0};
}

static struct flow_value *find(const struct flow_state *s, const char *key, size_t len)
{
    for (size_t i = 0; i < s->count; i++)
        if (strlen(s->values[i].key) == len && !memcmp(s->values[i].key, key, len))
            return &s->values[i];
    return NULL;
}

const struct flow_value *flow_state_get(const struct flow_state *s, const char *key, size_t len)
{
    return find(s, key, len);
}

static struct flow_value *add(struct flow_state *s, const char *key)
{
    struct flow_value *more = realloc(s->values, (s->count + 1) * sizeof *more);
    if (!more)
        return NULL;
    s->values = more;
    more[s->count] = (struct flow_value){.key = strdup(key)};
    return more[s->count].key ? &more[s->count++] : NULL;
}

enum status flow_state_set(
    struct flow_state *s, const char *key, const char *text, size_t len, struct error *err)
{
    struct flow_value *v = find(s, key, strlen(key));
    if (!v && s->count == FLOW_KEYS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "more than %d keys in the state", FLOW_KEYS_MAX);
    if (strlen(key) > FLOW_KEY_MAX)
        return error_set(err, STATUS_TOO_LARGE, "a key of more than %d bytes", FLOW_KEY_MAX);
    if (len > FLOW_STATE_MAX || s->bytes - (v ? v->len : 0) > FLOW_STATE_MAX - len)
        return error_set(err, STATUS_TOO_LARGE, "more than 16 MB in the state");
    char *copy = malloc(len + 1);
    if (!copy || (!v && !(v = add(s, key)))) {
        free(copy);
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    if (len)
        memcpy(copy, text, len);
    copy[len] = 0;
    s->bytes += len - v->len;
    free(v->text);
    v->text = copy;
    v->len = len;
    return STATUS_OK;
}

/* ---- in prompts ---- */

static const char begin[] = "{{agent.output:";

bool flow_state_wanted(const char *text)
{
    return text && strstr(text, begin);
}

enum status flow_state_expand(const struct flow_state *s, const char *text, struct buf *out)
{
    for (const char *at; (at = strstr(text, begin));) {
        const char *key = at + sizeof begin - 1;
        size_t len = strcspn(key, "{}\n");
        if (!len || strncmp(key + len, "}}", 2) != 0) { /* it only looks like one */
            buf_add(out, text, (size_t)(key - text));
            text = key;
            continue;
        }
        buf_add(out, text, (size_t)(at - text));
        const struct flow_value *v = find(s, key, len);
        if (v)
            buf_add(out, v->text, v->len);
        text = key + len + 2;
    }
    return buf_adds(out, text);
}

/* ---- in conditions ---- */

enum status flow_state_test(
    const struct flow_state *s, const struct cel *condition, bool *result, struct error *err)
{
    struct buf text;
    struct json_writer w;
    struct json *j = NULL;
    *result = false;
    buf_init(&text, (size_t)8 * FLOW_STATE_MAX);
    json_writer_init(&w, &text);
    json_begin_object(&w);
    for (size_t i = 0; i < s->count; i++) {
        json_key(&w, s->values[i].key);
        json_put_string(&w, s->values[i].text, s->values[i].len);
    }
    json_end_object(&w);
    enum status st = buf_status(&text);
    if (st)
        st = error_set(err, st, "the state is too large for a condition");
    else
        st = json_parse(buf_str(&text), text.len, &j, err);
    if (!st)
        st = cel_test(condition, j, result, err);
    json_free(j);
    buf_release(&text);
    return st;
}
