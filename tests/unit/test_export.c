#include "store/token.h"
#include "unit_store.h"

/* As Magec itself writes it: headers are objects, references are to more than there is here. */
static const char magec[] =
    "{\"settings\":{\"sessionProvider\":\"m1\",\"adminPassword\":\"hide-1\"},"
    "\"backends\":["
    "{\"id\":\"ollama\",\"name\":\"Ollama\",\"type\":\"openai\","
    "\"url\":\"${OLLAMA_URL:-http://ollama:11434/v1}\"},"
    "{\"id\":\"gateway\",\"name\":\"Gateway\",\"type\":\"openai\",\"url\":\"https://gw.example/v1/"
    "\","
    "\"apiKey\":\"hide-2\",\"proxy\":\"http://"
    "u:hide-d@proxy:3128\",\"headers\":{\"X-Team\":\"hide-3\",\"X-Empty\":\"\"}},"
    "{\"id\":\"far\",\"type\":\"openai\",\"clientCert\":\"/c.pem\",\"proxy\":"
    "\"http://bob:${PROXY_PASSWORD}@proxy:3128\",\"insecure\":true},"
    "{\"id\":\"tool\",\"type\":\"exec\",\"command\":[\"/bin/cat\"],"
    "\"env\":[\"HOME\",\"TOOL_API_KEY=hide-4\"]}],"
    "\"memoryProviders\":[{\"id\":\"m1\",\"type\":\"redis\",\"config\":"
    "{\"connectionString\":\"redis://u:hide-5@redis:6379/0\",\"ttl\":\"24h\"}},"
    "{\"id\":\"m2\",\"type\":\"postgres\",\"config\":{\"url\":\"postgres://pg/x\"}}],"
    "\"mcpServers\":[{\"id\":\"s1\",\"endpoint\":\"http://mcp/\",\"headers\":"
    "{\"Authorization\":\"hide-6\",\"X-Ref\":\"${MCP_KEY}\"},\"env\":{\"A\":\"hide-7\"}}],"
    "\"agents\":[{\"id\":\"a1\",\"name\":\"Reviewer\",\"outputKey\":\"review\","
    "\"llm\":{\"backend\":\"ollama\",\"model\":\"m\",\"headers\":{\"X-Cost\":\"hide-8\"},"
    "\"tier\":\"gold\"},\"tts\":{\"backend\":\"t\",\"speed\":1.2}}],"
    "\"commands\":[{\"id\":\"c1\",\"prompt\":\"See https://u:x@example.org/ and token=visible\"}],"
    "\"clients\":[{\"id\":\"w1\",\"type\":\"webhook\",\"allowedAgents\":[\"f1\",\"a1\",\"f2\"],"
    "\"enabled\":true,\"config\":{\"webhook\":{\"passthrough\":true,\"retries\":3},"
    "\"audit\":{\"signingSecret\":\"hide-9\"}}},"
    "{\"id\":\"t1\",\"type\":\"telegram\",\"token\":\"hide-a\",\"config\":{\"telegram\":"
    "{\"botToken\":\"hide-b\",\"chats\":[1]}}}],"
    "\"flows\":[{\"id\":\"f1\",\"root\":{}},{\"id\":\"f2\",\"root\":{}}],"
    "\"secrets\":[{\"id\":\"k1\",\"key\":\"OPENAI_API_KEY\",\"value\":\"hide-c\"}]}";

/* Not secrets, or references to them. */
static const char *const shown[] = {"\"sessionProvider\": \"m1\"", "http://ollama:11434/v1",
    "\"HOME\"", "\"ttl\": \"24h\"", "postgres://pg/x", "\"X-Ref\": \"${MCP_KEY}\"", "http://mcp/",
    "\"outputKey\": \"review\"", "\"tier\": \"gold\"", "\"speed\": 1.2", "\"retries\": 3",
    "https://u:x@example.org/ and token=visible", "\"key\": \"OPENAI_API_KEY\"", "\"chats\": [",
    "http://bob:${PROXY_PASSWORD}@proxy:3128", "\"clientCert\": \"/c.pem\"", "\"insecure\": true"};

