/* Tests of pki/pem.c. */
#include "lib/chain_make.h"
#include "lib/folder.h"
#include "pki/pem.h"

#include <openssl/err.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct made
make_one(void)
{
    struct made_spec spec = made_root("Root");
    return made_cert(&spec, NULL);
}

static void
what_is_wanted_is_read_in_any_order(void **state)
{
    struct made made = make_one();
    struct err err = {0};
    struct pem pem;
    const char *file =
        made_pem("a.pem", made.key, made_chain(made.cert, made.cert, NULL, NULL), 0600);
    assert_true(pem_load(&pem, file, PEM_KEY | PEM_CERTS | PEM_CRLS, NULL, &err));
    assert_int_equal(EVP_PKEY_eq(pem.key, made.key), 1);
    assert_int_equal(sk_X509_num(pem.certs), 2);
    assert_int_equal(sk_X509_CRL_num(pem.crls), 0);
    assert_int_equal(ERR_peek_error(), 0);
    pem_release(&pem);
    assert_true(pem_load(&pem, file, PEM_CERTS, NULL, &err));
    assert_null(pem.key);
    pem_release(&pem);
}

static void
revocation_lists_are_read(void **state)
{
    struct made made = make_one();
    struct err err = {0};
    struct pem pem;
    assert_true(pem_load(&pem, made_crl("a.crl", &made, NULL, -1, 1), PEM_CRLS, NULL, &err));
    assert_int_equal(sk_X509_CRL_num(pem.crls), 1);
    pem_release(&pem);
}

static void
text_without_blocks_is_empty_and_no_error(void **state)
{
    struct err err = {0};
    struct pem pem;
    assert_true(pem_parse(&pem, SLICE("hello"), PEM_KEY | PEM_CERTS | PEM_CRLS, NULL, &err));
    assert_null(pem.key);
    assert_int_equal(sk_X509_num(pem.certs), 0);
    pem_release(&pem);
    assert_true(pem_parse(&pem, SLICE_NONE, PEM_CERTS, NULL, &err));
    pem_release(&pem);
}

static void
damage_is_named(void **state)
{
    struct err err = {0};
    struct pem pem;
    assert_false(pem_parse(&pem,
                           SLICE("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
                           PEM_CERTS, NULL, &err));
    assert_memory_equal(err.text, "certificate 1 is damaged", 24);
    assert_false(pem_parse(&pem, SLICE("-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n"),
                           PEM_CRLS, NULL, &err));
    assert_memory_equal(err.text, "revocation list 1 is damaged", 28);
    assert_false(pem_parse(&pem,
                           SLICE("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"),
                           PEM_KEY, NULL, &err));
    assert_memory_equal(err.text, "the private key is damaged", 26);
    assert_int_equal(ERR_peek_error(), 0);
}

static void
what_is_no_file_is_refused(void **state)
{
    struct err err = {0};
    struct pem pem;
    assert_false(pem_load(&pem, folder_path(), PEM_CERTS, NULL, &err));
    assert_non_null(strstr(err.text, "is not a file"));
    assert_false(pem_load(&pem, "/dev/zero", PEM_CERTS, NULL, &err));
    assert_string_equal(err.text, "'/dev/zero' is not a file");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wanted_is_read_in_any_order),
        cmocka_unit_test(revocation_lists_are_read),
        cmocka_unit_test(text_without_blocks_is_empty_and_no_error),
        cmocka_unit_test(damage_is_named),
        cmocka_unit_test(what_is_no_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
