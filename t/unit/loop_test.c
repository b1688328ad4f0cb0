/* Tests of io/loop.c and io/timer.c. */
#include "io/loop.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "io/loop_uv.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop *
new_loop(void)
{
    struct err e;
    struct loop *l = loop_new(&e);
    assert_non_null(l);
    return l;
}

/* What happened, in order. */
struct journal {
    char text[64];
    struct loop *loop;
    struct timer *timer;
    unsigned count;
};

static void
note(struct journal *j, char c)
{
    size_t n = strlen(j->text);
    if (n + 1 < sizeof(j->text))
        j->text[n] = c;
}

static void
note_a(void *arg)
{
    note(arg, 'a');
}

static void
note_b(void *arg)
{
    note(arg, 'b');
}

static void
note_c(void *arg)
{
    note(arg, 'c');
}

static void
test_a_loop_with_nothing_to_do_ends(void **state)
{
    struct loop *l = new_loop();
    loop_run(l);
    loop_free(l);
}

static void
test_a_loop_can_be_made_or_says_why_not(void **state)
{
    struct err e = {0};
    for (unsigned long nth = 1; nth <= 2; nth++) {
        mem_fail_at(nth);
        assert_null(loop_new(&e));
        mem_fail_at(0);
        assert_int_not_equal(e.code, ERR_NONE);
    }
}

static void
test_posted_calls_run_in_order(void **state)
{
    struct journal j = {0};
    struct loop *l = new_loop();
    assert_true(loop_post(l, note_a, &j));
    assert_true(loop_post(l, note_b, &j));
    assert_true(loop_post(l, note_c, &j));
    loop_run(l);
    assert_string_equal(j.text, "abc");
    loop_free(l);
}

static void
post_again(void *arg)
{
    struct journal *j = arg;
    note(j, 'x');
    assert_true(loop_post(j->loop, note_a, j));
}

static void
test_a_posted_call_may_post(void **state)
{
    struct journal j = {.loop = new_loop()};
    assert_true(loop_post(j.loop, post_again, &j));
    loop_run(j.loop);
    assert_string_equal(j.text, "xa");
    loop_free(j.loop);
}

static void
test_posting_fails_without_memory(void **state)
{
    struct loop *l = new_loop();
    mem_fail_at(1);
    assert_false(loop_post(l, note_a, NULL));
    mem_fail_at(0);
    loop_free(l);
}

static void
test_calls_that_never_ran_are_dropped_with_the_loop(void **state)
{
    struct journal j = {0};
    struct loop *l = new_loop();
    assert_true(loop_post(l, note_a, &j));
    loop_free(l);
    assert_string_equal(j.text, "");
}

static void
count_one(void *arg)
{
    struct journal *j = arg;
    j->count++;
}

static void
post_from_thread(void *arg)
{
    struct journal *j = arg;
    for (int i = 0; i < 1000; i++)
        if (!loop_post(j->loop, count_one, j))
            return;
    loop_stop(j->loop);
}

static void
never(void *arg)
{
    fail_msg("this must not be called");
}

static void
test_another_thread_posts_and_stops(void **state)
{
    struct journal j = {.loop = new_loop()};
    struct timer *far = timer_new(j.loop, never, NULL);
    struct thread t;
    struct err e;
    timer_set(far, loop_now(j.loop) + 3600 * NS_PER_S);
    assert_true(thread_start(&t, "poster", post_from_thread, &j, &e));
    loop_run(j.loop);
    thread_join(&t);
    assert_int_equal(j.count, 1000);
    timer_free(far);
    loop_free(j.loop);
}

static void
test_a_stop_before_the_run_is_not_lost(void **state)
{
    struct loop *l = new_loop();
    struct timer *far = timer_new(l, never, NULL);
    timer_set(far, loop_now(l) + 3600 * NS_PER_S);
    loop_stop(l);
    loop_run(l);
    timer_free(far);
    loop_free(l);
}

static void
test_timers_fire_in_the_order_of_their_times(void **state)
{
    struct journal j = {0};
    struct loop *l = new_loop();
    struct timer *a = timer_new(l, note_a, &j), *b = timer_new(l, note_b, &j),
                 *c = timer_new(l, note_c, &j);
    uint64_t now = loop_now(l);
    timer_set(c, now + 3);
    timer_set(a, now + 1);
    timer_set(b, now + 2);
    loop_run(l);
    assert_string_equal(j.text, "abc");
    timer_free(a);
    timer_free(b);
    timer_free(c);
    loop_free(l);
}

