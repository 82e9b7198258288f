/* MCP servers and tools as they are kept, linked, exported and known to runs. */
#include <sqlite3.h>

#include "store/exec_tool.h"
#include "store/mcp_server.h"
#include "unit_store.h"
#include "unit_version1.h"
#include "webhook/known.h"

static enum status add(const struct entity_kind *kind, const char *text)
{
    struct json *j = NULL;
    void *e = entity_new(kind);
    OK(json_parse(text, strlen(text), &j, &at.err));
    enum status st = entity_from_json(kind, j, e, &at.err);
    if (!st)
        st = entity_add(at.store, kind, e, &at.err);
    json_free(j);
    entity_free(kind, e);
    return st;
}

static void check_json(
    const struct entity_kind *kind, const char *id, bool secrets, const char *want)
{
    struct buf out;
    struct json_writer w;
    void *e = entity_new(kind);
    buf_init(&out, BUF_SMALL);
    json_writer_init(&w, &out);
    OK(entity_get(at.store, kind, id, e, &at.err));
    entity_to_json(kind, e, secrets, &w);
    ck_assert_str_eq(buf_str(&out), want);
    entity_free(kind, e);
    buf_release(&out);
}

enum { MCP, TOOL, AGENT, CLIENT };

static const struct entity_kind *const kinds[] = {
    [MCP] = &mcp_server_kind,
    [TOOL] = &exec_tool_kind,
    [AGENT] = &agent_kind,
    [CLIENT] = &client_kind,
};

#define HTTP                                                                                       \
    "{\"id\":\"web\",\"name\":\"Web\",\"type\":\"http\",\"endpoint\":\"https://mcp.example/mcp\"," \
    "\"headers\":{\"Authorization\":\"Bearer "                                                     \
    "hidden\",\"X-Ref\":\"${KEY}\"},\"caFile\":\"/ca.pem\","                                       \
    "\"insecure\":true,\"timeout\":\"2s\",\"listTime\":\"1h\",\"systemPrompt\":\"kept\"}"
#define STDIO                                                                                      \
    "{\"id\":\"files\",\"type\":\"stdio\",\"command\":\"/usr/bin/files\",\"args\":[\"-r\",\"/"     \
    "srv\"],"                                                                                      \
    "\"env\":{\"HOME\":\"/\",\"API_KEY\":\"hidden\"},\"workDir\":\"/srv\"}"
#define EXEC                                                                                       \
    "{\"id\":\"grep_logs\",\"description\":\"Finds lines\",\"parameters\":{\"type\":\"object\","   \
    "\"properties\":{\"q\":{\"type\":\"string\"}}},\"command\":[\"/bin/grep\",\"-e\"],"            \
    "\"env\":{\"LANG\":\"C\"},\"workDir\":\"/var/log\",\"timeout\":\"5s\",\"x\":1}"

