/* Tests of ui/library: lists by query, kept while flows come and go. */
#include "ui/library.h"

#include "base/mem.h"
#include "lib/flow_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct library *
open_library(size_t max)
{
    struct err e = {0};
    struct library *l = library_new(&store_memory, max, &e);
    assert_non_null(l);
    return l;
}

static struct filter *
parse(const char *text)
{
    struct err e = {0};
    size_t at = 0;
    struct filter *f = filter_parse(slice_str(text), NULL, &at, &e);
    assert_non_null(f);
    return f;
}

/* Returns the id of a flow that was put. */
static uint64_t
put(struct library *l, const char *host)
{
    struct flow *f = flow_make_get(host, "/", "x", NULL);
    uint64_t id = f->id;
    library_flow(l, f);
    library_flush(l);
    flow_unref(f);
    return id;
}

/* Fills *w with the window and gives the references back: the ids stay in 'ids'. */
static void
look(struct library *l, const char *query, struct library_query q, struct library_window *w,
     uint64_t *ids)
{
    struct err e = {0};
    q.filter = parse(query);
    do
        assert_true(library_look(l, &q, w, &e));
    while (!w->ready);
    size_t n = w->n;
    for (size_t i = 0; i < n; i++)
        ids[i] = w->flows[i]->id;
    library_window_release(w);
    w->n = n;
    filter_unref(q.filter);
}

static void
a_window_is_a_part_of_the_list_of_a_query(void **state)
{
    struct library *l = open_library(1 << 24);
    struct library_window w;
    uint64_t ids[100], a[10];
    for (int i = 0; i < 10; i++) {
        a[i] = put(l, "a.test");
        put(l, "b.test");
    }
    look(l, "host:a.test", (struct library_query){.from = 2, .count = 3}, &w, ids);
    assert_int_equal(w.n, 3);
    assert_int_equal(w.from, 2);
    assert_int_equal(w.first, 0);
    assert_int_equal(w.end, 10);
    assert_memory_equal(ids, a + 2, 3 * sizeof *a);
    look(l, "", (struct library_query){.from = 18, .count = 100}, &w, ids);
    assert_int_equal(w.n, 2);
    assert_int_equal(ids[0], a[9]);
    look(l, "", (struct library_query){.from = UINT64_MAX, .count = 100}, &w, ids);
    assert_int_equal(w.n, 0);
    library_free(l);
}

static void
a_long_list_is_made_in_steps(void **state)
{
    struct library *l = open_library((size_t)1 << 30);
    struct library_window w;
    struct err e = {0};
    struct filter *f = parse("host:a.test");
    struct library_query q = {.filter = f, .count = 1};
    uint64_t ids[1], first = put(l, "a.test");
    for (int i = 1; i < 10000; i++)
        put(l, i % 2 ? "b.test" : "a.test");
    assert_true(library_look(l, &q, &w, &e));
    assert_false(w.ready);
    put(l, "a.test");                    /* comes into the list that is being made */
    assert_true(library_drop(l, first)); /* goes out of it */
    look(l, "host:a.test", q, &w, ids);
    assert_int_equal(w.end - w.first, 5000);
    assert_int_equal(library_counts(l).lists_made, 1);
    filter_unref(f);
    library_free(l);
}

/* More lists are begun than there is room for: none takes the place of one that is not finished. */
static void
lists_that_are_being_made_are_not_given_up(void **state)
{
    struct library *l = open_library((size_t)1 << 30);
    struct filter *f[LIBRARY_LISTS_MAX + 4];
    struct library_window w;
    struct err e = {0};
    char text[40];
    unsigned ready = 0, rounds = 0;
    for (int i = 0; i < 10000; i++)
        put(l, "a.test");
    for (size_t i = 0; i < ARRAY_LEN(f); i++) {
        snprintf(text, sizeof text, "host:h%zu.test", i);
        f[i] = parse(text);
    }
    bool done[ARRAY_LEN(f)] = {0};
    for (; ready < ARRAY_LEN(f) && rounds < 20; rounds++)
        for (size_t i = 0; i < ARRAY_LEN(f); i++) {
            if (done[i])
                continue;
            assert_true(library_look(l, &(struct library_query){.filter = f[i]}, &w, &e));
            done[i] = w.ready;
            ready += w.ready;
        }
    assert_int_equal(ready, ARRAY_LEN(f));
    for (size_t i = 0; i < ARRAY_LEN(f); i++)
        filter_unref(f[i]);
    library_free(l);
}

