/* Whether a call arrives: at the web server, at magec-fcgi, with its credentials. */
#include <stdio.h>
#include <string.h>

#include "cli/probe.h"

/* ---- the server and the path ---- */

static void explain_unreached(const struct probe_call *c, struct probe_row *row)
{
    row_set(row, PROBE_WRONG, SYMPTOM_NONE, "no answer: %s", c->why.text);
    snprintf(row->remedy, sizeof row->remedy, "%s",
        strstr(c->why.text, "certificate")
            ? "let the server send its whole chain and a certificate for this name; or name its "
              "authority with --ca-file, or give up verifying it with --insecure"
            : "look whether the web server runs and listens there, and what is in between");
}

enum status probe_server(struct probe *p, struct probe_row *row, struct error *err)
{
    struct probe_call *c = &p->first;
    enum status st = probe_call(p, c, err);
    if (st)
        return st;
    if (!c->status) {
        explain_unreached(c, row);
        return STATUS_OK;
    }
    p->stage = STAGE_REACHED;
    p->server = server_of(c->server, buf_str(&c->text));
    row_set(
        row, PROBE_OK, SYMPTOM_NONE, "%s", *c->server ? c->server : "it does not say what it is");
    return STATUS_OK;
}

static enum status post_alone(struct probe *p, struct probe_call *c, struct error *err)
{
    enum status st = probe_words(p, c, 1, NULL, err);
    c->credential = CREDENTIAL_NONE;
    return st ? st : probe_call(p, c, err);
}

static bool refuses_get(const struct probe_call *c)
{
    return c->status == 405 && is_ours(c) && !strncmp(c->allow, "POST", 4);
}

static bool refuses_post(const struct probe_call *c)
{
    return c->status == 401 && is_ours(c);
}

enum status probe_path(struct probe *p, struct probe_row *row, struct error *err)
{
    struct probe_call c = {0};
    enum status st = STATUS_OK;
    bool get = refuses_get(&p->first);
    if (!get)
        st = post_alone(p, &c, err);
    if (!st && (get || refuses_post(&c)))
        p->stage = STAGE_ROUTED;
    if (!st && get)
        row_set(row, PROBE_OK, SYMPTOM_NONE, "a GET arrives at magec-fcgi, which refuses it (405)");
    else if (!st && p->stage == STAGE_ROUTED)
        row_set(row, PROBE_NOTE, SYMPTOM_NONE,
            "a POST arrives at magec-fcgi; a GET is answered by %s itself (%d)",
            server_name(p->server), p->first.status);
    else if (!st)
        explain(p, &c, row);
    probe_call_release(&c);
    return st;
}

/* ---- credentials ---- */

enum status probe_refusal(struct probe *p, struct probe_row *row, struct error *err)
{
    struct probe_call c = {0};
    enum status st = post_alone(p, &c, err);
    if (!st && refuses_post(&c) && !strncmp(c.challenge, "Bearer", 6))
        row_set(row, PROBE_OK, SYMPTOM_NONE, "without a token magec-fcgi refuses (401, Bearer)");
    else if (!st && refuses_post(&c))
        row_set(row, PROBE_WRONG, SYMPTOM_INTERCEPTED,
            "the 401 has lost its header WWW-Authenticate on its way");
    else if (!st)
        explain(p, &c, row);
    probe_call_release(&c);
    return st;
}

static enum status post_with(
    struct probe *p, struct probe_call *c, enum probe_credential how, struct error *err)
{
    enum status st = probe_words(p, c, 1, NULL, err);
    c->credential = how;
    return st ? st : probe_call(p, c, err);
}

static void admitted(
    struct probe *p, const struct probe_call *c, const char *how, struct probe_row *row)
{
    if (is_echo(c, "probe")) {
        p->stage = STAGE_ADMITTED;
        row_set(row, PROBE_OK, SYMPTOM_NONE, "%s", how);
        return;
    }
    row_set(row, PROBE_WRONG, SYMPTOM_NONE,
        "the token is right, but the client is not for probing: its agent does not say the prompt "
        "back");
    snprintf(row->remedy, sizeof row->remedy, "make one: magec client add --probe");
}

static void not_admitted(const struct probe *p, const struct probe_call *bearer,
    const struct probe_call *own, struct probe_row *row)
{
    char detail[512];
    problem_detail(bearer, detail);
    if (!strstr(detail, "no credentials arrived")) {
        row_set(row, PROBE_WRONG, SYMPTOM_NONE, "they arrive, and the token is wrong: %s", detail);
        snprintf(row->remedy, sizeof row->remedy,
            "make a new one where the store is: magec client add %s --probe", p->client);
        return;
    }
    problem_detail(own, detail);
    row_set(row, PROBE_WRONG, SYMPTOM_CREDENTIALS,
        "Authorization is dropped on its way; of "
        "X-Magec-Token magec-fcgi says: %s",
        detail);
}

/* A header that was dropped and a token that is wrong are both a 401: the other header tells. */
static enum status try_own(
    struct probe *p, const struct probe_call *bearer, struct probe_row *row, struct error *err)
{
    struct probe_call own = {0};
    enum status st = post_with(p, &own, CREDENTIAL_OWN, err);
    if (!st && own.status == 200) {
        admitted(p, &own, "", row);
        p->own_header = true;
        if (p->stage == STAGE_ADMITTED)
            row_set(row, PROBE_WRONG, SYMPTOM_CREDENTIALS,
                "Authorization is dropped on its way; the same token as X-Magec-Token arrives, and "
                "is used from here on");
    } else if (!st) {
        not_admitted(p, bearer, &own, row);
    }
    probe_call_release(&own);
    return st;
}

enum status probe_credentials(struct probe *p, struct probe_row *row, struct error *err)
{
    struct probe_call c = {0};
    enum status st = post_with(p, &c, CREDENTIAL_BEARER, err);
    if (!st && c.status == 200)
        admitted(p, &c, "the header Authorization arrives", row);
    else if (!st && refuses_post(&c))
        st = try_own(p, &c, row, err);
    else if (!st)
        explain(p, &c, row);
    probe_call_release(&c);
    return st;
}