static const struct {
    int kind;
    const char *id, *given, *whole, *without;
} written[] = {
    {MCP, "web", HTTP, HTTP,
        "{\"id\":\"web\",\"name\":\"Web\",\"type\":\"http\",\"endpoint\":\"https://mcp.example/"
        "mcp\","
        "\"headers\":{\"Authorization\":null,\"X-Ref\":\"${KEY}\"},\"caFile\":\"/ca.pem\","
        "\"insecure\":true,\"timeout\":\"2s\",\"listTime\":\"1h\",\"systemPrompt\":\"kept\"}"},
    {MCP, "files", STDIO, STDIO,
        "{\"id\":\"files\",\"type\":\"stdio\",\"command\":\"/usr/bin/files\",\"args\":[\"-r\",\"/"
        "srv\"],"
        "\"env\":{\"HOME\":null,\"API_KEY\":null},\"workDir\":\"/srv\"}"},
    /* what Magec leaves out or empty; a name that is passed on; one that is there twice */
    {MCP, "m", "{\"id\":\"m\",\"endpoint\":\"http://h\",\"command\":\"\",\"args\":[],\"env\":{}}",
        "{\"id\":\"m\",\"type\":\"http\",\"endpoint\":\"http://h\"}",
        "{\"id\":\"m\",\"type\":\"http\",\"endpoint\":\"http://h\"}"},
    {MCP, "m", "{\"id\":\"m\",\"command\":\"/p\",\"env\":[\"HOME\",\"A=b\"]}",
        "{\"id\":\"m\",\"type\":\"stdio\",\"command\":\"/p\",\"env\":[\"HOME\",\"A=b\"]}",
        "{\"id\":\"m\",\"type\":\"stdio\",\"command\":\"/p\",\"env\":[\"HOME\",\"A=\"]}"},
    {MCP, "m", "{\"id\":\"m\",\"command\":\"/p\",\"env\":{\"A\":\"x=y\",\"B\":\"\"}}",
        "{\"id\":\"m\",\"type\":\"stdio\",\"command\":\"/p\",\"env\":{\"A\":\"x=y\",\"B\":\"\"}}",
        "{\"id\":\"m\",\"type\":\"stdio\",\"command\":\"/p\",\"env\":{\"A\":null,\"B\":null}}"},
    {TOOL, "grep_logs", EXEC, EXEC,
        "{\"id\":\"grep_logs\",\"description\":\"Finds lines\",\"parameters\":{\"type\":\"object\","
        "\"properties\":{\"q\":{\"type\":\"string\"}}},\"command\":[\"/bin/grep\",\"-e\"],"
        "\"env\":{\"LANG\":null},\"workDir\":\"/var/log\",\"timeout\":\"5s\",\"x\":1}"},
};

START_TEST(test_written)
{
    const struct entity_kind *kind = kinds[written[_i].kind];
    OK(add(kind, written[_i].given));
    check_json(kind, written[_i].id, true, written[_i].whole);
    check_json(kind, written[_i].id, false, written[_i].without);
}
END_TEST

#define HAS(member) "{\"id\":\"x\",\"command\":[\"/p\"]," member "}"
#define AGENT_HAS(member) "{\"id\":\"x\",\"llm\":{\"backend\":\"echo\"}," member "}"

