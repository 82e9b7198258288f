#include "agent/flow_task.h"

#include <signal.h>

#include "base/units.h"
#include "unit.h"

/* ---- agents, flows and the loop ---- */

enum { AGENTS_MAX = 16, FLOWS_MAX = 4 };

static struct {
    struct agent_env env;
    struct agent agents[AGENTS_MAX];
    struct backend backends[AGENTS_MAX];
    struct flow_agent known[AGENTS_MAX];
    struct flow_step flows[FLOWS_MAX];
    const char *flow_ids[FLOWS_MAX];
    size_t agent_count, flow_count;
    struct flow_ask ask;
    struct listener listener;
    struct task *task;
    struct buf text, steps;
    struct outcome end;
    struct error why;
    int ends, events, cancel_at;
    bool ended;
} at;

/* What a program says is what its agent says; none: the prompt. */
static void agent_is(const char *id, const char *program, const char *output_key)
{
    size_t i = at.agent_count++;
    struct backend *b = &at.backends[i];
    agent_init(&at.agents[i]);
    backend_init(b);
    at.agents[i].id = strdup(id);
    at.agents[i].backend = strdup("b");
    b->id = strdup("b");
    b->type = strdup(program ? "exec" : "echo");
    if (program) {
        strings_add(&b->argv, "/bin/sh");
        strings_add(&b->argv, "-c");
        strings_add(&b->argv, program);
        strings_add(&b->env, "PATH");
    }
    at.known[i] =
        (struct flow_agent){.agent = &at.agents[i], .backend = b, .output_key = output_key};
}

static const struct flow_agent *find_agent(void *ctx, const char *id)
{
    (void)ctx;
    for (size_t i = 0; i < at.agent_count; i++)
        if (!strcmp(at.agents[i].id, id))
            return &at.known[i];
    return NULL;
}

static const struct flow_step *find_flow(void *ctx, const char *id)
{
    (void)ctx;
    for (size_t i = 0; i < at.flow_count; i++)
        if (!strcmp(at.flow_ids[i], id))
            return &at.flows[i];
    return NULL;
}

static void flow_is(const char *id, const char *root)
{
    struct error err;
    at.flow_ids[at.flow_count] = id;
    ck_assert_msg(!flow_tree_parse(root, &at.flows[at.flow_count++], &err), "%s", err.text);
}

static void add_step(const struct event *e)
{
    const struct step_event *s = e->step;
    if (s->note)
        buf_printf(&at.steps, "! %s: %s\n", s->path, s->note);
    else if (!s->ended)
        buf_printf(&at.steps, "> %s %s", s->path, s->agent);
    else
        buf_printf(&at.steps, "< %s %s %s", s->path, s->answered, status_name(e->outcome->status));
    if (!s->note && s->round)
        buf_printf(&at.steps, " #%d", (int)s->round);
    if (!s->note)
        buf_adds(&at.steps, s->response ? " *\n" : "\n");
}

static void on_event(struct listener *l, const struct event *e)
{
    (void)l;
    ck_assert(!at.ended);
    loop_stop(at.env.loop); /* a turn ends */
    if (++at.events == at.cancel_at)
        task_cancel(at.task);
    if (e->type == EVENT_TEXT) {
        buf_add(&at.text, e->text, e->len);
    } else if (e->type == EVENT_STEP) {
        add_step(e);
    } else if (e->type == EVENT_END) {
        at.end = *e->outcome;
        error_set(&at.why, e->outcome->status, "%s", e->outcome->error ? e->outcome->error : "");
        at.ended = true;
    }
}

static void setup(void)
{
    memset(&at, 0, sizeof at);
    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(loop_open(&at.env.loop, NULL), STATUS_OK);
    at.env.max_reply = BUF_SMALL;
    at.listener.event = on_event;
    buf_init(&at.text, BUF_SMALL);
    buf_init(&at.steps, BUF_SMALL);
    agent_is("me", NULL, NULL);
    agent_is("a", "printf A", NULL);
    agent_is("b", "printf B", NULL);
    agent_is("late", "sleep 0.1; printf L", NULL);
    agent_is("bad", "echo no luck >&2; exit 3", NULL);
    agent_is("slow", "exec sleep 60", NULL);
}

static void teardown(void)
{
    task_free(at.task);
    gates_release(&at.env.gates);
    loop_close(at.env.loop);
    for (size_t i = 0; i < at.agent_count; i++) {
        agent_release(&at.agents[i]);
        backend_release(&at.backends[i]);
    }
    for (size_t i = 0; i < at.flow_count; i++)
        flow_tree_release(&at.flows[i]);
    buf_release(&at.text);
    buf_release(&at.steps);
}

