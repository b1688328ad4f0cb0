/* Tests of codec/cert: what certificates say of themselves, and bytes that are none. */
#include "codec/cert.h"

#include "base/buf.h"
#include "lib/chain_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static unsigned char der[65536];

static struct slice
der_of(const struct made_spec *spec, const struct made *issuer)
{
    struct made m = made_cert(spec, issuer);
    unsigned char *p = der;
    int n = i2d_X509(m.cert, &p);
    assert_true(n > 0 && (size_t)n <= sizeof(der));
    return slice_of(der, (size_t)n);
}

static bool
note(void *arg, struct slice text)
{
    struct buf *out = arg;
    buf_append(out, text);
    buf_byte(out, '|');
    return false;
}

static bool
stop(void *arg, struct slice text)
{
    note(arg, text);
    return true;
}

static void
names_times_and_issuer_are_read(void **state)
{
    struct made_spec root = made_root("The Root"), leaf = made_leaf("a.test");
    root.org = "Some Company";
    leaf.to_days = 10;
    made_set(
        &leaf, "subjectAltName",
        "DNS:a.test,DNS:*.b.test,IP:192.0.2.1,IP:2001:db8::1,email:x@a.test,URI:https://a.test/");
    struct made issuer = made_cert(&root, NULL);
    struct cert c;
    struct buf out;
    buf_init(&out, 4096);
    assert_true(cert_read(der_of(&leaf, &issuer), &c));
    assert_false(cert_each_attribute(c.subject, true, note, &out));
    buf_byte(&out, ' ');
    assert_false(cert_each_attribute(c.issuer, true, note, &out));
    buf_byte(&out, ' ');
    assert_false(cert_each_alt_name(&c, note, &out));
    assert_string_equal(buf_str(&out), "a.test| The Root| a.test|*.b.test|192.0.2.1|2001:db8::1|"
                                       "x@a.test|https://a.test/|");
    buf_reset(&out);
    assert_false(cert_each_attribute(c.issuer, false, note, &out));
    assert_non_null(strstr(buf_str(&out), "Some Company|"));
    buf_reset(&out);
    assert_true(cert_each_alt_name(&c, stop, &out));
    assert_string_equal(buf_str(&out), "a.test|");
    buf_release(&out);
    uint64_t now = (uint64_t)time(NULL);
    assert_true(c.not_after > now + 9 * 86400 && c.not_after < now + 11 * 86400);
    assert_true(c.not_before <= now);
}

static void
times_far_away_are_read(void **state)
{
    struct made_spec leaf = made_leaf("a.test");
    leaf.to_days = 365 * 60;
    struct cert c;
    assert_true(cert_read(der_of(&leaf, NULL), &c));
    assert_true(c.not_after > (uint64_t)time(NULL) + 364ull * 60 * 86400);
}

static void
a_certificate_without_extensions_has_no_alternative_names(void **state)
{
    struct made_spec leaf = made_leaf("a.test");
    made_set(&leaf, "subjectAltName", NULL);
    struct cert c;
    assert_true(cert_read(der_of(&leaf, NULL), &c));
    assert_int_equal(c.alt_names.n, 0);
}

/* Wherever it ends too early, it is no certificate, or its names end within it. */
static void
a_part_of_a_certificate_is_none(void **state)
{
    struct made_spec leaf = made_leaf("a.test");
    struct slice whole = der_of(&leaf, NULL);
    struct cert c;
    for (size_t n = 0; n < whole.n; n++)
        assert_false(cert_read(slice_first(whole, n), &c));
    assert_false(cert_read(SLICE("no certificate"), &c));
    assert_false(cert_read(SLICE("\x30\x80\x30\x80"), &c));
    assert_false(cert_read(SLICE("\x30\x85\x01\x01\x01\x01\x01"), &c));
    assert_false(cert_read(SLICE("\x30\x84\xff\xff\xff\xff"), &c));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_times_and_issuer_are_read),
        cmocka_unit_test(times_far_away_are_read),
        cmocka_unit_test(a_certificate_without_extensions_has_no_alternative_names),
        cmocka_unit_test(a_part_of_a_certificate_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