static const struct {
    int kind;
    const char *json, *says;
} refused[] = {
    {MCP, "{\"id\":\"x\"}", "needs a URL"},
    {MCP, "{\"type\":\"sse\",\"endpoint\":\"http://h\"}", "neither \"http\" nor \"stdio\""},
    {MCP, "{\"endpoint\":\"mcp.example\"}", "is not a URL"},
    {MCP, "{\"endpoint\":\"http://u:secret@h\"}", "user or password: give the key with --header"},
    {MCP, "{\"endpoint\":\"http://h\",\"command\":\"/p\"}", "type http has no program"},
    {MCP, "{\"endpoint\":\"http://h\",\"env\":{\"A\":\"b\"}}", "type http has no program"},
    {MCP, "{\"endpoint\":\"http://h\",\"caFile\":\"ca\"}", "not an absolute path"},
    {MCP, "{\"endpoint\":\"http://h\",\"headers\":{\"a b\":\"c\"}}", "item 1 of the headers"},
    {MCP, "{\"endpoint\":\"http://h\",\"headers\":{\"a:b\":\"c\"}}", "\"a:b\" is no name"},
    {MCP, "{\"endpoint\":\"http://h\",\"timeout\":\"25h\"}", "above a day"},
    {MCP, "{\"type\":\"stdio\"}", "needs a program"},
    {MCP, "{\"type\":\"stdio\",\"command\":\"npx\"}", "program \"npx\" is not an absolute path"},
    {MCP, "{\"command\":\"/p\",\"workDir\":\"x\"}", "working directory \"x\" is not an absolute"},
    {MCP, "{\"command\":\"/p\",\"env\":{\"1\":\"x\"}}", "\"1\" is not an environment entry"},
    {MCP, "{\"command\":\"/p\",\"env\":[\"HTTP_PROXY\"]}", "write HTTP_PROXY=value"},
    {MCP, "{\"command\":\"/p\",\"env\":{\"A\":1}}", "env: \"A\" is no text"},
    {MCP, "{\"command\":\"/p\",\"insecure\":true}", "type stdio has no URL"},
    {MCP, "{\"type\":\"stdio\",\"command\":\"/p\",\"endpoint\":\"http://h\"}", "type stdio has no"},
    {TOOL, "{\"id\":\"x\"}", "a tool needs a program"},
    {TOOL, "{\"id\":\"x\",\"command\":[\"p\"]}", "program \"p\" is not an absolute path"},
    {TOOL, "{\"id\":\"a.b\",\"command\":[\"/p\"]}", "\"a.b\" is not a tool's id"},
    {TOOL, "{\"id\":\"set_state\",\"command\":[\"/p\"]}", "a tool that flows have"},
    {TOOL, HAS("\"parameters\":[]"), "parameters: not a JSON object"},
    {TOOL, HAS("\"parameters\":{}"), "the schema of the parameters: its type is not \"object\""},
    {TOOL, HAS("\"parameters\":{\"type\":\"string\"}"), "its type is not \"object\""},
    {TOOL, HAS("\"parameters\":{\"type\":[\"object\",\"null\"]}"), "its type is not \"object\""},
    {TOOL, HAS("\"parameters\":{\"type\":\"object\",\"required\":1}"), "#/required: "},
    {TOOL, HAS("\"env\":[\"=\"]"), "environment entry"},
    {TOOL, HAS("\"workDir\":\"x\""), "absolute"},
    {TOOL, HAS("\"timeout\":\"soon\""), "is not a duration"},
    {AGENT, AGENT_HAS("\"mcpServers\":[\"wbe\"]"), "no mcp \"wbe\"; did you mean \"web\"?"},
    {AGENT, AGENT_HAS("\"mcpServers\":[\"web\",\"web\"]"), "\"web\" is there twice"},
    {AGENT, AGENT_HAS("\"tools\":[\"web\"]"), "no tool \"web\""},
    {AGENT, AGENT_HAS("\"allowedTools\":[\"\"]"), "pattern 1 of allowed tools is empty"},
    {AGENT, AGENT_HAS("\"allowedTools\":[\"a\",\"none\"]"), "stands alone"},
    {AGENT, AGENT_HAS("\"toolLimits\":{\"rounds\":-1}"), "rounds"},
    {AGENT, AGENT_HAS("\"toolLimits\":{\"calls\":1000000}"), "calls"},
    {AGENT, AGENT_HAS("\"toolLimits\":{\"resultBytes\":\"1k\"}"), "resultBytes: not a whole"},
    {AGENT, AGENT_HAS("\"toolLimits\":7"), "toolLimits: not an object"},
    {CLIENT,
        "{\"id\":\"x\",\"config\":{\"webhook\":{\"passthrough\":true}},"
        "\"allowedTools\":[\"none\",\"none\"]}",
        "stands alone"},
};

START_TEST(test_refused)
{
    unit_store_fill(unit_entities);
    OK(add(&mcp_server_kind, HTTP));
    FAILS(add(kinds[refused[_i].kind], refused[_i].json), STATUS_BAD_REQUEST, refused[_i].says);
}
END_TEST

START_TEST(test_patterns)
{
    char json[16 * 1024];
    unit_store_fill(unit_entities);
    for (int len = 128; len <= 129; len++) {
        snprintf(json, sizeof json, AGENT_HAS("\"allowedTools\":[\"%0*d\"]"), len, 0);
        ck_assert_int_eq(add(&agent_kind, json), len > 128 ? STATUS_BAD_REQUEST : STATUS_OK);
        agent_remove(at.store, "x", true, &at.err);
    }
    for (int count = 64; count <= 65; count++) {
        int n = snprintf(json, sizeof json,
            "{\"id\":\"x\",\"llm\":{\"backend\":\"echo\"},"
            "\"allowedTools\":[\"*\"");
        for (int i = 1; i < count; i++)
            n += snprintf(json + n, sizeof json - (size_t)n, ",\"a*\"");
        snprintf(json + n, sizeof json - (size_t)n, "]}");
        ck_assert_int_eq(add(&agent_kind, json), count > 64 ? STATUS_BAD_REQUEST : STATUS_OK);
        agent_remove(at.store, "x", true, &at.err);
    }
}
END_TEST

