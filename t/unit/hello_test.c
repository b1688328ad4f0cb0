/* ClientHellos: those of real clients, in any pieces, and those that nobody should believe. */
#include "codec/hello.h"

#include "base/base64.h"
#include "base/mem.h"
#include "lib/hello_samples.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HEADERS 9 /* of the record and of the message */

static struct buf sample = {.max = 1 << 16};
static struct buf made = {.max = 1 << 20};
static struct buf scratch = {.max = HELLO_MAX};
static struct hello hello;

static int
release_all(void **state)
{
    buf_release(&sample);
    buf_release(&made);
    buf_release(&scratch);
    return 0;
}

static struct slice
load(const char *client)
{
    for (size_t i = 0; i < ARRAY_LEN(hello_samples); i++) {
        if (strcmp(hello_samples[i].client, client) != 0)
            continue;
        buf_reset(&sample);
        assert_true(base64_decode(&sample, slice_str(hello_samples[i].base64)));
        return buf_slice(&sample);
    }
    fail_msg("no sample '%s'", client);
    return SLICE_NONE;
}

/* Parses a copy that ends where its memory ends. Slices of the result must not be looked at. */
static enum hello_result
parse_copy(struct slice s)
{
    char *copy = mem_need(mem_alloc(s.n + 1));
    if (s.n)
        memcpy(copy + 1, s.p, s.n);
    enum hello_result r = hello_parse(slice_of(copy + 1, s.n), &scratch, &hello);
    mem_free(copy);
    return r;
}

static void
assert_text(struct slice s, const char *text)
{
    if (!slice_eq(s, slice_str(text)))
        fail_msg("'%.*s' is not '%s'", SLICE_ARG(s), text);
}

static void
every_sample_is_read_whole(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(hello_samples); i++) {
        struct slice s = load(hello_samples[i].client);
        assert_int_equal(hello_parse(s, &scratch, &hello), HELLO_OK);
        assert_int_equal(hello.size, s.n);
        assert_int_equal(hello.legacy_version, 0x0303);
        assert_false(hello.cut);
        assert_true(hello.accepts_rsa);
    }
}

static void
what_chromium_offers(void **state)
{
    assert_int_equal(hello_parse(load("chromium"), &scratch, &hello), HELLO_OK);
    assert_int_equal(hello.version, 0x0304);
    assert_int_equal(hello.record_version, 0x0301);
    assert_text(hello.sni, "client.test.example");
    assert_true(hello.sni_valid && hello.session_id && hello.ech);
    assert_false(hello.psk || hello.early_data || hello.ticket);
    assert_int_equal(hello.n_alpn, 2);
    assert_text(hello.alpn[0], "h2");
    assert_text(hello.alpn[1], "http/1.1");
    assert_true(hello_is_grease(hello.ciphers[0]) && hello_is_grease(hello.groups[0]));
    assert_int_equal(hello.n_ciphers, 16);
    assert_true(hello.accepts_ecdsa_p256);
}

static void
what_a_client_without_names_and_one_of_tls_1_2_offer(void **state)
{
    assert_int_equal(hello_parse(load("openssl, no name"), &scratch, &hello), HELLO_OK);
    assert_false(hello.has_sni || hello.sni_valid);
    assert_int_equal(hello.sni.n, 0);
    assert_int_equal(hello.n_alpn, 0);
    assert_int_equal(hello_parse(load("openssl, TLS 1.2"), &scratch, &hello), HELLO_OK);
    assert_int_equal(hello.version, 0x0303);
    assert_int_equal(hello.n_versions, 0);
    assert_int_equal(hello.n_ciphers, 3);
    assert_int_equal(hello.n_formats, 3);
}

static void
every_truncation_waits(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(hello_samples); i++) {
        struct slice s = load(hello_samples[i].client);
        for (size_t n = 0; n < s.n; n++)
            assert_int_equal(parse_copy(slice_first(s, n)), HELLO_MORE);
    }
}

