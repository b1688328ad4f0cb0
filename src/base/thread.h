/* Threads, and the bounded mailbox between them. */
#pragma once

#include "base/base.h"
#include "base/err.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct thread {
    pthread_t id;
    void (*run)(void *arg);
    void *arg;
    char name[16];
};

/* The struct must outlive the thread. All signals are blocked in it. */
bool thread_start(struct thread *t, const char *name, void (*run)(void *), void *arg,
                  struct err *e) MUST_CHECK;
void thread_join(struct thread *t);
unsigned thread_cores(void);

/*
 * Many senders, one receiver. Bounded by the sum of the weights of what it holds: mailbox_put waits
 * when it is full (back-pressure, nothing is lost) and counts how often.
 */
struct mail {
    struct mail *next;
    size_t weight;
};
struct mailbox;

struct mailbox *mailbox_new(size_t max_weight) MUST_CHECK;
/* Nobody may be inside any more; what is left must have been taken. */
void mailbox_free(struct mailbox *m);
/* Takes the mail. */
void mailbox_put(struct mailbox *m, struct mail *mail);
/* Takes a list of mails, linked by 'next', that weigh so much together. */
void mailbox_put_all(struct mailbox *m, struct mail *first, struct mail *last, size_t weight);
/* All that is there, oldest first; waits up to 'wait_ms' for the first. NULL after the time, or at
 * once when closed and empty. */
struct mail *mailbox_take(struct mailbox *m, int wait_ms);
/* Ends one waiting of the receiver, this one or the next. Any thread, never waits. */
void mailbox_wake(struct mailbox *m);
/* Wakes the receiver; nothing may be put after. */
void mailbox_close(struct mailbox *m);
bool mailbox_closed(struct mailbox *m);
unsigned long mailbox_waits(struct mailbox *m);
