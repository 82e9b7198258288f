#include "store/command.h"

#include <stddef.h>
#include <string.h>

#include "store/agent.h"
#include "store/fields.h"
#include "store/internal.h"

#define AT(member) .at = offsetof(struct command, member)

/* clang-format off */
static const struct field fields[] = {
    {"id", "id", FIELD_TEXT, FIELD_NEEDED, AT(id)},
    {"name", "name", FIELD_TEXT, FIELD_PROSE, AT(name)},
    {"description", "description", FIELD_TEXT, FIELD_PROSE, AT(description)},
    {"prompt", "prompt", FIELD_TEXT, FIELD_NEEDED | FIELD_PROSE, AT(prompt)},
    {"agent", "agentId", FIELD_TEXT, FIELD_FLOWS, AT(agent), .refers = &agent_kind},
    {"extra", NULL, FIELD_EXTRA, 0, AT(extra)},
};
/* clang-format on */

static enum status check(struct store *s, void *e, struct error *err)
{
    const struct command *c = e;
    (void)s;
    if (!c->prompt || !c->prompt[strspn(c->prompt, " \t\r\n")])
        return error_set(err, STATUS_BAD_REQUEST, "the prompt of a command is empty");
    return STATUS_OK;
}

static const struct entity_user users[] = {
    {"SELECT id FROM client WHERE command = ? ORDER BY id", "client"},
    {NULL, NULL},
};

static enum status unlink_users(struct store *s, const char *id, struct error *err)
{
    static const char *const changes[] = {
        "UPDATE client SET command = NULL, enabled = 0 WHERE command = ?", NULL};
    return sql_run_each(s, changes, id, err);
}

const struct entity_kind command_kind = {
    .name = "command",
    .size = sizeof(struct command),
    .fields = fields,
    .users = users,
    .check = check,
    .unlink = unlink_users,
};
