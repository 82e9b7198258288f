#include "store/token.h"
#include "unit_store.h"

#define TOKEN "mgc_0123456789abcdef0123456789abcdef01234567"
#define OTHER_TOKEN "mgc_ffffffffffffffffffffffffffffffffffffffff"

/* What Magec keeps: more kinds of things than there are here. */
static const char document[] =
    "{\"backends\":["
    "{\"id\":\"0b5c7e6a-1111-4222-8333-444455556666\",\"name\":\"OpenAI\",\"type\":\"openai\","
    "\"url\":\"https://api.openai.com/v1\",\"apiKey\":\"sk-secret\"},"
    "{\"id\":\"local\",\"name\":\"Ollama\",\"type\":\"openai\",\"url\":\"http://ollama:11434/v1/\","
    "\"apiKey\":\"${OLLAMA_KEY}\",\"headers\":[\"X-Key: hidden\"]},"
    "{\"id\":\"claude\",\"type\":\"anthropic\",\"apiKey\":\"env:ANTHROPIC_API_KEY\"}],"
    "\"memory\":[{\"id\":\"m\",\"type\":\"redis\",\"config\":{\"url\":\"redis://r\"}}],"
    "\"mcpServers\":[{\"id\":\"files\",\"endpoint\":\"http://mcp\",\"systemPrompt\":\"s\"},"
    "{\"id\":\"npm\",\"type\":\"stdio\",\"command\":\"npx\",\"args\":[\"-y\"],\"env\":{\"A\":\"b\"}"
    "}],"
    "\"agents\":["
    "{\"id\":\"notes\",\"name\":\"Notes\",\"description\":\"Writes notes\","
    "\"systemPrompt\":\"Be brief.\\n\",\"llm\":{\"backend\":\"local\",\"model\":\"llama3\"},"
    "\"transcription\":{\"backend\":\"\",\"model\":\"\"},\"mcpServers\":[\"npm\",\"files\"],"
    "\"responseSchema\":{\"type\":\"object\"},\"tags\":[\"b\",\"a\"],\"order\":[\"a\",1.5,null]},"
    "{\"id\":\"triage\",\"llm\":{\"backend\":\"0b5c7e6a-1111-4222-8333-444455556666\"}},"
    "{\"id\":\"lost\",\"llm\":{\"backend\":\"gone\"}}],"
    "\"commands\":[{\"id\":\"sum\",\"name\":\"Summarize\",\"description\":\"\","
    "\"prompt\":\"Summarize \\u00e9.\",\"icon\":\"x\"}],"
    "\"clients\":["
    "{\"id\":\"hook\",\"name\":\"Hook\",\"type\":\"webhook\",\"token\":\"" TOKEN "\","
    "\"allowedAgents\":[\"notes\",\"flow-1\"],\"enabled\":true,"
    "\"config\":{\"webhook\":{\"passthrough\":false,\"commandId\":\"sum\"}}},"
    "{\"id\":\"pass\",\"type\":\"webhook\",\"token\":\"" OTHER_TOKEN "\",\"allowedAgents\":"
    "[\"triage\"],\"enabled\":false,\"config\":{\"webhook\":{\"passthrough\":true,"
    "\"commandId\":\"sum\"}}},"
    "{\"id\":\"tg\",\"name\":\"Bot\",\"type\":\"telegram\",\"token\":\"mgc_x\","
    "\"config\":{\"telegram\":{\"botToken\":\"1:a\",\"chats\":[12345678901]}}},"
    "{\"id\":\"cron\",\"type\":\"cron\",\"config\":{\"cron\":{\"schedule\":\"@daily\"}}}],"
    "\"flows\":[{\"id\":\"flow-1\",\"root\":{\"type\":\"sequential\",\"steps\":[]}}],"
    "\"settings\":{\"theme\":\"dark\"},\"skills\":[],\"nothing\":null}";

static struct import_report report;

static enum status import(const char *text, bool replace)
{
    import_report_release(&report);
    return store_import(at.store, text, strlen(text), replace, &report, &at.err);
}

static char *export(bool secrets)
{
    struct buf out;
    buf_init(&out, 64 * BUF_SMALL);
    OK(store_export(at.store, secrets, &out, &at.err));
    return buf_detach(&out);
}

static void make_other(void)
{
    unit_store_remove();
    unit_store_make();
}

static void tear_down(void)
{
    import_report_release(&report);
    unit_store_remove();
}