static void begin(const char *root)
{
    flow_is("flow", root);
    at.ask.root = &at.flows[at.flow_count - 1];
    at.ask.prompt = "Hello";
    at.ask.prompt_len = 5;
    at.ask.agent = find_agent;
    at.ask.nested = find_flow;
    ck_assert_int_eq(flow_start(&at.env, &at.ask, &at.listener, &at.task, NULL), STATUS_OK);
    ck_assert_int_eq(at.events, 0);
}

static void finish(void)
{
    while (!at.ended)
        loop_turn(at.env.loop);
}

static void run(const char *root)
{
    begin(root);
    finish();
}

#define AGENT(id) "{\"type\":\"agent\",\"agentId\":\"" id "\"}"
#define REPLY(id) "{\"type\":\"agent\",\"agentId\":\"" id "\",\"responseAgent\":true}"
#define OPTIONAL(id) "{\"type\":\"agent\",\"agentId\":\"" id "\",\"optional\":true}"
#define SEQUENCE(steps) "{\"type\":\"sequential\",\"steps\":[" steps "]}"
#define PARALLEL(steps) "{\"type\":\"parallel\",\"steps\":[" steps "]}"
#define LOOP(times, steps) "{\"type\":\"loop\",\"maxIterations\":" #times ",\"steps\":[" steps "]}"
#define UNTIL(times, when, steps)                                                                  \
    "{\"type\":\"loop\",\"maxIterations\":" #times ",\"exitWhen\":\"" when "\",\"steps\":[" steps  \
    "]}"

/* ---- flows that end well ---- */

