/* WebSockets of the control API. */
#include "ui/web/websocket.h"

#include "base/base64.h"
#include "base/utf8.h"
#include "codec/ws_frame.h"
#include "codec/ws_handshake.h"
#include "ui/web/errand.h"

static struct websocket *
of_layer(struct layer *l)
{
    return container_of(l, struct websocket, layer);
}

bool
websocket_full(const struct websocket *w)
{
    return chain_full(w->layer.chain);
}

void
websocket_release(struct websocket *w)
{
    buf_release(&w->message);
}

void
websocket_send(struct websocket *w, struct slice text)
{
    struct buf head = {.max = WS_HEADER_MAX};
    if (w->closing || w->gone)
        return;
    ws_frame_print(&head, &(struct ws_frame){.fin = true, .opcode = WS_TEXT, .length = text.n});
    layer_send(&w->layer, buf_slice(&head));
    layer_send(&w->layer, text);
    buf_release(&head);
}

void
websocket_close(struct websocket *w, unsigned code, struct slice reason)
{
    struct buf frame = {.max = WS_HEADER_MAX + WS_CONTROL_MAX};
    if (w->closing || w->gone)
        return;
    ws_close_put(&frame, code, reason);
    layer_send(&w->layer, buf_slice(&frame));
    layer_tell(&w->layer, CMD_CLOSE);
    buf_release(&frame);
    w->closing = true;
}

static void
fault(struct websocket *w, unsigned code, const char *why)
{
    websocket_close(w, code, slice_str(why));
}

/* Frames ------------------------------------------------------------------------------------- */

static void
take_control(struct websocket *w, enum ws_opcode opcode, struct slice content)
{
    struct buf frame = {.max = WS_HEADER_MAX + WS_CONTROL_MAX};
    struct slice reason;
    unsigned code;
    if (opcode == WS_PING) {
        ws_frame_put(&frame, WS_PONG, content);
        layer_send(&w->layer, buf_slice(&frame));
    } else if (opcode == WS_CLOSE && ws_close_read(content, &code, &reason)) {
        fault(w, code == WS_CLOSE_NONE ? WS_CLOSE_NORMAL : code, "");
    } else if (opcode == WS_CLOSE) {
        fault(w, WS_CLOSE_PROTOCOL, "the Close frame is wrong");
    }
    buf_release(&frame);
}

static void
take_text(struct websocket *w, bool fin, struct slice content)
{
    buf_append(&w->message, content);
    w->in_message = !fin;
    if (w->message.failed)
        fault(w, WS_CLOSE_TOO_BIG, "the message is too long");
    else if (fin && !utf8_valid(buf_slice(&w->message)))
        fault(w, WS_CLOSE_TEXT, "the message is not UTF-8");
    else if (fin)
        w->ops->message(w, buf_slice(&w->message));
    if (fin)
        buf_reset(&w->message);
}

/* What is wrong with the frame at this place, or NULL. */
static const char *
judge(const struct websocket *w, const struct ws_frame *f)
{
    if (!f->masked)
        return "a client masks its frames";
    if (f->rsv1 || f->rsv2 || f->rsv3)
        return "no extension was agreed on";
    if (!ws_is_control(f->opcode) && (f->opcode == WS_CONTINUATION) != w->in_message)
        return "a fragment is out of place";
    return NULL;
}

static void
take_frame(struct websocket *w, const struct ws_frame *f, struct slice content)
{
    struct buf plain = {.max = WEBSOCKET_MESSAGE_MAX};
    buf_append(&plain, content);
    if (plain.failed) {
        fault(w, WS_CLOSE_TOO_BIG, "there is no memory for the message");
        return;
    }
    if (content.n)
        ws_frame_mask(plain.p, content.n, f->mask, 0);
    if (ws_is_control(f->opcode))
        take_control(w, f->opcode, buf_slice(&plain));
    else
        take_text(w, f->fin, buf_slice(&plain));
    buf_release(&plain);
}

/* Looks at the frame at the front; 0: it is not all there, or was the last one. */
static size_t
next_frame(struct websocket *w, struct slice in)
{
    struct ws_frame f;
    const char *why;
    size_t used;
    enum ws_result r = ws_frame_read(in, &f, &used, &why);
    if (r == WS_OK)
        why = judge(w, &f);
    if (r == WS_MORE)
        return 0;
    if (why)
        fault(w, WS_CLOSE_PROTOCOL, why);
    else if (f.opcode == WS_BINARY)
        fault(w, WS_CLOSE_DATA, "messages are text");
    else if (f.length > WEBSOCKET_MESSAGE_MAX)
        fault(w, WS_CLOSE_TOO_BIG, "the message is too long");
    if (w->closing || in.n - used < f.length)
        return 0;
    take_frame(w, &f, slice_of(in.p + used, (size_t)f.length));
    return used + (size_t)f.length;
}

