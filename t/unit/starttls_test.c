/* Tests of codec/starttls: conversations of each protocol, whole and in pieces: how many bytes of
 * each side pass in clear, and what comes of it. */
#include "codec/starttls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LDAP_TLS                                                                                   \
    "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"                                                         \
    "1.3.6.1.4.1.1466.20037"
#define LDAP_OK   "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"
#define LDAP_NO   "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00"
#define LDAP_ROOT "\x30\x05\x02\x01\x07\x63\x00"
#define LDAP_DONE "\x30\x0c\x02\x01\x07\x65\x07\x0a\x01\x00\x04\x00\x04\x00"
#define LDAP_BIND "\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"
#define PG_SSL    "\x00\x00\x00\x08\x04\xd2\x16\x2f"
#define PG_GSS    "\x00\x00\x00\x08\x04\xd2\x16\x30"
#define PG_START  "\x00\x00\x00\x09\x00\x03\x00\x00\x00"
#define MY_HELLO                                                                                   \
    "\x07\x00\x00\x00\x0a"                                                                         \
    "8.0.1\x00"
#define MY_SSL                                                                                     \
    "\x20\x00\x00\x01\x85\xae\x3f\x20\x00\x00\x00\x01\x21"                                         \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define MY_PLAIN                                                                                   \
    "\x20\x00\x00\x01\x85\xa6\x3f\x20\x00\x00\x00\x01\x21"                                         \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define XMPP_OPEN "<?xml version='1.0'?><stream:stream to='a' xmlns='jabber:client'>"
#define XMPP_ASK  "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define XMPP_GO   "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define HELLO     "\x16\x03\x01" /* TLS begins so */

#define C(text)                                                                                    \
    {                                                                                              \
        STARTTLS_CLIENT, {text, sizeof(text) - 1}, 0                                               \
    }
#define S(text)                                                                                    \
    {                                                                                              \
        STARTTLS_SERVER, {text, sizeof(text) - 1}, 0                                               \
    }
/* Only the first n bytes pass. */
#define CN(n, text)                                                                                \
    {                                                                                              \
        STARTTLS_CLIENT, {text, sizeof(text) - 1}, sizeof(text) - 1 - (n)                          \
    }
#define SN(n, text)                                                                                \
    {                                                                                              \
        STARTTLS_SERVER, {text, sizeof(text) - 1}, sizeof(text) - 1 - (n)                          \
    }

