#include "agent/tool_set.h"

#include "agent/flow_state.h"
#include "agent/tool_state.h"
#include "agent/tool_use.h"
#include "store/exec_tool.h"
#include "unit_mcp.h"

/* ---- names ---- */

static char long_id[] = "a-server-with-a-name-that-leaves-little-room-for-those-of-tools";
static struct mcp_server things = {.id = (char[]){"things"}}, dotted = {.id = (char[]){"a.b"}},
                         under = {.id = (char[]){"a_b"}}, lengthy = {.id = long_id},
                         broken = {.id = (char[]){"broken"}}, silent = {.id = (char[]){"silent"}};

static enum status add(
    struct tool_set *s, const struct mcp_server *server, const char *name, struct error *err)
{
    char title[256];
    snprintf(title, sizeof title, "%s%s%s", server ? server->id : "", server ? "/" : "", name);
    struct tool_entry e = {
        .kind = server ? TOOL_MCP : TOOL_EXEC, .title = title, .server = server, .remote = name};
    return tool_set_add(s, &e, NULL, "{}", err);
}

START_TEST(test_names)
{
    struct tool_set s = {0};
    struct error err;
    ck_assert(!add(&s, NULL, "lookup", &err));
    ck_assert(!add(&s, &things, "read_file", &err));
    ck_assert(!add(&s, &dotted, "x/y z\xc3\xa9", &err));
    ck_assert(!add(&s, &dotted, "t", &err));
    ck_assert(!add(&s, &under, "t", &err));
    ck_assert(!add(&s, &lengthy, "first", &err));
    ck_assert(!add(&s, &lengthy, "second", &err));
    ck_assert_str_eq(s.tools[0].name, "lookup");
    ck_assert_str_eq(s.tools[1].name, "things__read_file");
    ck_assert_str_eq(s.tools[2].name, "a_b__x_y_z__");
    ck_assert_str_eq(s.tools[3].name, "a_b__t");
    ck_assert_uint_eq(strlen(s.tools[4].name), strlen("a_b__t_00000000"));
    ck_assert(!strncmp(s.tools[4].name, "a_b__t_", 7));
    ck_assert_uint_eq(strlen(s.tools[5].name), TOOL_NAME_MAX);
    ck_assert_str_ne(s.tools[5].name, s.tools[6].name);
    ck_assert_str_eq(s.entries[2].title, "a.b/x/y z\xc3\xa9");
    ck_assert_str_eq(s.entries[2].remote, "x/y z\xc3\xa9");
    for (size_t i = 0; i < s.count; i++)
        ck_assert_ptr_eq(tool_set_find(&s, s.tools[i].name), &s.entries[i]);
    ck_assert_ptr_null(tool_set_find(&s, "read_file"));
    ck_assert_int_eq(add(&s, &under, "t", &err), STATUS_BAD_REQUEST); /* the very same */
    tool_set_clear(&s);
}
END_TEST

START_TEST(test_too_many)
{
    struct tool_set s = {0};
    struct error err;
    char name[32];
    for (int i = 0; i < TOOLS_MAX; i++) {
        snprintf(name, sizeof name, "t%d", i);
        ck_assert(!add(&s, NULL, name, &err));
    }
    ck_assert_int_eq(add(&s, NULL, "more", &err), STATUS_CONFIG);
    tool_set_clear(&s);
}
END_TEST

/* ---- schemas ---- */

static const struct {
    const char *schema, *told; /* NULL: it is left out */
} schemas[] = {
    {"{\"type\":\"object\"}", "{\"type\":\"object\"}"},
    {"{}", "{\"type\":\"object\"}"},
    {"{\"properties\":{}}", "{\"type\":\"object\",\"properties\":{}}"},
    {"{\"type\":\"array\"}", NULL},
    {"{\"type\":[\"object\"]}", NULL},
    {"[]", NULL},
    {"true", NULL},
    {"{\"type\":\"object\"", NULL},
    {"", NULL},
};