/* The message of a one-record sample in records of 'step' bytes each. */
static struct slice
fragment(struct slice s, size_t step)
{
    buf_reset(&made);
    for (struct slice rest = slice_from(s, 5); rest.n; rest = slice_from(rest, step)) {
        size_t n = MIN(step, rest.n);
        buf_append(&made, slice_first(s, 3));
        buf_byte(&made, (char)(n >> 8));
        buf_byte(&made, (char)n);
        buf_append(&made, slice_first(rest, n));
    }
    assert_false(made.failed);
    return buf_slice(&made);
}

static void
a_message_in_many_records_reads_the_same(void **state)
{
    static const size_t steps[] = {9, 10, 100, 255, 511};
    struct slice whole = load("curl");
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct slice s = fragment(whole, steps[i]);
        for (size_t n = 0; n < s.n; n++)
            assert_int_equal(parse_copy(slice_first(s, n)), HELLO_MORE);
        assert_int_equal(hello_parse(s, &scratch, &hello), HELLO_OK);
        assert_text(hello.sni, "client.test.example");
        assert_int_equal(hello.size, s.n);
        assert_int_equal(hello.n_ciphers, 31);
    }
}

static void
a_message_in_more_records_than_anybody_needs_is_bad(void **state)
{
    assert_int_equal(parse_copy(fragment(load("curl"), 1)), HELLO_BAD);
}

static void
bytes_behind_the_message_are_not_taken(void **state)
{
    struct slice s = load("go");
    size_t size = s.n;
    buf_append(&sample, SLICE("\x14\x03\x03\x00\x01\x01"));
    assert_int_equal(hello_parse(buf_slice(&sample), &scratch, &hello), HELLO_OK);
    assert_int_equal(hello.size, size);
}

/* A record and a message header around 'body'. */
static struct slice
wrap(struct slice body)
{
    size_t message = body.n + 4;
    buf_reset(&made);
    buf_append(&made, SLICE("\x16\x03\x01"));
    buf_byte(&made, (char)(message >> 8));
    buf_byte(&made, (char)message);
    buf_append(&made, SLICE("\x01\x00"));
    buf_byte(&made, (char)(body.n >> 8));
    buf_byte(&made, (char)body.n);
    buf_append(&made, body);
    return buf_slice(&made);
}

/* Cut anywhere, with record and message lengths that agree, it is no hello; but for where
 * extensions could begin. */
static void
a_message_that_ends_inside_a_field_is_bad(void **state)
{
    struct slice s = slice_from(load("openssl, TLS 1.2"), HEADERS);
    size_t complete = 0;
    assert_int_equal(parse_copy(wrap(s)), HELLO_OK);
    for (size_t n = 0; n < s.n; n++) {
        enum hello_result r = parse_copy(wrap(slice_first(s, n)));
        complete += r == HELLO_OK;
        assert_true(r == HELLO_OK || r == HELLO_BAD);
    }
    assert_int_equal(complete, 1);
}

/* A hello with these extensions: {type, length, body} one after the other. */
static enum hello_result
parse_with_extensions(struct slice extensions)
{
    struct buf body = {.max = 1 << 16};
    buf_append(&body, SLICE("\x03\x03"));
    for (size_t i = 0; i < 32; i++)
        buf_byte(&body, 'r');
    buf_append(&body, SLICE("\x00\x00\x02\x13\x01\x01\x00"));
    buf_byte(&body, (char)(extensions.n >> 8));
    buf_byte(&body, (char)extensions.n);
    buf_append(&body, extensions);
    enum hello_result r = hello_parse(wrap(buf_slice(&body)), &scratch, &hello);
    buf_release(&body);
    return r;
}

#define PARSE_EXTENSIONS(z) parse_with_extensions(SLICE(z))

static void
server_names_are_judged(void **state)
{
    assert_int_equal(PARSE_EXTENSIONS("\0\0\0\x06\0\x04\0\0\x01"
                                      "a"),
                     HELLO_OK);
    assert_true(hello.sni_valid);
    assert_int_equal(PARSE_EXTENSIONS("\0\0\0\x0c\0\x0a\0\0\x07"
                                      "1.2.3.4"),
                     HELLO_OK);
    assert_true(hello.has_sni && !hello.sni_valid);
    assert_int_equal(PARSE_EXTENSIONS("\0\0\0\x07\0\x05\0\0\x02"
                                      "a."),
                     HELLO_OK);
    assert_false(hello.sni_valid);
    assert_int_equal(PARSE_EXTENSIONS("\0\0\0\x08\0\x06\0\0\x03"
                                      "a:1"),
                     HELLO_OK);
    assert_false(hello.sni_valid);
    assert_int_equal(PARSE_EXTENSIONS("\0\0\0\x08\0\x06\0\0\x03"
                                      "a\0b"),
                     HELLO_OK);
    assert_false(hello.sni_valid);
    assert_int_equal(hello.sni.n, 3);
}

