/* Streams of one HTTP connection to the seats of their exchanges. */
#include "layer/fan.h"

#include "base/mem.h"

static struct fan *
fan_of(struct layer *l)
{
    return container_of(l, struct fan, layer);
}

static struct seat *
seat_of(struct list *node)
{
    return container_of(node, struct seat, node);
}

static struct seat *
fan_find(struct fan *f, uint32_t stream)
{
    list_for (it, &f->seats)
        if (seat_of(it)->stream == stream)
            return seat_of(it);
    return NULL;
}

static size_t
fan_on_part(struct fan *f, const struct event *ev)
{
    struct seat *s = fan_find(f, ev->stream);
    if (!s && f->arrive && ev->part->flow)
        s = f->arrive(f, ev->stream);
    if (s)
        return s->ops->on_part(s, ev->part);
    if (ev->part->flow) {
        flow_unref(ev->part->flow);
        layer_down(&f->layer, &(struct cmd){.type = CMD_ABORT, .stream = ev->stream});
    }
    return 1; /* the exchange is over: what still comes of its stream is dropped */
}

static void
fan_on_closed(struct fan *f, const struct failure *why)
{
    f->broken = true;
    while (!list_empty(&f->seats)) {
        struct seat *s = seat_of(f->seats.next);
        fan_leave(s);
        s->ops->on_closed(s, why);
    }
}

static void
fan_on_room(struct fan *f, uint32_t stream)
{
    list_for_safe (it, &f->seats)
        if (!stream || seat_of(it)->stream == stream)
            seat_of(it)->ops->on_room(seat_of(it));
}

void
fan_set_deadline(struct fan *f)
{
    uint64_t first = 0;
    list_for (it, &f->seats) {
        struct seat *s = seat_of(it);
        uint64_t due = s->ops->due ? s->ops->due(s) : 0;
        first = !first || (due && due < first) ? due : first;
    }
    if (f->layer.deadline == first)
        return;
    f->layer.deadline = first;
    chain_touch(f->layer.chain);
}

static void
fan_on_timer(struct fan *f, uint64_t now)
{
    list_for_safe (it, &f->seats)
        if (seat_of(it)->ops->on_timer)
            seat_of(it)->ops->on_timer(seat_of(it), now);
    fan_set_deadline(f);
}

static size_t
fan_on_event(struct layer *l, const struct event *ev)
{
    struct fan *f = fan_of(l);
    if (ev->type == EV_PART)
        return fan_on_part(f, ev);
    if (ev->type == EV_CLOSED)
        fan_on_closed(f, ev->why);
    if (ev->type == EV_EOF)
        f->broken = true;
    if (ev->type == EV_ROOM)
        fan_on_room(f, ev->stream);
    if (ev->type == EV_TIMER)
        fan_on_timer(f, ev->now);
    return 0;
}

static void
fan_on_cmd(struct layer *l, const struct cmd *c)
{
    layer_down(l, c);
}

static void
fan_destroy(struct layer *l)
{
    mem_free(fan_of(l));
}

static const struct layer_ops fan_ops = {
    .name = "fan", .on_event = fan_on_event, .on_cmd = fan_on_cmd, .destroy = fan_destroy};

struct fan *
fan_new(fan_arrive_fn *arrive)
{
    struct fan *f = mem_zalloc(sizeof(*f));
    if (!f)
        return NULL;
    f->layer.ops = &fan_ops;
    f->arrive = arrive;
    list_init(&f->seats);
    return f;
}

void
fan_sit(struct fan *f, struct seat *s, uint32_t stream)
{
    s->fan = f;
    s->stream = stream;
    list_push(&f->seats, &s->node);
}

void
fan_join(struct fan *f, struct seat *s)
{
    f->served++;
    fan_sit(f, s, ++f->next_stream);
}

void
fan_leave(struct seat *s)
{
    if (!s->fan)
        return;
    list_remove(&s->node);
    s->fan = NULL;
}

void
fan_send(struct seat *s, const struct part *p)
{
    if (s->fan)
        layer_down(&s->fan->layer, &(struct cmd){.type = CMD_PART, .stream = s->stream, .part = p});
}

void
fan_abort(struct seat *s, struct cmd c)
{
    c.type = CMD_ABORT;
    c.stream = s->stream;
    if (s->fan)
        layer_down(&s->fan->layer, &c);
}

void
fan_more(struct seat *s)
{
    fan_tell(s, CMD_MORE);
}

void
fan_tell(struct seat *s, enum cmd_type type)
{
    if (s->fan)
        layer_down(&s->fan->layer, &(struct cmd){.type = type, .stream = s->stream});
}

bool
fan_full(const struct seat *s)
{
    struct layer *below = s->fan ? s->fan->layer.down : NULL;
    if (!below)
        return false;
    return below->ops->is_full ? below->ops->is_full(below, s->stream) : chain_full(below->chain);
}