static const struct {
    const char *root, *text, *steps; /* steps NULL: not looked at */
} good[] = {
    {AGENT("me"), "Hello", "> root me *\n< root me ok *\n"},
    {SEQUENCE(AGENT("a") "," AGENT("b")), "B",
        "> root.steps[0] a\n< root.steps[0] a ok\n> root.steps[1] b *\n< root.steps[1] b ok *\n"},
    {SEQUENCE(AGENT("a") "," AGENT("b") "," AGENT("me")), "Hello\n\n[a] said:\nA\n\n[b] said:\nB",
        NULL},
    {SEQUENCE(REPLY("a") "," AGENT("b")), "A", NULL},
    {SEQUENCE(REPLY("a") "," AGENT("me") "," REPLY("b")), "A\n---\nB", NULL},
    /* joined as they are listed, whichever ends first */
    {SEQUENCE(PARALLEL(AGENT("late") "," AGENT("a")) "," AGENT("me")),
        "Hello\n\n[late] said:\nL\n\n[a] said:\nA",
        "> root.steps[0].steps[0] late\n> root.steps[0].steps[1] a\n"
        "< root.steps[0].steps[1] a ok\n< root.steps[0].steps[0] late ok\n"
        "> root.steps[1] me *\n< root.steps[1] me ok *\n"},
    {PARALLEL(REPLY("late") "," REPLY("a")), "L\n---\nA", NULL},
    {PARALLEL(AGENT("late") "," AGENT("a")), "A", NULL},
    {SEQUENCE(REPLY("b") "," PARALLEL(REPLY("late") "," REPLY("a")) "," REPLY("b")),
        "B\n---\nL\n---\nA\n---\nB", NULL},
    /* the same input for all that run at once, and the branch's own */
    {SEQUENCE(AGENT("b") "," PARALLEL(SEQUENCE(AGENT("a") "," REPLY("me")) "," REPLY("me"))),
        "Hello\n\n[b] said:\nB\n\n[a] said:\nA\n---\nHello\n\n[b] said:\nB", NULL},
    /* loops */
    {LOOP(3, AGENT("a")), "A",
        "> root.steps[0] a #1\n< root.steps[0] a ok #1\n> root.steps[0] a #2\n"
        "< root.steps[0] a ok #2\n> root.steps[0] a #3\n< root.steps[0] a ok #3\n"},
    {SEQUENCE(LOOP(2, AGENT("a") "," AGENT("b")) "," AGENT("me")),
        "Hello\n\n[a] said:\nA\n\n[b] said:\nB\n\n[a] said:\nA\n\n[b] said:\nB", NULL},
    {LOOP(2, REPLY("a")), "A\n---\nA", NULL},
    {UNTIL(5, "state.kept == 'K'", AGENT("keep")), "K",
        "> root.steps[0] keep #1\n< root.steps[0] keep ok #1\n"},
    {UNTIL(2, "state.kept != 'K'", AGENT("keep")), "K",
        "> root.steps[0] keep #1\n< root.steps[0] keep ok #1\n"
        "> root.steps[0] keep #2\n< root.steps[0] keep ok #2\n"},
    {UNTIL(2, "state.gone == 1", AGENT("a")), "A",
        "> root.steps[0] a #1\n< root.steps[0] a ok #1\n! root: column 7: no key \"gone\"\n"
        "> root.steps[0] a #2\n< root.steps[0] a ok #2\n! root: column 7: no key \"gone\"\n"},
    /* optional steps */
    {SEQUENCE(AGENT("a") "," OPTIONAL("bad") "," AGENT("me")), "Hello\n\n[a] said:\nA",
        "> root.steps[0] a\n< root.steps[0] a ok\n> root.steps[1] bad\n"
        "< root.steps[1] bad backend\n> root.steps[2] me *\n< root.steps[2] me ok *\n"},
    {SEQUENCE(AGENT("a") "," OPTIONAL("bad")), "A", NULL},
    {SEQUENCE(AGENT("a") "," OPTIONAL("nobody")), "A", NULL},
    {PARALLEL(OPTIONAL("bad") "," AGENT("late")), "L", NULL},
    {SEQUENCE(AGENT("a") ",{\"type\":\"parallel\",\"optional\":true,\"steps\":[" AGENT(
         "slow") "," AGENT("bad") "]}," AGENT("me")),
        "Hello\n\n[a] said:\nA",
        "> root.steps[0] a\n< root.steps[0] a ok\n> root.steps[1].steps[0] slow\n"
        "> root.steps[1].steps[1] bad\n< root.steps[1].steps[1] bad backend\n"
        "< root.steps[1].steps[0] slow canceled\n"
        "> root.steps[2] me *\n< root.steps[2] me ok *\n"},
    {SEQUENCE("{\"type\":\"agent\",\"agentId\":\"a\",\"optional\":true,\"responseAgent\":true},"
              "{\"type\":\"agent\",\"agentId\":\"bad\",\"optional\":true,\"responseAgent\":true}"),
        "A", NULL},
    /* flows in flows */
    {SEQUENCE("{\"type\":\"flow\",\"flowId\":\"inner\"}," AGENT("me")),
        "Hello\n\n[a] said:\nA\n\n[b] said:\nB", NULL},
    {SEQUENCE("{\"type\":\"flow\",\"flowId\":\"inner\",\"responseAgent\":true}," AGENT("me")), "A",
        NULL},
    {SEQUENCE("{\"type\":\"flow\",\"flowId\":\"inner\",\"responseAgent\":true}," REPLY("b")),
        "A\n---\nB", NULL},
    {AGENT("inner"), "A",
        "> root/inner/root.steps[0] a *\n< root/inner/root.steps[0] a ok *\n"
        "> root/inner/root.steps[1] b\n< root/inner/root.steps[1] b ok\n"},
    {SEQUENCE("{\"type\":\"flow\",\"flowId\":\"plain\",\"responseAgent\":true}," AGENT("a")), "B",
        NULL},
};

START_TEST(test_good)
{
    flow_is("inner", SEQUENCE(REPLY("a") "," AGENT("b")));
    flow_is("plain", LOOP(2, AGENT("a") "," AGENT("b")));
    agent_is("keep", "printf K", "kept");
    run(good[_i].root);
    ck_assert_msg(!at.end.status, "%s: %s", good[_i].root, at.why.text);
    ck_assert_str_eq(buf_str(&at.text), good[_i].text);
    if (good[_i].steps)
        ck_assert_str_eq(buf_str(&at.steps), good[_i].steps);
}
END_TEST

/* ---- and others ---- */

