#include "base/sse.h"

#include "unit.h"

/* Events are written down as "type|data|id;", a NUL as "0". */
#define L(s) s, sizeof s - 1

static const struct row {
    const char *in;
    size_t len;
    const char *events;
    int64_t retry;
} rows[] = {
    {L(""), "", -1},
    {L("data: a\n\n"), "message|a|;", -1},
    {L("data:a\n\ndata:  b \n\n"), "message|a|;message| b |;", -1},
    {L("data: a\ndata: b\ndata\n\n"), "message|a\nb\n|;", -1},
    {L("data\n\ndata\ndata\n\ndata:"), "message||;message|\n|;", -1},
    {L("data: unfinished"), "", -1},
    {L("data: unfinished\n"), "", -1},
    {L("\n\n\n"), "", -1},
    /* line ends */
    {L("data: a\r\rdata: b\r\n\r\ndata: c\n\n"), "message|a|;message|b|;message|c|;", -1},
    {L("data: a\r\ndata: b\rdata: c\n\r"), "message|a\nb\nc|;", -1},
    {L("data: a\r\n\rdata: b\n\r\n"), "message|a|;message|b|;", -1},
    /* comments and what is not known */
    {L(": a comment\n:\ndata: a\n: another\n\n"), "message|a|;", -1},
    {L("foo: bar\ndatax: a\nDATA: b\n data: c\n\n"), "", -1},
    {L("data : a\n\n"), "", -1},
    /* type: of one event only, also of one without data */
    {L("event: x\ndata: a\n\ndata: b\n\n"), "x|a|;message|b|;", -1},
    {L("event: x\n\ndata: b\n\n"), "message|b|;", -1},
    {L("event: x\nevent\ndata: b\n\n"), "message|b|;", -1},
    /* id: stays; empty resets; NUL is ignored */
    {L("id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n"), "message|a|1;message|b|1;message|c|;", -1},
    {L("id: 7\n\ndata: a\n\n"), "message|a|7;", -1},
    {L("id: 1\nid: 2\0003\ndata: a\n\n"), "message|a|1;", -1},
    {L("data: a\0b\n\n"), "message|a0b|;", -1},
    /* retry: digits only */
    {L("retry: 1500\n\n"), "", 1500},
    {L("retry: 10\nretry: 1x\nretry:\nretry: -1\nretry: 99999999999999999999\n"), "", 10},
    /* one BOM at the very beginning */
    {L("\xEF\xBB\xBF"
       "data: a\n\n"),
        "message|a|;", -1},
    {L("\xEF\xBB\xBF\xEF\xBB\xBF"
       "data: a\n\n"),
        "", -1},
    {L("\n\xEF\xBB\xBF"
       "data: a\n\n"),
        "", -1},
    {L("\xEF\xBB\xBF\ndata: a\n\n"), "message|a|;", -1},
    {L("\xEF\xBB"
       "data: a\n\n"),
        "", -1},
    /* colons in values */
    {L("data: {\"a\": 1}\n\ndata::\n\n"), "message|{\"a\": 1}|;message|:|;", -1},
    {L("data: \xC3\xA9\n\n"), "message|\xC3\xA9|;", -1},
};

static enum status note(void *ctx, const struct sse_event *e)
{
    struct buf *events = ctx;
    buf_printf(events, "%s|", e->type);
    for (size_t i = 0; i < e->len; i++)
        buf_addc(events, e->data[i] ? e->data[i] : '0');
    return buf_printf(events, "|%s;", e->id);
}

static enum status feed(struct sse *s, const char *bytes, size_t len)
{
    char *exact = malloc(len ? len : 1);
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, bytes, len);
    enum status st = sse_feed(s, exact, len);
    free(exact);
    sse_trim(s);
    return st;
}

START_TEST(test_row)
{
    const struct row *r = &rows[_i];
    for (size_t a = 0; a <= r->len; a++) {
        for (size_t b = a; b <= r->len; b++) {
            struct buf events;
            struct sse s;
            buf_init(&events, BUF_SMALL);
            sse_init(&s, 100, 100, note, &events);
            ck_assert_int_eq(feed(&s, r->in, a), STATUS_OK);
            ck_assert_int_eq(feed(&s, r->in + a, b - a), STATUS_OK);
            ck_assert_int_eq(feed(&s, r->in + b, r->len - b), STATUS_OK);
            ck_assert_str_eq(buf_str(&events), r->events);
            ck_assert_int_eq(s.retry_ms, r->retry);
            sse_release(&s);
            buf_release(&events);
        }
    }
}
END_TEST

static const struct {
    const char *in;
    enum status st;
} caps[] = {
    {"data: 4567\n\n", STATUS_OK},
    {"data: 45678\n\n", STATUS_TOO_LARGE},
    {": 34567890\n", STATUS_OK},
    {": 345678901\n", STATUS_TOO_LARGE},
    {"0123456789a", STATUS_TOO_LARGE},
    {"data:5\ndata:7\ndata:9\n\n", STATUS_OK},
    {"data:567\ndata:567\n\n", STATUS_OK},
    {"data:567\ndata:567\ndata:5\n\n", STATUS_TOO_LARGE},
    {"data:567\ndata:567\n\ndata:567\n\n", STATUS_OK},
};

/* Lines of at most 10 bytes, events of at most 8, fed whole and by the byte. */
START_TEST(test_cap)
{
    for (int whole = 0; whole < 2; whole++) {
        struct buf events;
        struct sse s;
        enum status st = STATUS_OK;
        size_t len = strlen(caps[_i].in), step = whole ? len : 1;
        buf_init(&events, BUF_SMALL);
        sse_init(&s, 10, 8, note, &events);
        for (size_t i = 0; i < len && !st; i += step)
            st = feed(&s, caps[_i].in + i, step);
        ck_assert_msg(st == caps[_i].st, "\"%s\" gave %d", caps[_i].in, (int)st);
        sse_release(&s);
        buf_release(&events);
    }
}
END_TEST

static enum status refuse(void *ctx, const struct sse_event *e)
{
    (void)e;
    ++*(int *)ctx;
    return STATUS_CANCELED;
}

START_TEST(test_visit_ends)
{
    int calls = 0;
    struct sse s;
    sse_init(&s, 100, 100, refuse, &calls);
    ck_assert_int_eq(sse_feed(&s, NULL, 0), STATUS_OK);
    ck_assert_int_eq(feed(&s, L("data: a\n\ndata: b\n\n")), STATUS_CANCELED);
    ck_assert_int_eq(calls, 1);
    sse_release(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sse");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_row, 0, COUNT(rows));
    tcase_add_loop_test(all, test_cap, 0, COUNT(caps));
    tcase_add_test(all, test_visit_ends);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
