/* WebSockets on their way: frames, their rules, the end. */
#include "layer/ws_way.h"

#include "base/mem.h"

#include <stdio.h>

struct ws *
ws_new(struct chain *client, struct flow *f, const struct ws_agreed *agreed)
{
    struct ws *w = mem_zalloc(sizeof *w);
    if (!w)
        return NULL;
    w->client = client;
    w->host = client->host;
    w->flow = f;
    w->agreed = *agreed;
    for (unsigned up = 0; up < 2; up++) {
        w->ways[up].ws = w;
        w->ways[up].up = up;
        ws_stage_init(&w->ways[up]);
    }
    f->flags |= FLOW_WS;
    return w;
}

void
ws_watch(struct ws *w, void *hooks, bool stage)
{
    w->hooks = hooks;
    for (unsigned up = 0; up < 2; up++) {
        w->ways[up].stage.hooks = hooks;
        w->ways[up].stage.wanted = stage;
    }
}

void
ws_carry(struct ws *w, const struct carrier_ops *ops, void *arg)
{
    w->ops = ops;
    w->arg = arg;
}

static void
ws_unhook(struct dying *d)
{
    struct ws *w = container_of(d, struct ws, dying);
    w->host->ops->unhook(w->host, w->hooks);
}

void
ws_end(struct ws *w)
{
    if (w->over)
        return;
    w->over = true;
    for (unsigned up = 0; up < 2; up++) {
        ws_stage_release(&w->ways[up]);
        ws_content_stop(&w->ways[up]);
    }
    /* Who ends it may be in the middle of them. */
    if (w->hooks)
        turn_defer(w->client->turn, &w->dying, ws_unhook);
}

void
ws_free(struct ws *w)
{
    if (!w)
        return;
    for (unsigned up = 0; up < 2; up++) {
        ws_inflate_free(w->ways[up].inflate);
        ws_deflate_free(w->ways[up].deflate);
    }
    mem_free(w);
}

bool
ws_lenient(const struct ws *w)
{
    return w->host->limits->allow_malformed;
}

void
ws_way_wrong(struct ws_way *w, unsigned code, const char *why)
{
    if (w->wrong)
        return;
    w->wrong = why;
    w->code = code;
}

/* Failing ----------------------------------------------------------------------------------- */

/* A Close of our own; towards the server with a mask, as a client has to (section 5.3): what it
 * says is ours, so that any will do. */
static void
send_close(struct ws_way *w, unsigned code, const char *why)
{
    char content[WS_CONTROL_MAX];
    int n = snprintf(content, sizeof content, "%c%c%s", (int)(code >> 8), (int)(code & 255), why);
    struct ws_frame f = {.fin = true, .opcode = WS_CLOSE, .masked = w->up, .length = (uint64_t)n};
    struct buf out = {.max = WS_HEADER_MAX + WS_CONTROL_MAX};
    memcpy(f.mask, w->mask, sizeof f.mask);
    ws_frame_print(&out, &f);
    if (f.masked)
        ws_frame_mask(content, (size_t)n, f.mask, 0);
    buf_append(&out, slice_of(content, (size_t)n));
    w->ws->ops->send(w->ws->arg, w->up, buf_slice(&out));
    buf_release(&out);
}

/* What has begun to go out cannot be taken back: then there is no place for a Close. */
static bool
way_is_torn(const struct ws_way *w)
{
    return w->inside && !w->skip && !ws_stage_gathers(w);
}

static void
way_fail(struct ws_way *w)
{
    struct ws *ws = w->ws;
    struct failure why;
    unsigned code = w->code;
    const char *wrong = w->wrong;
    failure_set(&why, REASON_BAD_MESSAGE, "%s: %s", w->up ? "of the client" : "of the server",
                wrong);
    flow_fail(ws->flow, reason_word(why.reason), slice_str(why.text));
    bool torn[2];
    for (unsigned up = 0; up < 2; up++) {
        torn[up] = way_is_torn(&ws->ways[up]);
        if (!torn[up] && !ws->ways[up].closed)
            send_close(&ws->ways[up], code, wrong);
    }
    ws_end(ws);
    ws->ops->end(ws->arg, torn[1], torn[0]);
}

/* Frames ------------------------------------------------------------------------------------ */

/* What the bits may say depends on what was agreed on (section 5.2). */
static bool
bits_are_good(const struct ws_way *w, const struct ws_frame *f)
{
    bool first = !ws_is_control(f->opcode) && f->opcode != WS_CONTINUATION;
    if (w->ws->agreed.other)
        return true;
    return !f->rsv2 && !f->rsv3 && (!f->rsv1 || (first && w->ws->agreed.deflate));
}