static const struct {
    const char *root;
    enum status status;
    const char *said;
} failing[] = {
    {AGENT("bad"), STATUS_BACKEND, "root: agent \"bad\" failed: "},
    {SEQUENCE(AGENT("a") "," AGENT("bad") "," AGENT("b")), STATUS_BACKEND,
        "root.steps[1]: agent \"bad\" failed: "},
    {PARALLEL(AGENT("slow") "," AGENT("bad")), STATUS_BACKEND,
        "root.steps[1]: agent \"bad\" failed: "},
    {PARALLEL(SEQUENCE(OPTIONAL("slow") "," AGENT("a")) "," AGENT("bad")), STATUS_BACKEND,
        "root.steps[1]: agent \"bad\" failed: "},
    {PARALLEL(AGENT("bad") "," LOOP(100, AGENT("a"))), STATUS_BACKEND,
        "root.steps[0]: agent \"bad\" failed: "},
    {LOOP(3, AGENT("a") "," AGENT("bad")), STATUS_BACKEND, "root.steps[1]: agent \"bad\" failed: "},
    {SEQUENCE(AGENT("a") "," AGENT("nobody")), STATUS_CONFIG,
        "root.steps[1]: agent \"nobody\" failed: it is gone"},
    {AGENT("selfish"), STATUS_CONFIG, "root/selfish/root/selfish/root"},
    {AGENT("failing"), STATUS_BACKEND, "root/failing/root.steps[0]: agent \"bad\" failed: "},
    {SEQUENCE(OPTIONAL("bad")), STATUS_BACKEND, "none of the steps that are the reply said"},
    {SEQUENCE(AGENT("a") ",{\"type\":\"agent\",\"agentId\":\"bad\",\"optional\":true,"
                         "\"responseAgent\":true}"),
        STATUS_BACKEND, "none of the steps that are the reply said"},
    {AGENT("much"), STATUS_BACKEND, "root: agent \"much\" failed: the answer is larger"},
};

START_TEST(test_failing)
{
    flow_is("selfish", AGENT("selfish"));
    flow_is("failing", SEQUENCE(AGENT("bad")));
    agent_is("much", "head -c 100000 /dev/zero; exec sleep 60", NULL);
    int64_t began = units_mono_ms();
    run(failing[_i].root);
    ck_assert_int_lt(units_mono_ms() - began, 5000);
    ck_assert_int_eq(at.end.status, failing[_i].status);
    ck_assert_msg(
        !strncmp(at.why.text, failing[_i].said, strlen(failing[_i].said)), "%s", at.why.text);
}
END_TEST

static const char two_levels[] = SEQUENCE(AGENT("a") "," PARALLEL(AGENT("slow") "," PARALLEL(
    OPTIONAL("slow") "," AGENT("slow")) "," SEQUENCE(OPTIONAL("slow") "," AGENT("a"))));

/* Whenever it is canceled, it ends soon and asks nobody after that. */
START_TEST(test_cancel)
{
    at.cancel_at = _i;
    begin(two_levels);
    if (!_i)
        task_cancel(at.task);
    int64_t began = units_mono_ms();
    finish();
    ck_assert_int_lt(units_mono_ms() - began, 3000);
    ck_assert_int_eq(at.end.status, STATUS_CANCELED);
    const char *last = strstr(buf_str(&at.steps), "canceled");
    ck_assert(!last || !strstr(last, "ok"));
    ck_assert_uint_eq(at.text.len, 0);
}
END_TEST

START_TEST(test_time)
{
    at.ask.total_ms = 300;
    int64_t began = units_mono_ms();
    run(SEQUENCE(AGENT("a") "," OPTIONAL("slow") "," AGENT("b")));
    ck_assert_int_lt(units_mono_ms() - began, 5000);
    ck_assert_int_eq(at.end.status, STATUS_TIMEOUT);
    ck_assert_str_eq(at.why.text, "root.steps[2]: agent \"b\" failed: the flow's time is over");
}
END_TEST

START_TEST(test_free)
{
    begin(two_levels);
    while (at.events < _i)
        loop_turn(at.env.loop);
    task_free(at.task);
    at.task = NULL;
}
END_TEST

static void resume(void *ctx)
{
    (void)ctx;
    ck_assert_uint_eq(at.text.len, 0);
    ck_assert(!at.ended);
    task_pause(at.task, false);
}

START_TEST(test_pause)
{
    struct timer *t = timer_new(at.env.loop, resume, NULL);
    begin(SEQUENCE(REPLY("me") "," AGENT("a")));
    task_pause(at.task, true);
    timer_start(t, 200);
    finish();
    ck_assert_str_eq(buf_str(&at.text), "Hello");
    timer_free(t);
}
END_TEST

int main(void)
{
    if (unit_skips_programs())
        return EXIT_SUCCESS;
    Suite *suite = suite_create("flow_task");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_set_timeout(all, 30);
    tcase_add_loop_test(all, test_good, 0, COUNT(good));
    tcase_add_loop_test(all, test_failing, 0, COUNT(failing));
    tcase_add_loop_test(all, test_cancel, 0, 7);
    tcase_add_test(all, test_time);
    tcase_add_loop_test(all, test_free, 0, 7);
    tcase_add_test(all, test_pause);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