static bool valid(const char *client, const char *token)
{
    bool is;
    unsigned char hash[IDENT_HASH_LEN];
    ident_hash(token, strlen(token), hash);
    OK(token_check(at.store, client, hash, &is, &at.err));
    return is;
}

/* check cuts no message, and cannot take one that is long. */
static void check_same(const char *got, const char *want)
{
    size_t i = 0;
    while (got[i] && got[i] == want[i])
        i++;
    size_t from = i > 60 ? i - 60 : 0;
    ck_assert_msg(got[i] == want[i], "differs at %zu: \"%.120s\", not \"%.120s\"", i, got + from,
        want + from);
}

static int count(const char *text, const char *piece)
{
    int n = 0;
    for (; (text = strstr(text, piece)); text += strlen(piece))
        n++;
    return n;
}

static bool reported(const char *piece)
{
    for (size_t i = 0; i < report.kept.count; i++)
        if (strstr(report.kept.items[i], piece))
            return true;
    return false;
}

START_TEST(test_document)
{
    OK(import(document, false));
    ck_assert_uint_eq(report.backends, 3);
    ck_assert_uint_eq(report.mcp_servers, 1);
    ck_assert_uint_eq(report.agents, 2);
    ck_assert_uint_eq(report.commands, 1);
    ck_assert_uint_eq(report.clients, 2);
    static const char *const kept[] = {"agents \"lost\": kept, but not used: no backend \"gone\"",
        "clients \"tg\": kept, but not used: type: \"telegram\"", "clients \"cron\"",
        "clients \"hook\": taken without what is no agent here: \"flow-1\"", "memory: kept",
        "mcpServers \"npm\": kept, but not used: the program \"npx\" is not an absolute path",
        "agents \"notes\": taken without what is no mcp here: \"npm\"", "flows \"flow-1\": kept",
        "settings: kept"};
    for (size_t i = 0; i < COUNT(kept); i++)
        ck_assert_msg(reported(kept[i]), "nothing was said of: %s", kept[i]);
    ck_assert_uint_eq(report.kept.count, COUNT(kept));
    ck_assert(valid("hook", TOKEN) && valid("pass", OTHER_TOKEN) && !valid("pass", TOKEN));
    struct client c;
    client_init(&c);
    OK(client_get(at.store, "hook", &c, &at.err));
    ck_assert(c.enabled && !c.passthrough);
    ck_assert_str_eq(c.command, "sum");
    ck_assert_uint_eq(c.agents.count, 1);
    OK(client_get(at.store, "pass", &c, &at.err));
    ck_assert(!c.enabled && c.passthrough && !c.command);
    client_release(&c);
}
END_TEST

/* What is exported, imported and exported again is the same, whatever is in it. */
START_TEST(test_round)
{
    OK(import(document, false));
    char *first = export(_i);
    ck_assert_int_eq(count(first, "sk-secret"), _i);
    ck_assert_int_eq(count(first, "\"X-Key\": \"hidden\""), _i);
    ck_assert_int_eq(count(first, "tokenHashes"), 2 * _i);
    ck_assert_int_eq(count(first, TOKEN), 0);
    ck_assert_int_eq(count(first, OTHER_TOKEN), 0);
    static const char *const once[] = {"\"apiKey\": \"${OLLAMA_KEY}\"", "\"tags\": [", "\"theme\"",
        "\"id\": \"tg\"", "12345678901", "\"id\": \"lost\"", "\"id\": \"flow-1\"", "redis://r",
        "\"icon\": \"x\"", "\"id\": \"hook\"", "env:ANTHROPIC_API_KEY"};
    for (size_t i = 0; i < COUNT(once); i++)
        ck_assert_msg(
            count(first, once[i]) == 1, "%s is there %d times", once[i], count(first, once[i]));
    make_other();
    OK(import(first, false));
    ck_assert(valid("hook", TOKEN) == _i);
    char *second = export(_i);
    if (_i) /* without secrets "apiKey": null comes back as none */
        check_same(second, first);
    OK(import(second, true)); /* over itself */
    char *third = export(_i);
    check_same(third, second);
    free(first);
    free(second);
    free(third);
}
END_TEST

