#include "store/down.h"

#include "base/buf.h"
#include "store/internal.h"
#include "store/owner.h"
#include "unit_store.h"

static struct owner *us, *other;

static void set(const char *backend, const struct owner *o, int64_t since, int64_t failures)
{
    struct down d = {backend, owner_id(o), since, failures, failures > 5 ? NULL : "refused"};
    OK(down_set(at.store, &d, &at.err));
}

static enum status print(void *ctx, const struct down *d)
{
    return buf_printf(ctx, "%s %lld %lld %s", d->backend, (long long)d->since_ms,
        (long long)d->failures, d->error ? d->error : "-");
}

static void is(const char *backend, const char *want)
{
    struct buf out;
    buf_init(&out, BUF_SMALL);
    OK(down_find(at.store, backend, print, &out, &at.err));
    ck_assert_str_eq(buf_str(&out), want);
    buf_release(&out);
}

static void set_up(void)
{
    unit_store_make();
    OK(owner_open(&us, at.path, &at.err));
    OK(owner_open(&other, at.path, &at.err));
}

static void tear_down(void)
{
    owner_close(us);
    owner_close(other);
    unit_store_remove();
}

START_TEST(test_rows)
{
    is("a", "");
    set("a", us, 2000, 5);
    is("a", "a 2000 5 refused");
    is("b", "");
    set("a", us, 3000, 6);
    is("a", "a 2000 6 -");
    set("a", other, 1000, 5);
    is("a", "a 1000 5 refused");
    OK(down_clear(at.store, "a", owner_id(other), &at.err));
    is("a", "a 2000 6 -");
    OK(down_clear(at.store, "b", owner_id(us), &at.err));
    OK(down_clear(at.store, "a", owner_id(us), &at.err));
    is("a", "");
}
END_TEST

START_TEST(test_dead)
{
    set("a", us, 2000, 5);
    set("a", other, 1000, 5);
    owner_close(other);
    other = NULL;
    is("a", "a 2000 5 refused");
    OK(down_forget_dead(at.store, &at.err));
    is("a", "a 2000 5 refused");
    ck_assert_int_eq(sql_changes(at.store), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("down");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, test_rows);
    tcase_add_test(all, test_dead);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
