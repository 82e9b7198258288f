/* The loop of a model and its tools: the model is a script, its programs are real. */
#include "agent/tool_loop.h"

#include <signal.h>
#include <sys/stat.h>

#include "agent/flow_state.h"
#include "agent/protocols.h"
#include "base/units.h"
#include "store/exec_tool.h"
#include "unit_mcp.h"

/* ---- a model that says what a test wants, instead of the protocol "openai" ---- */

enum { ANSWERS_MAX = 20 };

struct answer {
    const char *text;     /* NULL: none */
    const char *calls[6]; /* name, arguments, ... */
    const char *finish;   /* NULL: "stop" */
    enum status fails;    /* instead */
    bool hangs, may_pass; /* until it is canceled; a failure that may */
    const char *echo;
};

struct scripted {
    struct task task;
    struct job job;
    bool canceled;
};

static struct {
    struct agent_env env;
    struct agent agent, other;
    struct backend backend;
    struct candidate others[1];
    struct exec_tool execs[8];
    const struct exec_tool *exec_list[8];
    const struct mcp_server *servers[1];
    struct tool_links links;
    struct tool_state state;
    struct flow_state values;
    struct ask ask;
    struct listener listener;
    struct task *task;
    const struct answer *script;
    size_t at;
    char asked[ANSWERS_MAX][2048]; /* what the model saw, for each question */
    struct buf text, events;
    struct outcome end;
    struct error why;
    int cancel_at, seen, again;
    size_t running, most;
    bool ended, hanging;
    char folder[UNIT_PATH];
} at;

static const struct answer *many; /* said by who is asked again and again */

static void note_question(const struct ask *ask)
{
    struct buf b;
    buf_init(&b, BUF_SMALL);
    buf_printf(&b, "%s %zu%s:", ask->agent->id, ask->tool_count, ask->tools_off ? " off" : "");
    for (size_t i = 0; i < ask->turn_count; i++) {
        const struct turn *t = &ask->turns[i];
        if (t->role == TURN_ASSISTANT) {
            buf_printf(&b, " A(%s", t->text);
            for (size_t k = 0; k < t->call_count; k++)
                buf_printf(&b, "|%s", t->calls[k].id);
            buf_printf(&b, "%s%s)", t->echo ? "|" : "", t->echo ? t->echo : "");
            ck_assert(!t->call_count || t->by == &protocol_openai);
        } else if (t->role == TURN_RESULT) {
            buf_printf(&b, " %s(%s=%s)", t->failed ? "F" : "R", t->call->id, t->text);
        } else {
            buf_printf(&b, " U(%s)", t->text);
        }
    }
    if (at.at < ANSWERS_MAX)
        snprintf(at.asked[at.at], sizeof at.asked[0], "%s", buf_str(&b));
    buf_release(&b);
}

static void answer(struct job *job)
{
    struct scripted *s = (struct scripted *)(void *)((char *)job - offsetof(struct scripted, job));
    const struct answer *a = many ? many : &at.script[at.at];
    struct tool_call calls[3];
    char ids[3][16];
    struct outcome o = {.status = s->canceled ? STATUS_CANCELED : a->fails,
        .error = s->canceled || a->fails ? "no luck" : NULL,
        .finish_reason = a->finish ? a->finish : "stop",
        .input_tokens = 10,
        .output_tokens = -1,
        .retryable = a->may_pass,
        .retry_after_ms = a->may_pass ? 1 : 0,
        .echo = a->echo,
        .calls = calls};
    at.hanging = a->hangs;
    if (a->hangs && !s->canceled)
        return;
    note_question(s->task.ask);
    at.at++;
    for (size_t i = 0; !o.status && i < 3 && a->calls[2 * i]; i++) {
        snprintf(ids[i], sizeof ids[i], "c%zu", i + 1);
        calls[o.call_count++] = (struct tool_call){
            ids[i], (char *)(uintptr_t)a->calls[2 * i], (char *)(uintptr_t)a->calls[2 * i + 1]};
    }
    if (!o.status && a->text)
        task_say(&s->task, a->text, strlen(a->text));
    task_end(&s->task, &o);
}

