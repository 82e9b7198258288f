#include "store/flow_tree.h"

#include "unit.h"
#include "unit_mutate.h"

#define A "{\"type\":\"agent\",\"agentId\":\"a\"}"
#define ROOT(step) step
#define SEQUENCE(steps) "{\"type\":\"sequential\",\"steps\":[" steps "]}"
#define LOOP(rest) "{\"type\":\"loop\",\"steps\":[" A "]" rest "}"

static const char whole[] =
    "{\"steps\":[{\"agentId\":\"manager\",\"type\":\"agent\",\"label\":{\"x\":1}},"
    "{\"type\":\"parallel\",\"steps\":["
    "{\"type\":\"agent\",\"agentId\":\"front\"},"
    "{\"type\":\"flow\",\"flowId\":\"inner\",\"optional\":true}]},"
    "{\"type\":\"loop\",\"maxIterations\":5,\"exitWhen\":\"state.ok == true\",\"steps\":["
    "{\"type\":\"sequential\",\"steps\":[{\"type\":\"agent\",\"agentId\":\"review\"}]}]},"
    "{\"type\":\"loop\",\"maxIterations\":2,\"exitLoop\":true,\"exitWhen\":\"\",\"steps\":["
    "{\"type\":\"agent\",\"agentId\":\"writer\",\"responseAgent\":true,\"steps\":[]}]}],"
    "\"type\":\"sequential\",\"color\":\"red\"}";

START_TEST(test_read)
{
    struct flow_step f = {0};
    struct error err = {0};
    ck_assert_msg(!flow_tree_parse(whole, &f, &err), "%s", err.text);
    const struct flow_step *root = &f;
    ck_assert_int_eq(root->type, FLOW_SEQUENTIAL);
    ck_assert_uint_eq(root->step_count, 4);
    ck_assert_str_eq(root->steps[0].id, "manager");
    ck_assert_int_eq(root->steps[1].steps[1].type, FLOW_NESTED);
    ck_assert(root->steps[1].steps[1].optional && !root->steps[1].steps[0].optional);
    ck_assert_int_eq(root->steps[2].max_iterations, 5);
    ck_assert_ptr_nonnull(root->steps[2].condition);
    ck_assert(root->steps[3].exit_loop && !root->steps[3].condition);
    ck_assert(root->steps[3].steps[0].response && !root->steps[0].response);
    flow_tree_release(&f);
}
END_TEST

START_TEST(test_draw)
{
    struct flow_step f = {0};
    struct buf out;
    buf_init(&out, BUF_SMALL);
    ck_assert_int_eq(flow_tree_parse(whole, &f, NULL), STATUS_OK);
    ck_assert_int_eq(flow_tree_draw(&f, &out), STATUS_OK);
    ck_assert_str_eq(buf_str(&out), "sequential\n"
                                    "├── agent manager\n"
                                    "├── parallel\n"
                                    "│   ├── agent front\n"
                                    "│   └── flow inner (optional)\n"
                                    "├── loop, at most 5 times, until state.ok == true\n"
                                    "│   └── sequential\n"
                                    "│       └── agent review\n"
                                    "└── loop, at most 2 times, until an agent ends it\n"
                                    "    └── agent writer (reply)\n");
    flow_tree_release(&f);
    buf_release(&out);
}
END_TEST

