#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/protocol.h"
#include "agent/secret.h"
#include "base/units.h"
#include "cli/check.h"
#include "net/transport.h"
#include "store/client.h"
#include "store/command.h"
#include "store/down.h"
#include "store/flow.h"
#include "store/token.h"

static const struct option_spec check_options[] = {
    {.name = "online", .help = "ask every backend for one word; this may cost a little"},
    OPTION_JSON,
    OPTION_END,
};

static void check_release(struct check *c)
{
    strings_release(&c->backends);
    strings_release(&c->agents);
    strings_release(&c->commands);
    strings_release(&c->asked);
    strings_release(&c->reached);
    strings_release(&c->run);
    strings_release(&c->servers);
    strings_release(&c->tools);
}

/* ---- the file ---- */

static void check_mode(struct check *c, const char *path, const struct stat *info)
{
    unsigned mode = info->st_mode & 07777;
    if (mode & 07)
        ERR("others can read or change \"%s\" (mode %04o): chmod 600 '%s'", path, mode, path);
    else if (mode & 070)
        WARN("its group can read or change \"%s\" (mode %04o): chmod 600 '%s'", path, mode, path);
    if ((mode & 0600) != 0600)
        ERR("its owner cannot read and change \"%s\" (mode %04o): chmod 600 '%s'", path, mode,
            path);
}

static enum status check_file(struct check *c, const char *db)
{
    static const char *const beside[] = {"-wal", "-shm", "-owners"};
    struct stat store, other;
    if (stat(db, &store))
        return error_set(c->err, STATUS_STORE, "no store at \"%s\": %m", db);
    check_mode(c, db, &store);
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s%s", db, beside[i]);
        if (stat(path, &other))
            continue;
        check_mode(c, path, &other);
        if (other.st_uid != store.st_uid)
            ERR("\"%s\" does not belong to the owner of the store: chown --reference='%s' '%s'",
                path, db, path);
    }
    return STATUS_OK;
}

/* ---- clients ---- */

static enum status see_token(void *ctx, const struct token *t)
{
    size_t *valid = ctx;
    if (!t->expires_ms || t->expires_ms > units_now_ms())
        ++*valid;
    return STATUS_OK;
}

static void check_agents(struct check *c, const struct client *cl)
{
    struct command cmd;
    command_init(&cmd);
    bool own = cl->command && !command_get(c->s, cl->command, &cmd, NULL) && cmd.agent;
    command_release(&cmd);
    if (!cl->agents.count && !own)
        ERR("client \"%s\" has no agent, so its calls fail: magec client set %s --agents ID,ID",
            cl->id, cl->id);
    for (size_t i = 0; i < cl->agents.count; i++)
        if (!strings_has(&c->agents, cl->agents.items[i]))
            ERR("client \"%s\" may reach the agent \"%s\", which is not there", cl->id,
                cl->agents.items[i]);
}

static enum status check_client(void *ctx, const struct client *cl)
{
    struct check *c = ctx;
    size_t tokens = 0;
    enum status st = STATUS_OK;
    for (size_t i = 0; i < cl->agents.count && !st; i++)
        st = strings_add(&c->reached, cl->agents.items[i]);
    if (!st && cl->command)
        st = strings_add(&c->run, cl->command);
    if (st)
        return error_set(c->err, st, "out of memory");
    if (!cl->enabled) {
        WARN("client \"%s\" is disabled: magec client set %s --enable", cl->id, cl->id);
        return STATUS_OK;
    }
    if (!cl->passthrough && !cl->command)
        ERR("client \"%s\" has no command: magec client set %s --command ID", cl->id, cl->id);
    else if (cl->command && !strings_has(&c->commands, cl->command))
        ERR("client \"%s\" runs the command \"%s\", which is not there", cl->id, cl->command);
    check_agents(c, cl);
    st = token_each(c->s, cl->id, see_token, &tokens, c->err);
    if (!st && !tokens)
        ERR("client \"%s\" has no token that is valid: magec client token %s", cl->id, cl->id);
    return st;
}

/* ---- commands and agents ---- */

