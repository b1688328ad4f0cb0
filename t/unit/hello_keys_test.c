/* Which certificate keys a client can take. */
#include "codec/hello.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ECDHE_ECDSA 0xc02b
#define ECDHE_RSA   0xc02f
#define RSA_CBC     0x002f
#define AES_128_13  0x1301

struct offer {
    const char *who;
    uint16_t versions[3], ciphers[3], groups[2], sig_algs[3];
    bool ecdsa, rsa;
};

static const struct offer offers[] = {
    {"both keys, both versions",
     {0x0304, 0x0303},
     {AES_128_13, ECDHE_ECDSA, ECDHE_RSA},
     {29, 23},
     {0x0403, 0x0804, 0x0401},
     true,
     true},
    {"TLS 1.3 alone", {0x0304}, {AES_128_13}, {29}, {0x0403, 0x0804}, true, true},
    {"TLS 1.3 without ECDSA", {0x0304}, {AES_128_13}, {29}, {0x0804}, false, true},
    {"TLS 1.3 without RSA", {0x0304}, {AES_128_13}, {29}, {0x0403}, true, false},
    {"TLS 1.3 with PKCS #1 alone", {0x0304}, {AES_128_13}, {29}, {0x0401}, false, false},
    {"TLS 1.3 with P-384 alone", {0x0304}, {AES_128_13}, {29}, {0x0503}, false, false},
    {"ECDSA in TLS 1.3, but no such suite in 1.2",
     {0x0304, 0x0303},
     {AES_128_13, ECDHE_RSA},
     {23},
     {0x0403, 0x0804, 0x0401},
     false,
     true},
    {"TLS 1.2 offered without a suite for it",
     {0x0304, 0x0303},
     {AES_128_13},
     {23},
     {0x0403, 0x0804},
     true,
     true},
    {"TLS 1.2, RSA alone", {0}, {RSA_CBC}, {23}, {0x0401}, false, true},
    {"TLS 1.2, ECDSA alone", {0}, {ECDHE_ECDSA}, {23}, {0x0403}, true, false},
    {"TLS 1.2, ECDSA with another hash", {0}, {ECDHE_ECDSA}, {23}, {0x0503}, true, false},
    {"TLS 1.2, ECDSA suite but no P-256",
     {0},
     {ECDHE_ECDSA, ECDHE_RSA},
     {24},
     {0x0403, 0x0401},
     false,
     true},
    {"TLS 1.2, ECDSA suite but no such algorithm",
     {0},
     {ECDHE_ECDSA, ECDHE_RSA},
     {23},
     {0x0401},
     false,
     true},
    {"TLS 1.2, PSS alone", {0}, {ECDHE_RSA}, {23}, {0x0806}, false, true},
    {"TLS 1.2 without signature algorithms", {0}, {ECDHE_ECDSA, RSA_CBC}, {23}, {0}, true, true},
    {"nothing for certificates", {0}, {0x00a8}, {23}, {0}, false, false},
    {"the last of a range of suites", {0}, {0xc00a, 0xc014}, {23}, {0}, true, true},
    {"beside the ranges of suites", {0}, {0xc00b, 0xc015, 0xccab}, {23}, {0}, false, false},
};

static unsigned
count(const uint16_t *list, unsigned max)
{
    unsigned n = 0;
    while (n < max && list[n])
        n++;
    return n;
}

static void
the_key_is_decided_by_all_versions_that_can_come_about(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(offers); i++) {
        const struct offer *row = &offers[i];
        struct hello h = {.version = row->versions[0] ? row->versions[0] : 0x0303};
        memcpy(h.versions, row->versions, sizeof(row->versions));
        memcpy(h.ciphers, row->ciphers, sizeof(row->ciphers));
        memcpy(h.groups, row->groups, sizeof(row->groups));
        memcpy(h.sig_algs, row->sig_algs, sizeof(row->sig_algs));
        h.n_versions = count(row->versions, 3);
        h.n_ciphers = count(row->ciphers, 3);
        h.n_groups = count(row->groups, 2);
        h.n_sig_algs = count(row->sig_algs, 3);
        hello_decide_keys(&h);
        if (h.accepts_ecdsa_p256 != row->ecdsa || h.accepts_rsa != row->rsa)
            fail_msg("%s: ECDSA %d, RSA %d", row->who, h.accepts_ecdsa_p256, h.accepts_rsa);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_is_decided_by_all_versions_that_can_come_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