START_TEST(test_schema)
{
    struct tool_set s = {0};
    struct error err;
    struct tool_entry e = {.kind = TOOL_EXEC, .title = "x"};
    enum status st = tool_set_add(&s, &e, "d", schemas[_i].schema, &err);
    ck_assert_int_eq(st, schemas[_i].told ? STATUS_OK : STATUS_BAD_REQUEST);
    if (schemas[_i].told)
        ck_assert_str_eq(s.tools[0].schema, schemas[_i].told);
    tool_set_clear(&s);
}
END_TEST

START_TEST(test_large_schema)
{
    struct tool_set s = {0};
    struct error err;
    struct tool_entry e = {.kind = TOOL_EXEC, .title = "x"};
    char *schema = malloc(TOOL_SCHEMA_MAX + 2);
    memset(schema, ' ', TOOL_SCHEMA_MAX + 1);
    memcpy(schema, "{}", 2);
    schema[TOOL_SCHEMA_MAX + 1] = 0;
    ck_assert_int_eq(tool_set_add(&s, &e, NULL, schema, &err), STATUS_BAD_REQUEST);
    schema[TOOL_SCHEMA_MAX] = 0;
    ck_assert_int_eq(tool_set_add(&s, &e, NULL, schema, &err), STATUS_OK);
    free(schema);
    tool_set_clear(&s);
}
END_TEST

/* ---- who gets which ---- */

static const struct mcp_tool listed[] = {
    {"read", "Reads.", "{\"type\":\"object\"}"},
    {"write", NULL, "{\"type\":\"object\"}"},
    {"list", NULL, "{\"type\":\"string\"}"},
};

static const struct {
    const char *agent, *client; /* patterns with commas between them; NULL: none */
    bool state, may_exit;
    const char *names;
} narrowed[] = {
    {NULL, NULL, false, false, "clock date things__read things__write "},
    {"*", NULL, false, false, "clock date things__read things__write "},
    {"things/*", NULL, false, false, "things__read things__write "},
    {"*/read,date", NULL, false, false, "date things__read "},
    {"*/read,date", "things/*", false, false, "things__read "},
    {NULL, "none", false, false, ""},
    {"none", "*", false, false, ""},
    {"none,date", NULL, false, false, "date "},
    {"things__read", NULL, false, false, ""},
    {"date", NULL, true, false, "set_state get_state date "},
    {"date", "none", true, true, "set_state get_state exit_loop "},
    {"none", NULL, true, true, "exit_loop "},
    {"none", NULL, true, false, ""},
};

static char clock_id[] = "clock", date_id[] = "date";

static struct {
    struct agent_env env;
    struct agent agent;
    struct backend backend;
    struct strings client;
    struct exec_tool execs[2];
    struct tool_links links;
    struct tool_state state;
    struct ask ask;
    struct tool_set set;
    struct error failed;
    int done, lost;
} at;

static void on_done(void *ctx, const struct error *err)
{
    (void)ctx;
    at.done++;
    if (err)
        at.failed = *err;
    loop_stop(at.env.loop);
}

static void setup(void)
{
    memset(&at, 0, sizeof at);
    unit_mcp = (struct mcp){.tools = listed, .count = COUNT(listed)};
    ck_assert_int_eq(loop_open(&at.env.loop, NULL), STATUS_OK);
    agent_init(&at.agent);
    at.agent.id = strdup("me");
    backend_init(&at.backend);
    string_set(&at.backend.type, "echo");
    at.execs[0].id = clock_id;
    at.execs[1].id = date_id;
}

static void teardown(void)
{
    tool_set_release(&at.set);
    mcp_close(&unit_mcp);
    agent_release(&at.agent);
    backend_release(&at.backend);
    strings_release(&at.client);
    loop_close(at.env.loop);
}