static enum status script_start(struct task *t, struct error *err)
{
    struct scripted *s = (struct scripted *)t;
    error_set(err, STATUS_INTERNAL, "means nothing when it starts");
    s->job.run = answer;
    loop_defer(t->env->loop, &s->job);
    return STATUS_OK;
}

static void script_cancel(struct task *t)
{
    struct scripted *s = (struct scripted *)t;
    s->canceled = true;
    loop_defer(t->env->loop, &s->job);
}

static void script_pause(struct task *t, bool paused)
{
    (void)t, (void)paused;
}

static void script_release(struct task *t)
{
    loop_undefer(t->env->loop, &((struct scripted *)t)->job);
}

const struct protocol protocol_openai = {
    .name = "openai",
    .start = script_start,
    .cancel = script_cancel,
    .pause = script_pause,
    .release = script_release,
    .size = sizeof(struct scripted),
    .tools = true,
    .turns = true,
};

/* ---- an agent with tools ---- */

static const struct mcp_tool listed[] = {
    {"add", NULL,
        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"number\"}},\"required\":[\"a\"]}"},
    {"fails", NULL, "{}"},
};

static struct mcp_server things = {.id = (char[]){"things"}}, silent = {.id = (char[]){"silent"}};

static struct exec_tool *program(const char *id, const char *script)
{
    struct exec_tool *x = &at.execs[at.links.exec_count];
    x->id = strdup(id);
    x->work_dir = strdup(at.folder);
    strings_add(&x->argv, "/bin/sh");
    strings_add(&x->argv, "-c");
    strings_add(&x->argv, script);
    strings_add(&x->env, "PATH");
    at.exec_list[at.links.exec_count++] = x;
    return x;
}

static void note_tool(const struct tool_event *e)
{
    if (!e->ended) {
        at.running++;
        buf_printf(&at.events, "> %s %s %s\n", e->name, e->id, e->arguments);
    } else {
        at.running--;
        buf_printf(
            &at.events, "< %s %s %s%s\n", e->name, e->id, e->failed ? "failed: " : "", e->result);
    }
    if (at.running > at.most)
        at.most = at.running;
    if (++at.seen == at.cancel_at)
        task_cancel(at.task);
}

static void on_event(struct listener *l, const struct event *e)
{
    (void)l;
    ck_assert(!at.ended);
    if (e->type == EVENT_TEXT) {
        buf_add(&at.text, e->text, e->len);
    } else if (e->type == EVENT_TOOL) {
        note_tool(e->tool);
    } else if (e->type == EVENT_AGAIN) {
        at.again++;
    } else if (e->type == EVENT_END) {
        at.end = *e->outcome;
        error_set(&at.why, e->outcome->status, "%s", e->outcome->error ? e->outcome->error : "");
        ck_assert(!e->outcome->call_count && !e->outcome->echo);
        at.ended = true;
        loop_stop(at.env.loop);
    }
}

static void setup(void)
{
    memset(&at, 0, sizeof at);
    many = NULL;
    unit_mcp = (struct mcp){.tools = listed, .count = COUNT(listed)};
    signal(SIGPIPE, SIG_IGN);
    unit_folder_make(at.folder);
    ck_assert_int_eq(loop_open(&at.env.loop, NULL), STATUS_OK);
    at.env.max_reply = BUF_SMALL;
    at.listener.event = on_event;
    buf_init(&at.text, BUF_SMALL);
    buf_init(&at.events, 16 * BUF_SMALL);
    agent_init(&at.agent);
    agent_init(&at.other);
    backend_init(&at.backend);
    at.agent.id = strdup("me");
    at.other.id = strdup("other");
    at.backend.id = strdup("b");
    at.backend.type = strdup("openai");
    at.servers[0] = &things;
    at.links.servers = at.servers;
    at.links.execs = at.exec_list;
    at.links.server_count = 1;
    at.links.agent_allows = &at.agent.allowed_tools;
    at.ask = (struct ask){.agent = &at.agent,
        .backend = &at.backend,
        .prompt = "Hello",
        .prompt_len = 5,
        .links = &at.links};
    program("echo", "cat");
}

