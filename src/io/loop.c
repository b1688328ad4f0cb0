/* One event loop over libuv: clocks, posted calls, work for the pool. */
#include "io/loop.h"

#include "base/clock.h"
#include "base/mem.h"
#include "io/loop_uv.h"
#include "io/pipe.h"
#include "io/resolver.h"
#include "io/stream.h"
#include "io/timer.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <uv.h>

struct post {
    struct post *next;
    void (*fn)(void *arg);
    void *arg;
};

struct work {
    uv_work_t uv;
    void (*work)(void *arg);
    void (*done)(void *arg);
    void *arg;
};

struct round {
    uint64_t now, wall;
    bool read;
};

struct loop {
    uv_loop_t uv;
    uv_async_t wake;
    uv_prepare_t prepare; /* before the loop waits */
    uv_idle_t idle;       /* runs while 'soon' holds something */
    struct turn turn;
    struct timers *timers;
    struct pipes pipes;
    struct resolver *resolver; /* NULL until asked for */
    void (*before_wait)(void *arg);
    void *before_wait_arg;
    struct list soon;
    struct round
        *round; /* &clocks: they are read when first asked for, also through a const loop */
    struct round clocks;
    pthread_mutex_t lock; /* guards 'first' and 'last' */
    struct post *first, *last;
    atomic_bool stop;
    char buffer[LOOP_BUFFER];
};

struct uv_loop_s *
loop_uv(struct loop *l)
{
    return &l->uv;
}

struct timers *
loop_timers(struct loop *l)
{
    return l->timers;
}

struct pipes *
loop_pipes(struct loop *l)
{
    return &l->pipes;
}

char *
loop_buffer(struct loop *l)
{
    return l->buffer;
}

struct turn *
loop_turn(struct loop *l)
{
    return &l->turn;
}

struct resolver *
loop_resolver(struct loop *l, struct err *e)
{
    if (!l->resolver)
        l->resolver = resolver_new(l, e);
    return l->resolver;
}

/* Clocks ----------------------------------------------------------------------------------- */

static const struct round *
round_read(struct round *r)
{
    if (!r->read)
        *r = (struct round){.now = clock_mono(), .wall = clock_wall(), .read = true};
    return r;
}

uint64_t
loop_now(const struct loop *l)
{
    return round_read(l->round)->now;
}

uint64_t
loop_wall(const struct loop *l)
{
    return round_read(l->round)->wall;
}

void
loop_new_round(struct loop *l)
{
    l->round->read = false;
}

static void
on_prepare(uv_prepare_t *uv)
{
    struct loop *l = container_of(uv, struct loop, prepare);
    loop_new_round(l);
    if (l->before_wait)
        l->before_wait(l->before_wait_arg);
}

void
loop_before_wait(struct loop *l, void (*fn)(void *arg), void *arg)
{
    l->before_wait = fn;
    l->before_wait_arg = arg;
}

/* Calls that are owed ----------------------------------------------------------------------- */

static void
on_idle(uv_idle_t *uv)
{
    struct loop *l = container_of(uv, struct loop, idle);
    struct list due;
    /* 'due' takes the place of the head; what is owed from now on waits for the next round. */
    list_add_after(&l->soon, &due);
    list_remove(&l->soon);
    while (!list_empty(&due)) {
        struct soon *s = container_of(due.next, struct soon, node);
        loop_soon_cancel(s);
        s->fn(s->arg);
    }
    if (list_empty(&l->soon))
        uv_idle_stop(uv);
}

void
loop_soon(struct loop *l, struct soon *s)
{
    if (s->owed)
        return;
    s->owed = true;
    list_push(&l->soon, &s->node);
    uv_idle_start(&l->idle, on_idle);
}

void
loop_soon_cancel(struct soon *s)
{
    if (!s->owed)
        return;
    s->owed = false;
    list_remove(&s->node);
}

/* Posted calls ------------------------------------------------------------------------------ */

static struct post *
posts_take(struct loop *l)
{
    pthread_mutex_lock(&l->lock);
    struct post *first = l->first;
    l->first = l->last = NULL;
    pthread_mutex_unlock(&l->lock);
    return first;
}

static bool
posts_run(struct loop *l)
{
    struct post *p = posts_take(l), *next;
    bool any = p != NULL;
    for (; p; p = next) {
        next = p->next;
        p->fn(p->arg);
        mem_free(p);
    }
    return any;
}