#define LINKING                                                                                    \
    "{\"id\":\"x\",\"llm\":{\"backend\":\"echo\"},\"mcpServers\":[\"web\",\"files\"],"             \
    "\"tools\":[\"grep_logs\"],\"allowedTools\":[\"web/*\"]}"

static void add_linked(void)
{
    unit_store_fill(unit_entities);
    OK(add(&mcp_server_kind, HTTP));
    OK(add(&mcp_server_kind, STDIO));
    OK(add(&exec_tool_kind, EXEC));
    OK(add(&agent_kind, LINKING));
}

START_TEST(test_removed)
{
    add_linked();
    check_json(&agent_kind, "x", true, LINKING);
    FAILS(mcp_server_remove(at.store, "web", false, &at.err), STATUS_CONFLICT,
        "mcp \"web\" is used by agent \"x\"");
    FAILS(exec_tool_remove(at.store, "grep_logs", false, &at.err), STATUS_CONFLICT, "agent \"x\"");
    OK(mcp_server_remove(at.store, "web", true, &at.err));
    OK(exec_tool_remove(at.store, "grep_logs", true, &at.err));
    check_json(&agent_kind, "x", true,
        "{\"id\":\"x\",\"llm\":{\"backend\":\"echo\"},\"mcpServers\":[\"files\"],"
        "\"allowedTools\":[\"web/*\"]}");
    FAILS(mcp_server_remove(at.store, "web", true, &at.err), STATUS_NOT_FOUND, "no mcp \"web\"");
}
END_TEST

/* ---- import and export ---- */

static char *export(bool secrets)
{
    struct buf out;
    buf_init(&out, 64 * BUF_SMALL);
    OK(store_export(at.store, secrets, &out, &at.err));
    return buf_detach(&out);
}

START_TEST(test_round)
{
    add_linked();
    char *without = export(false), *with = export(true);
    ck_assert_ptr_null(strstr(without, "hidden"));
    ck_assert_ptr_nonnull(strstr(with, "hidden"));
    struct import_report report = {0};
    OK(store_import(at.store, without, strlen(without), true, &report, &at.err));
    ck_assert_uint_eq(report.mcp_servers, 2);
    ck_assert_uint_eq(report.tools, 1);
    ck_assert_uint_eq(report.kept.count, 0);
    char *again = export(true); /* what was withheld is not lost */
    ck_assert_str_eq(again, with);
    unit_store_remove();
    unit_store_make();
    unit_store_fill(with);
    char *elsewhere = export(true);
    ck_assert_str_eq(elsewhere, with);
    free(without);
    free(with);
    free(again);
    free(elsewhere);
}
END_TEST

/* ---- what an older version only kept ---- */

static void change(const char *path, const char *text)
{
    sqlite3 *db;
    char *why = NULL;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, &why) == SQLITE_OK, "%s", why);
    sqlite3_close(db);
}