static void teardown(void)
{
    task_free(at.task);
    mcp_close(at.env.mcp);
    gates_release(&at.env.gates);
    loop_close(at.env.loop);
    agent_release(&at.agent);
    agent_release(&at.other);
    backend_release(&at.backend);
    for (size_t i = 0; i < at.links.exec_count; i++)
        exec_tool_release(&at.execs[i]);
    flow_state_release(&at.values);
    buf_release(&at.text);
    buf_release(&at.events);
    unit_folder_remove(at.folder);
}

static void begin(const struct answer *script)
{
    at.script = script;
    ck_assert_int_eq(task_start(&at.env, &at.ask, &at.listener, &at.task, &at.why), STATUS_OK);
    ck_assert(!at.ended);
}

static void run(const struct answer *script)
{
    begin(script);
    loop_run(at.env.loop);
}

/* ---- rounds ---- */

START_TEST(test_rounds)
{
    static const struct answer script[] = {
        {.text = "Let me see.", .calls = {"things__add", "{\"a\":1}", "echo", ""}, .echo = "E"},
        {.calls = {"things__fails", "{}"}},
        {.text = "It is 1."},
    };
    run(script);
    ck_assert_int_eq(at.end.status, STATUS_OK);
    ck_assert_str_eq(buf_str(&at.text), "Let me see.\n\nIt is 1.");
    ck_assert_int_eq(at.end.input_tokens, 30);
    ck_assert_int_eq(at.end.output_tokens, -1);
    ck_assert_str_eq(at.asked[0], "me 3:");
    ck_assert_str_eq(at.asked[1], "me 3: A(Let me see.|c1|c2|E) R(c1=add({\"a\":1})) R(c2={})");
    ck_assert_str_eq(at.asked[2], "me 3: A(Let me see.|c1|c2|E) R(c1=add({\"a\":1})) R(c2={}) "
                                  "A(|c1) F(c1=fails({}))");
    ck_assert_ptr_nonnull(strstr(buf_str(&at.events), "> things/add c1 {\"a\":1}\n"));
    ck_assert_ptr_nonnull(strstr(buf_str(&at.events), "< things/fails c1 failed: fails({})\n"));
}
END_TEST

/* Calls that are not made: the model is told why. */
static const struct {
    const char *name, *arguments, *told;
} refused[] = {
    {"nothing", "{}", "there is no tool \"nothing\""},
    {"things__add", "{\"a\":", "the arguments are not valid: not JSON"},
    {"things__add", "[]", "the arguments are not a JSON object"},
    {"things__add", "{\"a\":\"x\"}", "the arguments do not match the tool's schema: $.a"},
    {"things__add", "{}", "the arguments do not match the tool's schema: $"},
    {"echo", "{\"a\":\"\xff\"}", "the arguments are not valid UTF-8"},
};

START_TEST(test_refused)
{
    struct answer script[] = {
        {.calls = {refused[_i].name, refused[_i].arguments}}, {.text = "So be it."}};
    char want[256];
    run(script);
    ck_assert_int_eq(at.end.status, STATUS_OK);
    snprintf(want, sizeof want, "me 3: A(|c1) F(c1=%s", refused[_i].told);
    ck_assert_msg(!strncmp(at.asked[1], want, strlen(want)), "%s", at.asked[1]);
}
END_TEST

/* ---- programs ---- */