static void
names_of_other_types_are_no_server_names(void **state)
{
    assert_int_equal(PARSE_EXTENSIONS("\0\0\0\x0a\0\x08\x01\0\x01"
                                      "x\0\0\x01"
                                      "a"),
                     HELLO_OK);
    assert_text(hello.sni, "a");
}

static void
extensions_that_contradict_themselves_are_bad(void **state)
{
    assert_int_equal(PARSE_EXTENSIONS("\0\0\0\0"), HELLO_BAD);
    assert_int_equal(PARSE_EXTENSIONS("\0\0\0\x05\0\x03\0\0\0"), HELLO_BAD);
    assert_int_equal(PARSE_EXTENSIONS("\0\0\0\x0a\0\x08\0\0\x01"
                                      "a\0\0\x01"
                                      "b"),
                     HELLO_BAD);
    assert_int_equal(PARSE_EXTENSIONS("\0\0\0\x06\0\x04\0\0\x02"
                                      "a"),
                     HELLO_BAD);
    assert_int_equal(PARSE_EXTENSIONS("\0\0\0\x06\0\x03\0\0\x01"
                                      "a"),
                     HELLO_BAD);
    assert_int_equal(PARSE_EXTENSIONS("\0\x0a\0\x03\0\x01\0"), HELLO_BAD);
    assert_int_equal(PARSE_EXTENSIONS("\0\x0a\0\x02\0\0"), HELLO_BAD);
    assert_int_equal(PARSE_EXTENSIONS("\0\x10\0\x03\0\x01\0"), HELLO_BAD);
    assert_int_equal(PARSE_EXTENSIONS("\0\x10\0\x05\0\x03\x04h2"), HELLO_BAD);
    assert_int_equal(PARSE_EXTENSIONS("\0\x2b\0\x02\x01\x03"), HELLO_BAD);
    assert_int_equal(PARSE_EXTENSIONS("\0\x2a\0\x01x"), HELLO_BAD);
    assert_int_equal(PARSE_EXTENSIONS("\0\x17\0\x01"), HELLO_BAD);
    assert_int_equal(PARSE_EXTENSIONS("\0\x17\0"), HELLO_BAD);
}

static void
the_same_extension_twice_is_bad(void **state)
{
    assert_int_equal(PARSE_EXTENSIONS("\0\x17\0\0"), HELLO_OK);
    assert_int_equal(PARSE_EXTENSIONS("\0\x17\0\0\0\x17\0\0"), HELLO_ILLEGAL);
}

static struct slice
with_compression(struct slice methods, bool new)
{
    struct buf body = {.max = 1 << 10};
    buf_append(&body, SLICE("\x03\x03"
                            "01234567890123456789012345678901"
                            "\0\0\x02\x13\x01"));
    buf_byte(&body, (char)methods.n);
    buf_append(&body, methods);
    buf_append(&body, new ? SLICE("\0\x07\0\x2b\0\x03\x02\x03\x04") : SLICE("\0\0"));
    struct slice all = wrap(buf_slice(&body));
    buf_release(&body);
    return all;
}

static void
a_client_must_be_content_without_compression(void **state)
{
    assert_int_equal(parse_copy(with_compression(SLICE("\0"), false)), HELLO_OK);
    assert_int_equal(parse_copy(with_compression(SLICE("\1\0"), false)), HELLO_OK);
    assert_int_equal(parse_copy(with_compression(SLICE("\1"), false)), HELLO_ILLEGAL);
    assert_int_equal(parse_copy(with_compression(SLICE("\0"), true)), HELLO_OK);
    assert_int_equal(parse_copy(with_compression(SLICE("\1\0"), true)), HELLO_ILLEGAL);
    assert_int_equal(parse_copy(with_compression(SLICE(""), true)), HELLO_BAD);
}