static void gather(const struct mcp_server *const *servers, size_t count)
{
    static const struct exec_tool *execs[2];
    execs[0] = &at.execs[0];
    execs[1] = &at.execs[1];
    at.links = (struct tool_links){.servers = servers,
        .server_count = count,
        .execs = execs,
        .exec_count = 2,
        .agent_allows = &at.agent.allowed_tools,
        .client_allows = &at.client};
    at.ask.agent = &at.agent;
    at.ask.backend = &at.backend;
    at.ask.links = &at.links;
    ck_assert_int_eq(tool_set_gather(&at.set, &at.env, &at.ask, on_done, NULL), STATUS_OK);
    ck_assert_int_eq(at.done, 0);
}

START_TEST(test_narrowed)
{
    const struct mcp_server *const servers[] = {&things};
    struct buf names;
    buf_init(&names, BUF_SMALL);
    if (narrowed[_i].agent)
        strings_split(&at.agent.allowed_tools, narrowed[_i].agent, ',');
    if (narrowed[_i].client)
        strings_split(&at.client, narrowed[_i].client, ',');
    at.state.may_exit = narrowed[_i].may_exit;
    at.ask.state = narrowed[_i].state ? &at.state : NULL;
    gather(servers, 1);
    loop_run(at.env.loop);
    ck_assert_int_eq(at.done, 1);
    ck_assert_int_eq(at.failed.status, STATUS_OK);
    for (size_t i = 0; i < at.set.count; i++)
        buf_printf(&names, "%s ", at.set.tools[i].name);
    ck_assert_str_eq(buf_str(&names), narrowed[_i].names);
    buf_release(&names);
}
END_TEST

/* One that cannot be had is in the way only of who may reach it. */
static const struct {
    const char *agent, *client;
    bool asked;
} reach[] = {
    {NULL, NULL, true},
    {"things/*", NULL, false},
    {"broken", NULL, false},
    {"brokenly/*", NULL, false},
    {"bro", NULL, false},
    {"none", NULL, false},
    {NULL, "none", false},
    {"*", "things/*,date", false},
    {"*", "date", false},
    {"broken/*", "date", false},
    {"date,broken/x", NULL, true},
    {"bro*", NULL, true},
    {"*x", NULL, true},
    {"broken*", NULL, true},
    {"broken/x*", "*/x", true},
};

START_TEST(test_reach)
{
    const struct mcp_server *const servers[] = {&broken, &things};
    if (reach[_i].agent)
        strings_split(&at.agent.allowed_tools, reach[_i].agent, ',');
    if (reach[_i].client)
        strings_split(&at.client, reach[_i].client, ',');
    gather(servers, 2);
    loop_run(at.env.loop);
    ck_assert_int_eq(at.done, 1);
    ck_assert_int_eq(at.failed.status, reach[_i].asked ? STATUS_BACKEND : STATUS_OK);
}
END_TEST

START_TEST(test_broken_server)
{
    const struct mcp_server *const servers[] = {&silent, &things, &broken};
    gather(servers, 3);
    loop_run(at.env.loop);
    ck_assert_int_eq(at.done, 1);
    ck_assert_int_eq(at.failed.status, STATUS_BACKEND);
    ck_assert_ptr_nonnull(strstr(at.failed.text, "mcp server \"broken\""));
    ck_assert_uint_eq(at.set.count, 0);
}
END_TEST

static void on_lost(void *ctx, const struct error *err)
{
    (void)ctx;
    ck_assert_int_eq(at.done, 0);
    ck_assert_int_eq(err->status, STATUS_BACKEND);
    ck_assert_ptr_nonnull(strstr(err->text, "cannot be listed: mcp server \"broken\""));
    at.lost++;
}

START_TEST(test_lost_server)
{
    const struct mcp_server *const servers[] = {&broken, &things, &broken};
    at.set.lost = on_lost;
    gather(servers, 3 - (size_t)_i);
    loop_run(at.env.loop);
    ck_assert_int_eq(at.done, 1);
    ck_assert_int_eq(at.lost, 2 - _i);
    ck_assert_int_eq(at.failed.status, STATUS_OK);
    ck_assert_uint_eq(at.set.count, 4);
}
END_TEST

START_TEST(test_released_early)
{
    const struct mcp_server *const servers[] = {&silent, &things};
    gather(servers, 2);
    loop_turn(at.env.loop);
    tool_set_release(&at.set);
    ck_assert_int_eq(at.done, 0);
    ck_assert_int_eq(unit_mcp.requests, 0);
}
END_TEST

