/* XMPP: <starttls/>, answered by <proceed/> (RFC 6120 section 5). */
#include "codec/starttls.h"

static int
detect(struct slice first)
{
    static const char stream[] = "<stream:stream";
    while (first.n && (first.p[0] == ' ' || first.p[0] == '\n' || first.p[0] == '\r'))
        first = slice_from(first, 1);
    if (slice_starts(first, SLICE("<?xml")) && slice_find(first, '>') < first.n)
        return slice_find(slice_from(first, slice_find(first, '>')), '<') < first.n
                   ? detect(slice_from(first, slice_find(first, '>') + 1))
                   : -1;
    if (slice_starts(first, slice_str(stream)))
        return 1;
    bool may = slice_starts(slice_str(stream), first) || slice_starts(SLICE("<?xml"), first) ||
               slice_starts(first, SLICE("<?xml"));
    return may ? -1 : 0;
}

/* The name of the tag that a unit ends with; empty for one that ends something. */
static struct slice
tag_name(struct slice unit)
{
    size_t at = slice_find_last(unit, '<'), n = 0;
    struct slice name = slice_from(unit, at + 1);
    while (n < name.n && slice_find(SLICE(" \t\r\n/>"), name.p[n]) == 6)
        n++;
    return slice_first(name, n);
}

static void
on_client(struct starttls *s, struct slice unit)
{
    struct slice name = tag_name(unit);
    if (slice_eq(name, SLICE("starttls")))
        s->state = STARTTLS_ASKED;
    else if (starttls_listed("auth iq message presence ", name))
        s->state = STARTTLS_OVER;
}

static void
on_server(struct starttls *s, struct slice unit)
{
    struct slice name = tag_name(unit);
    if (s->state == STARTTLS_ASKED && slice_eq(name, SLICE("proceed")))
        s->state = STARTTLS_CHANGE;
    else if (slice_eq(name, SLICE("failure")))
        s->state = STARTTLS_OVER;
}

const struct starttls_ops starttls_xmpp = {
    .name = "xmpp",
    .first = STARTTLS_CLIENT,
    .detect = detect,
    .end = '>',
    .unit = {on_client, on_server},
};
