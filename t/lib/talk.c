/* For tests of io/stream.c: a chain with one layer over a socket, and a peer in a thread. */
#include "lib/talk.h"

#include "base/mem.h"
#include "io/stream.h"
#include "lib/net.h"
#include "lib/still_host.h"

#include <assert.h>
#include <fcntl.h>
#include <unistd.h>

static size_t
probe_on_event(struct layer *l, const struct event *ev)
{
    struct probe *p = container_of(l, struct probe, layer);
    p->starts += ev->type == EV_START;
    p->offers += ev->type == EV_DATA;
    p->rooms += ev->type == EV_ROOM;
    p->timers += ev->type == EV_TIMER;
    p->eofs += ev->type == EV_EOF;
    p->closes += ev->type == EV_CLOSED;
    if (ev->type == EV_CLOSED)
        p->why = *ev->why;
    return p->behave(p, ev);
}

static void
probe_on_cmd(struct layer *l, const struct cmd *c)
{
    layer_down(l, c);
}

static void
probe_destroy(struct layer *l)
{
    struct probe *p = container_of(l, struct probe, layer);
    buf_release(&p->got);
}

const struct layer_ops talk_probe_ops = {
    .name = "probe", .on_event = probe_on_event, .on_cmd = probe_on_cmd, .destroy = probe_destroy};

void
talk_on_gone(struct chain *c)
{
    struct talk *t = c->owner;
    t->gone++;
    t->chain = NULL;
    chain_free(c);
}

static void
peer_run(void *arg)
{
    struct talk *t = arg;
    t->act(t);
    close(t->fd);
}

static char *
pattern(size_t n)
{
    char *p = mem_need(mem_alloc(n + 1));
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(i * 31 + (i >> 9));
    return p;
}

void
talk_play(struct talk *t, enum role role, size_t (*behave)(struct probe *, const struct event *),
          void (*act)(struct talk *))
{
    struct err e;
    int fd;
    t->loop = loop_new(&e);
    t->peer = peer_new();
    t->act = act;
    t->bytes = pattern(t->n_bytes);
    net_pair(&fd, &t->fd, t->small);
    t->chain = chain_new(loop_turn(t->loop), &still_host, role, t->peer);
    t->chain->owner = t;
    struct probe *p = &t->probe;
    p->layer.ops = &talk_probe_ops;
    p->talk = t;
    p->behave = behave;
    buf_init(&p->got, 32 * MB);
    chain_push(t->chain, &p->layer);
    bool good = stream_open(t->loop, fd, t->chain, talk_on_gone, &e) && p->starts == 1 &&
                thread_start(&t->thread, "peer", peer_run, t, &e);
    assert(good);
    loop_run(t->loop);
    thread_join(&t->thread);
    assert(stream_count() == 0);
    peer_unref(t->peer);
    loop_free(t->loop);
    mem_free(t->bytes);
}

void
talk_pump(struct probe *p)
{
    static const char zeros[TALK_BATCH];
    struct chain *c = p->talk->chain;
    while (p->sent < p->to_send && !chain_full(c)) {
        size_t n = MIN(p->to_send - p->sent, TALK_BATCH);
        layer_send(&p->layer, slice_of(zeros, n));
        p->sent += n;
        p->most_out = MAX(p->most_out, buf_len(&c->wire.out) + c->wire.queued);
    }
    if (p->sent == p->to_send)
        layer_tell(&p->layer, CMD_CLOSE);
}

void
talk_drain(struct talk *t)
{
    t->drained = net_drain(t->fd);
}

void
talk_reset(struct talk *t)
{
    net_reset(t->fd);
    t->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}
