#include "agent/checked.h"

#include <stddef.h>
#include <string.h>

#include "agent/exchange_request.h"
#include "agent/line.h"
#include "agent/secret.h"
#include "base/json_schema.h"
#include "base/units.h"
#include "base/utf8.h"

enum { REDACTED_MAX = 8 * CHECKED_QUOTE_MAX }; /* keys are looked for in so much */

struct checked {
    struct task task;      /* the one that is asked for */
    struct listener below; /* of its attempts */
    struct ask ask;        /* theirs */
    struct task *current;  /* NULL while there are none */
    struct timer *timer;   /* until the second ones */
    struct json *schema;
    struct buf answer; /* held back */
    struct buf first;  /* the answer that did not match */
    struct buf demand; /* for another */
    struct turn turns[2];
    struct line line;
    int64_t began_ms, total_ms;
    int64_t input_tokens, output_tokens; /* of the first answer */
    int attempts;
    bool repairing, paused, canceled, too_large;
    bool over; /* the attempts ended: they are only kept for what they told */
};

/* ---- the answer ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void trim(const char **text, size_t *len)
{
    while (*len && is_space((*text)[*len - 1]))
        --*len;
    while (*len && is_space(**text)) {
        ++*text;
        --*len;
    }
}

void checked_trim(const char **text, size_t *len)
{
    static const char fence[] = "```";
    trim(text, len);
    const char *from = *text, *line = memchr(from, '\n', *len);
    size_t rest = line ? *len - (size_t)(line + 1 - from) : 0;
    if (rest < 3 || strncmp(from, fence, 3) != 0 || memcmp(from + *len - 3, fence, 3) != 0)
        return;
    for (const char *c = from + 3; c < line; c++) /* the language */
        if (*c == '`' || (is_space(*c) && *c != '\r'))
            return;
    *text = line + 1;
    *len = rest - 3;
    trim(text, len);
}

/* STATUS_BAD_REQUEST says what is wrong with it. */
static enum status check_answer(struct checked *c, struct error *err)
{
    const char *text = buf_str(&c->answer);
    size_t len = c->answer.len;
    struct json *j = NULL;
    checked_trim(&text, &len);
    enum status st = json_parse(text, len, &j, err);
    if (!st)
        st = json_schema_validate(c->schema, j, err);
    json_free(j);
    return st;
}

/* ---- the end ---- */

static int64_t left(const struct checked *c)
{
    int64_t spent = loop_now(c->task.env->loop) - c->began_ms;
    return c->total_ms <= 0 ? INT64_MAX : spent < c->total_ms ? c->total_ms - spent : 0;
}

static int64_t sum(int64_t a, int64_t b)
{
    return a < 0 ? b : b < 0 ? a : a + b;
}

static int count(const struct outcome *o)
{
    return o->attempts > 1 ? o->attempts : 1;
}

static void end(struct checked *c, const struct outcome *o, enum status st, const char *error)
{
    struct outcome all = *o;
    all.status = st;
    all.error = error;
    all.input_tokens = sum(c->input_tokens, o->input_tokens);
    all.output_tokens = sum(c->output_tokens, o->output_tokens);
    all.attempts = c->attempts + count(o);
    task_end(&c->task, &all);
}

static void say(struct checked *c, const struct outcome *o)
{
    const char *text = buf_str(&c->answer);
    size_t len = c->answer.len;
    checked_trim(&text, &len);
    task_say(&c->task, text, len);
    end(c, o, STATUS_OK, NULL);
}