static const struct {
    const char *script, *told; /* how it begins, behind "me 4: A(|c1) " */
    int64_t timeout_ms;
    const char *has; /* and what is in it */
} programs[] = {
    {"echo fine", "R(c1=fine\n)", 0, ""},
    {"cat >/dev/null; pwd", "R(c1=/", 0, "magec-unit"},
    {"env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD= | cut -d= -f1", "R(c1=PATH\n)", 0, ""},
    {"echo half; echo no ink >&2; exit 3", "F(c1=the program exited with status 3: no ink\nhalf\n)",
        0, ""},
    {"echo half; exec sleep 60", "F(c1=the tool did not finish within 100ms\nhalf\n)", 100, ""},
    {"printf 'a\\377b'",
        "R(c1=a\xef\xbf\xbd"
        "b)",
        0, ""},
    {"head -c 300000 /dev/zero | tr '\\0' x", "R(c1=xxxx", 0,
        "[cut: this is the beginning of 300000 bytes]"},
    {"exec yes", "F(c1=the tool wrote too much, and was ended\ny\ny\n", 0, "[cut: "},
    {"kill -9 $$", "F(c1=the program was killed by signal 9", 0, ""},
    {"exec <&-; echo deaf", "R(c1=deaf\n)", 0, ""},
};

START_TEST(test_program)
{
    static const struct answer script[] = {{.calls = {"x", "{}"}}, {.text = "Done."}};
    program("x", programs[_i].script)->timeout_ms = programs[_i].timeout_ms;
    at.agent.tool_result_bytes = 1000;
    run(script);
    ck_assert_int_eq(at.end.status, STATUS_OK);
    const char *told = at.asked[1] + strlen("me 4: A(|c1) ");
    ck_assert_msg(!strncmp(told, programs[_i].told, strlen(programs[_i].told)), "%s", told);
    ck_assert_msg(strstr(told, programs[_i].has) != NULL, "%s", told);
    ck_assert_uint_lt(strlen(told), 1300);
}
END_TEST

START_TEST(test_no_program)
{
    static const struct answer script[] = {{.calls = {"x", "{}"}}, {.text = "Done."}};
    struct exec_tool *x = program("x", "");
    strings_release(&x->argv);
    strings_add(&x->argv, "/nowhere/to/be/found");
    run(script);
    ck_assert_ptr_nonnull(strstr(at.asked[1], "F(c1=cannot start \"/nowhere/to/be/found\""));
}
END_TEST

/* Each waits for what the other one leaves. */
START_TEST(test_same_time)
{
    static const struct answer script[] = {
        {.calls = {"x", "{}", "y", "{}", "x", "{}"}}, {.text = "Done."}};
    program("x", "touch x; while ! [ -e y ]; do sleep 0.01; done; echo saw y");
    program("y", "touch y; while ! [ -e x ]; do sleep 0.01; done; echo saw x");
    run(script);
    ck_assert_str_eq(at.asked[1], "me 5: A(|c1|c2|c3) R(c1=saw y\n) R(c2=saw x\n) R(c3=saw y\n)");
    ck_assert_uint_eq(at.most, 3);
}
END_TEST

/* ---- caps ---- */

START_TEST(test_rounds_cap)
{
    static const struct answer script[] = {
        {.calls = {"echo", "{\"n\":1}"}}, {.calls = {"echo", "{\"n\":2}"}}, {.text = "Enough."}};
    at.agent.tool_rounds = 2;
    run(script);
    ck_assert_int_eq(at.end.status, STATUS_OK);
    ck_assert(!strncmp(at.asked[1], "me 3:", 5));
    ck_assert(!strncmp(at.asked[2], "me 3 off:", 9));
    ck_assert_str_eq(buf_str(&at.text), "Enough.");
}
END_TEST

START_TEST(test_never_enough)
{
    static const struct answer again = {.calls = {"echo", "{}"}};
    many = &again;
    run(NULL);
    ck_assert_int_eq(at.end.status, STATUS_BACKEND);
    ck_assert_uint_eq(at.at, TOOL_ROUNDS + 1);
    ck_assert_str_eq(
        at.why.text, "it goes on calling tools instead of answering, and may call no more");
}
END_TEST

