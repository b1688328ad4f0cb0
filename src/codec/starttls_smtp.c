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
    starttls_count_command(s, unit, SLICE("STARTTLS"), LATE);
}

static void
on_server(struct starttls *s, struct slice unit)
{
    bool last = unit.n < 4 || unit.p[3] != '-';
    if (last)
        starttls_count_answer(s, slice_starts(unit, SLICE("220")));
}

const struct starttls_ops starttls_smtp = {
    .name = "smtp",
    .first = STARTTLS_SERVER,
    .detect = detect,
    .end = '\n',
    .unit = {on_client, on_server},
};
