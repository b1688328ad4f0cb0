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
    if (s->at == SSE_FIELD && !s->n_field)
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
        s->at = s->n_field ? SSE_SPACE : SSE_SKIP;
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
        if (++s->n_bom == sizeof bom - 1)
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

void
sse_push(struct sse *s, struct slice in, const struct sse_ops *ops, void *arg)
{
    while (in.n)
        in = slice_from(in, take(s, in, ops, arg));
}