/* Behind a Close frame everything is read over. */
static size_t
take_data(struct websocket *w, struct slice in)
{
    size_t taken = 0, n = 1;
    while (!w->closing && n) {
        n = next_frame(w, slice_from(in, taken));
        taken += n;
    }
    return w->closing ? in.n : taken;
}

static size_t
websocket_on_event(struct layer *l, const struct event *ev)
{
    struct websocket *w = of_layer(l);
    switch (ev->type) {
    case EV_DATA: return take_data(w, ev->data);
    case EV_ROOM: w->ops->room(w); return 0;
    case EV_TIMER: w->ops->timer(w); return 0;
    case EV_EOF: layer_tell(l, CMD_CLOSE); return 0;
    case EV_CLOSED: w->gone = true; return 0;
    case EV_START:
    case EV_MOVED:
    case EV_PART: return 0;
    }
    return 0;
}

static void
websocket_on_cmd(struct layer *l, const struct cmd *c)
{
    layer_down(l, c);
}

static void
websocket_destroy(struct layer *l)
{
    struct websocket *w = of_layer(l);
    w->ops->destroy(w);
}

static const struct layer_ops websocket_layer_ops = {.name = "websocket",
                                                     .on_event = websocket_on_event,
                                                     .on_cmd = websocket_on_cmd,
                                                     .destroy = websocket_destroy};

/* Handshake ---------------------------------------------------------------------------------- */

/* An empty rest is there, too: p is set. */
struct slice
websocket_offer(const struct http_head *h, struct slice prefix)
{
    for (size_t i = 0; i < h->n; i++) {
        struct slice rest = h->fields[i].value;
        if (!slice_eq_nocase(h->fields[i].name, SLICE("sec-websocket-protocol")))
            continue;
        while (rest.n) {
            struct slice one = slice_trim(slice_cut(&rest, ','));
            if (slice_starts(one, prefix))
                return slice_of(one.p + prefix.n, one.n - prefix.n);
        }
    }
    return SLICE_NONE;
}

static struct slice
value_of(const struct http_head *h, struct slice name)
{
    const struct field *f = head_find_name(h, name);
    return f ? f->value : SLICE_NONE;
}

static bool
key_is_good(struct slice key)
{
    struct buf plain = {.max = 16};
    bool good = key.n == 24 && base64_decode(&plain, key) && buf_len(&plain) == 16;
    buf_release(&plain);
    return good;
}

static bool
check_handshake(struct call *c)
{
    const struct http_head *h = c->head;
    if (h->version != 11 || !head_has_token(h, FIELD_UPGRADE, SLICE("websocket")) ||
        !head_has_token(h, FIELD_CONNECTION, SLICE("upgrade"))) {
        call_fail(c, 426, "no-websocket", "this is a WebSocket: the request must ask for one");
        return call_field(c, "Upgrade", SLICE("websocket")) && false;
    }
    if (!slice_eq(value_of(h, SLICE("sec-websocket-version")), SLICE("13"))) {
        call_fail(c, 426, "no-websocket", "only version 13 of WebSocket is spoken");
        return call_field(c, "Sec-WebSocket-Version", SLICE("13")) && false;
    }
    if (key_is_good(value_of(h, SLICE("sec-websocket-key"))))
        return true;
    call_fail(c, 400, "no-websocket", "the Sec-WebSocket-Key is not 16 bytes in base64");
    return false;
}

static bool
answer_fields(struct call *c)
{
    struct buf accept = {.max = 100};
    ws_handshake_accept(value_of(c->head, SLICE("sec-websocket-key")), &accept);
    bool good = !accept.failed && call_field(c, "Sec-WebSocket-Accept", buf_slice(&accept));
    buf_release(&accept);
    bool offers = head_find_name(c->head, SLICE("sec-websocket-protocol"));
    return good && (!offers || call_field(c, "Sec-WebSocket-Protocol", SLICE(WEBSOCKET_PROTOCOL)));
}

/* false: the call has failed. */
static bool
agree(struct call *c)
{
    TRY(check_handshake(c));
    if (head_find_name(c->head, SLICE("sec-websocket-protocol")) &&
        !websocket_offer(c->head, SLICE(WEBSOCKET_PROTOCOL)).p) {
        call_fail(c, 400, "no-websocket", "the protocol is '" WEBSOCKET_PROTOCOL "'");
        return false;
    }
    if (answer_fields(c))
        return true;
    call_fail(c, 500, "no-memory", "there is no memory for the connection");
    return false;
}

enum call_state
websocket_accept(struct call *c, struct websocket *w, const struct websocket_ops *ops)
{
    w->ops = ops;
    w->layer.ops = &websocket_layer_ops;
    buf_init(&w->message, WEBSOCKET_MESSAGE_MAX);
    if (agree(c))
        return call_upgrade(c, "websocket", &w->layer);
    ops->destroy(w);
    return CALL_DONE;
}
