/* Digests. */
#include "pki/digest.h"

#include <openssl/evp.h>

bool
digest_sha1(struct slice s, unsigned char out[DIGEST_SHA1_LEN])
{
    return EVP_Digest(s.p, s.n, out, NULL, EVP_sha1(), NULL) == 1;
}
