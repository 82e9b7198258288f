#include "store/agent.h"

#include "agent/protocol.h"
#include "cli/entity.h"
#include "cli/request.h"

enum { PROMPT_MAX = 4 * 1024 * 1024, TOKENS_MAX = 1000 * 1000 * 1000 };

static const struct option_spec edit_options[] = {
    SETS_TEXT("backend", "ID", "llm.backend", "the backend that it asks"),
    SETS_TEXT("model", "NAME", "llm.model", "the backend's model"),
    SETS_INPUT("system-prompt", "TEXT", "systemPrompt", PROMPT_MAX,
        "what it is told first: text, @FILE or -"),
    SETS_TEXT("output-key", "KEY", "outputKey", "flows keep what it says under this key"),
    SETS_COUNT("max-tokens", "maxTokens", TOKENS_MAX, "most tokens of an answer"),
    SETS_INPUT("options", "JSON", "llm.options", PROMPT_MAX,
        "further members of the request: {\"temperature\":0.2}"),
    SETS_IDS("fallbacks", "fallbacks", "agents that take its place when it fails, in order"),
    SETS_INPUT("response-schema", "JSON", "responseSchema", PROMPT_MAX,
        "the JSON Schema that its answers match: text, @FILE or -"),
    SETS_IDS("mcp", "mcpServers", "MCP servers whose tools it may call"),
    SETS_IDS("tools", "tools", "tools that it may call"),
    SETS_PATTERNS("allowed-tools", "allowedTools",
        "only such of these: SERVER/TOOL, SERVER/*, a tool's id; none"),
    SETS_COUNT("tool-rounds", "toolLimits.rounds", AGENT_TOOL_ROUNDS_MAX,
        "most answers of a run that call tools (16)"),
    SETS_COUNT("tool-calls", "toolLimits.calls", AGENT_TOOL_CALLS_MAX, "most calls of a run (128)"),
    SETS_COUNT("tool-result-bytes", "toolLimits.resultBytes", AGENT_TOOL_RESULT_MAX,
        "most bytes of a result, the rest is cut (65536)"),
    SETS_TIME("tool-timeout", "toolLimits.timeout", "of one call (60s)"),
    SETS_LIST("tag", "WORD", "tags", "a word to find it by"),
    SETS_DESCRIPTION,
    SETS_NAME,
    SETS_DEADLINES,
    OPTION_END,
};

static const struct option_spec show_options[] = {
    {.name = "request",
        .value = "PROMPT",
        .kind = OPTION_INPUT,
        .max = PROMPT_MAX,
        .help = "show what would be sent for a prompt: text, @FILE or -"},
    OPTION_JSON,
    OPTION_END,
};
static const struct option_spec list_options[] = {
    {.name = "tag", .value = "WORD", .kind = OPTION_TEXT, .help = "only those with this tag"},
    OPTION_JSON,
    OPTION_END,
};
static const struct option_spec remove_options[] = {
    OPTION_FORCE("take it off the clients and commands that use it"), OPTION_END};

/* Its options with its backend. */
static enum status fits(const struct options *o, struct store *s, const void *e, struct error *err)
{
    if (!options_given(o, "options") && !options_given(o, "backend"))
        return STATUS_OK;
    const struct agent *a = e;
    struct backend b;
    backend_init(&b);
    enum status st = backend_get(s, a->backend, &b, err);
    if (!st)
        st = protocol_check_options(&b, a, err);
    backend_release(&b);
    return st;
}

static bool has_tag(const struct options *o, const void *e)
{
    const struct agent *a = e;
    const char *tag = options_text(o, "tag");
    return !tag || strings_has(&a->tags, tag);
}

static enum status show(struct cli *cli, const struct options *o, struct error *err)
{
    return options_given(o, "request") ? request_show(cli, o, err) : verb_show(cli, o, err);
}

static const struct column columns[] = {
    {.head = "ID", .path = "id"},
    {.head = "BACKEND", .path = "llm.backend"},
    {.head = "MODEL", .path = "llm.model", .width = 30},
    {.head = "TAGS", .path = "tags", .width = 30},
    {.head = "SYSTEM PROMPT", .path = "systemPrompt", .width = 40},
    {.head = "DESCRIPTION", .path = "description|name", .width = 30},
    {.head = NULL},
};

static const struct entity entity = {
    .kind = &agent_kind,
    .columns = columns,
    .fits = fits,
    .listed = has_tag,
};

static const struct verb verbs[] = {
    VERB_ADD("--backend ID [OPTION]...",
        "an agent: a backend with a model, a system prompt and options", edit_options,
        .required = "backend"),
    VERB_SET("[OPTION]...", "an agent", edit_options, .program = false),
    {.name = "show",
        .synopsis = "ID [--request PROMPT] [--json]",
        .summary = "shows all of one, or what it would send",
        .options = show_options,
        .word = "an agent's id",
        .min_words = 1,
        .max_words = 1,
        .run = show},
    VERB_LIST("[--tag WORD] [--json]", list_options),
    VERB_REMOVE(" [--force]", "that no client, command and flow uses", "an agent", remove_options),
    {.name = NULL},
};

const struct family family_agent = {
    "agent", "backends with a model and a system prompt", verbs, &entity};
