#include "agent/gate.h"

#include <string.h>

#include "unit.h"

static struct gates gates;
static struct backend one = {.id = (char[]){"one"}}, two = {.id = (char[]){"two"}};
static struct error err;

static void pass(const struct backend *b, enum gate_verdict verdict, int64_t now)
{
    struct gate_pass p = {0};
    ck_assert_int_eq(gate_enter(&gates, b, now, &p, &err), STATUS_OK);
    gate_leave(&gates, &p, verdict, now);
    gate_leave(&gates, &p, verdict, now);
}

static void refused(const struct backend *b, int64_t now, const char *says)
{
    struct gate_pass p = {0};
    ck_assert_int_eq(gate_enter(&gates, b, now, &p, &err), STATUS_UNAVAILABLE);
    ck_assert_msg(strstr(err.text, says), "%s", err.text);
    ck_assert_int_gt(p.closed_ms, 0);
}

static void close_one(void)
{
    for (int i = 0; i < GATE_FAILURES; i++)
        pass(&one, GATE_FAILED, 1000);
}

START_TEST(test_closes)
{
    for (int i = 1; i < GATE_FAILURES; i++)
        pass(&one, GATE_FAILED, 0);
    pass(&one, GATE_WORKED, 0);
    ck_assert_uint_eq(gates.count, 0);
    close_one();
    struct gate_pass p = {0};
    ck_assert_int_eq(gate_enter(&gates, &one, 1500, &p, &err), STATUS_UNAVAILABLE);
    ck_assert_int_eq(p.closed_ms, GATE_CLOSED_MS - 500);
    refused(&one, 1000, "\"one\" is taken to be down: it failed 5 times in a row");
    refused(&one, 1000 + GATE_CLOSED_MS - 1, "asked again in 1s");
    pass(&two, GATE_WORKED, 1000);
    ck_assert_uint_eq(gates.count, 1);
}
END_TEST

START_TEST(test_probe)
{
    struct gate_pass p = {0};
    int64_t now = 1000 + GATE_CLOSED_MS;
    close_one();
    ck_assert_int_eq(gate_enter(&gates, &one, now, &p, &err), STATUS_OK);
    refused(&one, now, "taken to be down");
    gate_leave(&gates, &p, GATE_FAILED, now + 5);
    refused(&one, now + GATE_CLOSED_MS, "taken to be down");
    now += 5 + GATE_CLOSED_MS;
    pass(&one, GATE_UNKNOWN, now); /* the next one may try */
    pass(&one, GATE_WORKED, now);
    pass(&one, GATE_WORKED, now);
    ck_assert_uint_eq(gates.count, 0);
}
END_TEST

/* Those that were inside when it closed. */
START_TEST(test_late)
{
    struct gate_pass late[3] = {{0}};
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(gate_enter(&gates, &one, 0, &late[i], &err), STATUS_OK);
    close_one();
    gate_leave(&gates, &late[0], GATE_FAILED, 5000); /* it is not closed for longer */
    refused(&one, 1000 + GATE_CLOSED_MS - 1, "taken to be down");
    struct gate_pass p = {0};
    ck_assert_int_eq(gate_enter(&gates, &one, 1000 + GATE_CLOSED_MS, &p, &err), STATUS_OK);
    gate_leave(&gates, &p, GATE_UNKNOWN, 1000 + GATE_CLOSED_MS);
    gate_leave(&gates, &late[1], GATE_WORKED, 5000); /* so it is not down */
    pass(&one, GATE_FAILED, 5000);
    pass(&one, GATE_WORKED, 5000);
    gate_leave(&gates, &late[2], GATE_UNKNOWN, 5000);
    ck_assert_uint_eq(gates.count, 0);
}
END_TEST

static int admissions;

static void on_admitted(struct gate_pass *p)
{
    (void)p;
    admissions++;
}

/* Two inside, two in line, and no more. */
static void crowd(struct gate_pass p[4])
{
    struct gate_pass more = {0};
    one.max_calls = 2;
    admissions = 0;
    for (int i = 0; i < 4; i++) {
        p[i] = (struct gate_pass){.admitted = on_admitted};
        ck_assert_int_eq(gate_enter(&gates, &one, 0, &p[i], &err), STATUS_OK);
        ck_assert_int_eq(p[i].waiting, i >= 2);
    }
    ck_assert_int_eq(gate_enter(&gates, &one, 0, &more, &err), STATUS_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(err.text, "2 calls in flight and as many waiting"));
    ck_assert_ptr_null(more.gate);
    ck_assert_int_eq(more.closed_ms, 0);
    pass(&two, GATE_WORKED, 0);
}

START_TEST(test_line)
{
    struct gate_pass p[4];
    crowd(p);
    gate_leave(&gates, &p[0], GATE_WORKED, 0);
    ck_assert_int_eq(admissions, 1);
    ck_assert(!p[2].waiting && p[2].gate && p[3].waiting);
    gate_leave(&gates, &p[3], GATE_UNKNOWN, 0); /* it waits no longer */
    gate_leave(&gates, &p[1], GATE_WORKED, 0);
    gate_leave(&gates, &p[2], GATE_WORKED, 0);
    ck_assert_int_eq(admissions, 1);
    ck_assert_uint_eq(gates.count, 0);
}
END_TEST

START_TEST(test_line_closes)
{
    struct gate_pass p[4];
    crowd(p);
    one.max_calls = 0;
    close_one();
    ck_assert_int_eq(admissions, 2);
    ck_assert(!p[2].gate && !p[2].waiting && !p[3].gate && !p[3].waiting);
    refused(&one, 1000, "taken to be down");
    gate_leave(&gates, &p[0], GATE_UNKNOWN, 1000);
    gate_leave(&gates, &p[1], GATE_WORKED, 1000);
    gate_leave(&gates, &p[2], GATE_UNKNOWN, 1000);
    ck_assert_uint_eq(gates.count, 0);
}
END_TEST

static char told[256];

static void on_changed(void *ctx, const struct gate_news *n)
{
    ck_assert_ptr_eq(ctx, &gates);
    snprintf(told + strlen(told), sizeof told - strlen(told), "%s %s %d %s;", n->backend,
        n->closed ? "closed" : "open", n->failures, n->error ? n->error : "-");
}

START_TEST(test_news)
{
    gates.changed = on_changed;
    gates.ctx = &gates;
    struct gate_pass p = {0};
    int64_t now = 1000 + GATE_CLOSED_MS;
    close_one();
    ck_assert_str_eq(told, "one closed 5 -;");
    ck_assert_int_eq(gate_enter(&gates, &one, now, &p, &err), STATUS_OK);
    p.why = "refused";
    gate_leave(&gates, &p, GATE_FAILED, now);
    now += GATE_CLOSED_MS;
    pass(&one, GATE_UNKNOWN, now);
    pass(&one, GATE_WORKED, now);
    pass(&one, GATE_WORKED, now);
    ck_assert_str_eq(told, "one closed 5 -;one closed 6 refused;one open 0 -;");
}
END_TEST

static void tear_down(void)
{
    gates_release(&gates);
}

int main(void)
{
    Suite *suite = suite_create("gate");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, NULL, tear_down);
    tcase_add_test(all, test_closes);
    tcase_add_test(all, test_probe);
    tcase_add_test(all, test_late);
    tcase_add_test(all, test_line);
    tcase_add_test(all, test_news);
    tcase_add_test(all, test_line_closes);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