START_TEST(test_calls_cap)
{
    static const struct answer script[] = {
        {.calls = {"echo", "{}", "echo", "{}", "echo", "{}"}}, {.text = "Enough."}};
    at.agent.tool_calls = 2;
    run(script);
    ck_assert_str_eq(at.asked[1],
        "me 3 off: A(|c1|c2|c3) R(c1={}) R(c2={}) F(c3=not called: no more tools can be called "
        "for this answer)");
    ck_assert_int_eq(at.end.status, STATUS_OK);
}
END_TEST

START_TEST(test_cut_off)
{
    static const struct answer script[] = {
        {.text = "I", .calls = {"echo", "{}"}, .finish = "length"}};
    run(script);
    ck_assert_int_eq(at.end.status, STATUS_BACKEND);
    ck_assert_ptr_nonnull(strstr(at.why.text, "cut off"));
    ck_assert_uint_eq(at.events.len, 0);
}
END_TEST

/* ---- failures ---- */

START_TEST(test_failure)
{
    static const struct answer script[] = {
        {.text = "I", .calls = {"echo", "{}"}}, {.fails = STATUS_BACKEND}};
    run(script);
    ck_assert_int_eq(at.end.status, STATUS_BACKEND);
    ck_assert_str_eq(at.why.text, "no luck");
    ck_assert_int_eq(at.end.input_tokens, 20);
}
END_TEST

/* Who takes the place of the first is asked first from then on. */
START_TEST(test_fallback)
{
    static const struct answer script[] = {{.fails = STATUS_BACKEND}, {.calls = {"echo", "{}"}},
        {.fails = STATUS_BACKEND, .may_pass = true}, {.text = "Here."}};
    at.others[0] = (struct candidate){&at.other, &at.backend};
    at.ask.others = at.others;
    at.ask.other_count = 1;
    run(script);
    ck_assert_int_eq(at.end.status, STATUS_OK);
    ck_assert_str_eq(at.asked[0], "me 3:");
    ck_assert_str_eq(at.asked[1], "other 3:");
    ck_assert_str_eq(at.asked[2], "other 3: A(|c1) R(c1={})");
    ck_assert_str_eq(at.asked[3], at.asked[2]);
    ck_assert_int_eq(at.again, 2);
}
END_TEST

START_TEST(test_no_tools)
{
    string_set(&at.backend.type, "echo");
    ck_assert_int_eq(task_start(&at.env, &at.ask, &at.listener, &at.task, &at.why), STATUS_CONFIG);
    ck_assert_ptr_nonnull(strstr(at.why.text, "agent \"me\""));
    ck_assert_ptr_nonnull(strstr(at.why.text, "backend \"b\""));
    at.state.values = &at.values; /* of a flow's only, it can do without */
    at.ask.state = &at.state;
    at.ask.links = NULL;
    run(NULL);
    ck_assert_str_eq(buf_str(&at.text), "Hello");
}
END_TEST

START_TEST(test_state)
{
    static const struct answer script[] = {
        {.calls = {"set_state", "{\"key\":\"k\",\"value\":\"v\"}", "exit_loop", ""}},
        {.text = "Done."}};
    at.state = (struct tool_state){.values = &at.values, .may_exit = true};
    at.ask.state = &at.state;
    at.ask.links = NULL;
    run(script);
    ck_assert_str_eq(
        at.asked[1], "me 3: A(|c1|c2) R(c1=ok) R(c2=the loop ends with this iteration)");
    ck_assert(at.state.exited);
    ck_assert_str_eq(flow_state_get(&at.values, "k", 1)->text, "v");
}
END_TEST

/* Of what matches a schema there is only the last. */
START_TEST(test_schema)
{
    static const struct answer script[] = {{.text = "Let me see.", .calls = {"echo", "{}"}},
        {.text = "wrong"}, {.calls = {"echo", "{}"}}, {.text = "{\"a\":1}"}};
    at.agent.response_schema = strdup("{\"type\":\"object\"}");
    run(script);
    ck_assert_msg(!at.end.status, "%s", at.why.text);
    ck_assert_str_eq(buf_str(&at.text), "{\"a\":1}");
    ck_assert_int_eq(at.end.input_tokens, 40);
}
END_TEST

/* ---- ends that come from outside ---- */

