/* Tests of base/thread: threads, and the mailbox between them. */
#include "base/thread.h"

#include "base/mem.h"

#include <signal.h>
#include <stdatomic.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LONG_MS 60000 /* never waited for when the test is right */

struct seen {
    char name[16];
    bool blocked;
};

static void
look_around(void *arg)
{
    struct seen *seen = arg;
    sigset_t set;
    pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    seen->blocked = sigismember(&set, SIGINT) && sigismember(&set, SIGTERM);
}

static void
a_thread_has_a_name_and_no_signals(void **state)
{
    struct thread t;
    struct seen seen = {0};
    struct err e;
    assert_true(thread_start(&t, "a-rather-long-name", look_around, &seen, &e));
    thread_join(&t);
    assert_string_equal(seen.name, "a-rather-long-n");
    assert_true(seen.blocked);
    sigset_t set;
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    assert_false(sigismember(&set, SIGINT));
}

static void
there_is_a_core(void **state)
{
    assert_true(thread_cores() >= 1);
}

struct letter {
    struct mail mail;
    unsigned from, number;
};

static void
put_letter(struct mailbox *m, unsigned from, unsigned number, size_t weight)
{
    struct letter *l = mem_zalloc(sizeof(*l));
    assert_non_null(l);
    l->mail.weight = weight;
    l->from = from;
    l->number = number;
    mailbox_put(m, &l->mail);
}

/* Takes the first letter off the list and frees it. */
static struct letter
next_letter(struct mail **list)
{
    struct letter *l = container_of(*list, struct letter, mail), copy = *l;
    *list = l->mail.next;
    mem_free(l);
    return copy;
}

static void
mail_arrives_in_order(void **state)
{
    struct mailbox *m = mailbox_new(100);
    for (unsigned i = 0; i < 3; i++)
        put_letter(m, 0, i, 1);
    struct mail *all = mailbox_take(m, 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(next_letter(&all).number, i);
    assert_null(all);
    assert_null(mailbox_take(m, 0));
    assert_null(mailbox_take(m, 1));
    assert_int_equal(mailbox_waits(m), 0);
    mailbox_free(m);
}

static void
a_heavy_mail_goes_into_an_empty_mailbox(void **state)
{
    struct mailbox *m = mailbox_new(10);
    put_letter(m, 0, 7, 1000);
    struct mail *all = mailbox_take(m, 0);
    assert_int_equal(next_letter(&all).number, 7);
    assert_int_equal(mailbox_waits(m), 0);
    mailbox_free(m);
}

static void
a_closed_mailbox_gives_what_is_left_and_then_nothing(void **state)
{
    struct mailbox *m = mailbox_new(10);
    put_letter(m, 0, 1, 1);
    assert_false(mailbox_closed(m));
    mailbox_close(m);
    assert_true(mailbox_closed(m));
    struct mail *all = mailbox_take(m, LONG_MS);
    next_letter(&all);
    assert_null(mailbox_take(m, LONG_MS));
    mailbox_free(m);
}

static void
close_it(void *arg)
{
    mailbox_close(arg);
}

static void
closing_wakes_the_receiver(void **state)
{
    struct mailbox *m = mailbox_new(10);
    struct thread t;
    assert_true(thread_start(&t, "close", close_it, m, NULL));
    assert_null(mailbox_take(m, LONG_MS));
    assert_true(mailbox_closed(m));
    thread_join(&t);
    mailbox_free(m);
}

#define SENDERS 3
#define LETTERS 2000u

struct sender {
    struct thread thread;
    struct mailbox *to;
    unsigned id;
};

static void
send_letters(void *arg)
{
    struct sender *s = arg;
    for (unsigned i = 0; i < LETTERS; i++)
        put_letter(s->to, s->id, i, 1 + i % 5);
}

static void
start_senders(struct sender senders[SENDERS], struct mailbox *to)
{
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i].to = to;
        senders[i].id = i;
        assert_true(thread_start(&senders[i].thread, "send", send_letters, &senders[i], NULL));
    }
}

static void
nothing_is_lost_between_many_senders_and_one_receiver(void **state)
{
    struct mailbox *m = mailbox_new(20);
    struct sender senders[SENDERS];
    unsigned next[SENDERS] = {0}, total = 0;
    start_senders(senders, m);
    while (total < SENDERS * LETTERS) {
        struct mail *all = mailbox_take(m, LONG_MS);
        assert_non_null(all);
        for (size_t weight = 0; all; total++) {
            struct letter l = next_letter(&all);
            assert_int_equal(l.number, next[l.from]++);
            weight += l.mail.weight;
            assert_in_range(weight, 1, 20);
        }
    }
    for (unsigned i = 0; i < SENDERS; i++)
        thread_join(&senders[i].thread);
    assert_null(mailbox_take(m, 0));
    mailbox_free(m);
}

static void
fill_up(void *arg)
{
    put_letter(arg, 0, 1, 10);
    put_letter(arg, 0, 2, 10);
}

static void
a_full_mailbox_makes_the_sender_wait(void **state)
{
    struct mailbox *m = mailbox_new(10);
    struct thread t;
    assert_true(thread_start(&t, "fill", fill_up, m, NULL));
    while (mailbox_waits(m) == 0)
        sched_yield();
    struct mail *all = mailbox_take(m, LONG_MS);
    assert_int_equal(next_letter(&all).number, 1);
    assert_null(all);
    all = mailbox_take(m, LONG_MS);
    assert_int_equal(next_letter(&all).number, 2);
    thread_join(&t);
    assert_int_equal(mailbox_waits(m), 1);
    mailbox_free(m);
}

static void
closing_lets_a_waiting_sender_finish(void **state)
{
    struct mailbox *m = mailbox_new(10);
    struct thread t;
    assert_true(thread_start(&t, "fill", fill_up, m, NULL));
    while (mailbox_waits(m) == 0)
        sched_yield();
    mailbox_close(m);
    thread_join(&t);
    struct mail *all = mailbox_take(m, 0);
    assert_int_equal(next_letter(&all).number, 1);
    assert_int_equal(next_letter(&all).number, 2);
    assert_null(all);
    mailbox_free(m);
}

static void
without_memory_there_is_no_mailbox(void **state)
{
    mem_fail_at(1);
    assert_null(mailbox_new(10));
    mem_fail_at(0);
    mailbox_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_has_a_name_and_no_signals),
        cmocka_unit_test(there_is_a_core),
        cmocka_unit_test(mail_arrives_in_order),
        cmocka_unit_test(a_heavy_mail_goes_into_an_empty_mailbox),
        cmocka_unit_test(a_closed_mailbox_gives_what_is_left_and_then_nothing),
        cmocka_unit_test(closing_wakes_the_receiver),
        cmocka_unit_test(nothing_is_lost_between_many_senders_and_one_receiver),
        cmocka_unit_test(a_full_mailbox_makes_the_sender_wait),
        cmocka_unit_test(closing_lets_a_waiting_sender_finish),
        cmocka_unit_test(without_memory_there_is_no_mailbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
