/* Which bodies the web server takes. */
#include <stdio.h>
#include <string.h>

#include "cli/probe.h"

/* Over 1 MiB, where limits of servers often are. */
enum { LARGE_BYTES = 1100 * 1000, SMALL_BYTES = 100 };

/* The prompt is a word; what stands beside it means nothing. */
static enum status padded_body(struct probe *p, struct probe_call *c, size_t len, struct error *err)
{
    struct buf body;
    buf_init(&body, LARGE_BYTES + BUF_SMALL);
    buf_adds(&body, "{\"prompt\":\"probe\",\"padding\":\"");
    if (!buf_reserve(&body, len)) {
        memset(body.data + body.len, 'x', len);
        buf_grew(&body, len);
    }
    buf_adds(&body, "\"}");
    c->credential = p->own_header ? CREDENTIAL_OWN : CREDENTIAL_BEARER;
    c->len = body.len;
    c->body = buf_detach(&body);
    return c->body ? STATUS_OK : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

enum status probe_chunked(struct probe *p, struct probe_row *row, struct error *err)
{
    struct probe_call c = {.header = "Transfer-Encoding: chunked", .http1 = true};
    enum status st = probe_words(p, &c, 1, NULL, err);
    if (!st)
        st = probe_call(p, &c, err);
    if (!st && is_echo(&c, "probe")) {
        row_set(row, PROBE_OK, SYMPTOM_NONE, "a body of unknown length is taken");
    } else if (!st && c.status == 411 && is_ours(&c)) {
        row_set(row, PROBE_NOTE, SYMPTOM_NONE,
            "a body of unknown length is refused (411): a plain CGI cannot read it");
        snprintf(row->remedy, sizeof row->remedy,
            "callers send a Content-Length, as most do; FastCGI takes both");
    } else if (!st) {
        explain(p, &c, row);
        if (row->symptom != SYMPTOM_NONE)
            row->symptom = SYMPTOM_CHUNKED;
    }
    probe_call_release(&c);
    return st;
}

static bool was_cut_in_sending(const struct probe_call *c)
{
    return c->end && c->end != STATUS_TIMEOUT && !c->status;
}

enum status probe_large(struct probe *p, struct probe_row *row, struct error *err)
{
    struct probe_call c = {0};
    char detail[512];
    enum status st = padded_body(p, &c, LARGE_BYTES, err);
    if (!st)
        st = probe_call(p, &c, err);
    problem_detail(&c, detail);
    if (!st && is_echo(&c, "probe")) {
        row_set(row, PROBE_OK, SYMPTOM_NONE, "1.1 MB are taken");
    } else if (!st && c.status == 413 && is_ours(&c)) {
        row_set(row, PROBE_WRONG, SYMPTOM_NONE, "1.1 MB are refused by magec-fcgi: %s", detail);
        snprintf(
            row->remedy, sizeof row->remedy, "start it with a larger --max-body (MAGEC_MAX_BODY)");
    } else if (!st) {
        explain(p, &c, row);
        /* Apache's mod_fcgid says 500. */
        if (row->symptom != SYMPTOM_NONE || was_cut_in_sending(&c))
            row->symptom = SYMPTOM_LARGE;
    }
    probe_call_release(&c);
    return st;
}

enum status probe_expect(struct probe *p, struct probe_row *row, struct error *err)
{
    struct probe_call c = {.header = "Expect: 100-continue", .http1 = true};
    enum status st = padded_body(p, &c, SMALL_BYTES, err);
    if (!st)
        st = probe_call(p, &c, err);
    if (!st && c.seen.unexpected)
        row_set(row, PROBE_WRONG, SYMPTOM_EXPECT, "Expect: 100-continue is refused (417)");
    else if (!st && !is_echo(&c, "probe"))
        explain(p, &c, row);
    else if (!st && c.seen.continued)
        row_set(row, PROBE_OK, SYMPTOM_NONE, "Expect: 100-continue is answered with 100");
    else if (!st)
        row_set(row, PROBE_NOTE, SYMPTOM_NONE,
            "Expect: 100-continue gets no answer: some callers wait for a second before they send");
    probe_call_release(&c);
    return st;
}
