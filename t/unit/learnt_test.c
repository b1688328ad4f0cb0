/* Tests of proxy/learnt: by client and host, for a time, bounded, forgotten on request. */
#include "proxy/learnt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void
teach(struct learnt *l, uint64_t client, const char *host, uint64_t until)
{
    struct lesson lesson = {.client = client, .until = until, .why = "refused"};
    snprintf(lesson.host, sizeof lesson.host, "%s", host);
    learnt_put(l, &lesson);
}

static bool
knows(struct learnt *l, uint64_t client, const char *host, uint64_t now)
{
    struct lesson out;
    return learnt_get(l, client, slice_str(host), now, &out);
}

static void
count(void *arg, const struct lesson *lesson)
{
    (void)lesson;
    ++*(size_t *)arg;
}

static size_t
held(struct learnt *l, uint64_t now)
{
    size_t n = 0;
    learnt_each(l, now, count, &n);
    return n;
}

static void
a_lesson_is_for_one_client_and_host_and_a_time(void **state)
{
    struct learnt *l = learnt_new();
    teach(l, 1, "a.test", 100);
    assert_true(knows(l, 1, "a.test", 99));
    assert_false(knows(l, 2, "a.test", 99));
    assert_false(knows(l, 1, "b.test", 99));
    assert_false(knows(l, 1, "a.tes", 99));
    assert_false(knows(l, 1, "a.test", 100));
    assert_false(knows(l, 1, "a.test", 99)); /* it went when its time was over */
    learnt_free(l);
    (void)state;
}

static void
a_lesson_that_comes_again_counts_anew(void **state)
{
    struct learnt *l = learnt_new();
    struct lesson out;
    teach(l, 1, "a.test", 100);
    assert_true(knows(l, 1, "a.test", 1));
    assert_true(learnt_get(l, 1, SLICE("a.test"), 1, &out));
    assert_int_equal(out.times, 2);
    assert_string_equal(out.why, "refused");
    teach(l, 1, "a.test", 200);
    assert_true(learnt_get(l, 1, SLICE("a.test"), 150, &out));
    assert_int_equal(out.times, 1);
    assert_int_equal(held(l, 150), 1);
    learnt_free(l);
    (void)state;
}

static void
the_oldest_go_at_the_limit(void **state)
{
    struct learnt *l = learnt_new();
    for (uint64_t client = 0; client <= LEARNT_MAX; client++)
        teach(l, client, "a.test", 100);
    assert_int_equal(held(l, 1), LEARNT_MAX);
    assert_false(knows(l, 0, "a.test", 1));
    assert_true(knows(l, 1, "a.test", 1));
    assert_int_equal(held(l, 100), 0);
    learnt_free(l);
    (void)state;
}

static void
lessons_are_forgotten_on_request(void **state)
{
    struct learnt *l = learnt_new();
    struct lesson out;
    for (uint64_t client = 1; client <= 3; client++)
        teach(l, client, "a.test", 100);
    assert_true(learnt_get(l, 2, SLICE("a.test"), 1, &out));
    assert_int_equal(learnt_forget(l, out.id), 1);
    assert_int_equal(learnt_forget(l, out.id), 0);
    assert_false(knows(l, 2, "a.test", 1));
    assert_int_equal(learnt_forget(l, 0), 2);
    assert_int_equal(held(l, 1), 0);
    learnt_free(l);
    (void)state;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lesson_is_for_one_client_and_host_and_a_time),
        cmocka_unit_test(a_lesson_that_comes_again_counts_anew),
        cmocka_unit_test(the_oldest_go_at_the_limit),
        cmocka_unit_test(lessons_are_forgotten_on_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
