/* Tests of store/writer: every flow reaches every sink once, in order, from any thread. */
#include "store/writer.h"

#include "base/mem.h"
#include "base/thread.h"
#include "lib/flow_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define THREADS 4
#define EACH    500

struct sink {
    uint64_t ids[THREADS * EACH];
    unsigned flows, flushes;
    struct flow *kept;
};

static void
take_flow(void *arg, struct flow *f)
{
    struct sink *s = arg;
    s->ids[s->flows++] = f->id;
    if (!s->kept)
        s->kept = flow_ref(f);
}

static void
take_flush(void *arg)
{
    ((struct sink *)arg)->flushes++;
}

static struct writer *
start(struct sink *a, struct sink *b, size_t max)
{
    struct err e = {0};
    struct writer_sink sinks[] = {{take_flow, take_flush, a}, {take_flow, NULL, b}};
    struct writer *w =
        writer_start(&(struct writer_options){.sinks = sinks, .n_sinks = 2, .max = max}, &e);
    assert_non_null(w);
    return w;
}

static void
release(struct sink *s)
{
    flow_unref(s->kept);
}

static void
flows_arrive_in_order_at_every_sink(void **state)
{
    static struct sink a, b;
    uint64_t ids[100];
    struct writer *w = start(&a, &b, 1 << 20);
    struct outbox o = {0};
    for (int i = 0; i < 100; i++) {
        struct flow *f = flow_make_get("a.test", "/", "x", NULL);
        ids[i] = f->id;
        writer_put(w, &o, f);
        flow_unref(f);
    }
    writer_send(w, &o);
    assert_null(o.first);
    writer_stop(w);
    assert_int_equal(a.flows, 100);
    assert_int_equal(b.flows, 100);
    assert_true(a.flushes >= 1);
    assert_memory_equal(a.ids, ids, sizeof(ids));
    assert_memory_equal(b.ids, ids, sizeof(ids));
    assert_int_equal(atomic_load(&a.kept->refs), 2);
    release(&a);
    release(&b);
}

static void
put_many(void *arg)
{
    struct writer *w = arg;
    struct outbox o = {0};
    for (int i = 0; i < EACH; i++) {
        struct flow *f = flow_make_get("a.test", "/", "x", NULL);
        writer_put(w, &o, f);
        flow_unref(f);
        if (i % 3 == 0)
            writer_send(w, &o);
    }
    writer_send(w, &o);
    writer_send(w, &o); /* nothing is left */
}

static int
by_id(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return x < y ? -1 : x > y;
}

/* The mailbox holds a few flows only, so that all threads must wait. */
static void
many_threads_lose_nothing(void **state)
{
    static struct sink a, b;
    struct thread threads[THREADS];
    struct err e = {0};
    struct writer *w = start(&a, &b, 10000);
    for (int i = 0; i < THREADS; i++)
        assert_true(thread_start(&threads[i], "putter", put_many, w, &e));
    for (int i = 0; i < THREADS; i++)
        thread_join(&threads[i]);
    writer_stop(w);
    assert_int_equal(a.flows, THREADS * EACH);
    assert_memory_equal(a.ids, b.ids, sizeof(a.ids));
    qsort(a.ids, THREADS * EACH, sizeof(a.ids[0]), by_id);
    for (int i = 1; i < THREADS * EACH; i++)
        assert_true(a.ids[i] > a.ids[i - 1]);
    release(&a);
    release(&b);
}

static void
it_can_stop_without_a_flow(void **state)
{
    static struct sink a, b;
    writer_stop(start(&a, &b, 1000));
    assert_int_equal(a.flows + a.flushes, 0);
    writer_stop(NULL);
}

static void
note_thread(void *arg)
{
    *(pthread_t *)arg = pthread_self();
}

static void
jobs_run_on_the_thread_of_the_writer_without_a_flow(void **state)
{
    static struct sink a, b;
    pthread_t where = pthread_self();
    struct writer *w = start(&a, &b, 1000);
    assert_true(writer_run(w, note_thread, &where));
    writer_stop(w);
    assert_false(pthread_equal(where, pthread_self()));
}

struct gate {
    pthread_mutex_t lock;
    unsigned ran;
};

static void
pass_gate(void *arg)
{
    struct gate *g = arg;
    pthread_mutex_lock(&g->lock);
    g->ran++;
    pthread_mutex_unlock(&g->lock);
}

/* The first job is held up, so that the others must wait behind it. */
static void
jobs_are_bounded_and_all_that_were_taken_run(void **state)
{
    static struct sink a, b;
    struct gate g = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct writer *w = start(&a, &b, 1000);
    unsigned taken = 0;
    pthread_mutex_lock(&g.lock);
    while (taken < 3 * WRITER_JOBS_MAX && writer_run(w, pass_gate, &g))
        taken++;
    pthread_mutex_unlock(&g.lock);
    writer_settle(w);
    assert_int_equal(taken, WRITER_JOBS_MAX);
    assert_int_equal(g.ran, taken);
    writer_stop(w);
}

static void
a_job_without_memory_is_refused(void **state)
{
    static struct sink a, b;
    pthread_t where;
    struct writer *w = start(&a, &b, 1000);
    mem_fail_at(1);
    assert_false(writer_run(w, note_thread, &where));
    mem_fail_at(0);
    writer_stop(w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flows_arrive_in_order_at_every_sink),
        cmocka_unit_test(many_threads_lose_nothing),
        cmocka_unit_test(it_can_stop_without_a_flow),
        cmocka_unit_test(jobs_run_on_the_thread_of_the_writer_without_a_flow),
        cmocka_unit_test(jobs_are_bounded_and_all_that_were_taken_run),
        cmocka_unit_test(a_job_without_memory_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
