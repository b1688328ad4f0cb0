/* LDAP: the extended operation StartTLS (RFC 4511 section 4.14). */
#include "codec/starttls.h"

#define START_TLS "1.3.6.1.4.1.1466.20037"

enum {
    BER_INTEGER = 0x02,
    BER_ENUMERATED = 0x0a,
    BER_SEQUENCE = 0x30,
    LDAP_BIND = 0x60,
    LDAP_EXTENDED = 0x77,
    LDAP_EXTENDED_RESPONSE = 0x78,
    LDAP_REQUEST_NAME = 0x80,
};

/* Tag and length at the front of *in, taken off it. 0: not so; -1: more bytes are needed. */
static int
ber_head(struct slice *in, unsigned char *tag, uint64_t *length)
{
    const unsigned char *p = (const unsigned char *)in->p;
    if (in->n < 2)
        return -1;
    size_t more = p[1] & 0x80 ? p[1] & 0x7fu : 0;
    if ((p[1] & 0x80 && !more) || more > 4)
        return 0;
    if (in->n < 2 + more)
        return -1;
    *tag = p[0];
    *length = more ? 0 : p[1];
    for (size_t i = 0; i < more; i++)
        *length = *length << 8 | p[2 + i];
    *in = slice_from(*in, 2 + more);
    return 1;
}

/* A message: its number, its operation, and how long it is in all. */
struct message {
    struct slice id;
    unsigned char op;
    struct slice rest; /* what of the operation is there */
    uint64_t size;
};

static int
message_parts(struct slice at, struct message *m)
{
    unsigned char tag;
    uint64_t n;
    int r = ber_head(&at, &tag, &n);
    if (r <= 0 || tag != BER_INTEGER || n > 4)
        return r < 0 ? r : 0;
    m->id = slice_first(at, (size_t)n);
    at = slice_from(at, (size_t)n);
    r = ber_head(&at, &m->op, &n);
    m->rest = at;
    return r;
}

static int
message_read(struct slice in, struct message *m)
{
    unsigned char tag;
    uint64_t length;
    struct slice at = in;
    int r = ber_head(&at, &tag, &length);
    if (r <= 0 || tag != BER_SEQUENCE)
        return r < 0 ? r : 0;
    m->size = length + (in.n - at.n);
    bool whole = length <= at.n;
    r = message_parts(whole ? slice_first(at, (size_t)length) : at, m);
    return r < 0 && whole ? 0 : r;
}

static int
detect(struct slice first)
{
    struct message m;
    int r = message_read(first, &m);
    if (r <= 0)
        return first.n && first.p[0] != BER_SEQUENCE ? 0 : r;
    return m.op >= LDAP_BIND && m.op <= LDAP_EXTENDED;
}

/* Whether a whole message has to be there before it can be told what it says. */
static bool
is_waited_for(const struct message *m, struct slice in)
{
    return m->size <= STARTTLS_MESSAGE && in.n < m->size;
}

static size_t
give_up(struct starttls *s)
{
    s->state = STARTTLS_OVER;
    return 0;
}

static size_t
on_client(struct starttls *s, struct slice in)
{
    struct message m;
    unsigned char tag;
    uint64_t n;
    int r = message_read(in, &m);
    if (r <= 0)
        return r < 0 ? 0 : give_up(s);
    if (m.op == LDAP_BIND)
        return give_up(s);
    if (m.op != LDAP_EXTENDED)
        return starttls_skip(s, STARTTLS_CLIENT, in, m.size);
    if (is_waited_for(&m, in))
        return 0;
    if (ber_head(&m.rest, &tag, &n) > 0 && tag == LDAP_REQUEST_NAME &&
        slice_eq(slice_first(m.rest, (size_t)n), SLICE(START_TLS)) && m.size <= in.n) {
        s->tag_n = m.id.n;
        memcpy(s->tag, m.id.p, m.id.n);
        s->state = STARTTLS_ASKED;
    }
    return starttls_skip(s, STARTTLS_CLIENT, in, m.size);
}

static size_t
on_server(struct starttls *s, struct slice in)
{
    struct message m;
    unsigned char tag;
    uint64_t n;
    int r = message_read(in, &m);
    if (r <= 0)
        return r < 0 ? 0 : give_up(s);
    bool answer = s->state == STARTTLS_ASKED && m.op == LDAP_EXTENDED_RESPONSE &&
                  slice_eq(m.id, slice_of(s->tag, s->tag_n));
    if (answer && is_waited_for(&m, in))
        return 0;
    if (answer) {
        bool good = ber_head(&m.rest, &tag, &n) > 0 && tag == BER_ENUMERATED && n == 1 &&
                    m.rest.n && m.rest.p[0] == 0 && m.size <= in.n;
        s->state = good ? STARTTLS_CHANGE : STARTTLS_WATCH;
    }
    return starttls_skip(s, STARTTLS_SERVER, in, m.size);
}

const struct starttls_ops starttls_ldap = {
    .name = "ldap",
    .first = STARTTLS_CLIENT,
    .detect = detect,
    .take = {on_client, on_server},
};
