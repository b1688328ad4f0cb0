/* The writer's thread and its mailbox. */
#include "store/writer.h"

#include "base/mem.h"
#include "base/thread.h"

#include <assert.h>

/* Bytes of flows that gather in an outbox at most. */
#define OUTBOX_MAX ((size_t)1 << 20)

/* Only says how long an idle thread sleeps: a mail wakes it. */
#define WAIT_MS 60000

struct writer {
    struct thread thread;
    struct mailbox *mailbox;
    struct writer_sink sinks[WRITER_SINKS_MAX];
    unsigned n_sinks;
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

static void
writer_run(void *arg)
{
    struct writer *w = arg;
    bool closed;
    do {
        /* Asked first: what was put before it was closed is then in what is taken. */
        closed = mailbox_closed(w->mailbox);
        struct mail *mail = mailbox_take(w->mailbox, closed ? 0 : WAIT_MS);
        if (mail)
            writer_batch(w, mail);
    } while (!closed);
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
    if (thread_start(&w->thread, "writer", writer_run, w, e))
        return w;
    mailbox_free(w->mailbox);
    mem_free(w);
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
    mailbox_free(w->mailbox);
    mem_free(w);
}