static const struct {
    const char *name;
    enum starttls_state end;
    struct {
        enum starttls_side side;
        struct slice bytes;
        size_t left;
    } steps[8];
} talks[] = {
    {"smtp",
     STARTTLS_CHANGE,
     {S("220 mx ESMTP\r\n"), C("EHLO a\r\n"), S("250-mx\r\n250-SIZE\r\n250 STARTTLS\r\n"),
      C("STARTTLS\r\n"), S("220 go\r\n")}},
    {"smtp",
     STARTTLS_CHANGE, /* both commands at once, a greeting of two lines */
     {S("220-mx\r\n220 ESMTP\r\n"), C("EHLO a\r\nstarttls\r\n"), S("250-mx\r\n250 STARTTLS\r\n"),
      S("220 go\r\n")}},
    {"smtp",
     STARTTLS_CHANGE, /* injections on both sides stay out */
     {S("220 mx\r\n"), CN(10, "STARTTLS\r\nRSET\r\n"), SN(8, "220 go\r\n250 sure\r\n")}},
    {"smtp", STARTTLS_WATCH, {S("220 mx\r\n"), C("STARTTLS\r\n"), S("454 not now\r\n")}},
    {"smtp",
     STARTTLS_OVER,
     {S("220 mx\r\n"), C("MAIL FROM:<a>\r\n"), S("250 ok\r\n"), C("DATA\r\nSTARTTLS\r\n")}},
    {"smtp", STARTTLS_ASKED, {S("220 mx\r\n"), CN(10, "STARTTLS\r\n" HELLO)}},
    {"pop3",
     STARTTLS_CHANGE,
     {S("+OK hi\r\n"), C("CAPA\r\n"), S("+OK\r\nSTLS\r\nUIDL\r\n.\r\n"), C("STLS\r\n"),
      SN(5, "+OK\r\n" HELLO)}},
    {"pop3", STARTTLS_WATCH, {S("+OK hi\r\n"), C("STLS\r\n"), S("-ERR no\r\n")}},
    {"pop3", STARTTLS_OVER, {S("+OK hi\r\n"), C("USER a\r\n"), S("+OK\r\n"), C("PASS STLS\r\n")}},
    {"imap",
     STARTTLS_CHANGE,
     {S("* OK [CAPABILITY IMAP4] hi\r\n"), C("a1 CAPABILITY\r\n"), S("* CAPABILITY X\r\na1 OK\r\n"),
      C("a2 StartTLS\r\n"), S("* NOTHING\r\na1 OK late\r\n"),
      SN(10, "a2 OK go\r\n"
             "* BYE\r\n")}},
    {"imap", STARTTLS_WATCH, {S("* OK\r\n"), C("x STARTTLS\r\n"), S("x BAD no\r\n")}},
    {"imap", STARTTLS_OVER, {S("* OK\r\n"), C("x LOGIN a {8}\r\nSTARTTLS\r\n")}},
    {"xmpp",
     STARTTLS_CHANGE,
     {C(XMPP_OPEN), S("<stream:stream id='1'><stream:features><starttls/></stream:features>"),
      C(XMPP_ASK), SN(sizeof(XMPP_GO) - 1, XMPP_GO HELLO)}},
    {"xmpp", STARTTLS_OVER, {C(XMPP_OPEN), C("<auth mechanism='PLAIN'>AGE=</auth>")}},
    {"xmpp", STARTTLS_OVER, {C(XMPP_OPEN), C(XMPP_ASK), S("<failure/>")}},
    {"postgresql", STARTTLS_CHANGE, {C(PG_SSL), SN(1, "S" HELLO)}},
    {"postgresql", STARTTLS_CHANGE, {C(PG_GSS), S("N"), CN(8, PG_SSL HELLO), S("S")}},
    {"postgresql", STARTTLS_OVER, {C(PG_SSL), S("N"), C(PG_START)}},
    {"postgresql", STARTTLS_OVER, {C(PG_GSS), S("S")}},
    {"mysql", STARTTLS_CHANGE, {S(MY_HELLO), CN(36, MY_SSL HELLO)}},
    {"mysql", STARTTLS_OVER, {S(MY_HELLO), C(MY_PLAIN)}},
    {"ldap", STARTTLS_CHANGE, {C(LDAP_TLS), SN(14, LDAP_OK HELLO)}},
    {"ldap",
     STARTTLS_CHANGE,
     {C(LDAP_ROOT), S(LDAP_DONE), CN(31, LDAP_TLS HELLO), S(LDAP_DONE), S(LDAP_OK)}},
    {"ldap", STARTTLS_WATCH, {C(LDAP_TLS), S(LDAP_NO)}},
    {"ldap", STARTTLS_OVER, {C(LDAP_BIND), S(LDAP_OK)}},
};

static const struct starttls_ops *
named(const char *name)
{
    bool unsure;
    const struct starttls_ops *found = NULL;
    for (size_t i = 0; i < ARRAY_LEN(talks) && !found; i++)
        if (slice_eq(slice_str(talks[i].name), slice_str(name)))
            found = starttls_detect(talks[i].steps[0].side, talks[i].steps[0].bytes, &unsure);
    assert_non_null(found);
    assert_string_equal(found->name, name);
    return found;
}

/* Shows 'in' to the watcher as it would arrive in pieces; returns what was not taken. */
static size_t
show(struct starttls *s, enum starttls_side side, struct slice in, size_t piece)
{
    size_t there = 0, taken = 0;
    while (there < in.n) {
        there = MIN(there + piece, in.n);
        taken += starttls_take(s, side, slice_of(in.p + taken, there - taken));
        assert_true(taken <= there);
    }
    return in.n - taken;
}

