#include "webhook/problem.h"

#include "webhook/run_json.h"

enum { RETRY_AFTER_S = 5 }; /* when nothing better is known */

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

/* A 502 has one only when somebody said so. */
static void write_retry_after(const struct error *err, const struct run *r, struct buf *out)
{
    int64_t ms = r ? run_outcome(r)->retry_after_ms : 0;
    int64_t seconds = ms > 0 ? (ms + 999) / 1000 : RETRY_AFTER_S;
    if (err->status == STATUS_UNAVAILABLE || (err->status == STATUS_BACKEND && ms > 0))
        buf_printf(out, "Retry-After: %lld\r\n", (long long)seconds);
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
    write_retry_after(err, r, out);
    if (allow)
        buf_printf(out, "Allow: %s\r\n", allow);
    buf_printf(out, "Content-Length: %zu\r\n\r\n", body.len);
    buf_add(out, buf_str(&body), body.len);
    buf_release(&body);
}
