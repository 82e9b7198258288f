#include <sqlite3.h>
#include <sys/stat.h>

#include "base/units.h"
#include "store/token.h"
#include "unit_store.h"

/* ---- the file ---- */

static void in_folder(char out[UNIT_PATH + 16], const char *name)
{
    snprintf(out, UNIT_PATH + 16, "%s/%s", at.folder, name);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static void change_file(const char *path, const char *sql)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static const struct {
    const char *name, *text, *sql, *says;
} files[] = {
    {"missing", NULL, NULL, "no store at \"%s\": make one with \"magec init\""},
    {"no/folder", NULL, NULL, "no store at \"%s\""},
    {"magec.db/x", NULL, NULL, "the store \"%s\" cannot be opened: Not a directory"},
    {".", NULL, NULL, "the store \"%s\" is not a file"},
    {"empty", "", NULL, "the store \"%s\" is empty: remove the file and run \"magec init\""},
    {"text", "this is no database, but it has some length all the same.\n", NULL,
        "\"%s\" is not a store: it is no SQLite file"},
    {"other.db", NULL, "CREATE TABLE t (a)", "\"%s\" is not a store of this program"},
    {"another.db", NULL, "PRAGMA application_id = 7", "\"%s\" is not a store of this program"},
    {"magec.db", NULL, "PRAGMA user_version = 99",
        "the store \"%s\" was made by a newer version (schema 99, this program knows 9)"},
};

START_TEST(test_open)
{
    char path[UNIT_PATH + 16], says[2 * UNIT_PATH];
    struct store *s = NULL;
    in_folder(path, files[_i].name);
    if (files[_i].text)
        write_file(path, files[_i].text);
    if (files[_i].sql)
        change_file(path, files[_i].sql);
    const char *name = strstr(files[_i].says, "%s");
    snprintf(says, sizeof says, "%.*s%s%s", (int)(name - files[_i].says), files[_i].says, path,
        name + 2);
    for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
        FAILS(store_open(&s, path, (enum store_mode)mode, &at.err), STATUS_STORE, says);
        ck_assert_ptr_null(s);
    }
}
END_TEST