/* ---- what a model is told of what a tool said ---- */

static const struct {
    const char *bytes;
    size_t len, all, max;
    const char *text;
} said[] = {
    {"abc", 3, 3, 3, "abc"},
    {"", 0, 0, 3, ""},
    {"abcd", 4, 4, 3, "abc\n[cut: this is the beginning of 4 bytes]"},
    {"abc", 3, 9, 3, "abc\n[cut: this is the beginning of 9 bytes]"},
    {"ab\xc3\xa9", 4, 4, 3, "ab\n[cut: this is the beginning of 4 bytes]"},
    {"ab\xc3", 3, 9, 3, "ab\n[cut: this is the beginning of 9 bytes]"},
    {"a\xff"
     "b",
        3, 3, 9,
        "a\xef\xbf\xbd"
        "b"},
    {"a\0b\0", 4, 4, 9,
        "a\xef\xbf\xbd"
        "b\xef\xbf\xbd"},
};

START_TEST(test_said)
{
    struct buf out;
    buf_init(&out, BUF_SMALL);
    tool_use_clean(said[_i].bytes, said[_i].len, said[_i].all, said[_i].max, &out);
    ck_assert_str_eq(buf_str(&out), said[_i].text);
    buf_release(&out);
}
END_TEST

/* ---- the state ---- */

static const struct {
    const char *tool, *arguments;
    bool good;
    const char *text;
} state_calls[] = {
    {"set_state", "{\"key\":\"a\",\"value\":\"x\"}", true, "ok"},
    {"set_state", "{\"key\":\"b\",\"value\":[1, 2]}", true, "ok"},
    {"get_state", "{\"key\":\"a\"}", true, "x"},
    {"get_state", "{\"key\":\"b\"}", true, "[1,2]"},
    {"get_state", "{}", true, "{\"a\":\"x\",\"b\":\"[1,2]\"}"},
    {"get_state", "{\"key\":\"c\"}", false,
        "there is nothing under this key; the keys are \"a\", \"b\""},
    {"set_state", "{\"key\":\"a\"}", false, "set_state wants a \"key\" and a \"value\""},
    {"set_state", "{\"key\":\"\",\"value\":\"x\"}", false,
        "set_state wants a \"key\" and a \"value\""},
    {"exit_loop", "{}", false, "this loop cannot be ended so"},
};

START_TEST(test_state)
{
    struct flow_state values = {0};
    struct tool_state state = {.values = &values};
    struct buf out;
    buf_init(&out, BUF_SMALL);
    for (size_t i = 0; i < COUNT(state_calls); i++) {
        struct json *j = NULL;
        const char *text = state_calls[i].arguments;
        ck_assert(!json_parse(text, strlen(text), &j, NULL));
        buf_reset(&out);
        bool good = tool_state_call(&state, state_calls[i].tool, j, &out);
        ck_assert_str_eq(buf_str(&out), state_calls[i].text);
        ck_assert_int_eq(good, state_calls[i].good);
        json_free(j);
    }
    ck_assert(!state.exited);
    state.may_exit = true;
    ck_assert(tool_state_call(&state, "exit_loop", NULL, &out));
    ck_assert(state.exited);
    buf_release(&out);
    flow_state_release(&values);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tool_set");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, test_names);
    tcase_add_test(all, test_too_many);
    tcase_add_loop_test(all, test_schema, 0, COUNT(schemas));
    tcase_add_test(all, test_large_schema);
    tcase_add_loop_test(all, test_narrowed, 0, COUNT(narrowed));
    tcase_add_loop_test(all, test_reach, 0, COUNT(reach));
    tcase_add_test(all, test_broken_server);
    tcase_add_loop_test(all, test_lost_server, 0, 2);
    tcase_add_test(all, test_released_early);
    tcase_add_loop_test(all, test_said, 0, COUNT(said));
    tcase_add_test(all, test_state);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