static const struct {
    const char *text, *said;
} wrong[] = {
    {"", "root: not JSON"},
    {"{", "root: not JSON"},
    {ROOT("[]"), "root: not an object"},
    {ROOT("null"), "root: not an object"},
    {ROOT("{}"), "root.type: missing; it is agent"},
    {ROOT("{\"type\":7}"), "root.type: missing"},
    {ROOT("{\"type\":\"serial\"}"), "root.type: no type \"serial\"; there are agent"},
    {ROOT("{\"type\":\"paralel\"}"), "root.type: no type \"paralel\"; did you mean \"parallel\"?"},
    {ROOT("{\"type\":\"agent\"}"), "root.agentId: missing"},
    {ROOT("{\"type\":\"flow\",\"flowId\":\"\"}"), "root.flowId: missing"},
    {ROOT("{\"type\":\"agent\",\"agentId\":5}"), "root.agentId: not a string"},
    {ROOT("{\"type\":\"agent\",\"agentId\":\"a b\"}"), "root.agentId: \"a b\" is no id"},
    {ROOT("{\"type\":\"agent\",\"agentId\":\"a\",\"steps\":[" A "]}"),
        "root.steps: a step of type agent has none"},
    {ROOT("{\"type\":\"agent\",\"agentId\":\"a\",\"maxIterations\":3}"),
        "root.maxIterations: a step of type agent has none"},
    {ROOT("{\"type\":\"agent\",\"agentId\":\"a\",\"flowId\":\"b\"}"),
        "root.flowId: a step of type agent has none"},
    {ROOT("{\"type\":\"agent\",\"agentId\":\"a\",\"responseAgent\":\"yes\"}"),
        "root.responseAgent: neither true nor false"},
    {ROOT("{\"type\":\"agent\",\"agentId\":\"a\",\"reponseAgent\":true}"),
        "root.reponseAgent: did you mean \"responseAgent\"?"},
    {ROOT("{\"type\":\"agent\",\"agentId\":\"a\",\"optional\":1}"),
        "root.optional: neither true nor false"},
    {ROOT("{\"type\":\"sequential\"}"), "root.steps: a step of type sequential needs some"},
    {ROOT("{\"type\":\"parallel\",\"steps\":[]}"), "root.steps: a step of type parallel needs"},
    {ROOT("{\"type\":\"parallel\",\"steps\":{}}"), "root.steps: a step of type parallel needs"},
    {ROOT("{\"type\":\"parallel\",\"steps\":[" A "],\"responseAgent\":true}"),
        "root.responseAgent: a step of type parallel has none"},
    {ROOT(SEQUENCE(A ",7")), "root.steps[1]: not an object"},
    {ROOT(SEQUENCE(A "," SEQUENCE(A ",{\"type\":\"x\"}"))), "root.steps[1].steps[1].type: no type"},
    {ROOT(LOOP("")), "root.maxIterations: a loop needs a number from 1 to 100"},
    {ROOT(LOOP(",\"maxIterations\":0")), "root.maxIterations: a loop needs"},
    {ROOT(LOOP(",\"maxIterations\":101")), "root.maxIterations: a loop needs"},
    {ROOT(LOOP(",\"maxIterations\":-1")), "root.maxIterations: a loop needs"},
    {ROOT(LOOP(",\"maxIterations\":2.5")), "root.maxIterations: a loop needs"},
    {ROOT(LOOP(",\"maxIterations\":2,\"exitLoop\":true,\"exitWhen\":\"state.a\"")),
        "root.exitWhen: a loop ends by exitLoop or by exitWhen"},
    {ROOT(SEQUENCE(A "," LOOP(",\"maxIterations\":2,\"exitWhen\":\"state.x ===\""))),
        "root.steps[1].exitWhen: column 11: found \"=\"; did you mean \"==\"?"},
    {ROOT(LOOP(",\"maxIterations\":2,\"exitWhen\":7")), "root.exitWhen: not a string"},
};

START_TEST(test_wrong)
{
    struct flow_step f = {0};
    struct error err = {0};
    ck_assert_int_eq(flow_tree_parse(wrong[_i].text, &f, &err), STATUS_BAD_REQUEST);
    ck_assert_msg(!strncmp(err.text, wrong[_i].said, strlen(wrong[_i].said)), "%s: %s",
        wrong[_i].text, err.text);
    flow_tree_release(&f);
}
END_TEST

static enum status read_repeated(
    const char *before, const char *middle, int times, const char *after, struct error *err)
{
    struct flow_step f = {0};
    struct buf text;
    buf_init(&text, 4 * BUF_SMALL);
    buf_adds(&text, before);
    for (int i = 0; i < times; i++)
        buf_adds(&text, middle);
    buf_adds(&text, after);
    for (int i = 0; i < times && *middle == '{' && strchr(middle, '['); i++)
        buf_adds(&text, "]}");
    if (!strchr(middle, '['))
        buf_adds(&text, "]}");
    ck_assert_int_eq(buf_status(&text), STATUS_OK);
    enum status st = flow_tree_parse(buf_str(&text), &f, err);
    flow_tree_release(&f);
    buf_release(&text);
    return st;
}

START_TEST(test_caps)
{
    static const char deep[] = "{\"type\":\"sequential\",\"steps\":[";
    struct error err;
    ck_assert_int_eq(read_repeated("", deep, FLOW_DEPTH_MAX - 1, A, &err), STATUS_OK);
    ck_assert_int_eq(read_repeated("", deep, FLOW_DEPTH_MAX, A, &err), STATUS_BAD_REQUEST);
    ck_assert_ptr_nonnull(strstr(err.text, "more than 16 steps deep"));
    static const char wide[] = "{\"type\":\"parallel\",\"steps\":[";
    ck_assert_int_eq(read_repeated(wide, A ",", FLOW_STEPS_MAX - 2, A, &err), STATUS_OK);
    ck_assert_int_eq(read_repeated(wide, A ",", FLOW_STEPS_MAX - 1, A, &err), STATUS_BAD_REQUEST);
    ck_assert_int_eq(read_repeated(wide, A ",", FLOW_STEPS_MAX, A, &err), STATUS_BAD_REQUEST);
}
END_TEST

/* ---- names ---- */