START_TEST(test_create)
{
    char path[UNIT_PATH + 16];
    struct stat info;
    FAILS(store_create(at.path, &at.err), STATUS_CONFLICT, "exists already");
    ck_assert_int_eq(stat(at.path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 0777, 0600);
    in_folder(path, "no/magec.db");
    FAILS(store_create(path, &at.err), STATUS_STORE, "No such file or directory");
    store_close(at.store); /* nothing else is left behind */
    at.store = NULL;
    DIR *dir = opendir(at.folder);
    for (struct dirent *e; (e = readdir(dir));)
        ck_assert(e->d_name[0] == '.' || !strcmp(e->d_name, "magec.db"));
    closedir(dir);
}
END_TEST

START_TEST(test_read_only)
{
    struct store *s;
    struct command c = {.id = strdup("x"), .prompt = strdup("x")};
    OK(store_open(&s, at.path, STORE_READ, &at.err));
    FAILS(command_add(s, &c, &at.err), STATUS_STORE, "cannot be written");
    OK(store_ping(s, &at.err));
    unlink(at.path);
    FAILS(store_ping(s, &at.err), STATUS_STORE, "any more");
    write_file(at.path, "another");
    FAILS(store_ping(s, &at.err), STATUS_STORE, "was replaced");
    command_release(&c);
    store_close(s);
}
END_TEST

START_TEST(test_transaction)
{
    struct command c = {.id = strdup("x"), .prompt = strdup("x")};
    OK(store_begin(at.store, &at.err));
    ck_assert(store_in_transaction(at.store));
    OK(command_add(at.store, &c, &at.err));
    store_rollback(at.store);
    store_rollback(at.store);
    ck_assert(!store_in_transaction(at.store));
    FAILS(command_get(at.store, "x", &c, &at.err), STATUS_NOT_FOUND, "no command \"x\"");
    command_release(&c);
}
END_TEST

/* ---- entities ---- */

/* All of one kind through the same calls: from JSON, added, read, changed, listed, removed. */
struct entity {
    const char *first, *second; /* what to_json writes of it, before and after an update */
    enum status (*add)(const struct json *j);
    enum status (*update)(const struct json *j);
    enum status (*print)(const char *id, struct json_writer *w);
    enum status (*remove)(const char *id, bool force);
    enum status (*list)(struct buf *ids);
};

#define ENTITY(type, remove_call, print_call)                                                      \
    static enum status add_##type(const struct json *j)                                            \
    {                                                                                              \
        struct type e;                                                                             \
        type##_init(&e);                                                                           \
        enum status st = type##_from_json(j, &e, &at.err);                                         \
        st = st ? st : type##_add(at.store, &e, &at.err);                                          \
        type##_release(&e);                                                                        \
        return st;                                                                                 \
    }                                                                                              \
    static enum status update_##type(const struct json *j)                                         \
    {                                                                                              \
        struct type e;                                                                             \
        type##_init(&e);                                                                           \
        enum status st = type##_from_json(j, &e, &at.err);                                         \
        st = st ? st : type##_update(at.store, &e, &at.err);                                       \
        type##_release(&e);                                                                        \
        return st;                                                                                 \
    }                                                                                              \
    static enum status print_##type(const char *id, struct json_writer *w)                         \
    {                                                                                              \
        struct type e;                                                                             \
        type##_init(&e);                                                                           \
        enum status st = type##_get(at.store, id, &e, &at.err);                                    \
        if (!st)                                                                                   \
            print_call;                                                                            \
        type##_release(&e);                                                                        \
        return st;                                                                                 \
    }                                                                                              \
    static enum status remove_##type(const char *id, bool force)                                   \
    {                                                                                              \
        (void)force;                                                                               \
        return remove_call;                                                                        \
    }                                                                                              \
    static enum status note_##type(void *ctx, const struct type *e)                                \
    {                                                                                              \
        return buf_printf(ctx, "%s ", e->id);                                                      \
    }                                                                                              \
    static enum status list_##type(struct buf *ids)                                                \
    {                                                                                              \
        return type##_each(at.store, note_##type, ids, &at.err);                                   \
    }

ENTITY(backend, backend_remove(at.store, id, force, &at.err), backend_to_json(&e, true, w))
ENTITY(agent, agent_remove(at.store, id, force, &at.err), agent_to_json(&e, true, w))
ENTITY(command, command_remove(at.store, id, force, &at.err), command_to_json(&e, true, w))
ENTITY(client, client_remove(at.store, id, force, &at.err), client_to_json(&e, true, w))

#define CALLS(type) add_##type, update_##type, print_##type, remove_##type, list_##type

enum { BACKEND, AGENT, COMMAND, CLIENT };

static const struct entity entities[] = {
    [BACKEND] =
        {"{\"id\":\"new\",\"name\":\"New\",\"type\":\"openai\",\"url\":\"http://h/v1\","
         "\"apiKey\":\"env:KEY\",\"apiKeyHeader\":\"api-key\",\"maxTokensAs\":\"max_tokens\","
         "\"headers\":{\"X-A\":\"b\"},\"attempts\":2,\"maxCalls\":3,"
         "\"caFile\":\"/ca\",\"clientCert\":\"/cert\",\"clientKey\":\"/key\","
         "\"proxy\":\"http://u:p@h:3128\",\"insecure\":true,"
         "\"deadlines\":{\"connect\":\"5s\",\"total\":\"1500ms\"},\"more\":{\"a\":[1]}}",
            "{\"id\":\"new\",\"type\":\"exec\",\"command\":[\"/bin/cat\",\"-\"],"
            "\"env\":[\"A=b\",\"HOME\"],\"delay\":\"20ms\"}",
            CALLS(backend)},
    [AGENT] = {"{\"id\":\"new\",\"name\":\"New\",\"description\":\"d\","
               "\"llm\":{\"backend\":\"echo\",\"model\":\"m\",\"options\":{\"temperature\":0.20,"
               "\"n\":null}},"
               "\"systemPrompt\":\"Be \xC3\xA9.\\n\","
               "\"maxTokens\":7,\"fallbacks\":[\"two\"],"
               "\"responseSchema\":{\"type\":\"object\"},\"tags\":[\"a b\",\"\xC3\xA9\"],"
               "\"allowedTools\":[\"files/*\"],\"toolLimits\":{\"rounds\":4,\"calls\":9,"
               "\"resultBytes\":512,\"timeout\":\"2s\",\"more\":1},"
               "\"deadlines\":{\"firstByte\":\"1m\","
               "\"idle\":\"2h\"},\"voice\":{}}",
        "{\"id\":\"new\",\"llm\":{\"backend\":\"echo\"}}", CALLS(agent)},
    [COMMAND] = {"{\"id\":\"new\",\"name\":\"n\",\"description\":\"d\",\"prompt\":\"p {{x}}\","
                 "\"agentId\":\"one\",\"x\":1}",
        "{\"id\":\"new\",\"prompt\":\"q\"}", CALLS(command)},
    [CLIENT] = {"{\"id\":\"new\",\"name\":\"n\",\"type\":\"webhook\",\"enabled\":false,"
                "\"allowedAgents\":[\"two\",\"one\"],\"allowedTools\":[\"none\"],"
                "\"config\":{\"webhook\":{\"passthrough\":false,"
                "\"commandId\":\"sum\"}},\"onDisconnect\":\"continue\",\"recordPrompt\":\"hash\","
                "\"x\":null}",
        "{\"id\":\"new\",\"type\":\"webhook\",\"enabled\":true,\"allowedAgents\":[],"
        "\"config\":{\"webhook\":{\"passthrough\":true}},\"onDisconnect\":\"cancel\","
        "\"recordPrompt\":\"text\"}",
        CALLS(client)},
};

static enum status with_json(enum status (*call)(const struct json *j), const char *text)
{
    struct json *j;
    OK(json_parse(text, strlen(text), &j, &at.err));
    enum status st = call(j);
    json_free(j);
    return st;
}

static void check_json(const struct entity *e, const char *id, const char *want)
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, BUF_SMALL);
    json_writer_init(&w, &out);
    OK(e->print(id, &w));
    ck_assert_str_eq(buf_str(&out), want);
    buf_release(&out);
}