START_TEST(test_conflict)
{
    OK(import(document, false));
    char *before = export(true);
    FAILS(import(document, false), STATUS_CONFLICT,
        "backends \"0b5c7e6a-1111-4222-8333-444455556666\" exists already: import with --replace");
    FAILS(import("{\"commands\":[{\"id\":\"new\",\"prompt\":\"p\"},{\"id\":\"sum\",\"prompt\":"
                 "\"p\"}]}",
              false),
        STATUS_CONFLICT, "commands \"sum\" exists already");
    char *after = export(true); /* all or nothing */
    check_same(after, before);
    free(after);
    OK(import("{\"commands\":[{\"id\":\"sum\",\"prompt\":\"changed\"}]}", true));
    after = export(true);
    ck_assert_int_eq(count(after, "\"prompt\": \"changed\""), 1);
    ck_assert_int_eq(count(after, "\"id\": \"tg\""), 1);
    OK(import(document, true));
    free(after);
    after = export(true);
    check_same(after, before);
    free(after);
    free(before);
}
END_TEST

/* A token that another client has is said to be just that, and nothing is taken. */
START_TEST(test_token_twice)
{
    OK(import(document, false));
    FAILS(import("{\"clients\":[{\"id\":\"new\",\"token\":\"" TOKEN "\",\"config\":{\"webhook\":"
                 "{\"passthrough\":true}}}]}",
              true),
        STATUS_CONFLICT, "token");
    ck_assert(!valid("new", TOKEN));
}
END_TEST

static const struct {
    const char *text, *says;
} wrong[] = {
    {"", "not JSON at byte 0"},
    {"{\"backends\":[}", "not JSON at byte 13"},
    {"[]", "not an object with backends"},
    {"null", "not an object"},
    {"{\"agents\":{}}", "agents: not an array"},
    {"{\"commands\":[{\"id\":\"x\",\"prompt\":\"p\"},7]}", "commands[1]: not an object"},
};

START_TEST(test_wrong)
{
    FAILS(import(wrong[_i].text, true), STATUS_BAD_REQUEST, wrong[_i].says);
    ck_assert(!store_in_transaction(at.store));
    char *empty = export(true);
    ck_assert_str_eq(empty, "{\n  \"backends\": [],\n  \"mcpServers\": [],\n  \"tools\": [],\n  "
                            "\"agents\": [],\n  \"flows\": [],\n  "
                            "\"commands\": [],\n  \"clients\": []\n}\n");
    free(empty);
}
END_TEST

/* What cannot be taken is kept, with the reason; what is right beside it is taken. */
static const struct {
    const char *text, *says;
} odd[] = {
    {"{\"backends\":[{\"id\":\"a b\",\"type\":\"echo\"}]}", "backends \"a b\": kept"},
    {"{\"backends\":[{\"id\":7}]}", "backends \"?\": kept, but not used: id: not a string"},
    {"{\"agents\":[{\"id\":\"x\"}]}", "agents \"x\": kept, but not used: an agent needs a backend"},
    {"{\"commands\":[{\"id\":\"x\",\"prompt\":\"\"}]}", "commands \"x\": kept"},
    {"{\"clients\":[{\"id\":\"x\",\"config\":{\"webhook\":{\"commandId\":\"y\"}}}]}",
        "no command \"y\""},
};

START_TEST(test_odd)
{
    OK(import(odd[_i].text, false));
    ck_assert_uint_eq(report.kept.count, 1);
    ck_assert_msg(reported(odd[_i].says), "%s", report.kept.items[0]);
    char *text = export(true);
    ck_assert_int_eq(count(text, "\"id\":"), 1);
    free(text);
}
END_TEST

/* A client is not half taken when its token cannot be. */
START_TEST(test_odd_token)
{
    OK(import("{\"clients\":[{\"id\":\"x\",\"token\":\"short\",\"config\":{\"webhook\":"
              "{\"passthrough\":true}}}]}",
        false));
    ck_assert(reported("40 hexadecimal digits"));
    ck_assert_uint_eq(report.clients, 0);
    struct client c;
    client_init(&c);
    FAILS(client_get(at.store, "x", &c, &at.err), STATUS_NOT_FOUND, "no client");
    client_release(&c);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("import");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_checked_fixture(all, unit_store_make, tear_down);
    tcase_add_test(all, test_document);
    tcase_add_loop_test(all, test_round, 0, 2);
    tcase_add_test(all, test_conflict);
    tcase_add_test(all, test_token_twice);
    tcase_add_loop_test(all, test_wrong, 0, COUNT(wrong));
    tcase_add_loop_test(all, test_odd, 0, COUNT(odd));
    tcase_add_test(all, test_odd_token);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
