#include "webhook/problem.h"

#include "webhook/run_json.h"

enum { RETRY_AFTER_S = 5 };

void problem_write(const struct error *err, const struct run *r, struct json_writer *w)
{
    json_begin_object(w);
    json_member_string(w, "type", "about:blank");
    json_member_string(w, "title", status_title(err->status));
    json_member_int(w, "status", status_http(err->status));
    json_member_string(w, "detail", err->text);
    json_member_bool(w, "ok", false);
    json_member_string(w, "error", err->text);
    if (r) {
        json_member_string(w, "runId", run_plan(r)->id);
        if (run_agent_count(r) > 1) {
            json_key(w, "results");
            run_write_results(r, FOR_CALLER, false, w);
        }
    }
    json_end_object(w);
}

void problem_response(
    const struct error *err, const struct run *r, const char *allow, struct buf *out)
{
    struct buf body;
    struct json_writer w;
    buf_init(&body, 64 * BUF_SMALL);
    json_writer_init(&w, &body);
    problem_write(err, r, &w);
    buf_printf(out, "Status: %d %s\r\n", status_http(err->status), status_title(err->status));
    buf_adds(out, "Content-Type: application/problem+json\r\nCache-Control: no-store\r\n");
    if (err->status == STATUS_UNAUTHORIZED)
        buf_adds(out, "WWW-Authenticate: Bearer\r\n");
    if (err->status == STATUS_UNAVAILABLE)
        buf_printf(out, "Retry-After: %d\r\n", (int)RETRY_AFTER_S);
    if (allow)
        buf_printf(out, "Allow: %s\r\n", allow);
    buf_printf(out, "Content-Length: %zu\r\n\r\n", body.len);
    buf_add(out, buf_str(&body), body.len);
    buf_release(&body);
}