START_TEST(test_entity)
{
    const struct entity *e = &entities[_i];
    struct buf ids;
    buf_init(&ids, BUF_SMALL);
    unit_store_fill(unit_entities);
    FAILS(with_json(e->update, e->first), STATUS_NOT_FOUND, "\"new\"");
    OK(with_json(e->add, e->first));
    check_json(e, "new", e->first);
    FAILS(with_json(e->add, e->second), STATUS_CONFLICT, "\"new\" exists already");
    OK(with_json(e->update, e->second));
    check_json(e, "new", e->second);
    OK(e->list(&ids));
    ck_assert_ptr_nonnull(strstr(buf_str(&ids), "new "));
    FAILS(e->remove("nwe", false), STATUS_NOT_FOUND, "\"nwe\"; did you mean \"new\"?");
    OK(e->remove("new", false));
    FAILS(e->remove("new", true), STATUS_NOT_FOUND, "no ");
    buf_release(&ids);
}
END_TEST

static const struct {
    int kind;
    const char *json;
    enum status st;
    const char *says;
} refused[] = {
    {BACKEND, "{\"id\":\"-x\",\"type\":\"echo\"}", STATUS_BAD_REQUEST, "\"-x\" is not an id"},
    {BACKEND, "{\"id\":\"x\"}", STATUS_BAD_REQUEST, "needs a type"},
    {BACKEND, "{\"id\":7}", STATUS_BAD_REQUEST, "id: not a string"},
    {BACKEND, "{\"id\":\"a\\u0000b\"}", STATUS_BAD_REQUEST, "id: contains a NUL"},
    {BACKEND, "{\"type\":\"o\",\"url\":\"ftp://x\"}", STATUS_BAD_REQUEST, "is not a URL"},
    {BACKEND, "{\"type\":\"o\",\"url\":\"http:///x\"}", STATUS_BAD_REQUEST, "is not a URL"},
    {BACKEND, "{\"type\":\"o\",\"url\":\"http://u:p@h\"}", STATUS_BAD_REQUEST, "user or password"},
    {BACKEND, "{\"type\":\"o\",\"url\":\"http://h/a b\"}", STATUS_BAD_REQUEST, "a space"},
    {BACKEND, "{\"type\":\"o\",\"apiKey\":\"env:1A\"}", STATUS_BAD_REQUEST, "variable"},
    {BACKEND, "{\"type\":\"o\",\"apiKey\":\"env:HTTP_X\"}", STATUS_BAD_REQUEST, "caller's headers"},
    {BACKEND, "{\"type\":\"o\",\"apiKeyHeader\":\"a:\"}", STATUS_BAD_REQUEST, "name of a header"},
    {BACKEND, "{\"type\":\"o\",\"apiKey\":\"file:x\"}", STATUS_BAD_REQUEST, "absolute path"},
    {BACKEND, "{\"type\":\"o\",\"apiKey\":\"a\\nb\"}", STATUS_BAD_REQUEST, "line break"},
    {BACKEND, "{\"type\":\"o\",\"headers\":[\"a\\nb: c\"]}", STATUS_BAD_REQUEST, "not a header"},
    {BACKEND, "{\"type\":\"o\",\"headers\":[1]}", STATUS_BAD_REQUEST, "headers[0]: not a string"},
    {BACKEND, "{\"type\":\"o\",\"caFile\":\"ca.pem\"}", STATUS_BAD_REQUEST, "absolute path"},
    {BACKEND, "{\"type\":\"o\",\"clientCert\":\"./c\"}", STATUS_BAD_REQUEST, "absolute path"},
    {BACKEND, "{\"type\":\"o\",\"clientCert\":\"/c\",\"clientKey\":\"k\"}", STATUS_BAD_REQUEST,
        "client key \"k\" is not an absolute path"},
    {BACKEND, "{\"type\":\"o\",\"clientKey\":\"/k\"}", STATUS_BAD_REQUEST, "its certificate"},
    {BACKEND, "{\"type\":\"o\",\"proxy\":\"socks5://h\"}", STATUS_BAD_REQUEST,
        "the proxy: \"socks5://h\" is not a URL"},
    {BACKEND, "{\"type\":\"o\",\"proxy\":\"socks5://me:secret@h\"}", STATUS_BAD_REQUEST,
        "the proxy: \"[redacted]\" is not a URL"},
    {BACKEND, "{\"type\":\"o\",\"proxy\":\"http://u:p@/\"}", STATUS_BAD_REQUEST, "no host"},
    {BACKEND, "{\"type\":\"o\",\"insecure\":1}", STATUS_BAD_REQUEST, "neither true nor false"},
    {BACKEND, "{\"type\":\"o\",\"env\":[\"=x\"]}", STATUS_BAD_REQUEST, "environment entry"},
    {BACKEND, "{\"type\":\"o\",\"deadlines\":{\"idle\":\"soon\"}}", STATUS_BAD_REQUEST,
        "deadlines: idle: \"soon\" is not a duration"},
    {AGENT, "{\"id\":\"x\"}", STATUS_BAD_REQUEST, "needs a backend"},
    {AGENT, "{\"llm\":{\"backend\":\"ehco\"}}", STATUS_BAD_REQUEST,
        "no backend \"ehco\"; did you mean \"echo\"?"},
    {AGENT, "{\"llm\":{\"backend\":\"echo\"},\"systemPrompt\":\"\\ud800\"}", STATUS_BAD_REQUEST,
        "system prompt is not valid UTF-8 at byte 0"},
    {AGENT, "{\"llm\":{\"backend\":\"echo\"},\"fallbacks\":[\"onee\"]}", STATUS_BAD_REQUEST,
        "no agent \"onee\"; did you mean \"one\"?"},
    {AGENT, "{\"id\":\"x\",\"llm\":{\"backend\":\"echo\"},\"fallbacks\":[\"x\"]}",
        STATUS_BAD_REQUEST, "cannot fall back on itself"},
    {AGENT, "{\"llm\":{\"backend\":\"echo\",\"options\":[]}}", STATUS_BAD_REQUEST,
        "llm.options: not a JSON object"},
    {AGENT, "{\"llm\":{\"backend\":\"echo\"},\"responseSchema\":true}", STATUS_BAD_REQUEST,
        "responseSchema: not a JSON object"},
    {AGENT, "{\"llm\":{\"backend\":\"echo\"},\"tags\":[\"a\",\"\"]}", STATUS_BAD_REQUEST,
        "tag 2 is empty"},
    {AGENT, "{\"llm\":{\"backend\":\"echo\"},\"tags\":[\"a\",\"b\",\"a\"]}", STATUS_BAD_REQUEST,
        "the tag \"a\" is there twice"},
    {AGENT, "{\"llm\":{\"backend\":\"echo\"},\"tags\":[\"\\ud800\"]}", STATUS_BAD_REQUEST,
        "not valid UTF-8"},
    {AGENT,
        "{\"llm\":{\"backend\":\"echo\"},\"tags\":[\"123456789 123456789 123456789 123456789 "
        "123456789 123456789 12345\"]}",
        STATUS_BAD_REQUEST, "longer than 64 bytes"},
    {AGENT,
        "{\"llm\":{\"backend\":\"echo\"},\"tags\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\","
        "\"9\","
        "\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\"]}",
        STATUS_BAD_REQUEST, "more than 16 tags"},
    {COMMAND, "{\"id\":\"x\"}", STATUS_BAD_REQUEST, "prompt"},
    {COMMAND, "{\"prompt\":\"p\",\"agentId\":\"onee\"}", STATUS_BAD_REQUEST, "mean \"one\"?"},
    {CLIENT, "{\"id\":\"x\"}", STATUS_BAD_REQUEST, "needs a prompt"},
    {CLIENT, "{\"type\":\"telegram\"}", STATUS_BAD_REQUEST, "\"telegram\" is not \"webhook\""},
    {CLIENT, "{\"config\":{\"webhook\":{\"commandId\":\"summ\"}}}", STATUS_BAD_REQUEST,
        "no command \"summ\"; did you mean \"sum\"?"},
    {CLIENT, "{\"allowedAgents\":[\"three\"],\"config\":{\"webhook\":{\"passthrough\":true}}}",
        STATUS_BAD_REQUEST, "no agent \"three\""},
    {CLIENT,
        "{\"allowedAgents\":[\"one\",\"one\"],\"config\":{\"webhook\":{\"passthrough\":true}}}",
        STATUS_BAD_REQUEST, "named twice"},
    {CLIENT, "{\"onDisconnect\":\"maybe\"}", STATUS_BAD_REQUEST, "\"cancel\" nor \"continue\""},
};

