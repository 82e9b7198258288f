/* The requests of chat completions and of Responses, where the model has tools. */
#include "agent/exchange_request.h"
#include "agent/protocol.h"
#include "agent/protocols.h"
#include "unit.h"

static const struct tool tools[] = {
    {"f", "does \"it\"", "{\"type\":\"object\",\"properties\":{\"x\":{\"minimum\":1.0}}}"},
    {"g", NULL, "{\"type\":\"object\"}"},
};

static char id_a[] = "a", id_b[] = "b", name_f[] = "f", name_g[] = "g", one[] = "{\"x\":1}",
            bad[] = "{\"x";
static const struct tool_call calls[] = {{id_a, name_f, one}, {id_b, name_g, bad}};

#define RESULTS                                                                                    \
    {.role = TURN_RESULT, .text = "1 \"r\"", .len = 5, .call = &calls[0]},                         \
    {                                                                                              \
        .role = TURN_RESULT, .text = "no", .len = 2, .call = &calls[1], .failed = true             \
    }

static const struct turn plain[] = {
    {.role = TURN_ASSISTANT, .text = "so", .len = 2, .calls = calls, .call_count = 2},
    RESULTS,
};
static const struct turn silent[] = {
    {.role = TURN_ASSISTANT, .text = "", .calls = calls, .call_count = 1},
    {.role = TURN_RESULT, .text = "", .call = &calls[0]},
};
static const struct turn echoed_openai[] = {
    {.role = TURN_ASSISTANT,
        .text = "so",
        .len = 2,
        .calls = calls,
        .call_count = 2,
        .by = &protocol_openai,
        .echo = "{\"role\":\"assistant\",\"x\":[1.50]}"},
    RESULTS,
};
static const struct turn echoed_responses[] = {
    {.role = TURN_ASSISTANT,
        .text = "so",
        .len = 2,
        .calls = calls,
        .call_count = 2,
        .by = &protocol_responses,
        .echo = "[{\"type\":\"reasoning\",\"id\":\"r1\",\"summary\":[]},"
                "{\"type\":\"reasoning\",\"status\":\"completed\",\"encrypted_content\":\"g\","
                "\"content\":null},{\"type\":\"reasoning\",\"content\":[1]},"
                "{\"type\":\"function_call\",\"status\":\"completed\",\"x\":null}]"},
    RESULTS,
};

#define CHAT_TOOLS                                                                                 \
    "{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":\"does \\\"it\\\"\","     \
    "\"parameters\":{\"type\":\"object\",\"properties\":{\"x\":{\"minimum\":1.0}}}}},"             \
    "{\"type\":\"function\",\"function\":{\"name\":\"g\",\"parameters\":{\"type\":\"object\"}}}"
#define CHAT_RESULTS                                                                               \
    "{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"1 \\\"r\\\"\"},"                      \
    "{\"role\":\"tool\",\"tool_call_id\":\"b\",\"content\":\"The tool failed: no\"}"