static enum status check_command(void *ctx, const struct command *cmd)
{
    struct check *c = ctx;
    bool run = strings_has(&c->run, cmd->id);
    if (!run)
        WARN("no client runs the command \"%s\"", cmd->id);
    if (cmd->agent && !strings_has(&c->agents, cmd->agent))
        ERR("command \"%s\" is for the agent \"%s\", which is not there", cmd->id, cmd->agent);
    if (run && cmd->agent && strings_add(&c->reached, cmd->agent))
        return error_set(c->err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

/* What it has with its backend. */
static enum status check_fit(struct check *c, const struct agent *a)
{
    struct backend b;
    struct error err;
    backend_init(&b);
    bool there = !backend_get(c->s, a->backend, &b, &err);
    if (there && protocol_check_options(&b, a, &err))
        ERR("agent \"%s\": %s", a->id, err.text);
    enum status st = check_links(c, a, there ? &b : NULL);
    backend_release(&b);
    return st;
}

static enum status check_steps(struct check *c, const struct flow *f, const struct flow_step *step)
{
    enum status st = STATUS_OK;
    if (step->id && !strings_has(&c->agents, step->id))
        ERR("flow \"%s\" asks \"%s\", which is not there", f->id, step->id);
    if (step->id && strings_add(&c->reached, step->id))
        st = error_set(c->err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < step->step_count && !st; i++)
        st = check_steps(c, f, &step->steps[i]);
    return st;
}

static enum status check_flow(void *ctx, const struct flow *f)
{
    struct check *c = ctx;
    struct flow_step root = {0};
    struct error why;
    enum status st = flow_tree_parse(f->root, &root, &why);
    if (st == STATUS_BAD_REQUEST) {
        ERR("flow \"%s\": %s", f->id, why.text);
        st = STATUS_OK;
    } else if (st) {
        *c->err = why;
    } else {
        st = check_steps(c, f, &root);
    }
    flow_tree_release(&root);
    return st;
}

static enum status check_agent(void *ctx, const struct agent *a)
{
    struct check *c = ctx;
    if (!strings_has(&c->reached, a->id))
        WARN("nobody can reach the agent \"%s\": no client lists it, and no command that is run",
            a->id);
    if (!strings_has(&c->backends, a->backend))
        ERR("agent \"%s\" asks the backend \"%s\", which is not there", a->id, a->backend);
    if (strings_add(&c->asked, a->backend))
        return error_set(c->err, STATUS_NO_MEMORY, "out of memory");
    return check_fit(c, a);
}

/* ---- backends ---- */

/* What depends on the environment may be right where the web server runs. */
void check_secret(
    struct check *c, struct subject who, const char *what, const char *reference, bool expand_only)
{
    struct buf secret;
    struct error err;
    buf_init(&secret, BUF_SMALL);
    enum status st = expand_only ? secret_expand(reference, &secret, NULL, &err)
                                 : secret_resolve(reference, &secret, &err);
    buf_wipe(&secret);
    if (!st)
        return;
    if (expand_only || strncmp(reference, "file:", 5) != 0)
        WARN("%s \"%s\": its %s cannot be used here: %s; the web server's environment may "
             "have it",
            who.kind, who.id, what, err.text);
    else
        ERR("%s \"%s\": its %s cannot be used: %s", who.kind, who.id, what, err.text);
}

static bool is_executable(const char *path)
{
    struct stat info;
    return !stat(path, &info) && S_ISREG(info.st_mode) && !access(path, X_OK);
}

void check_program(
    struct check *c, struct subject who, const char *program, const struct strings *env)
{
    if (!is_executable(program))
        ERR("%s \"%s\": the program \"%s\" is not there or cannot be executed", who.kind, who.id,
            program);
    for (size_t i = 0; i < env->count; i++)
        if (!strchr(env->items[i], '=') && !getenv(env->items[i]))
            WARN("%s \"%s\": the variable \"%s\" is not set here, so its program does not "
                 "get it; the web server's environment may have it",
                who.kind, who.id, env->items[i]);
}

static enum status see_down(void *ctx, const struct down *d)
{
    struct check *c = ctx;
    char since[32];
    units_print_time(d->since_ms, since);
    WARN("backend \"%s\" is down since %s: %s", d->backend, since,
        d->error ? d->error : "it failed");
    return STATUS_OK;
}

/* The key of who we are is for us alone. */
static void check_key_file(struct check *c, const struct backend *b)
{
    const char *path = b->client_key ? b->client_key : b->client_cert;
    struct stat info;
    if (path && !stat(path, &info) && info.st_mode & 077)
        WARN("backend \"%s\": others can read its client key \"%s\" (mode %04o): chmod 600 '%s'",
            b->id, path, info.st_mode & 07777, path);
}

static void check_tls(struct check *c, const struct backend *b)
{
    const struct http_tls tls = {
        .ca_file = b->ca_file, .client_cert = b->client_cert, .client_key = b->client_key};
    struct error err;
    if (b->insecure)
        WARN("backend \"%s\" is insecure: whoever answers in its place is believed, and gets the "
             "key: magec backend set %s --secure",
            b->id, b->id);
    if (tls_look(&tls, NULL, &err))
        ERR("backend \"%s\": %s", b->id, err.text);
    check_key_file(c, b);
}

static enum status check_backend(void *ctx, const struct backend *b)
{
    struct check *c = ctx;
    struct subject who = {"backend", b->id};
    struct error err;
    if (!strings_has(&c->asked, b->id))
        WARN("no agent asks the backend \"%s\"", b->id);
    if (protocol_check(b, &err))
        ERR("backend \"%s\": %s", b->id, err.text);
    if (b->key)
        check_secret(c, who, "key", b->key, false);
    c->http = c->http || b->url;
    if (b->url)
        check_secret(c, who, "URL", b->url, true);
    for (size_t i = 0; i < b->headers.count; i++)
        check_secret(c, who, "header", b->headers.items[i], true);
    if (b->proxy)
        check_secret(c, who, "proxy", b->proxy, true);
    check_tls(c, b);
    if (b->argv.count)
        check_program(c, who, b->argv.items[0], &b->env);
    return down_find(c->s, b->id, see_down, c, c->err);
}

/* ---- all of it ---- */

static enum status see_backend(void *ctx, const struct backend *b)
{
    return strings_add(ctx, b->id);
}

static enum status see_flow(void *ctx, const struct flow *f)
{
    return strings_add(ctx, f->id);
}

static enum status see_agent(void *ctx, const struct agent *a)
{
    return strings_add(ctx, a->id);
}

static enum status see_command(void *ctx, const struct command *cmd)
{
    return strings_add(ctx, cmd->id);
}

static enum status check_all(struct check *c)
{
    enum status st = backend_each(c->s, see_backend, &c->backends, c->err);
    if (!st)
        st = agent_each(c->s, see_agent, &c->agents, c->err);
    if (!st)
        st = flow_each(c->s, see_flow, &c->agents, c->err);
    if (!st)
        st = command_each(c->s, see_command, &c->commands, c->err);
    if (!st)
        st = client_each(c->s, check_client, c, c->err);
    if (!st)
        st = command_each(c->s, check_command, c, c->err);
    if (!st)
        st = flow_each(c->s, check_flow, c, c->err);
    if (!st)
        st = agent_each(c->s, check_agent, c, c->err);
    if (!st)
        st = backend_each(c->s, check_backend, c, c->err);
    if (!st)
        st = check_tools(c);
    struct error why;
    if (!st && c->http && transport_usable(&why))
        ERR("no backend can be asked over HTTP: %s", why.text);
    return st;
}

static enum status check(struct cli *cli, const struct options *o, struct error *err)
{
    struct findings findings;
    struct check c = {.f = &findings, .err = err};
    findings_begin(&findings, options_given(o, "json"));
    enum status st = cli_open(cli, STORE_WRITE, &c.s, err);
    if (!st)
        st = check_file(&c, cli->db);
    if (!st)
        st = check_all(&c);
    if (!st && options_given(o, "online"))
        st = online_check(cli, c.s, &findings, err);
    store_close(c.s);
    check_release(&c);
    if (findings.count[FINDING_ERROR])
        cli->exit = EXIT_FINDINGS;
    return findings_end(&findings, st, err);
}

static const struct verb verbs[] = {
    {.name = "",
        .synopsis = "[--online] [--json]",
        .summary = "looks for what is not right: references, keys, modes of files, agents nobody "
                   "can reach",
        .details = "One line for each finding. Errors make the exit status 1, warnings do not. A "
                   "store\nmade by an older version is brought up to date first.\n",
        .options = check_options,
        .run = check},
    {.name = NULL},
};

const struct family family_check = {"check", "look for what is not right", verbs, NULL};