START_TEST(test_refused)
{
    unit_store_fill(unit_entities);
    FAILS(with_json(entities[refused[_i].kind].add, refused[_i].json), refused[_i].st,
        refused[_i].says);
    ck_assert(!store_in_transaction(at.store));
}
END_TEST

START_TEST(test_no_id)
{
    struct backend b;
    backend_init(&b);
    OK(string_set(&b.type, "echo"));
    OK(string_set(&b.url, "http://h/v1//"));
    OK(backend_add(at.store, &b, &at.err));
    ck_assert_uint_eq(strlen(b.id), IDENT_UUID_LEN);
    char *id = strdup(b.id);
    OK(backend_get(at.store, id, &b, &at.err));
    ck_assert_str_eq(b.url, "http://h/v1");
    free(id);
    backend_release(&b);
}
END_TEST

START_TEST(test_references)
{
    unit_store_fill(unit_entities);
    FAILS(remove_backend("echo", false), STATUS_CONFLICT,
        "backend \"echo\" is used by agent \"one\", agent \"two\"");
    FAILS(remove_agent("two", false), STATUS_CONFLICT,
        "agent \"two\" is used by client \"pass\", command \"sum\"");
    FAILS(remove_command("sum", false), STATUS_CONFLICT, "is used by client \"stored\"");
    OK(remove_agent("two", true));
    check_json(&entities[COMMAND], "sum", "{\"id\":\"sum\",\"prompt\":\"Summarize.\"}");
    struct client c;
    client_init(&c);
    OK(client_get(at.store, "pass", &c, &at.err));
    ck_assert_uint_eq(c.agents.count, 1);
    ck_assert_str_eq(c.agents.items[0], "one");
    OK(remove_command("sum", true));
    OK(client_get(at.store, "stored", &c, &at.err));
    ck_assert(!c.enabled && !c.command);
    OK(remove_backend("echo", true));
    FAILS(print_agent("one", NULL), STATUS_NOT_FOUND, "no agent \"one\"");
    OK(client_get(at.store, "pass", &c, &at.err));
    ck_assert_uint_eq(c.agents.count, 0);
    client_release(&c);
}
END_TEST