static const char *const there[][2] = {
    {"inner", ROOT(SEQUENCE(A))},
    {"first", ROOT("{\"type\":\"flow\",\"flowId\":\"second\"}")},
    {"second", ROOT(SEQUENCE(A ",{\"type\":\"agent\",\"agentId\":\"first\"}"))},
    {"back", ROOT("{\"type\":\"flow\",\"flowId\":\"mine\"}")},
    {"broken", ROOT("{\"type\":\"agent\",\"agentId\":\"gone\"}")},
    {"much", ROOT("{\"type\":\"loop\",\"maxIterations\":100,\"steps\":["
                  "{\"type\":\"loop\",\"maxIterations\":100,\"steps\":[" A "]}]}")},
};

struct names {
    struct flow_step flows[COUNT(there)];
    struct strings agents, ids;
};

static const struct flow_step *find(void *ctx, const char *id)
{
    struct names *n = ctx;
    for (size_t i = 0; i < COUNT(there); i++)
        if (!strcmp(there[i][0], id))
            return &n->flows[i];
    return NULL;
}

#define NESTED(id) "{\"type\":\"flow\",\"flowId\":\"" id "\"}"
#define AGENT(id) "{\"type\":\"agent\",\"agentId\":\"" id "\"}"

static const struct {
    const char *root, *said; /* NULL: it is good */
} checks[] = {
    {A, NULL},
    {SEQUENCE(A "," AGENT("reviewer")), NULL},
    {SEQUENCE(NESTED("inner") "," NESTED("inner") "," AGENT("inner")), NULL},
    {NESTED("much"), NULL},
    {SEQUENCE(A "," AGENT("reviewr")),
        "root.steps[1].agentId: no agent \"reviewr\"; did you mean \"reviewer\"?"},
    {AGENT("innre"), "root.agentId: no agent \"innre\"; did you mean \"inner\"?"},
    {NESTED("iner"), "root.flowId: no flow \"iner\"; did you mean \"inner\"?"},
    {NESTED("reviewer"), "root.flowId: no flow \"reviewer\""},
    {NESTED("mine"), "root.flowId: no flow \"mine\""},
    {SEQUENCE(A "," NESTED("first")),
        "root.steps[1].flowId: flow \"first\": root.flowId: flow \"second\": "
        "root.steps[1].agentId: flow \"first\" would be in itself"},
    {NESTED("back"), "root.flowId: flow \"back\": root.flowId: flow \"mine\" would be in itself"},
    {NESTED("broken"), "root.flowId: flow \"broken\": root.agentId: no agent \"gone\""},
    {SEQUENCE(A "," NESTED("much")), "root.type: more than 10000 calls of agents"},
};

START_TEST(test_check)
{
    struct names n = {0};
    struct flow_step f = {0};
    struct error err = {0};
    for (size_t i = 0; i < COUNT(there); i++) {
        ck_assert_int_eq(flow_tree_parse(there[i][1], &n.flows[i], NULL), STATUS_OK);
        strings_add(&n.ids, there[i][0]);
    }
    if (strstr(checks[_i].root, "back"))
        strings_add(&n.ids, "mine"); /* as it is when one is replaced */
    strings_add(&n.agents, "a");
    strings_add(&n.agents, "reviewer");
    ck_assert_int_eq(flow_tree_parse(checks[_i].root, &f, &err), STATUS_OK);
    struct flow_names names = {&n.agents, &n.ids, find, &n};
    enum status st = flow_tree_check("mine", &f, &names, &err);
    ck_assert_int_eq(st, checks[_i].said ? STATUS_BAD_REQUEST : STATUS_OK);
    if (checks[_i].said)
        ck_assert_str_eq(err.text, checks[_i].said);
    for (size_t i = 0; i < COUNT(there); i++)
        flow_tree_release(&n.flows[i]);
    strings_release(&n.agents);
    strings_release(&n.ids);
    flow_tree_release(&f);
}
END_TEST

START_TEST(test_mutations)
{
    uint32_t random = 5;
    for (int round = 0; round < 5000; round++) {
        struct buf text;
        struct flow_step f = {0};
        struct error err = {0};
        buf_init(&text, BUF_SMALL);
        buf_adds(&text, whole);
        for (int n = 0; n <= round % 4; n++)
            unit_mutate(&text, &random);
        buf_addc(&text, 0);
        if (flow_tree_parse(buf_str(&text), &f, &err))
            ck_assert(*err.text);
        flow_tree_release(&f);
        buf_release(&text);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flow_tree");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_read);
    tcase_add_test(all, test_draw);
    tcase_add_loop_test(all, test_wrong, 0, COUNT(wrong));
    tcase_add_test(all, test_caps);
    tcase_add_loop_test(all, test_check, 0, COUNT(checks));
    tcase_add_test(all, test_mutations);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