static void
marks_of_resumption_are_seen(void **state)
{
    assert_int_equal(PARSE_EXTENSIONS("\0\x23\0\x01t\0\x2a\0\0\0\x29\0\x01p"), HELLO_OK);
    assert_true(hello.ticket && hello.early_data && hello.psk);
    assert_int_equal(PARSE_EXTENSIONS("\0\x23\0\0"), HELLO_OK);
    assert_false(hello.ticket);
}

static void
long_lists_are_cut_and_too_many_extensions_are_bad(void **state)
{
    struct buf b = {.max = 1 << 16};
    buf_append(&b, SLICE("\0\x0a\0\xc8\0\xc6"));
    for (unsigned i = 0; i < 99; i++)
        buf_append(&b, SLICE("\0\x1d"));
    assert_int_equal(parse_with_extensions(buf_slice(&b)), HELLO_OK);
    assert_int_equal(hello.n_groups, HELLO_GROUPS);
    assert_true(hello.cut);
    buf_reset(&b);
    for (char i = 0; i < HELLO_EXTENSIONS; i++)
        buf_append(&b, slice_of((char[]){'x', i, 0, 0}, 4));
    assert_int_equal(parse_with_extensions(buf_slice(&b)), HELLO_OK);
    buf_append(&b, SLICE("yy\0\0"));
    assert_int_equal(parse_with_extensions(buf_slice(&b)), HELLO_BAD);
    buf_release(&b);
}

static void
what_is_no_tls_is_told_from_what_is_bad(void **state)
{
    assert_int_equal(parse_copy(SLICE("GET / HTTP/1.1")), HELLO_NOT_TLS);
    assert_int_equal(parse_copy(SLICE("G")), HELLO_NOT_TLS);
    assert_int_equal(parse_copy(SLICE("\x80\x2e\x01\x03\x01")), HELLO_NOT_TLS);
    assert_int_equal(parse_copy(SLICE("\x16\x02")), HELLO_NOT_TLS);
    assert_int_equal(parse_copy(SLICE("\x16\x03\x05")), HELLO_NOT_TLS);
    assert_int_equal(parse_copy(SLICE("\x16\x03\x01\x00\x00")), HELLO_UNEXPECTED);
    assert_int_equal(parse_copy(SLICE("\x16\x03\x01\x40\x01")), HELLO_OVERFLOW);
    assert_int_equal(parse_copy(SLICE("\x16\x03\x01\x00\x20\x02")), HELLO_UNEXPECTED);
    assert_int_equal(parse_copy(SLICE("\x16\x03\x01\x00\x20\x01\x01\x00\x00")), HELLO_BAD);
    assert_int_equal(parse_copy(SLICE("\x16\x03\x01\x00\x05\x01\x00\x00\x00x")), HELLO_UNEXPECTED);
    assert_int_equal(parse_copy(SLICE("\x16\x03\x01\x00\x01\x01\x15\x03\x01\x00\x02")),
                     HELLO_UNEXPECTED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_is_read_whole),
        cmocka_unit_test(what_chromium_offers),
        cmocka_unit_test(what_a_client_without_names_and_one_of_tls_1_2_offer),
        cmocka_unit_test(every_truncation_waits),
        cmocka_unit_test(a_message_in_many_records_reads_the_same),
        cmocka_unit_test(a_message_in_more_records_than_anybody_needs_is_bad),
        cmocka_unit_test(bytes_behind_the_message_are_not_taken),
        cmocka_unit_test(a_message_that_ends_inside_a_field_is_bad),
        cmocka_unit_test(server_names_are_judged),
        cmocka_unit_test(names_of_other_types_are_no_server_names),
        cmocka_unit_test(extensions_that_contradict_themselves_are_bad),
        cmocka_unit_test(the_same_extension_twice_is_bad),
        cmocka_unit_test(a_client_must_be_content_without_compression),
        cmocka_unit_test(marks_of_resumption_are_seen),
        cmocka_unit_test(long_lists_are_cut_and_too_many_extensions_are_bad),
        cmocka_unit_test(what_is_no_tls_is_told_from_what_is_bad),
    };
    return cmocka_run_group_tests(tests, NULL, release_all);
}
