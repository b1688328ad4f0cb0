/* Tests of pki/cert_print.c. */
#include "lib/chain_make.h"
#include "pki/cert_print.h"

#include <openssl/err.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *
printed(const struct made_spec *spec, void (*print)(struct buf *, X509 *))
{
    static char text[100000];
    struct buf out;
    buf_init(&out, sizeof text);
    print(&out, made_cert(spec, NULL).cert);
    assert_false(out.failed);
    snprintf(text, sizeof text, "%s", buf_str(&out));
    buf_release(&out);
    assert_int_equal(ERR_peek_error(), 0);
    return text;
}

static void
print_json(struct buf *out, X509 *cert)
{
    struct json j;
    json_init(&j, out);
    cert_json(&j, NULL, cert);
}

static void
print_name(struct buf *out, X509 *cert)
{
    cert_name(out, cert, 20);
}

static struct made_spec
plain(void)
{
    struct made_spec spec = made_leaf("www.example.com");
    made_set(&spec, "authorityKeyIdentifier", NULL);
    return spec;
}

#define assert_has(text, part) assert_non_null(strstr(text, part))

static void
everything_is_shown(void **state)
{
    struct made_spec spec = plain();
    spec.org = "Example";
    made_set(&spec, "subjectAltName", "DNS:www.example.com,IP:192.0.2.7,IP:::1,email:a@b.c");
    const char *text = printed(&spec, cert_print);
    assert_has(text, "subject: O = Example, CN = www.example.com\n");
    assert_has(text, "issuer: O = Example, CN = www.example.com\n");
    assert_has(text, "names: DNS:www.example.com IP:192.0.2.7 IP:::1 email:a@b.c\n");
    assert_has(text, "valid: 20");
    assert_has(text, "key: P-384, 384 bits\nsignature: ecdsa-with-SHA256\nserial: 01\nsha256: ");
}

static void
the_same_as_json(void **state)
{
    struct made_spec spec = plain();
    spec.serial = "-0ABC";
    const char *text = printed(&spec, print_json);
    assert_has(text, "\"subject\":\"CN = www.example.com\"");
    assert_has(text, "\"names\":[\"DNS:www.example.com\"],\"names_total\":1,\"not_before\":\"20");
    assert_has(
        text,
        "\"key\":\"P-384\",\"bits\":384,\"signature\":\"ecdsa-with-SHA256\",\"serial\":\"-0abc\"");
}

static void
the_key_has_a_name_people_know(void **state)
{
    static const struct {
        enum made_key key;
        const char *text;
    } rows[] = {{MADE_RSA2048, "key: RSA, 2048 bits"},
                {MADE_P256, "key: P-256, 256 bits"},
                {MADE_ED25519, "key: ED25519, 256 bits"},
                {MADE_SECP256K1, "key: EC, 256 bits"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct made_spec spec = plain();
        spec.key = rows[i].key;
        assert_has(printed(&spec, cert_print), rows[i].text);
    }
}

static void
hostile_names_have_no_control_bytes(void **state)
{
    struct made_spec spec = plain();
    spec.raw_cn = SLICE("\x1b[2J\n\0x\xe2\x80\xae");
    spec.raw_dns = SLICE("a\x1b[31m\n\0b\xff");
    void (*const prints[])(struct buf *, X509 *) = {cert_print, print_json, print_name};
    for (size_t i = 0; i < ARRAY_LEN(prints); i++)
        for (const char *p = printed(&spec, prints[i]); *p; p++)
            assert_true((unsigned char)*p >= 0x20 || *p == '\n');
}

static void
many_names_are_counted(void **state)
{
    char san[8000] = "DNS:first.example", *p = san + strlen(san);
    for (int i = 1; i < 150; i++)
        p += snprintf(p, 40, ",DNS:n%d.example", i);
    struct made_spec spec = plain();
    made_set(&spec, "subjectAltName", san);
    assert_has(printed(&spec, cert_print), " and 50 more\n");
    assert_has(printed(&spec, print_json), "\"names_total\":150");
}

static void
the_name_is_the_cn_or_the_first_name(void **state)
{
    struct made_spec cn = plain(), san = plain(), org = plain(), nothing = plain();
    assert_string_equal(printed(&cn, print_name), "www.example.com");
    san.cn = NULL;
    assert_string_equal(printed(&san, print_name), "www.example.com");
    org.cn = NULL;
    org.org = "A long name of a company";
    made_set(&org, "subjectAltName", NULL);
    assert_string_equal(printed(&org, print_name), "A long name of a com");
    nothing.cn = NULL;
    made_set(&nothing, "subjectAltName", NULL);
    assert_string_equal(printed(&nothing, print_name), "(no name)");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_shown),
        cmocka_unit_test(the_same_as_json),
        cmocka_unit_test(the_key_has_a_name_people_know),
        cmocka_unit_test(hostile_names_have_no_control_bytes),
        cmocka_unit_test(many_names_are_counted),
        cmocka_unit_test(the_name_is_the_cn_or_the_first_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
