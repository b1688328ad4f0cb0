/* Finished flows as lines on a descriptor. */
#include "ui/dump.h"

#include "base/mem.h"
#include "base/print.h"
#include "base/utf8.h"
#include "flow/flow_json.h"
#include "layer/reason.h"
#include "proxy/advice.h"
#include "ui/dump_text.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BATCH    ((size_t)1 << 20) /* written as soon as so much has gathered */
#define LONGEST  ((size_t)4 << 30)
#define TYPE_MAX 64 /* bytes of a media type */

/* Columns on a terminal: what is left of its width is for the URL, when that is enough. */
#define CLIENT_WIDTH 21
#define METHOD_WIDTH 7
#define REST_WIDTH   (1 + 3 + 1 + 24 + 1 + 5 + 1 + 6)
#define TYPE_WIDTH   24
#define URL_LEAST    30

struct dump {
    struct dump_options o;
    struct dump_text text;
    struct buf url; /* of the flow at hand */
    bool gone;
    bool advised[REASON_INTERNAL + 1]; /* reasons for which it was said what to do */
};

struct dump *
dump_new(const struct dump_options *o)
{
    struct dump *d = mem_zalloc(sizeof(*d));
    if (!d)
        return NULL;
    d->o = *o;
    d->text.color = o->color;
    buf_init(&d->text.out, LONGEST);
    buf_init(&d->url, LONGEST);
    return d;
}

void
dump_free(struct dump *d)
{
    if (!d)
        return;
    dump_flush(d);
    buf_release(&d->text.out);
    buf_release(&d->url);
    mem_free(d);
}

/* Writes all of it, also to a descriptor that somebody made non-blocking. */
static bool
write_all(int fd, struct slice s)
{
    while (s.n) {
        ssize_t n = write(fd, s.p, s.n);
        if (n > 0)
            s = slice_from(s, (size_t)n);
        else if (n < 0 && errno == EAGAIN)
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        else if (n == 0 || errno != EINTR)
            return false;
    }
    return true;
}

void
dump_flush(void *arg)
{
    struct dump *d = arg;
    struct buf *out = &d->text.out;
    if (!d->gone && buf_len(out) && !write_all(d->o.fd, buf_slice(out))) {
        d->gone = true;
        if (d->o.gone)
            d->o.gone(d->o.arg);
    }
    if (out->cap > 2 * BATCH)
        buf_release(out);
    if (d->url.cap > BATCH)
        buf_release(&d->url);
    buf_reset(out);
}

static unsigned
dump_columns(const struct dump *d)
{
    struct winsize size;
    if (d->o.terminal && ioctl(d->o.fd, TIOCGWINSZ, &size) == 0)
        return size.ws_col;
    return d->o.columns;
}

/* The front of a harmless text that fits into so many columns. */
static struct slice
first_columns(struct slice s, size_t columns)
{
    size_t n = 0, used = 0;
    while (n < s.n) {
        uint32_t cp = 0;
        unsigned len = utf8_next(slice_from(s, n), &cp);
        used += len ? (size_t)utf8_width(cp) : 1;
        if (used > columns)
            break;
        n += MAX(len, 1u);
    }
    return slice_first(s, n);
}

/* Appends the text, harmless and 'width' columns wide: padded in front (negative: behind), or cut
 * with "..". 0: as it is. */
static void
put_cell(struct dump_text *t, enum paint p, struct slice s, int width)
{
    if (!width) {
        dump_safe(t, p, s);
        return;
    }
    struct buf safe;
    buf_init(&safe, LONGEST);
    print_safe(&safe, s, false);
    struct slice text = buf_slice(&safe);
    size_t room = (size_t)abs(width), columns = utf8_columns(text);
    bool cut = columns > room;
    int pad = columns < room ? (int)(room - columns) : 0;
    buf_printf(&t->out, "%*s", width > 0 ? pad : 0, "");
    dump_paint(t, p);
    buf_append(&t->out, cut ? first_columns(text, room - 2) : text);
    if (cut)
        buf_append(&t->out, SLICE(".."));
    dump_unpaint(t, p);
    buf_printf(&t->out, "%*s", width > 0 ? 0 : pad, "");
    t->out.failed |= safe.failed;
    buf_release(&safe);
}

