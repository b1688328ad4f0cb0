/* Parts to HTTP/1 bytes. */
#include "layer/h1.h"

#define HEAD_OUT_MAX (1u << 20)
#define HEAD_USUAL   1500u /* bytes that need no allocation */

/* All of it or nothing: a frame that is not whole would be read as something else. */
static void
h1_send(struct h1 *h, struct buf *out)
{
    if (out->failed)
        chain_fail(h->layer.chain);
    else
        layer_send(&h->layer, buf_slice(out));
    buf_release(out);
}

static void
h1_print_head(struct h1 *h, const struct part *p, struct buf *out)
{
    if (h->role == ROLE_CONNECT)
        http1_print_request(out, p->head, p->head->target);
    else
        http1_print_response(out, p->head);
}

static void
h1_write_head(struct h1 *h, const struct part *p)
{
    char room[HEAD_USUAL];
    struct buf out = {.p = room, .cap = sizeof(room), .max = sizeof(room)};
    h1_print_head(h, p, &out);
    if (!out.failed) {
        layer_send(&h->layer, buf_slice(&out));
        return;
    }
    buf_init(&out, HEAD_OUT_MAX);
    h1_print_head(h, p, &out);
    h1_send(h, &out);
}

static void
h1_begin_response(struct h1 *h, const struct part *p)
{
    h1_write_head(h, p);
    if (p->head->status == 100)
        h1_await_content(h);
    if (p->head->status < 200 && p->head->status != 101 && !p->head->malformed)
        return;
    h->out = p->head->framing;
    h->trailers = NULL;
    h->close_after |= !p->head->keep_alive || h->out == FRAMING_EOF;
}

static void
h1_begin_request(struct h1 *h, uint32_t stream, const struct part *p)
{
    h->stream = stream;
    h1_drop_flow(h);
    h->flow = flow_ref(p->flow);
    h->state = H1_HEAD;
    h->scanned = 0;
    h->started = h->written = false;
    h->out = p->head->framing;
    h->trailers = NULL;
    h1_write_head(h, p);
}

static void
h1_write_body(struct h1 *h, const struct part *p)
{
    if (h->out != FRAMING_CHUNKED) {
        layer_send(&h->layer, p->data);
        return;
    }
    struct buf line;
    buf_init(&line, 1024);
    chunk_print_size(&line, p->data.n);
    if (p->ext.n && !line.failed && h->layer.chain->host->limits->forward_chunk_ext) {
        line.w -= 2;
        buf_append(&line, p->ext);
        buf_append(&line, SLICE("\r\n"));
    }
    h1_send(h, &line);
    layer_send(&h->layer, p->data);
    layer_send(&h->layer, SLICE("\r\n"));
}

static void
h1_write_end(struct h1 *h)
{
    if (h->out == FRAMING_CHUNKED) {
        struct buf last;
        buf_init(&last, HEAD_OUT_MAX);
        chunk_print_last(&last, h->trailers);
        h1_send(h, &last);
    }
    h->written = true;
    if (h->role == ROLE_CONNECT)
        return;
    h1_drop_flow(h); /* the exchange hands it over now, to another thread */
    h1_cycle(h);
}

void
h1_write(struct h1 *h, uint32_t stream, const struct part *p)
{
    switch (p->type) {
    case PART_HEAD:
        if (h->role == ROLE_CONNECT)
            h1_begin_request(h, stream, p);
        else
            h1_begin_response(h, p);
        break;
    case PART_BODY: h1_write_body(h, p); break;
    case PART_TRAILERS: h->trailers = p->head; break;
    case PART_PRIORITY: break;
    case PART_END:
        if (p->torn)
            layer_tell(&h->layer, CMD_TORN);
        h1_write_end(h);
        break;
    case PART_ERROR: layer_tell(&h->layer, CMD_ABORT); break;
    }
}