static void
judge(struct ws_way *w, const struct ws_frame *f)
{
    bool continues = f->opcode == WS_CONTINUATION;
    if (w->up && !f->masked)
        ws_way_wrong(w, WS_CLOSE_PROTOCOL, "a client masks its frames");
    if (!w->up && f->masked)
        ws_way_wrong(w, WS_CLOSE_PROTOCOL, "a server does not mask its frames");
    if (!bits_are_good(w, f))
        ws_way_wrong(w, WS_CLOSE_PROTOCOL, "a reserved bit is set that nobody agreed on");
    if (continues && !w->begun)
        ws_way_wrong(w, WS_CLOSE_PROTOCOL, "a fragment continues no message");
    if (!continues && w->begun && !ws_is_control(f->opcode))
        ws_way_wrong(w, WS_CLOSE_PROTOCOL, "a message begins before the last one is complete");
}

static bool
way_goes_on(const struct ws_way *w)
{
    return !w->skip && (!w->wrong || ws_lenient(w->ws));
}

/* true: it cannot go on. */
static bool
way_stops(struct ws_way *w)
{
    if (way_goes_on(w))
        return false;
    way_fail(w);
    return true;
}

/* What a frame completed: it stays as it is when it does not go on. */
static void
way_whole(struct ws_way *w)
{
    if (way_goes_on(w))
        msg_stage_tell(w->ws->host, w->ws->flow, w->cur);
    else
        message_end(w->ws->flow, w->cur);
}

/* The frame is over. */
static void
way_next(struct ws_way *w)
{
    w->cur = NULL;
    if (!w->ws->over)
        ws_stage_flush(w);
}

/* A frame that is all there. */
static void
take_small(struct ws_way *w, struct slice whole, size_t header)
{
    ws_content_add(w, slice_from(whole, header));
    bool over = ws_content_end(w);
    if (over)
        way_whole(w);
    if (!w->skip && !way_stops(w))
        ws_stage_pass(w, whole, over);
    way_next(w);
}

/* A header is there; how much of it and of its content was taken. */
static size_t
take_frame(struct ws_way *w, struct slice in, size_t header)
{
    struct ws_frame *f = &w->frame;
    bool small = f->length <= WS_FRAME_SMALL;
    if (f->masked)
        memcpy(w->mask, f->mask, sizeof w->mask);
    /* What comes behind a Close is for nobody (section 5.5.1). */
    w->skip = w->closed && !ws_lenient(w->ws);
    w->done = 0;
    ws_content_begin(w);
    if (small) {
        take_small(w, slice_first(in, header + (size_t)f->length), header);
        return header + (size_t)f->length;
    }
    if (!w->skip && way_stops(w))
        return header;
    w->inside = true;
    if (!w->skip)
        ws_stage_pass(w, slice_first(in, header), false);
    return header;
}

/* More of a frame that streams. */
static size_t
take_more(struct ws_way *w, struct slice in)
{
    in = slice_first(in, (size_t)MIN(w->frame.length - w->done, SIZE_MAX));
    ws_content_add(w, in);
    w->done += in.n;
    bool all = w->done == w->frame.length, over = all && ws_content_end(w);
    if (over)
        way_whole(w);
    if (!w->skip && way_stops(w))
        return in.n;
    w->inside = !all;
    if (!w->skip)
        ws_stage_pass(w, in, over);
    if (all)
        way_next(w);
    return in.n;
}

/* The next frame, or more of it; 0 when there is not enough of it. */
static size_t
take_some(struct ws_way *w, struct slice in)
{
    size_t header = 0;
    const char *why = NULL;
    if (w->inside)
        return take_more(w, in);
    w->wrong = NULL;
    enum ws_result r = ws_frame_read(in, &w->frame, &header, &why);
    if (header == 0)
        return 0;
    if (r == WS_BAD && !w->ws->agreed.other)
        ws_way_wrong(w, WS_CLOSE_PROTOCOL, why);
    judge(w, &w->frame);
    bool waits = w->frame.length <= WS_FRAME_SMALL && in.n < header + w->frame.length;
    return waits ? 0 : take_frame(w, in, header);
}

size_t
ws_take(struct ws *ws, bool up, struct slice data)
{
    struct ws_way *w = &ws->ways[up];
    struct slice rest = data;
    while (rest.n && !ws->over && !msg_stage_waits(&w->stage) && !ws->ops->full(ws->arg, up)) {
        size_t n = take_some(w, rest);
        rest = slice_from(rest, n);
        if (n == 0)
            break;
    }
    return ws->over ? data.n : data.n - rest.n;
}