/* What of the answer people see: without keys, and not all of a long one. */
static void quote(const struct checked *c, struct buf *out)
{
    const struct protocol *p = protocol_find(c->line.who.backend->type);
    struct exchange_request r = {.ask = NULL};
    struct ask ask = c->ask;
    struct buf clean, start;
    buf_init(&clean, (size_t)2 * REDACTED_MAX);
    buf_init(&start, REDACTED_MAX + 1);
    buf_add(
        &start, buf_str(&c->answer), utf8_cut(buf_str(&c->answer), c->answer.len, REDACTED_MAX));
    ask.agent = c->line.who.agent;
    ask.backend = c->line.who.backend;
    if (p && p->exchange)
        exchange_request_make(&r, p->exchange, &ask, NULL); /* for its keys */
    secret_hide(buf_str(&start), &r.secrets, &clean);
    size_t cut = utf8_cut(buf_str(&clean), clean.len, CHECKED_QUOTE_MAX);
    buf_add(out, buf_str(&clean), cut);
    if (cut < clean.len)
        buf_adds(out, "...");
    buf_release(&start);
    buf_release(&clean);
    exchange_request_release(&r);
}

static void fail(struct checked *c, const struct outcome *o, const struct error *why)
{
    struct error err;
    struct buf text;
    buf_init(&text, (size_t)2 * CHECKED_QUOTE_MAX);
    quote(c, &text);
    error_set(&err, STATUS_BACKEND, "the answer does not match its schema: %s; it was: %s",
        why->text, buf_str(&text));
    buf_release(&text);
    end(c, o, STATUS_BACKEND, err.text);
}

/* One that failed by itself. */
static void pass_on(struct checked *c, const struct outcome *o)
{
    struct error err;
    char total[32];
    if (c->too_large) {
        error_set(&err, STATUS_BACKEND, "the answer is larger than the limit of %zu bytes",
            c->task.env->max_reply);
        end(c, o, STATUS_BACKEND, err.text);
    } else if (c->repairing && o->status == STATUS_TIMEOUT && !left(c)) {
        units_print_duration(c->total_ms, total);
        error_set(&err, STATUS_TIMEOUT, "not finished within %s (total deadline)", total);
        end(c, o, STATUS_TIMEOUT, err.text);
    } else if (c->repairing && o->status != STATUS_CANCELED) {
        error_set(
            &err, o->status, "asked again, as the answer did not match its schema: %s", o->error);
        end(c, o, o->status, err.text);
    } else {
        end(c, o, o->status, o->error);
    }
}

/* ---- once more ---- */

static enum status demand_another(struct checked *c, const struct error *why)
{
    struct buf empty = c->first;
    c->first = c->answer;
    c->answer = empty;
    buf_init(&c->answer, c->task.env->max_reply);
    buf_init(&c->demand, SIZE_MAX / 2);
    buf_printf(&c->demand,
        "Your answer does not match the JSON Schema that it has to match: %s.\n"
        "Answer again, with the corrected JSON and nothing else: no explanation, no code fence.\n"
        "The schema: %s",
        why->text, c->ask.schema);
    c->turns[0] =
        (struct turn){.role = TURN_ASSISTANT, .text = buf_str(&c->first), .len = c->first.len};
    c->turns[1] =
        (struct turn){.role = TURN_USER, .text = buf_str(&c->demand), .len = c->demand.len};
    c->ask.turns = c->turns;
    c->ask.turn_count = 2;
    return buf_status(&c->demand);
}

/* Who answered is asked, and those behind in the line take its place. */
static void keep_line(struct checked *c)
{
    line_keep(&c->line);
    if (c->total_ms > 0)
        c->ask.total_ms = left(c) ? left(c) : 1;
}

static void tell(struct checked *c, const struct outcome *o, const struct error *why)
{
    struct outcome told = *o;
    struct error err;
    told.status =
        error_set(&err, STATUS_BACKEND, "the answer does not match its schema: %s", why->text);
    told.error = err.text;
    struct event e = {.type = EVENT_AGAIN,
        .outcome = &told,
        .agent = c->line.who.agent,
        .next = c->line.who.agent};
    c->task.listener->event(c->task.listener, &e);
}

/* On the loop again: a request cannot be made from within the answer of another. */
static void go_on(void *ctx)
{
    struct checked *c = ctx;
    struct error err;
    keep_line(c);
    enum status st = c->canceled
                         ? error_set(&err, STATUS_CANCELED, "canceled")
                         : task_start_unchecked(c->task.env, &c->ask, &c->below, &c->current, &err);
    if (!st && c->paused)
        task_pause(c->current, true);
    if (!st)
        return;
    struct outcome failed = {
        .status = st, .error = err.text, .input_tokens = -1, .output_tokens = -1};
    pass_on(c, &failed);
}

