#include "net/origin.h"

#include "unit.h"

enum { CALLS = 200 };

static const char url[] = "https://models.example/v1/chat/completions";
static struct origins origins;
static struct call {
    struct seat seat;
    int gone;
} calls[CALLS];

static void go(struct seat *s)
{
    ((struct call *)s)->gone++;
}

static struct seat *seat(size_t i)
{
    return &calls[i].seat;
}

static bool take_at(size_t i, const char *at, const struct http_tls *tls, const char *proxy)
{
    seat(i)->go = go;
    return seat_take(seat(i), &origins, at, tls, proxy);
}

static bool take(size_t i)
{
    static const struct http_tls usual;
    return take_at(i, url, &usual, NULL);
}

static void begin(void)
{
    memset(&origins, 0, sizeof origins);
    memset(calls, 0, sizeof calls);
}

/* Call 0 has the only connection. */
static void begin_known(bool http2)
{
    begin();
    ck_assert(take(0));
    ck_assert(seat_may_open(seat(0)));
    seat_connected(seat(0));
    seat_answered(seat(0), http2);
}

/* These find somebody else opening, and wait. */
static void wait_for_turns(size_t first, size_t last)
{
    for (size_t i = first; i <= last; i++) {
        ck_assert(!seat_may_open(seat(i)));
        seat_wait(seat(i));
        ck_assert_int_eq(calls[i].gone, 0);
    }
}

START_TEST(test_one_opens)
{
    begin_known(true);
    for (size_t i = 1; i <= 4; i++)
        ck_assert(take(i));
    ck_assert(seat_may_open(seat(1)));
    ck_assert(seat_may_open(seat(1))); /* another address */
    wait_for_turns(2, 4);
    ck_assert(!take(5)); /* behind them */
    seat_connected(seat(1));
    for (size_t i = 2; i <= 5; i++)
        ck_assert_int_eq(calls[i].gone, 1);
    seat_connected(seat(2)); /* it shares, and then it is full */
    ck_assert(seat_may_open(seat(3)));
    ck_assert(seat_may_open(seat(4))); /* two, as one was not enough */
    ck_assert(!seat_may_open(seat(5)));
    seat_wait(seat(5));
    ck_assert(!take(6));
    seat_connected(seat(3));
    ck_assert_int_eq(calls[5].gone, 2);
    ck_assert_int_eq(calls[6].gone, 1);
    seat_connected(seat(6));            /* which fills it */
    ck_assert(!seat_may_open(seat(5))); /* there will be one more */
}
END_TEST

START_TEST(test_end_lets_go)
{
    begin_known(true);
    for (size_t i = 1; i <= 3; i++)
        ck_assert(take(i));
    ck_assert(seat_may_open(seat(1)));
    wait_for_turns(2, 3);
    seat_leave(seat(0)); /* there is room for one */
    ck_assert_int_eq(calls[2].gone, 1);
    ck_assert_int_eq(calls[3].gone, 0);
    seat_connected(seat(2));
    ck_assert_int_eq(calls[3].gone, 1);
}
END_TEST

/* However it ends, somebody else has a turn. */
START_TEST(test_opener_fails)
{
    begin_known(true);
    for (size_t i = 1; i <= 3; i++)
        ck_assert(take(i));
    ck_assert(seat_may_open(seat(1)));
    wait_for_turns(2, 3);
    seat_leave(seat(1));
    ck_assert_int_eq(calls[2].gone, 1);
    ck_assert_int_eq(calls[3].gone, 0);
    seat_leave(seat(2)); /* while it looks */
    ck_assert_int_eq(calls[3].gone, 1);
    ck_assert(seat_may_open(seat(3)));
    seat_leave(seat(3));
    seat_leave(seat(3));
    seat_leave(seat(0));
    ck_assert_int_eq(calls[3].gone, 1);
}
END_TEST

/* It stands before the one that must wait for it does so. */
START_TEST(test_late_to_wait)
{
    begin_known(true);
    ck_assert(take(1));
    ck_assert(take(2));
    ck_assert(seat_may_open(seat(1)));
    ck_assert(!seat_may_open(seat(2)));
    seat_connected(seat(1));
    seat_wait(seat(2));
    ck_assert_int_eq(calls[2].gone, 1);
}
END_TEST

START_TEST(test_waiting_leaves)
{
    begin_known(true);
    for (size_t i = 1; i <= 4; i++)
        ck_assert(take(i));
    ck_assert(seat_may_open(seat(1)));
    wait_for_turns(2, 4);
    seat_leave(seat(3));
    seat_leave(seat(4));
    seat_leave(seat(2));
    ck_assert(take(5)); /* nobody waits */
    ck_assert(!seat_may_open(seat(5)));
}
END_TEST

START_TEST(test_http1_never_waits)
{
    begin_known(false);
    for (size_t i = 1; i < CALLS; i++) {
        ck_assert(take(i));
        ck_assert(seat_may_open(seat(i)));
    }
}
END_TEST

