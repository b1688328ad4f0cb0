/* The writer's thread and its mailbox. */
#include "store/writer.h"

#include "base/mem.h"
#include "base/thread.h"

#include <assert.h>

/* Bytes of flows that gather in an outbox at most. */
#define OUTBOX_MAX ((size_t)1 << 20)

/* Only says how long an idle thread sleeps: a mail wakes it. */
#define WAIT_MS 60000

/* Something to do that is no flow. */
struct job {
    struct job *next;
    void (*fn)(void *arg);
    void *arg;
};

struct writer {
    struct thread thread;
    struct mailbox *mailbox;
    struct writer_sink sinks[WRITER_SINKS_MAX];
    unsigned n_sinks;
    pthread_mutex_t lock; /* guards the jobs */
    pthread_cond_t settled;
    struct job *jobs, **jobs_end;
    unsigned n_jobs; /* that were asked for and have not run */
};

static void
writer_batch(struct writer *w, struct mail *mail)
{
    for (struct mail *next; mail; mail = next) {
        next = mail->next;
        struct flow *f = container_of(mail, struct flow, mail);
        for (unsigned i = 0; i < w->n_sinks; i++)
            w->sinks[i].flow(w->sinks[i].arg, f);
        flow_unref(f);
    }
    for (unsigned i = 0; i < w->n_sinks; i++)
        if (w->sinks[i].flush)
            w->sinks[i].flush(w->sinks[i].arg);
}

bool
writer_run(struct writer *w, void (*fn)(void *arg), void *arg)
{
    struct job *job = mem_alloc(sizeof *job);
    if (!job)
        return false;
    *job = (struct job){.fn = fn, .arg = arg};
    pthread_mutex_lock(&w->lock);
    bool room = w->n_jobs < WRITER_JOBS_MAX;
    if (room) {
        *w->jobs_end = job;
        w->jobs_end = &job->next;
        w->n_jobs++;
    }
    pthread_mutex_unlock(&w->lock);
    if (room)
        mailbox_wake(w->mailbox);
    else
        mem_free(job);
    return room;
}

static struct job *
jobs_take(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    struct job *jobs = w->jobs;
    w->jobs = NULL;
    w->jobs_end = &w->jobs;
    pthread_mutex_unlock(&w->lock);
    return jobs;
}

static void
writer_jobs(struct writer *w)
{
    for (struct job *job = jobs_take(w), *next; job; job = next) {
        next = job->next;
        job->fn(job->arg);
        mem_free(job);
        pthread_mutex_lock(&w->lock);
        if (--w->n_jobs == 0)
            pthread_cond_broadcast(&w->settled);
        pthread_mutex_unlock(&w->lock);
    }
}

void
writer_settle(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    while (w->n_jobs)
        pthread_cond_wait(&w->settled, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

static void
writer_main(void *arg)
{
    struct writer *w = arg;
    bool closed;
    do {
        /* Asked first: what was put before it was closed is then in what is taken. */
        closed = mailbox_closed(w->mailbox);
        struct mail *mail = mailbox_take(w->mailbox, closed ? 0 : WAIT_MS);
        if (mail)
            writer_batch(w, mail);
        writer_jobs(w);
    } while (!closed);
    while (w->jobs)
        writer_jobs(w);
}

static void
writer_free(struct writer *w)
{
    pthread_cond_destroy(&w->settled);
    pthread_mutex_destroy(&w->lock);
    mailbox_free(w->mailbox);
    mem_free(w);
}

struct writer *
writer_start(const struct writer_options *o, struct err *e)
{
    assert(o->n_sinks <= WRITER_SINKS_MAX);
    struct writer *w = mem_zalloc(sizeof(*w));
    if (w)
        w->mailbox = mailbox_new(o->max);
    if (!w || !w->mailbox) {
        mem_free(w);
        err_memory(e);
        return NULL;
    }
    for (unsigned i = 0; i < o->n_sinks; i++)
        w->sinks[i] = o->sinks[i];
    w->n_sinks = o->n_sinks;
    w->jobs_end = &w->jobs;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->settled, NULL);
    if (thread_start(&w->thread, "writer", writer_main, w, e))
        return w;
    writer_free(w);
    return NULL;
}

void
writer_send(struct writer *w, struct outbox *o)
{
    if (o->first)
        mailbox_put_all(w->mailbox, o->first, o->last, o->weight);
    *o = (struct outbox){0};
}

void
writer_put(struct writer *w, struct outbox *o, struct flow *f)
{
    struct mail *mail = &flow_ref(f)->mail;
    *mail = (struct mail){.weight = flow_memory(f)};
    if (o->last)
        o->last->next = mail;
    else
        o->first = mail;
    o->last = mail;
    o->n++;
    o->weight += mail->weight;
    if (o->weight >= OUTBOX_MAX)
        writer_send(w, o);
}

void
writer_stop(struct writer *w)
{
    if (!w)
        return;
    mailbox_close(w->mailbox);
    thread_join(&w->thread);
    writer_free(w);
}
