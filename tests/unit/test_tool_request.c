/* Requests of the protocols whose models can call tools: what is told of tools, calls and results.
 */
#include "agent/exchange_request.h"
#include "agent/protocol.h"
#include "unit.h"

static char id_a[] = "a", id_b[] = "b!", id_c[] = "c", name_f[] = "f", name_g[] = "g";
static char one[] = "{\"x\": 1}", half[] = "{\"x", none[] = "";
static const struct tool_call calls[] = {
    {id_a, name_f, one}, {id_b, name_g, half}, {id_c, name_f, none}};

static const struct tool tools[] = {
    {"f", "does \"f\"", "{\"$schema\":\"s\",\"type\":\"object\",\"properties\":{\"x\":{}}}"},
    {"g", NULL, "{\"type\":\"object\"}"},
};

struct request {
    struct agent agent;
    struct backend backend;
    struct ask ask;
    struct turn turns[16];
};

static void add(struct request *r, struct turn t)
{
    t.len = t.text ? strlen(t.text) : 0;
    r->turns[r->ask.turn_count++] = t;
}

/* Two calls and their results. */
static void add_calls(struct request *r, const char *text, const char *echo, const char *by)
{
    add(r, (struct turn){.role = TURN_ASSISTANT,
               .text = text,
               .calls = calls,
               .call_count = 2,
               .echo = echo,
               .by = by ? protocol_find(by) : NULL});
    add(r, (struct turn){.role = TURN_RESULT, .text = "one", .call = &calls[0]});
    add(r,
        (struct turn){.role = TURN_RESULT, .text = "no \"x\"", .call = &calls[1], .failed = true});
}

static void begin(struct request *r)
{
    static char model[] = "m", id[] = "a";
    *r = (struct request){.agent = {.id = id, .model = model}};
    r->ask = (struct ask){.agent = &r->agent,
        .backend = &r->backend,
        .prompt = "hi",
        .prompt_len = 2,
        .turns = r->turns,
        .tools = tools,
        .tool_count = 2};
}

/* A member of the body, as text. */
static void check(
    const struct request *r, const char *protocol, const char *name, const char *value)
{
    const struct exchange_kind *kind = protocol_find(protocol)->exchange;
    struct json_writer w;
    struct error err;
    struct buf body, got;
    struct json *j = NULL;
    buf_init(&body, BUF_SMALL);
    buf_init(&got, BUF_SMALL);
    json_writer_init(&w, &body);
    ck_assert_int_eq(kind->body(&r->ask, &w, &err), STATUS_OK);
    ck_assert_msg(
        json_parse(buf_str(&body), body.len, &j, NULL) == STATUS_OK, "%s", buf_str(&body));
    if (json_get(j, name))
        json_print(json_get(j, name), false, &got);
    ck_assert_str_eq(buf_str(&got), value);
    json_free(j);
    buf_release(&body);
    buf_release(&got);
}

/* ---- anthropic ---- */

#define USER_HI "{\"role\":\"user\",\"content\":\"hi\"}"

START_TEST(test_anthropic_tools)
{
    static char options[] = "{\"tools\":[1,{\"type\":\"own\"}],\"tool_choice\":{\"type\":\"any\"}}";
    struct request r;
    begin(&r);
    check(&r, "anthropic", "tools",
        "[{\"name\":\"f\",\"description\":\"does \\\"f\\\"\",\"input_schema\":{\"$schema\":\"s\","
        "\"type\":\"object\",\"properties\":{\"x\":{}}}},"
        "{\"name\":\"g\",\"input_schema\":{\"type\":\"object\"}}]");
    check(&r, "anthropic", "tool_choice", "");
    r.ask.tools_off = true;
    check(&r, "anthropic", "tool_choice", "{\"type\":\"none\"}");
    r.agent.options = options;
    r.ask.tool_count = 1;
    check(&r, "anthropic", "tool_choice", "{\"type\":\"none\"}");
    r.ask.tools_off = false;
    check(&r, "anthropic", "tool_choice", "{\"type\":\"any\"}");
    r.ask.tools = &tools[1];
    check(&r, "anthropic", "tools",
        "[{\"name\":\"g\",\"input_schema\":{\"type\":\"object\"}},{\"type\":\"own\"}]");
    r.ask.tool_count = 0;
    check(&r, "anthropic", "tools", "[1,{\"type\":\"own\"}]");
    r.agent.options = NULL;
    check(&r, "anthropic", "tools", "");
    check(&r, "anthropic", "tool_choice", "");
}
END_TEST

START_TEST(test_anthropic_own)
{
    static const char echo[] = "[{\"type\":\"thinking\",\"signature\":\"s\"},1]";
    struct request r;
    begin(&r);
    add_calls(&r, "so", echo, "anthropic");
    check(&r, "anthropic", "messages",
        "[" USER_HI ",{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"signature\":"
        "\"s\"},1]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":"
        "\"a\","
        "\"content\":\"one\"},{\"type\":\"tool_result\",\"tool_use_id\":\"b!\",\"content\":\"no "
        "\\\"x\\\"\",\"is_error\":true}]}]");
}
END_TEST