#define CHAT_CALLS                                                                                 \
    "{\"role\":\"assistant\",\"content\":\"so\",\"tool_calls\":[{\"id\":\"a\",\"type\":"           \
    "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"}},{\"id\":\"b\","   \
    "\"type\":\"function\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]}"
#define USER "{\"role\":\"user\",\"content\":\"p\"}"
#define CHAT(messages, more)                                                                       \
    "{\"model\":\"gpt-5-chat\",\"messages\":[" USER messages "],\"stream\":true,"                  \
    "\"stream_options\":{\"include_usage\":true}" more "}"

#define FLAT_TOOLS                                                                                 \
    "{\"type\":\"function\",\"name\":\"f\",\"description\":\"does \\\"it\\\"\",\"parameters\":{"   \
    "\"type\":\"object\",\"properties\":{\"x\":{\"minimum\":1.0}}}},"                              \
    "{\"type\":\"function\",\"name\":\"g\",\"parameters\":{\"type\":\"object\"}}"
#define FLAT_RESULTS                                                                               \
    "{\"type\":\"function_call_output\",\"call_id\":\"a\",\"output\":\"1 \\\"r\\\"\"},"            \
    "{\"type\":\"function_call_output\",\"call_id\":\"b\",\"output\":\"The tool failed: no\"}"
#define FLAT_CALLS                                                                                 \
    "{\"role\":\"assistant\",\"content\":\"so\"},"                                                 \
    "{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"f\",\"arguments\":"                  \
    "\"{\\\"x\\\":1}\"},"                                                                          \
    "{\"type\":\"function_call\",\"call_id\":\"b\",\"name\":\"g\",\"arguments\":\"{}\"}"
#define KEPT "{\"type\":\"reasoning\",\"content\":[1]}"
#define FLAT(model, input, more)                                                                   \
    "{\"model\":\"" model "\",\"input\":" input ",\"stream\":true" more "}"
#define INCLUDE ",\"include\":[\"reasoning.encrypted_content\"]"
#define UNKEPT ",\"store\":false"

#define TURNS(t) t, COUNT(t)
#define TOOLS tools, COUNT(tools)

static const struct {
    const struct protocol *protocol;
    const char *model, *options;
    const struct turn *turns;
    size_t turn_count;
    const struct tool *tools;
    size_t tool_count;
    bool off;
    const char *body;
} rows[] = {
    {&protocol_openai, "gpt-5-chat", NULL, NULL, 0, TOOLS, false,
        CHAT("", ",\"tools\":[" CHAT_TOOLS "]")},
    {&protocol_openai, "gpt-5-chat", NULL, TURNS(plain), TOOLS, false,
        CHAT("," CHAT_CALLS "," CHAT_RESULTS, ",\"tools\":[" CHAT_TOOLS "]")},
    {&protocol_openai, "gpt-5-chat", NULL, TURNS(plain), NULL, 0, false,
        CHAT("," CHAT_CALLS "," CHAT_RESULTS, "")},
    {&protocol_openai, "gpt-5-chat",
        "{\"tool_choice\":\"required\",\"tools\":[{\"type\":\"x\"}],\"parallel_tool_calls\":false,"
        "\"seed\":1}",
        TURNS(plain), TOOLS, true, CHAT("," CHAT_CALLS "," CHAT_RESULTS, ",\"seed\":1")},
    {&protocol_openai, "gpt-5-chat",
        "{\"tool_choice\":\"required\",\"tools\":[{\"type\":\"x\"}],\"parallel_tool_calls\":false}",
        NULL, 0, TOOLS, false,
        CHAT("", ",\"tools\":[" CHAT_TOOLS ",{\"type\":\"x\"}],\"tool_choice\":\"required\","
                 "\"parallel_tool_calls\":false")},
    {&protocol_openai, "gpt-5-chat", "{\"tools\":[{\"type\":\"x\"}]}", NULL, 0, NULL, 0, false,
        CHAT("", ",\"tools\":[{\"type\":\"x\"}]")},
    {&protocol_openai, "gpt-5-chat", NULL, TURNS(silent), NULL, 0, false,
        CHAT(",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"a\",\"type\":"
             "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"}}]},"
             "{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"\"}",
            "")},
    {&protocol_openai, "gpt-5-chat", NULL, TURNS(echoed_openai), NULL, 0, false,
        CHAT(",{\"role\":\"assistant\",\"x\":[1.50]}," CHAT_RESULTS, "")},
    {&protocol_openai, "gpt-5-chat", NULL, TURNS(echoed_responses), NULL, 0, false,
        CHAT("," CHAT_CALLS "," CHAT_RESULTS, "")},

    {&protocol_responses, "gpt-4.1", NULL, NULL, 0, TOOLS, false,
        FLAT("gpt-4.1", "\"p\"", UNKEPT ",\"tools\":[" FLAT_TOOLS "]")},
    {&protocol_responses, "gpt-5.2", NULL, TURNS(plain), TOOLS, false,
        FLAT("gpt-5.2", "[" USER "," FLAT_CALLS "," FLAT_RESULTS "]",
            UNKEPT ",\"tools\":[" FLAT_TOOLS "]" INCLUDE)},
    {&protocol_responses, "gpt-5-chat-latest", NULL, TURNS(plain), NULL, 0, false,
        FLAT("gpt-5-chat-latest", "[" USER "," FLAT_CALLS "," FLAT_RESULTS "]", UNKEPT)},
    {&protocol_responses, "openai/o4-mini",
        "{\"tool_choice\":\"required\",\"tools\":[{\"type\":\"x\"}],\"include\":null,\"store\":"
        "true}",
        NULL, 0, TOOLS, true,
        FLAT("openai/o4-mini", "\"p\"",
            ",\"tools\":[" FLAT_TOOLS
            ",{\"type\":\"x\"}],\"tool_choice\":\"none\",\"store\":true")},
    {&protocol_responses, "mine", "{\"reasoning\":{}}", NULL, 0, TOOLS, false,
        FLAT("mine", "\"p\"", UNKEPT ",\"tools\":[" FLAT_TOOLS "]" INCLUDE ",\"reasoning\":{}")},
    {&protocol_responses, "mine", NULL, TURNS(echoed_responses), NULL, 0, false,
        FLAT("mine",
            "[" USER ",{\"type\":\"reasoning\",\"encrypted_content\":\"g\"}," KEPT
            ",{\"type\":\"function_call\",\"status\":\"completed\",\"x\":null}," FLAT_RESULTS "]",
            UNKEPT)},
    {&protocol_responses, "mine", "{\"store\":true}", TURNS(echoed_responses), NULL, 0, false,
        FLAT("mine",
            "[" USER ",{\"type\":\"reasoning\",\"id\":\"r1\",\"summary\":[]},"
            "{\"type\":\"reasoning\",\"encrypted_content\":\"g\"}," KEPT
            ",{\"type\":\"function_call\",\"status\":\"completed\",\"x\":null}," FLAT_RESULTS "]",
            ",\"store\":true")},
    {&protocol_responses, "mine", NULL, TURNS(echoed_openai), NULL, 0, false,
        FLAT("mine", "[" USER "," FLAT_CALLS "," FLAT_RESULTS "]", UNKEPT)},
};

START_TEST(test_body)
{
    char model[64], options[256];
    snprintf(model, sizeof model, "%s", rows[_i].model);
    snprintf(options, sizeof options, "%s", rows[_i].options ? rows[_i].options : "");
    char type[] = "x", url[] = "http://127.0.0.1/v1";
    const struct agent agent = {.model = model, .options = rows[_i].options ? options : NULL};
    const struct backend backend = {.type = type, .url = url};
    const struct ask ask = {.agent = &agent,
        .backend = &backend,
        .prompt = "p",
        .prompt_len = 1,
        .turns = rows[_i].turns,
        .turn_count = rows[_i].turn_count,
        .tools = rows[_i].tools,
        .tool_count = rows[_i].tool_count,
        .tools_off = rows[_i].off};
    struct exchange_request r = {0};
    struct error err = {.text = ""};
    ck_assert(rows[_i].protocol->tools);
    enum status st = exchange_request_make(&r, rows[_i].protocol->exchange, &ask, &err);
    ck_assert_msg(!st, "%s", err.text);
    ck_assert_str_eq(buf_str(&r.body), rows[_i].body);
    exchange_request_release(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("openai_tools");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_body, 0, COUNT(rows));
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