/* Whether it can be. */
static bool ask_again(struct checked *c, const struct outcome *o, const struct error *why)
{
    c->timer = timer_new(c->task.env->loop, go_on, c);
    if (!c->timer || demand_another(c, why))
        return false;
    struct task *before = c->current;
    c->current = NULL;
    c->repairing = true;
    c->over = false;
    tell(c, o, why);
    c->input_tokens = o->input_tokens;
    c->output_tokens = o->output_tokens;
    c->attempts = count(o);
    task_free(before);
    timer_start(c->timer, 0);
    return true;
}

/* ---- events ---- */

static void ended(struct checked *c, const struct outcome *o)
{
    struct error why;
    c->over = true;
    if (o->status || c->too_large) {
        pass_on(c, o);
        return;
    }
    enum status st = check_answer(c, &why);
    bool again = st == STATUS_BAD_REQUEST && !c->repairing && !c->canceled && left(c) > 0;
    if (!st)
        say(c, o);
    else if (!again || !ask_again(c, o, &why))
        fail(c, o, &why);
}

static void hold(struct checked *c, const struct event *e)
{
    if (c->too_large || !buf_add(&c->answer, e->text, e->len))
        return;
    c->too_large = true;
    task_cancel(c->current);
}

static void on_event(struct listener *l, const struct event *e)
{
    struct checked *c = (struct checked *)(void *)((char *)l - offsetof(struct checked, below));
    if (e->type == EVENT_END) {
        ended(c, e->outcome);
    } else if (e->type == EVENT_TEXT) {
        hold(c, e);
    } else {
        if (e->type == EVENT_AGAIN)
            line_note(&c->line, e->next);
        c->task.listener->event(c->task.listener, e);
    }
}

/* ---- the task ---- */

static enum status read_schema(struct checked *c, struct error *err)
{
    const struct agent *a = c->task.ask->agent;
    struct error why;
    enum status st = json_parse(a->response_schema, strlen(a->response_schema), &c->schema, &why);
    if (!st)
        st = json_schema_check(c->schema, &why);
    return st ? error_set(err, STATUS_CONFIG,
                    "the schema of the answers of agent \"%s\" cannot be used: %s", a->id, why.text)
              : STATUS_OK;
}

static enum status start(struct task *t, struct error *err)
{
    struct checked *c = (struct checked *)t;
    c->below.event = on_event;
    c->ask = *t->ask;
    c->ask.whole = true;
    c->ask.schema = t->ask->agent->response_schema;
    line_init(&c->line, &c->ask);
    c->began_ms = loop_now(t->env->loop);
    c->total_ms = task_deadlines(t->ask).total_ms;
    c->input_tokens = c->output_tokens = -1;
    buf_init(&c->answer, t->env->max_reply);
    enum status st = read_schema(c, err);
    return st ? st : task_start_unchecked(t->env, &c->ask, &c->below, &c->current, err);
}

static void cancel(struct task *t)
{
    struct checked *c = (struct checked *)t;
    c->canceled = true;
    if (c->current && !c->over)
        task_cancel(c->current);
}

static void pause_current(struct task *t, bool paused)
{
    struct checked *c = (struct checked *)t;
    c->paused = paused;
    if (c->current && !c->over)
        task_pause(c->current, paused);
}

static void release(struct task *t)
{
    struct checked *c = (struct checked *)t;
    task_free(c->current);
    timer_free(c->timer);
    json_free(c->schema);
    buf_release(&c->answer);
    buf_release(&c->first);
    buf_release(&c->demand);
}

const struct protocol checked = {
    .name = "checked",
    .start = start,
    .cancel = cancel,
    .pause = pause_current,
    .release = release,
    .size = sizeof(struct checked),
};
