/*
 * The certificate authority of this installation: its files, its checks, its signature. Made on the
 * first run, unique to the installation, kept in a folder as
 *
 * - weir-ca.pem: key and certificate(s), mode 0600; the key may be encrypted with a passphrase
 * - weir-ca-cert.pem: the certificate alone, also as weir-ca-cert.cer (DER) and weir-ca-cert.p12
 *
 * The private key never leaves this file's memory: others ask for signatures. A struct ca does not
 * change once it is open; any thread may hold references and sign.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct ca;
struct evp_md_st;
struct x509_st;
struct stack_st_X509;

struct ca_options {
    const char *dir;        /* created with mode 0700 */
    const char *passphrase; /* NULL: the key is not encrypted */
    /* Used only when a new one is made: */
    const char *key_type;         /* see ca_key_types; NULL: "rsa:2048" */
    const char *name_constraints; /* ".test,example.internal,10.0.0.0/8"; NULL: none */
    unsigned lifetime_days;       /* 0: 3650 */
};

enum ca_format { CA_PEM, CA_DER, CA_P12 };

/* "rsa:2048|rsa:3072|..." for messages and checks of options. */
extern const char ca_key_types[];
/* Whether the text is a key type; e names the possible ones. */
bool ca_key_type_check(const char *text, struct err *e) MUST_CHECK;
/* Whether the text is a list of name constraints: names with or without a leading dot, addresses
 * with a prefix length. */
bool ca_name_constraints_check(const char *text, struct err *e) MUST_CHECK;

/*
 * Returns owned: the authority in the folder, or a new one on the first run; *made (may be NULL)
 * says which. Two processes that run for the first time at once end with the same one. NULL with a
 * sentence that names the file when it is expired, not yet valid, not an authority, does not match
 * its key, can be read by others, is damaged, or the passphrase is wrong: nothing is ever
 * overwritten.
 */
struct ca *ca_open(const struct ca_options *o, bool *made, struct err *e) MUST_CHECK;
/* Returns owned: one in memory only that nobody trusts, for leaves that are to be refused. */
struct ca *ca_new_untrusted(struct err *e) MUST_CHECK;
struct ca *ca_ref(struct ca *ca);
/* NULL is allowed. */
void ca_unref(struct ca *ca);

/* Puts the authority in 'file' (PEM: key, certificate, and the certificates above it if any) into
 * the folder after the same checks as ca_open; the one that was there is kept under a name with the
 * date. 'passphrase' of o opens the file and encrypts the copy. */
bool ca_import(const struct ca_options *o, const char *file, struct err *e) MUST_CHECK;
/* Makes a new one; the old files are kept under names with the date. */
bool ca_rotate(const struct ca_options *o, struct err *e) MUST_CHECK;
/* The certificate, never the key. */
bool ca_export(const struct ca *ca, enum ca_format format, struct buf *out,
               struct err *e) MUST_CHECK;

/* Returns borrowed until the last reference is gone. */
struct x509_st *ca_cert(const struct ca *ca);
/* What is to be sent behind a leaf: every certificate of the file that is not self-signed, the
 * signing one first. Borrowed; may be empty, never NULL. */
struct stack_st_X509 *ca_chain(const struct ca *ca);
/* The file it came from; "" when in memory only. */
const char *ca_path(const struct ca *ca);
/* The serial number in lower-case hexadecimal: the name of its revocation list. Borrowed. */
const char *ca_serial(const struct ca *ca);
/* Whether it signed the certificate. */
bool ca_signed(const struct ca *ca, struct x509_st *cert);

/* 'md' NULL: signs with SHA-256, or SHA-384 for a P-384 key. */
bool ca_sign(const struct ca *ca, struct x509_st *cert, const struct evp_md_st *md,
             struct err *e) MUST_CHECK;
/* Appends the empty revocation list of this authority (RFC 5280 section 5), DER, good for seven
 * days from now. */
bool ca_crl(const struct ca *ca, struct buf *der, struct err *e) MUST_CHECK;