static void
talks_end_where_they_should(void **state)
{
    const size_t pieces[] = {1000, 1, 2, 3, 7};
    for (size_t i = 0; i < ARRAY_LEN(talks) * ARRAY_LEN(pieces); i++) {
        size_t t = i / ARRAY_LEN(pieces);
        struct starttls s;
        starttls_init(&s, named(talks[t].name));
        for (size_t k = 0; k < ARRAY_LEN(talks[t].steps) && talks[t].steps[k].bytes.n; k++) {
            size_t left = show(&s, talks[t].steps[k].side, talks[t].steps[k].bytes,
                               pieces[i % ARRAY_LEN(pieces)]);
            if (left != talks[t].steps[k].left)
                fail_msg("talk %zu (%s), step %zu: %zu bytes are left", t, talks[t].name, k, left);
        }
        if (s.state != talks[t].end)
            fail_msg("talk %zu (%s) ends with %d", t, talks[t].name, (int)s.state);
    }
    (void)state;
}

static void
first_bytes_tell_the_protocol(void **state)
{
    const struct {
        enum starttls_side side;
        struct slice bytes;
        const char *name;
        bool unsure;
    } rows[] = {
        {STARTTLS_SERVER, SLICE("22"), NULL, true},
        {STARTTLS_SERVER, SLICE("221 bye"), NULL, false},
        {STARTTLS_SERVER, SLICE("+O"), NULL, true},
        {STARTTLS_SERVER, SLICE("* BYE"), NULL, false},
        {STARTTLS_SERVER, SLICE("SSH-2.0-x\r\n"), NULL, false},
        {STARTTLS_SERVER, SLICE("\x07\x00\x00\x00\x09"), NULL, false},
        {STARTTLS_CLIENT, SLICE("GET / HTTP/1.1\r\n"), NULL, false},
        {STARTTLS_CLIENT, SLICE("\x16\x03\x01\x02\x00\x01"), NULL, false},
        {STARTTLS_CLIENT, SLICE("\x00\x00\x00"), NULL, true},
        {STARTTLS_CLIENT, SLICE("<?xml version='1.0'?>"), NULL, true},
        {STARTTLS_CLIENT, SLICE("<?xml version='1.0'?><html>"), NULL, false},
        {STARTTLS_CLIENT, SLICE("<stream:stream"), "xmpp", false},
        {STARTTLS_CLIENT, SLICE(LDAP_ROOT), "ldap", false},
        {STARTTLS_CLIENT, SLICE("\x30\x1d"), NULL, true},
        {STARTTLS_CLIENT, SLICE("0123456789"), NULL, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool unsure;
        const struct starttls_ops *got = starttls_detect(rows[i].side, rows[i].bytes, &unsure);
        if (unsure != rows[i].unsure || !got != !rows[i].name ||
            (got && !slice_eq(slice_str(got->name), slice_str(rows[i].name))))
            fail_msg("row %zu: %s%s", i, got ? got->name : "nothing", unsure ? ", unsure" : "");
    }
    (void)state;
}

static void
a_large_message_passes_in_pieces(void **state)
{
    /* A search of 1 MiB before the request: its content may look like one. */
    static char message[(1 << 20) + 9] = "\x30\x84\x00\x10\x00\x03\x02\x01\x09";
    struct starttls s;
    message[9] = 0x63, message[10] = 0x00;
    starttls_init(&s, named("ldap"));
    assert_int_equal(show(&s, STARTTLS_CLIENT, slice_of(message, sizeof message), 4096), 0);
    assert_int_equal(s.state, STARTTLS_WATCH);
    assert_int_equal(show(&s, STARTTLS_CLIENT, SLICE(LDAP_TLS), 1), 0);
    assert_int_equal(s.state, STARTTLS_ASKED);
    (void)state;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(talks_end_where_they_should),
        cmocka_unit_test(first_bytes_tell_the_protocol),
        cmocka_unit_test(a_large_message_passes_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
