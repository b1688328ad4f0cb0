/* POP3: STLS, answered by +OK (RFC 2595 section 4). */
#include "codec/starttls.h"

/* Behind these is the mailbox, or lines that are no commands. */
#define LATE "APOP AUTH PASS "

static int
detect(struct slice first)
{
    struct slice greeting = SLICE("+OK");
    if (!slice_starts(first, slice_first(greeting, first.n)))
        return 0;
    return first.n < greeting.n ? -1 : 1;
}

static void
on_client(struct starttls *s, struct slice unit)
{
    starttls_count_command(s, unit, SLICE("STLS"), LATE);
}

/* Lines of a longer answer, as that to CAPA, begin with neither. */
static void
on_server(struct starttls *s, struct slice unit)
{
    bool good = slice_starts(unit, SLICE("+OK"));
    if (good || slice_starts(unit, SLICE("-ERR")))
        starttls_count_answer(s, good);
}

const struct starttls_ops starttls_pop3 = {
    .name = "pop3",
    .first = STARTTLS_SERVER,
    .detect = detect,
    .end = '\n',
    .unit = {on_client, on_server},
};
