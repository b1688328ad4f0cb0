/* Segments of tunnels: kept, asked about, made here. */
#include "layer/segment.h"

#include "base/mem.h"
#include "layer/msg_stage.h"

struct segments {
    struct host *host;
    struct flow *flow; /* borrowed */
    struct turn *turn;
    void *hooks; /* the host's own */
    const struct carrier_ops *ops;
    void *arg;
    bool over, changed;
    struct dying dying;
    struct msg_stage ways[2]; /* down, up */
};

static struct segments *
segments_of(struct msg_stage *s)
{
    return container_of(s, struct segments, ways[s->up]);
}

static struct message *
segment_begin(struct host *h, struct flow *f, bool up, struct slice data)
{
    struct message about = {.kind = MESSAGE_TCP, .up = up, .at = h->ops->wall(h)};
    struct message *m = message_begin(f, &about);
    if (m)
        message_add(f, m, &m->raw, data, h->limits->body_limit, data.n);
    msg_stage_tell(h, f, m);
    return m;
}

void
segment_keep(struct host *h, struct flow *f, bool up, struct slice data)
{
    message_end(f, segment_begin(h, f, up, data));
}

/* The stage --------------------------------------------------------------------------------- */

static void
on_send(struct msg_stage *s, struct slice bytes)
{
    const struct segments *g = segments_of(s);
    g->ops->send(g->arg, s->up, bytes);
}

static bool
on_print(struct msg_stage *s UNUSED, const struct message *m UNUSED, struct slice content,
         struct buf *out)
{
    buf_append(out, content);
    return true;
}

static bool
on_settle(struct msg_stage *s, const struct message *m, bool *anew UNUSED)
{
    segments_of(s)->changed |= m && m->flags & (MESSAGE_EDITED | MESSAGE_DROPPED);
    return true;
}

static void
on_end(struct msg_stage *s, enum reason reason, bool reset, const char *what)
{
    struct segments *g = segments_of(s);
    struct failure why;
    failure_set(&why, reason, "%s", what);
    flow_fail(g->flow, reason_word(reason), slice_str(why.text));
    g->changed = true;
    segments_end(g);
    g->ops->end(g->arg, reset, reset);
}

static void
on_more(struct msg_stage *s)
{
    const struct segments *g = segments_of(s);
    msg_stage_flush(s);
    g->ops->more(g->arg, s->up);
}

static const struct msg_stage_ops ops = {.what = "tunnel",
                                         .send = on_send,
                                         .print = on_print,
                                         .settle = on_settle,
                                         .end = on_end,
                                         .more = on_more};

/* Of a tunnel ------------------------------------------------------------------------------- */

struct segments *
segments_new(struct chain *client, struct flow *f, void *hooks, bool stage)
{
    struct segments *g = mem_zalloc(sizeof *g);
    if (!g)
        return NULL;
    g->host = client->host;
    g->turn = client->turn;
    g->flow = f;
    g->hooks = hooks;
    for (unsigned up = 0; up < 2; up++)
        g->ways[up] = (struct msg_stage){
            .ops = &ops, .chain = client, .flow = f, .hooks = hooks, .up = up, .wanted = stage};
    return g;
}

void
segments_carry(struct segments *g, const struct carrier_ops *by, void *arg)
{
    g->ops = by;
    g->arg = arg;
}

void
segments_take(struct segments *g, bool up, struct slice data)
{
    struct msg_stage *s = &g->ways[up];
    if (!g->over)
        msg_stage_pass(s, segment_begin(g->host, g->flow, up, data), data, true);
    if (!g->over)
        msg_stage_flush(s);
}

bool
segments_wait(const struct segments *g, bool up)
{
    return g && msg_stage_waits(&g->ways[up]);
}

bool
segments_changed(const struct segments *g)
{
    return g->changed;
}

bool
segments_inject(struct segments *g, bool up, struct slice content, struct slice by, struct err *e)
{
    struct message about = {.kind = MESSAGE_TCP};
    TRY(msg_stage_inject(&g->ways[up], &about, content, by, e));
    g->changed = true;
    msg_stage_flush(&g->ways[up]);
    return true;
}

static void
segments_unhook(struct segments *g)
{
    if (g->hooks)
        g->host->ops->unhook(g->host, g->hooks);
    g->hooks = NULL;
}

static void
segments_die(struct dying *d)
{
    segments_unhook(container_of(d, struct segments, dying));
}

void
segments_end(struct segments *g)
{
    if (!g || g->over)
        return;
    g->over = true;
    for (unsigned up = 0; up < 2; up++)
        msg_stage_release(&g->ways[up]);
    /* Who ends it may be in the middle of them. */
    if (g->hooks)
        turn_defer(g->turn, &g->dying, segments_die);
}

void
segments_free(struct segments *g)
{
    if (g && !g->over)
        segments_unhook(g);
    mem_free(g);
}