static void
test_a_timer_moves_both_ways_and_fires_once(void **state)
{
    struct journal j = {0};
    struct loop *l = new_loop();
    struct timer *a = timer_new(l, note_a, &j), *b = timer_new(l, note_b, &j),
                 *c = timer_new(l, note_c, &j);
    uint64_t now = loop_now(l);
    timer_set(a, now + 1);
    timer_set(a, now + 3 * NS_PER_MS); /* later: lazily */
    timer_set(b, now + 3600 * NS_PER_S);
    timer_set(b, now + 2 * NS_PER_MS); /* earlier */
    timer_set(c, now + NS_PER_MS);
    loop_run(l);
    assert_string_equal(j.text, "cba");
    loop_run(l);
    assert_string_equal(j.text, "cba");
    timer_free(a);
    timer_free(b);
    timer_free(c);
    loop_free(l);
}

static void
test_a_stopped_timer_is_silent_and_keeps_nothing_alive(void **state)
{
    struct loop *l = new_loop();
    struct timer *t = timer_new(l, never, NULL);
    timer_set(t, 0);
    timer_set(t, loop_now(l) + 3600 * NS_PER_S);
    timer_set(t, 0);
    loop_run(l);
    timer_free(t);
    timer_free(NULL);
    loop_free(l);
}

static void
test_a_timer_may_be_freed_after_its_loop(void **state)
{
    struct loop *l = new_loop();
    struct timer *a = timer_new(l, never, NULL), *b = timer_new(l, never, NULL);
    timer_set(a, loop_now(l) + NS_PER_S);
    timer_set(a, 0);
    loop_free(l);
    timer_free(a);
    timer_free(b);
}

static void
free_own_timer(void *arg)
{
    struct journal *j = arg;
    note(j, 'f');
    timer_free(j->timer);
}

static void
test_a_timer_may_be_freed_by_its_own_call(void **state)
{
    struct journal j = {.loop = new_loop()};
    j.timer = timer_new(j.loop, free_own_timer, &j);
    timer_set(j.timer, 1);
    loop_run(j.loop);
    assert_string_equal(j.text, "f");
    loop_free(j.loop);
}

/* Sets itself to a time that is long past, so that a heap without care would never leave its loop.
 */
static void
again_in_the_past(void *arg)
{
    struct journal *j = arg;
    note(j, 't');
    timer_set(j->timer, j->count++ < 3 ? 1 : 0);
    assert_true(loop_post(j->loop, note_a, j));
}

static void
test_a_timer_that_is_always_due_leaves_room_for_others(void **state)
{
    struct journal j = {.loop = new_loop()};
    j.timer = timer_new(j.loop, again_in_the_past, &j);
    timer_set(j.timer, 1);
    loop_run(j.loop);
    assert_string_equal(j.text, "tatatata");
    timer_free(j.timer);
    loop_free(j.loop);
}

#define MANY 500

struct entry {
    struct timer *timer;
    uint64_t at;
    uint64_t *last;
    unsigned *fired;
};

static void
check_order(void *arg)
{
    struct entry *en = arg;
    assert_true(en->at >= *en->last);
    *en->last = en->at;
    ++*en->fired;
}

static void
test_many_timers_moved_and_freed_at_random_keep_their_order(void **state)
{
    static struct entry all[MANY];
    uint64_t last = 0, x = 12345;
    unsigned fired = 0, expected = 0;
    struct loop *l = new_loop();
    for (size_t i = 0; i < MANY; i++) {
        all[i] = (struct entry){.last = &last, .fired = &fired};
        all[i].timer = timer_new(l, check_order, &all[i]);
        assert_non_null(all[i].timer);
    }
    uint64_t now = loop_now(l);
    for (size_t i = 0; i < MANY * 8; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        struct entry *en = &all[(x >> 33) % MANY];
        en->at = (x >> 40) % 5 == 0 ? 0 : now + 1 + (x >> 35) % 1000000;
        timer_set(en->timer, en->at);
        if ((x >> 50) % 3 == 0) {
            timer_free(en->timer);
            en->timer = timer_new(l, check_order, en);
            en->at = 0;
        }
    }
    for (size_t i = 0; i < MANY; i++)
        expected += all[i].at != 0;
    loop_run(l);
    assert_int_equal(fired, expected);
    assert_true(expected > MANY / 4);
    for (size_t i = 0; i < MANY; i++)
        timer_free(all[i].timer);
    loop_free(l);
}