static enum status import(const char *text, bool replace)
{
    struct import_report report = {0};
    enum status st = store_import(at.store, text, strlen(text), replace, &report, &at.err);
    import_report_release(&report);
    return st;
}

static char *export(bool secrets)
{
    struct buf out;
    buf_init(&out, 64 * BUF_SMALL);
    OK(store_export(at.store, secrets, &out, &at.err));
    return buf_detach(&out);
}

static void check_has(const char *text, const char *piece, bool has)
{
    ck_assert_msg((strstr(text, piece) != NULL) == has, "%s: %s", has ? "missing" : "there", piece);
}

static void check_same(const char *got, const char *want)
{
    size_t at_byte = 0;
    while (got[at_byte] && got[at_byte] == want[at_byte])
        at_byte++;
    ck_assert_msg(got[at_byte] == want[at_byte], "at byte %zu: %.80s ... instead of: %.80s",
        at_byte, got + at_byte, want + at_byte);
}

START_TEST(test_secrets)
{
    OK(import(magec, false));
    char *without = export(false), *with = export(true);
    for (const char *hidden = magec; (hidden = strstr(hidden, "hide-")); hidden++) {
        char secret[8];
        snprintf(secret, sizeof secret, "%.6s", hidden);
        check_has(without, secret, false);
        check_has(with, secret, true);
    }
    for (size_t i = 0; i < COUNT(shown); i++) {
        check_has(without, shown[i], true);
        check_has(with, shown[i], true);
    }
    free(without);
    free(with);
}
END_TEST

/* Members without a meaning are not shown with their secrets either. */
START_TEST(test_show)
{
    struct agent a;
    struct buf out;
    struct json_writer w;
    agent_init(&a);
    buf_init(&out, BUF_SMALL);
    json_writer_init(&w, &out);
    OK(import(magec, false));
    OK(agent_get(at.store, "a1", &a, &at.err));
    agent_to_json(&a, false, &w);
    ck_assert_str_eq(buf_str(&out),
        "{\"id\":\"a1\",\"name\":\"Reviewer\",\"llm\":{\"backend\":\"ollama\",\"model\":\"m\","
        "\"headers\":{\"X-Cost\":null},\"tier\":\"gold\"},\"outputKey\":\"review\","
        "\"tts\":{\"backend\":\"t\",\"speed\":1.2}}");
    agent_release(&a);
    buf_release(&out);
}
END_TEST

/* With secrets or without: over itself, and through another store. */
START_TEST(test_round)
{
    OK(import(magec, false));
    char *first = export(_i), *whole = export(true);
    OK(import(first, true));
    char *second = export(true);
    check_same(second, whole); /* the store still has what the export did not tell */
    unit_store_remove();
    unit_store_make();
    OK(import(first, false));
    char *third = export(_i);
    check_same(third, first);
    free(first);
    free(second);
    free(third);
    free(whole);
}
END_TEST

START_TEST(test_headers)
{
    struct backend b;
    backend_init(&b);
    OK(import(magec, false));
    OK(backend_get(at.store, "gateway", &b, &at.err));
    ck_assert_uint_eq(b.headers.count, 2);
    ck_assert_str_eq(b.headers.items[0], "X-Team: hide-3");
    ck_assert_str_eq(b.headers.items[1], "X-Empty:");
    ck_assert_str_eq(b.url, "https://gw.example/v1");
    backend_release(&b);
}
END_TEST

/* Headers are written as Magec has them, unless a name is there twice; either way an import of what
 * was exported without secrets leaves them as they are, also when it is written the other way. */