static void
on_wake(uv_async_t *uv)
{
    struct loop *l = container_of(uv, struct loop, wake);
    posts_run(l);
    if (atomic_load(&l->stop))
        uv_stop(&l->uv);
}

bool
loop_post(struct loop *l, void (*fn)(void *arg), void *arg)
{
    struct post *p = mem_alloc(sizeof(*p));
    if (!p)
        return false;
    *p = (struct post){.fn = fn, .arg = arg};
    pthread_mutex_lock(&l->lock);
    if (l->last)
        l->last->next = p;
    else
        l->first = p;
    l->last = p;
    /* Under the lock, so that the loop cannot run the call, end and be freed before it was woken.
     */
    uv_async_send(&l->wake);
    pthread_mutex_unlock(&l->lock);
    return true;
}

void
loop_stop(struct loop *l)
{
    atomic_store(&l->stop, true);
    uv_async_send(&l->wake);
}

/* Life -------------------------------------------------------------------------------------- */

static struct loop *
loop_alloc(void)
{
    struct loop *l = mem_zalloc(sizeof(*l));
    if (!l)
        return NULL;
    turn_init(&l->turn, stream_flush);
    list_init(&l->soon);
    l->round = &l->clocks;
    pthread_mutex_init(&l->lock, NULL);
    /* A peer that has gone is an error of the write, not the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    return l;
}

static void
loop_discard(struct loop *l)
{
    turn_trim(&l->turn);
    pipes_release(&l->pipes);
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
}

struct loop *
loop_new(struct err *e)
{
    struct loop *l = loop_alloc();
    int r = l ? uv_loop_init(&l->uv) : UV_ENOMEM;
    if (r == 0 && (r = uv_async_init(&l->uv, &l->wake, on_wake)) != 0)
        uv_loop_close(&l->uv);
    if (r != 0) {
        if (l)
            loop_discard(l);
        err_set(e, ERR_START, "cannot make an event loop: %s", uv_strerror(r));
        return NULL;
    }
    uv_prepare_init(&l->uv, &l->prepare);
    uv_prepare_start(&l->prepare, on_prepare);
    uv_idle_init(&l->uv, &l->idle);
    uv_unref((uv_handle_t *)&l->wake);
    uv_unref((uv_handle_t *)&l->prepare);
    l->timers = timers_new(l);
    if (!l->timers) {
        loop_free(l);
        err_memory(e);
        return NULL;
    }
    return l;
}

static void
check_closing(uv_handle_t *uv, void *arg)
{
    (void)arg;
    assert(uv_is_closing(uv));
}

void
loop_free(struct loop *l)
{
    struct post *post, *rest = posts_take(l);
    while ((post = rest)) {
        rest = post->next;
        mem_free(post);
    }
    if (l->resolver)
        resolver_free(l->resolver);
    if (l->timers)
        timers_close(l->timers);
    uv_close((uv_handle_t *)&l->wake, NULL);
    uv_close((uv_handle_t *)&l->prepare, NULL);
    uv_close((uv_handle_t *)&l->idle, NULL);
    uv_walk(&l->uv, check_closing, NULL);
    /* Until the handles are closed and the pool has done what it was given. */
    uv_run(&l->uv, UV_RUN_DEFAULT);
    int r = uv_loop_close(&l->uv);
    assert(r == 0);
    loop_discard(l);
}

void
loop_run(struct loop *l)
{
    loop_new_round(l);
    do {
        if (!atomic_load(&l->stop))
            uv_run(&l->uv, UV_RUN_DEFAULT);
    } while (posts_run(l) && !atomic_load(&l->stop));
    atomic_store(&l->stop, false);
}

/* Work -------------------------------------------------------------------------------------- */

static void
on_pool(uv_work_t *uv)
{
    struct work *w = container_of(uv, struct work, uv);
    w->work(w->arg);
}

static void
on_worked(uv_work_t *uv, int status)
{
    (void)status;
    struct work *w = container_of(uv, struct work, uv);
    w->done(w->arg);
    mem_free(w);
}

bool
loop_work(struct loop *l, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
    struct work *w = mem_alloc(sizeof(*w));
    if (!w)
        return false;
    w->work = work;
    w->done = done;
    w->arg = arg;
    if (uv_queue_work(&l->uv, &w->uv, on_pool, on_worked) == 0)
        return true;
    mem_free(w);
    return false;
}
