/* Frames of HTTP/2 that are neither heads nor contents, for who wants to hear of them. */
#include "layer/h2.h"

#include <nghttp2/nghttp2.h>

#define TEXT_MAX 512u

static void
put_settings(struct buf *out, const nghttp2_settings *settings)
{
    for (size_t i = 0; i < settings->niv; i++)
        buf_printf(out, "%s%d=%u", i ? " " : "", settings->iv[i].settings_id,
                   settings->iv[i].value);
}

/* RFC 9113 section 6, RFC 9218 section 7. */
static void
put_control(struct buf *out, const struct h2 *h, const nghttp2_frame *frame)
{
    switch (frame->hd.type) {
    case NGHTTP2_SETTINGS: buf_append(out, SLICE("SETTINGS ack")); break;
    case NGHTTP2_PING:
        buf_printf(out, "PING%s", frame->hd.flags & NGHTTP2_FLAG_ACK ? " ack" : "");
        break;
    case NGHTTP2_WINDOW_UPDATE:
        buf_printf(out, "WINDOW_UPDATE %d %d", frame->hd.stream_id,
                   frame->window_update.window_size_increment);
        break;
    case NGHTTP2_PRIORITY_UPDATE:
        buf_printf(out, "PRIORITY_UPDATE %d %.*s", h2_priority_stream(h),
                   SLICE_ARG(h2_priority_value(h)));
        break;
    case NGHTTP2_PRIORITY: buf_printf(out, "PRIORITY %d", frame->hd.stream_id); break;
    case NGHTTP2_RST_STREAM:
        buf_printf(out, "RST_STREAM %d %s", frame->hd.stream_id,
                   nghttp2_http2_strerror(frame->rst_stream.error_code));
        break;
    case NGHTTP2_GOAWAY:
        buf_printf(out, "GOAWAY %d %s", frame->goaway.last_stream_id,
                   nghttp2_http2_strerror(frame->goaway.error_code));
        break;
    default: buf_printf(out, "type %u, stream %d", frame->hd.type, frame->hd.stream_id); break;
    }
}

void
h2_tell(struct h2 *h, const void *nghttp2)
{
    const nghttp2_frame *frame = nghttp2;
    struct chain *c = h->layer.chain;
    bool accept = h->role == ROLE_ACCEPT;
    bool settings = frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK);
    char bytes[TEXT_MAX];
    struct buf text = {.p = bytes, .cap = sizeof(bytes), .max = sizeof(bytes)};
    struct moment m = {.id = settings ? HOOK_H2_SETTINGS : HOOK_H2_CONTROL,
                       .word = accept ? "client" : "server"};
    if (!host_wants(c->host, m.id))
        return;
    if (settings)
        put_settings(&text, &frame->settings);
    else
        put_control(&text, h, frame);
    m.text = buf_slice(&text);
    *(accept ? &m.client : &m.server) = c->peer;
    host_say(c->host, &m);
}