START_TEST(test_adopted)
{
    char path[UNIT_PATH + 16];
    snprintf(path, sizeof path, "%s/old.db", at.folder);
    change(path, unit_version1);
    change(path,
        "UPDATE agent SET extra = '{\"mcpServers\":[\"npm\",\"files\"],\"allowedTools\":[\"a*\"],"
        "\"voice\":1}' WHERE id = 'one';"
        "UPDATE client SET extra = '{\"allowedTools\":\"none\"}';" /* which is no list */
        "INSERT INTO kept (collection, part, id, document) VALUES"
        " ('mcpServers', 1, 'npm', '{\"id\":\"npm\",\"type\":\"stdio\",\"command\":\"npx\"}'),"
        " ('mcpServers', 1, 'files', '" STDIO "'),"
        " ('mcpServers', 1, '7', '7'),"
        " ('memory', 1, 'm', '{\"id\":\"m\"}')");
    store_close(at.store);
    at.store = NULL;
    OK(store_open(&at.store, path, STORE_WRITE, &at.err));
    check_json(&mcp_server_kind, "files", true, STDIO);
    check_json(&agent_kind, "one", true,
        "{\"id\":\"one\",\"llm\":{\"backend\":\"echo\"},\"mcpServers\":[\"files\"],"
        "\"allowedTools\":[\"a*\"],\"deadlines\":{\"connect\":\"1ms\",\"firstByte\":\"2ms\","
        "\"idle\":\"3ms\",\"total\":\"4ms\"},\"voice\":1}");
    struct json *j = NULL;
    char *text = export(true);
    OK(json_parse(text, strlen(text), &j, &at.err));
    ck_assert_uint_eq(json_count(json_get(j, "mcpServers")), 3);
    ck_assert_uint_eq(json_count(json_get(j, "memory")), 1);
    const struct json *linked = json_get(json_at(json_get(j, "agents"), 0), "mcpServers");
    ck_assert_uint_eq(json_count(linked), 2);
    ck_assert_str_eq(json_string(json_at(linked, 1), NULL), "npm");
    json_free(j);
    free(text);
}
END_TEST

/* ---- what runs know ---- */

static const char more[] =
    "{\"agents\":[{\"id\":\"y\",\"llm\":{\"backend\":\"echo\"},\"mcpServers\":[\"files\"]},"
    "{\"id\":\"z\",\"llm\":{\"backend\":\"echo\"},\"fallbacks\":[\"y\"],\"allowedTools\":[\"*\"]}],"
    "\"flows\":[{\"id\":\"f\",\"root\":{\"type\":\"agent\",\"agentId\":\"y\"}}],"
    "\"clients\":[{\"id\":\"narrow\",\"allowedAgents\":[\"x\",\"z\",\"f\"],"
    "\"allowedTools\":[\"files/*\"],\"config\":{\"webhook\":{\"passthrough\":true}}},"
    "{\"id\":\"wide\",\"allowedAgents\":[\"x\"],\"config\":{\"webhook\":{\"passthrough\":true}}}]}";

START_TEST(test_known)
{
    struct known *k = NULL, *wide = NULL;
    add_linked();
    unit_store_fill(more);
    OK(known_load(&k, at.store, "narrow", &at.err));
    const struct tool_links *x = known_links(&k->agents[0]);
    ck_assert_uint_eq(x->server_count, 2);
    ck_assert_str_eq(x->servers[0]->id, "web");
    ck_assert_str_eq(x->servers[1]->id, "files");
    ck_assert_uint_eq(x->exec_count, 1);
    ck_assert_str_eq(x->execs[0]->argv.items[0], "/bin/grep");
    ck_assert_str_eq(x->agent_allows->items[0], "web/*");
    ck_assert_str_eq(x->client_allows->items[0], "files/*");
    ck_assert_ptr_null(known_links(&k->agents[1]));
    ck_assert_ptr_null(known_links(&k->agents[2])); /* a flow */
    const struct flow_agent *y = known_step_agent(k, "y");
    ck_assert_uint_eq(y->links->server_count, 1);
    ck_assert_ptr_eq(y->links->servers[0], x->servers[1]); /* read once */
    ck_assert_uint_eq(y->links->agent_allows->count, 0);
    ck_assert_ptr_eq(y->links->client_allows, x->client_allows);
    OK(known_load(&wide, at.store, "wide", &at.err));
    ck_assert_ptr_null(known_links(&wide->agents[0])->client_allows);
    ck_assert_uint_gt(k->size, strlen(HTTP) / 2 + strlen(STDIO) / 2 + strlen(EXEC) / 2);
    known_release(k);
    known_release(wide);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tool_store");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, unit_store_make, unit_store_remove);
    tcase_add_loop_test(all, test_written, 0, COUNT(written));
    tcase_add_loop_test(all, test_refused, 0, COUNT(refused));
    tcase_add_test(all, test_patterns);
    tcase_add_test(all, test_removed);
    tcase_add_test(all, test_round);
    tcase_add_test(all, test_adopted);
    tcase_add_test(all, test_known);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
