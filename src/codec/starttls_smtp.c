/* SMTP and submission: STARTTLS, answered by 220 (RFC 3207). */
#include "codec/starttls.h"

/* What only comes when it is too late, and what has lines that are no commands. */
#define LATE "AUTH BDAT DATA "

static int
detect(struct slice first)
{
    struct slice greeting = SLICE("220");
    if (!slice_starts(first, slice_first(greeting, first.n)))
        return 0;
    if (first.n < 4)
        return -1;
    return first.p[3] == ' ' || first.p[3] == '-';
}

static void
on_client(struct starttls *s, struct slice unit)
{
    struct slice line = starttls_line(unit), rest = line;
    s->pending++;
    if (slice_eq_nocase(line, SLICE("STARTTLS")))
        s->state = STARTTLS_ASKED;
    else if (starttls_listed(LATE, slice_cut(&rest, ' ')))
        s->state = STARTTLS_OVER;
}

/* The greeting is the first answer, to no command. */
static void
on_server(struct starttls *s, struct slice unit)
{
    bool last = unit.n < 4 || unit.p[3] != '-';
    if (!last)
        return;
    if (!s->tag_n) {
        s->tag_n = 1;
        return;
    }
    s->pending -= s->pending > 0;
    if (s->state == STARTTLS_ASKED && !s->pending)
        s->state = slice_starts(unit, SLICE("220")) ? STARTTLS_CHANGE : STARTTLS_WATCH;
}

const struct starttls_ops starttls_smtp = {
    .name = "smtp",
    .first = STARTTLS_SERVER,
    .detect = detect,
    .end = '\n',
    .unit = {on_client, on_server},
};
