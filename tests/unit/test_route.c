#include "agent/route.h"
#include "unit.h"

/* What a route's kind is, only its address counts here. */
static const char kind_a, kind_b;
#define KIND(k) ((const struct exchange_kind *)(const void *)&(k))

static void keep(
    struct routes *all, const char *id, const char *url, const char *to, int64_t now_ms)
{
    struct backend b = {0};
    struct route r = {.kind = *to == '/' ? KIND(kind_a) : KIND(kind_b)};
    ck_assert(!string_set(&b.id, id) && !string_set(&b.url, url) && !string_set(&r.url, to) &&
              !string_set(&r.tenant, id));
    routes_keep(all, &b, &r, now_ms);
    free(b.id);
    free(b.url);
    route_release(&r);
}

/* What is known of it; to is NULL for nothing. */
static void check(
    struct routes *all, const char *id, const char *url, int64_t now_ms, const char *to)
{
    struct backend b = {0};
    struct route found = {0};
    ck_assert(!string_set(&b.id, id) && !string_set(&b.url, url));
    ck_assert_int_eq(routes_find(all, &b, now_ms, &found), to != NULL);
    ck_assert_pstr_eq(found.url, to);
    ck_assert_pstr_eq(found.tenant, to ? id : NULL);
    if (to)
        ck_assert(found.kind == (*to == '/' ? KIND(kind_a) : KIND(kind_b)));
    free(b.id);
    free(b.url);
    route_release(&found);
}

static void forget(struct routes *all, const char *id)
{
    struct backend b = {0};
    ck_assert(!string_set(&b.id, id));
    routes_forget(all, &b);
    free(b.id);
}

START_TEST(test_kept)
{
    struct routes all = {0};
    check(&all, "b", "http://h", 0, NULL);
    keep(&all, "b", "http://h", "http://h/rpc", 1000);
    check(&all, "b", "http://h", 1000, "http://h/rpc");
    check(&all, "b", "http://h", 1000 + ROUTE_KEPT_MS - 1, "http://h/rpc");
    check(&all, "b", "http://h", 1000 + ROUTE_KEPT_MS, NULL);
    check(&all, "b", "http://i", 1000, NULL);
    forget(&all, "b");
    check(&all, "b", "http://h", 1000, NULL);
    forget(&all, "b");
    ck_assert_uint_eq(all.count, 0);
    routes_release(&all);
}
END_TEST

START_TEST(test_replaced)
{
    struct routes all = {0};
    keep(&all, "b", "http://h", "/1", 0);
    keep(&all, "c", "http://h", "/1", 0);
    keep(&all, "b", "http://h", "http://h/2", 10);
    ck_assert_uint_eq(all.count, 2);
    check(&all, "b", "http://h", ROUTE_KEPT_MS + 5, "http://h/2");
    check(&all, "c", "http://h", 5, "/1");
    routes_release(&all);
    check(&all, "c", "http://h", 5, NULL);
}
END_TEST

START_TEST(test_crowd)
{
    struct routes all = {0};
    for (int i = 0; i <= ROUTES_MAX; i++) {
        char id[16];
        snprintf(id, sizeof id, "b-%d", i);
        keep(&all, id, "http://h", "/1", 0);
        ck_assert_uint_le(all.count, ROUTES_MAX);
        check(&all, id, "http://h", 0, "/1");
    }
    ck_assert_uint_eq(all.count, 1);
    routes_release(&all);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("route");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_kept);
    tcase_add_test(all, test_replaced);
    tcase_add_test(all, test_crowd);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