static void
test_a_timer_needs_memory(void **state)
{
    struct loop *l = new_loop();
    for (unsigned long nth = 1; nth <= 2; nth++) {
        mem_fail_at(nth);
        assert_null(timer_new(l, never, NULL));
    }
    mem_fail_at(0);
    loop_free(l);
}

static void
owe_b(void *arg)
{
    struct journal *j = arg;
    note(j, 'x');
    static struct soon b;
    b = (struct soon){.fn = note_b, .arg = j};
    loop_soon(j->loop, &b);
}

static void
test_owed_calls_are_made_once_and_can_be_withdrawn(void **state)
{
    struct journal j = {.loop = new_loop()};
    struct soon a = {.fn = note_a, .arg = &j}, x = {.fn = owe_b, .arg = &j}, c = {.fn = never};
    loop_soon(j.loop, &a);
    loop_soon(j.loop, &a);
    loop_soon(j.loop, &c);
    loop_soon(j.loop, &x);
    loop_soon_cancel(&c);
    loop_soon_cancel(&c);
    loop_run(j.loop);
    assert_string_equal(j.text, "axb");
    loop_free(j.loop);
}

static void
check_clock(void *arg)
{
    struct journal *j = arg;
    uint64_t mono = loop_now(j->loop), wall = loop_wall(j->loop);
    assert_true(mono <= clock_mono());
    assert_true(wall != 0);
    while (clock_mono() <= mono + NS_PER_MS)
        ;
    /* The clock of a round stands still. */
    assert_true(loop_now(j->loop) == mono);
    assert_true(loop_wall(j->loop) == wall);
    note(j, 'k');
}

static void
test_the_clock_is_read_once_a_round(void **state)
{
    struct journal j = {.loop = new_loop()};
    struct timer *t = timer_new(j.loop, check_clock, &j);
    uint64_t before = loop_now(j.loop);
    timer_set(t, before + 1);
    loop_run(j.loop);
    assert_string_equal(j.text, "k");
    assert_true(loop_now(j.loop) > before);
    timer_free(t);
    loop_free(j.loop);
}

static void
test_work_runs_elsewhere_and_ends_here(void **state)
{
    struct journal j = {0};
    struct loop *l = new_loop();
    assert_true(loop_work(l, note_a, note_b, &j));
    loop_run(l);
    assert_string_equal(j.text, "ab");
    mem_fail_at(1);
    assert_false(loop_work(l, note_a, note_b, &j));
    mem_fail_at(0);
    loop_free(l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_loop_with_nothing_to_do_ends),
        cmocka_unit_test(test_a_loop_can_be_made_or_says_why_not),
        cmocka_unit_test(test_posted_calls_run_in_order),
        cmocka_unit_test(test_a_posted_call_may_post),
        cmocka_unit_test(test_posting_fails_without_memory),
        cmocka_unit_test(test_calls_that_never_ran_are_dropped_with_the_loop),
        cmocka_unit_test(test_another_thread_posts_and_stops),
        cmocka_unit_test(test_a_stop_before_the_run_is_not_lost),
        cmocka_unit_test(test_timers_fire_in_the_order_of_their_times),
        cmocka_unit_test(test_a_timer_moves_both_ways_and_fires_once),
        cmocka_unit_test(test_a_stopped_timer_is_silent_and_keeps_nothing_alive),
        cmocka_unit_test(test_a_timer_may_be_freed_after_its_loop),
        cmocka_unit_test(test_a_timer_may_be_freed_by_its_own_call),
        cmocka_unit_test(test_a_timer_that_is_always_due_leaves_room_for_others),
        cmocka_unit_test(test_many_timers_moved_and_freed_at_random_keep_their_order),
        cmocka_unit_test(test_a_timer_needs_memory),
        cmocka_unit_test(test_owed_calls_are_made_once_and_can_be_withdrawn),
        cmocka_unit_test(test_the_clock_is_read_once_a_round),
        cmocka_unit_test(test_work_runs_elsewhere_and_ends_here),
    };
    alarm(120); /* A test that hangs fails. */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
