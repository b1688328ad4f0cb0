/* HTTP/1 heads: from the index back to bytes, the same ones wherever nothing changed. */
#include "codec/http1.h"
#include "codec/token.h"

/* Lines of the head that lie side by side in it are copied as one: an untouched head is a single
 * copy. */
struct run {
    struct buf *out;
    struct slice held;
};

static void
run_flush(struct run *r)
{
    buf_append(r->out, r->held);
    r->held = SLICE_NONE;
}

static void
run_line(struct run *r, struct slice line)
{
    if (r->held.n && r->held.p + r->held.n == line.p) {
        r->held.n += line.n;
        return;
    }
    run_flush(r);
    r->held = line;
}

static void
run_text(struct run *r, struct slice s)
{
    run_flush(r);
    buf_append(r->out, s);
}

static void
add_fields(struct run *r, const struct http_head *h)
{
    for (size_t i = 0; i < h->n; i++) {
        const struct field *f = &h->fields[i];
        if (f->line.n) {
            run_line(r, f->line);
            continue;
        }
        run_text(r, f->name);
        run_text(r, SLICE(": "));
        run_text(r, f->value);
        run_text(r, SLICE("\r\n"));
    }
}

/* The empty line as it arrived, so that it can be part of a run. */
static void
add_blank(struct run *r, const struct http_head *h)
{
    bool there = slice_ends(h->raw, SLICE("\r\n"));
    run_line(r, there ? slice_from(h->raw, h->raw.n - 2) : SLICE("\r\n"));
    run_flush(r);
}

/* HTTP/2 is only ever written down, not sent. */
static struct slice
version_text(const struct http_head *h)
{
    return h->version == 20 ? SLICE("HTTP/2.0") : SLICE("HTTP/1.1");
}

/* Whether the line that arrived is the one that would be written. */
static bool
line_asks(const struct http_head *h, struct slice target)
{
    struct slice rest = h->line, version = version_text(h);
    return slice_eq(slice_cut(&rest, ' '), h->method) && slice_starts(rest, target) &&
           slice_starts(slice_from(rest, target.n), SLICE(" ")) &&
           slice_starts(slice_from(rest, target.n + 1), version) &&
           slice_eq(slice_from(rest, target.n + 1 + version.n), SLICE("\r\n"));
}

void
http1_print_request(struct buf *out, const struct http_head *h, struct slice target)
{
    if (h->malformed) {
        buf_append(out, h->raw);
        return;
    }
    struct run r = {.out = out};
    if (line_asks(h, target)) {
        run_line(&r, h->line);
    } else {
        run_text(&r, h->method);
        run_text(&r, SLICE(" "));
        run_text(&r, target);
        run_text(&r, SLICE(" "));
        run_text(&r, version_text(h));
        run_text(&r, SLICE("\r\n"));
    }
    add_fields(&r, h);
    add_blank(&r, h);
}

/* The same for a response. A missing reason may have lost its blank with it. */
static bool
line_answers(const struct http_head *h)
{
    struct slice rest = h->line;
    if (!slice_eq(slice_cut(&rest, ' '), version_text(h)) || rest.n < 5)
        return false;
    unsigned status = 0;
    for (size_t i = 0; i < 3; i++)
        status = status * 10 + (unsigned)(rest.p[i] - '0');
    rest = slice_from(rest, rest.p[3] == ' ' ? 4 : 3);
    return status == h->status && slice_starts(rest, h->reason) &&
           slice_eq(slice_from(rest, h->reason.n), SLICE("\r\n"));
}

void
http1_print_response(struct buf *out, const struct http_head *h)
{
    if (h->malformed) {
        buf_append(out, h->raw);
        return;
    }
    struct run r = {.out = out};
    if (line_answers(h)) {
        run_line(&r, h->line);
    } else {
        buf_printf(out, "%s %03u ", version_text(h).p, h->status);
        run_text(&r, h->reason);
        run_text(&r, SLICE("\r\n"));
    }
    add_fields(&r, h);
    add_blank(&r, h);
}

void
http1_print_fields(struct buf *out, const struct http_head *h)
{
    struct run r = {.out = out};
    add_fields(&r, h);
    run_flush(&r);
}
