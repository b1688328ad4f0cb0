/* IMAP: a tag and STARTTLS, answered by the tag and OK (RFC 9051 section 6.2.1). */
#include "codec/starttls.h"

/* Behind these the session is another one, or there are literals. */
#define LATE "AUTHENTICATE LOGIN "

static int
detect(struct slice first)
{
    struct slice greeting = SLICE("* OK");
    if (!slice_starts(first, slice_first(greeting, first.n)))
        return 0;
    return first.n < greeting.n ? -1 : 1;
}

static void
on_client(struct starttls *s, struct slice unit)
{
    struct slice rest = starttls_line(unit), tag = slice_cut(&rest, ' ');
    if (slice_eq_nocase(rest, SLICE("STARTTLS")) && tag.n) {
        s->tag_n = tag.n;
        memcpy(s->tag, tag.p, tag.n);
        s->state = STARTTLS_ASKED;
    } else if (starttls_listed(LATE, slice_cut(&rest, ' '))) {
        s->state = STARTTLS_OVER;
    }
}

static void
on_server(struct starttls *s, struct slice unit)
{
    struct slice rest = unit, tag = slice_cut(&rest, ' ');
    if (s->state != STARTTLS_ASKED || !slice_eq(tag, slice_of(s->tag, s->tag_n)))
        return;
    bool good = slice_eq_nocase(slice_first(rest, 2), SLICE("OK"));
    s->state = good ? STARTTLS_CHANGE : STARTTLS_WATCH;
}

const struct starttls_ops starttls_imap = {
    .name = "imap",
    .first = STARTTLS_SERVER,
    .detect = detect,
    .end = '\n',
    .unit = {on_client, on_server},
};
