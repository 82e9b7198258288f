#include "agent/flow_state.h"

#include "unit.h"

static struct flow_state state;
static struct error err;

static void set(const char *key, const char *text)
{
    ck_assert_int_eq(flow_state_set(&state, key, text, strlen(text), &err), STATUS_OK);
}

static void fill(void)
{
    set("facts", "old");
    set("facts", "the sky is blue");
    set("a.b-c d", "odd");
    set("again", "{{agent.output:facts}}");
    set("empty", "");
}

static const struct {
    const char *text, *expanded;
} prompts[] = {
    {"", ""},
    {"Nothing here", "Nothing here"},
    {"Use {{agent.output:facts}}.", "Use the sky is blue."},
    {"{{agent.output:facts}}{{agent.output:facts}}", "the sky is bluethe sky is blue"},
    {"[{{agent.output:empty}}][{{agent.output:missing}}]", "[][]"},
    {"{{agent.output:a.b-c d}}", "odd"},
    {"{{agent.output:again}}", "{{agent.output:facts}}"},
    {"{facts} {{facts}} ${facts} {{agent.input:facts}} {{ agent.output:facts }}",
        "{facts} {{facts}} ${facts} {{agent.input:facts}} {{ agent.output:facts }}"},
    {"{{agent.output:}} {{agent.output:facts} {{agent.output:facts",
        "{{agent.output:}} {{agent.output:facts} {{agent.output:facts"},
    {"{{agent.output:{{agent.output:facts}}}}", "{{agent.output:the sky is blue}}"},
    {"{{agent.output:fac\nts}}", "{{agent.output:fac\nts}}"},
    {"{\"json\": {{agent.output:facts}}}", "{\"json\": the sky is blue}"},
};

START_TEST(test_expand)
{
    struct buf out;
    buf_init(&out, BUF_SMALL);
    fill();
    ck_assert_int_eq(flow_state_expand(&state, prompts[_i].text, &out), STATUS_OK);
    ck_assert_str_eq(buf_str(&out), prompts[_i].expanded);
    if (strcmp(prompts[_i].text, prompts[_i].expanded) != 0)
        ck_assert(flow_state_wanted(prompts[_i].text));
    buf_release(&out);
    flow_state_release(&state);
}
END_TEST

START_TEST(test_conditions)
{
    static const struct {
        const char *text;
        bool is_true;
        enum status status;
    } conditions[] = {
        {"state.facts.contains('blue')", true, STATUS_OK},
        {"state.facts == 'old'", false, STATUS_OK},
        {"state['a.b-c d'] == 'odd'", true, STATUS_OK},
        {"has(state.missing)", false, STATUS_OK},
        {"state.missing == 'x'", false, STATUS_BAD_REQUEST},
    };
    fill();
    for (size_t i = 0; i < COUNT(conditions); i++) {
        struct cel *condition = NULL;
        bool is_true = true;
        ck_assert_int_eq(cel_parse(conditions[i].text, &condition, &err), STATUS_OK);
        ck_assert_int_eq(flow_state_test(&state, condition, &is_true, &err), conditions[i].status);
        ck_assert_int_eq(is_true, conditions[i].is_true);
        cel_free(condition);
    }
    ck_assert_str_eq(err.text, "column 7: no key \"missing\"");
    flow_state_release(&state);
}
END_TEST

START_TEST(test_caps)
{
    char key[FLOW_KEY_MAX + 2];
    size_t large = FLOW_STATE_MAX / 2 + 1;
    char *text = calloc(1, large);
    ck_assert_ptr_nonnull(text);
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = 0;
    ck_assert_int_eq(flow_state_set(&state, key, "", 0, &err), STATUS_TOO_LARGE);
    ck_assert_int_eq(flow_state_set(&state, "a", text, large, &err), STATUS_OK);
    ck_assert_int_eq(flow_state_set(&state, "b", text, large, &err), STATUS_TOO_LARGE);
    ck_assert_int_eq(flow_state_set(&state, "a", text, large, &err), STATUS_OK);
    set("a", "small");
    ck_assert_int_eq(flow_state_set(&state, "b", text, large, &err), STATUS_OK);
    free(text);
    for (int i = 2; i < FLOW_KEYS_MAX; i++) {
        snprintf(key, sizeof key, "%d", i);
        set(key, "x");
    }
    ck_assert_int_eq(flow_state_set(&state, "more", "x", 1, &err), STATUS_TOO_LARGE);
    set("a", "still");
    ck_assert_str_eq(flow_state_get(&state, "a", 1)->text, "still");
    ck_assert_ptr_null(flow_state_get(&state, "ab", 2));
    flow_state_release(&state);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flow_state");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_expand, 0, COUNT(prompts));
    tcase_add_test(all, test_conditions);
    tcase_add_test(all, test_caps);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
