/* The content of a message for people: decoded, shortened, or as a hex dump. */
#include "base/mem.h"
#include "base/print.h"
#include "base/utf8.h"
#include "codec/encoding.h"
#include "flow/content.h"
#include "ui/dump_text.h"

#define LINES_MAX  512
#define BYTES_MAX  4096
#define SHOWN_MAX  8192 /* copied when not all is shown: more than BYTES_MAX */
#define SAMPLE_MAX 4096

struct content {
    struct buf plain;
    uint64_t size;       /* of all of it; 'plain' may be only the front */
    const char *trouble; /* why it was decoded in part or not at all; "" when it was not */
    char room[sizeof(((struct err *)NULL)->text)];
    bool coded;
};

static void
content_say(struct content *c, const char *why)
{
    snprintf(c->room, sizeof(c->room), "%s", why);
    c->trouble = c->room;
}

static void
content_push(struct content *c, struct decoder *d, const struct body *b)
{
    enum decode_result r = DECODE_OK;
    for (const struct block *it = b->first; it && r == DECODE_OK; it = it->next)
        r = decoder_push(d, block_slice(it), &c->plain);
    /* What was not recorded to its end can not be decoded to its end. */
    if (r == DECODE_OK && !b->cut)
        r = decoder_finish(d);
    if (r == DECODE_LIMIT)
        snprintf(c->room, sizeof(c->room), "a bomb, not expanded: %s", decoder_why(d));
    if (r == DECODE_BAD)
        content_say(c, decoder_why(d));
    if (r != DECODE_OK)
        c->trouble = c->room;
}

/* The content as it is, as far as it will be shown. */
static void
content_copy(struct content *c, const struct body *b, size_t most)
{
    for (const struct block *it = b->first; it && buf_len(&c->plain) < most; it = it->next)
        buf_append(&c->plain, slice_first(block_slice(it), most - buf_len(&c->plain)));
    c->size = b->kept;
}

static void
content_init(struct content *c, const struct http_head *h, const struct body *b,
             const struct dump_options *o)
{
    struct buf codings;
    struct err e = {0};
    buf_init(&codings, CONTENT_CODINGS_MAX);
    content_codings(h, &codings);
    *c = (struct content){.trouble = "", .coded = buf_len(&codings) > 0 || codings.failed};
    buf_init(&c->plain, SIZE_MAX / 2);
    struct decoder *d = NULL;
    if (codings.failed)
        err_set(&e, ERR_FAILED, "cannot decode so many codings");
    else if (c->coded)
        d = decoder_new(buf_slice(&codings), o->decode_max, o->decode_ratio, &e);
    if (d) {
        content_push(c, d, b);
        c->size = buf_len(&c->plain);
    } else {
        if (c->coded)
            content_say(c, e.text);
        content_copy(c, b, o->detail >= 4 ? SIZE_MAX : SHOWN_MAX);
    }
    if (c->plain.failed)
        content_say(c, "out of memory");
    decoder_free(d);
    buf_release(&codings);
}

/* One byte of eight that no text has is too many, and so is a single NUL. */
static bool
is_binary(struct slice s)
{
    size_t bad = 0, n = MIN(s.n, (size_t)SAMPLE_MAX);
    for (s = slice_first(s, n); s.n;) {
        uint32_t cp;
        unsigned len = utf8_next(s, &cp);
        bool control = len == 1 && cp < ' ' && cp != '\t' && cp != '\n' && cp != '\r' && cp != '\f';
        if (s.p[0] == '\0')
            return true;
        bad += !len || control;
        s = slice_from(s, MAX(len, 1u));
    }
    return bad > n / 8;
}

static void
put_note(struct dump_text *t, const char *prefix, struct buf *note)
{
    buf_append(&t->out, slice_str(prefix));
    dump_safe(t, PAINT_DIM, buf_slice(note));
    buf_byte(&t->out, '\n');
    buf_reset(note);
}

