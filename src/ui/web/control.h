/*
 * The control API: a thread with a loop of its own, which serves HTTP on a TCP address and on a
 * local socket. A handler (a row of ui/web/route_list.h) runs on this thread and finds here what it
 * may work with.
 *
 * A handler must not wait. What takes milliseconds goes to loop_work; what belongs to another
 * thread is done there, and answered later:
 *
 *     static void
 *     on_done(void *arg)                         on this thread again
 *     {
 *         struct thing *t = arg;                 in t->call->arena
 *         if (t->work.refused)
 *             call_fail(t->call, 503, "ending", "the program is ending");
 *         ... writes to t->call->json ...
 *         call_done(t->call);                    the answer leaves, the reference is given back
 *     }
 *
 *     call_ref(call);                            the handler: its client may leave meanwhile
 *     t->work = (struct control_work){.run = run_thing, .done = on_done, .arg = t};
 *     control_work(call->control, &t->work);     run_thing(t) on the main thread
 *     return CALL_WAIT;
 *
 * The main thread is the one that may reload the engine. For other threads a handler hands the work
 * over by their own means, and these end with control_answer(control, &t->work).
 */
#pragma once

#include "base/err.h"
#include "base/list.h"
#include "base/thread.h"
#include "flow/body.h"
#include "io/loop.h"

#include <stdatomic.h>
#include <stdint.h>

struct args;
struct buf;
struct config;
struct gate;
struct hub;
struct journal;
struct library;
struct listener;
struct moment;
struct option;
struct proxy;
struct replay;
struct rulebook;
struct settings_texts;
struct setup;
struct ssl_ctx_st;
struct writer;

/* Something that is done on another thread; embedded in what the handler keeps. Untouched by the
 * handler until 'done'. */
struct control_work {
    struct list node;
    void (*run)(void *arg);  /* on the main thread */
    void (*done)(void *arg); /* on the control thread */
    void *arg;
    bool refused; /* 'run' was not called: the program is ending */
};

/* What the API stands on. All of it is borrowed, and outlives the control. */
struct control_options {
    const struct config *config;
    const struct args *args; /* the options of the command line */
    struct proxy *proxy;
    struct rulebook *rulebook;
    struct library *library; /* of the writer's thread */
    /* Has w->run called on the main thread, or sets w->refused; then control_answer. */
    void (*post)(void *host, struct control_work *w);
    /* Main thread: gives an option another value. */
    bool (*change)(void *host, const struct option *o, const struct settings_texts *texts,
                   struct err *e);
    /* So, too: several, as the text of a config file says. */
    bool (*merge)(void *host, struct slice text, struct err *e);
    /* So, too: the option, or each for NULL, is as command line, environment and file say. */
    bool (*restore)(void *host, const struct option *o, struct err *e);
    void *host;
};

#define CONTROL_LISTENERS_MAX 2

struct control {
    struct control_options given;
    struct config *config; /* the newest, as this thread knows it: a reference */
    struct writer *writer; /* once started */
    struct loop *loop;
    struct thread thread;
    bool running;
    struct listener *listeners[CONTROL_LISTENERS_MAX];
    unsigned n_listeners;
    struct setup *setup;     /* the limits and the authority: a reference */
    struct ssl_ctx_st *tls;  /* NULL: plain HTTP */
    struct gate *gate;       /* who may come in */
    struct journal *audit;   /* who has done what */
    struct journal *events;  /* what the program said about itself */
    struct budget budget;    /* for what flows of this thread keep: nothing */
    struct list feeds;       /* see ui/web/feed.h */
    struct hub *hub;         /* see ui/web/hearing.h */
    atomic_bool feeds_woken; /* they will look at the library */
    struct list visits;      /* connections */
    unsigned n_visits;
    unsigned long n_calls; /* answered */
    uint64_t started;      /* wall clock */
    unsigned hashing;      /* passwords that are being looked at */
    struct timer *orphans; /* see orphans.h; NULL until needed */
    struct replay *replay; /* see replay.h; so, too */
    pthread_mutex_t lock;  /* guards the two below */
    struct list answers;   /* struct control_work: 'done' is owed */
    struct config *fresh;  /* not yet seen by this thread: a reference, or NULL */
    char address[64];      /* where it listens, "127.0.0.1:8081" */
};

/* Binds the listeners, keeps the configuration, and has the engine shun them; starts nothing. NULL
 * with a sentence. */
struct control *control_new(const struct control_options *o, struct err *e) MUST_CHECK;
/* Begins to serve. The writer is borrowed. */
bool control_start(struct control *c, struct writer *w, struct err *e) MUST_CHECK;
/* "https://127.0.0.1:8081/#token=...", for the person at the terminal alone. */
void control_url(const struct control *c, struct buf *out);
/* The configuration has changed. Any thread. */
void control_adopt(struct control *c, const struct config *config);
/* Ends the thread and closes the connections. Work that is under way must still be answered. NULL
 * is allowed. */
void control_stop(struct control *c);
/* After control_stop, when no work is under way any more. NULL is allowed. */
void control_free(struct control *c);

/* It happens now, not in the engine but here. Any thread. */
void control_tell(struct control *c, struct moment *m);
/* Has w->run called on the main thread, then w->done on this one. */
void control_work(struct control *c, struct control_work *w);
/* The work is done: has w->done called on the control thread. Any thread. */
void control_answer(struct control *c, struct control_work *w);
