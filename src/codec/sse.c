/* Server-sent events: a line at a time, a byte at a time where it is not data. */
#include "codec/sse.h"

static const char bom[] = "\xef\xbb\xbf";

static void
line_begin(struct sse *s)
{
    s->at = SSE_FIELD;
    s->n_field = 0;
}

static bool
field_is(const struct sse *s, struct slice name)
{
    return slice_eq(slice_of(s->field, s->n_field), name);
}

/* The name of a field is over: what its value is for. */
static enum sse_at
field_end(struct sse *s, const struct sse_ops *ops, void *arg)
{
    if (field_is(s, SLICE("event"))) {
        s->n_name = 0;
        return SSE_EVENT;
    }
    if (!field_is(s, SLICE("data")))
        return SSE_SKIP;
    ops->data(arg, s->data ? SLICE("\n") : SLICE(""));
    s->data = true;
    return SSE_DATA;
}

static void
event_end(struct sse *s, const struct sse_ops *ops, void *arg)
{
    if (s->data)
        ops->event(arg, slice_of(s->name, s->n_name));
    s->data = false;
    s->n_name = 0;
}

static void
line_end(struct sse *s, const struct sse_ops *ops, void *arg)
{
    bool blank = s->at == SSE_FIELD && !s->n_field;
    s->line = true;
    s->inside = !blank && (s->inside || s->at != SSE_COMMENT);
    if (blank)
        event_end(s, ops, arg);
    else if (s->at == SSE_FIELD)
        field_end(s, ops, arg);
    line_begin(s);
}

static size_t
find_end(struct slice in)
{
    size_t n = 0;
    while (n < in.n && in.p[n] != '\n' && in.p[n] != '\r')
        n++;
    return n;
}

static void
name_add(struct sse *s, struct slice piece)
{
    piece = slice_first(piece, sizeof s->name - s->n_name);
    if (piece.n)
        memcpy(s->name + s->n_name, piece.p, piece.n);
    s->n_name += piece.n;
}

/* What is in front of the end of the line, and not empty. */
static size_t
take_value(struct sse *s, struct slice in, const struct sse_ops *ops, void *arg)
{
    struct slice piece = slice_first(in, find_end(in));
    if (s->at == SSE_DATA)
        ops->data(arg, piece);
    else if (s->at == SSE_EVENT)
        name_add(s, piece);
    return piece.n;
}

static void
take_field(struct sse *s, char c)
{
    if (c == ':')
        s->at = s->n_field ? SSE_SPACE : SSE_COMMENT;
    else if (s->n_field == sizeof s->field)
        s->at = SSE_SKIP;
    else
        s->field[s->n_field++] = c;
}

/* A mark that is none begins the name of a field that is not known. */
static size_t
take_bom(struct sse *s, char c)
{
    if (c == bom[s->n_bom]) {
        s->line = ++s->n_bom == sizeof bom - 1;
        if (s->line)
            line_begin(s);
        return 1;
    }
    line_begin(s);
    if (s->n_bom)
        s->at = SSE_SKIP;
    return 0;
}

static size_t
take(struct sse *s, struct slice in, const struct sse_ops *ops, void *arg)
{
    char c = *in.p;
    bool lf = s->cr && c == '\n';
    s->cr = false;
    s->line |= lf;
    if (lf)
        return 1;
    if (s->at == SSE_BOM)
        return take_bom(s, c);
    if (s->at == SSE_SPACE) {
        s->at = field_end(s, ops, arg);
        return c == ' ';
    }
    if (c == '\n' || c == '\r') {
        s->cr = c == '\r';
        line_end(s, ops, arg);
        return 1;
    }
    if (s->at != SSE_FIELD)
        return take_value(s, in, ops, arg);
    take_field(s, c);
    return 1;
}

size_t
sse_next(struct sse *s, struct slice in, const struct sse_ops *ops, void *arg)
{
    size_t n = 0;
    s->began |= in.n;
    s->line = false;
    while (n < in.n && (!s->line || (s->cr && in.p[n] == '\n')))
        n += take(s, slice_from(in, n), ops, arg);
    return n;
}

void
sse_push(struct sse *s, struct slice in, const struct sse_ops *ops, void *arg)
{
    while (in.n)
        in = slice_from(in, sse_next(s, in, ops, arg));
}

/* Printing ---------------------------------------------------------------------------------- */

/* Takes a line and its end off the front; 'end' is empty where there is none. */
static struct slice
cut_line(struct slice *in, struct slice *end)
{
    size_t n = find_end(*in);
    struct slice line = slice_first(*in, n), rest = slice_from(*in, n);
    *end = slice_first(rest, slice_starts(rest, SLICE("\r\n")) ? 2 : 1);
    *in = slice_from(rest, end->n);
    return line;
}

/* Each line of the data is one of the block. */
static void
print_data(struct buf *out, struct slice data, struct slice end)
{
    struct slice of;
    do {
        struct slice line = cut_line(&data, &of);
        buf_append(out, SLICE("data: "));
        buf_append(out, line);
        buf_append(out, end);
    } while (data.n || of.n);
}

void
sse_print(struct buf *out, struct slice block, struct slice data)
{
    struct slice end;
    bool done = false;
    while (block.n) {
        struct slice line = cut_line(&block, &end), value = line, field = slice_cut(&value, ':');
        bool is_data = slice_eq(field, SLICE("data"));
        if (is_data && !done)
            print_data(out, data, end);
        done |= is_data;
        if (is_data)
            continue;
        buf_append(out, line);
        buf_append(out, end);
    }
}

void
sse_print_new(struct buf *out, struct slice name, struct slice data)
{
    if (name.n) {
        buf_append(out, SLICE("event: "));
        buf_append(out, name);
        buf_byte(out, '\n');
    }
    print_data(out, data, SLICE("\n"));
    buf_byte(out, '\n');
}