static void
the_newest_can_come_first(void **state)
{
    struct library *l = open_library(1 << 24);
    struct library_window w;
    uint64_t ids[10], a[4];
    for (int i = 0; i < 4; i++)
        a[i] = put(l, "a.test");
    look(l, "", (struct library_query){.newest_first = true, .from = 1, .count = 2}, &w, ids);
    assert_int_equal(w.n, 2);
    assert_int_equal(ids[0], a[2]);
    assert_int_equal(ids[1], a[1]);
    library_free(l);
}

static void
pages_go_on_behind_a_cursor(void **state)
{
    struct library *l = open_library(1 << 24);
    struct library_window w;
    uint64_t ids[10], a[5];
    for (int i = 0; i < 5; i++)
        a[i] = put(l, "a.test");
    look(l, "", (struct library_query){.cursor = a[1], .count = 2}, &w, ids);
    assert_int_equal(ids[0], a[2]);
    assert_int_equal(w.from, 2);
    assert_true(library_drop(l, a[2]));
    look(l, "", (struct library_query){.cursor = a[2], .count = 2}, &w, ids);
    assert_int_equal(ids[0], a[3]);
    look(l, "", (struct library_query){.cursor = a[3], .newest_first = true, .count = 9}, &w, ids);
    assert_int_equal(w.n, 2);
    assert_int_equal(ids[0], a[1]);
    look(l, "", (struct library_query){.cursor = a[4], .count = 9}, &w, ids);
    assert_int_equal(w.n, 0);
    library_free(l);
}

static void
a_list_grows_as_flows_come(void **state)
{
    struct library *l = open_library(1 << 24);
    struct library_window w;
    uint64_t ids[10];
    look(l, "host:a.test", (struct library_query){.count = 9}, &w, ids);
    assert_int_equal(w.end, 0);
    uint64_t list = w.list, seq = w.seq;
    put(l, "b.test");
    uint64_t a = put(l, "a.test");
    look(l, "host:a.test", (struct library_query){.count = 9}, &w, ids);
    assert_int_equal(w.list, list);
    assert_true(w.seq > seq);
    assert_int_equal(w.n, 1);
    assert_int_equal(ids[0], a);
    assert_int_equal(library_counts(l).lists_made, 1);
    library_free(l);
}

static void
what_is_known_already_is_said(void **state)
{
    struct library *l = open_library(1 << 24);
    struct library_window w;
    uint64_t ids[10];
    for (int i = 0; i < 3; i++)
        put(l, "a.test");
    look(l, "", (struct library_query){.count = 9}, &w, ids);
    assert_int_equal(w.unchanged, 0);
    uint64_t list = w.list, seq = w.seq;
    put(l, "a.test");
    look(l, "", (struct library_query){.count = 9, .list = list, .have = seq}, &w, ids);
    assert_int_equal(w.unchanged, 3);
    look(l, "", (struct library_query){.count = 9, .list = list + 1, .have = seq}, &w, ids);
    assert_int_equal(w.unchanged, 0);
    library_free(l);
}

