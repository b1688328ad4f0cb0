/* Threads, and the bounded mailbox between them. */
#include "base/thread.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

static void *
thread_main(void *arg)
{
    struct thread *t = arg;
    pthread_setname_np(pthread_self(), t->name);
    t->run(t->arg);
    return NULL;
}

bool
thread_start(struct thread *t, const char *name, void (*run)(void *), void *arg, struct err *e)
{
    *t = (struct thread){.run = run, .arg = arg};
    snprintf(t->name, sizeof(t->name), "%s", name);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_create(&t->id, NULL, thread_main, t);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status == 0 || err_errno(e, ERR_START, status, "cannot start thread '%s'", name);
}

void
thread_join(struct thread *t)
{
    pthread_join(t->id, NULL);
}

unsigned
thread_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    return MAX((unsigned)CPU_COUNT(&set), 1u);
}

struct mailbox {
    pthread_mutex_t lock; /* guards all of it */
    pthread_cond_t arrived, taken;
    struct mail *first, **end;
    size_t weight, max_weight;
    unsigned long waits;
    bool closed;
    bool woken; /* without a mail */
};

struct mailbox *
mailbox_new(size_t max_weight)
{
    struct mailbox *m = mem_zalloc(sizeof(*m));
    if (!m)
        return NULL;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->arrived, &monotonic);
    pthread_cond_init(&m->taken, NULL);
    pthread_condattr_destroy(&monotonic);
    m->end = &m->first;
    m->max_weight = max_weight;
    return m;
}

void
mailbox_free(struct mailbox *m)
{
    if (!m)
        return;
    assert(!m->first);
    pthread_cond_destroy(&m->arrived);
    pthread_cond_destroy(&m->taken);
    pthread_mutex_destroy(&m->lock);
    mem_free(m);
}

/* What is heavier than the whole limit still goes into an empty mailbox. */
static bool
is_full(const struct mailbox *m, size_t more)
{
    return m->first && !m->closed && (more > m->max_weight || m->weight > m->max_weight - more);
}

void
mailbox_put_all(struct mailbox *m, struct mail *first, struct mail *last, size_t weight)
{
    pthread_mutex_lock(&m->lock);
    assert(!m->closed);
    if (is_full(m, weight))
        m->waits++;
    while (is_full(m, weight))
        pthread_cond_wait(&m->taken, &m->lock);
    last->next = NULL;
    *m->end = first;
    m->end = &last->next;
    m->weight += weight;
    pthread_cond_signal(&m->arrived);
    pthread_mutex_unlock(&m->lock);
}

void
mailbox_put(struct mailbox *m, struct mail *mail)
{
    mailbox_put_all(m, mail, mail, mail->weight);
}

static void
wait_for_mail(struct mailbox *m, int wait_ms)
{
    uint64_t until = clock_mono() + (uint64_t)MAX(wait_ms, 0) * NS_PER_MS;
    struct timespec at = {(time_t)(until / NS_PER_S), (long)(until % NS_PER_S)};
    int status = 0;
    while (!m->first && !m->closed && !m->woken && status == 0)
        status = pthread_cond_timedwait(&m->arrived, &m->lock, &at);
}

struct mail *
mailbox_take(struct mailbox *m, int wait_ms)
{
    pthread_mutex_lock(&m->lock);
    if (!m->first && wait_ms > 0)
        wait_for_mail(m, wait_ms);
    struct mail *all = m->first;
    m->woken = false;
    m->first = NULL;
    m->end = &m->first;
    m->weight = 0;
    pthread_cond_broadcast(&m->taken);
    pthread_mutex_unlock(&m->lock);
    return all;
}

void
mailbox_wake(struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    m->woken = true;
    pthread_cond_signal(&m->arrived);
    pthread_mutex_unlock(&m->lock);
}

void
mailbox_close(struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    m->closed = true;
    pthread_cond_broadcast(&m->arrived);
    pthread_cond_broadcast(&m->taken);
    pthread_mutex_unlock(&m->lock);
}

bool
mailbox_closed(struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    bool closed = m->closed;
    pthread_mutex_unlock(&m->lock);
    return closed;
}

unsigned long
mailbox_waits(struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    unsigned long waits = m->waits;
    pthread_mutex_unlock(&m->lock);
    return waits;
}