START_TEST(test_secrets)
{
    static const struct {
        const char *key, *written;
    } keys[] = {{"env:K", "\"env:K\""}, {"file:/k", "\"file:/k\""}, {"${K}", "\"${K}\""},
        {"sk-1", "null"}, {"${a}b", "null"}, {"${sk", "null"}};
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct backend b;
        struct buf out;
        struct json_writer w;
        char want[128];
        backend_init(&b);
        buf_init(&out, BUF_SMALL);
        json_writer_init(&w, &out);
        OK(string_set(&b.id, "x"));
        OK(string_set(&b.type, "t"));
        OK(string_set(&b.key, keys[i].key));
        OK(strings_add(&b.headers, "X-Key: secret"));
        backend_to_json(&b, false, &w);
        snprintf(want, sizeof want,
            "{\"id\":\"x\",\"type\":\"t\",\"apiKey\":%s,\"headers\":{\"X-Key\":null}}",
            keys[i].written);
        ck_assert_str_eq(buf_str(&out), want);
        buf_release(&out);
        backend_release(&b);
    }
}
END_TEST

/* ---- tokens ---- */

static bool valid(const char *client, const char *token)
{
    bool is;
    unsigned char hash[IDENT_HASH_LEN];
    ident_hash(token, strlen(token), hash);
    OK(token_check(at.store, client, hash, &is, &at.err));
    return is;
}

