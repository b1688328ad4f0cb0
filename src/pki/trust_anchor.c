/* The own signatures of roots: verified once for each, not for each connection. */
#include "pki/trust_anchor.h"

#include <openssl/x509v3.h>
#include <stdatomic.h>

void
anchors_release(struct anchors *a)
{
    for (size_t i = 0; i < ARRAY_LEN(a->known); i++)
        X509_free(atomic_load(&a->known[i]));
}

/* Slots are filled from the first on and never emptied: a pointer in one of them is that of a
 * certificate which lives. */
static bool
is_known(const struct anchors *a, const X509 *root)
{
    for (size_t i = 0; i < ARRAY_LEN(a->known); i++) {
        const X509 *known = atomic_load_explicit(&a->known[i], memory_order_acquire);
        if (!known || known == root)
            return known != NULL;
    }
    return false;
}

static void
remember(struct anchors *a, X509 *root)
{
    X509_up_ref(root);
    for (size_t i = 0; i < ARRAY_LEN(a->known); i++) {
        X509 *found = NULL;
        if (atomic_compare_exchange_strong(&a->known[i], &found, root))
            return;
        if (found == root)
            break;
    }
    X509_free(root);
}

static int
root_error(X509 *root)
{
    bool is_ca = X509_get_extension_flags(root) & EXFLAG_CA;
    if (is_ca && !(X509_get_key_usage(root) & KU_KEY_CERT_SIGN))
        return X509_V_ERR_KEYUSAGE_NO_CERTSIGN;
    EVP_PKEY *key = X509_get0_pubkey(root);
    if (!key)
        return X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY;
    return X509_verify(root, key) == 1 ? X509_V_OK : X509_V_ERR_CERT_SIGNATURE_FAILURE;
}

bool
anchors_hold(struct anchors *a, X509_STORE_CTX *ctx)
{
    const STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(ctx);
    int top = sk_X509_num(path) - 1;
    X509 *root = sk_X509_value(path, top);
    if (!(X509_get_extension_flags(root) & EXFLAG_SS) || is_known(a, root))
        return true;
    int error = root_error(root);
    if (error == X509_V_OK) {
        remember(a, root);
        return true;
    }
    X509_STORE_CTX_set_error(ctx, error);
    X509_STORE_CTX_set_error_depth(ctx, top);
    X509_STORE_CTX_set_current_cert(ctx, root);
    return false;
}
