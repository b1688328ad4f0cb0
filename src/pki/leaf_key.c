/* The keys that all forged certificates share. */

/* Keys of OpenSSL's new kind cost 220 us each time they are put into a certificate, because they
 * are encoded and decoded again; these "deprecated" ones cost 6 us, and nothing more in the
 * handshake. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "pki/leaf_key.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <pthread.h>

#define RSA_BITS      2048
#define RSA_BITS_WEAK 1024

/* Written once under 'once', read by anybody after. */
static EVP_PKEY *ecdsa_key, *rsa_key, *weak_key;
static pthread_once_t ecdsa_once = PTHREAD_ONCE_INIT, rsa_once = PTHREAD_ONCE_INIT,
                      weak_once = PTHREAD_ONCE_INIT;

static void
make_ecdsa(void)
{
    EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    EVP_PKEY *key = EVP_PKEY_new();
    if (ec && key && EC_KEY_generate_key(ec) == 1 && EVP_PKEY_assign_EC_KEY(key, ec) == 1) {
        ecdsa_key = key;
        return;
    }
    EC_KEY_free(ec);
    EVP_PKEY_free(key);
}

static EVP_PKEY *
new_rsa(int bits)
{
    RSA *rsa = RSA_new();
    BIGNUM *exponent = BN_new();
    EVP_PKEY *key = EVP_PKEY_new();
    bool ok = rsa && exponent && key && BN_set_word(exponent, RSA_F4) == 1 &&
              RSA_generate_key_ex(rsa, bits, exponent, NULL) == 1 &&
              EVP_PKEY_assign_RSA(key, rsa) == 1;
    BN_free(exponent);
    if (ok)
        return key;
    RSA_free(rsa);
    EVP_PKEY_free(key);
    return NULL;
}

static void
make_rsa(void)
{
    rsa_key = new_rsa(RSA_BITS);
}

static void
make_weak(void)
{
    weak_key = new_rsa(RSA_BITS_WEAK);
}

EVP_PKEY *
leaf_key_get(enum leaf_key kind)
{
    if (kind == LEAF_RSA) {
        pthread_once(&rsa_once, make_rsa);
        return rsa_key;
    }
    if (kind == LEAF_RSA_1024) {
        pthread_once(&weak_once, make_weak);
        return weak_key;
    }
    pthread_once(&ecdsa_once, make_ecdsa);
    return ecdsa_key;
}
