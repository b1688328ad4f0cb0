/* Tests of store/memory: look-up, order, the limit. */
#include "store/store.h"

#include "base/mem.h"
#include "lib/flow_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct store_ops *const ops = &store_memory;

static void *
open_store(size_t max)
{
    struct err e = {0};
    void *s = ops->open(&(struct store_options){.max = max}, &e);
    assert_non_null(s);
    return s;
}

/* Puts one flow of about 'bytes' and returns its id. */
static uint64_t
put_one(void *s, size_t bytes)
{
    struct err e = {0};
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    char zeros[1000] = {0};
    while (bytes > 1000) {
        flow_make_content(&f->resp, slice_of(zeros, sizeof(zeros)));
        bytes -= 1000;
    }
    uint64_t id = f->id;
    assert_true(ops->put(s, f, &e));
    flow_unref(f);
    return id;
}

static bool
has(void *s, uint64_t id)
{
    struct flow *f = ops->get(s, id);
    bool found = f && f->id == id;
    flow_unref(f);
    return found;
}

static void
flows_are_found_by_their_id(void **state)
{
    void *s = open_store(1 << 20);
    uint64_t a = put_one(s, 0), b = put_one(s, 0);
    assert_true(has(s, a));
    assert_true(has(s, b));
    assert_false(has(s, b + 1000));
    assert_int_equal(ops->counts(s).flows, 2);
    ops->close(s);
}

static void
the_oldest_make_room(void **state)
{
    void *s = open_store(100000);
    uint64_t ids[30];
    for (int i = 0; i < 30; i++)
        ids[i] = put_one(s, 10000);
    struct store_counts c = ops->counts(s);
    assert_in_range(c.flows, 5, 10);
    assert_int_equal(c.evicted, 30 - c.flows);
    assert_true(c.bytes <= 100000);
    for (unsigned i = 0; i < 30; i++)
        assert_int_equal(has(s, ids[i]), i >= 30 - c.flows);
    ops->close(s);
}

static void
a_flow_that_is_too_large_is_only_counted(void **state)
{
    void *s = open_store(20000);
    uint64_t small = put_one(s, 0), large = put_one(s, 50000);
    assert_true(has(s, small));
    assert_false(has(s, large));
    assert_int_equal(ops->counts(s).evicted, 1);
    ops->close(s);
}

static void
the_same_id_is_kept_once(void **state)
{
    struct err e = {0};
    void *s = open_store(1 << 20);
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    assert_true(ops->put(s, f, &e));
    assert_true(ops->put(s, f, &e));
    assert_int_equal(ops->counts(s).flows, 1);
    assert_int_equal(atomic_load(&f->refs), 2);
    assert_true(ops->drop(s, f->id));
    assert_false(ops->drop(s, f->id));
    assert_int_equal(ops->counts(s).bytes, 0);
    assert_int_equal(atomic_load(&f->refs), 1);
    flow_unref(f);
    ops->close(s);
}

struct walk {
    uint64_t ids[8];
    unsigned n, max;
};

static bool
note_id(void *arg, const struct flow *f)
{
    struct walk *w = arg;
    w->ids[w->n++] = f->id;
    return w->n < w->max;
}

static void
the_walk_goes_both_ways_and_can_be_ended(void **state)
{
    void *s = open_store(1 << 20);
    uint64_t a = put_one(s, 0), b = put_one(s, 0), c = put_one(s, 0);
    struct walk up = {.max = 8}, down = {.max = 2};
    ops->each(s, false, note_id, &up);
    ops->each(s, true, note_id, &down);
    assert_int_equal(up.n, 3);
    assert_int_equal(up.ids[0], a);
    assert_int_equal(up.ids[2], c);
    assert_int_equal(down.n, 2);
    assert_int_equal(down.ids[0], c);
    assert_int_equal(down.ids[1], b);
    ops->close(s);
}

static void
the_walk_goes_on_behind_a_flow(void **state)
{
    void *s = open_store(1 << 20);
    uint64_t a = put_one(s, 0), b = put_one(s, 0), c = put_one(s, 0);
    struct walk rest = {.max = 8}, all = {.max = 8}, none = {.max = 8};
    ops->each_after(s, a, note_id, &rest);
    assert_int_equal(rest.n, 2);
    assert_int_equal(rest.ids[0], b);
    ops->each_after(s, c, note_id, &none);
    assert_int_equal(none.n, 0);
    assert_true(ops->drop(s, a));
    ops->each_after(s, a, note_id, &all);
    assert_int_equal(all.n, 2);
    ops->close(s);
}

static void
note_gone(void *arg, uint64_t id)
{
    struct walk *w = arg;
    w->ids[w->n++] = id;
}

static void
it_tells_who_had_to_go(void **state)
{
    struct err e = {0};
    struct walk gone = {.max = 8};
    void *s = ops->open(&(struct store_options){.max = 30000, .gone = note_gone, .arg = &gone}, &e);
    uint64_t a = put_one(s, 10000);
    put_one(s, 10000);
    assert_int_equal(gone.n, 1);
    assert_int_equal(gone.ids[0], a);
    ops->close(s);
}

static void
without_memory_nothing_changes(void **state)
{
    struct err e = {0};
    void *s = open_store(1 << 20);
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    bool good = false;
    for (unsigned long nth = 1; !good; nth++) {
        assert_true(nth < 10);
        mem_fail_at(nth);
        good = ops->put(s, f, &e);
        mem_fail_at(0);
        assert_int_equal(ops->counts(s).flows, good);
        assert_int_equal(atomic_load(&f->refs), good ? 2 : 1);
    }
    mem_fail_at(1);
    assert_null(ops->open(&(struct store_options){.max = 1}, &e));
    mem_fail_at(2);
    assert_null(ops->open(&(struct store_options){.max = 1}, &e));
    mem_fail_at(0);
    flow_unref(f);
    ops->close(s);
    ops->close(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flows_are_found_by_their_id),
        cmocka_unit_test(the_oldest_make_room),
        cmocka_unit_test(a_flow_that_is_too_large_is_only_counted),
        cmocka_unit_test(the_same_id_is_kept_once),
        cmocka_unit_test(the_walk_goes_both_ways_and_can_be_ended),
        cmocka_unit_test(the_walk_goes_on_behind_a_flow),
        cmocka_unit_test(it_tells_who_had_to_go),
        cmocka_unit_test(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