/* The pid that a program left. */
static pid_t pid_in(const char *name)
{
    char path[UNIT_PATH + 32];
    int pid = 0;
    snprintf(path, sizeof path, "%s/%s", at.folder, name);
    FILE *f = fopen(path, "r");
    if (f && fscanf(f, "%d", &pid) != 1)
        pid = 0;
    if (f)
        fclose(f);
    return pid;
}

static void wait_for_pid(const char *name)
{
    int64_t until = units_mono_ms() + 10000;
    while (!pid_in(name) && units_mono_ms() < until)
        loop_turn(at.env.loop);
    ck_assert_int_gt(pid_in(name), 0);
}

static const struct answer hanging[] = {{.text = "I", .calls = {"x", "{}", "tick", "{}"}}};

START_TEST(test_cancel_program)
{
    program("x", "echo $$ >pid.new; mv pid.new pid; exec sleep 60");
    program("tick", "while ! [ -e pid ]; do sleep 0.01; done");
    begin(hanging);
    wait_for_pid("pid");
    int64_t from = units_mono_ms();
    task_cancel(at.task);
    if (_i)
        task_cancel(at.task);
    ck_assert(!at.ended);
    loop_run(at.env.loop);
    ck_assert_int_eq(at.end.status, STATUS_CANCELED);
    ck_assert_int_lt(units_mono_ms() - from, 1000);
    ck_assert_int_eq(kill(pid_in("pid"), 0), -1);
}
END_TEST

START_TEST(test_free_with_program)
{
    program("x", "echo $$ >pid.new; mv pid.new pid; exec sleep 60");
    program("tick", "while ! [ -e pid ]; do sleep 0.01; done");
    begin(hanging);
    wait_for_pid("pid");
    task_free(at.task);
    at.task = NULL;
    ck_assert_int_eq(kill(pid_in("pid"), 0), -1);
}
END_TEST

START_TEST(test_total)
{
    program("x", "exec sleep 60");
    program("tick", "exec sleep 60");
    at.agent.deadlines.total_ms = 200;
    run(hanging);
    ck_assert_int_eq(at.end.status, STATUS_TIMEOUT);
    ck_assert_str_eq(at.why.text, "not finished within 200ms (total deadline)");
}
END_TEST

/* A server that does not list its tools. */
START_TEST(test_silent_server)
{
    at.servers[0] = &silent;
    at.agent.deadlines.total_ms = _i ? 50 : 0;
    begin(NULL);
    if (!_i)
        task_cancel(at.task);
    loop_run(at.env.loop);
    ck_assert_int_eq(at.end.status, _i ? STATUS_TIMEOUT : STATUS_CANCELED);
    ck_assert_int_eq(unit_mcp.requests, 0);
}
END_TEST

/* At the n-th event of a tool, from within. */
START_TEST(test_cancel_within)
{
    static const struct answer script[] = {
        {.calls = {"echo", "{}", "things__add", "{\"a\":1}", "nothing", ""}}, {.text = "Late."}};
    at.cancel_at = _i + 1;
    run(script);
    ck_assert_int_eq(at.end.status, STATUS_CANCELED);
    ck_assert_uint_eq(at.text.len, 0);
}
END_TEST

START_TEST(test_cancel_model)
{
    static const struct answer script[] = {{.calls = {"echo", "{}"}}, {.hangs = true}};
    begin(script);
    while (!at.hanging)
        loop_turn(at.env.loop);
    task_cancel(at.task);
    loop_run(at.env.loop);
    ck_assert_int_eq(at.end.status, STATUS_CANCELED);
}
END_TEST

/* ---- keys ---- */

START_TEST(test_keys_hidden)
{
    static const struct answer script[] = {{.calls = {"x", "{\"k\":\"hunter22\"}"}}, {.text = "."}};
    strings_add(&program("x", "cat; echo $API_TOKEN")->env, "API_TOKEN=hunter22");
    run(script);
    ck_assert_str_eq(at.asked[1], "me 4: A(|c1) R(c1={\"k\":\"hunter22\"}hunter22\n)");
    ck_assert_str_eq(buf_str(&at.events), "> x c1 {\"k\":\"[redacted]\"}\n"
                                          "< x c1 {\"k\":\"[redacted]\"}[redacted]\n\n");
}
END_TEST