static void
flows_that_had_to_go_leave_the_lists(void **state)
{
    struct library *l = open_library(100000);
    struct library_window w;
    uint64_t ids[100], last = 0;
    look(l, "", (struct library_query){.count = 9}, &w, ids);
    for (int i = 0; i < 100; i++)
        last = put(l, "a.test");
    struct library_counts c = library_counts(l);
    look(l, "", (struct library_query){.count = 100}, &w, ids);
    assert_true(c.store.evicted > 0);
    assert_int_equal(w.first, c.store.evicted);
    assert_int_equal(w.end, 100);
    assert_int_equal(w.from, w.first);
    assert_int_equal(w.n, c.store.flows);
    assert_int_equal(ids[w.n - 1], last);
    library_free(l);
}

static void
deleting_goes_by_id_and_by_query(void **state)
{
    struct library *l = open_library(1 << 24);
    struct library_window w;
    uint64_t ids[10];
    struct filter *f = parse("host:a.test");
    uint64_t a = put(l, "a.test"), b = put(l, "b.test");
    put(l, "a.test");
    look(l, "", (struct library_query){.count = 9}, &w, ids);
    assert_true(library_drop(l, a));
    assert_false(library_drop(l, a));
    assert_null(library_get(l, a));
    struct library_cull cull = {.filter = f}, again = {.filter = f};
    assert_true(library_drop_matching(l, &cull));
    assert_true(library_drop_matching(l, &again));
    assert_int_equal(cull.dropped, 1);
    assert_int_equal(again.dropped, 0);
    look(l, "", (struct library_query){.count = 9}, &w, ids);
    assert_int_equal(w.n, 1);
    assert_int_equal(ids[0], b);
    filter_unref(f);
    library_free(l);
}

static void
many_are_deleted_in_steps(void **state)
{
    struct library *l = open_library((size_t)1 << 30);
    struct library_window w;
    uint64_t ids[9];
    struct filter *f = parse("host:a.test");
    struct library_cull cull = {.filter = f};
    unsigned steps = 1;
    for (int i = 0; i < 10000; i++)
        put(l, i % 5 ? "a.test" : "b.test");
    look(l, "", (struct library_query){.count = 1}, &w, ids);
    for (; !library_drop_matching(l, &cull); steps++)
        put(l, "c.test");
    assert_in_range(steps, 3, 4);
    assert_int_equal(cull.dropped, 8000);
    look(l, "", (struct library_query){.count = 9}, &w, ids);
    assert_int_equal(w.end - w.first, 2000 + steps - 1);
    assert_int_equal(w.n, 9);
    assert_int_equal(library_counts(l).store.flows, 2000 + steps - 1);
    filter_unref(f);
    library_free(l);
}

static void
marks_move_a_flow_between_lists(void **state)
{
    struct library *l = open_library(1 << 24);
    struct library_window w;
    uint64_t ids[10], a = put(l, "a.test");
    look(l, "mark:red", (struct library_query){.count = 9}, &w, ids);
    assert_int_equal(w.n, 0);
    struct flow *f = library_get(l, a);
    assert_true(flow_mark(f, &(struct marks){.mark = SLICE("red")}));
    library_touch(l, f);
    look(l, "mark:red", (struct library_query){.count = 9}, &w, ids);
    assert_int_equal(w.n, 1);
    assert_true(flow_mark(f, &(struct marks){0}));
    library_touch(l, f);
    look(l, "mark:red", (struct library_query){.count = 9}, &w, ids);
    assert_int_equal(w.n, 0);
    flow_unref(f);
    library_free(l);
}

static void
the_list_that_was_not_asked_for_makes_room(void **state)
{
    struct library *l = open_library(1 << 24);
    struct library_window w;
    uint64_t ids[10];
    char text[40];
    for (int i = 0; i < LIBRARY_LISTS_MAX + 3; i++) {
        snprintf(text, sizeof text, "host:h%d.test", i);
        look(l, text, (struct library_query){.count = 1}, &w, ids);
        look(l, "", (struct library_query){.count = 1}, &w, ids);
    }
    struct library_counts c = library_counts(l);
    assert_int_equal(c.lists, LIBRARY_LISTS_MAX);
    assert_int_equal(c.lists_made, LIBRARY_LISTS_MAX + 4);
    assert_int_equal(c.lists_dropped, 4);
    library_free(l);
}

