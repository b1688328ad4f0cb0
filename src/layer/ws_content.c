/* Contents of the messages of a WebSocket: unmasked, inflated, checked, and kept with the flow. */
#include "layer/ws_way.h"

#define PIECE ((size_t)4 << 10)

static uint64_t
body_limit(const struct ws_way *w)
{
    return w->ws->host->limits->body_limit;
}

static bool
stands_alone(const struct ws_way *w)
{
    enum ws_opcode o = w->frame.opcode;
    if (o == WS_CONTINUATION)
        return !w->begun;
    return (o != WS_TEXT && o != WS_BINARY) || w->begun || w->closed;
}

static void
mark_wrong(struct ws_way *w)
{
    struct message *m = w->cur;
    if (!w->wrong || !m || m->why)
        return;
    m->why = w->wrong;
    m->flags |= MESSAGE_INVALID;
}

static void
begin_data(struct ws_way *w)
{
    w->begun = true;
    w->data = w->cur;
    w->packed = w->frame.rsv1 && w->ws->agreed.deflate && !w->ws->agreed.other;
    w->recoded = w->packed;
    w->stage.streams = false;
    w->text = w->frame.opcode == WS_TEXT && !w->ws->agreed.other;
    w->utf8 = (struct utf8_stream){0};
    if (w->packed && !w->inflate && !w->blind) {
        const struct ws_agreed *a = &w->ws->agreed;
        const struct layer_limits *l = w->ws->host->limits;
        w->inflate = ws_inflate_new(w->up ? &a->up : &a->down, l->decode_ratio, l->decode_limit);
        w->blind = w->no_memory = !w->inflate;
    }
    if (w->packed && w->blind && w->cur)
        w->cur->why = "it cannot be read: the context of its compression is lost";
    else if (w->packed && w->cur)
        w->cur->flags |= MESSAGE_COMPRESSED;
}

void
ws_content_begin(struct ws_way *w)
{
    const struct ws_frame *f = &w->frame;
    w->alone = stands_alone(w);
    w->n_said = 0;
    if (f->opcode == WS_CONTINUATION && !w->alone) {
        w->cur = w->data;
    } else {
        struct message about = {.kind = MESSAGE_WS,
                                .up = w->up,
                                .at = w->ws->host->ops->wall(w->ws->host),
                                .opcode = f->opcode};
        w->cur = message_begin(w->ws->flow, &about);
        if (!w->alone)
            begin_data(w);
    }
    if (w->skip && w->cur) {
        w->cur->flags |= MESSAGE_DROPPED;
        ws_way_wrong(w, WS_CLOSE_PROTOCOL, "it comes behind a Close");
    }
    if (w->ws->agreed.other && w->cur && (f->rsv1 || f->rsv2 || f->rsv3))
        w->cur->why = "it is of an extension that is not understood";
    message_frame(w->ws->flow, w->cur, f->length);
    mark_wrong(w);
}

/* What a message says. */
static void
on_plain(void *arg, struct slice plain)
{
    struct ws_way *w = arg;
    if (w->packed && w->cur)
        message_add(w->ws->flow, w->cur, &w->cur->plain, plain, body_limit(w), 0);
    if (!w->text || utf8_push(&w->utf8, plain))
        return;
    w->text = false;
    ws_way_wrong(w, WS_CLOSE_TEXT, "the text is not UTF-8");
}

/* Compressed data that cannot be read: a bomb is no fault of the protocol, and goes on unread. */
static void
lose_context(struct ws_way *w, enum ws_inflate_result r)
{
    static const char *const whys[] = {
        [WS_INFLATE_BAD] = "the compressed data is damaged",
        [WS_INFLATE_BOMB] = "a bomb, not expanded: it is out of proportion to its size",
        [WS_INFLATE_MEMORY] = "it cannot be read: there is no memory for it"};
    w->blind = !ws_inflate_skip(w->inflate);
    w->no_memory = r == WS_INFLATE_MEMORY;
    w->packed = w->text = false;
    if (r == WS_INFLATE_BAD)
        ws_way_wrong(w, WS_CLOSE_TEXT, whys[r]);
    if (!w->cur)
        return;
    /* Then it is kept as it came. */
    message_drop(w->ws->flow, w->cur, &w->cur->plain);
    w->cur->flags &= ~(unsigned)MESSAGE_COMPRESSED;
    if (r != WS_INFLATE_BAD)
        w->cur->why = whys[r];
}

static void
add_piece(struct ws_way *w, struct slice piece, bool end)
{
    if (!w->packed) {
        on_plain(w, piece);
        return;
    }
    if (w->blind)
        return;
    enum ws_inflate_result r = ws_inflate_push(w->inflate, piece, end, on_plain, w);
    if (r != WS_INFLATE_OK)
        lose_context(w, r);
}

/* By the way itself, so that it is checked whatever is recorded. */
static void
keep_close(struct ws_way *w, struct slice piece)
{
    piece = slice_first(piece, sizeof w->said - w->n_said);
    if (piece.n)
        memcpy(w->said + w->n_said, piece.p, piece.n);
    w->n_said += piece.n;
}

void
ws_content_add(struct ws_way *w, struct slice in)
{
    char room[PIECE];
    uint64_t at = w->done;
    while (in.n) {
        struct slice piece = slice_first(in, w->frame.masked ? PIECE : in.n);
        in = slice_from(in, piece.n);
        if (w->frame.masked) {
            memcpy(room, piece.p, piece.n);
            ws_frame_mask(room, piece.n, w->frame.mask, at);
            at += piece.n;
            piece.p = room;
        }
        if (w->cur)
            message_add(w->ws->flow, w->cur, &w->cur->raw, piece, body_limit(w), w->frame.length);
        if (!w->alone)
            add_piece(w, piece, false);
        if (w->frame.opcode == WS_CLOSE)
            keep_close(w, piece);
    }
    mark_wrong(w);
}

/* Section 5.5.1. */
static void
check_close(struct ws_way *w)
{
    struct slice content = slice_of(w->said, w->n_said), reason;
    unsigned code;
    if (ws_close_read(content, &code, &reason))
        return;
    if (content.n > 1 && !utf8_valid(slice_from(content, 2)))
        ws_way_wrong(w, WS_CLOSE_TEXT, "the reason of a Close is not UTF-8");
    else
        ws_way_wrong(w, WS_CLOSE_PROTOCOL, "a Close has a code that must not be sent");
}

static void
end_data(struct ws_way *w)
{
    add_piece(w, SLICE_NONE, true);
    if (w->text && !utf8_complete(&w->utf8))
        ws_way_wrong(w, WS_CLOSE_TEXT, "the text is not UTF-8");
    w->begun = false;
    w->data = NULL;
}

bool
ws_content_end(struct ws_way *w)
{
    bool over = w->alone || w->frame.fin;
    if (!w->alone && w->frame.fin)
        end_data(w);
    if (w->frame.opcode == WS_CLOSE && !w->skip)
        check_close(w);
    mark_wrong(w);
    if (w->frame.opcode == WS_CLOSE && !w->wrong)
        w->closed = true;
    return over;
}

void
ws_content_stop(struct ws_way *w)
{
    struct message *both[] = {w->cur, w->data};
    for (size_t i = 0; i < ARRAY_LEN(both); i++) {
        if (!both[i] || !both[i]->open)
            continue;
        both[i]->flags |= MESSAGE_UNFINISHED;
        message_end(w->ws->flow, both[i]);
    }
    w->cur = w->data = NULL;
}
