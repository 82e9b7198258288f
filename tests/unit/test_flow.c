#include "store/flow.h"

#include "unit_store.h"

#define STEP(id) "{\"type\":\"agent\",\"agentId\":\"" id "\"}"
#define SEQUENCE(steps) "{\"type\":\"sequential\",\"steps\":[" steps "]}"
#define FLOW(id) "{\"type\":\"flow\",\"flowId\":\"" id "\"}"

static void setup(void)
{
    unit_store_make();
    unit_store_fill(unit_entities);
}

static enum status add(const char *id, const char *root)
{
    struct flow f;
    flow_init(&f);
    string_set(&f.id, id);
    string_set(&f.root, root);
    enum status st = flow_add(at.store, &f, &at.err);
    flow_release(&f);
    return st;
}

START_TEST(test_kept)
{
    struct flow f;
    struct buf out;
    struct json_writer w;
    struct json *j = NULL;
    static const char text[] =
        "{\"id\":\"f\",\"name\":\"F\",\"description\":\"Makes\",\"root\":"
        "{\"steps\":[{\"agentId\":\"one\",\"type\":\"agent\",\"x\":{\"y\":1}}"
        "],\"type\":\"sequential\"},\"spokesperson\":\"one\"}";
    flow_init(&f);
    buf_init(&out, BUF_SMALL);
    OK(json_parse(text, strlen(text), &j, &at.err));
    OK(flow_from_json(j, &f, &at.err));
    OK(flow_add(at.store, &f, &at.err));
    flow_release(&f);
    OK(flow_get(at.store, "f", &f, &at.err));
    json_writer_init(&w, &out);
    flow_to_json(&f, false, &w);
    ck_assert_str_eq(buf_str(&out), text);
    flow_release(&f);
    buf_release(&out);
    json_free(j);
}
END_TEST

START_TEST(test_checked)
{
    FAILS(add("f", NULL), STATUS_BAD_REQUEST, "a flow needs a root");
    FAILS(add("f", "{\"type\":\"x\"}"), STATUS_BAD_REQUEST, "root.type: no type \"x\"");
    FAILS(add("f", SEQUENCE(STEP("one") "," STEP("tow"))), STATUS_BAD_REQUEST,
        "root.steps[1].agentId: no agent \"tow\"; did you mean \"two\"?");
    FAILS(add("one", STEP("two")), STATUS_BAD_REQUEST, "\"one\" is an agent's id already");
    OK(add("f", STEP("one")));
    FAILS(add("f", STEP("one")), STATUS_CONFLICT, "exists already");
    OK(add("g", FLOW("f")));
    OK(add("h", SEQUENCE(FLOW("g") "," STEP("f"))));
    struct flow f;
    flow_init(&f);
    OK(flow_get(at.store, "f", &f, &at.err));
    string_set(&f.root, SEQUENCE(STEP("one") "," FLOW("h")));
    FAILS(flow_update(at.store, &f, &at.err), STATUS_BAD_REQUEST,
        "root.steps[1].flowId: flow \"h\": root.steps[0].flowId: flow \"g\": root.flowId: flow "
        "\"f\" would be in itself");
    string_set(&f.root, STEP("two"));
    OK(flow_update(at.store, &f, &at.err));
    flow_release(&f);
}
END_TEST

START_TEST(test_removed)
{
    OK(add("f", SEQUENCE(STEP("one"))));
    OK(add("g", FLOW("f")));
    FAILS(flow_remove(at.store, "f", false, &at.err), STATUS_CONFLICT, "flow \"g\"");
    FAILS(agent_remove(at.store, "one", false, &at.err), STATUS_CONFLICT, "flow \"f\"");
    OK(agent_remove(at.store, "one", true, &at.err));
    OK(flow_remove(at.store, "f", true, &at.err));
    OK(flow_remove(at.store, "g", false, &at.err));
    FAILS(flow_remove(at.store, "g", false, &at.err), STATUS_NOT_FOUND, "g");
}
END_TEST

/* Whichever stands first; what cannot be is kept and said. */
START_TEST(test_imported)
{
    static const char text[] = "{\"flows\":[{\"id\":\"outer\",\"root\":" FLOW(
        "middle") "},{\"id\":\"middle\",\"root\":" FLOW("inner") "},{\"id\":\"bad\","
                                                                 "\"root\":" STEP(
                                                                     "gone") "},{"
                                                                             "\"id"
                                                                             "\":"
                                                                             "\"in"
                                                                             "ner"
                                                                             "\","
                                                                             "\"ro"
                                                                             "ot\""
                                                                             ":" STEP("one") "}]}";
    struct import_report report = {0};
    struct json *j = NULL;
    struct buf out;
    buf_init(&out, BUF_SMALL);
    OK(store_import(at.store, text, strlen(text), false, &report, &at.err));
    ck_assert_uint_eq(report.flows, 3);
    ck_assert_uint_eq(report.kept.count, 1);
    ck_assert_ptr_nonnull(strstr(report.kept.items[0], "root.agentId: no agent \"gone\""));
    import_report_release(&report);
    OK(store_export(at.store, false, &out, &at.err));
    OK(json_parse(buf_str(&out), out.len, &j, &at.err));
    ck_assert_uint_eq(json_count(json_get(j, "flows")), 4);
    ck_assert_str_eq(json_get_string(json_at(json_get(j, "flows"), 3), "id"), "bad");
    json_free(j);
    buf_release(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flow");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, unit_store_remove);
    tcase_add_test(all, test_kept);
    tcase_add_test(all, test_checked);
    tcase_add_test(all, test_removed);
    tcase_add_test(all, test_imported);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
