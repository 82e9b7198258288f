/*
 * Agents as they are configured: a backend, a model, a system prompt, options.
 */
#ifndef MAGEC_STORE_AGENT_H
#define MAGEC_STORE_AGENT_H

#include "base/deadlines.h"
#include "base/strings.h"
#include "store/entity.h"

enum {
    AGENT_FALLBACKS_MAX = 8, /* with the fallbacks' own */
    AGENT_TAGS_MAX = 16,
    AGENT_TAG_LEN = 64,           /* bytes */
    AGENT_SCHEMA_MAX = 64 * 1024, /* bytes of its compact text */
    AGENT_TOOL_ROUNDS_MAX = 1000,
    AGENT_TOOL_CALLS_MAX = 10 * 1000,
    AGENT_TOOL_RESULT_MAX = 16 * 1024 * 1024,
    AGENT_TOOL_TIMEOUT_MAX = 24 * 3600 * 1000
};

struct agent {
    char *id;
    char *name;
    char *description;
    char *backend;       /* llm.backend: an id */
    char *model;         /* llm.model; NULL: the backend decides */
    char *output_key;    /* outputKey: what it says in a flow is kept under it; NULL: it is not */
    char *system_prompt; /* systemPrompt; NULL: none. Never expanded */
    int64_t max_tokens;  /* most tokens of an answer; 0: the backend decides */
    char *options; /* llm.options: members for the request, a JSON object as text; NULL: none */
    char *response_schema; /* responseSchema: a JSON Schema that answers match, as text; or NULL */
    struct strings tags;   /* words for people, in the order they were given */
    struct strings fallbacks;     /* ids of agents that take its place when it fails, in order */
    struct strings mcp_servers;   /* mcpServers: ids of servers whose tools it may call */
    struct strings tools;         /* ids of exec tools that it may call */
    struct strings allowed_tools; /* allowedTools: patterns that narrow these (agent/tool.h) */
    int64_t tool_rounds;          /* toolLimits.rounds: answers with calls in one run; 0: default */
    int64_t tool_calls;           /* toolLimits.calls: in one run; 0: default */
    int64_t tool_result_bytes;    /* toolLimits.resultBytes: of one result; 0: default */
    int64_t tool_timeout_ms;      /* toolLimits.timeout: of one call; 0: default */
    struct deadlines deadlines;
    char *extra;
};

/* A backend, a fallback, an MCP server or a tool that does not exist is STATUS_BAD_REQUEST and
 * names it; so are fallbacks in a circle. One that is removed by force is taken off the lists of
 * clients, commands and agents.
 */
ENTITY_API(agent)

#endif
