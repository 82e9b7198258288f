/*
 * adk: an agent or a flow on a server that speaks the REST of the Agent Development Kit: Magec, and
 * api_server of ADK. The model is the app's name there. First the session is made, then it is run.
 */
#include <string.h>

#include "agent/adk_stream.h"
#include "agent/exchange.h"
#include "agent/protocols.h"

static const char user_option[] = "userId", session_option[] = "sessionId";

/* What they are without the option. */
static const char *standard(const struct ask *ask, const char *option)
{
    if (option == user_option)
        return "magec-fcgi";
    return ask->session ? ask->session : "a-new-one";
}

/* What cannot be asked of an app. */
static enum status check_agent(const struct agent *a, struct error *err)
{
    if (!a->model)
        return error_set(err, STATUS_CONFIG,
            "agent \"%s\" has no model, which for an adk backend is the app's name: "
            "set it with --model",
            a->id);
    if (a->system_prompt)
        return error_set(err, STATUS_CONFIG,
            "agent \"%s\" has a system prompt, but the app has its own: clear it with "
            "--system-prompt ''",
            a->id);
    if (a->max_tokens > 0)
        return error_set(err, STATUS_CONFIG,
            "agent \"%s\" has a number of most tokens, but the app has its own: set it to 0 with "
            "--max-tokens",
            a->id);
    return STATUS_OK;
}

/* The user or the session, behind its folder. */
static enum status add_segment(const struct ask *ask, const char *folder, const char *option,
    struct buf *url, struct error *err)
{
    struct json_slice options = exchange_options(ask), v = exchange_member(&options, option);
    struct buf name;
    if (v.kind != JSON_ABSENT && (v.kind != JSON_STRING || !v.len))
        return error_set(err, STATUS_CONFIG, "the option \"%s\" is not a text", option);
    buf_init(&name, BUF_SMALL);
    enum status st =
        v.kind == JSON_ABSENT ? buf_adds(&name, standard(ask, option)) : json_slice_add(&v, &name);
    buf_adds(url, folder);
    exchange_add_escaped(url, buf_str(&name));
    buf_release(&name);
    return st ? error_set(err, st, "the option \"%s\" is too long", option) : STATUS_OK;
}

static enum status session_path(const struct ask *ask, struct buf *url, struct error *err)
{
    enum status st = check_agent(ask->agent, err);
    if (st)
        return st;
    buf_adds(url, "/apps/");
    exchange_add_escaped(url, ask->agent->model);
    st = add_segment(ask, "/users/", user_option, url, err);
    return st ? st : add_segment(ask, "/sessions/", session_option, url, err);
}

static enum status session_body(const struct ask *ask, struct json_writer *w, struct error *err)
{
    (void)ask;
    (void)err;
    json_begin_object(w);
    json_end_object(w);
    return STATUS_OK;
}

/* One that exists already is a 409, a 400 or, of ADK for Go, a 500. */
static bool opens(const struct ask *ask, int http_status, const char *answer)
{
    bool may_exist = http_status == 400 || http_status == 500;
    if (http_status / 100 == 2 || http_status == 409)
        return true;
    return (may_exist && strcasestr(answer, "already exists")) ||
           (http_status == 400 && exchange_has_option(ask, session_option));
}

static enum status path(const struct ask *ask, struct buf *url, struct error *err)
{
    buf_adds(url, "/run_sse");
    return check_agent(ask->agent, err);
}

static void put_message(const struct ask *ask, struct json_writer *w)
{
    json_key(w, "newMessage");
    json_begin_object(w);
    json_member_string(w, "role", "user");
    json_key(w, "parts");
    json_begin_array(w);
    json_begin_object(w);
    json_key(w, "text");
    json_put_string(w, ask->prompt, ask->prompt_len);
    json_end_object(w);
    json_end_array(w);
    json_end_object(w);
}

/* ADK for Go refuses members that it does not know. */
static enum status body(const struct ask *ask, struct json_writer *w, struct error *err)
{
    (void)err;
    json_begin_object(w);
    json_member_string(w, "appName", ask->agent->model);
    if (!exchange_has_option(ask, user_option))
        json_member_string(w, user_option, standard(ask, user_option));
    if (!exchange_has_option(ask, session_option))
        json_member_string(w, session_option, standard(ask, session_option));
    put_message(ask, w);
    json_member_bool(w, "streaming", true);
    exchange_add_options(ask, w);
    json_end_object(w);
    return STATUS_OK;
}

static const char *const own_members[] = {"appName", "newMessage", "streaming", NULL};

static const struct exchange_kind session_kind = {
    .key_header = "Authorization: Bearer ",
    .path = session_path,
    .body = session_body,
    .own_members = own_members,
    .lacking = "there is no session",
};

static const struct exchange_kind kind = {
    .example_url = "http://localhost:8080/api/v1/agent",
    .key_header = "Authorization: Bearer ",
    .path = path,
    .body = body,
    .own_members = own_members,
    .first = &session_kind,
    .opens = opens,
    .reader = &adk_reader,
    .error_message = stream_error_message,
};

static enum status check(const struct backend *b, struct error *err)
{
    return exchange_check(&kind, b, err);
}

const struct protocol protocol_adk = {
    .name = "adk",
    .summary = "an agent or a flow on Magec or on ADK's api_server",
    .check = check,
    .exchange = &kind,
    EXCHANGE_TASK,
};
