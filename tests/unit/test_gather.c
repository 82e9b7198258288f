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
        int64_t now = last = feed(g, last, 1, interval), due = now + patience, until;
        i++;
        if (!gather_begin(g, now, due))
            continue;
        for (; (until = gather_until(g, due)) > now; now = until)
            for (; last + interval <= until && i < jobs; i++)
                last = feed(g, last, 1, interval);
        gather_end(g, now, due, false);
    }
    return count;
}

static const struct {
    int64_t interval, patience;
    int jobs, most, least;
} paces[] = {
    {500, 20000, 2000, 180, 40},      /* 2,000 a second: 50 transactions, once the pace is known */
    {42, 300, 24000, 3500, 2000},     /* 24,000 a second: batches of 8 */
    {100000, 20000, 100, 100, 100},   /* ten a second: each at once */
    {2000, 20000, 1000, 1000, 1000},  /* 500 a second: ten would be too few */
    {500, 0, 2000, 2000, 2000},       /* no patience */
    {500, -5, 2000, 2000, 2000},      /* none that is left */
    {0, 20000, 100, 100, 1},          /* all at once */
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
    ck_assert(gather_begin(&g, now, now + 20000));
    now = feed(&g, now, 1, 3000000);
    ck_assert(!gather_begin(&g, now, now + 20000));
}
END_TEST

/* It ends when no more come, well before the patience does. */
START_TEST(test_quiet)
{
    struct gather g;
    gather_init(&g, 0);
    int64_t now = feed(&g, 0, 1000, 100), due = now + 20000;
    ck_assert(gather_begin(&g, now, due));
    ck_assert_int_gt(gather_until(&g, due), now + 400);
    ck_assert_int_le(gather_until(&g, due), now + 5000);
    ck_assert_int_eq(gather_until(&g, now + 200), now + 200);
    gather_job(&g, now + 300);
    ck_assert_int_gt(gather_until(&g, due), now + 700);
}
END_TEST

/* One caller that sends the next job when the last is done looks fast, but nothing comes while it
 * waits: of its jobs ever fewer are held. */
START_TEST(test_in_vain)
{
    struct gather g;
    gather_init(&g, 0);
    int64_t now = feed(&g, 0, 1000, 100);
    int held = 0;
    for (int i = 0; i < 10000; i++) {
        now = feed(&g, now, 1, 100);
        if (!gather_begin(&g, now, now + 20000))
            continue;
        held++;
        int64_t due = now + 20000;
        now = gather_until(&g, due);
        gather_end(&g, now, due, false);
    }
    ck_assert_int_gt(held, 1);
    ck_assert_int_lt(held, 15);
    now = feed(&g, now, 1000, 100); /* and when there is company after all, it is found */
    ck_assert_int_lt(transactions(&g, now, 100, 20000, 100000), 6000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gather");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_pace, 0, COUNT(paces));
    tcase_add_test(all, test_pause);
    tcase_add_test(all, test_quiet);
    tcase_add_test(all, test_in_vain);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