static void
count_changes(void *arg)
{
    ++*(unsigned *)arg;
}

static void
who_watches_hears_once_a_batch(void **state)
{
    unsigned n = 0;
    struct library *l = open_library(1 << 24);
    library_on_change(l, count_changes, &n);
    library_flush(l);
    assert_int_equal(n, 0);
    struct flow *a = flow_make_get("a.test", "/", "", NULL);
    struct flow *b = flow_make_get("a.test", "/", "", NULL);
    library_flow(l, a);
    library_flow(l, b);
    library_flush(l);
    library_flush(l);
    assert_int_equal(n, 1);
    assert_true(library_drop(l, a->id));
    assert_int_equal(n, 2);
    flow_unref(a);
    flow_unref(b);
    library_free(l);
}

static void
without_memory_a_list_is_made_again(void **state)
{
    struct err e = {0};
    struct library *l = open_library(1 << 24);
    struct filter *f = parse("");
    struct library_window w;
    bool good = false;
    put(l, "a.test");
    for (unsigned long nth = 1; !good; nth++) {
        assert_true(nth < 20);
        mem_fail_at(nth);
        good = library_look(l, &(struct library_query){.filter = f, .count = 5}, &w, &e);
        mem_fail_at(0);
    }
    assert_int_equal(w.n, 1);
    library_window_release(&w);
    filter_unref(f);
    library_free(l);
    library_free(NULL);
}

struct visit {
    struct library *library;
    unsigned n, stop;
};

static bool
visit_mark(void *arg, struct flow *f)
{
    struct visit *v = arg;
    assert_true(flow_mark(f, &(struct marks){.mark = SLICE("red")}));
    library_touch(v->library, f);
    return ++v->n != v->stop;
}

static unsigned
walk(struct library *l, const char *query, unsigned stop)
{
    struct filter *filter = parse(query);
    struct visit v = {.library = l, .stop = stop};
    struct library_walk w = {.filter = filter, .each = visit_mark, .arg = &v};
    bool failed = false;
    while (!library_walk(l, &w, &failed))
        continue;
    assert_false(failed);
    filter_unref(filter);
    return v.n;
}

static void
a_walk_visits_all_that_match_once_in_steps(void **state)
{
    struct library *l = open_library(1 << 26);
    struct library_window w;
    uint64_t ids[100];
    for (int i = 0; i < 10000; i++)
        put(l, i % 2 ? "a.test" : "b.test");
    look(l, "mark:red", (struct library_query){.count = 1}, &w, ids);
    assert_int_equal(walk(l, "host:a.test", 0), 5000);
    assert_int_equal(walk(l, "host:b.test", 3), 3);
    assert_int_equal(walk(l, "host:none", 0), 0);
    look(l, "mark:red", (struct library_query){.count = 1}, &w, ids);
    assert_int_equal(w.end - w.first, 5003);
    library_free(l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_is_a_part_of_the_list_of_a_query),
        cmocka_unit_test(a_long_list_is_made_in_steps),
        cmocka_unit_test(lists_that_are_being_made_are_not_given_up),
        cmocka_unit_test(the_newest_can_come_first),
        cmocka_unit_test(pages_go_on_behind_a_cursor),
        cmocka_unit_test(a_list_grows_as_flows_come),
        cmocka_unit_test(what_is_known_already_is_said),
        cmocka_unit_test(flows_that_had_to_go_leave_the_lists),
        cmocka_unit_test(deleting_goes_by_id_and_by_query),
        cmocka_unit_test(many_are_deleted_in_steps),
        cmocka_unit_test(marks_move_a_flow_between_lists),
        cmocka_unit_test(the_list_that_was_not_asked_for_makes_room),
        cmocka_unit_test(who_watches_hears_once_a_batch),
        cmocka_unit_test(without_memory_a_list_is_made_again),
        cmocka_unit_test(a_walk_visits_all_that_match_once_in_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
