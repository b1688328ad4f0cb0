/* Which certificate keys a TLS client can take, from what its ClientHello lists. */
#include "codec/hello.h"

#define TLS_1_3           0x0304
#define GROUP_P256        23
#define ECDSA_P256_SHA256 0x0403

enum suite_key { SUITE_OTHER, SUITE_ECDSA, SUITE_RSA };

struct suite_range {
    uint16_t first, last;
    enum suite_key key;
};

/* Suites up to TLS 1.2 by the key of the server's certificate (the registry of RFC 8447). What is
 * not here (PSK, anonymous, DSS, static ECDH, and TLS 1.3, where the suite does not say) counts as
 * SUITE_OTHER. */
static const struct suite_range suite_ranges[] = {
    {0x0001, 0x000a, SUITE_RSA},   {0x0014, 0x0016, SUITE_RSA},   {0x002f, 0x002f, SUITE_RSA},
    {0x0033, 0x0033, SUITE_RSA},   {0x0035, 0x0035, SUITE_RSA},   {0x0039, 0x0039, SUITE_RSA},
    {0x003b, 0x003d, SUITE_RSA},   {0x0041, 0x0041, SUITE_RSA},   {0x0045, 0x0045, SUITE_RSA},
    {0x0067, 0x0067, SUITE_RSA},   {0x006b, 0x006b, SUITE_RSA},   {0x0084, 0x0084, SUITE_RSA},
    {0x0088, 0x0088, SUITE_RSA},   {0x009c, 0x009f, SUITE_RSA},   {0x00ba, 0x00ba, SUITE_RSA},
    {0x00be, 0x00be, SUITE_RSA},   {0x00c0, 0x00c0, SUITE_RSA},   {0x00c4, 0x00c4, SUITE_RSA},
    {0xc006, 0xc00a, SUITE_ECDSA}, {0xc010, 0xc014, SUITE_RSA},   {0xc023, 0xc024, SUITE_ECDSA},
    {0xc027, 0xc028, SUITE_RSA},   {0xc02b, 0xc02c, SUITE_ECDSA}, {0xc02f, 0xc030, SUITE_RSA},
    {0xc048, 0xc049, SUITE_ECDSA}, {0xc04c, 0xc04d, SUITE_RSA},   {0xc05c, 0xc05d, SUITE_ECDSA},
    {0xc060, 0xc061, SUITE_RSA},   {0xc072, 0xc073, SUITE_ECDSA}, {0xc076, 0xc077, SUITE_RSA},
    {0xc09c, 0xc0a3, SUITE_RSA},   {0xc0ac, 0xc0af, SUITE_ECDSA}, {0xcca8, 0xcca8, SUITE_RSA},
    {0xcca9, 0xcca9, SUITE_ECDSA}, {0xccaa, 0xccaa, SUITE_RSA},
};

static enum suite_key
suite_key_of(uint16_t suite)
{
    for (size_t i = 0; i < ARRAY_LEN(suite_ranges); i++)
        if (suite >= suite_ranges[i].first && suite <= suite_ranges[i].last)
            return suite_ranges[i].key;
    return SUITE_OTHER;
}

static bool
has_suite(const struct hello *h, enum suite_key key)
{
    for (unsigned i = 0; i < h->n_ciphers; i++)
        if (suite_key_of(h->ciphers[i]) == key)
            return true;
    return false;
}

static bool
list_has(const uint16_t *list, unsigned n, uint16_t value)
{
    for (unsigned i = 0; i < n; i++)
        if (list[i] == value)
            return true;
    return false;
}

/* In TLS 1.2 a signature algorithm is a hash in the upper and a key type in the lower byte: 1 is
 * RSA, 3 is ECDSA. */
static bool
has_old_alg(const struct hello *h, unsigned key_type)
{
    for (unsigned i = 0; i < h->n_sig_algs; i++)
        if ((h->sig_algs[i] & 0xff) == key_type && h->sig_algs[i] >> 8 >= 1 &&
            h->sig_algs[i] >> 8 <= 6)
            return true;
    return h->n_sig_algs ==
           0; /* RFC 5246 section 7.4.1.4.1: then every kind that its suites name */
}

/* rsa_pss_rsae_sha256, 384, 512 */
static bool
has_pss(const struct hello *h)
{
    for (uint16_t alg = 0x0804; alg <= 0x0806; alg++)
        if (list_has(h->sig_algs, h->n_sig_algs, alg))
            return true;
    return false;
}

/*
 * The version is not settled yet, so each one that can come about must be content with the key.
 * TLS 1.2 and below can only come about with one of their suites; there RFC 8422 section 5.1 binds
 * the curve of the certificate to supported_groups.
 */
void
hello_decide_keys(struct hello *h)
{
    bool with_ecdsa = has_suite(h, SUITE_ECDSA), with_rsa = has_suite(h, SUITE_RSA);
    bool old =
        (!h->n_versions || h->version < TLS_1_3 || list_has(h->versions, h->n_versions, 0x0303)) &&
        (with_ecdsa || with_rsa);
    bool new = list_has(h->versions, h->n_versions, TLS_1_3);
    bool p256 = list_has(h->groups, h->n_groups, GROUP_P256);
    bool old_ecdsa = with_ecdsa && p256 && has_old_alg(h, 3);
    bool old_rsa = with_rsa && (has_old_alg(h, 1) || has_pss(h));
    bool new_ecdsa = list_has(h->sig_algs, h->n_sig_algs, ECDSA_P256_SHA256);
    h->accepts_ecdsa_p256 = (old || new) && (!old || old_ecdsa) && (!new || new_ecdsa);
    h->accepts_rsa = (old || new) && (!old || old_rsa) && (!new || has_pss(h));
}
