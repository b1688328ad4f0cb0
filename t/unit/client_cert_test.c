/* Tests of pki/client_cert.c. */
#include "lib/chain_make.h"
#include "lib/folder.h"
#include "pki/client_cert.h"

#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct made
make_one(const char *name)
{
    struct made_spec spec = made_leaf(name);
    made_set(&spec, "authorityKeyIdentifier", NULL);
    return made_cert(&spec, NULL);
}

static const char *
write_one(const char *file, struct made made)
{
    return made_pem(file, made.key, made_chain(made.cert, NULL, NULL, NULL), 0600);
}

static void
one_file_is_for_every_host(void **state)
{
    struct err err = {0};
    struct made made = make_one("me");
    struct client_certs *c = client_certs_new(write_one("me.pem", made), &err);
    struct client_cert *a, *b;
    assert_true(client_certs_get(c, SLICE("a.example"), &a, &err));
    assert_true(client_certs_get(c, SLICE("10.0.0.1"), &b, &err));
    assert_ptr_equal(a, b);
    assert_int_equal(X509_cmp(client_cert_x509(a), made.cert), 0);
    assert_int_equal(EVP_PKEY_eq(client_cert_key(a), made.key), 1);
    client_cert_unref(a);
    client_cert_unref(b);
    client_certs_free(c);
}

static void
certificates_behind_the_first_are_sent_too(void **state)
{
    struct err err = {0};
    struct made made = make_one("me"), above = make_one("above");
    struct client_certs *c = client_certs_new(
        made_pem("two.pem", made.key, made_chain(made.cert, above.cert, NULL, NULL), 0600), &err);
    struct client_cert *a;
    assert_true(client_certs_get(c, SLICE("a.example"), &a, &err));
    assert_int_equal(sk_X509_num(client_cert_chain(a)), 1);
    client_cert_unref(a);
    client_certs_free(c);
}

static void
a_folder_has_one_for_each_host(void **state)
{
    struct err err = {0};
    struct client_cert *a, *again, *none;
    mkdir(folder_file("certs"), 0700);
    write_one("certs/a.example.pem", make_one("a"));
    struct client_certs *c = client_certs_new(folder_file("certs"), &err);
    assert_true(client_certs_get(c, SLICE("a.example"), &a, &err));
    assert_non_null(a);
    unlink(folder_file("certs/a.example.pem"));
    assert_true(client_certs_get(c, SLICE("a.example."), &again, &err));
    assert_ptr_equal(a, again);
    assert_true(client_certs_get(c, SLICE("b.example"), &none, &err));
    assert_null(none);
    client_cert_unref(a);
    client_cert_unref(again);
    client_certs_free(c);
}

static void
a_host_is_never_a_path(void **state)
{
    struct err err = {0};
    struct client_cert *cert;
    mkdir(folder_file("inner"), 0700);
    write_one("secret.pem", make_one("secret"));
    struct client_certs *c = client_certs_new(folder_file("inner"), &err);
    assert_true(client_certs_get(c, SLICE("../secret"), &cert, &err));
    assert_null(cert);
    client_certs_free(c);
}

static void
files_that_do_not_fit_are_refused(void **state)
{
    struct err err = {0};
    struct made made = make_one("me");
    assert_null(client_certs_new("/nowhere.pem", &err));
    assert_string_equal(err.text, "cannot open '/nowhere.pem': no such file or directory");
    made.key = made_key(MADE_RSA2048);
    assert_null(client_certs_new(write_one("mismatch.pem", made), &err));
    assert_non_null(strstr(err.text, "mismatch.pem': the private key does not match"));
    made.key = NULL;
    assert_null(client_certs_new(write_one("nokey.pem", made), &err));
    assert_non_null(strstr(err.text, "nokey.pem': there is no private key in it"));
}

static void
a_bad_file_in_a_folder_is_told_when_needed(void **state)
{
    struct err err = {0};
    struct client_cert *cert;
    mkdir(folder_file("bad"), 0700);
    folder_write("bad/a.example.pem", SLICE("nothing"), 0600);
    struct client_certs *c = client_certs_new(folder_file("bad"), &err);
    assert_non_null(c);
    assert_false(client_certs_get(c, SLICE("a.example"), &cert, &err));
    assert_non_null(strstr(err.text, "a.example.pem': there is no private key in it"));
    assert_null(cert);
    client_certs_free(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_file_is_for_every_host),
        cmocka_unit_test(certificates_behind_the_first_are_sent_too),
        cmocka_unit_test(a_folder_has_one_for_each_host),
        cmocka_unit_test(a_host_is_never_a_path),
        cmocka_unit_test(files_that_do_not_fit_are_refused),
        cmocka_unit_test(a_bad_file_in_a_folder_is_told_when_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