START_TEST(test_answer_ends_waiting)
{
    begin_known(true);
    for (size_t i = 1; i <= 2; i++)
        ck_assert(take(i));
    ck_assert(seat_may_open(seat(1)));
    ck_assert(!seat_may_open(seat(2)));
    seat_wait(seat(2));
    ck_assert(!take(3));
    seat_answered(seat(0), false);
    ck_assert_int_eq(calls[2].gone, 1);
    ck_assert_int_eq(calls[3].gone, 1);
    ck_assert(seat_may_open(seat(2)));
    ck_assert(seat_may_open(seat(3)));
}
END_TEST

/* Who looks when it stands, and is not let on it: it is not HTTP/2 any more. */
START_TEST(test_new_one_is_not_shared)
{
    begin_known(true);
    for (size_t i = 1; i <= 4; i++)
        ck_assert(take(i));
    ck_assert(seat_may_open(seat(1)));
    ck_assert(!seat_may_open(seat(2)));
    seat_wait(seat(2));
    ck_assert(!seat_may_open(seat(3)));
    seat_wait(seat(3));
    seat_connected(seat(1));
    ck_assert(seat_may_open(seat(4))); /* it had looked before: that says nothing */
    ck_assert(seat_may_open(seat(2)));
    ck_assert(seat_may_open(seat(3)));
}
END_TEST

/* Nothing was answered yet, but two are on one connection. */
START_TEST(test_unknown)
{
    begin();
    for (size_t i = 0; i <= 4; i++)
        ck_assert(take(i));
    ck_assert(seat_may_open(seat(0)));
    seat_connected(seat(0));
    seat_connected(seat(1));
    ck_assert(seat_may_open(seat(2)));
    ck_assert(!seat_may_open(seat(3)));
    begin();
    for (size_t i = 0; i <= 4; i++) {
        ck_assert(take(i));
        ck_assert(seat_may_open(seat(i)));
    }
    for (size_t i = 0; i <= 4; i++)
        seat_connected(seat(i));
    ck_assert(take(5));
    ck_assert(seat_may_open(seat(5)));
}
END_TEST

/* Of many, some look first. */
START_TEST(test_many)
{
    size_t looking = 0;
    begin_known(true);
    for (size_t i = 1; i < CALLS; i++)
        looking += take(i);
    ck_assert_uint_gt(looking, 8);
    ck_assert_uint_lt(looking, CALLS / 2);
    for (size_t i = 1; i < CALLS; i++) /* all find room */
        seat_connected(seat(i));
    for (size_t i = 1; i < CALLS; i++)
        ck_assert_int_eq(calls[i].gone, i > looking);
}
END_TEST

START_TEST(test_whose)
{
    static const struct http_tls usual, careless = {.insecure = true}, own = {.ca_file = "own.pem"},
                                        shows = {.client_cert = "own.pem"};
    begin();
    ck_assert(take_at(0, url, &usual, NULL));
    ck_assert(take_at(1, "HTTPS://Models.Example?other", &usual, NULL));
    ck_assert_ptr_eq(seat(0)->origin, seat(1)->origin);
    ck_assert(take_at(2, "http://models.example/v1", &usual, NULL));
    ck_assert_ptr_null(seat(2)->origin);
    ck_assert(take_at(2, "https://models.example:444/v1", &usual, NULL));
    ck_assert(take_at(3, url, &careless, NULL));
    ck_assert(take_at(4, url, &own, NULL));
    ck_assert(take_at(5, url, &shows, NULL));
    ck_assert(take_at(6, url, &usual, "http://proxy.example"));
    ck_assert(take_at(7, url, &usual, "http://other.example"));
    for (size_t i = 2; i <= 7; i++)
        for (size_t k = 1; k < i; k++)
            ck_assert_ptr_ne(seat(i)->origin, seat(k)->origin);
}
END_TEST

/* One more than there is room for is let through; and gets it when another has gone. */
START_TEST(test_too_many_origins)
{
    static const struct http_tls usual;
    char at[64];
    begin();
    for (size_t i = 0; i <= ORIGINS_MAX; i++) {
        snprintf(at, sizeof at, "https://%zu.example/", i);
        ck_assert(take_at(i, at, &usual, NULL));
        ck_assert_int_eq(seat(i)->origin != NULL, i < ORIGINS_MAX);
        ck_assert(seat_may_open(seat(i)));
        seat_connected(seat(i));
        seat_answered(seat(i), true);
    }
    seat_leave(seat(ORIGINS_MAX));
    seat_leave(seat(7));
    ck_assert(take_at(ORIGINS_MAX, at, &usual, NULL));
    ck_assert_ptr_nonnull(seat(ORIGINS_MAX)->origin);
    ck_assert(seat_may_open(seat(ORIGINS_MAX)));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("origin");
    TCase *tc = tcase_create("turns");
    tcase_add_test(tc, test_one_opens);
    tcase_add_test(tc, test_end_lets_go);
    tcase_add_test(tc, test_opener_fails);
    tcase_add_test(tc, test_late_to_wait);
    tcase_add_test(tc, test_waiting_leaves);
    tcase_add_test(tc, test_http1_never_waits);
    tcase_add_test(tc, test_answer_ends_waiting);
    tcase_add_test(tc, test_new_one_is_not_shared);
    tcase_add_test(tc, test_unknown);
    tcase_add_test(tc, test_many);
    tcase_add_test(tc, test_whose);
    tcase_add_test(tc, test_too_many_origins);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
