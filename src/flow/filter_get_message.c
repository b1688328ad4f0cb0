/* Fields of a query about messages that cross a flow. */
#include "flow/filter_get.h"
#include "flow/message_json.h"

/* The first to look at, and whether there is another one behind it. */
static const struct message *
first_of(const struct flow *f)
{
    return f->messages && f->messages->now ? f->messages->now : messages_from(f->messages, 0);
}

static const struct message *
next_of(const struct flow *f, const struct message *m)
{
    return f->messages->now ? NULL : messages_next(f->messages, m);
}

bool
get_msg_dir(struct filter_view *v, unsigned side)
{
    (void)side;
    for (const struct message *m = first_of(v->flow); m; m = next_of(v->flow, m))
        if (view_text(v, m->up ? SLICE("client") : SLICE("server")) ||
            view_text(v, m->up ? SLICE("up") : SLICE("down")))
            return true;
    return false;
}

bool
get_msg_op(struct filter_view *v, unsigned side)
{
    char room[12];
    (void)side;
    for (const struct message *m = first_of(v->flow); m; m = next_of(v->flow, m)) {
        const char *op = m->kind == MESSAGE_WS ? message_op(m, room) : message_kind_name(m->kind);
        if (view_text(v, slice_str(op)) || (m->name.n && view_text(v, m->name)))
            return true;
    }
    return false;
}

/* In one piece, and no more of all of them than of contents. */
static bool
say_body(struct filter_view *v, const struct body *b)
{
    struct buf whole;
    if (!b->first)
        return view_text(v, SLICE(""));
    if (!b->first->next)
        return view_text(v, block_slice(b->first));
    buf_init(&whole, FILTER_BODY_MAX);
    for (const struct block *it = b->first; it && !whole.failed; it = it->next)
        buf_append(&whole, block_slice(it));
    bool found = view_text(v, buf_slice(&whole));
    buf_release(&whole);
    return found;
}

bool
get_msg_body(struct filter_view *v, unsigned side)
{
    (void)side;
    for (const struct message *m = first_of(v->flow); m; m = next_of(v->flow, m)) {
        const struct body *b = message_now(m);
        if (v->scanned + b->kept > FILTER_SCAN_MAX)
            return false;
        v->scanned += (size_t)b->kept;
        if (say_body(v, b))
            return true;
    }
    return false;
}

/* Of several the largest. */
bool
get_msg_size(const struct flow *f, unsigned side, uint64_t *out)
{
    const struct message *m = first_of(f);
    (void)side;
    *out = 0;
    if (!m)
        return false;
    for (; m; m = next_of(f, m))
        *out = MAX(*out, message_now(m)->size);
    return true;
}
