/* Heads, connections and times of a flow. */
#include "base/print.h"
#include "codec/http1.h"
#include "ui/dump_text.h"

#define REQUEST  "  > "
#define RESPONSE "  < "
#define FACT     "    "
#define HEAD_MAX ((size_t)4 << 20)

/* A head as it arrived; the first line is what one looks for. */
static void
put_head(struct dump_text *t, struct slice rest, const char *prefix)
{
    struct slice line = slice_first(rest, slice_find(rest, '\n') + 1);
    dump_lines(t, PAINT_BOLD, prefix, line);
    rest = slice_from(rest, line.n);
    if (slice_ends(rest, SLICE("\r\n")))
        rest.n -= 2; /* the empty line */
    dump_lines(t, PAINT_NONE, prefix, rest);
}

static void
put_note(struct dump_text *t, const char *prefix, const char *note)
{
    buf_append(&t->out, slice_str(prefix));
    dump_safe(t, PAINT_DIM, slice_str(note));
    buf_byte(&t->out, '\n');
}

/* The head as it was sent. */
static void
print_sent(struct buf *out, const struct http_msg *m)
{
    buf_init(out, HEAD_MAX);
    if (m->sent.status)
        http1_print_response(out, &m->sent);
    else if (m->sent.method.n)
        http1_print_request(out, &m->sent, m->sent.target);
}

/* The head that arrived; of an answer that is our own, the head that was sent. From detail 4 on,
 * both when they differ. */
static void
put_heads(struct dump_text *t, const struct http_msg *m, const char *prefix, int detail)
{
    struct buf sent;
    print_sent(&sent, m);
    bool differs = buf_len(&sent) && !slice_eq(buf_slice(&sent), m->head.raw);
    put_head(t, m->head.raw, prefix);
    if (differs && m->head.raw.n && detail >= 4)
        put_note(t, prefix, "[sent on as]");
    if (differs && (m->head.raw.n == 0 || detail >= 4))
        put_head(t, buf_slice(&sent), prefix);
    t->out.failed |= sent.failed;
    buf_release(&sent);
}

static void
put_msg(struct dump_text *t, const struct http_msg *m, const char *prefix,
        const struct dump_options *o)
{
    put_heads(t, m, prefix, o->detail);
    if (o->detail >= 3)
        dump_body(t, m, prefix, o);
    if (m->trailers.n) {
        put_note(t, prefix, "[trailers]");
        put_head(t, m->trailers.raw, prefix);
    }
}

static void
put_word(struct dump_text *t, const char *word)
{
    if (!word[0])
        return;
    buf_byte(&t->out, ' ');
    print_safe(&t->out, slice_str(word), false);
}

static void
put_named(struct dump_text *t, const char *name, const char *word)
{
    if (!word[0])
        return;
    buf_printf(&t->out, " %s=", name);
    print_safe(&t->out, slice_str(word), false);
}

static void
put_tls(struct dump_text *t, const struct peer_tls *tls)
{
    put_word(t, tls->version);
    put_word(t, tls->cipher);
    put_word(t, tls->group);
    put_named(t, "alpn", tls->alpn);
    put_named(t, "sni", tls->sni ? tls->sni : "");
    put_named(t, "ja3", tls->ja3);
    put_named(t, "ja4", tls->ja4);
    put_named(t, "certificate", tls->verdict);
    put_named(t, "ocsp", tls->ocsp);
    if (tls->resumed)
        put_word(t, "resumed");
}

/* 'stream' of HTTP/2, else 0. */
static void
put_peer(struct dump_text *t, const char *side, const struct peer *p, bool reused, uint32_t stream)
{
    if (!p)
        return;
    dump_paint(t, PAINT_DIM);
    buf_printf(&t->out, FACT "%s", side);
    put_word(t, p->remote);
    buf_printf(&t->out, " connection=%llu", (unsigned long long)p->id);
    if (stream)
        buf_printf(&t->out, " stream=%u", stream);
    if (reused)
        put_word(t, "reused");
    const char *by = atomic_load_explicit(&p->ended_by, memory_order_acquire);
    put_named(t, "ended", by ? by : "");
    if (p->tls)
        put_tls(t, p->tls);
    dump_unpaint(t, PAINT_DIM);
    buf_byte(&t->out, '\n');
}

static void
put_span(struct dump_text *t, const char *name, uint64_t from, uint64_t to)
{
    if (!from || to < from)
        return;
    buf_printf(&t->out, " %s ", name);
    print_duration(&t->out, to - from);
}

/* Connecting counts for the exchange that had to wait for it only. */
static void
put_times(struct dump_text *t, const struct flow *f)
{
    const struct peer *s = f->server;
    dump_paint(t, PAINT_DIM);
    buf_append(&t->out, SLICE(FACT "times "));
    print_time(&t->out, f->started);
    if (s && !f->server_reused) {
        uint64_t resolved = s->resolved ? s->resolved : s->opened;
        put_span(t, "dns", s->resolved ? s->opened : 0, s->resolved);
        put_span(t, "connect", resolved, s->connected);
        put_span(t, "tls", s->connected, s->secured);
    }
    put_span(t, "request", f->started, f->req.end_at);
    put_span(t, "head", f->started, f->resp.head_at);
    put_span(t, "end", f->started, f->ended);
    dump_unpaint(t, PAINT_DIM);
    buf_byte(&t->out, '\n');
}

static void
put_passed(struct dump_text *t, const struct flow *f)
{
    if (!f->passed.n)
        return;
    dump_paint(t, PAINT_DIM);
    buf_append(&t->out, SLICE(FACT "left alone by "));
    print_safe(&t->out, f->passed, false);
    dump_unpaint(t, PAINT_DIM);
    buf_byte(&t->out, '\n');
}

void
dump_detail(struct dump_text *t, const struct flow *f, const struct dump_options *o)
{
    put_msg(t, &f->req, REQUEST, o);
    for (const struct interim *it = f->interim; it; it = it->next)
        put_head(t, it->head.raw, RESPONSE);
    put_msg(t, &f->resp, RESPONSE, o);
    dump_messages(t, f, o);
    if (o->detail < 3)
        return;
    put_peer(t, "client", f->client, false, f->stream);
    put_peer(t, "server", f->server, f->server_reused, 0);
    put_passed(t, f);
    put_times(t, f);
    buf_byte(&t->out, '\n');
}