/* What another protocol's model said, and then the user. */
START_TEST(test_anthropic_other)
{
    struct request r;
    begin(&r);
    add_calls(&r, "so", "{}", "openai");
    add(&r,
        (struct turn){.role = TURN_ASSISTANT, .text = " \n", .calls = &calls[2], .call_count = 1});
    add(&r, (struct turn){.role = TURN_RESULT, .text = "", .call = &calls[2]});
    add(&r, (struct turn){.role = TURN_USER, .text = "go on"});
    add(&r, (struct turn){.role = TURN_ASSISTANT, .text = "done"});
    add(&r, (struct turn){.role = TURN_USER, .text = "again"});
    check(&r, "anthropic", "messages",
        "[" USER_HI ",{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"so\"},"
        "{\"type\":\"tool_use\",\"id\":\"call_0_0\",\"name\":\"f\",\"input\":{\"x\":1}},"
        "{\"type\":\"tool_use\",\"id\":\"call_0_1\",\"name\":\"g\",\"input\":{}}]},"
        "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"call_0_0\","
        "\"content\":\"one\"},{\"type\":\"tool_result\",\"tool_use_id\":\"call_0_1\",\"content\":"
        "\"no \\\"x\\\"\",\"is_error\":true}]},"
        "{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"call_3_0\",\"name\":"
        "\"f\",\"input\":{}}]},"
        "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"call_3_0\","
        "\"content\":\"\"},{\"type\":\"text\",\"text\":\"go on\"}]},"
        "{\"role\":\"assistant\",\"content\":\"done\"},{\"role\":\"user\",\"content\":\"again\"}]");
}
END_TEST

/* ---- gemini ---- */

#define PARTS_HI "{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]}"

START_TEST(test_gemini_tools)
{
    static char options[] = "{\"tools\":[1,{\"googleSearch\":{}}],\"tool_config\":{}}";
    struct request r;
    begin(&r);
    check(&r, "gemini", "tools",
        "[{\"functionDeclarations\":[{\"name\":\"f\",\"description\":\"does \\\"f\\\"\","
        "\"parametersJsonSchema\":{\"type\":\"object\",\"properties\":{\"x\":{}}}},"
        "{\"name\":\"g\",\"parametersJsonSchema\":{\"type\":\"object\"}}]}]");
    check(&r, "gemini", "toolConfig", "");
    r.ask.tools_off = true;
    check(&r, "gemini", "toolConfig", "{\"functionCallingConfig\":{\"mode\":\"NONE\"}}");
    r.agent.options = options;
    check(&r, "gemini", "tool_config", "");
    r.ask.tools_off = false;
    check(&r, "gemini", "toolConfig", "");
    check(&r, "gemini", "tool_config", "{}");
    r.ask.tools = &tools[1];
    r.ask.tool_count = 1;
    check(&r, "gemini", "tools",
        "[{\"functionDeclarations\":[{\"name\":\"g\",\"parametersJsonSchema\":{\"type\":"
        "\"object\"}}]},{\"googleSearch\":{}}]");
    r.ask.tool_count = 0;
    check(&r, "gemini", "tools", "[1,{\"googleSearch\":{}}]");
    r.agent.options = NULL;
    check(&r, "gemini", "tools", "");
    check(&r, "gemini", "toolConfig", "");
}
END_TEST

START_TEST(test_gemini_own)
{
    static const char echo[] = "[{\"text\":\"so\"},{\"functionCall\":{\"name\":\"f\"},"
                               "\"thoughtSignature\":\"s\"},{\"functionCall\":{\"id\":\"b!\"}}]";
    struct request r;
    begin(&r);
    add_calls(&r, "so", echo, "gemini");
    check(&r, "gemini", "contents",
        "[" PARTS_HI
        ",{\"role\":\"model\",\"parts\":[{\"text\":\"so\"},{\"functionCall\":{\"name\":"
        "\"f\"},\"thoughtSignature\":\"s\"},{\"functionCall\":{\"id\":\"b!\"}}]},"
        "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"f\",\"response\":{"
        "\"result\":\"one\"}}},{\"functionResponse\":{\"id\":\"b!\",\"name\":\"g\",\"response\":{"
        "\"error\":\"no \\\"x\\\"\"}}}]}]");
}
END_TEST

START_TEST(test_gemini_other)
{
    struct request r;
    begin(&r);
    add_calls(&r, "", "[{\"functionCall\":{\"id\":\"x\"}}]", "anthropic");
    add(&r, (struct turn){.role = TURN_USER, .text = "go on"});
    add(&r, (struct turn){.role = TURN_ASSISTANT, .text = "done"});
    check(&r, "gemini", "contents",
        "[" PARTS_HI ",{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{"
        "\"x\":1}}},{\"functionCall\":{\"name\":\"g\",\"args\":{}}}]},"
        "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"f\",\"response\":{"
        "\"result\":\"one\"}}},{\"functionResponse\":{\"name\":\"g\",\"response\":{\"error\":"
        "\"no \\\"x\\\"\"}}}]},{\"role\":\"user\",\"parts\":[{\"text\":\"go on\"}]},"
        "{\"role\":\"model\",\"parts\":[{\"text\":\"done\"}]}]");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tool_request");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_anthropic_tools);
    tcase_add_test(all, test_anthropic_own);
    tcase_add_test(all, test_anthropic_other);
    tcase_add_test(all, test_gemini_tools);
    tcase_add_test(all, test_gemini_own);
    tcase_add_test(all, test_gemini_other);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