/* What a caller's header says is no value of the operator's. */
START_TEST(test_header_not_passed_on)
{
    static const struct answer script[] = {{.calls = {"x", "{}"}}, {.text = "."}};
    struct exec_tool *x = program("x", "echo ${HTTP_PROXY-none} $HTTP_OTHER $HTTPS_PROXY");
    setenv("HTTP_PROXY", "http://caller", 1);
    setenv("HTTPS_PROXY", "http://operator", 1);
    strings_add(&x->env, "HTTP_PROXY");
    strings_add(&x->env, "HTTP_OTHER=own");
    strings_add(&x->env, "HTTPS_PROXY");
    run(script);
    ck_assert_str_eq(at.asked[1], "me 4: A(|c1) R(c1=none own http://operator\n)");
}
END_TEST

/* What a model calls need not be a tool, nor short. */
START_TEST(test_name_shown)
{
    static char name[3 * TOOL_SHOWN_MAX];
    static const struct answer script[] = {
        {.calls = {"hunter22", "{}", name, "{}"}}, {.text = "."}};
    memset(name, 'n', sizeof name - 1);
    strings_add(&program("x", "cat")->env, "API_TOKEN=hunter22");
    run(script);
    ck_assert(!strncmp(buf_str(&at.events), "> [redacted] c1 ", 16));
    ck_assert_ptr_nonnull(strstr(buf_str(&at.events), "nnn... c2 "));
    ck_assert_uint_lt(at.events.len, 6 * TOOL_SHOWN_MAX);
}
END_TEST

/* Wherever it is cut: no part of a key is left over. */
START_TEST(test_cut_key_hidden)
{
    static char entry[10 + 1500 + 1];
    static const struct answer script[] = {{.calls = {"x", "{}"}}, {.text = "."}};
    snprintf(entry, sizeof entry, "API_TOKEN=%01500d", 7);
    strings_add(
        &program("x", "for i in 1 2 3 4 5 6 7 8 9 0 1 2; do printf '%s' $API_TOKEN; done")->env,
        entry);
    run(script);
    ck_assert_ptr_nonnull(strstr(buf_str(&at.events), "< x c1 ...\n"));
    ck_assert_ptr_null(strstr(buf_str(&at.events), "0000"));
}
END_TEST

int main(void)
{
    if (unit_skips_programs())
        return EXIT_SUCCESS;
    Suite *suite = suite_create("tool_loop");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_set_timeout(all, 30);
    tcase_add_test(all, test_rounds);
    tcase_add_loop_test(all, test_refused, 0, COUNT(refused));
    tcase_add_loop_test(all, test_program, 0, COUNT(programs));
    tcase_add_test(all, test_no_program);
    tcase_add_test(all, test_same_time);
    tcase_add_test(all, test_rounds_cap);
    tcase_add_test(all, test_never_enough);
    tcase_add_test(all, test_calls_cap);
    tcase_add_test(all, test_cut_off);
    tcase_add_test(all, test_failure);
    tcase_add_test(all, test_fallback);
    tcase_add_test(all, test_no_tools);
    tcase_add_test(all, test_state);
    tcase_add_test(all, test_schema);
    tcase_add_loop_test(all, test_cancel_program, 0, 2);
    tcase_add_test(all, test_free_with_program);
    tcase_add_test(all, test_total);
    tcase_add_loop_test(all, test_silent_server, 0, 2);
    tcase_add_loop_test(all, test_cancel_within, 0, 6);
    tcase_add_test(all, test_cancel_model);
    tcase_add_test(all, test_keys_hidden);
    tcase_add_test(all, test_header_not_passed_on);
    tcase_add_test(all, test_name_shown);
    tcase_add_test(all, test_cut_key_hidden);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
