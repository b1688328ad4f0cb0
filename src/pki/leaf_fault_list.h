/* Everything that can be wrong with a forged certificate on purpose: LEAF_FAULT(ID, "word",
 * verdict, "what is wrong"). The verdict is the one of our own check. */
LEAF_FAULT(EXPIRED, "expired", EXPIRED, "it has ended")
LEAF_FAULT(NOT_YET, "not-yet-valid", NOT_YET_VALID, "it begins tomorrow")
LEAF_FAULT(WRONG_HOST, "wrong-host", WRONG_HOST, "it is for another name")
LEAF_FAULT(UNTRUSTED, "untrusted", UNTRUSTED_ROOT,
           "it is signed by an authority that nobody trusts, which looks like the right one")
LEAF_FAULT(SELF_SIGNED, "self-signed", SELF_SIGNED, "it is signed by itself")
/* names */
LEAF_FAULT(NO_SAN, "no-san", NAME_IN_CN_ONLY,
           "the name stands in the common name only, with no subject alternative name")
LEAF_FAULT(WILDCARD_TLD, "wildcard-tld", WRONG_HOST,
           "its name is a wildcard for a whole top-level domain, such as '*.com'")
LEAF_FAULT(WILDCARD_DEEP, "wildcard-deep", WRONG_HOST,
           "its wildcard would have to stand for two labels of the name")
LEAF_FAULT(WILDCARD_PARTIAL, "wildcard-partial", WRONG_HOST,
           "its wildcard stands for a part of a label, such as 'w*.example.com'")
LEAF_FAULT(IP_AS_NAME, "ip-as-name", WRONG_HOST,
           "it is for an address in place of the name; for an address, it has that as a name")
/* authorities between ours and the leaf */
LEAF_FAULT(LEAF_AS_CA, "leaf-as-ca", NOT_A_CA, "it is signed by a certificate that is no authority")
LEAF_FAULT(PATH_LENGTH, "path-length", PATH_LENGTH,
           "it has one authority more above it than the one above that allows")
LEAF_FAULT(NAME_CONSTRAINTS, "name-constraints", NAME_CONSTRAINTS,
           "it is signed by an authority whose name constraints exclude the name")
/* what else is in it */
LEAF_FAULT(WRONG_EKU, "wrong-eku", EKU, "it is for clients only (extended key usage clientAuth)")
LEAF_FAULT(UNKNOWN_CRITICAL, "unknown-critical", UNKNOWN_CRITICAL,
           "it has a critical extension that nobody knows")
LEAF_FAULT(VERSION_1, "version1", VERSION, "it says version 1, with the extensions of version 3")
/* keys and signatures */
LEAF_FAULT(WEAK_KEY, "weak-key", WEAK_KEY, "its key is RSA with 1024 bits")
LEAF_FAULT(SHA1, "sha1", WEAK_SIGNATURE, "its signature uses SHA-1")
LEAF_FAULT(MD5, "md5", WEAK_SIGNATURE, "its signature uses MD5")
LEAF_FAULT(BAD_SIGNATURE, "bad-signature", BAD_SIGNATURE, "its signature is not the authority's")