static const struct {
    const char *stored, *withheld, *imported, *then;
} written[] = {
    {"{\"X-A\":\"hide-1\",\"X-B\":\"${B}\",\"X-C\":\"\"}",
        "{\"X-A\":null,\"X-B\":\"${B}\",\"X-C\":null}", NULL,
        "{\"X-A\":\"hide-1\",\"X-B\":\"${B}\",\"X-C\":\"\"}"},
    {"[\"X-A: hide-1\",\"x-a: hide-2\"]", "[\"X-A:\",\"x-a:\"]", NULL,
        "[\"X-A: hide-1\",\"x-a: hide-2\"]"},
    {"{\"X-A\":\"hide-1\"}", "{\"X-A\":null}", "[\"X-A:\"]", "{\"X-A\":\"hide-1\"}"},
    {"[\"X-A: hide-1\",\"X-A: hide-2\"]", "[\"X-A:\",\"X-A:\"]", "{\"X-A\":null}",
        "{\"X-A\":\"hide-1\"}"},
};

static void check_written(bool secrets, const char *headers)
{
    struct backend b;
    struct buf out;
    struct json_writer w;
    backend_init(&b);
    buf_init(&out, BUF_SMALL);
    json_writer_init(&w, &out);
    OK(backend_get(at.store, "h", &b, &at.err));
    backend_to_json(&b, secrets, &w);
    out.data[--out.len] = 0; /* the object's end */
    const char *from = strstr(buf_str(&out), "\"headers\":");
    ck_assert_ptr_nonnull(from);
    check_same(from + strlen("\"headers\":"), headers);
    backend_release(&b);
    buf_release(&out);
}

START_TEST(test_written)
{
    char document[256];
    static const char before[] = "{\"backends\":[{\"id\":\"h\",\"type\":\"openai\",\"headers\":";
    snprintf(document, sizeof document, "%s%s}]}", before, written[_i].stored);
    OK(import(document, false));
    check_written(true, written[_i].stored);
    check_written(false, written[_i].withheld);
    snprintf(document, sizeof document, "%s%s}]}", before,
        written[_i].imported ? written[_i].imported : written[_i].withheld);
    OK(import(document, true));
    check_written(true, written[_i].then);
}
END_TEST

/* What a client may reach besides agents is written again, as long as the client is there. */
START_TEST(test_rest)
{
    struct client c;
    client_init(&c);
    OK(import(magec, false));
    OK(client_get(at.store, "w1", &c, &at.err));
    ck_assert_uint_eq(c.agents.count, 1);
    ck_assert_str_eq(c.agents.items[0], "a1");
    char *text = export(false);
    check_has(text, "\"a1\",\n        \"f1\",\n        \"f2\"\n", true);
    free(text);
    OK(client_remove(at.store, "w1", false, &at.err));
    text = export(true);
    check_has(text, "\"w1\"", false);
    check_has(text, "\"t1\"", true);
    free(text);
    client_release(&c);
}
END_TEST

/* Lists of several imports come together; of the same thing the last one stays. */
START_TEST(test_merge)
{
    static const char *const documents[] = {
        "{\"widgets\":[{\"id\":\"x\",\"v\":1},{\"id\":\"y\",\"v\":1},7]}",
        "{\"widgets\":[{\"id\":\"z\",\"v\":1},{\"id\":\"x\",\"v\":2},7],\"settings\":{\"v\":1}}",
        "{\"settings\":{\"v\":2},\"odd\":[1]}", "{\"odd\":{\"v\":1}}"};
    for (size_t i = 0; i < COUNT(documents); i++)
        OK(import(documents[i], false));
    char *text = export(true), *flat = text;
    for (const char *from = text; *from; from++)
        if (*from != ' ' && *from != '\n')
            *flat++ = *from;
    *flat = 0;
    ck_assert_str_eq(text,
        "{\"backends\":[],\"mcpServers\":[],\"tools\":[],\"agents\":[],\"flows\":[],\"commands\":[]"
        ",\"clients\":[],"
        "\"widgets\":[{\"id\":\"x\",\"v\":2},{\"id\":\"y\",\"v\":1},7,{\"id\":\"z\",\"v\":1}],"
        "\"settings\":{\"v\":2},\"odd\":{\"v\":1}}");
    free(text);
}
END_TEST

