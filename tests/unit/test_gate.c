#include "agent/gate.h"

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
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
