#include "store/client.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "store/agent.h"
#include "store/checks.h"
#include "store/command.h"
#include "store/fields.h"
#include "store/internal.h"

const char *const client_gone_words[] = {"cancel", "continue", NULL};
const char *const client_record_words[] = {"text", "hash", NULL};
static const char *const type_words[] = {"webhook", NULL};

/* In order, as a JSON array, with the row itself. */
#define AGENTS                                                                                     \
    "(SELECT json_group_array(agent) FROM (SELECT agent FROM client_agent"                         \
    " WHERE client = client.id ORDER BY position))"
#define AT(member) .at = offsetof(struct client, member)

/* clang-format off */
static const struct field fields[] = {
    {"id", "id", FIELD_TEXT, FIELD_NEEDED, AT(id)},
    {"name", "name", FIELD_TEXT, FIELD_PROSE, AT(name)},
    {NULL, "type", FIELD_WORD, .words = type_words},
    {NULL, "token", .type = FIELD_ELSEWHERE},
    {NULL, "tokenHashes", .type = FIELD_ELSEWHERE},
    {"enabled", "enabled", FIELD_FLAG, FIELD_ALWAYS | FIELD_ON, AT(enabled)},
    {AGENTS, "allowedAgents", FIELD_LIST, FIELD_ALWAYS | FIELD_READ | FIELD_FLOWS, AT(agents), .refers = &agent_kind},
    {"allowed_tools", "allowedTools", FIELD_LIST, 0, AT(allowed_tools)},
    {"passthrough", "config.webhook.passthrough", FIELD_FLAG, FIELD_ALWAYS, AT(passthrough)},
    {"command", "config.webhook.commandId", FIELD_TEXT, 0, AT(command), .refers = &command_kind},
    {"continue_when_gone", "onDisconnect", FIELD_CHOICE, 0, AT(continue_when_gone), .words = client_gone_words},
    {"hash_prompt", "recordPrompt", FIELD_CHOICE, 0, AT(hash_prompt), .words = client_record_words},
    {"extra", NULL, FIELD_EXTRA, 0, AT(extra)},
};
/* clang-format on */

static enum status check(struct store *s, void *e, struct error *err)
{
    const struct client *c = e;
    (void)s;
    if (c->passthrough && c->command)
        return error_set(err, STATUS_BAD_REQUEST,
            "a client has a command or passes its callers' prompts through, not both");
    if (!c->passthrough && !c->command && c->enabled)
        return error_set(err, STATUS_BAD_REQUEST,
            "a client needs a prompt: name a stored one with --command ID, or say --passthrough");
    for (size_t i = 0; i < c->agents.count; i++)
        for (size_t k = 0; k < i; k++)
            if (!strcmp(c->agents.items[i], c->agents.items[k]))
                return error_set(
                    err, STATUS_BAD_REQUEST, "agent \"%s\" is named twice", c->agents.items[i]);
    return check_patterns(&c->allowed_tools, err);
}

/* Magec leaves the command that was chosen before. */
static void forget_command(void *e)
{
    struct client *c = e;
    if (!c->passthrough)
        return;
    free(c->command);
    c->command = NULL;
}

static enum status save_agents(struct store *s, const void *e, struct error *err)
{
    static const char *const forget[] = {"DELETE FROM client_agent WHERE client = ?", NULL};
    const struct client *c = e;
    enum status st = sql_run_each(s, forget, c->id, err);
    sqlite3_stmt *q =
        sql_prepare(s, "INSERT INTO client_agent (client, position, agent) VALUES (?,?,?)", err);
    if (!q)
        return STATUS_STORE;
    for (size_t i = 0; i < c->agents.count && !st; i++) {
        sql_bind_text(q, 1, c->id);
        sql_bind_int(q, 2, (int64_t)i);
        sql_bind_text(q, 3, c->agents.items[i]);
        st = sql_run(s, q, err);
    }
    return st;
}

const struct entity_kind client_kind = {
    .name = "client",
    .size = sizeof(struct client),
    .fields = fields,
    .check = check,
    .taken = forget_command,
    .save = save_agents,
};