/* A value that is not what it should be is not read as something else. */
static const struct {
    const char *collection, *element, *says;
} odd[] = {
    {"backends", "\"type\":\"x\",\"delay\":true", "delay: neither a duration nor whole seconds"},
    {"backends", "\"type\":\"x\",\"delay\":-1", "delay: \"-1\" is not a duration"},
    {"backends", "\"type\":\"x\",\"delay\":9223372036854775807", "is not a duration"},
    {"backends", "\"type\":\"x\",\"deadlines\":7", "deadlines: not an object"},
    {"backends", "\"type\":\"x\",\"deadlines\":{\"first\":1}", "deadlines: \"first\" is none of"},
    {"backends", "\"type\":\"x\",\"headers\":{\"A\":1}", "headers: \"A\" is no text"},
    {"backends", "\"type\":\"x\",\"headers\":{\"A\":\"a\\nb\"}", "is not a header"},
    {"backends", "\"type\":\"x\",\"headers\":7", "headers: not an array"},
    {"backends", "\"type\":\"x\",\"command\":[\"a\\u0000\"]", "command[0]: contains a NUL"},
    {"backends", "\"type\":\"x\",\"url\":\"http://:8080\"", "is not a URL"},
    {"agents", "\"llm\":\"b\"", "llm: not an object"},
    {"agents", "\"llm\":{\"backend\":\"b\",\"options\":[1]}", "llm.options: not a JSON object"},
    {"agents", "\"llm\":{\"backend\":\"b\"},\"maxTokens\":\"many\"", "maxTokens: not a whole"},
    {"agents", "\"llm\":{\"backend\":\"b\"},\"maxTokens\":-1", "below zero"},
    {"clients", "\"enabled\":\"yes\",\"config\":{\"webhook\":{\"passthrough\":true}}",
        "enabled: neither true nor false"},
    {"clients", "\"config\":{\"webhook\":{\"passthrough\":1}}", "passthrough: neither true nor"},
    {"clients", "\"config\":7", "config: not an object"},
    {"clients", "\"recordPrompt\":true", "recordPrompt: not a string"},
    {"clients", "\"config\":{\"webhook\":{\"passthrough\":true}},\"tokenHashes\":[\"x\"]",
        "tokenHashes[0]: not a SHA-256"},
};

START_TEST(test_odd)
{
    char document[512];
    struct import_report report = {0};
    OK(import("{\"backends\":[{\"id\":\"b\",\"type\":\"echo\"}]}", false));
    snprintf(document, sizeof document, "{\"%s\":[{\"id\":\"odd\",%s}]}", odd[_i].collection,
        odd[_i].element);
    OK(store_import(at.store, document, strlen(document), false, &report, &at.err));
    ck_assert_uint_eq(report.kept.count, 1);
    ck_assert_msg(strstr(report.kept.items[0], odd[_i].says) != NULL, "%s", report.kept.items[0]);
    import_report_release(&report);
    char *text = export(true); /* and nothing of it is lost */
    check_has(text, "\"odd\"", true);
    free(text);
}
END_TEST

START_TEST(test_too_large)
{
    struct buf out;
    buf_init(&out, 100);
    OK(import(magec, false));
    FAILS(store_export(at.store, true, &out, &at.err), STATUS_TOO_LARGE, "too large");
    ck_assert(!store_in_transaction(at.store));
    buf_release(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("export");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_checked_fixture(all, unit_store_make, unit_store_remove);
    tcase_add_test(all, test_secrets);
    tcase_add_test(all, test_show);
    tcase_add_loop_test(all, test_round, 0, 2);
    tcase_add_test(all, test_headers);
    tcase_add_loop_test(all, test_written, 0, COUNT(written));
    tcase_add_test(all, test_rest);
    tcase_add_test(all, test_merge);
    tcase_add_loop_test(all, test_odd, 0, COUNT(odd));
    tcase_add_test(all, test_too_large);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