static void
put_hex(struct dump_text *t, const char *prefix, struct slice s)
{
    for (size_t at = 0; at < s.n; at += 16) {
        struct slice row = slice_first(slice_from(s, at), 16);
        buf_printf(&t->out, "%s%08zx ", prefix, at);
        for (size_t i = 0; i < 16; i++)
            if (i < row.n)
                buf_printf(&t->out, " %02x", (unsigned char)row.p[i]);
            else
                buf_append(&t->out, SLICE("   "));
        buf_append(&t->out, SLICE("  "));
        for (size_t i = 0; i < row.n; i++)
            buf_byte(&t->out, row.p[i] >= ' ' && row.p[i] <= '~' ? row.p[i] : '.');
        buf_byte(&t->out, '\n');
    }
}

/* The front of it: so many lines and bytes, no character cut in two. */
static struct slice
shorten(struct slice s)
{
    struct slice rest = s;
    for (unsigned lines = 0; lines < LINES_MAX && rest.n; lines++)
        slice_cut(&rest, '\n');
    size_t n = MIN(s.n - rest.n, (size_t)BYTES_MAX);
    while (n && n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return slice_first(s, n);
}

static void
put_text(struct dump_text *t, const char *prefix, const struct content *c, bool all,
         struct buf *note)
{
    struct slice s = buf_slice(&c->plain);
    struct slice part = all ? s : shorten(s);
    dump_lines(t, PAINT_NONE, prefix, part);
    if (part.n == c->size)
        return;
    buf_append(note, SLICE("[shortened: "));
    print_size(note, part.n);
    buf_append(note, SLICE(" of "));
    print_size(note, c->size);
    buf_append(note, SLICE(", all with --detail 4]"));
    put_note(t, prefix, note);
}

static void
put_binary(struct dump_text *t, const char *prefix, const struct content *c, bool all,
           struct buf *note)
{
    if (all) {
        put_hex(t, prefix, buf_slice(&c->plain));
        return;
    }
    buf_append(note, SLICE("[binary: "));
    print_size(note, c->size);
    buf_append(note, SLICE(", as hex with --detail 4]"));
    put_note(t, prefix, note);
}

static void
put_notes(struct dump_text *t, const char *prefix, const struct content *c, const struct body *b,
          struct buf *note)
{
    if (c->trouble[0]) {
        buf_printf(note, "[%s]", c->trouble);
        put_note(t, prefix, note);
    } else if (c->coded) {
        buf_append(note, SLICE("[decoded: "));
        print_size(note, b->kept);
        buf_append(note, SLICE(" to "));
        print_size(note, c->size);
        buf_byte(note, ']');
        put_note(t, prefix, note);
    }
    if (b->cut) {
        buf_append(note, SLICE("[not recorded to its end: "));
        print_size(note, b->kept);
        buf_append(note, SLICE(" of "));
        print_size(note, b->size);
        buf_byte(note, ']');
        put_note(t, prefix, note);
    }
}

void
dump_content(struct dump_text *t, const struct http_head *h, const struct body *b,
             const char *prefix, const struct dump_options *o)
{
    struct content c;
    struct buf note;
    buf_init(&note, 512);
    content_init(&c, h, b, o);
    bool all = o->detail >= 4;
    if (is_binary(buf_slice(&c.plain)))
        put_binary(t, prefix, &c, all, &note);
    else
        put_text(t, prefix, &c, all, &note);
    put_notes(t, prefix, &c, b, &note);
    buf_release(&note);
    buf_release(&c.plain);
}

void
dump_body(struct dump_text *t, const struct http_msg *m, const char *prefix,
          const struct dump_options *o)
{
    if (m->body.size == 0)
        return;
    buf_append(&t->out, slice_str(prefix));
    buf_byte(&t->out, '\n');
    dump_content(t, &m->head, &m->body, prefix, o);
}
