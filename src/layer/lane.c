/* Chains over streams of HTTP/2. */
#include "layer/lane.h"

#include "base/mem.h"

#define PIECE_MAX 65536u

struct lane {
    struct seat seat;
    struct chain *chain; /* NULL when its owner has let go */
    void (*gone)(struct chain *c);
    uint32_t code;
    bool held;  /* content was not taken */
    bool shut;  /* our END is sent */
    bool ended; /* both are done with it */
    struct dying dying;
};

static struct lane *
lane_of(struct seat *s)
{
    return container_of(s, struct lane, seat);
}

static void
lane_destroy(struct dying *d)
{
    struct lane *l = container_of(d, struct lane, dying);
    struct chain *c = l->chain;
    void (*gone)(struct chain *) = l->gone;
    mem_free(l);
    if (!c)
        return;
    c->driver = NULL;
    gone(c);
}

/* The chain hears 'why' before the end of the turn, its owner at it. */
static void
lane_end(struct lane *l, const struct failure *why)
{
    if (l->ended)
        return;
    l->ended = true;
    fan_leave(&l->seat);
    chain_lost(l->chain, why);
    turn_defer(l->chain->turn, &l->dying, lane_destroy);
}

static void
lane_abort(struct lane *l)
{
    fan_abort(&l->seat, (struct cmd){.coded = true, .code = l->code});
}

static void
lane_finish(struct lane *l, enum cmd_type how)
{
    struct failure why;
    failure_set(&why, REASON_NONE, NULL);
    if (how == CMD_ABORT)
        lane_abort(l);
    else
        fan_tell(&l->seat, how);
    lane_end(l, &why);
}

/* From the stream ------------------------------------------------------------------------------
 */

static size_t
on_part(struct seat *s, const struct part *p)
{
    struct lane *l = lane_of(s);
    switch (p->type) {
    case PART_BODY:
        l->held = !chain_wants_input(l->chain);
        if (l->held)
            return 0;
        chain_input(l->chain, p->data);
        break;
    case PART_END: chain_eof(l->chain); break;
    case PART_ERROR: lane_end(l, p->why); break;
    case PART_HEAD:
    case PART_PRIORITY:
    case PART_TRAILERS: break;
    }
    return 1;
}

static void
on_room(struct seat *s)
{
    chain_drained(lane_of(s)->chain);
}

static void
on_closed(struct seat *s, const struct failure *why)
{
    lane_end(lane_of(s), why);
}

static uint64_t
due(struct seat *s)
{
    return chain_deadline(lane_of(s)->chain);
}

static void
on_timer(struct seat *s, uint64_t now)
{
    chain_timer(lane_of(s)->chain, now);
}

static const struct seat_ops lane_ops = {.on_part = on_part,
                                         .on_room = on_room,
                                         .on_closed = on_closed,
                                         .due = due,
                                         .on_timer = on_timer};

/* To the stream --------------------------------------------------------------------------------
 */

static void
lane_send(struct lane *l)
{
    struct chain *c = l->chain;
    struct buf *out = &c->wire.out;
    while (buf_len(out) && !fan_full(&l->seat)) {
        struct slice piece = slice_first(buf_slice(out), PIECE_MAX);
        fan_send(&l->seat, &(struct part){.type = PART_BODY, .data = piece});
        buf_consume(out, piece.n);
    }
    if (!buf_len(out))
        chain_sent(c);
}

static void
lane_flush(struct chain *c)
{
    struct lane *l = c->driver;
    if (!l || l->ended)
        return;
    if (c->wire.abort) {
        lane_finish(l, CMD_ABORT);
        return;
    }
    lane_send(l);
    if (l->held && chain_wants_input(c))
        fan_more(&l->seat);
    fan_set_deadline(l->seat.fan);
    if (buf_len(&c->wire.out) || !(c->wire.close || c->wire.shut))
        return;
    if (!l->shut)
        fan_send(&l->seat, &(struct part){.type = PART_END});
    l->shut = true;
    if (c->wire.close)
        lane_finish(l, CMD_CLOSE);
}

/* Life -----------------------------------------------------------------------------------------
 */

bool
lane_open(struct seat *from, struct chain *c, void (*gone)(struct chain *c), uint32_t code)
{
    struct lane *l = mem_zalloc(sizeof(*l));
    struct fan *f = from->fan;
    if (!l)
        return false;
    l->seat.ops = &lane_ops;
    l->chain = c;
    l->gone = gone;
    l->code = code;
    c->driver = l;
    c->flush = lane_flush;
    fan_leave(from);
    fan_sit(f, &l->seat, from->stream);
    fan_more(&l->seat);
    chain_start(c);
    return true;
}

void
lane_close(struct chain *c)
{
    struct lane *l = c->driver;
    c->driver = NULL;
    if (!l)
        return;
    l->chain = NULL;
    if (l->ended)
        return;
    l->ended = true;
    lane_abort(l);
    fan_leave(&l->seat);
    turn_defer(c->turn, &l->dying, lane_destroy);
}

bool
lane_drives(const struct chain *c)
{
    return c->flush == lane_flush;
}