static enum paint
status_paint(unsigned status)
{
    static const enum paint paints[] = {PAINT_NONE,  PAINT_GOOD, PAINT_GOOD,
                                        PAINT_MOVED, PAINT_BAD,  PAINT_ERROR};
    return paints[MIN(status / 100, ARRAY_LEN(paints) - 1)];
}

static struct slice
media_type(const struct http_head *h)
{
    struct slice value = head_value(h, FIELD_CONTENT_TYPE);
    struct slice type = slice_first(slice_trim(slice_cut(&value, ';')), TYPE_MAX);
    return type.n ? type : SLICE("-");
}

static void
put_blank(struct dump *d)
{
    buf_byte(&d->text.out, ' ');
}

/* The numbers of a finished exchange: status, type, size, time. */
static void
put_outcome(struct dump *d, const struct flow *f, bool columns)
{
    struct dump_text *t = &d->text;
    const struct http_head *h = &f->resp.head;
    char room[32];
    struct buf b = {.p = room, .cap = sizeof(room), .max = sizeof(room)};
    if (h->status)
        buf_u64(&b, h->status);
    put_blank(d);
    put_cell(t, status_paint(h->status), h->status ? buf_slice(&b) : SLICE("---"), 0);
    put_blank(d);
    put_cell(t, PAINT_DIM, media_type(h), columns ? -TYPE_WIDTH : 0);
    put_blank(d);
    buf_reset(&b);
    print_size(&b, f->resp.body.size);
    put_cell(t, PAINT_NONE, buf_slice(&b), columns ? 5 : 0);
    put_blank(d);
    buf_reset(&b);
    print_duration(&b, f->ended > f->started ? f->ended - f->started : 0);
    put_cell(t, PAINT_NONE, buf_slice(&b), columns ? 6 : 0);
}

static void
put_tunnel(struct dump *d, const struct flow *f)
{
    struct buf *out = &d->text.out;
    buf_append(out, SLICE(" up "));
    print_size(out, f->tunnel_up);
    buf_append(out, SLICE(" down "));
    print_size(out, f->tunnel_down);
    put_blank(d);
    print_duration(out, f->ended > f->started ? f->ended - f->started : 0);
    if (!f->passed.n)
        return;
    buf_append(out, SLICE(" passed through by "));
    dump_safe(&d->text, PAINT_MOVED, f->passed);
}

/* What was done to a ClientHello, and how its handshake failed. */
static void
put_handshake(struct dump *d, const struct flow *f)
{
    for (const struct trace *t = f->trace; t; t = t->next) {
        put_blank(d);
        dump_safe(&d->text, PAINT_MOVED, t->name);
        buf_append(&d->text.out, SLICE(": "));
        dump_safe(&d->text, PAINT_MOVED, slice_str(t->did));
        if (t->next || f->error)
            buf_byte(&d->text.out, ';');
    }
    if (!f->error)
        return;
    put_blank(d);
    dump_safe(&d->text, PAINT_ERROR, f->error_text);
}

static struct slice
method_of(const struct flow *f)
{
    switch (f->kind) {
    case FLOW_TUNNEL: return SLICE("TUNNEL");
    case FLOW_TLS: return SLICE("TLS");
    case FLOW_CONNECT:
    case FLOW_HTTP: break;
    }
    return f->req.head.method.n ? f->req.head.method : SLICE("-");
}

/* What was kept of a content is less than what there was. */
static void
put_cut(struct dump *d, const struct body *b, const char *which)
{
    struct buf *out = &d->text.out;
    if (!b->cut)
        return;
    dump_paint(&d->text, PAINT_BAD);
    buf_printf(out, " [%s kept ", which);
    print_size(out, b->kept);
    buf_append(out, SLICE(" of "));
    print_size(out, b->size);
    buf_byte(out, ']');
    dump_unpaint(&d->text, PAINT_BAD);
}