static enum status note_token(void *ctx, const struct token *t)
{
    struct token *last = ctx;
    last[1] = last[0];
    last[0] = *t;
    return STATUS_OK;
}

START_TEST(test_tokens)
{
    char a[IDENT_TOKEN_LEN + 1], b[IDENT_TOKEN_LEN + 1], c[IDENT_TOKEN_LEN + 1];
    struct token seen[2] = {{.created_ms = 0}};
    unit_store_fill(unit_entities);
    FAILS(token_issue(at.store, "pas", 0, a, &at.err), STATUS_NOT_FOUND, "mean \"pass\"?");
    OK(token_issue(at.store, "pass", 0, a, &at.err));
    ck_assert(ident_token_valid(a, strlen(a)));
    ck_assert(valid("pass", a) && !valid("stored", a) && !valid("nobody", a));
    ck_assert(!valid("pass", "") && !valid("pass", "mgc_"));
    OK(token_issue(at.store, "pass", 60000, b, &at.err)); /* with grace */
    ck_assert(valid("pass", a) && valid("pass", b));
    OK(token_each(at.store, "pass", note_token, seen, &at.err));
    ck_assert((seen[0].expires_ms == 0) != (seen[1].expires_ms == 0));
    ck_assert_int_gt(seen[0].expires_ms + seen[1].expires_ms, units_now_ms() + 30000);
    store_close(at.store); /* time passes */
    change_file(at.path, "UPDATE token SET expires_ms = 1 WHERE expires_ms != 0");
    OK(store_open(&at.store, at.path, STORE_WRITE, &at.err));
    ck_assert(!valid("pass", a) && valid("pass", b));
    OK(token_issue(at.store, "pass", 0, c, &at.err)); /* at once */
    ck_assert(!valid("pass", a) && !valid("pass", b) && valid("pass", c));
    OK(client_remove(at.store, "pass", false, &at.err));
    ck_assert(!valid("pass", c));
}
END_TEST

START_TEST(test_adopt)
{
    static const char mine[] = "mgc_0123456789abcdef0123456789abcdef01234567";
    unsigned char hash[IDENT_HASH_LEN];
    struct token seen[2] = {{.created_ms = 0}};
    unit_store_fill(unit_entities);
    FAILS(token_adopt(at.store, "pass", "mgc_x", &at.err), STATUS_BAD_REQUEST, "40 hexadecimal");
    OK(token_adopt(at.store, "pass", mine, &at.err));
    OK(token_adopt(at.store, "pass", mine, &at.err));
    ck_assert(valid("pass", mine));
    FAILS(token_adopt(at.store, "stored", mine, &at.err), STATUS_CONFLICT, "another client's");
    ck_assert(!valid("stored", mine));
    ident_hash(mine, strlen(mine), hash);
    static const int64_t touches[][2] = {{5000, 5000}, {5900, 5000}, {6001, 6001}, {100, 6001}};
    for (size_t i = 0; i < COUNT(touches); i++) {
        OK(token_touch(at.store, hash, touches[i][0], &at.err));
        OK(token_each(at.store, "pass", note_token, seen, &at.err));
        ck_assert_int_eq(seen[0].last_used_ms, touches[i][1]);
    }
    ck_assert_mem_eq(seen[0].hash, hash, sizeof hash);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_checked_fixture(all, unit_store_make, unit_store_remove);
    tcase_add_loop_test(all, test_open, 0, COUNT(files));
    tcase_add_test(all, test_create);
    tcase_add_test(all, test_read_only);
    tcase_add_test(all, test_transaction);
    tcase_add_loop_test(all, test_entity, 0, COUNT(entities));
    tcase_add_loop_test(all, test_refused, 0, COUNT(refused));
    tcase_add_test(all, test_no_id);
    tcase_add_test(all, test_references);
    tcase_add_test(all, test_secrets);
    tcase_add_test(all, test_tokens);
    tcase_add_test(all, test_adopt);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
