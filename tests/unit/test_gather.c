#include "store/gather.h"
#include "unit.h"

/* Jobs that come at a steady pace, the last of them at the time that is returned. */
static int64_t feed(struct gather *g, int64_t now, int jobs, int64_t interval)
{
    for (int i = 0; i < jobs; i++) {
        now += interval;
        gather_job(g, now);
    }
    return now;
}

/* What the writer does, for jobs that come at that pace: how many transactions. */
static int transactions(
    struct gather *g, int64_t last, int64_t interval, int64_t patience, int jobs)
{
    int count = 0;
    for (int i = 0; i < jobs; count++) {
        int64_t due = feed(g, last, 1, interval) + patience;
        last += interval;
        i++;
        if (!gather_pays(g, last, due))
            continue;
        for (; last + interval <= due && i < jobs; i++)
            last = feed(g, last, 1, interval);
    }
    return count;
}

static const struct {
    int64_t interval, patience;
    int jobs, most, least;
} paces[] = {
    {500, 20000, 2000, 150, 40},      /* 2,000 a second: 50 transactions, once the pace is known */
    {42, 300, 24000, 5000, 2000},     /* 24,000 a second: batches of 8 */
    {100000, 20000, 100, 100, 100},   /* ten a second: each at once */
    {2000, 20000, 1000, 1000, 990},   /* 500 a second: ten would be too few */
    {500, 0, 2000, 2000, 2000},       /* no patience */
    {500, -5, 2000, 2000, 2000},      /* none that is left */
    {0, 20000, 100, 100, 100},        /* all at once, as the first ones */
    {10000000, 20000, 100, 100, 100}, /* pauses longer than any patience */
};

START_TEST(test_pace)
{
    struct gather g;
    gather_init(&g, 1000);
    int n = transactions(&g, 1000, paces[_i].interval, paces[_i].patience, paces[_i].jobs);
    ck_assert_msg(n <= paces[_i].most && n >= paces[_i].least, "%d transactions", n);
}
END_TEST

/* The first job after a pause does not wait for those that came before it. */
START_TEST(test_pause)
{
    struct gather g;
    gather_init(&g, 0);
    int64_t now = feed(&g, 0, 1000, 100);
    ck_assert(gather_pays(&g, now, now + 20000));
    now = feed(&g, now, 1, 3000000);
    ck_assert(!gather_pays(&g, now, now + 20000));
}
END_TEST

/* Jobs that come in bursts, of which the first opens a transaction, have the same pace as others.
 */
START_TEST(test_bursts)
{
    struct gather g;
    gather_init(&g, 0);
    int64_t now = 0;
    for (int i = 0; i < 20; i++)
        now = feed(&g, now + 20000, 40, 1);
    ck_assert(gather_pays(&g, now, now + 20000));
    now = feed(&g, now + 20000, 1, 1);
    ck_assert(gather_pays(&g, now, now + 20000));
}
END_TEST

/* Callers that go on only when they were answered: a wait in vain makes the pace look slow, and the
 * next ones are not held. */
START_TEST(test_in_vain)
{
    struct gather g;
    gather_init(&g, 0);
    int64_t now = feed(&g, 0, 1000, 100), due;
    int held = 0;
    for (int i = 0; i < 1000; i++) {
        now = feed(&g, now, 1, 1000);
        due = now + 20000;
        if (gather_pays(&g, now, due)) {
            held++;
            now = due;
        }
    }
    ck_assert_int_lt(held, 200);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gather");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_pace, 0, COUNT(paces));
    tcase_add_test(all, test_pause);
    tcase_add_test(all, test_bursts);
    tcase_add_test(all, test_in_vain);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