/* A server whose certificate is bad, and who was talked to all the same. */
static void
put_exception(struct dump *d, const struct flow *f)
{
    const struct peer_tls *tls = f->server ? f->server->tls : NULL;
    if (f->error || !tls || !tls->verdict[0] || slice_eq(slice_str(tls->verdict), SLICE("ok")))
        return;
    dump_paint(&d->text, PAINT_BAD);
    buf_printf(&d->text.out, " [certificate allowed: %s]", tls->verdict);
    dump_unpaint(&d->text, PAINT_BAD);
}

static void
put_line(struct dump *d, const struct flow *f)
{
    unsigned width = dump_columns(d);
    size_t fixed = CLIENT_WIDTH + 1 + METHOD_WIDTH + 1 + REST_WIDTH;
    bool columns = width >= fixed + URL_LEAST;
    buf_reset(&d->url);
    flow_url(f, &d->url);
    struct slice where = buf_len(&d->url) ? buf_slice(&d->url) : SLICE("-");
    put_cell(&d->text, PAINT_DIM, slice_str(f->client->remote), columns ? -CLIENT_WIDTH : 0);
    put_blank(d);
    put_cell(&d->text, PAINT_BOLD, method_of(f), columns ? -METHOD_WIDTH : 0);
    put_blank(d);
    bool cell = columns && f->kind != FLOW_TLS;
    put_cell(&d->text, PAINT_NONE, where, cell ? -(int)(width - fixed) : 0);
    d->text.out.failed |= d->url.failed;
    if (f->kind == FLOW_TLS)
        put_handshake(d, f);
    else if (f->kind == FLOW_TUNNEL)
        put_tunnel(d, f);
    else
        put_outcome(d, f, columns);
    put_cut(d, &f->req.body, "request");
    put_cut(d, &f->resp.body, "response");
    put_exception(d, f);
    buf_byte(&d->text.out, '\n');
}

static enum reason
reason_of(const char *word)
{
    for (int r = REASON_NONE + 1; r <= REASON_INTERNAL; r++)
        if (slice_eq(slice_str(reason_word((enum reason)r)), slice_str(word)))
            return (enum reason)r;
    return REASON_NONE;
}

/* The second time one knows what to do. */
static void
put_advice(struct dump *d, const struct flow *f)
{
    enum reason r = reason_of(f->error);
    if (r == REASON_NONE || d->advised[r])
        return;
    d->advised[r] = true;
    dump_lines(&d->text, PAINT_DIM, "       ", slice_str(advice_text(r)));
}

static void
put_error(struct dump *d, const struct flow *f)
{
    if (!f->error)
        return;
    if (f->kind != FLOW_TLS) {
        dump_paint(&d->text, PAINT_ERROR);
        buf_printf(&d->text.out, "    << %s: ", f->error);
        print_safe(&d->text.out, f->error_text, false);
        dump_unpaint(&d->text, PAINT_ERROR);
        buf_byte(&d->text.out, '\n');
    }
    put_advice(d, f);
}

static void
put_json(struct dump *d, const struct flow *f)
{
    struct json j;
    json_init(&j, &d->text.out);
    flow_json(&j, f, d->o.detail >= 3);
    buf_byte(&d->text.out, '\n');
}

/* A CONNECT that worked is followed by what went through the tunnel. */
static bool
is_shown(const struct dump *d, const struct flow *f)
{
    if (d->o.detail == 0 || d->gone || (d->o.filter && !filter_match(d->o.filter, f)))
        return false;
    bool worked = !f->error && f->resp.head.status < 300;
    return d->o.json || d->o.detail >= 2 || f->kind != FLOW_CONNECT || !worked;
}

void
dump_flow(void *arg, struct flow *f)
{
    struct dump *d = arg;
    if (!is_shown(d, f))
        return;
    size_t before = buf_len(&d->text.out);
    if (d->o.json) {
        put_json(d, f);
    } else {
        put_line(d, f);
        put_error(d, f);
        if (d->o.detail >= 2)
            dump_detail(&d->text, f, &d->o);
    }
    if (d->text.out.failed) {
        /* No memory: this one is not shown, the others are. */
        d->text.out.failed = false;
        d->text.out.w = d->text.out.r + before;
    }
    if (buf_len(&d->text.out) >= BATCH)
        dump_flush(d);
}
